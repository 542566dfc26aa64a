-- What was changed in the tables of a run, by chunk. $1 run, $2 table index, or NULL for all
SELECT table_index, chunk, column_name, loss, rows, samples, file
FROM shardferry.loss WHERE run_id = $1 AND table_index = coalesce($2, table_index)
ORDER BY table_index, chunk, column_name, loss
