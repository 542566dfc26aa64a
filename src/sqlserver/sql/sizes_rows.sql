-- Rows of every table's heap or clustered index, for logins that may not read sys.dm_db_partition_stats.
SELECT CONVERT(int, p.object_id) AS object_id,
       CONVERT(bigint, SUM(p.rows)) AS row_count
FROM sys.partitions AS p
WHERE p.index_id IN (0, 1)
GROUP BY p.object_id
