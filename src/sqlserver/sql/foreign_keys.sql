-- Foreign keys between user tables: one row a column, in constraint order. The referenced names are NULL where the login may
-- not see that table.
-- Actions: 0 no action, 1 cascade, 2 set null, 3 set default (sys.foreign_keys).
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), k.name) AS key_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(128), COALESCE(rs.name, SCHEMA_NAME(rt.schema_id))) AS referenced_schema,
       CONVERT(nvarchar(128), rt.name) AS referenced_table,
       CONVERT(nvarchar(128), rc.name) AS referenced_column,
       CONVERT(int, k.delete_referential_action) AS on_delete,
       CONVERT(int, k.update_referential_action) AS on_update,
       CONVERT(int, k.is_disabled) AS is_disabled,
       CONVERT(int, k.is_not_trusted) AS is_not_trusted
FROM sys.foreign_keys AS k
JOIN sys.tables AS t ON t.object_id = k.parent_object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
JOIN sys.foreign_key_columns AS kc ON kc.constraint_object_id = k.object_id
LEFT JOIN sys.columns AS c ON c.object_id = kc.parent_object_id AND c.column_id = kc.parent_column_id
LEFT JOIN sys.tables AS rt ON rt.object_id = k.referenced_object_id
LEFT JOIN sys.schemas AS rs ON rs.schema_id = rt.schema_id
LEFT JOIN sys.columns AS rc ON rc.object_id = kc.referenced_object_id AND rc.column_id = kc.referenced_column_id
WHERE t.is_ms_shipped = 0
ORDER BY s.name, t.name, k.name, kc.constraint_column_id
