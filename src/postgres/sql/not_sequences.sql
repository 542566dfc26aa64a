-- Those of the names that something else has than a sequence of its own. $1 schemas, $2 names, in parallel.
SELECT n.nspname, c.relname
FROM unnest($1::text[], $2::text[]) AS w (schema_name, sequence_name)
JOIN pg_namespace n ON n.nspname = w.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.sequence_name
WHERE c.relkind <> 'S'
   OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
