//! What PostgreSQL has no room for, and objects that a copy used to lose: the assessment says beforehand what `run` then does.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{World, repository};
use serde_json::Value as Json;

/// A world with the SQL of a case.
fn world(case: &str) -> World {
    let world = World::with_files();
    world.load(&sql(case));
    world
}

/// The SQL of a case, by the beginning of its file's name.
fn sql(case: &str) -> String {
    let folder = repository().join("tests/cases");
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{case}-")))
        .unwrap();
    std::fs::read_to_string(file).unwrap()
}

fn assessed(world: &World, flags: &[&str]) -> Json {
    let arguments = [&["plan", "--dry-run", "--format", "json"], flags].concat();
    serde_json::from_str(&world.succeed(&arguments).stdout).unwrap()
}

/// Every finding about an object but that it is as it is: `name verdict: reason (advice)`.
fn said(assessment: &Json, object: &str) -> Vec<String> {
    let text = |finding: &Json, part: &str| finding[part].as_str().unwrap_or_default().to_owned();
    let findings = assessment["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["object"] == object)
        .map(|finding| {
            let [name, verdict, reason, advice] =
                ["name", "verdict", "reason", "advice"].map(|part| text(finding, part));
            format!("{name} {verdict}: {reason} ({advice})")
        })
        .collect()
}

#[track_caller]
fn says(assessment: &Json, object: &str, parts: &[&str]) {
    let said = said(assessment, object);
    assert!(said.iter().any(|said| parts.iter().all(|part| said.contains(part))), "{object}: {said:#?}");
}

#[track_caller]
fn one_verdict(assessment: &Json, object: &str, verdict: &str) {
    let said = said(assessment, object);
    assert!(!said.is_empty() && said.iter().all(|said| said.contains(&format!(" {verdict}: "))), "{said:#?}");
}

/// The definition of an index of the target.
fn index(world: &World, name: &str) -> String {
    world.target_value(&format!("SELECT indexdef FROM pg_indexes WHERE indexname = '{name}'"))
}

#[test]
fn an_index_keeps_its_key_and_as_many_other_columns_as_there_is_room_for() {
    let world = world("05");
    let assessment = assessed(&world, &[]);
    let end = "not included, as PostgreSQL's indexes have 32 columns at most: ";
    for (name, left_out) in [
        ("IX_covering", "c32, c33, c34, c35, c36, c37, c38, c39, c40, c41"),
        ("UX_covering", "c32, c33, c34, c35, c36, c37, c38, c39, c40, c41"),
        ("IX_32keys", "c40"),
    ] {
        let said = said(&assessment, &format!("{name} on dbo.Fact"));
        assert!(said[0].starts_with("made_otherwise changed: "), "{said:#?}");
        assert!(said[0].contains(&format!("{end}{left_out}")), "{said:#?}");
    }
    world.succeed(&["run"]);
    let covering = index(&world, "IX_covering");
    assert!(covering.contains("(c00 NULLS FIRST, c01 NULLS FIRST) INCLUDE (c02, c03,"), "{covering}");
    assert!(covering.ends_with("c30, c31)"), "{covering}");
    let unique = index(&world, "UX_covering");
    assert!(unique.starts_with("CREATE UNIQUE INDEX") && unique.contains("c30, c31)"), "{unique}");
    let keys = index(&world, "IX_32keys");
    assert!(!keys.contains("INCLUDE") && keys.contains("c31 NULLS FIRST)"), "{keys}");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Fact\""), "2");
}

#[test]
fn a_table_of_too_many_columns_is_refused_before_anything_is_made() {
    let world = world("08");
    let assessment = assessed(&world, &[]);
    let limit = "has 1701 columns, and PostgreSQL's tables have 1600 at most";
    says(&assessment, "dbo.Survey", &["impossible refused", limit, "exclude"]);
    world.run(&["run"]).exits(3).says("dbo.Survey").says(limit);
    assert!(world.object("plan.json").is_none());
    // The way out that it offers.
    let excluded: Vec<String> = (1500..1700).map(|number| format!("q{number:04}")).collect();
    let config = world.folder.path().join("config.yaml");
    let text = format!("tables:\n  dbo.Survey: {{exclude: [{}]}}\n", excluded.join(", "));
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let assessment = assessed(&world, &["--config", config]);
    let said = said(&assessment, "dbo.Survey");
    // The test server sends no result of so many columns: that is another finding.
    assert!(!said.iter().any(|said| said.starts_with("impossible ")), "{said:#?}");
}

