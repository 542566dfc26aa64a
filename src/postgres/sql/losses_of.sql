-- What was changed in these tables of a run, by chunk. $1 run, $2 table indexes
SELECT table_index, chunk, column_name, loss, rows, samples, file
FROM shardferry.loss WHERE run_id = $1 AND table_index = ANY($2)
ORDER BY table_index, chunk, column_name, loss
