-- How much of each table of a run is committed, whether the rows of the target table are still this run's, and whether its
-- chunks are a chain without a gap: every upper bound is the lower bound of one other chunk, and one chunk is open at
-- each end. $1 run
SELECT c.table_index, count(*), count(c.committed_at), coalesce(sum(c.rows), 0)::bigint, coalesce(sum(c.bytes), 0)::bigint,
       EXISTS (SELECT FROM shardferry.holder h
               WHERE h.run_id = $1 AND h.table_index = c.table_index AND h.emptied
                 -- The table that has the name now: the one that was filled may have been moved away.
                 AND h.table_oid = to_regclass(h.table_name)::oid),
       array_agg(c.lower_bound ORDER BY c.lower_bound)
           IS NOT DISTINCT FROM array_agg(c.upper_bound ORDER BY c.upper_bound)
FROM shardferry.chunk c WHERE c.run_id = $1 GROUP BY c.table_index
