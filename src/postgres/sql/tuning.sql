-- What an index build may use, in kB and workers, and whether somebody chose it (source is then not the default); and how many
-- sessions of shardferry's there are here, of all pods.
SELECT name, setting::bigint * CASE unit WHEN '8kB' THEN 8 ELSE 1 END, source = 'default' OR name NOT LIKE '%maintenance%'
FROM pg_settings
WHERE name IN ('maintenance_work_mem', 'max_parallel_maintenance_workers', 'max_parallel_workers', 'shared_buffers')
UNION ALL
SELECT 'sessions', count(*), true FROM pg_stat_activity WHERE application_name LIKE 'shardferry%'
