-- Notes the run as the holder of the tables that it began before beginnings were noted, unless another run has copied a source
-- table of that name since. $1 run, $2 pod, and in parallel: $3 table indexes, $4 the tables, as SQL
INSERT INTO shardferry.holder (table_oid, table_name, run_id, table_index, pod, emptied)
SELECT to_regclass(t.sql)::oid, t.sql, $1, t.table_index, $2, true
FROM unnest($3::int[], $4::text[]) AS t (table_index, sql)
WHERE to_regclass(t.sql) IS NOT NULL
  AND EXISTS (SELECT FROM shardferry.chunk c WHERE c.run_id = $1 AND c.table_index = t.table_index)
  AND NOT EXISTS (
      SELECT FROM shardferry.claim own
      JOIN shardferry.claim other ON other.table_name = own.table_name AND other.run_id <> own.run_id
      JOIN shardferry.chunk c ON c.run_id = other.run_id AND c.table_index = other.table_index
      WHERE own.run_id = $1 AND own.table_index = t.table_index
        AND c.committed_at > (SELECT max(committed_at) FROM shardferry.chunk
                              WHERE run_id = $1 AND table_index = t.table_index))
ON CONFLICT (table_oid) DO NOTHING
