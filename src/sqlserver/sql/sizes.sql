-- Rows and data bytes of every table's heap or clustered index, LOBs included: statistics, not counts.
-- Needs VIEW DATABASE STATE (errors 262, 297, 300, 229 without it).
SELECT CONVERT(int, p.object_id) AS object_id,
       CONVERT(bigint, SUM(p.row_count)) AS row_count,
       CONVERT(bigint, SUM(p.in_row_data_page_count + p.lob_used_page_count + p.row_overflow_used_page_count) * 8192) AS byte_count
FROM sys.dm_db_partition_stats AS p
WHERE p.index_id IN (0, 1)
GROUP BY p.object_id
