-- Memory-optimised tables in a database that allows SNAPSHOT: a session at that level cannot read them (error 41332).
-- Expected: they are read under READ COMMITTED WITH (SNAPSHOT); rows arrive.
ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON
GO
CREATE TABLE dbo.Locks (Id int NOT NULL PRIMARY KEY NONCLUSTERED, Name nvarchar(40) NOT NULL) WITH (MEMORY_OPTIMIZED = ON)
GO
CREATE TABLE dbo.OnDisk (Id int NOT NULL PRIMARY KEY, Name nvarchar(40) NOT NULL)
GO
INSERT INTO dbo.Locks VALUES (1, N'a')
INSERT INTO dbo.OnDisk VALUES (1, N'a')
GO
