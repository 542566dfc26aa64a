-- A shipyard that uses what few databases use: every class of property, ledger and graph tables, column sets, keys of
-- encryption, collections of XML schemas, triggers on the database, indexed views. Made for tests.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON, RECOVERY SIMPLE WITH ROLLBACK IMMEDIATE
GO
ALTER DATABASE CURRENT SET QUERY_STORE = ON (OPERATION_MODE = READ_WRITE)
ALTER DATABASE CURRENT SET TARGET_RECOVERY_TIME = 60 SECONDS
ALTER DATABASE CURRENT ADD FILEGROUP [USERDATA]
ALTER DATABASE CURRENT ADD FILEGROUP [InMemory] CONTAINS MEMORY_OPTIMIZED_DATA
GO
SET ANSI_NULLS, QUOTED_IDENTIFIER ON
SET NUMERIC_ROUNDABORT OFF
GO
PRINT 'Schemas'
GO
CREATE SCHEMA [yard] AUTHORIZATION [dbo]
GO
IF NOT EXISTS (SELECT * FROM sys.database_principals WHERE name = N'shipwright')
    CREATE ROLE shipwright AUTHORIZATION dbo
CREATE USER [ada] WITHOUT LOGIN WITH DEFAULT_SCHEMA = [yard]
ALTER ROLE shipwright ADD MEMBER ada
GO
DROP TABLE IF EXISTS [yard].[Hull]
DROP VIEW IF EXISTS [yard].[HullCount]
DROP XML SCHEMA COLLECTION IF EXISTS [yard].[PlanSchema]
GO
CREATE TYPE [yard].[Name] FROM [nvarchar](50) NULL
CREATE TYPE [yard].[HullList] AS TABLE ([Id] int NOT NULL PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON)
GO
CREATE FUNCTION [yard].[Zeros](@Value int) RETURNS varchar(8) WITH SCHEMABINDING AS
BEGIN
    RETURN REPLICATE('0', 8 - DATALENGTH(CONVERT(varchar(8), @Value)));
END;
GO
CREATE TABLE [yard].[Buyer] (
    [Id] int NOT NULL,
    [Account] AS ISNULL('AW' + [yard].[Zeros](Id), ''),
    [Rest] AS ISNULL([Id] - [Left], 0),
    [Left] smallint NOT NULL,
)
GO
CREATE XML SCHEMA COLLECTION [yard].[PlanSchema] AS N'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"><xsd:element name="plan"/></xsd:schema>'
GO
CREATE TABLE [yard].[Hull](
	[HullID] [int] IDENTITY(1,1) NOT NULL,
	[Name] [yard].[Name] NOT NULL,
	[Length] [decimal](8, 2) NOT NULL CONSTRAINT [DF_Hull_Length] DEFAULT ((0.00)),
	[Beam] [decimal](8, 2) NOT NULL,
	[Area]  AS ([Length]*[Beam]) PERSISTED NOT NULL,
	[Code]  AS (isnull(N'H'+CONVERT([nvarchar](23),[HullID],0),N'*** ERROR ***')),
	[Plan] [xml](CONTENT [yard].[PlanSchema]) NULL,
	[Node] [hierarchyid] NULL,
	[Level]  AS ([Node].[GetLevel]()),
	[Berth] [geography] NULL,
	[rowguid] [uniqueidentifier] ROWGUIDCOL NOT NULL CONSTRAINT [DF_Hull_rowguid] DEFAULT (newid()),
	[ModifiedDate] [datetime] NOT NULL CONSTRAINT [DF_Hull_ModifiedDate] DEFAULT (getdate()),
	CONSTRAINT [PK_Hull_HullID] PRIMARY KEY CLUSTERED ([HullID] ASC)
		WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON) ON [PRIMARY],
	CONSTRAINT [CK_Hull_Name] CHECK ([Name] COLLATE Latin1_General_BIN2 <> N'none' AND [Length] >= 0.00)
) ON [USERDATA] TEXTIMAGE_ON [PRIMARY]
GO
CREATE TABLE [yard].[Badge] ([Id] int NOT NULL, [Word] varchar(20) NOT NULL)
CREATE UNIQUE NONCLUSTERED INDEX [AK_Badge_Word] ON [yard].[Badge]([Word] ASC) WITH (IGNORE_DUP_KEY = ON)
GO
CREATE TABLE [yard].[Outfit] (
    [Id] int NOT NULL PRIMARY KEY,
    [Sail] int SPARSE NULL,
    [Motor] varchar(20) SPARSE NULL,
    [Extras] xml COLUMN_SET FOR ALL_SPARSE_COLUMNS
)
GO
CREATE TABLE [yard].[Payment] ([Id] int NOT NULL PRIMARY KEY, [Amount] money NOT NULL)
    WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [yard].[PaymentHistory]), LEDGER = ON)
