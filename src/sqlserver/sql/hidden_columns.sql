-- Hidden columns (periods of temporal tables, internals of graph tables).
-- Error 207 before SQL Server 2016, which has none.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id
FROM sys.columns AS c
WHERE c.is_hidden = 1
