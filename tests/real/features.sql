-- What not every server has, or has in every edition. `--- SCHEMA: what` begins a part; its schema is made before.
-- needs: where it is. left out: names of columns that are not compared, as a regular expression.

--- temporal: a system-versioned temporal table
-- needs: SQL Server 2016, Azure SQL Database
-- https://learn.microsoft.com/sql/relational-databases/tables/creating-a-system-versioned-temporal-table
CREATE TABLE temporal.Price (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Amount decimal(9, 2) NOT NULL,
    ValidFrom datetime2(2) GENERATED ALWAYS AS ROW START NOT NULL,
    ValidTo datetime2(2) GENERATED ALWAYS AS ROW END NOT NULL,
    PERIOD FOR SYSTEM_TIME (ValidFrom, ValidTo)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = temporal.PriceHistory))
GO
INSERT INTO temporal.Price (Id, Amount) VALUES (1, 1.50), (2, 2.75)

--- temporal_changes: rows in the history of a temporal table
-- needs: SQL Server 2016, Azure SQL Database
CREATE TABLE temporal_changes.Price (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Amount decimal(9, 2) NOT NULL,
    ValidFrom datetime2(2) GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    ValidTo datetime2(2) GENERATED ALWAYS AS ROW END HIDDEN NOT NULL,
    PERIOD FOR SYSTEM_TIME (ValidFrom, ValidTo)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = temporal_changes.PriceHistory))
GO
INSERT INTO temporal_changes.Price (Id, Amount) VALUES (1, 1.50), (2, 2.75)
GO
UPDATE temporal_changes.Price SET Amount = 3.00 WHERE Id = 1
GO
DELETE FROM temporal_changes.Price WHERE Id = 2

--- clr: hierarchyid, geometry and geography
-- needs: servers with the CLR types
CREATE TABLE clr.Place (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Node hierarchyid NULL,
    Outline geometry NULL,
    At geography NULL
)
GO
INSERT INTO clr.Place (Id, Node, Outline, At) VALUES
    (1, CAST('/1/' AS hierarchyid), geometry::STGeomFromText('POINT (3 4)', 0), geography::Point(47.0, 15.4, 4326)),
    (2, CAST('/1/2/' AS hierarchyid), NULL, NULL)

--- clr_shapes: lines and polygons
-- needs: servers with the CLR types
CREATE TABLE clr_shapes.Area (Id int NOT NULL PRIMARY KEY CLUSTERED, Outline geometry NULL, Way geography NULL)
GO
INSERT INTO clr_shapes.Area (Id, Outline, Way) VALUES
    (1, geometry::STGeomFromText('POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 1 2, 2 2, 2 1, 1 1))', 0),
        geography::STGeomFromText('LINESTRING (-122.360 47.656, -122.343 47.656)', 4326)),
    (2, geometry::STGeomFromText('MULTIPOINT ((1 1), (2 2))', 31259), NULL)

--- spatial_index: a spatial index
-- needs: servers with the CLR types
CREATE TABLE spatial_index.Place (Id int NOT NULL PRIMARY KEY CLUSTERED, At geography NULL)
GO
CREATE SPATIAL INDEX SI_At ON spatial_index.Place (At)
GO
INSERT INTO spatial_index.Place (Id, At) VALUES (1, geography::Point(47.0, 15.4, 4326))

--- xml_index: a primary and a secondary XML index
-- needs: all but Fabric
CREATE TABLE xml_index.Note (Id int NOT NULL PRIMARY KEY CLUSTERED, Body xml NULL)
GO
CREATE PRIMARY XML INDEX PX_Body ON xml_index.Note (Body)
GO
CREATE XML INDEX SX_Body ON xml_index.Note (Body) USING XML INDEX PX_Body FOR PATH
GO
INSERT INTO xml_index.Note (Id, Body) VALUES (1, N'<a><b x="1">é</b></a>'), (2, NULL)

--- xml_schema: a typed xml column
-- needs: all but Fabric
-- https://learn.microsoft.com/sql/t-sql/statements/create-xml-schema-collection-transact-sql
CREATE XML SCHEMA COLLECTION xml_schema.Notes AS
    N'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"><xsd:element name="note" type="xsd:string"/></xsd:schema>'
GO
CREATE TABLE xml_schema.Note (Id int NOT NULL PRIMARY KEY CLUSTERED, Body xml (xml_schema.Notes) NULL)
GO
INSERT INTO xml_schema.Note (Id, Body) VALUES (1, N'<note>text</note>')

--- filtered: a filtered unique index
-- needs: all but Fabric
CREATE TABLE filtered.Badge (Id int NOT NULL PRIMARY KEY CLUSTERED, Number int NULL)
GO
CREATE UNIQUE INDEX UX_Number ON filtered.Badge (Number) WHERE Number IS NOT NULL
GO
INSERT INTO filtered.Badge (Id, Number) VALUES (1, 7), (2, NULL), (3, NULL)

