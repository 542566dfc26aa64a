-- The end of the transaction log (SQL Server 2016 SP2 and later; needs VIEW DATABASE STATE): one row.
SELECT CONVERT(nvarchar(60), l.log_end_lsn) AS log_position
FROM sys.dm_db_log_stats(DB_ID()) AS l
