-- The table is filled UNLOGGED from here on, in two places (ledger.sql). $1 run, $2 table index
WITH noted AS (INSERT INTO shardferry.unlogged (run_id, table_index) VALUES ($1, $2) ON CONFLICT DO NOTHING)
INSERT INTO shardferry.survived (run_id, table_index) VALUES ($1, $2) ON CONFLICT DO NOTHING
