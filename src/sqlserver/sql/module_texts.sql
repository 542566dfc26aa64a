-- T-SQL of modules. NULL where it is encrypted or the login may not see it.
SELECT CONVERT(int, m.object_id) AS object_id,
       CONVERT(nvarchar(max), m.definition) AS module_text
FROM sys.sql_modules AS m
