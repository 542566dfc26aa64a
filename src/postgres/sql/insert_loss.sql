-- What a chunk changed in one column, in the chunk's own transaction. $1 run, $2 table index, $3 chunk, $4 column, $5 loss, $6 rows,
-- $7 samples, $8 reject file
INSERT INTO shardferry.loss (run_id, table_index, chunk, column_name, loss, rows, samples, file)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
