-- Columns under Always Encrypted. Error 207 before SQL Server 2016, which has none.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id
FROM sys.columns AS c
WHERE c.encryption_type IS NOT NULL
