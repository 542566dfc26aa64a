-- Columns with dynamic data masking (SQL Server 2016 and later; error 208 before).
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), c.name) AS column_name
FROM sys.masked_columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE c.is_masked = 1
ORDER BY s.name, t.name, c.column_id
