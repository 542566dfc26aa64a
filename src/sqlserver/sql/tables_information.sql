-- User tables by the views of the SQL standard, where sys.tables and sys.objects show none.
SELECT CONVERT(int, OBJECT_ID(QUOTENAME(i.TABLE_SCHEMA) + '.' + QUOTENAME(i.TABLE_NAME))) AS object_id,
       CONVERT(nvarchar(128), i.TABLE_SCHEMA) AS schema_name,
       CONVERT(nvarchar(128), i.TABLE_NAME) AS table_name
FROM INFORMATION_SCHEMA.TABLES AS i
WHERE i.TABLE_TYPE = 'BASE TABLE'
ORDER BY i.TABLE_SCHEMA, i.TABLE_NAME
