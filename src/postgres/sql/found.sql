-- What a transaction finds of a table when it begins to work on it. Always one row. $1 run, $2 table index, $3 the table, as SQL
SELECT (SELECT epoch FROM shardferry.claim WHERE run_id = $1 AND table_index = $2),
       coalesce(c.relkind = 'r', false),
       -- Not one page: so there is no row in it, visible or not. Tables that inherit from it may have some.
       coalesce(c.relkind = 'r' AND NOT c.relhassubclass AND pg_relation_size(c.oid) = 0, false),
       -- Itself, or a partition of it.
       coalesce(c.relkind = 'r' AND c.relpersistence = 'u' OR c.relkind = 'p' AND EXISTS (
           SELECT FROM pg_partition_tree(c.oid) p JOIN pg_class pc ON pc.oid = p.relid
           WHERE pc.relkind = 'r' AND pc.relpersistence = 'u'), false),
       EXISTS (SELECT FROM shardferry.unlogged WHERE run_id = $1 AND table_index = $2),
       EXISTS (SELECT FROM shardferry.survived WHERE run_id = $1 AND table_index = $2),
       coalesce((SELECT h.run_id = $1 FROM shardferry.holder h WHERE h.table_oid = t.oid), false),
       coalesce((SELECT h.emptied FROM shardferry.holder h WHERE h.table_oid = t.oid), false)
FROM (SELECT to_regclass($3) AS oid) t LEFT JOIN pg_class c ON c.oid = t.oid
