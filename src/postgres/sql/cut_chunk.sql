-- A chunk that ends earlier than it was pinned. $1 run, $2 table index, $3 chunk, $4 upper bound
UPDATE shardferry.chunk SET upper_bound = $4 WHERE run_id = $1 AND table_index = $2 AND chunk = $3
