-- Primary keys: one row a key column, in key order (key_ordinal, not column order).
SELECT CONVERT(int, i.object_id) AS object_id,
       CONVERT(nvarchar(128), i.name) AS key_name,
       CONVERT(nvarchar(60), i.type_desc) AS index_kind,
       CONVERT(nvarchar(128), c.name) AS column_name,
       CONVERT(int, ic.is_descending_key) AS is_descending
FROM sys.indexes AS i
JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
LEFT JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE i.is_primary_key = 1 AND ic.key_ordinal > 0
ORDER BY i.object_id, ic.key_ordinal
