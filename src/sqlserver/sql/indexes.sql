-- Secondary indexes and unique constraints of user tables: one row a column, key columns in key order first.
-- key_ordinal = 0 and not included: the partitioning column that SQL Server added by itself. No column: an index of a kind
-- that has none to show. filter_definition is NULL where the login may not see it: has_filter tells.
SELECT CONVERT(nvarchar(128), COALESCE(s.name, SCHEMA_NAME(t.schema_id))) AS schema_name,
       CONVERT(nvarchar(128), t.name) AS table_name,
       CONVERT(nvarchar(128), i.name) AS index_name,
       CONVERT(nvarchar(60), i.type_desc) AS index_kind,
       CONVERT(int, i.is_unique) AS is_unique,
       CONVERT(int, i.is_unique_constraint) AS is_unique_constraint,
       CONVERT(int, i.is_disabled) AS is_disabled,
       CONVERT(nvarchar(max), i.filter_definition) AS filter_definition,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(int, ic.key_ordinal) AS key_ordinal,
       CONVERT(int, ic.is_included_column) AS is_included,
       CONVERT(int, ic.is_descending_key) AS is_descending,
       CONVERT(int, i.has_filter) AS has_filter
FROM sys.indexes AS i
JOIN sys.tables AS t ON t.object_id = i.object_id
LEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id
LEFT JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
LEFT JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE t.is_ms_shipped = 0 AND i.index_id > 0 AND i.is_primary_key = 0 AND i.is_hypothetical = 0
ORDER BY s.name, t.name, i.index_id, ic.is_included_column, ic.key_ordinal, ic.index_column_id
