-- Seen: assessment: primary key "converted"; run: ByVariant is not copied (23505), UX_Setting cannot be built; advice "remove the rows or constraints".
-- EXPECTED: 4 rows in each table, keys hold. A sql_variant that is part of a key becomes jsonb (that works: --map sql_variant=jsonb copies both), or the plan says so at once.
-- sql_variant in a unique key; values of two base types with the same text
CREATE TABLE dbo.Setting (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Setting PRIMARY KEY, Name nvarchar(50) NOT NULL, Val sql_variant NOT NULL);
CREATE UNIQUE INDEX UX_Setting ON dbo.Setting (Name, Val);
INSERT INTO dbo.Setting (Name, Val) VALUES (N'limit', CAST(1 AS int)), (N'limit', CAST('1' AS varchar(10))), (N'limit', CAST('20200101' AS datetime)), (N'limit', CAST(0x01 AS varbinary(4)));
CREATE TABLE dbo.ByVariant (K sql_variant NOT NULL CONSTRAINT PK_ByVariant PRIMARY KEY, V int NULL);
INSERT INTO dbo.ByVariant VALUES (CAST(5 AS int), 1), (CAST('5' AS varchar(5)), 2), (CAST(2.50 AS decimal(5,2)), 3), (CAST('2.50' AS varchar(5)), 4);
