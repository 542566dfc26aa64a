-- Where each replica is in the write-ahead log: standbys and logical subscribers, the last one of those that have a name
-- and an address in common. No replay_lsn: a backup, or a receiver that replays nothing. replay_lag is NULL where there was
-- nothing to measure.
SELECT concat_ws(' at ', nullif(application_name, ''), coalesce(host(client_addr), 'this machine')),
    extract(epoch FROM max(replay_lag))::float8,
    -- No min() of positions before PostgreSQL 13.
    min(pg_wal_lsn_diff(replay_lsn, '0/0'))::int8,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8
FROM pg_stat_replication
WHERE replay_lsn IS NOT NULL
GROUP BY 1
ORDER BY 1
