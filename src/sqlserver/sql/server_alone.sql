-- What a server says of itself and of the current database without sys.databases: one row.
SELECT CONVERT(nvarchar(256), @@SERVERNAME) AS server_name,
       CONVERT(nvarchar(128), DB_NAME()) AS database_name,
       CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS product_version,
       CONVERT(nvarchar(256), SERVERPROPERTY('Edition')) AS edition,
       CONVERT(int, NULL) AS snapshot_isolation_state,
       CONVERT(nvarchar(128), NULL) AS base_database
