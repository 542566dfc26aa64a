//! A second run into tables that a first one has filled and finished: foreign keys in both directions and to the table
//! itself stand in the way, and are there again at the end.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Finished, Invocation, World};
use std::fmt::Write as _;

/// Tables that refer to each other in both directions and to themselves; some rows point nowhere, by keys that the
/// source does not vouch for.
fn circle(rows: u32) -> String {
    let mut sql = "
CREATE TABLE dbo.A (Id int NOT NULL CONSTRAINT PK_A PRIMARY KEY, B int NULL, Self int NULL, Note nvarchar(200) NULL)
GO
CREATE TABLE dbo.B (Id int NOT NULL CONSTRAINT PK_B PRIMARY KEY, A int NULL, Note nvarchar(200) NULL)
GO
CREATE TABLE dbo.C (Id int NOT NULL CONSTRAINT PK_C PRIMARY KEY, A int NULL, Nowhere int NULL)
GO
"
    .to_owned();
    for table in ["A", "B", "C"] {
        let columns = if table == "A" {
            "Id, B, Self, Note"
        } else if table == "B" {
            "Id, A, Note"
        } else {
            "Id, A, Nowhere"
        };
        let rest = |n: u32| match table {
            "A" => format!("{}, {}, N'{}'", rows - n, rows - n, "wide ".repeat(30)),
            "B" => format!("{}, N'{}'", rows - n, "wide ".repeat(30)),
            _ => format!("{}, {}", rows - n, n + 1_000_000),
        };
        let all: Vec<u32> = (1..rows).collect();
        for part in all.chunks(100) {
            let values: Vec<_> = part.iter().map(|n| format!("({n}, {})", rest(*n))).collect();
            writeln!(sql, "INSERT INTO dbo.{table} ({columns}) VALUES {}\nGO", values.join(", ")).unwrap();
        }
    }
    sql + "
ALTER TABLE dbo.A ADD CONSTRAINT FK_A_B FOREIGN KEY (B) REFERENCES dbo.B (Id)
GO
ALTER TABLE dbo.A ADD CONSTRAINT FK_A_A FOREIGN KEY (Self) REFERENCES dbo.A (Id)
GO
ALTER TABLE dbo.B ADD CONSTRAINT FK_B_A FOREIGN KEY (A) REFERENCES dbo.A (Id)
GO
ALTER TABLE dbo.C ADD CONSTRAINT FK_C_A FOREIGN KEY (A) REFERENCES dbo.A (Id)
GO
ALTER TABLE dbo.C WITH NOCHECK ADD CONSTRAINT FK_C_nowhere FOREIGN KEY (Nowhere) REFERENCES dbo.B (Id)
GO
CREATE INDEX IX_C_A ON dbo.C (A)
GO
"
}

fn keys(world: &World) -> String {
    world.target_value(
        "SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'dbo'::regnamespace",
    )
}

const ALL: &str = "FK_A_A true, FK_A_B true, FK_B_A true, FK_C_A true, FK_C_nowhere false";

fn loaded(rows: u32) -> World {
    let world = World::with_files();
    world.load(&circle(rows));
    world.succeed(&["run"]);
    assert_eq!(keys(&world), ALL);
    world
}

/// `run` of another run, in chunks of a few rows.
fn pod(world: &World, run: &str, shard: &str, pod: &str) -> Invocation {
    let arguments =
        ["run", "--shard", shard, "--chunk-size", "16KiB", "--jobs", "2", "--claim-timeout", "8s"];
    let pod = world.command(&arguments).env("SHARDFERRY_RUN_ID", run).pod(pod);
    pod.env("SHARDFERRY_ON_EXISTING", "replace")
}

#[test]
fn three_pods_load_tables_again_that_refer_to_each_other() {
    let world = loaded(400);
    world.load("INSERT INTO dbo.B (Id, A) VALUES (9000, 1)");
    for run in ["second", "third"] {
        let pods = ["1/3", "2/3", "3/3"]
            .map(|shard| pod(&world, run, shard, &format!("pod-{}", &shard[..1])).spawn());
        let ended: Vec<Finished> = pods.into_iter().map(|pod| pod.wait().exits(0)).collect();
        let dropped =
            ended.iter().map(|done| done.lines_with("of an earlier load are dropped").len()).sum::<usize>();
        assert_eq!(dropped, 1, "the first one drops them all");
        world.assert_equal();
        assert_eq!(keys(&world), ALL);
    }
}

