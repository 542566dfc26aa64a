-- Expressions of computed columns; NULL where the login lacks VIEW DEFINITION.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id,
       CONVERT(nvarchar(max), c.definition) AS expression
FROM sys.computed_columns AS c
