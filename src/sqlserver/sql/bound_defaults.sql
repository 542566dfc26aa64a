-- Columns of user tables to which a default object of its own is bound (CREATE DEFAULT, sp_bindefault), with its text: NULL
-- without VIEW DEFINITION.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(max), OBJECT_DEFINITION(c.default_object_id)) AS bound_text
FROM sys.columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.default_constraints AS d ON d.object_id = c.default_object_id
WHERE t.is_ms_shipped = 0 AND c.default_object_id <> 0 AND d.object_id IS NULL
ORDER BY s.name, t.name, c.column_id
