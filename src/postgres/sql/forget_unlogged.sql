-- The table is not UNLOGGED (any more). How many places said so and survived. $1 run, $2 table index
WITH noted AS (DELETE FROM shardferry.unlogged WHERE run_id = $1 AND table_index = $2)
DELETE FROM shardferry.survived WHERE run_id = $1 AND table_index = $2
