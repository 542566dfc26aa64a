-- A schema called like a Windows user, and one called like the ledger's.
-- Expected: the plan refuses a target schema of the ledger's name and offers --schema-map.
CREATE SCHEMA [CORP\jsmith]
GO
CREATE TABLE [CORP\jsmith].[Scratch] (Id int IDENTITY(1,1) NOT NULL CONSTRAINT [PK CORP\jsmith] PRIMARY KEY, [a\b] nvarchar(20) NULL DEFAULT (N'\'), [x/y] int NULL CONSTRAINT [CK\1] CHECK ([x/y] > 0))
GO
INSERT INTO [CORP\jsmith].[Scratch] ([a\b], [x/y]) VALUES (N'\N', 1), (N'\\', 2)
GO
CREATE SCHEMA [shardferry]
GO
CREATE TABLE shardferry.chunk (Id int NOT NULL PRIMARY KEY, V int NULL)
GO
INSERT INTO shardferry.chunk VALUES (1, 2)
GO
