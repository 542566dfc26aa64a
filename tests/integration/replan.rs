//! `replan`: one table is changed without copying the others again.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Broken, StoreProxy, When, World, environment};

/// Odd has a value that PostgreSQL cannot hold; Even has none.
fn odd() -> World {
    let world = World::new();
    world.load(
        "
CREATE TABLE dbo.Even (Id int NOT NULL CONSTRAINT PK_Even PRIMARY KEY, Note nvarchar(20) NULL)
GO
CREATE TABLE dbo.Odd (Id int NOT NULL CONSTRAINT PK_Odd PRIMARY KEY, Note nvarchar(20) NULL)
GO
INSERT INTO dbo.Even VALUES (1, N'a'), (2, N'b')
GO
INSERT INTO dbo.Odd VALUES (1, N'bad' + NCHAR(0)), (2, N'good')
",
    );
    world
}

fn notes(world: &World) -> String {
    world.target_value("SELECT string_agg(\"Note\", ',' ORDER BY \"Id\") FROM dbo.\"Odd\"")
}

#[test]
fn a_policy_is_taken_up_for_one_table_and_the_others_are_not_copied_again() {
    let world = odd();
    world.run(&["run"]).exits(3);
    let done = world.run(&["replan", "--table", "dbo.Odd", "--policy", "nul=strip"]).exits(0);
    done.says("planned anew: dbo.Odd; `shardferry run` copies only these again");
    assert_eq!(world.data_status("dbo.Odd"), "pending");
    assert_eq!(world.data_status("dbo.Even"), "completed");
    // By hand, without a word about policies: they are the plan's.
    world.succeed(&["run"]);
    assert_eq!(notes(&world), "bad,good");
    assert_eq!(world.reads("Even"), 1);
    let finish = world.object("finish.json").unwrap();
    assert_eq!(finish["status"]["status"], "completed");
}

#[test]
fn a_column_a_filter_and_a_mask_are_taken_up_and_nothing_is_dropped_unasked() {
    let world = odd();
    world.succeed(&["run", "--policy", "nul=strip"]);
    world.load("ALTER TABLE dbo.Odd ADD Extra int NULL");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shardferry.yaml");
    std::fs::write(
        &config,
        "tables:\n  dbo.Odd:\n    where: Id = 2\n    columns:\n      Note:\n        mask: hash\n",
    )
    .unwrap();
    let config = config.to_str().unwrap();
    world.run(&["run", "--config", config]).exits(2).says("[plan_foreign]").says("tables of the config file");
    let done = world.run(&["replan", "--table", "dbo.Odd", "--config", config]).exits(0);
    done.says("the target table dbo.Odd is not the new plan's: ")
        .says("column Extra is missing; drop it, or change it by hand");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Odd\""), "2");
    world.run(&["run"]).exits(3).says("[target_mismatch]");
    world.target("DROP TABLE dbo.\"Odd\"");
    for arguments in [vec!["run"], vec!["run", "--config", config]] {
        world.succeed(&arguments);
        let rows = "SELECT count(*) || ' ' || max(\"Id\") || ' ' || max(length(\"Note\")) || ' ' || count(\"Extra\") FROM dbo.\"Odd\"";
        assert_eq!(world.target_value(rows), "1 2 64 0");
    }
    assert_eq!(world.reads("Even"), 1);
}

#[test]
fn what_replan_cannot_take_up_is_refused_and_changes_nothing() {
    let world = odd();
    world.succeed(&["plan"]);
    let plan = world.object("plan.json").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shardferry.yaml");
    std::fs::write(&config, "tables:\n  dbo.Even:\n    where: Id = 1\n").unwrap();
    let refused = world.run(&["replan", "--table", "dbo.Odd", "--config", config.to_str().unwrap()]).exits(2);
    refused.says("the config file changes the choices for dbo.Even too: add --table dbo.Even");
    world.run(&["replan", "--table", "dbo.None"]).exits(2).says("dbo.None");
    world.run(&["replan"]).exits(2).says("--table");
    world.succeed(&["schema"]);
    let pod = world.command(&["sync"]).failpoints("begin.after_bounds=stop").pod("a").spawn();
    super::harness::until("the pod stands still", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pod.pid())).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('T').then_some(())
    });
    world
        .run(&["replan", "--table", "dbo.Odd"])
        .exits(5)
        .says("a pod of this run works by the plan")
        .says("pod a");
    drop(pod.kill());
    world.load("DROP TABLE dbo.Odd");
    world.run(&["replan", "--table", "dbo.Odd"]).exits(3).says("[source_changed]");
    assert_eq!(world.object("plan.json").unwrap(), plan);
}

/// Killed while it writes the plan: before the store has it, and after.
#[test]
fn a_replan_that_is_killed_leaves_the_old_plan_or_the_new_one() {
    for (when, rows) in [(When::Before, "2"), (When::After, "1")] {
        let world = odd();
        world.succeed(&["run", "--policy", "nul=strip"]);
        let store = StoreProxy::start(&environment("SHARDFERRY_TEST_S3_ENDPOINT"));
        let silent = store.set(Broken::Silence, when, 1, |asked| asked.plan());
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("shardferry.yaml");
        std::fs::write(&config, "tables:\n  dbo.Odd:\n    where: Id = 2\n").unwrap();
        let replan = world.command(&["replan", "--table", "dbo.Odd", "--config", config.to_str().unwrap()]);
        let replan = replan.env("AWS_ENDPOINT_URL_S3", &store.url()).pod("a").spawn();
        store.wait_for(silent, 1);
        drop(replan.kill());
        store.release();
        world.succeed(&["run"]);
        assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Odd\""), rows, "{when:?}");
        assert_eq!(world.reads("Even"), 1);
    }
}

/// What is not named stays: the other policies of the run, and those of an earlier replan; and the config file need not
/// be changed.
#[test]
fn a_policy_is_added_to_those_that_held_before() {
    let world = World::new();
    world.load(
        "
CREATE TABLE dbo.P (Id int NOT NULL CONSTRAINT PK_P PRIMARY KEY, Note nvarchar(20) NULL, At datetime2(7) NULL)
GO
INSERT INTO dbo.P VALUES (1, N'bad' + NCHAR(0), '2024-01-02T03:04:05.1234567')
",
    );
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shardferry.yaml");
    std::fs::write(&config, "policy: [fraction=truncate]\ntables:\n  dbo.P:\n    where: Id > 0\n").unwrap();
    let config = config.to_str().unwrap();
    world.run(&["run", "--config", config]).exits(3).says("U+0000");
    world.succeed(&["replan", "--table", "dbo.P", "--policy", "nul=strip"]);
    world.succeed(&["run", "--config", config]);
    let row = "SELECT \"Note\" || ' ' || \"At\"::text FROM dbo.\"P\"";
    assert_eq!(world.target_value(row), "bad 2024-01-02 03:04:05.123456");
    world.succeed(&["replan", "--table", "dbo.P", "--policy", "fraction=round", "--config", config]);
    world.succeed(&["run"]);
    assert_eq!(world.target_value(row), "bad 2024-01-02 03:04:05.123457");
    world.succeed(&["replan", "--table", "dbo.P", "--policy", "nul=error"]);
    world.run(&["run", "--config", config]).exits(3).says("U+0000");
}
