//! Keys that are equal for SQL Server and not for PostgreSQL, or the other way round: said by the assessment before the run,
//! with a way out that works.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::Value as Json;

const ICU: &str = include_str!("../cases/01-trailing-blanks-icu.sql");
const BIN2: &str = include_str!("../cases/02-trailing-blanks-bin2.sql");
const VARIANT: &str = include_str!("../cases/03-sql-variant-key.sql");

fn world(script: &str) -> World {
    let world = World::new();
    world.load(script);
    world
}

/// The findings of a dry run.
fn assessed(world: &World, flags: &[&str]) -> Vec<Json> {
    let arguments = [&["plan", "--dry-run", "--format", "json"], flags].concat();
    let finished = world.run(&arguments).exits(0);
    let assessment: Json = serde_json::from_str(&finished.stdout).unwrap();
    assessment["findings"].as_array().unwrap().clone()
}

/// What is said of an object, without what every object of its kind is said: name, verdict, reason and advice.
fn said<'f>(findings: &'f [Json], object: &str) -> Vec<[&'f str; 4]> {
    let text = |finding: &'f Json, field: &str| finding[field].as_str().unwrap_or_default();
    findings
        .iter()
        .filter(|finding| finding["object"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(object)))
        .map(|finding| ["name", "verdict", "reason", "advice"].map(|field| text(finding, field)))
        .collect()
}

#[track_caller]
fn says(findings: &[Json], object: &str, name: &str, verdict: &str, parts: &[&str]) {
    let all = said(findings, object);
    let found = all.iter().find(|found| found[0] == name && found[1] == verdict);
    let found = found.unwrap_or_else(|| panic!("{object}: {all:?}"));
    for part in parts {
        assert!(found[2].contains(part) || found[3].contains(part), "{part}: {found:?}");
    }
    assert!(all.iter().all(|found| found[2] != "as in the source"), "{all:?}");
}

fn validated(world: &World) -> String {
    world.target_value(
        "SELECT string_agg(lower(conname) || ' ' || convalidated, ', ' ORDER BY lower(conname)) FROM pg_constraint \
         WHERE contype = 'f' AND connamespace = 'dbo'::regnamespace",
    )
}

#[test]
fn trailing_blanks_are_said_before_the_run_whatever_the_collation() {
    for (script, flags, other) in [(ICU, &["--collations", "icu"][..], "UQ_Fixed"), (BIN2, &[], "UQ_Iso")] {
        let world = world(script);
        let findings = assessed(&world, flags);
        let parts = ["1 row with a value that ends in one", "N'USD '", "--policy blanks=trim_keys"];
        says(&findings, "PK_Currency on dbo.Currency", "trailing_blanks", "changed", &parts);
        let parts = ["2 rows", "trailing blanks", "N'EUR ' and N'EUR'", "exit code 3", "blanks=trim_keys"];
        says(&findings, "FK_Rate on dbo.Rate", "key_mismatch", "refused", &parts);
        if other == "UQ_Iso" {
            says(&findings, "UQ_Iso on dbo.Currency", "trailing_blanks", "converted", &["no value of it"]);
            says(&findings, "FK_Iso on dbo.Rate", "key_mismatch", "refused", &["1 row", "N'U  ' and N'U'"]);
        } else {
            // Both servers pad char(n) and do not compare the padding.
            assert!(
                said(&findings, "UQ_Fixed on dbo.Currency").iter().all(|found| found[0] != "trailing_blanks")
            );
            assert!(said(&findings, "FK_Fixed on dbo.Rate").iter().all(|found| found[0] != "key_mismatch"));
        }
        // What was said is what happens.
        world.run(&[&["run"], flags].concat()).exits(3).says("FK_Rate");
        assert!(validated(&world).contains("fk_rate false"), "{}", validated(&world));
    }
}

#[test]
fn key_texts_are_trimmed_on_request_and_counted() {
    for (script, flags, foreign) in [(ICU, &["--collations", "icu"][..], "fk_fixed"), (BIN2, &[], "fk_iso")] {
        let world = world(script);
        let flags = [flags, &["--policy", "blanks=trim_keys"]].concat();
        let findings = assessed(&world, &flags);
        says(&findings, "PK_Currency on dbo.Currency", "trailing_blanks", "converted", &["cut off"]);
        assert!(findings.iter().all(|finding| finding["verdict"] != "refused"), "{findings:#?}");
        says(&findings, "dbo.Rate.Code", "policy", "lossy", &["trailing blanks are cut off"]);
        world.succeed(&[&["run"], &flags[..]].concat());
        assert_eq!(validated(&world), format!("{foreign} true, fk_rate true"));
        let codes = "SELECT string_agg('[' || \"Code\" || ']', ',' ORDER BY \"Id\") FROM dbo.\"Rate\"";
        assert_eq!(world.target_value(codes), "[EUR],[USD],[EUR]");
        let lost = world.object(&world.table_object("dbo.Rate")).unwrap()["losses"].clone();
        assert_eq!(
            (&lost[0]["column"], &lost[0]["loss"], &lost[0]["rows"]),
            (&"Code".into(), &"blanks".into(), &1.into())
        );
        world.succeed(&["status"]).stdout.contains("Code blanks 1 row").then_some(()).unwrap();
        let again = "DO $$ BEGIN INSERT INTO dbo.\"Currency\" SELECT * FROM dbo.\"Currency\" WHERE \"Code\" = 'USD'; \
                     RAISE 'not unique'; EXCEPTION WHEN unique_violation THEN NULL; END $$";
        world.target(again);
    }
}

