-- Order entry: schemas, alias types, sequences, every kind of key, computed columns, defaults of every kind, a partitioned
-- table, a columnstore index, synonyms, views, triggers, procedures and functions. Names have blanks, brackets and words
-- that SQL reserves. Made for tests; no line is of a published database.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
CREATE SCHEMA sales AUTHORIZATION dbo
GO
CREATE SCHEMA [Ware House]
GO
CREATE TYPE dbo.[Account Number] FROM nvarchar(15) NOT NULL
CREATE TYPE sales.Flag FROM bit NOT NULL
CREATE TYPE dbo.[Order Lines] AS TABLE (Id int NOT NULL PRIMARY KEY, Amount money NULL)
GO
CREATE SEQUENCE sales.[Order Numbers] AS int START WITH 2000 INCREMENT BY 10 MINVALUE 1000 MAXVALUE 999990 CACHE 50
CREATE SEQUENCE dbo.Countdown AS smallint START WITH 5 INCREMENT BY -2 MINVALUE -5 MAXVALUE 5 CYCLE NO CACHE
CREATE SEQUENCE sales.Tiny AS tinyint START WITH 0
CREATE SEQUENCE sales.Wide AS decimal(20, 0) START WITH -7 INCREMENT BY 3
CREATE SEQUENCE dbo.[Plain one]
GO
CREATE FUNCTION sales.fn_Vat (@country char(2)) RETURNS decimal(5, 2) WITH SCHEMABINDING AS
BEGIN
    RETURN CASE @country WHEN 'DE' THEN 19.00 WHEN 'CH' THEN 8.10 ELSE 20.00 END;
END
GO
CREATE FUNCTION dbo.[fn Next Code] () RETURNS nvarchar(10) AS
BEGIN
    RETURN N'X-1';
END
GO
CREATE PARTITION FUNCTION pf_Day (date) AS RANGE RIGHT FOR VALUES ('2019-01-01', '2020-01-01', '2021-01-01')
CREATE PARTITION SCHEME ps_Day AS PARTITION pf_Day ALL TO ([PRIMARY])
GO
CREATE TABLE dbo.Country (
    Code char(2) NOT NULL,
    Name nvarchar(80) COLLATE Latin1_General_100_CI_AI NOT NULL,
    [Currency] char(3) NOT NULL DEFAULT 'EUR',
    CONSTRAINT PK_Country PRIMARY KEY CLUSTERED (Code),
    CONSTRAINT UQ_Country_Name UNIQUE NONCLUSTERED (Name)
)
CREATE TABLE sales.Customer (
    Id int IDENTITY(1, 1) NOT NULL CONSTRAINT PK_Customer PRIMARY KEY CLUSTERED,
    Number dbo.[Account Number] UNIQUE,
    Name nvarchar(100) NOT NULL,
    [E-Mail] varchar(120) NULL,
    Country char(2) NULL CONSTRAINT FK_Customer_Country FOREIGN KEY REFERENCES dbo.Country (Code) ON UPDATE CASCADE ON DELETE SET NULL,
    [Parent Id] int NULL,
    Credit money NOT NULL CONSTRAINT DF_Customer_Credit DEFAULT 0,
    Fee smallmoney NOT NULL DEFAULT ((100.00)),
    Rating tinyint NULL CONSTRAINT CK_Customer_Rating CHECK (Rating BETWEEN 0 AND 5),
    Since datetime NOT NULL CONSTRAINT DF_Customer_Since DEFAULT getdate(),
    [Row Guid] uniqueidentifier ROWGUIDCOL NOT NULL DEFAULT newsequentialid(),
    [Is Active] sales.Flag DEFAULT 1,
    [Display] AS ([Name] + N' (' + [Number] + N')'),
    [Credit Rounded] AS (CONVERT(bigint, [Fee])) PERSISTED,
    Version rowversion NOT NULL,
    CONSTRAINT FK_Customer_Parent FOREIGN KEY ([Parent Id]) REFERENCES sales.Customer (Id),
    CONSTRAINT CK_Customer_Mail CHECK ([E-Mail] LIKE '%_@_%._%' OR [E-Mail] IS NULL)
)
CREATE UNIQUE NONCLUSTERED INDEX [UX Customer E-Mail] ON sales.Customer ([E-Mail]) WHERE [E-Mail] IS NOT NULL
CREATE NONCLUSTERED INDEX [IX Customer Name, with a name that is far longer than sixty-three bytes allow] ON sales.Customer (Name DESC, Country) INCLUDE (Rating, [Is Active])
GO
CREATE TABLE [Ware House].[Stock]]Item] (
    Code varchar(10) COLLATE Latin1_General_BIN2 NOT NULL,
    [Name] nvarchar(60) NOT NULL,
    Ean bigint NULL,
    Lot int NULL,
    [Weight kg] decimal(18, 6) NOT NULL DEFAULT (0.5),
    Most decimal(38, 0) NULL,
    Least decimal(38, 38) NULL,
    Discontinued bit NOT NULL CONSTRAINT [DF Discontinued] DEFAULT (0),
    [Bar Code] varbinary(16) NULL DEFAULT 0x00,
    Factor float NULL DEFAULT 1e0,
    Ratio real NULL DEFAULT (-1.5),
    [Default Bin] nchar(4) NOT NULL DEFAULT N'A 1',
    Checked date NULL DEFAULT '1900-01-01',
    CONSTRAINT [PK Stock]]Item] PRIMARY KEY NONCLUSTERED (Code),
    CONSTRAINT [UQ Ean, once NULL] UNIQUE (Ean),
    CONSTRAINT CK_Weight CHECK ([Weight kg] >= 0 AND [Weight kg] < 100000),
    CONSTRAINT CK_Code CHECK (Code LIKE '[A-C][0-9]%')
)
CREATE UNIQUE CLUSTERED INDEX CX_Stock ON [Ware House].[Stock]]Item] (Lot DESC, Code)
GO
CREATE TABLE sales.[Order] (
    [Order] int NOT NULL CONSTRAINT [PK Order] PRIMARY KEY NONCLUSTERED CONSTRAINT [DF Order] DEFAULT (NEXT VALUE FOR sales.[Order Numbers]),
    [Customer Id] int NOT NULL CONSTRAINT [FK Order Customer] REFERENCES sales.Customer (Id),
    [Order Date] datetime2(7) NOT NULL DEFAULT sysdatetime(),
    Due datetime NULL,
    [Status] char(1) NOT NULL CONSTRAINT CK_Status CHECK ([Status] IN ('N', 'O', 'C', 'X')) DEFAULT 'N',
    Note nvarchar(max) NULL,
    Channel varchar(10) COLLATE Latin1_General_BIN2 NULL,
    [Time of Day] time(7) NULL,
    Promised datetimeoffset(7) NULL DEFAULT sysdatetimeoffset(),
    [Year] AS (datepart(year, [Order Date])),
    CONSTRAINT CK_Due CHECK (Due IS NULL OR Due > '1999-12-31' AND [Order Date] IS NOT NULL)
)
CREATE CLUSTERED INDEX [CX Order Date] ON sales.[Order] ([Order Date] DESC, [Order])
CREATE INDEX IX_Order_Open ON sales.[Order] ([Customer Id], [Status]) INCLUDE (Due) WHERE [Status] = 'O'
CREATE INDEX IX_Order_Channel ON sales.[Order] (Channel)
ALTER INDEX IX_Order_Channel ON sales.[Order] DISABLE
GO
CREATE TABLE sales.[Order Line] (
    [Order] int NOT NULL CONSTRAINT [FK Line Order] REFERENCES sales.[Order] ([Order]) ON DELETE CASCADE ON UPDATE CASCADE,
    [Line] smallint NOT NULL,
    Item varchar(10) COLLATE Latin1_General_BIN2 NOT NULL,
    Quantity int NOT NULL DEFAULT ((1)),
    [Unit Price] money NOT NULL,
    Discount decimal(5, 2) NOT NULL CONSTRAINT [DF Discount] DEFAULT ((0)),
    [Net] AS ([Quantity] * [Unit Price]) PERSISTED,
    CONSTRAINT [PK Order Line] PRIMARY KEY CLUSTERED ([Order] ASC, [Line] DESC) WITH (FILLFACTOR = 90),
    CONSTRAINT [FK Line Item] FOREIGN KEY (Item) REFERENCES [Ware House].[Stock]]Item] (Code),
    CONSTRAINT [CK Line] CHECK (Quantity > 0 AND Discount >= 0 AND Discount < 1 AND ([Unit Price] >= 0 OR Discount = 0))
)
CREATE NONCLUSTERED COLUMNSTORE INDEX NCCI_Line ON sales.[Order Line] (Item, Quantity, [Unit Price])
GO
CREATE TABLE [Ware House].Movement (
    Id bigint IDENTITY(-9000000000, -1) NOT NULL,
    Item varchar(10) COLLATE Latin1_General_BIN2 NULL CONSTRAINT FK_Movement_Item REFERENCES [Ware House].[Stock]]Item] (Code) ON DELETE SET NULL,
    [On Day] date NOT NULL,
    Amount decimal(19, 4) NOT NULL,
    Seen smalldatetime NULL DEFAULT (CONVERT(date, getdate())),
    CONSTRAINT PK_Movement PRIMARY KEY CLUSTERED ([On Day], Id) ON ps_Day ([On Day])
) ON ps_Day ([On Day])
CREATE INDEX IX_Movement_Item ON [Ware House].Movement (Item)
GO
CREATE TABLE dbo.Ledger (
    Id decimal(18, 0) IDENTITY(100, 5) NOT NULL PRIMARY KEY,
    Booking nvarchar(50) NOT NULL,
    Amount money NULL
)
CREATE TABLE dbo.[Code List] (
    Code nvarchar(10) NOT NULL CONSTRAINT DF_Code DEFAULT (dbo.[fn Next Code]()) PRIMARY KEY,
    Vat AS (sales.fn_Vat([Land])),
    [Land] char(2) NULL,
    Hits int NOT NULL DEFAULT NULL
)
CREATE TABLE dbo.[Only a heap] (A int NULL, B varchar(10) NULL)
GO
INSERT INTO dbo.Country (Code, Name, [Currency]) VALUES
    ('DE', N'Germany', 'EUR'),
    ('FR', N'France', 'EUR'),
    ('GB', N'United Kingdom', 'GBP'),
    ('US', N'United States', 'USD'),
    ('JP', N'日本', 'JPY'),
    ('GR', N'Ελλάδα', 'EUR'),
    ('CH', N'Schweiz', 'CHF'),
    ('SE', N'Sverige', 'SEK');
