-- System-versioned tables with their history (SQL Server 2016 and later; error 207 before).
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), COALESCE(hs.name, SCHEMA_NAME(h.schema_id))) AS history_schema,
       CONVERT(nvarchar(128), h.name) AS history_name
FROM sys.tables AS t
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.tables AS h ON h.object_id = t.history_table_id
LEFT JOIN sys.schemas AS hs ON hs.schema_id = h.schema_id
WHERE t.is_ms_shipped = 0 AND t.temporal_type = 2
ORDER BY s.name, t.name
