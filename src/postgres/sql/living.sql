-- Sessions of a run's living pods: they hold a lock of a claim, or are in a transaction. Behind a pooler a session that is idle may
-- still have the name of a pod that has ended. $1 what the names of the run's sessions begin with
SELECT a.application_name, extract(epoch FROM now() - a.backend_start)::bigint
FROM pg_stat_activity a
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND starts_with(a.application_name, $1)
  AND (a.xact_start IS NOT NULL
       OR EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted))
ORDER BY starts_with(a.application_name, $1 || 'pod ') DESC, a.backend_start
