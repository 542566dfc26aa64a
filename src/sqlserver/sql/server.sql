-- The server and the current database: one row.
-- base_database: of a database snapshot, the database that it is one of.
-- snapshot_isolation_state: 0 off, 1 on, 2 and 3 in transition (sys.databases). server_name may be NULL.
SELECT CONVERT(nvarchar(256), @@SERVERNAME) AS server_name,
       CONVERT(nvarchar(128), DB_NAME()) AS database_name,
       CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS product_version,
       CONVERT(nvarchar(256), SERVERPROPERTY('Edition')) AS edition,
       CONVERT(int, d.snapshot_isolation_state) AS snapshot_isolation_state,
       CONVERT(nvarchar(128), DB_NAME(d.source_database_id)) AS base_database
FROM sys.databases AS d
WHERE d.name = DB_NAME()