#[test]
fn pods_that_are_killed_in_between_lose_no_key() {
    let world = loaded(200);
    let places = [
        "begin.after_drop",
        "begin.after_dropped",
        "begin.after_truncate",
        "copy.after_marker",
        "finish.after_foreign_keys",
    ];
    for (number, place) in places.iter().enumerate() {
        let run = format!("again-{number}");
        let broken = pod(&world, &run, "1/1", "a").failpoints(&format!("{place}=kill")).run();
        assert_eq!(broken.signal(), Some(9), "{place}:\n{}", broken.stderr);
        let pods =
            ["1/2", "2/2"].map(|shard| pod(&world, &run, shard, &format!("b-{}", &shard[..1])).spawn());
        for pod in pods {
            pod.wait().exits(0);
        }
        pod(&world, &run, "1/1", "c").run().exits(0);
        world.assert_equal();
        assert_eq!(keys(&world), ALL, "{place}");
    }
}

#[test]
fn a_key_from_outside_of_the_plan_is_named_and_stays() {
    let world = loaded(20);
    world
        .target("CREATE TABLE public.outside (a int CONSTRAINT \"their key\" REFERENCES dbo.\"A\" (\"Id\"))");
    let refused = pod(&world, "second", "1/1", "a").run().exits(3);
    refused.says("the foreign key their key of table public.outside refers to dbo.A");
    assert_eq!(world.target_value("SELECT count(*) FROM pg_constraint WHERE conname = 'their key'"), "1");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"A\""), "19", "nothing is truncated");
    world.target("DROP TABLE public.outside");
    pod(&world, "second", "1/1", "a").run().exits(0);
    world.assert_equal();
    assert_eq!(keys(&world), ALL);
}

#[test]
fn a_key_of_the_users_between_tables_of_the_plan_is_not_dropped() {
    let world = loaded(20);
    world.target(
        "ALTER TABLE dbo.\"C\" ADD CONSTRAINT mine FOREIGN KEY (\"A\") REFERENCES dbo.\"A\" (\"Id\")",
    );
    pod(&world, "second", "1/1", "a").run().exits(3).says("the foreign key mine of table dbo.C");
    assert!(keys(&world).contains("mine"));
}

#[test]
fn one_table_is_loaded_again_and_only_its_keys_are_built_again() {
    let world = loaded(20);
    let made =
        |name: &str| world.target_value(&format!("SELECT oid FROM pg_constraint WHERE conname = '{name}'"));
    let (of_c, others) = (made("FK_C_A"), [made("FK_A_B"), made("FK_A_A"), made("FK_B_A")]);
    world.succeed(&["run", "--table", "dbo.C", "--reset"]);
    assert_ne!(made("FK_C_A"), of_c);
    assert_eq!([made("FK_A_B"), made("FK_A_A"), made("FK_B_A")], others);
    world.assert_equal();
    assert_eq!(keys(&world), ALL);
}

/// A small table that was never filled is not truncated. Of two runs that begin it at once the later one is refused.
#[test]
fn two_runs_that_begin_an_empty_table_at_once_leave_every_row_once() {
    let world = World::new();
    world.load(
        "CREATE TABLE dbo.Plain (Id int NOT NULL, Code varchar(20) NOT NULL)
GO
INSERT INTO dbo.Plain (Id, Code) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f'), (7, 'g')
GO
",
    );
    let of = |run: &str, command: &str| world.command(&[command]).env("SHARDFERRY_RUN_ID", run).pod(run);
    for run in ["one", "two"] {
        of(run, "plan").run().exits(0);
        of(run, "schema").run().exits(0);
    }
    let mut one = of("one", "sync").failpoints("copy.after_clear=stop@1").spawn();
    one.wait_for_line("copy.after_clear");
    of("two", "sync")
        .run()
        .exits(5)
        .says("run one holds the target table dbo.Plain, and it runs now (pod one");
    one.signal("CONT");
    one.wait().exits(0);
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Plain\""), "7");
    of("two", "sync").run().exits(2).says("dbo.Plain: 7 rows of run one");
}
