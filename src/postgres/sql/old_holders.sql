-- Notes the run as the holder of the tables that it began before beginnings were noted. $1 run, $2 pod, and in parallel:
-- $3 table indexes, $4 the tables, as SQL, $5 their names
INSERT INTO shardferry.holder (table_oid, table_name, run_id, table_index, pod, emptied)
SELECT to_regclass(t.sql)::oid, t.name, $1, t.table_index, $2, true
FROM unnest($3::int[], $4::text[], $5::text[]) AS t (table_index, sql, name)
WHERE to_regclass(t.sql) IS NOT NULL
  AND EXISTS (SELECT FROM shardferry.chunk c WHERE c.run_id = $1 AND c.table_index = t.table_index)
ON CONFLICT (table_oid) DO NOTHING
