-- Columns of user tables, in column order.
-- type_name is the declared type: an alias (is_user_defined = 1) or a built-in one. base_name is what it stands for;
-- NULL for CLR types (hierarchyid, geometry, geography and the users' own), which have no base type.
-- sys.types must be joined on user_type_id: system_type_id is shared by nvarchar, sysname and every alias of them.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(128), ts.name) AS type_schema,
       CONVERT(nvarchar(128), ty.name) AS type_name,
       CONVERT(int, ty.is_user_defined) AS is_user_defined,
       CONVERT(nvarchar(128), base.name) AS base_name,
       CONVERT(int, c.max_length) AS max_length,
       CONVERT(int, c.precision) AS numeric_precision,
       CONVERT(int, c.scale) AS numeric_scale,
       CONVERT(nvarchar(128), c.collation_name) AS collation_name,
       CONVERT(int, c.is_nullable) AS is_nullable,
       CONVERT(int, c.is_computed) AS is_computed
FROM sys.columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id
JOIN sys.schemas AS ts ON ts.schema_id = ty.schema_id
LEFT JOIN sys.types AS base ON base.user_type_id = c.system_type_id
WHERE t.is_ms_shipped = 0
ORDER BY c.object_id, c.column_id