GO
INSERT INTO sales.Customer (Number, Name, [E-Mail], Country, [Parent Id], Credit, Fee, Rating, Since, [Row Guid], [Is Active]) VALUES
    (N'AC-00001', N'Łukasz Washer', 'customer1@example.com', 'FR', NULL, -922337203685477.5808, -214748.3648, 1, '1753-01-01T23:59:59.997', 'C4CA4238-A0B9-2382-0DCC-509A6F75849B', 1),
    (N'AC-00002', N'Ångström', 'customer2@example.com', 'GB', NULL, 0, 0, 2, '9999-12-31T12:34:56.123', 'C81E728D-9D4C-2F63-6F06-7F89CC14862C', 0),
    (N'AC-00003', N'Ñuñez Überwurfmutter', NULL, 'US', NULL, 0.0001, 100.0000, 3, '2015-02-21T00:00:00.000', 'ECCBC87E-4B5C-E2FE-2830-8FD9F2A7BAF3', 1),
    (N'AC-00004', N'O''Brien', 'customer4@example.com', 'JP', NULL, -0.0001, 0.0001, 4, '2015-03-10T23:59:59.997', 'A87FF679-A2F3-E71D-9181-A67B7542122C', 0),
    (N'AC-00005', N'Σωκράτης Skruv', 'customer5@example.com', 'GR', NULL, 214748.3647, 214748.3647, 5, '2015-03-27T12:34:56.123', 'E4DA3B7F-BBCE-2345-D777-2B0674A318D5', 1),
    (N'AC-00006', N'Жуков', NULL, 'CH', NULL, 100.00, -214748.3648, 0, '2015-04-13T00:00:00.000', '1679091C-5A88-0FAF-6FB5-E6087EB1B2DC', 0),
    (N'AC-00007', N'李 Шайба', 'customer7@example.com', 'SE', NULL, 99999.9999, 0, NULL, '2015-04-30T23:59:59.997', '8F14E45F-CEEA-167A-5A36-DEDD4BEA2543', 1),
    (N'AC-00008', N'Ōta', 'customer8@example.com', 'DE', 2, 922337203685477.5807, 100.0000, 2, '2015-05-17T12:34:56.123', 'C9F0F895-FB98-AB91-59F5-1FD0297E236D', 0),
    (N'AC-00009', N'Zoë ネジ', NULL, NULL, NULL, -922337203685477.5808, 0.0001, 3, '2015-06-03T00:00:00.000', '45C48CCE-2E2D-7FBD-EA1A-FC51C7C6AD26', 1),
    (N'AC-00010', N'de la Cruz   ', 'customer10@example.com', 'GB', NULL, 0, 214748.3647, 4, '2015-06-20T23:59:59.997', 'D3D94468-02A4-4259-755D-38E6D163E820', 0),
    (N'AC-00011', N'Straße O''Ring', 'customer11@example.com', 'US', NULL, 0.0001, -214748.3648, 5, '2015-07-07T12:34:56.123', '6512BD43-D9CA-A6E0-2C99-0B0A82652DCA', 1),
    (N'AC-00012', N'Müller', NULL, 'JP', 3, -0.0001, 0, 0, '2015-07-24T00:00:00.000', 'C20AD4D7-6FE9-7759-AA27-A0C99BFF6710', 0),
    (N'AC-00013', N'', 'customer13@example.com', 'GR', NULL, 214748.3647, 100.0000, 1, '2015-08-10T23:59:59.997', 'C51CE410-C124-A10E-0DB5-E4B97FC2AF39', 1),
    (N'AC-00014', N'Ångström', 'customer14@example.com', 'CH', NULL, 100.00, 0.0001, NULL, '2015-08-27T12:34:56.123', 'AAB32389-22BC-C25A-6F60-6EB525FFDC56', 0),
    (N'AC-00015', N'Ñuñez Überwurfmutter', NULL, 'SE', NULL, 99999.9999, 214748.3647, 3, '2015-09-13T00:00:00.000', '9BF31C7F-F062-936A-96D3-C8BD1F8F2FF3', 1),
    (N'AC-00016', N'O''Brien', 'customer16@example.com', 'DE', 4, 922337203685477.5807, -214748.3648, 4, '2015-09-30T23:59:59.997', 'C74D97B0-1EAE-257E-44AA-9D5BADE97BAF', 0),
    (N'AC-00017', N'Σωκράτης Skruv', 'customer17@example.com', 'FR', NULL, 20987639.0629, 0, 5, '2015-10-17T12:34:56.123', '70EFDF2E-C9B0-8607-9795-C442636B55FB', 1),
    (N'AC-00018', N'Жуков', NULL, NULL, NULL, 22222206.0666, 100.0000, 0, '2015-11-03T00:00:00.000', '6F4922F4-5568-161A-8CDF-4AD2299F6D23', 0),
    (N'AC-00019', N'李 Шайба', 'customer19@example.com', 'US', NULL, 23456773.0703, 0.0001, 1, '2015-11-20T23:59:59.997', '1F0E3DAD-9990-8345-F743-9F8FFABDFFC4', 1),
    (N'AC-00020', N'Ōta   ', 'customer20@example.com', 'JP', 5, 24691340.0740, 214748.3647, 2, '2015-12-07T12:34:56.123', '98F13708-2101-94C4-7568-7BE6106A3B84', 0);
INSERT INTO sales.Customer (Number, Name, [E-Mail], Country, [Parent Id], Credit, Fee, Rating, Since, [Row Guid], [Is Active]) VALUES
    (N'AC-00021', N'Zoë ネジ', NULL, 'GR', NULL, 25925907.0777, -214748.3648, NULL, '2015-12-24T00:00:00.000', '3C59DC04-8E88-5024-3BE8-079A5C74D079', 1),
    (N'AC-00022', N'de la Cruz', 'customer22@example.com', 'CH', NULL, 27160474.0814, 0, 4, '2016-01-10T23:59:59.997', 'B6D767D2-F8ED-5D21-A44B-0E5886680CB9', 0),
    (N'AC-00023', N'Straße O''Ring', 'customer23@example.com', 'SE', NULL, 28395041.0851, 100.0000, 5, '2016-01-27T12:34:56.123', '37693CFC-7480-49E4-5D87-B8C7D8B9AACD', 1),
    (N'AC-00024', N'Müller', NULL, 'DE', 6, 29629608.0888, 0.0001, 0, '2016-02-13T00:00:00.000', '1FF1DE77-4005-F8DA-13F4-2943881C655F', 0),
    (N'AC-00025', N'Łukasz Washer', 'customer25@example.com', 'FR', NULL, 30864175.0925, 214748.3647, 1, '2016-03-01T23:59:59.997', '8E296A06-7A37-5633-70DE-D05F5A3BF3EC', 1),
    (N'AC-00026', N'Ångström', 'customer26@example.com', 'GB', NULL, 32098742.0962, -214748.3648, 2, '2016-03-18T12:34:56.123', '4E732CED-3463-D06D-E0CA-9A15B6153677', 0),
    (N'AC-00027', N'Ñuñez Überwurfmutter', NULL, NULL, NULL, 33333309.0999, 0, 3, '2016-04-04T00:00:00.000', '02E74F10-E032-7AD8-68D1-38F2B4FDD6F0', 1),
    (N'AC-00028', N'O''Brien', 'customer28@example.com', 'JP', 7, 34567876.1036, 100.0000, NULL, '2016-04-21T23:59:59.997', '33E75FF0-9DD6-01BB-E69F-351039152189', 0),
    (N'AC-00029', N'Σωκράτης Skruv', 'customer29@example.com', 'GR', NULL, 35802443.1073, 0.0001, 5, '2016-05-08T12:34:56.123', '6EA9AB1B-AA0E-FB9E-1909-4440C317E21B', 1),
    (N'AC-00030', N'Жуков   ', NULL, 'CH', NULL, 37037010.1110, 214748.3647, 0, '2016-05-25T00:00:00.000', '34173CB3-8F07-F89D-DBEB-C2AC9128303F', 0),
    (N'AC-00031', N'李 Шайба', 'customer31@example.com', 'SE', NULL, 38271577.1147, -214748.3648, 1, '2016-06-11T23:59:59.997', 'C16A5320-FA47-5530-D958-3C34FD356EF5', 1),
    (N'AC-00032', N'Ōta', 'customer32@example.com', 'DE', 8, 39506144.1184, 0, 2, '2016-06-28T12:34:56.123', '6364D3F0-F495-B6AB-9DCF-8D3B5C6E0B01', 0),
    (N'AC-00033', N'Zoë ネジ', NULL, 'FR', NULL, 40740711.1221, 100.0000, 3, '2016-07-15T00:00:00.000', '182BE0C5-CDCD-5072-BB18-64CDEE4D3D6E', 1),
    (N'AC-00034', N'de la Cruz', 'customer34@example.com', 'GB', NULL, 41975278.1258, 0.0001, 4, '2016-08-01T23:59:59.997', 'E369853D-F766-FA44-E1ED-0FF613F563BD', 0),
    (N'AC-00035', N'Straße O''Ring', 'customer35@example.com', 'US', NULL, 43209845.1295, 214748.3647, NULL, '2016-08-18T12:34:56.123', '1C383CD3-0B7C-298A-B502-93ADFECB7B18', 1),
    (N'AC-00036', N'Müller', NULL, NULL, 9, 44444412.1332, -214748.3648, 0, '2016-09-04T00:00:00.000', '19CA14E7-EA63-28A4-2E0E-B13D585E4C22', 0),
    (N'AC-00037', N'Łukasz Washer', 'customer37@example.com', 'GR', NULL, 45678979.1369, 0, 1, '2016-09-21T23:59:59.997', 'A5BFC9E0-7964-F8DD-DEB9-5FC584CD965D', 1),
    (N'AC-00038', N'Ångström', 'customer38@example.com', 'CH', NULL, 46913546.1406, 100.0000, 2, '2016-10-08T12:34:56.123', 'A5771BCE-93E2-00C3-6F7C-D9DFD0E5DEAA', 0),
    (N'AC-00039', N'Ñuñez Überwurfmutter', NULL, 'SE', NULL, 48148113.1443, 0.0001, 3, '2016-10-25T00:00:00.000', 'D67D8AB4-F4C1-0BF2-2AA3-53E27879133C', 1),
    (N'AC-00040', N'O''Brien   ', 'customer40@example.com', 'DE', 10, 49382680.1480, 214748.3647, 4, '2016-11-11T23:59:59.997', 'D645920E-395F-EDAD-7BBB-ED0ECA3FE2E0', 0);
