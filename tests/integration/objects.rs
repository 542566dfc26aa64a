//! Every kind of schema object, from the source's catalog to the target's.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::Value as Json;

const SCRIPT: &str = "
CREATE TYPE dbo.Code FROM varchar(10) NOT NULL
GO
CREATE SEQUENCE dbo.Numbers AS int START WITH 100 INCREMENT BY 10
GO
CREATE SEQUENCE dbo.Untouched AS smallint START WITH 5 INCREMENT BY -1 MINVALUE -9 MAXVALUE 7 CYCLE
GO
CREATE TABLE dbo.Parents (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Parents PRIMARY KEY, Code dbo.Code,
    Name nvarchar(50) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT UQ_Name UNIQUE, Number int NOT NULL
    CONSTRAINT DF_Number DEFAULT (NEXT VALUE FOR dbo.Numbers), Parent int NULL, Note nvarchar(max) NULL)
GO
CREATE TABLE dbo.Lines (Id int NOT NULL CONSTRAINT PK_Lines PRIMARY KEY, ParentId int NULL, Other int NULL)
GO
CREATE INDEX IX_Code ON dbo.Parents (Code DESC, Number) INCLUDE (Note, Parent)
GO
CREATE INDEX IX_off ON dbo.Lines (Other)
GO
ALTER INDEX IX_off ON dbo.Lines DISABLE
GO
ALTER TABLE dbo.Parents ADD CONSTRAINT FK_self FOREIGN KEY (Parent) REFERENCES dbo.Parents (Id)
GO
ALTER TABLE dbo.Lines ADD CONSTRAINT FK_cascade FOREIGN KEY (ParentId) REFERENCES dbo.Parents (Id)
    ON DELETE CASCADE ON UPDATE SET NULL
GO
ALTER TABLE dbo.Lines WITH NOCHECK ADD CONSTRAINT FK_untrusted FOREIGN KEY (Other) REFERENCES dbo.Parents (Id)
GO
EXEC sp_addextendedproperty 'MS_Description', N'people''s', 'SCHEMA', 'dbo', 'TABLE', 'Parents'
GO
EXEC sp_addextendedproperty 'MS_Description', N'what it is called', 'SCHEMA', 'dbo', 'TABLE', 'Parents', 'COLUMN', 'Name'
GO
EXEC sp_addextendedproperty 'MS_Description', N'by code', 'SCHEMA', 'dbo', 'TABLE', 'Parents', 'INDEX', 'IX_Code'
GO
EXEC sp_addextendedproperty 'Owner', N'somebody', 'SCHEMA', 'dbo', 'TABLE', 'Parents'
GO
CREATE SYNONYM dbo.Elders FOR dbo.Parents
GO
INSERT INTO dbo.Parents (Code, Name, Parent) VALUES ('a', N'Anna', NULL), ('b', N'Bert', 1), ('c', N'Cleo', 2)
GO
INSERT INTO dbo.Lines (Id, ParentId, Other) VALUES (1, 1, 77), (2, NULL, 1), (3, 3, NULL)
GO
";

/// Kind, object and verdict of each finding.
fn findings(world: &World) -> Vec<(String, String)> {
    let document = world.object("finish.json").unwrap();
    let text = |finding: &Json, what: &str| finding[what].as_str().unwrap().to_owned();
    let all = document["findings"].as_array().unwrap();
    all.iter().map(|finding| (text(finding, "object"), text(finding, "verdict"))).collect()
}

fn constraint(world: &World, name: &str) -> (String, String) {
    let sql = format!(
        "SELECT pg_get_constraintdef(oid), convalidated::text FROM pg_constraint WHERE conname = '{name}'"
    );
    let row = world.target(&sql).swap_remove(0);
    (row[0].clone().unwrap(), row[1].clone().unwrap())
}

