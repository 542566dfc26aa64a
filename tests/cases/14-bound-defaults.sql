-- Defaults of their own, bound to columns and to a type.
-- Expected: they become defaults of the columns.
CREATE DEFAULT dbo.NoneYet AS 0
GO
CREATE DEFAULT dbo.RightNow AS getdate()
GO
CREATE DEFAULT dbo.Unset AS 'N'
GO
CREATE TYPE dbo.Flag FROM char(1) NOT NULL
GO
EXEC sp_bindefault 'dbo.Unset', 'dbo.Flag'
GO
CREATE TABLE dbo.Job (Id int NOT NULL PRIMARY KEY, Hours int NULL, Pay decimal(9,2) NULL, Opened datetime NULL, Closed dbo.Flag)
GO
EXEC sp_bindefault 'dbo.NoneYet', 'dbo.Job.Hours'
GO
EXEC sp_bindefault 'dbo.NoneYet', 'dbo.Job.Pay'
GO
EXEC sp_bindefault 'dbo.RightNow', 'dbo.Job.Opened'
GO
INSERT INTO dbo.Job (Id, Hours, Pay, Opened, Closed) VALUES (1, 7, 12.50, '20200102', 'Y')
GO