INSERT INTO sales.Customer (Number, Name, [E-Mail], Country, [Parent Id], Credit, Fee, Rating, Since, [Row Guid], [Is Active]) VALUES
    (N'AC-00041', N'Σωκράτης Skruv', 'customer41@example.com', 'FR', NULL, 50617247.1517, -214748.3648, 5, '2016-11-28T12:34:56.123', '3416A75F-4CEA-9109-507C-ACD8E2F2AEFC', 1),
    (N'AC-00042', N'Жуков', NULL, 'GB', NULL, 51851814.1554, 0, NULL, '2016-12-15T00:00:00.000', 'A1D0C6E8-3F02-7327-D846-1063F4AC58A6', 0),
    (N'AC-00043', N'李 Шайба', 'customer43@example.com', 'US', NULL, 53086381.1591, 100.0000, 1, '2017-01-01T23:59:59.997', '17E62166-FC85-86DF-A4D1-BC0E1742C08B', 1),
    (N'AC-00044', N'Ōta', 'customer44@example.com', 'JP', 11, 54320948.1628, 0.0001, 2, '2017-01-18T12:34:56.123', 'F7177163-C833-DFF4-B38F-C8D2872F1EC6', 0),
    (N'AC-00045', N'Zoë ネジ', NULL, NULL, NULL, 55555515.1665, 214748.3647, 3, '2017-02-04T00:00:00.000', '6C8349CC-7260-AE62-E3B1-396831A8398F', 1),
    (N'AC-00046', N'de la Cruz', 'customer46@example.com', 'CH', NULL, 56790082.1702, -214748.3648, 4, '2017-02-21T23:59:59.997', 'D9D4F495-E875-A2E0-75A1-A4A6E1B9770F', 0),
    (N'AC-00047', N'Straße O''Ring', 'customer47@example.com', 'SE', NULL, 58024649.1739, 0, 5, '2017-03-10T12:34:56.123', '67C6A1E7-CE56-D3D6-FA74-8AB6D9AF3FD7', 1),
    (N'AC-00048', N'Müller', NULL, 'DE', 12, 59259216.1776, 100.0000, 0, '2017-03-27T00:00:00.000', '642E92EF-B794-2173-4881-B53E1E1B18B6', 0),
    (N'AC-00049', N'Łukasz Washer', 'customer49@example.com', 'FR', NULL, 60493783.1813, 0.0001, NULL, '2017-04-13T23:59:59.997', 'F457C545-A9DE-D88F-18EC-EE47145A72C0', 1),
    (N'AC-00050', N'Ångström   ', 'customer50@example.com', 'GB', NULL, 61728350.1850, 214748.3647, 2, '2017-04-30T12:34:56.123', 'C0C7C76D-30BD-3DCA-EFC9-6F40275BDC0A', 0),
    (N'AC-00051', N'Ñuñez Überwurfmutter', NULL, 'US', NULL, 62962917.1887, -214748.3648, 3, '2017-05-17T00:00:00.000', '2838023A-778D-FAEC-DC21-2708F721B788', 1),
    (N'AC-00052', N'O''Brien', 'customer52@example.com', 'JP', 13, 64197484.1924, 0, 4, '2017-06-03T23:59:59.997', '9A115815-4DFA-42CA-DDBD-0694A4E9BDC8', 0),
    (N'AC-00053', N'Σωκράτης Skruv', 'customer53@example.com', 'GR', NULL, 65432051.1961, 100.0000, 5, '2017-06-20T12:34:56.123', 'D82C8D16-19AD-8176-D665-453CFB2E55F0', 1),
    (N'AC-00054', N'Жуков', NULL, NULL, NULL, 66666618.1998, 0.0001, 0, '2017-07-07T00:00:00.000', 'A684ECEE-E76F-C522-7732-86A895BC8436', 0),
    (N'AC-00055', N'李 Шайба', 'customer55@example.com', 'SE', NULL, 67901185.2035, 214748.3647, 1, '2017-07-24T23:59:59.997', 'B53B3A3D-6AB9-0CE0-2682-29151C9BDE11', 1),
    (N'AC-00056', N'Ōta', 'customer56@example.com', 'DE', 14, 69135752.2072, -214748.3648, NULL, '2017-08-10T12:34:56.123', '9F61408E-3AFB-633E-50CD-F1B20DE6F466', 0),
    (N'AC-00057', N'Zoë ネジ', NULL, 'FR', NULL, 70370319.2109, 0, 3, '2017-08-27T00:00:00.000', '72B32A1F-754B-A1C0-9B36-95E0CB6CDE7F', 1),
    (N'AC-00058', N'de la Cruz', 'customer58@example.com', 'GB', NULL, 71604886.2146, 100.0000, 4, '2017-09-13T23:59:59.997', '66F041E1-6A60-928B-05A7-E228A89C3799', 0),
    (N'AC-00059', N'Straße O''Ring', 'customer59@example.com', 'US', NULL, 72839453.2183, 0.0001, 5, '2017-09-30T12:34:56.123', '093F65E0-80A2-95F8-076B-1C5722A46AA2', 1),
    (N'AC-00060', N'Müller   ', NULL, 'JP', 15, 74074020.2220, 214748.3647, 0, '2017-10-17T00:00:00.000', '072B030B-A126-B2F4-B237-4F342BE9ED44', 0);
INSERT INTO sales.Customer (Number, Name, [E-Mail], Country, [Parent Id], Credit, Fee, Rating, Since, [Row Guid], [Is Active]) VALUES
    (N'AC-00061', N'Łukasz Washer', 'customer61@example.com', 'GR', NULL, 75308587.2257, -214748.3648, 1, '2017-11-03T23:59:59.997', '7F39F831-7FBD-B198-8EF4-C628EBA02591', 1),
    (N'AC-00062', N'Ångström', 'customer62@example.com', 'CH', NULL, 76543154.2294, 0, 2, '2017-11-20T12:34:56.123', '44F683A8-4163-B352-3AFE-57C2E008BC8C', 0),
    (N'AC-00063', N'Ñuñez Überwurfmutter', NULL, NULL, NULL, 77777721.2331, 100.0000, NULL, '2017-12-07T00:00:00.000', '03AFDBD6-6E79-29B1-25F8-597834FA83A4', 1),
    (N'AC-00064', N'O''Brien', 'customer64@example.com', 'DE', 16, 79012288.2368, 0.0001, 4, '2017-12-24T23:59:59.997', 'EA5D2F1C-4608-232E-07D3-AA3D998E5135', 0),
    (N'AC-00065', N'Σωκράτης Skruv', 'customer65@example.com', 'FR', NULL, 80246855.2405, 214748.3647, 5, '2018-01-10T12:34:56.123', 'FC490CA4-5C00-B124-9BBE-3554A4FDF6FB', 1),
    (N'AC-00066', N'Жуков', NULL, 'GB', NULL, 81481422.2442, -214748.3648, 0, '2018-01-27T00:00:00.000', '3295C76A-CBF4-CAAE-D33C-36B1B5FC2CB1', 0);
GO
INSERT INTO [Ware House].[Stock]]Item] (Code, [Name], Ean, Lot, [Weight kg], Most, Least, Discontinued, [Bar Code], Factor, Ratio) VALUES
    ('B001', N'Washer 1', 4000000000001, 0, 2703.000001, 99999999999999999999999999999999999999, 0.99999999999999999999999999999999999999, 0, 0x01FF00, 1.5e1, -1.25e-1),
    ('C002', N'Zahnrad 2', 4000000000002, NULL, 5406.000002, -99999999999999999999999999999999999999, -0.00000000000000000000000000000000000001, 0, 0x02FF00, 2.5e2, -2.25e-2),
    ('A003', N'Überwurfmutter 3', 4000000000003, 1, 8109.000003, 0, 0.3333333333, 0, 0x03FF00, 3.5e3, -3.25e-3),
    ('B004', N'Pièce détachée 4', 4000000000004, NULL, 839.000004, 4444444444, 0.4444444444, 0, 0x04FF00, 4.5e4, -4.25e-4),
    ('C005', N'Skruv 5', NULL, 2, 3542.000005, 5555555555, 0.5555555555, 0, 0x05FF00, 5.5e5, -5.25e-5),
    ('A006', N'Πένσα 6', 4000000000006, NULL, 6245.000006, 6666666666, 0.6666666666, 0, 0x06FF00, 6.5e6, -6.25e-6),
    ('B007', N'Шайба 7', 4000000000007, 3, 8948.000007, 7777777777, 0.7777777777, 0, 0x07FF00, 7.5e7, -7.25e-7),
    ('C008', N'螺丝 8', 4000000000008, NULL, 1678.000008, 8888888888, 0.8888888888, 0, 0x08FF00, 8.5e8, -8.25e-8),
    ('A009', N'ネジ 9', 4000000000009, 4, 4381.000009, 9999999999, 0.9999999999, 0, 0x09FF00, 9.5e9, -9.25e-9),
    ('B010', N'Gear 😀 10', 4000000000010, NULL, 7084.000010, 10101010101010101010, 0.10101010101010101010, 0, 0x0AFF00, 10.5e10, -10.25e-10),
    ('C011', N'O''Ring 11', 4000000000011, 5, 9787.000011, 11111111111111111111, 0.11111111111111111111, 1, 0x0BFF00, 11.5e11, -11.25e-11),
    ('A012', N'Bolt 12', 4000000000012, NULL, 2517.000012, 12121212121212121212, 0.12121212121212121212, 0, 0x0CFF00, 12.5e12, -12.25e-12),
    ('B013', N'Washer 13', 4000000000013, 6, 5220.000013, 13131313131313131313, 0.13131313131313131313, 0, 0x0DFF00, 13.5e13, -13.25e-13),
    ('C014', N'Zahnrad 14', 4000000000014, NULL, 7923.000014, 14141414141414141414, 0.14141414141414141414, 0, 0x0EFF00, 14.5e14, -14.25e-14),
    ('A015', N'Überwurfmutter 15', 4000000000015, 7, 653.000015, 15151515151515151515, 0.15151515151515151515, 0, 0x0FFF00, 15.5e15, -15.25e-15),
    ('B016', N'Pièce détachée 16', 4000000000016, NULL, 3356.000016, 16161616161616161616, 0.16161616161616161616, 0, 0x10FF00, 16.5e16, -16.25e-16),
    ('C017', N'Skruv 17', 4000000000017, 8, 6059.000017, 17171717171717171717, 0.17171717171717171717, 0, 0x11FF00, 17.5e17, -17.25e-17),
    ('A018', N'Πένσα 18', 4000000000018, NULL, 8762.000018, 18181818181818181818, 0.18181818181818181818, 0, 0x12FF00, 18.5e18, -18.25e-18),
    ('B019', N'Шайба 19', 4000000000019, 9, 1492.000019, 19191919191919191919, 0.19191919191919191919, 0, 0x13FF00, 19.5e19, -19.25e-19),
    ('C020', N'螺丝 20', 4000000000020, NULL, 4195.000020, 20202020202020202020, 0.20202020202020202020, 0, 0x14FF00, 20.5e20, -20.25e-20);
