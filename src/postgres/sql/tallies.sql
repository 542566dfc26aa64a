-- How much of each table of a run is committed. $1 run
SELECT table_index, count(*), count(committed_at), coalesce(sum(rows), 0)::bigint, coalesce(sum(bytes), 0)::bigint
FROM shardferry.chunk WHERE run_id = $1 GROUP BY table_index
