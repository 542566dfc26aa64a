-- Columns that dynamic data masking keeps from this login (SQL Server 2016 and later; error 208 before). Right on the database is
-- asked for: a finer grant (SQL Server 2022) does not count.
SELECT CONVERT(int, c.object_id) AS object_id,
       CONVERT(int, c.column_id) AS column_id
FROM sys.masked_columns AS c
WHERE c.is_masked = 1 AND ISNULL(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UNMASK'), 0) = 0
