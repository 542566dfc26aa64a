-- Security policies and the tables they are about.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(p.schema_id))) AS policy_schema,
       CONVERT(nvarchar(128), p.name) AS policy_name,
       CONVERT(int, p.is_enabled) AS is_enabled,
       CONVERT(nvarchar(128), COALESCE(ts.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name
FROM sys.security_predicates AS r
JOIN sys.security_policies AS p ON p.object_id = r.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = p.schema_id
JOIN sys.tables AS t ON t.object_id = r.target_object_id
LEFT JOIN sys.schemas AS ts ON ts.schema_id = t.schema_id
ORDER BY s.name, p.name, ts.name, t.name
