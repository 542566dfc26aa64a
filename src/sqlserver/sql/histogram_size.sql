-- What the statistics of an index (its name behind {index}) say of a table ({table}): rows, and the most that lie between two steps.
-- NULL where there are none. Error 208 before SQL Server 2016 SP1 CU2; needs SELECT on the columns.
SELECT CONVERT(bigint, SUM(h.range_rows + h.equal_rows)) AS row_count,
       CONVERT(bigint, MAX(h.range_rows + h.equal_rows)) AS largest_step
FROM sys.stats AS s
CROSS APPLY sys.dm_db_stats_histogram(s.object_id, s.stats_id) AS h
WHERE s.object_id = OBJECT_ID({table}) AND s.name = {index}
