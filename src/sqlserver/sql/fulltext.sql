-- Full-text indexes of user tables: one row a column.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), c.name) AS column_name
FROM sys.fulltext_index_columns AS f
JOIN sys.tables AS t ON t.object_id = f.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.columns AS c ON c.object_id = f.object_id AND c.column_id = f.column_id
WHERE t.is_ms_shipped = 0
ORDER BY s.name, t.name, f.column_id
