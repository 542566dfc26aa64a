-- What is UNLOGGED of these tables: themselves or their partitions, with the table that it belongs to, by size.
-- $1 schemas, $2 names, in parallel.
SELECT n.nspname, c.relname, pn.nspname, pc.relname, pg_table_size(pc.oid)
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p')
CROSS JOIN LATERAL (SELECT c.oid UNION SELECT p.relid FROM pg_partition_tree(c.oid) p) AS part (oid)
JOIN pg_class pc ON pc.oid = part.oid AND pc.relkind = 'r' AND pc.relpersistence = 'u'
JOIN pg_namespace pn ON pn.oid = pc.relnamespace
ORDER BY 5 DESC, 3, 4
