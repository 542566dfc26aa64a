-- Constraints, and indexes that no constraint made, of these tables. $1 schemas, $2 names, in parallel.
SELECT n.nspname, c.relname, k.conname, 'constraint', k.convalidated, pg_get_constraintdef(k.oid)
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
SELECT n.nspname, c.relname, ic.relname, 'index', i.indisvalid, pg_get_indexdef(i.indexrelid)
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid)
ORDER BY 1, 2, 4, 3
