-- Bytes of a table, with its partitions, and its rows by the statistics. $1 the table, as SQL
SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint, coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
FROM (SELECT to_regclass($1)::oid AS oid) t
JOIN LATERAL (SELECT t.oid UNION SELECT relid FROM pg_partition_tree(t.oid)) part ON true
JOIN pg_class c ON c.oid = part.oid
WHERE c.relkind = 'r'
