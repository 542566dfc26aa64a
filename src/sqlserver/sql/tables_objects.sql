-- User tables, as tables.sql has them, where there is no sys.tables or no sys.schemas.
SELECT CONVERT(int, o.object_id) AS object_id,
       CONVERT(nvarchar(128), SCHEMA_NAME(o.schema_id)) AS schema_name,
       CONVERT(nvarchar(128), o.name) AS table_name
FROM sys.objects AS o
WHERE o.type = 'U' AND o.is_ms_shipped = 0
ORDER BY o.name
