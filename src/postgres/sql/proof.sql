-- How much of these tables is committed, whether the rows of the target table are still this run's, whether their chunks
-- are a chain without a gap (as in tallies.sql), and whether they are noted to be UNLOGGED. $1 run, $2 table indexes
SELECT c.table_index, count(*), count(c.committed_at), coalesce(sum(c.rows), 0)::bigint, coalesce(sum(c.bytes), 0)::bigint,
       EXISTS (SELECT FROM shardferry.holder h
               WHERE h.run_id = $1 AND h.table_index = c.table_index AND h.emptied
                 -- The table that has the name now: the one that was filled may have been moved away.
                 AND h.table_oid = to_regclass(h.table_name)::oid),
       array_agg(c.lower_bound ORDER BY c.lower_bound)
           IS NOT DISTINCT FROM array_agg(c.upper_bound ORDER BY c.upper_bound),
       EXISTS (SELECT FROM shardferry.unlogged u WHERE u.run_id = $1 AND u.table_index = c.table_index)
FROM shardferry.chunk c WHERE c.run_id = $1 AND c.table_index = ANY($2) GROUP BY c.table_index
