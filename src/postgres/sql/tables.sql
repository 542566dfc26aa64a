-- What these tables are in the target: one row for each column (one row without a column for a table that has none).
-- $1 schemas, $2 names, in parallel. Tables that do not exist have no row.
SELECT n.nspname, c.relname, c.relkind, c.relhassubclass,
       -- Enabled user triggers that fire for COPY ('O' origin, 'A' always).
       ARRAY(SELECT t.tgname::text FROM pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') ORDER BY t.tgname) AS triggers,
       -- Primary key, in key order.
       ARRAY(SELECT ka.attname::text
             FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS part (number, place), pg_attribute ka
             WHERE k.conrelid = c.oid AND k.contype = 'p' AND ka.attrelid = c.oid AND ka.attnum = part.number
             ORDER BY part.place) AS primary_key,
       a.attname,
       -- A type of an extension that tables may need is named without the schema that the extension stands in.
       CASE WHEN EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                         WHERE d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.deptype = 'e'
                           AND d.refclassid = 'pg_extension'::regclass AND e.extname IN ('citext', 'postgis', 'vector'))
            THEN (SELECT replace(format_type(a.atttypid, a.atttypmod), quote_ident(tn.nspname) || '.', '')
                  FROM pg_type ty JOIN pg_namespace tn ON tn.oid = ty.typnamespace WHERE ty.oid = a.atttypid)
            ELSE format_type(a.atttypid, a.atttypmod) END,
       a.attnotnull, a.attidentity <> '', a.attgenerated <> '',
       a.atthasdef,
       c.relkind = 'r' AND c.relpersistence = 'u' OR c.relkind = 'p' AND EXISTS (
           SELECT FROM pg_partition_tree(c.oid) p JOIN pg_class pc ON pc.oid = p.relid
           WHERE pc.relkind = 'r' AND pc.relpersistence = 'u'),
       c.relispartition
FROM unnest($1::text[], $2::text[]) AS wanted (schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY n.nspname, c.relname, a.attnum
