-- A table's only chunk, with its marker. $1 run, $2 table index, $3 chunk, $4 epoch, $5 rows, $6 bytes, $7 checksum
INSERT INTO shardferry.chunk (run_id, table_index, chunk, epoch, rows, bytes, checksum)
VALUES ($1, $2, $3, $4, $5, $6, $7)
