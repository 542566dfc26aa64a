-- The table's epoch, locked against being raised until this transaction ends. $1 run, $2 table index
SELECT epoch FROM shardferry.claim WHERE run_id = $1 AND table_index = $2 FOR SHARE
