-- The chunks of a table, in order; a marker's columns are NULL where the chunk is not committed. $1 run, $2 table index
SELECT chunk, lower_bound, upper_bound, epoch, rows, bytes, checksum, committed_at IS NOT NULL
FROM shardferry.chunk WHERE run_id = $1 AND table_index = $2 ORDER BY chunk
