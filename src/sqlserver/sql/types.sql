-- All types, built-in and users' own. system_id is that of the built-in type below an alias; the ids themselves are not
-- relied on, only that they are the same here and there.
SELECT CONVERT(int, ty.user_type_id) AS type_id,
       CONVERT(int, ty.system_type_id) AS system_id,
       CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(ty.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), ty.name) AS type_name,
       CONVERT(int, ty.is_user_defined) AS is_user_defined,
       CONVERT(int, ty.is_assembly_type) AS is_clr,
       CONVERT(int, ty.is_table_type) AS is_table_type
FROM sys.types AS ty
LEFT JOIN sys.schemas AS s ON s.schema_id = ty.schema_id
ORDER BY ty.user_type_id
