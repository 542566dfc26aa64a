-- Expressions of computed columns; NULL where the login lacks VIEW DEFINITION.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id,
       CONVERT(nvarchar(max), c.definition) AS expression
FROM sys.computed_columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
WHERE t.is_ms_shipped = 0
