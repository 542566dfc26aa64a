-- XML schema collections of users.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(x.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), x.name) AS table_name
FROM sys.xml_schema_collections AS x
LEFT JOIN sys.schemas AS s ON s.schema_id = x.schema_id
WHERE x.xml_collection_id > 1 AND COALESCE(s.name, '') <> 'sys'
ORDER BY s.name, x.name