--- columnstore: a clustered columnstore index
-- needs: SQL Server 2016 SP1, Azure SQL Database from S3
CREATE TABLE columnstore.Fact (Id int NOT NULL, Amount money NULL)
GO
CREATE CLUSTERED COLUMNSTORE INDEX CC_Fact ON columnstore.Fact
GO
INSERT INTO columnstore.Fact (Id, Amount) VALUES (1, 1.5), (2, NULL), (2, NULL)

--- partitioned: a partitioned table
-- needs: SQL Server 2016 SP1, Azure SQL Database
CREATE PARTITION FUNCTION pf_real (int) AS RANGE RIGHT FOR VALUES (100, 200)
GO
CREATE PARTITION SCHEME ps_real AS PARTITION pf_real ALL TO ([PRIMARY])
GO
CREATE TABLE partitioned.Movement (Id int NOT NULL, Amount money NULL, CONSTRAINT PK_Movement PRIMARY KEY CLUSTERED (Id)) ON ps_real (Id)
GO
INSERT INTO partitioned.Movement (Id, Amount) VALUES (1, 1), (100, 2), (150, 3), (200, 4), (1000, 5)

--- compressed: page compression
-- needs: SQL Server 2016 SP1, Azure SQL Database
CREATE TABLE compressed.Page (Id int NOT NULL PRIMARY KEY CLUSTERED, Words nvarchar(100) NULL) WITH (DATA_COMPRESSION = PAGE)
GO
INSERT INTO compressed.Page (Id, Words) VALUES (1, N'again and again and again'), (2, N'')

--- masked: a masked column, read by a login that may see it
-- needs: SQL Server 2016, Azure SQL Database
CREATE TABLE masked.Person (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Mail nvarchar(100) MASKED WITH (FUNCTION = 'email()') NULL
)
GO
INSERT INTO masked.Person (Id, Mail) VALUES (1, N'anna@example.com')

--- sequences: a default from a sequence
-- needs: SQL Server 2012, Azure SQL Database
CREATE SEQUENCE sequences.Numbers AS bigint START WITH 500 INCREMENT BY 5
GO
CREATE TABLE sequences.Ticket (Id bigint NOT NULL CONSTRAINT DF_Ticket DEFAULT (NEXT VALUE FOR sequences.Numbers) PRIMARY KEY CLUSTERED, Name varchar(9) NULL)
GO
INSERT INTO sequences.Ticket (Name) VALUES ('a'), ('b')

--- computed: computed columns, one persisted
-- needs: all but Fabric
CREATE TABLE computed.Line (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Quantity int NOT NULL,
    Price decimal(9, 2) NOT NULL,
    Total AS (Quantity * Price),
    Twice AS (Quantity * 2) PERSISTED
)
GO
INSERT INTO computed.Line (Id, Quantity, Price) VALUES (1, 3, 1.25), (2, 0, 9.99)

--- alias_types: an alias type with a bound default and a rule
-- needs: all but Fabric
-- Deprecated, and used by published schemas: https://learn.microsoft.com/sql/t-sql/statements/create-rule-transact-sql
CREATE TYPE alias_types.Code FROM varchar(9) NOT NULL
GO
CREATE DEFAULT alias_types.NoCode AS 'none'
GO
CREATE RULE alias_types.AnyCode AS LEN(@value) > 0
GO
EXEC sp_bindefault 'alias_types.NoCode', 'alias_types.Code'
GO
CREATE TABLE alias_types.Thing (Id int NOT NULL PRIMARY KEY CLUSTERED, Code alias_types.Code)
GO
EXEC sp_bindrule 'alias_types.AnyCode', 'alias_types.Thing.Code'
GO
INSERT INTO alias_types.Thing (Id, Code) VALUES (1, 'x'), (2, 'y')

--- ignore_dup_key: an index that ignores duplicates
-- needs: all but Fabric
CREATE TABLE ignore_dup_key.Tag (Id int NOT NULL PRIMARY KEY CLUSTERED, Name varchar(9) NOT NULL)
GO
CREATE UNIQUE INDEX UX_Name ON ignore_dup_key.Tag (Name) WITH (IGNORE_DUP_KEY = ON)
GO
INSERT INTO ignore_dup_key.Tag (Id, Name) VALUES (1, 'a'), (2, 'b')

--- sparse: sparse columns and a column set
-- needs: all but Fabric
-- left out: ^Everything$
-- https://learn.microsoft.com/sql/relational-databases/tables/use-column-sets
CREATE TABLE sparse.Product (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    Color varchar(20) SPARSE NULL,
    Weight int SPARSE NULL,
    Everything xml COLUMN_SET FOR ALL_SPARSE_COLUMNS
)
GO
INSERT INTO sparse.Product (Id, Color) VALUES (1, 'red'), (2, NULL)
GO
INSERT INTO sparse.Product (Id, Weight) VALUES (3, 5)

