-- Sequences in a schema of their own, taken by procedures and the application, not by a default.
-- Expected: in a plan without --include and --exclude every sequence arrives with its position.
CREATE SCHEMA Sequences
GO
CREATE SEQUENCE Sequences.OrderNumber AS int START WITH 5000
GO
CREATE SEQUENCE Sequences.Tickets AS bigint START WITH 10 INCREMENT BY 5 CYCLE
GO
CREATE SEQUENCE Sequences.Used AS int START WITH 1
GO
CREATE SEQUENCE dbo.Mine AS int START WITH 7
GO
CREATE TABLE dbo.Orders (Id int NOT NULL PRIMARY KEY, N int NOT NULL DEFAULT (NEXT VALUE FOR Sequences.Used))
GO
CREATE PROCEDURE dbo.NextOrder AS SELECT NEXT VALUE FOR Sequences.OrderNumber
GO
INSERT INTO dbo.Orders VALUES (1, 1)
GO
