-- Columns that graph tables have beside those of their users (SQL Server 2017 and later; error 207 before). graph_type: 2, 5 and 8
-- are $node_id or $edge_id, $from_id and $to_id; no query can read the others (error 13908).
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id,
       CONVERT(int, c.graph_type) AS graph_type
FROM sys.columns AS c
WHERE c.graph_type IS NOT NULL
