-- Checks and foreign keys of these tables, and foreign keys that refer to them. $1 schemas, $2 names, in parallel.
WITH wanted AS (
    SELECT c.oid
    FROM unnest($1::text[], $2::text[]) AS w (schema_name, table_name)
    JOIN pg_namespace n ON n.nspname = w.schema_name
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name AND c.relkind IN ('r', 'p')
)
SELECT n.nspname, c.relname, k.conname, k.contype = 'f', fn.nspname, fc.relname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class fc ON fc.oid = k.confrelid
LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
WHERE k.contype IN ('c', 'f') AND k.conparentid = 0 AND k.conislocal
  AND (k.conrelid IN (SELECT oid FROM wanted) OR k.confrelid IN (SELECT oid FROM wanted))
ORDER BY 1, 2, 3
