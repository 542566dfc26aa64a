-- A small database to copy: ordinary things, a foreign key, and values that are easily got wrong. more.sql adds rows to watch.
CREATE SCHEMA sales;
GO
CREATE TABLE sales.Customer (
    Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Customer PRIMARY KEY,
    Name nvarchar(100) NOT NULL,
    Credit decimal(38, 10) NULL,
    Since date NOT NULL,
    Token uniqueidentifier NULL
);
CREATE TABLE sales.Orders (
    Id bigint NOT NULL CONSTRAINT PK_Orders PRIMARY KEY,
    CustomerId int NOT NULL CONSTRAINT FK_Orders_Customer REFERENCES sales.Customer (Id),
    Placed datetime2(3) NOT NULL,
    Total money NOT NULL,
    Note nvarchar(max) NULL
);
CREATE TABLE dbo.Setting (
    Name varchar(50) NOT NULL CONSTRAINT PK_Setting PRIMARY KEY,
    Value varbinary(max) NULL,
    Active bit NOT NULL
);
GO
-- NCHAR: what sqlcmd makes of a letter depends on the locale of its container.
INSERT INTO sales.Customer (Name, Credit, Since, Token) VALUES
    (N'Zo' + NCHAR(235) + N' M' + NCHAR(252) + N'ller', 1234567890123456789012345678.0123456789, '2001-02-03', '6F9619FF-8B86-D011-B42D-00C04FC964FF'),
    (NCHAR(23665) + NCHAR(30000), NULL, '1753-01-01', NULL),
    (N'O''Brien & Sons', -0.0000000001, '9999-12-31', '00000000-0000-0000-0000-000000000000');
INSERT INTO dbo.Setting (Name, Value, Active) VALUES ('empty', 0x, 1), ('none', NULL, 0), ('bytes', 0x00FF10, 1);
INSERT INTO sales.Orders (Id, CustomerId, Placed, Total, Note) VALUES
    (1, 1, '2026-01-01T00:00:00.001', 922337203685477.5807, N'largest'),
    (2, 1, '2026-01-02T12:00:00.999', -0.0001, NULL),
    (3, 2, '2026-01-03T23:59:59.000', 0, N'');
CREATE INDEX IX_Orders_Placed ON sales.Orders (Placed) INCLUDE (Total);
GO
