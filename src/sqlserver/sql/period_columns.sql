-- Columns that hold the beginning and the end of a row's life, of temporal tables and of their history tables, which have
-- the same columns by name (SQL Server 2016 and later; error 208 before).
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id
FROM sys.periods AS p
JOIN sys.tables AS t ON t.object_id = p.object_id
JOIN sys.columns AS own ON own.object_id = p.object_id
JOIN sys.columns AS c ON c.name = own.name
WHERE (own.column_id = p.start_column_id OR own.column_id = p.end_column_id)
  AND (c.object_id = t.object_id OR c.object_id = t.history_table_id)
