-- Who holds these target tables. Takes no lock on them: one may be filled just now. $1 schemas, $2 names, in parallel
SELECT n.nspname, c.relname, h.run_id, h.pod, h.emptied, h.rows_of
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p')
LEFT JOIN shardferry.holder h ON h.table_oid = c.oid
