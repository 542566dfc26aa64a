//! Tables of kinds that few servers have, and what is bound to columns: how they load, read, and show in the catalog.

mod shown;

use shown::Shown;

#[test]
fn memory_optimised_tables_are_closed_under_snapshot() {
    let mut s = Shown::new(
        "ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON
GO
CREATE TABLE dbo.Locks (
    Id int NOT NULL PRIMARY KEY NONCLUSTERED HASH WITH (BUCKET_COUNT = 1024),
    Name nvarchar(40) NOT NULL INDEX IX_Name,
    INDEX IX_Both NONCLUSTERED HASH (Id, Name) WITH (BUCKET_COUNT = 64)
) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = SCHEMA_AND_DATA)
GO
CREATE TABLE dbo.Cache (K int NOT NULL) WITH (MEMORY_OPTIMIZED = ON, DURABILITY = SCHEMA_ONLY)
GO
CREATE TABLE dbo.OnDisk (Id int NOT NULL PRIMARY KEY)
GO
INSERT INTO dbo.Locks VALUES (1, N'a')
INSERT INTO dbo.OnDisk VALUES (1)",
    );
    assert_eq!(
        s.rows("SELECT name, is_memory_optimized, durability, durability_desc FROM sys.tables ORDER BY name"),
        ["Cache|1|1|SCHEMA_ONLY", "Locks|1|0|SCHEMA_AND_DATA", "OnDisk|0|0|SCHEMA_AND_DATA"]
    );
    assert_eq!(
        s.rows(
            "SELECT i.type, i.type_desc, h.bucket_count FROM sys.indexes i
             LEFT JOIN sys.hash_indexes h ON h.object_id = i.object_id AND h.index_id = i.index_id
             WHERE i.object_id = OBJECT_ID('dbo.Locks') AND i.index_id > 0 ORDER BY i.name"
        ),
        ["7|NONCLUSTERED HASH|64", "2|NONCLUSTERED|NULL", "7|NONCLUSTERED HASH|1024"]
    );
    assert_eq!(s.rows("SELECT Name FROM dbo.Locks"), ["a"], "an autocommit read needs no hint");
    assert_eq!(s.error("BEGIN TRAN; SELECT Name FROM dbo.Locks"), 41368);
    assert_eq!(s.rows("SELECT Name FROM dbo.Locks WITH (SNAPSHOT); ROLLBACK"), ["a"]);
    assert_eq!(s.error("SELECT Id FROM dbo.OnDisk WITH (SNAPSHOT)"), 10794);
    let closed =
        s.said("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT Name FROM dbo.Locks WITH (SNAPSHOT)");
    assert!(closed[0].contains("cannot be accessed or created"), "{closed:?}");
    assert_eq!(s.error("SELECT Name FROM dbo.Locks"), 41332);
    assert_eq!(s.rows("SELECT Id FROM dbo.OnDisk"), ["1"]);
    for (sql, number) in [
        ("CREATE TABLE dbo.A (Id int NOT NULL PRIMARY KEY) WITH (MEMORY_OPTIMIZED = ON)", 12317),
        ("CREATE TABLE dbo.A (Id int NOT NULL) WITH (MEMORY_OPTIMIZED = ON)", 41321),
        ("CREATE TABLE dbo.A (Id int NOT NULL, INDEX i HASH (Id) WITH (BUCKET_COUNT = 8))", 10794),
    ] {
        assert_eq!(s.error(sql), number, "{sql}");
    }
}

#[test]
fn graph_tables_hide_their_internals() {
    let mut s = Shown::new(
        "CREATE TABLE dbo.Person (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL) AS NODE;
CREATE TABLE dbo.Knows (Since date NULL) AS EDGE;
CREATE TABLE dbo.Likes AS EDGE;
INSERT INTO dbo.Person (Id, Name) VALUES (1, N'Ada'), (2, N'Ben');
INSERT INTO dbo.Knows ($from_id, $to_id, Since) VALUES
    ('{\"type\":\"node\",\"schema\":\"dbo\",\"table\":\"Person\",\"id\":0}', '{\"type\":\"node\",\"schema\":\"dbo\",\"table\":\"Person\",\"id\":1}', '2020-01-02');",
    );
    assert_eq!(
        s.rows("SELECT name, is_node, is_edge FROM sys.tables ORDER BY name"),
        ["Knows|0|1", "Likes|0|1", "Person|1|0"]
    );
    let columns = "SELECT LEFT(name, LEN(name) - 33), is_hidden, graph_type, graph_type_desc, is_computed
        FROM sys.columns WHERE graph_type IS NOT NULL AND object_id = OBJECT_ID('dbo.%') ORDER BY column_id";
    assert_eq!(
        s.rows(&columns.replace('%', "Person")),
        ["graph_id|1|1|GRAPH_ID|0", "$node_id|0|2|GRAPH_ID_COMPUTED|0"]
    );
    assert_eq!(
        s.rows(&columns.replace('%', "Knows")),
        [
            "graph_id|1|1|GRAPH_ID|0",
            "$edge_id|0|2|GRAPH_ID_COMPUTED|0",
            "from_obj_id|1|4|GRAPH_FROM_OBJ_ID|0",
            "from_id|1|3|GRAPH_FROM_ID|0",
            "$from_id|0|5|GRAPH_FROM_ID_COMPUTED|0",
            "to_obj_id|1|7|GRAPH_TO_OBJ_ID|0",
            "to_id|1|6|GRAPH_TO_ID|0",
            "$to_id|0|8|GRAPH_TO_ID_COMPUTED|0",
        ]
    );
    let node = |id: i32| format!("{{\"type\":\"node\",\"schema\":\"dbo\",\"table\":\"Person\",\"id\":{id}}}");
    assert_eq!(s.rows("SELECT $node_id FROM dbo.Person ORDER BY Id"), [node(0), node(1)]);
    assert_eq!(
        s.rows("SELECT p.$node_id, p.Name FROM dbo.Person p WHERE Id = 2"),
        [format!("{}|Ben", node(1))]
    );
    assert_eq!(s.rows("SELECT $from_id, $to_id FROM dbo.Knows"), [format!("{}|{}", node(0), node(1))]);
    assert_eq!(
        s.rows("SELECT * FROM dbo.Person WHERE Id = 1"),
        [format!("{}|1|Ada", node(0))],
        "internal columns are not in *"
    );
    let internal = s.rows("SELECT name FROM sys.columns WHERE graph_type IN (1, 3, 4, 6, 7)");
    assert_eq!(internal.len(), 12 - 1);
    let of_person =
        s.rows("SELECT name FROM sys.columns WHERE graph_type = 1 AND object_id = OBJECT_ID('dbo.Person')");
    assert_eq!(s.error(&format!("SELECT [{}] FROM dbo.Person", of_person[0])), 13908);
    let shown =
        s.rows("SELECT name FROM sys.columns WHERE graph_type = 2 AND object_id = OBJECT_ID('dbo.Person')");
    assert_eq!(s.rows(&format!("SELECT [{}] FROM dbo.Person WHERE Id = 1", shown[0])), [node(0)]);
    assert_eq!(s.error("INSERT INTO dbo.Knows (Since) VALUES ('2020-01-01')"), 50999);
    assert_eq!(s.error(&format!("INSERT INTO dbo.Person ([{}], Id) VALUES (9, 9)", of_person[0])), 13908);
    assert_eq!(s.rows("UPDATE dbo.Person SET Name = N'Eve' WHERE Id = 2; SELECT $node_id, Name FROM dbo.Person WHERE Id = 2"), [format!("{}|Eve", node(1))]);
}