CREATE TABLE [yard].[Entry] ([Id] int NOT NULL PRIMARY KEY, [Gate] char(1) NOT NULL) WITH (LEDGER = ON (APPEND_ONLY = ON))
GO
CREATE COLUMN MASTER KEY [MK] WITH (KEY_STORE_PROVIDER_NAME = N'MSSQL_CERTIFICATE_STORE', KEY_PATH = N'Current User/My/00')
GO
CREATE COLUMN ENCRYPTION KEY [CK] WITH VALUES (COLUMN_MASTER_KEY = [MK], ALGORITHM = 'RSA_OAEP', ENCRYPTED_VALUE = 0x01AB)
GO
CREATE TABLE [yard].[Secret] (
    [Id] int NOT NULL PRIMARY KEY,
    [Number] char(11) COLLATE Latin1_General_BIN2 ENCRYPTED WITH (COLUMN_ENCRYPTION_KEY = [CK], ENCRYPTION_TYPE = DETERMINISTIC, ALGORITHM = 'AEAD_AES_256_CBC_HMAC_SHA_256') NULL,
    [Pay] money ENCRYPTED WITH (COLUMN_ENCRYPTION_KEY = [CK], ENCRYPTION_TYPE = RANDOMIZED, ALGORITHM = 'AEAD_AES_256_CBC_HMAC_SHA_256') NULL
)
GO
CREATE TABLE [yard].[Port] ([Code] char(3) NOT NULL PRIMARY KEY) AS NODE
CREATE TABLE [yard].[Route] ([Miles] int NULL) AS EDGE
GO
CREATE VIEW [yard].[HullCount] WITH SCHEMABINDING AS
SELECT [Name], COUNT_BIG(*) AS [Hulls] FROM [yard].[Hull] GROUP BY [Name]
GO
CREATE UNIQUE CLUSTERED INDEX [IX_HullCount] ON [yard].[HullCount]([Name])
GO
ALTER VIEW [yard].[HullCount] AS SELECT [Name] FROM [yard].[Hull]
GO
CREATE VIEW [yard].[Counted] WITH SCHEMABINDING AS
SELECT [Name], COUNT_BIG(*) AS [Hulls] FROM [yard].[Hull] GROUP BY [Name]
GO
CREATE UNIQUE CLUSTERED INDEX [IX_Counted] ON [yard].[Counted]([Name])
GO
CREATE PROCEDURE [yard].[AddHull] @Name [yard].[Name], @Length decimal(8, 2) = 0 WITH EXECUTE AS CALLER AS
BEGIN
    SET NOCOUNT ON;
    BEGIN TRY
        BEGIN TRANSACTION;
        INSERT INTO [yard].[Hull] ([Name], [Length], [Beam]) VALUES (@Name, @Length, 1);
        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH;
END
GO
ALTER PROCEDURE [yard].[AddHull] @Name [yard].[Name], @Length decimal(8, 2) = 0 AS SELECT @Name
GO
CREATE TRIGGER [NoDrop] ON DATABASE FOR DROP_TABLE, DDL_VIEW_EVENTS AS
BEGIN
    SET NOCOUNT ON;
    PRINT 'noted';
END
GO
DISABLE TRIGGER [NoDrop] ON DATABASE
GO
CREATE STATISTICS [ST_Hull_Beam] ON [yard].[Hull] ([Beam], [Length]) WITH FULLSCAN, NORECOMPUTE
GO
BEGIN TRANSACTION
INSERT INTO [yard].[Hull] ([Name], [Length], [Beam], [Berth], [rowguid])
VALUES (N'Nora', 12.50, 3.10, geography::Point(47.1, 15.4, 4326), '00000000-0000-0000-0000-000000000001')
COMMIT
INSERT INTO [yard].[Badge] VALUES (1, 'a'), (2, 'b'), (3, 'A')
INSERT INTO [yard].[Outfit] ([Id], [Sail], [Motor]) VALUES (1, 3, NULL), (2, NULL, 'x & y'), (3, NULL, NULL)
INSERT INTO [yard].[Payment] ([Id], [Amount]) VALUES (1, 9.5)
INSERT INTO [yard].[Entry] VALUES (1, 'N')
INSERT INTO [yard].[Port] ([Code]) VALUES ('TRS'), ('RJK')
INSERT INTO [yard].[Route] ($from_id, $to_id, [Miles])
VALUES ((SELECT $node_id FROM [yard].[Port] WHERE [Code] = 'TRS'), (SELECT $node_id FROM [yard].[Port] WHERE [Code] = 'RJK'), 41)
GO
DECLARE @n int = 1
WHILE @n < 6
BEGIN
    IF @n = 4
        BREAK
    INSERT INTO [yard].[Port] ([Code]) SELECT 'P0' + CONVERT(char(1), @n)
    SET @n = @n + 1
