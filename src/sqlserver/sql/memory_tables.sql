-- Memory-optimised tables (SQL Server 2014 and later; error 207 before).
SELECT CONVERT(int, t.object_id) AS object_id
FROM sys.tables AS t
WHERE t.is_memory_optimized = 1