#[test]
fn a_table_that_the_schema_step_cannot_make_keeps_that_error() {
    let world = World::with_files();
    world.load("CREATE TABLE dbo.Taken (Id int NOT NULL PRIMARY KEY); CREATE TABLE dbo.Fine (Id int NOT NULL PRIMARY KEY);");
    // A type takes the name that the table's row type needs.
    world.target("CREATE SCHEMA dbo; CREATE TYPE dbo.\"Taken\" AS (a int)");
    world.run(&["run"]).exits(3);
    let status: Json = serde_json::from_str(&world.run(&["status", "--format", "json"]).stdout).unwrap();
    let table = &status["tables"]["dbo.Taken"];
    for phase in ["schema", "data"] {
        let error = table[phase]["error"].as_str().unwrap();
        assert!(
            error.contains("already exists") && !error.contains("run `shardferry schema`"),
            "{phase}: {error}"
        );
    }
    assert_eq!(world.data_status("dbo.Fine"), "completed");
}

#[test]
fn no_table_comes_into_the_ledgers_schema() {
    let world = world("18");
    let refused = ["holds this program's own tables", "--schema-map"];
    for flags in [&[][..], &["--name-case", "lower"]] {
        says(&assessed(&world, flags), "shardferry.chunk", &refused);
    }
    world.run(&["run"]).exits(3).says("shardferry.chunk").says(refused[0]).says(refused[1]);
    says(&assessed(&world, &["--schema-map", "shardferry=pg_x"]), "shardferry.chunk", &["PostgreSQL's own"]);
    world.run(&["run", "--schema-map", "CORP\\jsmith=shardferry,shardferry=other"]).exits(3).says(refused[0]);
    world.succeed(&["run", "--schema-map", "shardferry=other"]);
    assert_eq!(world.target_value("SELECT \"V\" FROM other.chunk"), "2");
    assert_eq!(world.target_value("SELECT count(*) FROM \"CORP\\jsmith\".\"Scratch\""), "2");
}

#[test]
fn a_schema_that_becomes_the_ledgers_by_its_case_is_refused() {
    let world = World::with_files();
    world.load(
        "CREATE SCHEMA ShardFerry\nGO\nCREATE TABLE ShardFerry.T (Id int NOT NULL PRIMARY KEY)\nGO\n\
         CREATE SEQUENCE ShardFerry.Numbers AS int START WITH 1",
    );
    let lower = assessed(&world, &["--name-case", "lower"]);
    says(&lower, "ShardFerry.T", &["refused", "holds this program's own tables"]);
    says(&lower, "ShardFerry.Numbers", &["refused", "holds this program's own tables"]);
    world.succeed(&["run"]);
    assert_eq!(world.target_value("SELECT count(*) FROM \"ShardFerry\".\"T\""), "0");
}

#[test]
fn every_sequence_arrives_with_its_position() {
    let world = world("10");
    world.load(
        "CREATE SEQUENCE dbo.Down AS bigint START WITH -5 INCREMENT BY -5 MINVALUE -1000 MAXVALUE -5 CYCLE",
    );
    let assessment = assessed(&world, &[]);
    for name in ["Sequences.OrderNumber", "Sequences.Tickets", "Sequences.Used", "dbo.Mine", "dbo.Down"] {
        let said = said(&assessment, name);
        assert!(said.len() == 1 && !said[0].contains("refused"), "{said:#?}");
    }
    world.succeed(&["run"]);
    for (name, next) in [
        ("\"Sequences\".\"OrderNumber\"", "5000"),
        ("\"Sequences\".\"Tickets\"", "10"),
        ("dbo.\"Mine\"", "7"),
        ("dbo.\"Down\"", "-5"),
    ] {
        assert_eq!(world.target_value(&format!("SELECT nextval('{name}')")), next, "{name}");
    }
    let cycle = "SELECT cycle::text || increment_by FROM pg_sequences WHERE sequencename = 'Tickets'";
    assert_eq!(world.target_value(cycle), "true5");
}

#[test]
fn a_plan_of_some_tables_takes_the_sequences_beside_them() {
    let world = world("10");
    let included = assessed(&world, &["--include", "dbo.*"]);
    says(&included, "Sequences.OrderNumber", &["refused", "a plan without --include takes every sequence"]);
    one_verdict(&included, "dbo.Mine", "converted");
    let left_out = assessed(&world, &["--exclude", "sequences.*"]);
    says(&left_out, "Sequences.Tickets", &["refused"]);
    one_verdict(&left_out, "Sequences.Used", "converted");
}

