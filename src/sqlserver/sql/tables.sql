-- User tables, memory-optimised and temporal history tables among them: one row each.
SELECT CONVERT(int, t.object_id) AS object_id,
       CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name
FROM sys.tables AS t
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE t.is_ms_shipped = 0
ORDER BY s.name, t.name
