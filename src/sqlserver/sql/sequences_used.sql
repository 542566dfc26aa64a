-- Sequences that have given a value (SQL Server 2017 and later; error 207 before): last_used_value is NULL in the others.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(q.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), q.name) AS sequence_name,
       CONVERT(nvarchar(50), q.last_used_value) AS last_used_value
FROM sys.sequences AS q
LEFT JOIN sys.schemas AS s ON s.schema_id = q.schema_id
WHERE q.is_ms_shipped = 0
ORDER BY s.name, q.name
