-- Other sessions on this database that carry an older epoch of a table in their application name.
-- $1 the name up to the epoch, with the space before it; $2 epoch
SELECT pid
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND starts_with(application_name, $1)
  AND CASE WHEN substr(application_name, length($1) + 1) ~ '^[0-9]{1,18}$'
           THEN substr(application_name, length($1) + 1)::bigint < $2 ELSE false END
