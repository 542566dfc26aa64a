-- Tables of which an enabled security policy shows only some rows (SQL Server 2016 and later; error 208 before). Predicates that
-- block writes (predicate_type 1) hide nothing.
SELECT CONVERT(int, r.target_object_id) AS object_id,
       CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(p.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), p.name) AS policy_name
FROM sys.security_predicates AS r
JOIN sys.security_policies AS p ON p.object_id = r.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = p.schema_id
WHERE r.predicate_type = 0 AND p.is_enabled = 1
