-- Security policies and the tables they are about.
SELECT s.name AS policy_schema,
       p.name AS policy_name,
       CONVERT(int, p.is_enabled) AS is_enabled,
       ts.name AS schema_name,
       t.name AS table_name
FROM sys.security_predicates AS r
JOIN sys.security_policies AS p ON p.object_id = r.object_id
JOIN sys.schemas AS s ON s.schema_id = p.schema_id
JOIN sys.tables AS t ON t.object_id = r.target_object_id
JOIN sys.schemas AS ts ON ts.schema_id = t.schema_id
ORDER BY s.name, p.name, ts.name, t.name
