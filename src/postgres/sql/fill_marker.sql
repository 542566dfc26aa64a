-- The marker of a chunk that was pinned. $1 run, $2 table index, $3 chunk, $4 epoch, $5 rows, $6 bytes, $7 checksum
UPDATE shardferry.chunk SET epoch = $4, rows = $5, bytes = $6, checksum = $7, committed_at = now()
WHERE run_id = $1 AND table_index = $2 AND chunk = $3 AND committed_at IS NULL
