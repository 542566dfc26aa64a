-- The marker of one chunk. $1 run, $2 table index, $3 chunk
SELECT table_index, chunk, epoch, rows, bytes, checksum
FROM shardferry.chunk WHERE run_id = $1 AND table_index = $2 AND chunk = $3