#[test]
fn every_kind_of_object_arrives_or_is_reported() {
    let world = World::with_files();
    world.load(SCRIPT);
    world.succeed(&["run"]);
    world.assert_equal();
    let key =
        "FOREIGN KEY (\"ParentId\") REFERENCES dbo.\"Parents\"(\"Id\") ON UPDATE SET NULL ON DELETE CASCADE";
    assert_eq!(constraint(&world, "FK_cascade"), (key.to_owned(), "true".to_owned()));
    let key = "FOREIGN KEY (\"Other\") REFERENCES dbo.\"Parents\"(\"Id\") NOT VALID";
    assert_eq!(constraint(&world, "FK_untrusted"), (key.to_owned(), "false".to_owned()));
    assert_eq!(constraint(&world, "UQ_Name").0, "UNIQUE (\"Name\")");
    let index = world.target_value("SELECT indexdef FROM pg_indexes WHERE indexname = 'IX_Code'");
    assert!(index.ends_with("(\"Code\" DESC, \"Number\") INCLUDE (\"Parent\")"), "{index}");
    assert_eq!(world.target_value("SELECT count(*) FROM pg_indexes WHERE indexname = 'IX_off'"), "0");
    // Sequences go on where the source's stood: three values were taken from the one, none from the other.
    let insert =
        "INSERT INTO dbo.\"Parents\" (\"Code\", \"Name\") VALUES ('d', 'Dora') RETURNING \"Id\", \"Number\"";
    let row = world.target(insert).swap_remove(0);
    assert_eq!(row, [Some("4".to_owned()), Some("130".to_owned())]);
    assert_eq!(world.target_value("SELECT nextval('dbo.\"Untouched\"')"), "5");
    let bounds = "SELECT format_type(seqtypid, NULL), seqincrement, seqmin, seqmax, seqcycle FROM pg_sequence \
        WHERE seqrelid = 'dbo.\"Untouched\"'::regclass";
    let wanted = ["smallint", "-1", "-9", "7", "t"].map(|text| Some(text.to_owned()));
    assert_eq!(world.target(bounds), [wanted]);
    let comment = |what: &str| world.target_value(&format!("SELECT {what}"));
    assert_eq!(comment("obj_description('dbo.\"Parents\"'::regclass)"), "people's");
    assert_eq!(comment("col_description('dbo.\"Parents\"'::regclass, 3)"), "what it is called");
    assert_eq!(comment("obj_description('dbo.\"IX_Code\"'::regclass)"), "by code");
    let findings = findings(&world);
    for (object, verdict) in [
        ("index IX_off on dbo.Lines", "refused"),
        ("index IX_Code on dbo.Parents", "changed"),
        ("unique constraint UQ_Name on dbo.Parents", "changed"),
        ("foreign key FK_untrusted on dbo.Lines", "changed"),
        ("synonym dbo.Elders", "refused"),
        ("type dbo.Code", "refused"),
        ("extended property Owner on dbo.Parents", "refused"),
    ] {
        assert!(
            findings.iter().any(|(found, said)| found == object && said == verdict),
            "{object}: {findings:#?}"
        );
    }
    assert!(!findings.iter().any(|(found, _)| found.contains("FK_cascade")), "{findings:#?}");
}

#[test]
fn a_repeated_finish_changes_nothing_and_goes_on() {
    let world = World::with_files();
    world.load(SCRIPT);
    world.prepare();
    world.succeed(&["sync"]);
    for place in
        ["indexes", "sequences", "defaults", "checks", "foreign_keys", "validation", "identities", "comments"]
    {
        let armed = format!("finish.after_{place}=kill");
        let killed = world.command(&["finish"]).failpoints(&armed).pod("main").run();
        assert_eq!(killed.signal(), Some(9), "{place}");
    }
    world.succeed(&["finish"]).says("0 failed");
    assert_eq!(constraint(&world, "FK_self").1, "true");
    assert_eq!(world.target_value("SELECT nextval('dbo.\"Numbers\"')"), "130");
}

#[test]
fn a_sequence_never_moves_another_object_of_its_name() {
    let world = World::with_files();
    world.load("CREATE SEQUENCE dbo.[T_Id_seq] AS int START WITH 500");
    world.load("CREATE TABLE dbo.T (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_T PRIMARY KEY, N int NULL)");
    world.load("INSERT INTO dbo.T (N) VALUES (1), (2)");
    world.run(&["run"]).exits(3).says("is the name of another object");
    assert_eq!(world.target_value("INSERT INTO dbo.\"T\" (\"N\") VALUES (3) RETURNING \"Id\""), "3");
}

#[test]
fn indexes_are_built_as_soon_as_the_rows_are_there() {
    let world = World::with_files();
    world.load(SCRIPT);
    world.prepare();
    let there =
        || world.target_value("SELECT count(*) FROM pg_indexes WHERE indexname IN ('IX_Code', 'UQ_Name')");
    let failed = world.command(&["sync"]).failpoints("index.before_epoch_check=fail").pod("main").run();
    failed.exits(0).says("indexes of this table are left to the finish step");
    assert_eq!((there().as_str(), world.data_status("dbo.Parents").as_str()), ("0", "completed"));
    world.succeed(&["finish"]);
    assert_eq!(there(), "2");
    let world = World::with_files();
    world.load(SCRIPT);
    world.prepare();
    world.succeed(&["sync"]);
    let there =
        world.target_value("SELECT count(*) FROM pg_indexes WHERE indexname IN ('IX_Code', 'UQ_Name')");
    assert_eq!(there, "2");
    world.succeed(&["finish"]).says("2 were there");
}
