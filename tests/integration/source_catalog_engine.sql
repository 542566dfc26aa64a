-- What the catalog's queries must tell apart: names that need brackets, keys in another order than the columns, all
-- kinds of indexes and foreign keys, types that nothing is made of.
CREATE SCHEMA [sales dept];
GO
CREATE SCHEMA [select];
GO
CREATE TYPE dbo.[Phone Number] FROM varchar(24) NOT NULL;
CREATE TYPE [select].Amount FROM decimal(19, 4);
GO
CREATE TABLE [sales dept].[order] (
    [from] int IDENTITY(1000, -5) NOT NULL,
    [Order By] nvarchar(40) NOT NULL,
    [a]]b] smallint NOT NULL,
    region char(2) COLLATE Latin1_General_BIN2 NOT NULL,
    phone dbo.[Phone Number],
    amount [select].Amount NULL,
    quantity int NULL,
    total AS (amount * quantity) PERSISTED,
    placed datetime2(3) NOT NULL DEFAULT (sysutcdatetime()),
    [Größe 日本] real NULL,
    version rowversion NOT NULL,
    CONSTRAINT [PK order] PRIMARY KEY CLUSTERED (region DESC, [from]),
    CONSTRAINT [UQ order by] UNIQUE NONCLUSTERED ([Order By], [a]]b] DESC)
);
CREATE TABLE [sales dept].[order line] (
    line bigint NOT NULL,
    order_from int NULL,
    order_region char(2) COLLATE Latin1_General_BIN2 NULL,
    parent bigint NULL DEFAULT (0),
    product int NOT NULL CONSTRAINT [DF product] DEFAULT (7),
    note nvarchar(max) NULL,
    deleted bit NOT NULL,
    CONSTRAINT PK_line PRIMARY KEY NONCLUSTERED (line)
);
CREATE TABLE dbo.product (
    id int IDENTITY(1, 1) NOT NULL CONSTRAINT PK_product PRIMARY KEY,
    name sysname NOT NULL,
    guid uniqueidentifier ROWGUIDCOL NOT NULL,
    price money NOT NULL,
    discount numeric(5, 2) NULL,
    doubled AS price * 2
);
CREATE TABLE dbo.odd (
    place geography NULL,
    shape geometry NULL,
    node hierarchyid NULL,
    anything sql_variant NULL,
    document xml NULL,
    old_text text NULL,
    old_ntext ntext NULL,
    picture image NULL,
    at0 time(0) NULL,
    at7 datetimeoffset(7) NULL,
    small smalldatetime NULL,
    legacy datetime NULL,
    bytes varbinary(max) NULL,
    hash binary(20) NULL,
    ratio float(24) NULL,
    wide float NULL
);
CREATE TABLE [select].[table] (
    [key] uniqueidentifier NOT NULL CONSTRAINT [PK table] PRIMARY KEY NONCLUSTERED,
    [big] decimal(38, 0) IDENTITY(1, 1) NOT NULL
);
CREATE CLUSTERED INDEX [CX table] ON [select].[table] ([big]);
CREATE UNIQUE NONCLUSTERED INDEX [IX placed] ON [sales dept].[order] (placed DESC, region) INCLUDE (amount, [Größe 日本])
    WHERE quantity > 0;
CREATE INDEX IX_line_note ON [sales dept].[order line] (order_region, order_from DESC) WHERE deleted = 0 AND note IS NOT NULL;
CREATE INDEX IX_old ON dbo.product (price);
ALTER INDEX IX_old ON dbo.product DISABLE;
ALTER TABLE [sales dept].[order line] ADD
    CONSTRAINT [FK order] FOREIGN KEY (order_region, order_from) REFERENCES [sales dept].[order] (region, [from])
        ON DELETE CASCADE ON UPDATE SET NULL;
ALTER TABLE [sales dept].[order line] ADD
    CONSTRAINT FK_self FOREIGN KEY (parent) REFERENCES [sales dept].[order line] (line);
ALTER TABLE [sales dept].[order line] WITH NOCHECK ADD
    CONSTRAINT FK_product FOREIGN KEY (product) REFERENCES dbo.product (id) ON DELETE SET DEFAULT;
ALTER TABLE [sales dept].[order line] NOCHECK CONSTRAINT FK_self;
GO
INSERT INTO dbo.product (name, guid, price, discount) VALUES
    ('bolt', '00112233-4455-6677-8899-AABBCCDDEEFF', 0.05, NULL),
    ('nut', '10112233-4455-6677-8899-AABBCCDDEEFF', 0.03, 1.50),
    ('wing', '20112233-4455-6677-8899-AABBCCDDEEFF', 99999.99, 0);
INSERT INTO [sales dept].[order] ([Order By], [a]]b], region, phone, amount, quantity) VALUES
    (N'Änne', 1, 'AT', '+43 1', 12.5, 4), (N'Бob', 2, 'DE', '+49 30', NULL, 1);
INSERT INTO dbo.odd (hash) VALUES (0x01), (0x02), (0x03), (0x04), (0x05);
GO
