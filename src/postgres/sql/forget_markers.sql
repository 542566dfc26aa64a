-- Forgets what was committed for these tables. $1 run, $2 table indexes
DELETE FROM shardferry.chunk WHERE run_id = $1 AND table_index = ANY($2)
