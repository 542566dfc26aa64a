-- Removes claims of tables that are reset whose epoch is at the end of its range, where nothing can be raised any more. A pod
-- that works on such a table finds its claim gone. $1 run, $2 table indexes
DELETE FROM shardferry.claim WHERE run_id = $1 AND table_index = ANY($2) AND epoch >= 9223372036854775806
