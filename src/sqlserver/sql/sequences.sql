-- Sequences (SQL Server 2012 and later). The values are sql_variant, of the sequence's type: as decimal text.
-- current_value is the last value that was given, or the first one to give.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(q.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), q.name) AS sequence_name,
       CONVERT(int, q.user_type_id) AS type_id,
       CONVERT(int, q.precision) AS numeric_precision,
       CONVERT(nvarchar(50), q.start_value) AS start_value,
       CONVERT(nvarchar(50), q.increment) AS increment_value,
       CONVERT(nvarchar(50), q.minimum_value) AS minimum_value,
       CONVERT(nvarchar(50), q.maximum_value) AS maximum_value,
       CONVERT(int, q.is_cycling) AS is_cycling,
       CONVERT(int, q.cache_size) AS cache_size,
       CONVERT(nvarchar(50), q.current_value) AS current_value
FROM sys.sequences AS q
LEFT JOIN sys.schemas AS s ON s.schema_id = q.schema_id
WHERE q.is_ms_shipped = 0
ORDER BY s.name, q.name