INSERT INTO [Ware House].[Stock]]Item] (Code, [Name], Ean, Lot, [Weight kg], Most, Least, Discontinued, [Bar Code], Factor, Ratio) VALUES
    ('A021', N'ネジ 21', 4000000000021, 10, 6898.000021, 21212121212121212121, 0.21212121212121212121, 0, 0x15FF00, 21.5e21, -21.25e-21),
    ('B022', N'Gear 😀 22', 4000000000022, NULL, 9601.000022, 22222222222222222222, 0.22222222222222222222, 1, 0x16FF00, 22.5e22, -22.25e-22),
    ('C023', N'O''Ring 23', 4000000000023, 11, 2331.000023, 23232323232323232323, 0.23232323232323232323, 0, 0x17FF00, 23.5e23, -23.25e-23),
    ('A024', N'Bolt 24', 4000000000024, NULL, 5034.000024, 24242424242424242424, 0.24242424242424242424, 0, 0x18FF00, 24.5e24, -24.25e-24),
    ('B025', N'Washer 25', 4000000000025, 12, 7737.000025, 25252525252525252525, 0.25252525252525252525, 0, 0x19FF00, 25.5e25, -25.25e-25),
    ('C026', N'Zahnrad 26', 4000000000026, NULL, 467.000026, 26262626262626262626, 0.26262626262626262626, 0, 0x1AFF00, 26.5e26, -26.25e-26),
    ('A027', N'Überwurfmutter 27', 4000000000027, 13, 3170.000027, 27272727272727272727, 0.27272727272727272727, 0, 0x1BFF00, 27.5e27, -27.25e-27),
    ('B028', N'Pièce détachée 28', 4000000000028, NULL, 5873.000028, 28282828282828282828, 0.28282828282828282828, 0, 0x1CFF00, 28.5e28, -28.25e-28),
    ('C029', N'Skruv 29', 4000000000029, 14, 8576.000029, 29292929292929292929, 0.29292929292929292929, 0, 0x1DFF00, 29.5e29, -29.25e-29),
    ('A030', N'Πένσα 30', 4000000000030, NULL, 1306.000030, 30303030303030303030, 0.30303030303030303030, 0, 0x1EFF00, 30.5e0, -30.25e-0),
    ('B031', N'Шайба 31', 4000000000031, 15, 4009.000031, 31313131313131313131, 0.31313131313131313131, 0, 0x1FFF00, 31.5e1, -31.25e-1),
    ('C032', N'螺丝 32', 4000000000032, NULL, 6712.000032, 32323232323232323232, 0.32323232323232323232, 0, 0x20FF00, 32.5e2, -32.25e-2),
    ('A033', N'ネジ 33', 4000000000033, 16, 9415.000033, 33333333333333333333, 0.33333333333333333333, 1, 0x21FF00, 33.5e3, -33.25e-3),
    ('B034', N'Gear 😀 34', 4000000000034, NULL, 2145.000034, 34343434343434343434, 0.34343434343434343434, 0, 0x22FF00, 34.5e4, -34.25e-4),
    ('C035', N'O''Ring 35', 4000000000035, 17, 4848.000035, 35353535353535353535, 0.35353535353535353535, 0, 0x23FF00, 35.5e5, -35.25e-5),
    ('A036', N'Bolt 36', 4000000000036, NULL, 7551.000036, 36363636363636363636, 0.36363636363636363636, 0, 0x24FF00, 36.5e6, -36.25e-6),
    ('B037', N'Washer 37', 4000000000037, 18, 281.000037, 37373737373737373737, 0.37373737373737373737, 0, 0x25FF00, 37.5e7, -37.25e-7),
    ('C038', N'Zahnrad 38', 4000000000038, NULL, 2984.000038, 38383838383838383838, 0.38383838383838383838, 0, 0x26FF00, 38.5e8, -38.25e-8),
    ('A039', N'Überwurfmutter 39', 4000000000039, 19, 5687.000039, 39393939393939393939, 0.39393939393939393939, 0, 0x27FF00, 39.5e9, -39.25e-9),
    ('B040', N'Pièce détachée 40', 4000000000040, NULL, 8390.000040, 40404040404040404040, 0.40404040404040404040, 0, 0x28FF00, 40.5e10, -40.25e-10);
INSERT INTO [Ware House].[Stock]]Item] (Code, [Name], Ean, Lot, [Weight kg], Most, Least, Discontinued, [Bar Code], Factor, Ratio) VALUES
    ('C041', N'Skruv 41', 4000000000041, 20, 1120.000041, 41414141414141414141, 0.41414141414141414141, 0, 0x29FF00, 41.5e11, -41.25e-11),
    ('A042', N'Πένσα 42', 4000000000042, NULL, 3823.000042, 42424242424242424242, 0.42424242424242424242, 0, 0x2AFF00, 42.5e12, -42.25e-12),
    ('B043', N'Шайба 43', 4000000000043, 21, 6526.000043, 43434343434343434343, 0.43434343434343434343, 0, 0x2BFF00, 43.5e13, -43.25e-13),
    ('C044', N'螺丝 44', 4000000000044, NULL, 9229.000044, 44444444444444444444, 0.44444444444444444444, 1, 0x2CFF00, 44.5e14, -44.25e-14),
    ('A045', N'ネジ 45', 4000000000045, 22, 1959.000045, 45454545454545454545, 0.45454545454545454545, 0, 0x2DFF00, 45.5e15, -45.25e-15),
    ('B046', N'Gear 😀 46', 4000000000046, NULL, 4662.000046, 46464646464646464646, 0.46464646464646464646, 0, 0x2EFF00, 46.5e16, -46.25e-16),
    ('C047', N'O''Ring 47', 4000000000047, 23, 7365.000047, 47474747474747474747, 0.47474747474747474747, 0, 0x2FFF00, 47.5e17, -47.25e-17),
    ('A048', N'Bolt 48', 4000000000048, NULL, 95.000048, 48484848484848484848, 0.48484848484848484848, 0, 0x30FF00, 48.5e18, -48.25e-18),
    ('B049', N'Washer 49', 4000000000049, 24, 2798.000049, 49494949494949494949, 0.49494949494949494949, 0, 0x31FF00, 49.5e19, -49.25e-19),
    ('C050', N'Zahnrad 50', 4000000000050, NULL, 5501.000050, 50505050505050505050, 0.50505050505050505050, 0, 0x32FF00, 50.5e20, -50.25e-20),
    ('A051', N'Überwurfmutter 51', 4000000000051, 25, 8204.000051, 51515151515151515151, 0.51515151515151515151, 0, 0x33FF00, 51.5e21, -51.25e-21),
    ('B052', N'Pièce détachée 52', 4000000000052, NULL, 934.000052, 52525252525252525252, 0.52525252525252525252, 0, 0x34FF00, 52.5e22, -52.25e-22),
    ('C053', N'Skruv 53', 4000000000053, 26, 3637.000053, 53535353535353535353, 0.53535353535353535353, 0, 0x35FF00, 53.5e23, -53.25e-23),
    ('A054', N'Πένσα 54', 4000000000054, NULL, 6340.000054, 54545454545454545454, 0.54545454545454545454, 0, 0x36FF00, 54.5e24, -54.25e-24),
    ('B055', N'Шайба 55', 4000000000055, 27, 9043.000055, 55555555555555555555, 0.55555555555555555555, 1, 0x37FF00, 55.5e25, -55.25e-25),
    ('C056', N'螺丝 56', 4000000000056, NULL, 1773.000056, 56565656565656565656, 0.56565656565656565656, 0, 0x38FF00, 56.5e26, -56.25e-26),
    ('A057', N'ネジ 57', 4000000000057, 28, 4476.000057, 57575757575757575757, 0.57575757575757575757, 0, 0x39FF00, 57.5e27, -57.25e-27),
    ('B058', N'Gear 😀 58', 4000000000058, NULL, 7179.000058, 58585858585858585858, 0.58585858585858585858, 0, 0x3AFF00, 58.5e28, -58.25e-28),
    ('C059', N'O''Ring 59', 4000000000059, 29, 9882.000059, 59595959595959595959, 0.59595959595959595959, 0, 0x3BFF00, 59.5e29, -59.25e-29),
    ('A060', N'Bolt 60', 4000000000060, NULL, 2612.000060, 60606060606060606060, 0.60606060606060606060, 0, 0x3CFF00, 60.5e0, -60.25e-0);
INSERT INTO [Ware House].[Stock]]Item] (Code, [Name], Ean, Lot, [Weight kg], Most, Least, Discontinued, [Bar Code], Factor, Ratio) VALUES
    ('B061', N'Washer 61', 4000000000061, 30, 5315.000061, 61616161616161616161, 0.61616161616161616161, 0, 0x3DFF00, 61.5e1, -61.25e-1),
    ('C062', N'Zahnrad 62', 4000000000062, NULL, 8018.000062, 62626262626262626262, 0.62626262626262626262, 0, 0x3EFF00, 62.5e2, -62.25e-2);
