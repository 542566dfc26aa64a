-- Which of our sessions wait for a lock of a table, and who holds it: the one whose query is the oldest comes first. $1 is what
-- the names of these sessions begin with. Of another role's session the state and the times are NULL without pg_read_all_stats.
SELECT waiting.application_name, blocked.pid,
       concat_ws(', ', NULLIF(COALESCE(NULLIF(holder.application_name, ''), holder.backend_type), ''), holder.state),
       age.seconds::bigint, locked.nspname::text, locked.relname::text
FROM pg_stat_activity waiting
CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) blocked (pid)
LEFT JOIN pg_stat_activity holder ON holder.pid = blocked.pid
CROSS JOIN LATERAL (SELECT extract(epoch FROM clock_timestamp() - CASE WHEN holder.state LIKE 'idle%' THEN holder.state_change
                                                                       ELSE holder.query_start END) AS seconds) age
LEFT JOIN LATERAL (SELECT n.nspname, c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                   JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE l.pid = waiting.pid AND NOT l.granted LIMIT 1) locked ON true
WHERE starts_with(waiting.application_name, $1)
ORDER BY waiting.application_name, age.seconds DESC NULLS LAST
