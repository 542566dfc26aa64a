-- Column sets (COLUMN_SET FOR ALL_SPARSE_COLUMNS): xml that the server makes of the sparse columns.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id
FROM sys.columns AS c
WHERE c.is_column_set = 1
