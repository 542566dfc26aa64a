-- Makes a run the holder of a target table, unless another run than $5 is. Answers with whether it did, whether the table is
-- there, and who held it before.
-- A row that is this run's already is not touched: a chunk of a frozen pod may have it locked.
-- A run that finds its own rows still there, because the run that took the table has not emptied it, has them back.
-- $1 run, $2 table index, $3 the table, as SQL, $4 pod, $5 the run that it may be taken from, or NULL
WITH wanted AS (
    SELECT to_regclass($3)::oid AS oid
), held AS (
    INSERT INTO shardferry.holder AS h (table_oid, table_name, run_id, table_index, pod, emptied)
    SELECT oid, $3, $1, $2, $4, false FROM wanted
    WHERE oid IS NOT NULL
      AND NOT EXISTS (SELECT FROM shardferry.holder o WHERE o.table_oid = oid AND o.run_id = $1 AND o.table_index = $2)
    ON CONFLICT (table_oid) DO UPDATE
    SET run_id = excluded.run_id, table_index = excluded.table_index, table_name = excluded.table_name, pod = excluded.pod,
        emptied = CASE WHEN h.run_id = excluded.run_id THEN h.emptied
                       ELSE NOT h.emptied AND h.rows_of IS NOT DISTINCT FROM excluded.run_id END,
        rows_of = CASE WHEN h.run_id = excluded.run_id THEN h.rows_of
                       WHEN h.emptied THEN h.run_id
                       WHEN h.rows_of = excluded.run_id THEN NULL
                       ELSE h.rows_of END,
        updated_at = now()
    WHERE h.run_id = excluded.run_id OR h.run_id = $5
    RETURNING table_oid
)
SELECT EXISTS (SELECT FROM held) OR coalesce(h.run_id = $1 AND h.table_index = $2, false), w.oid IS NOT NULL, h.run_id, h.pod, h.emptied, h.rows_of
FROM wanted w LEFT JOIN shardferry.holder h ON h.table_oid = w.oid