GO
INSERT INTO sales.[Order] ([Order], [Customer Id], [Order Date], Due, [Status], Note, Channel, [Time of Day], Promised) VALUES
    (1010, 2, '0001-01-01T00:00:00.0000000', '2019-01-06T00:00:00.997', 'O', N'', 'Web', '01:01:59.9999990', '2021-06-02T23:30:00.0000000 -01:30'),
    (1020, 3, '9999-12-31T23:59:59.9999990', '2019-01-07T00:00:00.997', 'C', N'Lieferung 2 — später, «vite», 速い 😀', 'shop', '02:02:59.9999990', '2021-06-03T23:30:00.0000000 +02:00'),
    (1030, 4, '2020-02-29T12:00:00.1234560', '2019-01-08T00:00:00.997', 'X', N'Lieferung 3 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'phone', '03:03:59.9999990', '2021-06-04T23:30:00.0000000 -03:30'),
    (1040, 5, '2019-03-08T20:00:00.0316760', '2019-01-09T00:00:00.997', 'N', NULL, 'web', '04:04:59.9999990', '2021-06-05T23:30:00.0000000 +04:00'),
    (1050, 6, '2019-03-25T13:00:00.0395950', NULL, 'O', N'Lieferung 5 — später, «vite», 速い 😀', 'Web', '05:05:59.9999990', '2021-06-06T23:30:00.0000000 -05:30'),
    (1060, 7, '2019-04-11T06:00:00.0475140', '2019-01-11T00:00:00.997', 'C', N'Lieferung 6 — später, «vite», 速い 😀', 'shop', '06:06:59.9999990', '2021-06-07T23:30:00.0000000 +06:00'),
    (1070, 8, '2019-04-27T23:00:00.0554330', '2019-01-12T00:00:00.997', 'X', N'Lieferung 7 — später, «vite», 速い 😀', 'phone', '07:07:59.9999990', '2021-06-08T23:30:00.0000000 -07:30'),
    (1080, 9, '2019-05-14T16:00:00.0633520', '2019-01-13T00:00:00.997', 'N', NULL, 'web', '08:08:59.9999990', '2021-06-09T23:30:00.0000000 +08:00'),
    (1090, 10, '2019-05-31T09:00:00.0712710', '2019-01-14T00:00:00.997', 'O', N'', 'Web', '09:09:59.9999990', '2021-06-10T23:30:00.0000000 -09:30'),
    (1100, 11, '2019-06-17T02:00:00.0791900', NULL, 'C', N'Lieferung 10 — später, «vite», 速い 😀', 'shop', '10:10:59.9999990', '2021-06-11T23:30:00.0000000 +10:00'),
    (1110, 12, '2019-07-03T19:00:00.0871090', '2019-01-16T00:00:00.997', 'X', N'Lieferung 11 — später, «vite», 速い 😀', 'phone', '11:11:59.9999990', '2021-06-12T23:30:00.0000000 -11:30'),
    (1120, 13, '2019-07-20T12:00:00.0950280', '2019-01-17T00:00:00.997', 'N', NULL, 'web', '12:12:59.9999990', '2021-06-13T23:30:00.0000000 +12:00'),
    (1130, 14, '2019-08-06T05:00:00.1029470', '2019-01-18T00:00:00.997', 'O', N'Lieferung 13 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'Web', '13:13:59.9999990', '2021-06-14T23:30:00.0000000 -13:00'),
    (1140, 15, '2019-08-22T22:00:00.1108660', '2019-01-19T00:00:00.997', 'C', N'Lieferung 14 — später, «vite», 速い 😀', 'shop', '14:14:59.9999990', '2021-06-15T23:30:00.0000000 +00:00'),
    (1150, 16, '2019-09-08T15:00:00.1187850', NULL, 'X', N'Lieferung 15 — später, «vite», 速い 😀', 'phone', '15:15:59.9999990', '2021-06-16T23:30:00.0000000 -01:30'),
    (1160, 17, '2019-09-25T08:00:00.1267040', '2019-01-21T00:00:00.997', 'N', NULL, 'web', '16:16:59.9999990', '2021-06-17T23:30:00.0000000 +02:00'),
    (1170, 18, '2019-10-12T01:00:00.1346230', '2019-01-22T00:00:00.997', 'O', N'', 'Web', '17:17:59.9999990', '2021-06-18T23:30:00.0000000 -03:30'),
    (1180, 19, '2019-10-28T18:00:00.1425420', '2019-01-23T00:00:00.997', 'C', N'Lieferung 18 — später, «vite», 速い 😀', 'shop', '18:18:59.9999990', '2021-06-19T23:30:00.0000000 +04:00'),
    (1190, 20, '2019-11-14T11:00:00.1504610', '2019-01-24T00:00:00.997', 'X', N'Lieferung 19 — später, «vite», 速い 😀', 'phone', '19:19:59.9999990', '2021-06-20T23:30:00.0000000 -05:30'),
    (1200, 21, '2019-12-01T04:00:00.1583800', NULL, 'N', NULL, 'web', '20:20:59.9999990', '2021-06-21T23:30:00.0000000 +06:00');
INSERT INTO sales.[Order] ([Order], [Customer Id], [Order Date], Due, [Status], Note, Channel, [Time of Day], Promised) VALUES
    (1210, 22, '2019-12-17T21:00:00.1662990', '2019-01-26T00:00:00.997', 'O', N'Lieferung 21 — später, «vite», 速い 😀', 'Web', '21:21:59.9999990', '2021-06-22T23:30:00.0000000 -07:30'),
    (1220, 23, '2020-01-03T14:00:00.1742180', '2019-01-27T00:00:00.997', 'C', N'Lieferung 22 — später, «vite», 速い 😀', 'shop', '22:22:59.9999990', '2021-06-23T23:30:00.0000000 +08:00'),
    (1230, 24, '2020-01-20T07:00:00.1821370', '2019-01-28T00:00:00.997', 'X', N'Lieferung 23 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'phone', '23:23:59.9999990', '2021-06-24T23:30:00.0000000 -09:30'),
    (1240, 25, '2020-02-06T00:00:00.1900560', '2019-01-29T00:00:00.997', 'N', NULL, 'web', '00:24:59.9999990', '2021-06-25T23:30:00.0000000 +10:00'),
    (1250, 26, '2020-02-22T17:00:00.1979750', NULL, 'O', N'', 'Web', '01:25:59.9999990', '2021-06-26T23:30:00.0000000 -11:30'),
    (1260, 27, '2020-03-10T10:00:00.2058940', '2019-01-31T00:00:00.997', 'C', N'Lieferung 26 — später, «vite», 速い 😀', 'shop', '02:26:59.9999990', '2021-06-27T23:30:00.0000000 +12:00'),
    (1270, 28, '2020-03-27T03:00:00.2138130', '2019-02-01T00:00:00.997', 'X', N'Lieferung 27 — später, «vite», 速い 😀', 'phone', '03:27:59.9999990', '2021-06-28T23:30:00.0000000 -13:00'),
    (1280, 29, '2020-04-12T20:00:00.2217320', '2019-02-02T00:00:00.997', 'N', NULL, 'web', '04:28:59.9999990', '2021-06-01T23:30:00.0000000 +00:00'),
    (1290, 30, '2020-04-29T13:00:00.2296510', '2019-02-03T00:00:00.997', 'O', N'Lieferung 29 — später, «vite», 速い 😀', 'Web', '05:29:59.9999990', '2021-06-02T23:30:00.0000000 -01:30'),
    (1300, 31, '2020-05-16T06:00:00.2375700', NULL, 'C', N'Lieferung 30 — später, «vite», 速い 😀', 'shop', '06:30:59.9999990', '2021-06-03T23:30:00.0000000 +02:00'),
    (1310, 32, '2020-06-01T23:00:00.2454890', '2019-02-05T00:00:00.997', 'X', N'Lieferung 31 — später, «vite», 速い 😀', 'phone', '07:31:59.9999990', '2021-06-04T23:30:00.0000000 -03:30'),
    (1320, 33, '2020-06-18T16:00:00.2534080', '2019-02-06T00:00:00.997', 'N', NULL, 'web', '08:32:59.9999990', '2021-06-05T23:30:00.0000000 +04:00'),
    (1330, 34, '2020-07-05T09:00:00.2613270', '2019-02-07T00:00:00.997', 'O', N'', 'Web', '09:33:59.9999990', '2021-06-06T23:30:00.0000000 -05:30'),
    (1340, 35, '2020-07-22T02:00:00.2692460', '2019-02-08T00:00:00.997', 'C', N'Lieferung 34 — später, «vite», 速い 😀', 'shop', '10:34:59.9999990', '2021-06-07T23:30:00.0000000 +06:00'),
    (1350, 36, '2020-08-07T19:00:00.2771650', NULL, 'X', N'Lieferung 35 — später, «vite», 速い 😀', 'phone', '11:35:59.9999990', '2021-06-08T23:30:00.0000000 -07:30'),
    (1360, 37, '2020-08-24T12:00:00.2850840', '2019-02-10T00:00:00.997', 'N', NULL, 'web', '12:36:59.9999990', '2021-06-09T23:30:00.0000000 +08:00'),
    (1370, 38, '2020-09-10T05:00:00.2930030', '2019-02-11T00:00:00.997', 'O', N'Lieferung 37 — später, «vite», 速い 😀', 'Web', '13:37:59.9999990', '2021-06-10T23:30:00.0000000 -09:30'),
    (1380, 39, '2020-09-26T22:00:00.3009220', '2019-02-12T00:00:00.997', 'C', N'Lieferung 38 — später, «vite», 速い 😀', 'shop', '14:38:59.9999990', '2021-06-11T23:30:00.0000000 +10:00'),
    (1390, 40, '2020-10-13T15:00:00.3088410', '2019-02-13T00:00:00.997', 'X', N'Lieferung 39 — später, «vite», 速い 😀', 'phone', '15:39:59.9999990', '2021-06-12T23:30:00.0000000 -11:30'),
    (1400, 41, '2020-10-30T08:00:00.3167600', NULL, 'N', NULL, 'web', '16:40:59.9999990', '2021-06-13T23:30:00.0000000 +12:00');
INSERT INTO sales.[Order] ([Order], [Customer Id], [Order Date], Due, [Status], Note, Channel, [Time of Day], Promised) VALUES
    (1410, 42, '2020-11-16T01:00:00.3246790', '2019-02-15T00:00:00.997', 'O', N'', 'Web', '17:41:59.9999990', '2021-06-14T23:30:00.0000000 -13:00'),
    (1420, 43, '2020-12-02T18:00:00.3325980', '2019-02-16T00:00:00.997', 'C', N'Lieferung 42 — später, «vite», 速い 😀', 'shop', '18:42:59.9999990', '2021-06-15T23:30:00.0000000 +00:00'),
    (1430, 44, '2020-12-19T11:00:00.3405170', '2019-02-17T00:00:00.997', 'X', N'Lieferung 43 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'phone', '19:43:59.9999990', '2021-06-16T23:30:00.0000000 -01:30'),
    (1440, 45, '2021-01-05T04:00:00.3484360', '2019-02-18T00:00:00.997', 'N', NULL, 'web', '20:44:59.9999990', '2021-06-17T23:30:00.0000000 +02:00'),
    (1450, 46, '2021-01-21T21:00:00.3563550', NULL, 'O', N'Lieferung 45 — später, «vite», 速い 😀', 'Web', '21:45:59.9999990', '2021-06-18T23:30:00.0000000 -03:30'),
    (1460, 47, '2021-02-07T14:00:00.3642740', '2019-02-20T00:00:00.997', 'C', N'Lieferung 46 — später, «vite», 速い 😀', 'shop', '22:46:59.9999990', '2021-06-19T23:30:00.0000000 +04:00'),
    (1470, 48, '2021-02-24T07:00:00.3721930', '2019-02-21T00:00:00.997', 'X', N'Lieferung 47 — später, «vite», 速い 😀', 'phone', '23:47:59.9999990', '2021-06-20T23:30:00.0000000 -05:30'),
    (1480, 49, '2021-03-13T00:00:00.3801120', '2019-02-22T00:00:00.997', 'N', NULL, 'web', '00:48:59.9999990', '2021-06-21T23:30:00.0000000 +06:00'),
    (1490, 50, '2021-03-29T17:00:00.3880310', '2019-02-23T00:00:00.997', 'O', N'', 'Web', '01:49:59.9999990', '2021-06-22T23:30:00.0000000 -07:30'),
    (1500, 51, '2021-04-15T10:00:00.3959500', NULL, 'C', N'Lieferung 50 — später, «vite», 速い 😀', 'shop', '02:50:59.9999990', '2021-06-23T23:30:00.0000000 +08:00'),
    (1510, 52, '2021-05-02T03:00:00.4038690', '2019-02-25T00:00:00.997', 'X', N'Lieferung 51 — später, «vite», 速い 😀', 'phone', '03:51:59.9999990', '2021-06-24T23:30:00.0000000 -09:30'),
    (1520, 53, '2021-05-18T20:00:00.4117880', '2019-02-26T00:00:00.997', 'N', NULL, 'web', '04:52:59.9999990', '2021-06-25T23:30:00.0000000 +10:00'),
    (1530, 54, '2021-06-04T13:00:00.4197070', '2019-02-27T00:00:00.997', 'O', N'Lieferung 53 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'Web', '05:53:59.9999990', '2021-06-26T23:30:00.0000000 -11:30'),
    (1540, 55, '2021-06-21T06:00:00.4276260', '2019-02-28T00:00:00.997', 'C', N'Lieferung 54 — später, «vite», 速い 😀', 'shop', '06:54:59.9999990', '2021-06-27T23:30:00.0000000 +12:00'),
    (1550, 56, '2021-07-07T23:00:00.4355450', NULL, 'X', N'Lieferung 55 — später, «vite», 速い 😀', 'phone', '07:55:59.9999990', '2021-06-28T23:30:00.0000000 -13:00'),
    (1560, 57, '2021-07-24T16:00:00.4434640', '2019-03-02T00:00:00.997', 'N', NULL, 'web', '08:56:59.9999990', '2021-06-01T23:30:00.0000000 +00:00'),
    (1570, 58, '2021-08-10T09:00:00.4513830', '2019-03-03T00:00:00.997', 'O', N'', 'Web', '09:57:59.9999990', '2021-06-02T23:30:00.0000000 -01:30'),
    (1580, 59, '2021-08-27T02:00:00.4593020', '2019-03-04T00:00:00.997', 'C', N'Lieferung 58 — später, «vite», 速い 😀', 'shop', '10:58:59.9999990', '2021-06-03T23:30:00.0000000 +02:00'),
    (1590, 60, '2021-09-12T19:00:00.4672210', '2019-03-05T00:00:00.997', 'X', N'Lieferung 59 — später, «vite», 速い 😀', 'phone', '11:59:59.9999990', '2021-06-04T23:30:00.0000000 -03:30'),
    (1600, 61, '2021-09-29T12:00:00.4751400', NULL, 'N', NULL, 'web', '12:00:59.9999990', '2021-06-05T23:30:00.0000000 +04:00');
INSERT INTO sales.[Order] ([Order], [Customer Id], [Order Date], Due, [Status], Note, Channel, [Time of Day], Promised) VALUES
    (1610, 62, '2021-10-16T05:00:00.4830590', '2019-03-07T00:00:00.997', 'O', N'Lieferung 61 — später, «vite», 速い 😀', 'Web', '13:01:59.9999990', '2021-06-06T23:30:00.0000000 -05:30'),
    (1620, 63, '2021-11-01T22:00:00.4909780', '2019-03-08T00:00:00.997', 'C', N'Lieferung 62 — später, «vite», 速い 😀', 'shop', '14:02:59.9999990', '2021-06-07T23:30:00.0000000 +06:00'),
    (1630, 64, '2021-11-18T15:00:00.4988970', '2019-03-09T00:00:00.997', 'X', N'Lieferung 63 — später, «vite», 速い 😀 x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x', 'phone', '15:03:59.9999990', '2021-06-08T23:30:00.0000000 -07:30'),
    (1640, 65, '2021-12-05T08:00:00.5068160', '2019-03-10T00:00:00.997', 'N', NULL, 'web', '16:04:59.9999990', '2021-06-09T23:30:00.0000000 +08:00'),
    (1650, 66, '2021-12-22T01:00:00.5147350', NULL, 'O', N'', 'Web', '17:05:59.9999990', '2021-06-10T23:30:00.0000000 -09:30'),
    (1660, 1, '2022-01-07T18:00:00.5226540', '2019-03-12T00:00:00.997', 'C', N'Lieferung 66 — später, «vite», 速い 😀', 'shop', '18:06:59.9999990', '2021-06-11T23:30:00.0000000 +10:00'),
    (1670, 2, '2022-01-24T11:00:00.5305730', '2019-03-13T00:00:00.997', 'X', N'Lieferung 67 — später, «vite», 速い 😀', 'phone', '19:07:59.9999990', '2021-06-12T23:30:00.0000000 -11:30'),
    (1680, 3, '2022-02-10T04:00:00.5384920', '2019-03-14T00:00:00.997', 'N', NULL, 'web', '20:08:59.9999990', '2021-06-13T23:30:00.0000000 +12:00'),
    (1690, 4, '2022-02-26T21:00:00.5464110', '2019-03-15T00:00:00.997', 'O', N'Lieferung 69 — später, «vite», 速い 😀', 'Web', '21:09:59.9999990', '2021-06-14T23:30:00.0000000 -13:00'),
    (1700, 5, '2022-03-15T14:00:00.5543300', NULL, 'C', N'Lieferung 70 — später, «vite», 速い 😀', 'shop', '22:10:59.9999990', '2021-06-15T23:30:00.0000000 +00:00');
GO
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1010, 1, 'C005', 2, 1.0001, 0.01),
    (1010, 2, 'A006', 2, 2.0002, 0.01),
    (1020, 1, 'C008', 3, 2.0001, 0.02),
    (1020, 2, 'A009', 3, 4.0002, 0.02),
    (1020, 3, 'B010', 3, 6.0003, 0.02),
    (1030, 1, 'C011', 4, 3.0001, 0.03),
    (1040, 1, 'C014', 5, 4.0001, 0.04),
    (1040, 2, 'A015', 5, 8.0002, 0.04),
    (1050, 1, 'C017', 6, 5.0001, 0.05),
    (1050, 2, 'A018', 6, 10.0002, 0.05),
    (1050, 3, 'B019', 6, 15.0003, 0.05),
    (1060, 1, 'C020', 7, 6.0001, 0.06),
    (1070, 1, 'C023', 8, 7.0001, 0.07),
    (1070, 2, 'A024', 8, 14.0002, 0.07),
    (1080, 1, 'C026', 9, 8.0001, 0.08),
    (1080, 2, 'A027', 9, 16.0002, 0.08),
    (1080, 3, 'B028', 9, 24.0003, 0.08),
    (1090, 1, 'C029', 1, 9.0001, 0.09),
    (1100, 1, 'C032', 2, 10.0001, 0.10),
    (1100, 2, 'A033', 2, 20.0002, 0.10);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1110, 1, 'C035', 3, 11.0001, 0.11),
    (1110, 2, 'A036', 3, 22.0002, 0.11),
    (1110, 3, 'B037', 3, 33.0003, 0.11),
    (1120, 1, 'C038', 4, 12.0001, 0.12),
    (1130, 1, 'C041', 5, 13.0001, 0.13),
    (1130, 2, 'A042', 5, 26.0002, 0.13),
    (1140, 1, 'C044', 6, 14.0001, 0.14),
    (1140, 2, 'A045', 6, 28.0002, 0.14),
    (1140, 3, 'B046', 6, 42.0003, 0.14),
    (1150, 1, 'C047', 7, 15.0001, 0.15),
    (1160, 1, 'C050', 8, 16.0001, 0.16),
    (1160, 2, 'A051', 8, 32.0002, 0.16),
    (1170, 1, 'C053', 9, 17.0001, 0.17),
    (1170, 2, 'A054', 9, 34.0002, 0.17),
    (1170, 3, 'B055', 9, 51.0003, 0.17),
    (1180, 1, 'C056', 1, 18.0001, 0.18),
    (1190, 1, 'C059', 2, 19.0001, 0.19),
    (1190, 2, 'A060', 2, 38.0002, 0.19),
    (1200, 1, 'C062', 3, 20.0001, 0.20),
    (1200, 2, 'B001', 3, 40.0002, 0.20);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1200, 3, 'C002', 3, 60.0003, 0.20),
    (1210, 1, 'A003', 4, 21.0001, 0.21),
    (1220, 1, 'A006', 5, 22.0001, 0.22),
    (1220, 2, 'B007', 5, 44.0002, 0.22),
    (1230, 1, 'A009', 6, 23.0001, 0.23),
    (1230, 2, 'B010', 6, 46.0002, 0.23),
    (1230, 3, 'C011', 6, 69.0003, 0.23),
    (1240, 1, 'A012', 7, 24.0001, 0.24),
    (1250, 1, 'A015', 8, 25.0001, 0.25),
    (1250, 2, 'B016', 8, 50.0002, 0.25),
    (1260, 1, 'A018', 9, 26.0001, 0.26),
    (1260, 2, 'B019', 9, 52.0002, 0.26),
    (1260, 3, 'C020', 9, 78.0003, 0.26),
    (1270, 1, 'A021', 1, 27.0001, 0.27),
    (1280, 1, 'A024', 2, 28.0001, 0.28),
    (1280, 2, 'B025', 2, 56.0002, 0.28),
    (1290, 1, 'A027', 3, 29.0001, 0.29),
    (1290, 2, 'B028', 3, 58.0002, 0.29),
    (1290, 3, 'C029', 3, 87.0003, 0.29),
    (1300, 1, 'A030', 4, 30.0001, 0.30);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1310, 1, 'A033', 5, 31.0001, 0.31),
    (1310, 2, 'B034', 5, 62.0002, 0.31),
    (1320, 1, 'A036', 6, 32.0001, 0.32),
    (1320, 2, 'B037', 6, 64.0002, 0.32),
    (1320, 3, 'C038', 6, 96.0003, 0.32),
    (1330, 1, 'A039', 7, 33.0001, 0.33),
    (1340, 1, 'A042', 8, 34.0001, 0.34),
    (1340, 2, 'B043', 8, 68.0002, 0.34),
    (1350, 1, 'A045', 9, 35.0001, 0.35),
    (1350, 2, 'B046', 9, 70.0002, 0.35),
    (1350, 3, 'C047', 9, 105.0003, 0.35),
    (1360, 1, 'A048', 1, 36.0001, 0.36),
    (1370, 1, 'A051', 2, 37.0001, 0.37),
    (1370, 2, 'B052', 2, 74.0002, 0.37),
    (1380, 1, 'A054', 3, 38.0001, 0.38),
    (1380, 2, 'B055', 3, 76.0002, 0.38),
    (1380, 3, 'C056', 3, 114.0003, 0.38),
    (1390, 1, 'A057', 4, 39.0001, 0.39),
    (1400, 1, 'A060', 5, 40.0001, 0.40),
    (1400, 2, 'B061', 5, 80.0002, 0.40);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1410, 1, 'B001', 6, 41.0001, 0.41),
    (1410, 2, 'C002', 6, 82.0002, 0.41),
    (1410, 3, 'A003', 6, 123.0003, 0.41),
    (1420, 1, 'B004', 7, 42.0001, 0.42),
    (1430, 1, 'B007', 8, 43.0001, 0.43),
    (1430, 2, 'C008', 8, 86.0002, 0.43),
    (1440, 1, 'B010', 9, 44.0001, 0.44),
    (1440, 2, 'C011', 9, 88.0002, 0.44),
    (1440, 3, 'A012', 9, 132.0003, 0.44),
    (1450, 1, 'B013', 1, 45.0001, 0.45),
    (1460, 1, 'B016', 2, 46.0001, 0.46),
    (1460, 2, 'C017', 2, 92.0002, 0.46),
    (1470, 1, 'B019', 3, 47.0001, 0.47),
    (1470, 2, 'C020', 3, 94.0002, 0.47),
    (1470, 3, 'A021', 3, 141.0003, 0.47),
    (1480, 1, 'B022', 4, 48.0001, 0.48),
    (1490, 1, 'B025', 5, 49.0001, 0.49),
    (1490, 2, 'C026', 5, 98.0002, 0.49),
    (1500, 1, 'B028', 6, 50.0001, 0.00),
    (1500, 2, 'C029', 6, 100.0002, 0.00);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1500, 3, 'A030', 6, 150.0003, 0.00),
    (1510, 1, 'B031', 7, 51.0001, 0.01),
    (1520, 1, 'B034', 8, 52.0001, 0.02),
    (1520, 2, 'C035', 8, 104.0002, 0.02),
    (1530, 1, 'B037', 9, 53.0001, 0.03),
    (1530, 2, 'C038', 9, 106.0002, 0.03),
    (1530, 3, 'A039', 9, 159.0003, 0.03),
    (1540, 1, 'B040', 1, 54.0001, 0.04),
    (1550, 1, 'B043', 2, 55.0001, 0.05),
    (1550, 2, 'C044', 2, 110.0002, 0.05),
    (1560, 1, 'B046', 3, 56.0001, 0.06),
    (1560, 2, 'C047', 3, 112.0002, 0.06),
    (1560, 3, 'A048', 3, 168.0003, 0.06),
    (1570, 1, 'B049', 4, 57.0001, 0.07),
    (1580, 1, 'B052', 5, 58.0001, 0.08),
    (1580, 2, 'C053', 5, 116.0002, 0.08),
    (1590, 1, 'B055', 6, 59.0001, 0.09),
    (1590, 2, 'C056', 6, 118.0002, 0.09),
    (1590, 3, 'A057', 6, 177.0003, 0.09),
    (1600, 1, 'B058', 7, 60.0001, 0.10);
