-- Synonyms, and what they stand for, as it was written.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(y.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), y.name) AS synonym_name,
       CONVERT(nvarchar(1035), y.base_object_name) AS stands_for
FROM sys.synonyms AS y
LEFT JOIN sys.schemas AS s ON s.schema_id = y.schema_id
WHERE y.is_ms_shipped = 0
ORDER BY s.name, y.name
