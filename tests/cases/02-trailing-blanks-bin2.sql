-- Seen: 12 objects "converted", 0 changed, not one word, under _BIN2 and _CS_AS; then FK_Rate and FK_Iso fail (23503), exit 3.
-- EXPECTED: as 01. SQL Server pads for every collation (also BIN2, CS_AS).
-- as 01, under collations that see case: SQL Server ignores trailing blanks under every collation
CREATE TABLE dbo.Currency (Code varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT PK_Currency PRIMARY KEY, Iso nvarchar(5) COLLATE Latin1_General_CS_AS NOT NULL CONSTRAINT UQ_Iso UNIQUE);
CREATE TABLE dbo.Rate (Id int NOT NULL PRIMARY KEY, Code varchar(10) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT FK_Rate REFERENCES dbo.Currency (Code), Iso nvarchar(5) COLLATE Latin1_General_CS_AS NULL CONSTRAINT FK_Iso REFERENCES dbo.Currency (Iso));
INSERT INTO dbo.Currency VALUES ('EUR', N'E'), ('USD ', N'U');
INSERT INTO dbo.Rate VALUES (1, 'EUR ', N'E'), (2, 'USD', N'U  '), (3, 'EUR', NULL);