#[test]
fn an_identity_on_numeric_is_numbered_by_a_sequence_of_its_own() {
    let world = world("20");
    world.load(
        "CREATE TABLE dbo.Down (Id decimal(9,0) IDENTITY(-10,-5) NOT NULL PRIMARY KEY, V int NULL);
         INSERT INTO dbo.Down (V) VALUES (1), (2);
         CREATE TABLE dbo.Empty (Id numeric(38,0) IDENTITY(7,3) NOT NULL PRIMARY KEY, V int NULL);
         CREATE TABLE dbo.Mapped (Id numeric(10,0) IDENTITY(1,1) NOT NULL PRIMARY KEY, V int NULL);
         INSERT INTO dbo.Mapped (V) VALUES (1);
         CREATE TABLE dbo.Full9 (Id numeric(1,0) IDENTITY(9,1) NOT NULL PRIMARY KEY, V int NULL);
         INSERT INTO dbo.Full9 (V) VALUES (1);
         CREATE TABLE dbo.Num_Id_seq (Id int NOT NULL PRIMARY KEY);",
    );
    let config = world.folder.path().join("config.yaml");
    std::fs::write(&config, "tables:\n  dbo.Mapped:\n    columns:\n      Id: {map: bigint}\n").unwrap();
    let config = config.to_str().unwrap();
    let assessment = assessed(&world, &["--config", config]);
    says(&assessment, "Id on dbo.Num", &["made_otherwise changed", "numeric(18,0)", "which the column owns"]);
    assert!(!said(&assessment, "dbo.Num.Id").iter().any(|said| said.contains("identity_lost")));
    one_verdict(&assessment, "Id on dbo.Mapped", "converted");
    world.succeed(&["run", "--config", config]);
    // As often as it is asked for.
    world.succeed(&["finish"]);
    for (table, next) in [("Num", "3"), ("Down", "-20"), ("Empty", "7"), ("Mapped", "2")] {
        let insert = format!("INSERT INTO dbo.\"{table}\" (\"V\") VALUES (9) RETURNING \"Id\"");
        assert_eq!(world.target_value(&insert), next, "{table}");
    }
    let exhausted = "SELECT last_value::text || is_called FROM dbo.\"Full9_Id_seq\"";
    assert_eq!(world.target_value(exhausted), "9true");
    let column = "SELECT data_type || numeric_precision || is_nullable FROM information_schema.columns
                  WHERE table_name = 'Num' AND column_name = 'Id'";
    assert_eq!(world.target_value(column), "numeric18NO");
    let owned = world.target_value("SELECT pg_get_serial_sequence('dbo.\"Num\"', 'Id')");
    assert!(owned.starts_with("dbo.\"Num_Id_seq_"), "{owned}");
}