#[test]
fn one_column_is_trimmed_by_the_config_file_and_others_are_not() {
    let world = world(ICU);
    let path = world.folder.path().join("config.yaml");
    std::fs::write(
        &path,
        "tables:\n  dbo.Currency:\n    columns:\n      Code:\n        policy: blanks=trim\n  dbo.Rate:\n    columns:\n      \
         Code:\n        policy: blanks=trim\n",
    )
    .unwrap();
    let flags = ["--config", path.to_str().unwrap()];
    assert!(assessed(&world, &flags).iter().all(|finding| finding["name"] != "key_mismatch"));
    world.succeed(&[&["run"], &flags[..]].concat());
    assert_eq!(validated(&world), "fk_fixed true, fk_rate true");
}

#[test]
fn keys_without_trailing_blanks_are_converted_and_the_fact_is_said() {
    let world = world(
        "CREATE TABLE dbo.A (K varchar(10) NOT NULL CONSTRAINT PK_A PRIMARY KEY, N int NULL);
         CREATE TABLE dbo.B (I int NOT NULL CONSTRAINT PK_B PRIMARY KEY, K varchar(10) NULL CONSTRAINT FK_B REFERENCES dbo.A (K));
         INSERT INTO dbo.A VALUES ('a', 1), ('b', 2);
         INSERT INTO dbo.B VALUES (1, 'a'), (2, NULL)",
    );
    let findings = assessed(&world, &[]);
    for key in ["PK_A on dbo.A", "FK_B on dbo.B"] {
        let found = said(&findings, key).into_iter().find(|found| found[0] == "trailing_blanks").unwrap();
        assert_eq!(found[1], "converted");
        assert!(found[2].contains("trailing blanks are part of the value here"), "{found:?}");
    }
    assert!(said(&findings, "PK_B on dbo.B").iter().all(|found| found[0] == "as_is"));
    world.succeed(&["run"]);
}

#[test]
fn a_foreign_key_whose_values_differ_in_case_is_said_with_its_way_out() {
    let world = world(
        "CREATE TABLE dbo.A (K nvarchar(10) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT PK_A PRIMARY KEY);
         CREATE TABLE dbo.B (I int NOT NULL PRIMARY KEY, K nvarchar(10) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT FK_B REFERENCES dbo.A (K));
         INSERT INTO dbo.A VALUES (N'abc'), (N'def');
         INSERT INTO dbo.B VALUES (1, N'ABC'), (2, N'def')",
    );
    let findings = assessed(&world, &[]);
    says(&findings, "FK_B on dbo.B", "key_mismatch", "refused", &["1 row", "case", "--collations icu"]);
    world.run(&["run"]).exits(3).says("FK_B");
    let kept = assessed(&world, &["--collations", "icu"]);
    assert!(said(&kept, "FK_B on dbo.B").iter().all(|found| found[0] != "key_mismatch"));
}

#[test]
fn a_variant_that_is_part_of_a_key_becomes_jsonb() {
    let world = world(VARIANT);
    let findings = assessed(&world, &[]);
    for column in ["dbo.ByVariant.K", "dbo.Setting.Val"] {
        says(&findings, column, "variant_key", "changed", &["jsonb", "5 and '5'", "int 5 and bigint 5"]);
    }
    world.succeed(&["run"]);
    let counts =
        "SELECT (SELECT count(*) FROM dbo.\"Setting\") || ' ' || (SELECT count(*) FROM dbo.\"ByVariant\")";
    assert_eq!(world.target_value(counts), "4 4");
    let indexes =
        "SELECT count(*) FROM pg_indexes WHERE schemaname = 'dbo' AND indexdef LIKE 'CREATE UNIQUE%'";
    assert_eq!(world.target_value(indexes), "3");
    let value = "SELECT \"K\"->>'type' FROM dbo.\"ByVariant\" WHERE \"V\" = 3";
    assert_eq!(world.target_value(value), "decimal(5,2)");
}

