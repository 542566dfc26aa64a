-- The current database's family and the history of its log; of a database snapshot, those of the database that it is one of.
-- One row, or none: SQL Server 2005 and later, Azure SQL Managed Instance; needs VIEW ANY DATABASE (public has it by default)
-- or ownership of the database.
SELECT CONVERT(nvarchar(36), r.family_guid) AS family,
       CONVERT(nvarchar(36), r.recovery_fork_guid) AS recovery_fork
FROM sys.databases AS d
JOIN sys.database_recovery_status AS r ON r.database_id = COALESCE(d.source_database_id, d.database_id)
WHERE d.name = DB_NAME()
