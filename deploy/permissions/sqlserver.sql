-- The least that shardferry needs of SQL Server: a login that reads one database and changes nothing.
--
--   sqlcmd -S host -U admin -v DATABASE=Sales LOGIN=shardferry_reader PASSWORD='…' -i sqlserver.sql
--
-- May be run again. To read only some schemas or tables, leave db_datareader out and grant SELECT on each: tables that the
-- login cannot see are not in the plan.
USE [master];
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'$(LOGIN)')
    CREATE LOGIN [$(LOGIN)] WITH PASSWORD = N'$(PASSWORD)', CHECK_POLICY = ON;
GO
USE [$(DATABASE)];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'$(LOGIN)')
    CREATE USER [$(LOGIN)] FOR LOGIN [$(LOGIN)];
GO
-- Rows and the catalog of what can be read.
ALTER ROLE db_datareader ADD MEMBER [$(LOGIN)];
-- Definitions: defaults, computed columns, checks. Without it they look absent.
GRANT VIEW DEFINITION TO [$(LOGIN)];
-- Sizes, histograms and the log's position from sys.dm_*. Without it sizes come from sys.partitions; the plan does not fail.
GRANT VIEW DATABASE STATE TO [$(LOGIN)];
GO
-- Not granted, and not needed: any right to write, ALTER, CONTROL, VIEW SERVER STATE.
--
-- Once, by the owner of the database, so that each chunk of a table is read as of one moment without blocking writers. A table
-- of several chunks has several moments (docs/reference/connections.md, "Consistency"):
--   ALTER DATABASE [$(DATABASE)] SET ALLOW_SNAPSHOT_ISOLATION ON;