INSERT INTO sales.[Order Line] ([Order], [Line], Item, Quantity, [Unit Price], Discount) VALUES
    (1610, 1, 'B061', 8, 61.0001, 0.11),
    (1610, 2, 'C062', 8, 122.0002, 0.11),
    (1620, 1, 'C002', 9, 62.0001, 0.12),
    (1620, 2, 'A003', 9, 124.0002, 0.12),
    (1620, 3, 'B004', 9, 186.0003, 0.12),
    (1630, 1, 'C005', 1, 63.0001, 0.13),
    (1640, 1, 'C008', 2, 64.0001, 0.14),
    (1640, 2, 'A009', 2, 128.0002, 0.14),
    (1650, 1, 'C011', 3, 65.0001, 0.15),
    (1650, 2, 'A012', 3, 130.0002, 0.15),
    (1650, 3, 'B013', 3, 195.0003, 0.15),
    (1660, 1, 'C014', 4, 66.0001, 0.16),
    (1670, 1, 'C017', 5, 67.0001, 0.17),
    (1670, 2, 'A018', 5, 134.0002, 0.17),
    (1680, 1, 'C020', 6, 68.0001, 0.18),
    (1680, 2, 'A021', 6, 136.0002, 0.18),
    (1680, 3, 'B022', 6, 204.0003, 0.18),
    (1690, 1, 'C023', 7, 69.0001, 0.19),
    (1700, 1, 'C026', 8, 70.0001, 0.20),
    (1700, 2, 'A027', 8, 140.0002, 0.20);
