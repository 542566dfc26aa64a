-- Columns of user tables with a default. No name: the default is an object of its own that is bound to the column, or
-- nothing that the login may see. The definition is NULL without VIEW DEFINITION.
-- database_collation: its code page is that of texts without N.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(128), d.name) AS default_name,
       CONVERT(nvarchar(max), d.definition) AS expression,
       CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')) AS database_collation
FROM sys.columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.default_constraints AS d ON d.object_id = c.default_object_id
WHERE t.is_ms_shipped = 0 AND c.default_object_id <> 0
ORDER BY s.name, t.name, c.column_id
