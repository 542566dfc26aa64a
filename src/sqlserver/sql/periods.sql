-- Periods of temporal tables (SQL Server 2016 and later; error 208 before): the columns of beginning and end.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), b.name) AS start_column,
       CONVERT(nvarchar(128), e.name) AS end_column
FROM sys.periods AS p
JOIN sys.tables AS t ON t.object_id = p.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
JOIN sys.columns AS b ON b.object_id = p.object_id AND b.column_id = p.start_column_id
JOIN sys.columns AS e ON e.object_id = p.object_id AND e.column_id = p.end_column_id
WHERE t.is_ms_shipped = 0
ORDER BY s.name, t.name
