-- As check_epoch.sql, for the transaction that has emptied the target table: from now on its rows are this run's.
-- $1 run, $2 table index, $3 the table, as SQL
WITH claimed AS (
    SELECT epoch FROM shardferry.claim WHERE run_id = $1 AND table_index = $2 FOR SHARE
), held AS (
    UPDATE shardferry.holder SET emptied = true, rows_of = NULL, updated_at = now()
    WHERE table_oid = to_regclass($3) AND run_id = $1 AND table_index = $2
    RETURNING true AS ours
)
SELECT (SELECT epoch FROM claimed), coalesce((SELECT ours FROM held), false)
