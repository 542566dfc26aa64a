-- Types whose values are no plain scalars, and the indexes on them: xml, hierarchyid, geography, geometry, sql_variant and
-- the old long types. Made for tests.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
CREATE SCHEMA odd
GO
CREATE TABLE odd.Place (
    Id int NOT NULL CONSTRAINT PK_Place PRIMARY KEY,
    At geography NULL,
    Outline geometry NULL,
    Tags xml NULL,
    Node hierarchyid NULL,
    Any_ sql_variant NULL,
    Old varchar(20) NULL
)
CREATE TABLE odd.Old (
    Id int NOT NULL CONSTRAINT PK_Old PRIMARY KEY,
    Words text COLLATE Latin1_General_CI_AS NULL,
    Wide ntext NULL,
    Bytes image NULL
)
GO
-- One statement a row: the rows of one VALUES would be converted to one type. POINT(2 1) and POINT(-0.5 51.25) in 4326; POINT(3 4) in 0.
INSERT INTO odd.Place (Id, At, Outline, Tags, Node, Any_, Old) VALUES
    (1, geography::Point(1, 2, 4326), geometry::STGeomFromText('POINT (3 4)', 0), N'<a b="1">é😀</a>', CAST('/1/' AS hierarchyid), CAST(7 AS bigint), 'x')
INSERT INTO odd.Place (Id, At, Outline, Tags, Node, Any_, Old) VALUES
    (2, geography::Point(51.25, -0.5, 4326), NULL, N'<?xml version="1.0" encoding="utf-16"?><r/>', CAST('/' AS hierarchyid), CAST(N'text' AS nvarchar(10)), '')
INSERT INTO odd.Place (Id, At, Outline, Tags, Node, Any_, Old) VALUES
    (3, NULL, NULL, N'', CAST('/1/1/' AS hierarchyid), CAST('2020-02-29T12:00:00.123' AS datetime2(7)), NULL)
INSERT INTO odd.Place (Id, At, Outline, Tags, Node, Any_, Old) VALUES
    (4, NULL, NULL, NULL, NULL, CAST(0x00FF AS varbinary(4)), NULL)
INSERT INTO odd.Place (Id, At, Outline, Tags, Node, Any_, Old) VALUES
    (5, NULL, NULL, N'two <b/> roots <c/>', NULL, NULL, NULL)
INSERT INTO odd.Old (Id, Words, Wide, Bytes) VALUES
    (1, 'Größe', N'wide 😀', 0x00FF), (2, '', N'', 0x), (3, NULL, NULL, NULL)
GO
CREATE PRIMARY XML INDEX PX_Tags ON odd.Place (Tags)
CREATE XML INDEX SX_Tags ON odd.Place (Tags) USING XML INDEX PX_Tags FOR PATH
CREATE SPATIAL INDEX SI_At ON odd.Place (At)
GO
