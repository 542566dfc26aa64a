-- Columns of tables and of whatever else has columns, in column order. type_id is the declared type (sys.types.user_type_id), which types.sql tells of.
-- Never joined by system_type_id: that is shared by nvarchar, sysname and every alias of them.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(int, c.user_type_id) AS type_id,
       CONVERT(int, c.max_length) AS max_length,
       CONVERT(int, c.precision) AS numeric_precision,
       CONVERT(int, c.scale) AS numeric_scale,
       CONVERT(nvarchar(128), c.collation_name) AS collation_name,
       CONVERT(int, c.is_nullable) AS is_nullable,
       CONVERT(int, c.is_computed) AS is_computed
FROM sys.columns AS c
ORDER BY c.object_id, c.column_id
