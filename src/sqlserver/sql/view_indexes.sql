-- Indexes of views, which hold the view's rows.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(v.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), v.name) AS table_name,
       CONVERT(nvarchar(128), i.name) AS index_name,
       CONVERT(int, i.is_unique) AS is_unique
FROM sys.indexes AS i
JOIN sys.objects AS v ON v.object_id = i.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = v.schema_id
WHERE v.is_ms_shipped = 0 AND v.type = 'V' AND i.index_id > 0
ORDER BY s.name, v.name, i.index_id
