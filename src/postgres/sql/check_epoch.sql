-- The table's epoch, and whether the rows of the target table are this run's; both locked against being changed until this
-- transaction ends. $1 run, $2 table index, $3 the table, as SQL
WITH claimed AS (
    SELECT epoch FROM shardferry.claim WHERE run_id = $1 AND table_index = $2 FOR SHARE
), held AS (
    SELECT run_id = $1 AND emptied AS ours FROM shardferry.holder WHERE table_oid = to_regclass($3) FOR SHARE
)
SELECT (SELECT epoch FROM claimed), coalesce((SELECT ours FROM held), false)
