-- Unique indexes and keys of user tables that leave duplicates out with a warning (IGNORE_DUP_KEY = ON).
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), i.name) AS index_name
FROM sys.indexes AS i
JOIN sys.tables AS t ON t.object_id = i.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE t.is_ms_shipped = 0 AND i.ignore_dup_key = 1
ORDER BY s.name, t.name, i.index_id