#[test]
fn a_key_that_is_too_long_for_an_index_row_stays_unique_and_loses_no_table() {
    let world = world("06");
    let long = |seed: usize| -> String {
        (0..1700)
            .map(|place| {
                char::from_u32(
                    0x410 + u32::try_from((place * 37 + seed * 91 + place * place * seed) % 64).unwrap(),
                )
                .unwrap()
            })
            .collect()
    };
    world.load(&format!(
        "CREATE TABLE dbo.LongPk (Part int NOT NULL, Name varchar(1690) COLLATE Cyrillic_General_CI_AS NOT NULL,
             CONSTRAINT PK_LongPk PRIMARY KEY NONCLUSTERED (Part, Name));
         INSERT INTO dbo.LongPk VALUES (1, N'{}'), (1, N'a\\b'), (2, N'a\\b');
         CREATE TABLE dbo.Child (Id int NOT NULL PRIMARY KEY, Part int NOT NULL, Name varchar(1690) COLLATE Cyrillic_General_CI_AS NOT NULL,
             CONSTRAINT FK_Child FOREIGN KEY (Part, Name) REFERENCES dbo.LongPk (Part, Name));
         INSERT INTO dbo.Child VALUES (1, 2, N'a\\b');
         CREATE INDEX IX_Name ON dbo.LongPk (Name);
         CREATE INDEX IX_Both ON dbo.LongPk (Name, Part);
         CREATE UNIQUE INDEX UX_Null ON dbo.LongPk (Name, Part) INCLUDE (Part) WHERE Part > 0;
         CREATE TABLE dbo.Bytes (Id int NOT NULL PRIMARY KEY, B varbinary(5000) NULL, CONSTRAINT UQ_B UNIQUE (B));
         INSERT INTO dbo.Bytes VALUES (1, 0x00FF5C), (2, NULL), (3, CONVERT(varbinary(5000), REPLICATE(CONVERT(varchar(max), 'q'), 3000)));
         CREATE TABLE dbo.Short (Id int NOT NULL PRIMARY KEY, V nvarchar(450) NOT NULL UNIQUE, W nvarchar(850) NOT NULL);
         CREATE UNIQUE INDEX UX_W ON dbo.Short (W);",
        &long(3)[..3300]
    ));
    let assessment = assessed(&world, &[]);
    let digest =
        ["made_otherwise changed", "bytes, and PostgreSQL's index rows end at 2704", "over SHA-256 of"];
    for object in
        ["UQ_Title on dbo.Doc", "PK_LongPk on dbo.LongPk", "UX_Null on dbo.LongPk", "UQ_B on dbo.Bytes"]
    {
        says(&assessment, object, &digest);
    }
    says(
        &assessment,
        "PK_DocKey on dbo.DocKey",
        &["every key of now fits, and a longer one would be refused"],
    );
    says(&assessment, "IX_Name on dbo.LongPk", &["changed", "a hash index"]);
    says(&assessment, "IX_Both on dbo.LongPk", &["refused", "left(column, 500)"]);
    says(&assessment, "FK_Child on dbo.Child", &["refused", "has no unique key on (Part, Name)"]);
    let short = said(&assessment, "UX_W on dbo.Short");
    assert!(!short[0].contains("index row"), "{short:?}");
    world.run(&["run"]).exits(0);
    for (table, rows) in [("Doc", "3"), ("DocKey", "1"), ("LongPk", "3"), ("Bytes", "3"), ("Child", "1")] {
        assert_eq!(world.target_value(&format!("SELECT count(*) FROM dbo.\"{table}\"")), rows, "{table}");
    }
    assert!(index(&world, "UQ_Title").starts_with("CREATE UNIQUE INDEX"), "{}", index(&world, "UQ_Title"));
    assert!(index(&world, "PK_DocKey").ends_with("(\"Title\")"));
    // Again, as a run that goes on does.
    world.succeed(&["finish"]);
    for copy in [
        "INSERT INTO dbo.\"Doc\" SELECT 99, \"Title\" FROM dbo.\"Doc\"",
        "INSERT INTO dbo.\"LongPk\" SELECT * FROM dbo.\"LongPk\" WHERE \"Part\" = 2",
        "INSERT INTO dbo.\"Bytes\" VALUES (9, '\\x00FF5C')",
        "INSERT INTO dbo.\"Bytes\" VALUES (9, NULL)",
    ] {
        let refused = format!(
            "DO $$ BEGIN {copy}; RAISE EXCEPTION 'let in'; EXCEPTION WHEN unique_violation THEN NULL; END $$"
        );
        world.target(&refused);
    }
    world.target("INSERT INTO dbo.\"LongPk\" VALUES (3, 'a\\b'), (2, 'a\\\\b')");
}

#[test]
fn a_row_that_may_be_longer_than_a_page_is_said_beforehand_and_named_when_it_comes() {
    let world = world("09");
    let times: Vec<String> = (0..1020).map(|number| format!("t{number} smalldatetime NOT NULL")).collect();
    world.load(&format!(
        "CREATE TABLE dbo.Times (Id int NOT NULL PRIMARY KEY, {});
         CREATE TABLE dbo.Money (Id int NOT NULL PRIMARY KEY, a money NOT NULL, b nvarchar(max) NULL);",
        times.join(", ")
    ));
    let assessment = assessed(&world, &[]);
    says(
        &assessment,
        "dbo.Budget",
        &["row_too_long changed", "up to 12768 bytes", "has room for 8160", "(where)"],
    );
    // As timestamps they take twice the bytes that they take in the source, whatever they are.
    says(&assessment, "dbo.Times", &["impossible refused", "has rows of 8192 bytes at least"]);
    assert!(!said(&assessment, "dbo.Money").iter().any(|said| said.contains("row_too_long")));
    let run = world.run(&["run", "--exclude", "dbo.Times"]).exits(3);
    let said = "dbo.Budget: row is too big: size 8848, maximum size 8160 (SQLSTATE 54000), in the row with key (1); leave columns out";
    run.says(said);
    assert_eq!(world.data_status("dbo.Fine"), "completed");
    let status: Json = serde_json::from_str(&world.run(&["status", "--format", "json"]).stdout).unwrap();
    let error = status["tables"]["dbo.Budget"]["data"]["error"].as_str().unwrap();
    assert!(error.contains("row is too big"), "{error}");
}

