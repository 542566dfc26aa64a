-- Check constraints of user tables. column_name: of the column that it was declared with. The definition is NULL without
-- VIEW DEFINITION.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), k.name) AS check_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(max), k.definition) AS expression,
       CONVERT(int, k.is_disabled) AS is_disabled,
       CONVERT(int, k.is_not_trusted) AS is_not_trusted
FROM sys.check_constraints AS k
JOIN sys.tables AS t ON t.object_id = k.parent_object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
WHERE t.is_ms_shipped = 0
ORDER BY s.name, t.name, k.name