GO
INSERT INTO [Ware House].Movement (Item, [On Day], Amount, Seen) VALUES
    ('''C002''', '0001-01-01', -1.0001, '2018-02-01 01:30'),
    ('''A003''', '9999-12-31', 2.0002, '2018-03-01 02:30'),
    ('''B004''', '2020-01-01', -3.0003, '2018-04-01 03:30'),
    ('''C005''', '2018-04-03', 4.0004, '2018-05-01 04:30'),
    ('''A006''', '2018-04-26', -5.0005, '2018-06-01 05:30'),
    (NULL, '2018-05-19', 6.0006, '2018-07-01 06:30'),
    ('''C008''', '2018-06-11', -7.0007, '2018-08-01 07:30'),
    ('''A009''', '2018-07-04', 8.0008, '2018-09-01 08:30'),
    ('''B010''', '2018-07-27', -9.0009, '2018-10-01 09:30'),
    ('''C011''', '2018-08-19', 10.0010, '2018-11-01 10:30'),
    ('''A012''', '2018-09-11', -11.0011, '2018-12-01 11:30'),
    (NULL, '2018-10-04', 12.0012, '2018-01-01 12:30'),
    ('''C014''', '2018-10-27', -13.0013, '2018-02-01 13:30'),
    ('''A015''', '2018-11-19', 14.0014, '2018-03-01 14:30'),
    ('''B016''', '2018-12-12', -15.0015, '2018-04-01 15:30'),
    ('''C017''', '2019-01-04', 16.0016, '2018-05-01 16:30'),
    ('''A018''', '2019-01-27', -17.0017, '2018-06-01 17:30'),
    (NULL, '2019-02-19', 18.0018, '2018-07-01 18:30'),
    ('''C020''', '2019-03-14', -19.0019, '2018-08-01 19:30'),
    ('''A021''', '2019-04-06', 20.0020, '2018-09-01 20:30');
INSERT INTO [Ware House].Movement (Item, [On Day], Amount, Seen) VALUES
    ('''B022''', '2019-04-29', -21.0021, '2018-10-01 21:30'),
    ('''C023''', '2019-05-22', 22.0022, '2018-11-01 22:30'),
    ('''A024''', '2019-06-14', -23.0023, '2018-12-01 23:30'),
    (NULL, '2019-07-07', 24.0024, '2018-01-01 00:30'),
    ('''C026''', '2019-07-30', -25.0025, '2018-02-01 01:30'),
    ('''A027''', '2019-08-22', 26.0026, '2018-03-01 02:30'),
    ('''B028''', '2019-09-14', -27.0027, '2018-04-01 03:30'),
    ('''C029''', '2019-10-07', 28.0028, '2018-05-01 04:30'),
    ('''A030''', '2019-10-30', -29.0029, '2018-06-01 05:30'),
    (NULL, '2019-11-22', 30.0030, '2018-07-01 06:30'),
    ('''C032''', '2019-12-15', -31.0031, '2018-08-01 07:30'),
    ('''A033''', '2020-01-07', 32.0032, '2018-09-01 08:30'),
    ('''B034''', '2020-01-30', -33.0033, '2018-10-01 09:30'),
    ('''C035''', '2020-02-22', 34.0034, '2018-11-01 10:30'),
    ('''A036''', '2020-03-16', -35.0035, '2018-12-01 11:30'),
    (NULL, '2020-04-08', 36.0036, '2018-01-01 12:30'),
    ('''C038''', '2020-05-01', -37.0037, '2018-02-01 13:30'),
    ('''A039''', '2020-05-24', 38.0038, '2018-03-01 14:30'),
    ('''B040''', '2020-06-16', -39.0039, '2018-04-01 15:30'),
    ('''C041''', '2020-07-09', 40.0040, '2018-05-01 16:30');
