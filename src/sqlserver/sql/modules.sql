-- Views, procedures, functions, triggers of tables and views, rules and stand-alone defaults, those of CLR among them (types
-- PC, FS, FT, AF, TA), by their names. parent_*: the table of a trigger.
SELECT CONVERT(int, o.object_id) AS object_id,
       CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(o.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), o.name) AS module_name,
       CONVERT(nvarchar(2), o.type) AS module_type,
       CONVERT(nvarchar(128), COALESCE(ps.name, SCHEMA_NAME(p.schema_id))) AS parent_schema,
       CONVERT(nvarchar(128), p.name) AS parent_name
FROM sys.objects AS o
LEFT JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.objects AS p ON p.object_id = o.parent_object_id
LEFT JOIN sys.schemas AS ps ON ps.schema_id = p.schema_id
WHERE o.is_ms_shipped = 0
  AND (o.type IN ('V', 'P', 'PC', 'RF', 'X', 'FN', 'IF', 'TF', 'FS', 'FT', 'AF', 'TR', 'TA', 'R') OR (o.type = 'D' AND o.parent_object_id = 0))
ORDER BY s.name, o.name