--- graph: a node table and an edge table
-- needs: SQL Server 2017, Azure SQL Database
-- left out: ^(graph_id|from_obj_id|from_id|to_obj_id|to_id)_|^\$
-- https://learn.microsoft.com/sql/t-sql/statements/create-table-sql-graph
CREATE TABLE graph.Person (Id int NOT NULL PRIMARY KEY, Name nvarchar(20) NULL) AS NODE
GO
CREATE TABLE graph.Likes (Since date NULL) AS EDGE
GO
INSERT INTO graph.Person (Id, Name) VALUES (1, N'Anna'), (2, N'Bert')
GO
INSERT INTO graph.Likes ($from_id, $to_id, Since)
VALUES ((SELECT $node_id FROM graph.Person WHERE Id = 1), (SELECT $node_id FROM graph.Person WHERE Id = 2), '2024-02-29')

--- ledger: an append-only ledger table
-- needs: SQL Server 2022, Azure SQL Database
-- left out: ^ledger_
-- https://learn.microsoft.com/sql/relational-databases/security/ledger/ledger-how-to-append-only-ledger-tables
CREATE TABLE ledger.KeyCard (Id int NOT NULL, Note nvarchar(50) NULL) WITH (LEDGER = ON (APPEND_ONLY = ON))
GO
INSERT INTO ledger.KeyCard (Id, Note) VALUES (1, N'in'), (2, N'out')

--- memory_optimized: a memory-optimized table
-- needs: SQL Server 2016 SP1; not Express before, not Azure SQL Database below Premium
-- https://learn.microsoft.com/sql/relational-databases/in-memory-oltp/the-memory-optimized-filegroup
DECLARE @add nvarchar(max) = N'ALTER DATABASE CURRENT ADD FILEGROUP in_memory CONTAINS MEMORY_OPTIMIZED_DATA'
EXEC (@add)
GO
DECLARE @file nvarchar(400) = CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(260)) + DB_NAME() + N'_in_memory'
DECLARE @add nvarchar(max) = N'ALTER DATABASE CURRENT ADD FILE (NAME = in_memory, FILENAME = ''' + @file + N''') TO FILEGROUP in_memory'
EXEC (@add)
GO
CREATE TABLE memory_optimized.Session (
    Id int NOT NULL PRIMARY KEY NONCLUSTERED,
    Name nvarchar(20) NULL
) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = SCHEMA_AND_DATA)
GO
INSERT INTO memory_optimized.Session (Id, Name) VALUES (1, N'one'), (2, NULL)

--- full_text: a full-text index
-- needs: the component Full-Text Search
CREATE TABLE full_text.Article (Id int NOT NULL CONSTRAINT PK_Article PRIMARY KEY CLUSTERED, Body nvarchar(max) NULL)
GO
INSERT INTO full_text.Article (Id, Body) VALUES (1, N'words and words')
GO
CREATE FULLTEXT CATALOG real_articles
GO
CREATE FULLTEXT INDEX ON full_text.Article (Body) KEY INDEX PK_Article ON real_articles

--- modules: a view, a procedure, a function, a trigger, a synonym
-- needs: all but Fabric
CREATE TABLE modules.Thing (Id int NOT NULL PRIMARY KEY CLUSTERED, Name nvarchar(20) NULL)
GO
CREATE VIEW modules.Named AS SELECT Id, Name FROM modules.Thing WHERE Name IS NOT NULL
GO
CREATE PROCEDURE modules.Nothing AS SET NOCOUNT ON
GO
CREATE FUNCTION modules.Twice (@n int) RETURNS int AS BEGIN RETURN @n * 2 END
GO
CREATE TRIGGER modules.Quiet ON modules.Thing AFTER INSERT AS SET NOCOUNT ON
GO
CREATE SYNONYM modules.Other FOR modules.Thing
GO
INSERT INTO modules.Thing (Id, Name) VALUES (1, N'one'), (2, NULL)

--- security_policy: a row-level security policy that is switched off
-- needs: SQL Server 2016, Azure SQL Database
-- https://learn.microsoft.com/sql/t-sql/statements/create-security-policy-transact-sql
CREATE TABLE security_policy.Tenant (Id int NOT NULL PRIMARY KEY CLUSTERED)
GO
CREATE FUNCTION security_policy.Seen (@id int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS seen WHERE @id > 1
GO
CREATE SECURITY POLICY security_policy.Tenants ADD FILTER PREDICATE security_policy.Seen (Id) ON security_policy.Tenant WITH (STATE = OFF)
GO
INSERT INTO security_policy.Tenant (Id) VALUES (1), (2)

--- long_names: names of 128 characters
-- needs: every server
CREATE TABLE long_names.[T123456789012345678901234567890123456789012345678901234567890123] (
    Id int NOT NULL PRIMARY KEY CLUSTERED,
    [Größe in Zoll "] int NULL
)
GO
INSERT INTO long_names.[T123456789012345678901234567890123456789012345678901234567890123] VALUES (1, 2)