INSERT INTO [Ware House].Movement (Item, [On Day], Amount, Seen) VALUES
    ('''A042''', '2020-08-01', -41.0041, '2018-06-01 17:30'),
    (NULL, '2020-08-24', 42.0042, '2018-07-01 18:30'),
    ('''C044''', '2020-09-16', -43.0043, '2018-08-01 19:30'),
    ('''A045''', '2020-10-09', 44.0044, '2018-09-01 20:30'),
    ('''B046''', '2020-11-01', -45.0045, '2018-10-01 21:30'),
    ('''C047''', '2020-11-24', 46.0046, '2018-11-01 22:30'),
    ('''A048''', '2020-12-17', -47.0047, '2018-12-01 23:30'),
    (NULL, '2021-01-09', 48.0048, '2018-01-01 00:30'),
    ('''C050''', '2021-02-01', -49.0049, '2018-02-01 01:30'),
    ('''A051''', '2021-02-24', 50.0050, '2018-03-01 02:30'),
    ('''B052''', '2021-03-19', -51.0051, '2018-04-01 03:30'),
    ('''C053''', '2021-04-11', 52.0052, '2018-05-01 04:30'),
    ('''A054''', '2021-05-04', -53.0053, '2018-06-01 05:30'),
    (NULL, '2021-05-27', 54.0054, '2018-07-01 06:30'),
    ('''C056''', '2021-06-19', -55.0055, '2018-08-01 07:30'),
    ('''A057''', '2021-07-12', 56.0056, '2018-09-01 08:30'),
    ('''B058''', '2021-08-04', -57.0057, '2018-10-01 09:30'),
    ('''C059''', '2021-08-27', 58.0058, '2018-11-01 10:30'),
    ('''A060''', '2021-09-19', -59.0059, '2018-12-01 11:30'),
    (NULL, '2021-10-12', 60.0060, '2018-01-01 12:30');
INSERT INTO [Ware House].Movement (Item, [On Day], Amount, Seen) VALUES
    ('''C062''', '2021-11-04', -61.0061, '2018-02-01 13:30'),
    ('''B001''', '2021-11-27', 62.0062, '2018-03-01 14:30'),
    ('''C002''', '2021-12-20', -63.0063, '2018-04-01 15:30'),
    ('''A003''', '2022-01-12', 64.0064, '2018-05-01 16:30'),
    ('''B004''', '2022-02-04', -65.0065, '2018-06-01 17:30'),
    (NULL, '2022-02-27', 66.0066, '2018-07-01 18:30'),
    ('''A006''', '2022-03-22', -67.0067, '2018-08-01 19:30'),
    ('''B007''', '2022-04-14', 68.0068, '2018-09-01 20:30'),
    ('''C008''', '2022-05-07', -69.0069, '2018-10-01 21:30'),
    ('''A009''', '2022-05-30', 70.0070, '2018-11-01 22:30'),
    ('''B010''', '2022-06-22', -71.0071, '2018-12-01 23:30'),
    (NULL, '2022-07-15', 72.0072, '2018-01-01 00:30'),
    ('''A012''', '2022-08-07', -73.0073, '2018-02-01 01:30'),
    ('''B013''', '2022-08-30', 74.0074, '2018-03-01 02:30'),
    ('''C014''', '2022-09-22', -75.0075, '2018-04-01 03:30'),
    ('''A015''', '2022-10-15', 76.0076, '2018-05-01 04:30'),
    ('''B016''', '2022-11-07', -77.0077, '2018-06-01 05:30'),
    (NULL, '2022-11-30', 78.0078, '2018-07-01 06:30'),
    ('''A018''', '2022-12-23', -79.0079, '2018-08-01 07:30'),
    ('''B019''', '2023-01-15', 80.0080, '2018-09-01 08:30');
GO
INSERT INTO dbo.Ledger (Booking, Amount) VALUES
    (N'Buchung 1', -922337203685477.5808),
    (N'Buchung 2', 0),
    (N'Buchung 3', 0.0001),
    (N'Buchung 4', -0.0001),
    (N'Buchung 5', 214748.3647),
    (N'Buchung 6', 100.00),
    (N'Buchung 7', 99999.9999),
    (N'Buchung 8', 922337203685477.5807),
    (N'Buchung 9', 9.5),
    (N'Buchung 10', 10.5),
    (N'Buchung 11', 11.5),
    (N'Buchung 12', 12.5),
    (N'Buchung 13', 13.5),
    (N'Buchung 14', 14.5),
    (N'Buchung 15', 15.5),
    (N'Buchung 16', 16.5),
    (N'Buchung 17', 17.5),
    (N'Buchung 18', 18.5),
    (N'Buchung 19', 19.5),
    (N'Buchung 20', 20.5);
INSERT INTO dbo.Ledger (Booking, Amount) VALUES
    (N'Buchung 21', 21.5),
    (N'Buchung 22', 22.5),
    (N'Buchung 23', 23.5),
    (N'Buchung 24', 24.5),
    (N'Buchung 25', 25.5),
    (N'Buchung 26', 26.5),
    (N'Buchung 27', 27.5),
    (N'Buchung 28', 28.5),
    (N'Buchung 29', 29.5),
    (N'Buchung 30', 30.5),
    (N'Buchung 31', 31.5),
    (N'Buchung 32', 32.5),
    (N'Buchung 33', 33.5),
    (N'Buchung 34', 34.5),
    (N'Buchung 35', 35.5),
    (N'Buchung 36', 36.5),
    (N'Buchung 37', 37.5),
    (N'Buchung 38', 38.5),
    (N'Buchung 39', 39.5),
    (N'Buchung 40', 40.5);
INSERT INTO dbo.Ledger (Booking, Amount) VALUES
    (N'Buchung 41', 41.5),
    (N'Buchung 42', 42.5),
    (N'Buchung 43', 43.5),
    (N'Buchung 44', 44.5),
    (N'Buchung 45', 45.5),
    (N'Buchung 46', 46.5),
    (N'Buchung 47', 47.5),
    (N'Buchung 48', 48.5),
    (N'Buchung 49', 49.5),
    (N'Buchung 50', 50.5),
    (N'Buchung 51', 51.5),
    (N'Buchung 52', 52.5),
    (N'Buchung 53', 53.5),
    (N'Buchung 54', 54.5),
    (N'Buchung 55', 55.5),
    (N'Buchung 56', 56.5),
    (N'Buchung 57', 57.5),
    (N'Buchung 58', 58.5),
    (N'Buchung 59', 59.5),
    (N'Buchung 60', 60.5);
GO
DELETE FROM dbo.Ledger WHERE Id > 390
GO
DBCC CHECKIDENT ('dbo.Ledger', RESEED, 1000)
GO
INSERT INTO dbo.[Only a heap] (A, B) VALUES (NEXT VALUE FOR dbo.Countdown, 'one'), (NEXT VALUE FOR dbo.Countdown, 'two'), (NULL, NULL), (1, 'same'), (1, 'same')
INSERT INTO dbo.[Only a heap] (A) VALUES (NEXT VALUE FOR sales.Wide), (NEXT VALUE FOR sales.Tiny)
GO
-- Untrusted, and switched off.
ALTER TABLE sales.[Order] WITH NOCHECK ADD CONSTRAINT CK_Untrusted CHECK ([Order] > 1000)
ALTER TABLE sales.Customer WITH NOCHECK ADD CONSTRAINT CK_Off CHECK (Credit > 0)
ALTER TABLE sales.Customer NOCHECK CONSTRAINT CK_Off
ALTER TABLE [Ware House].Movement NOCHECK CONSTRAINT FK_Movement_Item
GO
CREATE VIEW sales.[Open Orders] AS
SELECT o.[Order], o.[Order Date], c.Name FROM sales.[Order] AS o JOIN sales.Customer AS c ON c.Id = o.[Customer Id] WHERE o.[Status] = 'O'
GO
CREATE PROCEDURE sales.usp_Close @order int AS
BEGIN
    SET NOCOUNT ON;
    UPDATE sales.[Order] SET [Status] = 'C' WHERE [Order] = @order;
END
GO
CREATE FUNCTION sales.[tf Orders Of] (@customer int) RETURNS TABLE AS RETURN (SELECT [Order] FROM sales.[Order] WHERE [Customer Id] = @customer)
GO
CREATE TRIGGER sales.tr_Line ON sales.[Order Line] AFTER INSERT, UPDATE AS
BEGIN
    SET NOCOUNT ON;
END
GO
CREATE TRIGGER sales.[tr Off] ON sales.[Order] FOR DELETE AS RETURN
GO
DISABLE TRIGGER sales.[tr Off] ON sales.[Order]
GO
CREATE SYNONYM dbo.Orders FOR sales.[Order]
CREATE SYNONYM sales.Elsewhere FOR other_server.archive.dbo.Orders
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What we sell, to whom', @level0type = N'SCHEMA', @level0name = N'sales'
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'One row an order; it''s the "head"', @level0type = N'SCHEMA', @level0name = N'sales', @level1type = N'TABLE', @level1name = N'Order'
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'in €, netto', @level0type = N'SCHEMA', @level0name = N'sales', @level1type = N'TABLE', @level1name = N'Order Line', @level2type = N'COLUMN', @level2name = N'Unit Price'
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'newest first', @level0type = N'SCHEMA', @level0name = N'sales', @level1type = N'TABLE', @level1name = N'Order', @level2type = N'INDEX', @level2name = N'CX Order Date'
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'five stars', @level0type = N'SCHEMA', @level0name = N'sales', @level1type = N'TABLE', @level1name = N'Customer', @level2type = N'CONSTRAINT', @level2name = N'CK_Customer_Rating'
EXEC sys.sp_addextendedproperty @name = N'Owner', @value = N'sales department', @level0type = N'SCHEMA', @level0name = N'sales', @level1type = N'TABLE', @level1name = N'Customer'
GO
