-- Those of the tables that may have rows: they have a page on disk, or others belong to them. A look at the size waits for whoever
-- has the table locked. $1 schemas, $2 names, in parallel
SELECT n.nspname, c.relname
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p')
WHERE CASE WHEN c.relkind = 'r' AND NOT c.relhassubclass THEN pg_relation_size(c.oid) > 0 ELSE true END