#[test]
fn defaults_and_rules_are_bound_to_columns_and_types() {
    let mut s = Shown::new(
        "CREATE DEFAULT dbo.NoneYet AS 0
GO
CREATE DEFAULT dbo.Unset AS 'N';
GO
CREATE RULE dbo.Positive AS @value >= 0
GO
CREATE TYPE dbo.Flag FROM char(1) NOT NULL
GO
CREATE TABLE dbo.Before (Id int NOT NULL, Done dbo.Flag)
GO
EXEC sp_bindefault 'dbo.Unset', 'dbo.Flag'
GO
CREATE TABLE dbo.Job (Id int NOT NULL PRIMARY KEY, Hours int NULL, Pay decimal(9,2) NULL, Own int DEFAULT 5, Closed dbo.Flag)
GO
EXEC sp_bindefault @defname = N'NoneYet', @objname = N'[dbo].[Job].[Hours]'
EXEC sys.sp_bindrule 'Positive', 'Job.Hours'
GO
INSERT INTO dbo.Job (Id) VALUES (1)
INSERT INTO dbo.Before (Id) VALUES (1)
GO",
    );
    assert_eq!(s.rows("SELECT Hours, Pay, Own, Closed FROM dbo.Job"), ["0|NULL|5|N"]);
    assert_eq!(s.rows("SELECT Done FROM dbo.Before"), ["N"]);
    assert_eq!(
        s.rows("SELECT type, type_desc, name, parent_object_id FROM sys.objects WHERE type IN ('D', 'R') AND parent_object_id = 0 ORDER BY name"),
        ["D |DEFAULT_CONSTRAINT|NoneYet|0", "R |RULE|Positive|0", "D |DEFAULT_CONSTRAINT|Unset|0"]
    );
    assert_eq!(
        s.rows(
            "SELECT c.name, OBJECT_DEFINITION(c.default_object_id), OBJECT_DEFINITION(c.rule_object_id) FROM sys.columns c
             WHERE c.object_id = OBJECT_ID('dbo.Job') AND c.name IN ('Hours', 'Pay', 'Own', 'Closed') ORDER BY c.column_id"
        ),
        [
            "Hours|CREATE DEFAULT dbo.NoneYet AS 0|CREATE RULE dbo.Positive AS @value >= 0",
            "Pay|NULL|NULL",
            "Own|((5))|NULL",
            "Closed|CREATE DEFAULT dbo.Unset AS 'N';|NULL",
        ]
    );
    assert_eq!(s.rows("SELECT COUNT(*) FROM sys.default_constraints"), ["1"]);
    assert_eq!(s.rows("SELECT COUNT(*) FROM sys.sql_modules"), ["3"]);
    assert_eq!(
        s.rows("SELECT OBJECT_NAME(default_object_id), rule_object_id FROM sys.types WHERE name = 'Flag'"),
        ["Unset|0"]
    );
    assert_eq!(s.error("DROP DEFAULT dbo.NoneYet"), 3716);
    assert_eq!(s.error("EXEC sp_bindefault 'NoneYet', 'Job.Own'"), 15103);
    assert_eq!(s.error("EXEC sp_bindefault 'NoneYet', 'Job.Nowhere'"), 15148);
    assert_eq!(s.error("EXEC sp_bindefault 'Nothing', 'Job.Hours'"), 15016);
    assert_eq!(s.error("EXEC sp_unbindefault 'dbo.Job.Hours'; DROP DEFAULT NoneYet"), 0);
    assert_eq!(s.error("EXEC sp_unbindefault 'Flag'; INSERT INTO dbo.Job (Id) VALUES (2)"), 515);
}
