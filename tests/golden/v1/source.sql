-- The source of the golden files: see README.md.
CREATE TABLE dbo.Done (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Done PRIMARY KEY, Note nvarchar(50) NULL)
CREATE TABLE dbo.Begun (Id int NOT NULL CONSTRAINT PK_Begun PRIMARY KEY, DoneId int NOT NULL
    CONSTRAINT FK_Begun_Done FOREIGN KEY REFERENCES dbo.Done (Id), Amount decimal(18,2) NULL)
CREATE TABLE dbo.Broken (Code varchar(20) NOT NULL CONSTRAINT PK_Broken PRIMARY KEY, At datetime2(3) NULL)
CREATE TABLE dbo.Fresh (A int NULL, B uniqueidentifier NULL)
GO
CREATE INDEX IX_Begun_Done ON dbo.Begun (DoneId)
GO
INSERT INTO dbo.Done (Note) VALUES (N'eins'), (N'zwei'), (NULL), (N'fünf')
GO
INSERT INTO dbo.Begun (Id, DoneId, Amount) VALUES (1, 1, 1.50), (2, 1, NULL), (3, 4, -0.01)
GO
INSERT INTO dbo.Broken (Code, At) VALUES ('a', '2024-02-29T12:00:00.123'), ('b', NULL)
GO
INSERT INTO dbo.Fresh (A, B) VALUES (1, '6F9619FF-8B86-D011-B42D-00C04FC964FF'), (1, '6F9619FF-8B86-D011-B42D-00C04FC964FF'), (NULL, NULL)
GO