END
BEGIN TRY
    INSERT INTO [yard].[Entry] VALUES (1, 'S')
    PRINT 'not reached'
END TRY
BEGIN CATCH
    EXEC('INSERT INTO [yard].[Entry] VALUES (2, ''C'')')
END CATCH
IF @n = 4 RETURN
RAISERROR('the loop went wrong', 16, 1)
GO
INSERT INTO [yard].[Badge] SELECT 4, 'again'
GO 3
CREATE PARTITION FUNCTION [PF_Year](date) AS RANGE RIGHT FOR VALUES ('1/1/2020', N'Jan 1, 2021')
GO
CREATE PARTITION SCHEME [PS_Year] AS PARTITION [PF_Year] ALL TO ([PRIMARY])
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'A shipyard'
EXEC sys.sp_addextendedproperty @name = N'P', @value = N'schema', @level0type = N'SCHEMA', @level0name = N'yard'
EXEC sys.sp_addextendedproperty N'P', N'table', N'SCHEMA', N'yard', N'TABLE', N'Hull'
EXECUTE sp_addextendedproperty N'P', N'column', N'USER', N'yard', N'TABLE', N'Hull', N'COLUMN', N'Name'
EXEC sys.sp_addextendedproperty N'P', N'check', N'SCHEMA', N'yard', N'TABLE', N'Hull', N'CONSTRAINT', N'CK_Hull_Name'
EXEC sys.sp_addextendedproperty N'P', N'index', N'SCHEMA', N'yard', N'TABLE', N'Hull', N'INDEX', N'PK_Hull_HullID'
EXEC sys.sp_addextendedproperty N'P', N'view', N'SCHEMA', N'yard', N'VIEW', N'Counted'
EXEC sys.sp_addextendedproperty N'P', N'index of a view', N'SCHEMA', N'yard', N'VIEW', N'Counted', N'INDEX', N'IX_Counted'
EXEC sys.sp_addextendedproperty N'P', N'procedure', N'SCHEMA', N'yard', N'PROCEDURE', N'AddHull'
EXEC sys.sp_addextendedproperty N'P', N'parameter', N'SCHEMA', N'yard', N'PROCEDURE', N'AddHull', N'PARAMETER', N'@Length'
EXEC sys.sp_addextendedproperty N'P', N'type', N'SCHEMA', N'yard', N'TYPE', N'Name'
EXEC sys.sp_addextendedproperty N'P', N'xml', N'SCHEMA', N'yard', N'XML SCHEMA COLLECTION', N'PlanSchema'
EXEC sys.sp_addextendedproperty N'P', N'trigger', N'TRIGGER', N'NoDrop'
EXEC sys.sp_addextendedproperty N'P', N'user', N'USER', N'ada'
EXEC sys.sp_addextendedproperty N'P', N'filegroup', N'FILEGROUP', N'USERDATA'
EXEC sys.sp_addextendedproperty N'P', N'function', N'PARTITION FUNCTION', N'PF_Year'
EXEC sys.sp_addextendedproperty N'P', N'scheme', N'PARTITION SCHEME', N'PS_Year'
EXEC sys.sp_updateextendedproperty N'P', N'the table', N'SCHEMA', N'yard', N'TABLE', N'Hull'
EXEC sys.sp_dropextendedproperty N'P', N'SCHEMA', N'yard'
GO
GRANT EXECUTE ON SCHEMA::[yard] TO shipwright
GRANT SELECT ON OBJECT::[yard].[Hull] TO ada WITH GRANT OPTION
DENY SELECT ON [yard].[Payment] ([Amount]) TO ada
GRANT VIEW DEFINITION, CREATE TABLE TO shipwright
REVOKE CREATE TABLE FROM shipwright CASCADE
GO
ALTER AUTHORIZATION ON DATABASE::[testdb] TO [sa]
CHECKPOINT
GO
