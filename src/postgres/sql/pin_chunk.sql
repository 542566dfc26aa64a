-- A chunk that is to be copied. $1 run, $2 table index, $3 chunk, $4 lower bound, $5 upper bound
INSERT INTO shardferry.chunk (run_id, table_index, chunk, lower_bound, upper_bound, committed_at)
VALUES ($1, $2, $3, $4, $5, NULL)
