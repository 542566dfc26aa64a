-- Tables of a run that have chunks, committed or not. $1 run
SELECT DISTINCT table_index FROM shardferry.chunk WHERE run_id = $1