#[test]
fn bound_defaults_and_rules_become_defaults_and_checks_of_the_columns() {
    let world = world("14");
    world.load(
        "CREATE RULE dbo.Positive AS @value > 0
GO
CREATE RULE dbo.Letters AS
  -- one of these
  @list IN ('Y', 'N')
GO
CREATE DEFAULT dbo.Odd AS HOST_ID()
GO
CREATE TABLE dbo.Ruled (Id int NOT NULL PRIMARY KEY, Hours int NULL, Flag char(1) NULL, Host nvarchar(20) NULL)
GO
EXEC sp_bindrule 'dbo.Positive', 'dbo.Ruled.Hours'
GO
EXEC sp_bindrule 'dbo.Letters', 'dbo.Ruled.Flag'
GO
EXEC sp_bindefault 'dbo.Odd', 'dbo.Ruled.Host'
GO
INSERT INTO dbo.Ruled (Id, Hours, Flag, Host) VALUES (1, 2, 'Y', 'h')
GO",
    );
    let assessment = assessed(&world, &[]);
    for column in ["Hours", "Pay", "Opened", "Closed"] {
        let said = said(&assessment, &format!("{column} on dbo.Job"));
        assert!(said.len() == 1 && !said[0].contains("refused"), "{said:#?}");
    }
    says(&assessment, "Host on dbo.Ruled", &["refused", "in T-SQL: HOST_ID()"]);
    says(&assessment, "Positive_Hours on dbo.Ruled", &["changed", "it stays NOT VALID"]);
    says(&assessment, "dbo.Positive", &["refused", "in T-SQL: CREATE RULE dbo.Positive AS @value > 0"]);
    world.succeed(&["run"]);
    world.target("INSERT INTO dbo.\"Job\" (\"Id\") VALUES (2)");
    let row = "SELECT concat_ws('|', \"Hours\", \"Pay\", \"Opened\" > now() - interval '2 days', \"Closed\") FROM dbo.\"Job\" WHERE \"Id\" = 2";
    assert_eq!(world.target_value(row), "0|0.00|t|N");
    for (hours, flag) in [("0", "'Y'"), ("1", "'X'")] {
        world.target(&format!(
            "DO $$ BEGIN INSERT INTO dbo.\"Ruled\" VALUES (9, {hours}, {flag}, NULL); RAISE EXCEPTION 'let in';
             EXCEPTION WHEN check_violation THEN NULL; END $$"
        ));
    }
    world.target("INSERT INTO dbo.\"Ruled\" VALUES (3, NULL, 'N', NULL)");
}

#[test]
fn every_index_constraint_and_sequence_of_another_name_is_listed() {
    let world = World::with_files();
    let long = |name: &str| format!("{name}_{}", "ä".repeat(40));
    let [key, index, unique, check, foreign, sequence] = ["PK", "IX", "UQ", "CK", "FK", "SEQ"].map(long);
    world.load(&format!(
        "CREATE TABLE dbo.A (Id int NOT NULL, B int NOT NULL, C int NOT NULL CONSTRAINT [{check}] CHECK (C > 0),
             CONSTRAINT [{key}] PRIMARY KEY (Id), CONSTRAINT [{unique}] UNIQUE (B),
             CONSTRAINT [{foreign}] FOREIGN KEY (C) REFERENCES dbo.A (Id));
         CREATE INDEX [{index}] ON dbo.A (C);
         CREATE INDEX IX_Same ON dbo.A (C);
         CREATE TABLE dbo.B (Id int NOT NULL PRIMARY KEY, C int NULL);
         CREATE INDEX IX_Same ON dbo.B (C);
         CREATE SEQUENCE dbo.[{sequence}] AS int START WITH 1;"
    ));
    let assessment = assessed(&world, &[]);
    let findings = assessment["findings"].as_array().unwrap();
    for source in [&key, &index, &unique, &check, &foreign, &sequence] {
        let found: Vec<&Json> = findings
            .iter()
            .filter(|finding| {
                finding["name"] == "name_too_long"
                    && finding["reason"].as_str().unwrap().contains(source.as_str())
            })
            .collect();
        assert_eq!(found.len(), 1, "{source}: {found:#?}");
        let target = found[0]["reason"].as_str().unwrap().split(' ').nth(2).unwrap();
        assert!(target.len() <= 63 && found[0]["verdict"] == "changed", "{found:#?}");
    }
    let taken: Vec<&Json> = findings.iter().filter(|finding| finding["name"] == "name_taken").collect();
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert!(taken[0]["reason"].as_str().unwrap().contains("instead of IX_Same"), "{taken:#?}");
    // Every object once.
    assert_eq!(
        assessment["kinds"]["primary key"],
        serde_json::json!({"converted": 1, "changed": 1, "lossy": 0, "refused": 0})
    );
    world.succeed(&["run"]);
    let made = world.target_value("SELECT count(*) FROM pg_class WHERE relname ~ '^(PK|IX|UQ|SEQ)_ä'");
    assert_eq!(made, "4");
}
