-- Columns of user tables to which a rule is bound (CREATE RULE, sp_bindrule), with its text: NULL without VIEW DEFINITION.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(nvarchar(128), OBJECT_NAME(c.rule_object_id)) AS rule_name,
       CONVERT(nvarchar(max), OBJECT_DEFINITION(c.rule_object_id)) AS bound_text
FROM sys.columns AS c
JOIN sys.tables AS t ON t.object_id = c.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
WHERE t.is_ms_shipped = 0 AND c.rule_object_id <> 0
ORDER BY s.name, t.name, c.column_id
