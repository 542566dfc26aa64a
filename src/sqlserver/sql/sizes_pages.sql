-- Data bytes of every table's heap or clustered index, for logins that may not read sys.dm_db_partition_stats.
SELECT CONVERT(int, p.object_id) AS object_id,
       CONVERT(bigint, SUM(a.used_pages) * 8192) AS byte_count
FROM sys.partitions AS p
JOIN sys.allocation_units AS a ON a.container_id = p.partition_id
WHERE p.index_id IN (0, 1)
GROUP BY p.object_id