#[test]
fn a_variant_that_was_mapped_to_text_may_collide_and_that_is_said() {
    let world = world(VARIANT);
    let findings = assessed(&world, &["--map", "sql_variant=text"]);
    for key in ["PK_ByVariant on dbo.ByVariant", "UX_Setting on dbo.Setting"] {
        says(&findings, key, "variant_key", "changed", &["becomes text", "jsonb"]);
    }
    world.run(&["run", "--map", "sql_variant=text"]).exits(3);
}

#[test]
fn variants_of_a_foreign_key_become_jsonb_on_both_sides() {
    let world = world(
        "CREATE TABLE dbo.P (K sql_variant NOT NULL CONSTRAINT DF_P DEFAULT (5) CONSTRAINT PK_P PRIMARY KEY, V int NULL);
         CREATE TABLE dbo.C (I int NOT NULL PRIMARY KEY, K sql_variant NULL CONSTRAINT FK_C REFERENCES dbo.P (K), Free sql_variant NULL);
         INSERT INTO dbo.P VALUES (CAST(5 AS int), 1), (CAST('5' AS varchar(5)), 2);
         INSERT INTO dbo.C VALUES (1, CAST(5 AS int), CAST(5 AS int)), (2, CAST('5' AS varchar(5)), NULL), (3, NULL, NULL)",
    );
    let findings = assessed(&world, &[]);
    for key in ["PK_P on dbo.P", "FK_C on dbo.C"] {
        // A variant may be longer than an entry of an index; that is said of the primary key.
        let kept = ["converted", "changed"];
        assert!(said(&findings, key).iter().all(|found| kept.contains(&found[1])), "{findings:#?}");
    }
    world.succeed(&["run"]);
    assert_eq!(validated(&world), "fk_c true");
    let types = "SELECT string_agg(data_type, ' ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'C'";
    assert_eq!(world.target_value(types), "integer jsonb text");
}

#[test]
fn keys_that_a_policy_makes_equal_are_counted_by_the_source_and_refused() {
    let script = "CREATE TABLE dbo.T (At datetime2(7) NOT NULL CONSTRAINT PK_T PRIMARY KEY, Clock time(7) NOT NULL CONSTRAINT UQ_Clock UNIQUE,
            Name nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL);
        CREATE UNIQUE INDEX UX_Name ON dbo.T (Name);
        INSERT INTO dbo.T VALUES ('2024-01-02T03:04:05.1234561', '03:04:05.1234561', N'a'),
            ('2024-01-02T03:04:05.1234564', '03:04:05.1234578', N'a' + NCHAR(0)), ('2024-01-02T03:04:06', '03:04:06', N'b')";
    for (policy, object, parts) in [
        ("fraction=truncate", "PK_T on dbo.T", ["1 group of its keys", "At: fraction=truncate"]),
        ("fraction=round", "PK_T on dbo.T", ["1 group of its keys", "At: fraction=round"]),
        ("nul=strip", "UX_Name on dbo.T", ["1 group of its keys", "Name: nul=strip"]),
    ] {
        let world = world(script);
        let findings = assessed(&world, &["--policy", policy]);
        says(&findings, object, "collision", "refused", &parts);
        assert!(said(&findings, "UQ_Clock on dbo.T").iter().all(|found| found[0] != "collision"), "{policy}");
        world.run(&["run", "--policy", policy]).exits(3).says("would become equal").says(parts[1]);
        assert_eq!(world.target_value("SELECT count(*) FROM pg_tables WHERE schemaname = 'dbo'"), "0");
    }
}

#[test]
fn keys_that_a_policy_keeps_apart_are_copied() {
    let world = world(
        "CREATE TABLE dbo.T (At datetime2(7) NOT NULL CONSTRAINT PK_T PRIMARY KEY, Name varchar(20) NOT NULL CONSTRAINT UQ_T UNIQUE);
         INSERT INTO dbo.T VALUES ('2024-01-02T03:04:05.1234561', 'a'), ('2024-01-02T03:04:05.1234574', 'b ')",
    );
    let flags = ["--policy", "fraction=truncate", "--policy", "nul=strip", "--policy", "blanks=trim"];
    assert!(assessed(&world, &flags).iter().all(|finding| finding["name"] != "collision"));
    world.succeed(&[&["run"], &flags[..]].concat());
    let rows = "SELECT string_agg(\"At\" || \"Name\", ',' ORDER BY 1) FROM dbo.\"T\"";
    assert_eq!(world.target_value(rows), "2024-01-02 03:04:05.123456a,2024-01-02 03:04:05.123457b");
}
