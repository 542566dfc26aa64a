-- Triggers: which are disabled, and (parent_class = 0) those of the database, which are in no schema.
SELECT CONVERT(int, r.object_id) AS object_id,
       CONVERT(nvarchar(128), r.name) AS trigger_name,
       CONVERT(int, r.parent_class) AS parent_class,
       CONVERT(int, r.is_disabled) AS is_disabled
FROM sys.triggers AS r
WHERE r.is_ms_shipped = 0
ORDER BY r.name
