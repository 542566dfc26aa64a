-- Every marker of a run, in order. $1 run
SELECT table_index, chunk, epoch, rows, bytes, checksum
FROM shardferry.chunk WHERE run_id = $1 AND committed_at IS NOT NULL ORDER BY table_index, chunk
