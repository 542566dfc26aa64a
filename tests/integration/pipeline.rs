//! The whole job: plan, shards as pods of their own, finish, status, and what a user and an orchestrator read.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Finished, World};
use mssim::faults::{Fault, FaultKind};
use serde_json::Value as Json;

/// Keys of every kind, and an identity whose next value is not the default one.
const SHOP: &str = "
CREATE TABLE dbo.Customers (Id int IDENTITY(10,5) NOT NULL CONSTRAINT PK_Customers PRIMARY KEY,
    Email nvarchar(100) NOT NULL CONSTRAINT UQ_Email UNIQUE, Born date NULL)
GO
CREATE TABLE dbo.Orders (Id int NOT NULL CONSTRAINT PK_Orders PRIMARY KEY,
    CustomerId int NOT NULL CONSTRAINT FK_Orders_Customers FOREIGN KEY REFERENCES dbo.Customers (Id), Total money NULL)
GO
CREATE INDEX IX_Orders_Customer ON dbo.Orders (CustomerId)
GO
INSERT INTO dbo.Customers (Email, Born) VALUES (N'a@x', '2001-02-03'), (N'b@x', NULL), (N'ç@x', '1999-12-31')
GO
INSERT INTO dbo.Orders (Id, CustomerId, Total) VALUES (1, 10, 12.5), (2, 20, -0.0001), (3, 10, NULL)
GO
";

/// Indexes and constraints of the user's schemas in the target.
fn count(world: &World, what: &str) -> usize {
    let outside = "nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema', 'shardferry')";
    let from = match what {
        "indexes" => "pg_index i JOIN pg_class c ON c.oid = i.indrelid",
        "foreign" => "pg_constraint f JOIN pg_class c ON c.oid = f.conrelid AND f.contype = 'f'",
        "validated" => {
            "pg_constraint f JOIN pg_class c ON c.oid = f.conrelid AND f.contype = 'f' AND f.convalidated"
        }
        "unique" => "pg_index i JOIN pg_class c ON c.oid = i.indrelid AND i.indisunique",
        other => panic!("{other}"),
    };
    let sql =
        format!("SELECT count(*) FROM {from} JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {outside}");
    world.target_value(&sql).parse().unwrap()
}

pub(super) fn assert_finished(world: &World) {
    let catalog = world.engine.catalog(world.engine.default_database()).unwrap();
    let indexes: usize = catalog.tables.iter().map(|table| table.indexes.len()).sum();
    let foreign: usize = catalog.tables.iter().map(|table| table.foreign_keys.len()).sum();
    assert_eq!(count(world, "indexes"), indexes);
    assert_eq!((count(world, "foreign"), count(world, "validated")), (foreign, foreign));
    for table in world.object("plan.json").unwrap()["tables"].as_array().unwrap() {
        let name = |what: &str| table["target"][what].as_str().unwrap().replace('"', "\"\"");
        let name = format!("\"{}\".\"{}\"", name("schema"), name("name"));
        let rows = world.target_value(&format!("SELECT count(*) FROM {name}"));
        let sql = format!(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = '{}'::regclass",
            name.replace('\'', "''")
        );
        assert_eq!(world.target_value(&sql), rows, "ANALYZE counted the rows of {name}");
    }
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "completed");
}

/// The `[i/N]` or table names of lines with this text, sorted.
fn sorted<'f>(done: &'f Finished, text: &str) -> Vec<&'f str> {
    let mut lines = done.lines_with(text);
    lines.sort_unstable();
    lines
}

#[test]
fn three_shards_at_once_then_finish_then_seven_shards_find_nothing_to_do() {
    let world = World::new();
    world.load(SHOP);
    world.company(30, 6000, 1);
    let planned = world.succeed(&["plan", "--shards", "3"]);
    assert_eq!(planned.stdout.lines().filter(|line| line.contains("--range ")).count(), 3);
    world.succeed(&["schema"]);
    let pods = ["1/3", "2/3", "3/3"]
        .map(|shard| world.command(&["sync", "--shard", shard]).pod(&format!("pod-{}", &shard[..1])).spawn());
    for pod in pods {
        pod.wait().exits(0);
    }
    let rows = world.assert_equal();
    world.succeed(&["finish"]).says(" left out, 0 failed");
    assert_finished(&world);
    let next = "INSERT INTO dbo.\"Customers\" (\"Email\") VALUES ('next') RETURNING \"Id\"";
    assert_eq!(world.target_value(next), "25");
    world.target("DELETE FROM dbo.\"Customers\" WHERE \"Email\" = 'next'");
    let names = world.planned();
    let mut skipped = 0;
    for shard in 1..=7 {
        let done = world.succeed(&["sync", "--shard", &format!("{shard}/7")]);
        assert!(done.lines_with("Processing:").is_empty());
        skipped += done.lines_with("Skipping ").len();
        for line in done.lines_with("Skipping ") {
            let index: usize = line.split(['[', '/']).nth_back(1).unwrap().parse().unwrap();
            assert_eq!(line, format!("Skipping {} (already completed) [{index}/32]", names[index - 1]));
        }
    }
    assert_eq!(skipped, 32);
    assert_eq!(world.assert_equal(), rows);
    world.succeed(&["finish"]).says("already completed");
}

#[test]
fn run_alone_does_everything_from_nothing() {
    let world = World::new();
    world.load(SHOP);
    world.company(8, 800, 2);
    world.succeed(&["run"]);
    assert!(world.assert_equal() > 790);
    assert_finished(&world);
    let xmin = world.target_value("SELECT max(xmin::text::bigint) FROM dbo.\"Orders\"");
    world.succeed(&["run"]);
    assert_eq!(world.target_value("SELECT max(xmin::text::bigint) FROM dbo.\"Orders\""), xmin);
    assert_eq!(world.reads("Orders"), 1);
}

#[test]
fn the_pods_of_an_indexed_job_share_the_run_and_one_finishes() {
    let world = World::new();
    world.load(SHOP);
    world.company(12, 1200, 3);
    let pods: Vec<_> = (0..3)
        .map(|index| {
            world
                .command(&["run", "--shard-count", "3"])
                .env("JOB_COMPLETION_INDEX", &index.to_string())
                .pod(&format!("job-{index}"))
                .env("POD_NAMESPACE", "loads")
                .env("NODE_NAME", &format!("node-{index}"))
                .spawn()
        })
        .collect();
    let ended: Vec<_> = pods.into_iter().map(|pod| pod.wait().exits(0)).collect();
    assert!(world.assert_equal() > 1180);
    assert_finished(&world);
    let finishers = ended.iter().filter(|pod| !pod.lines_with(" built, ").is_empty()).count();
    assert_eq!(finishers, 1);
    for table in world.planned() {
        let table = table.split_once('.').unwrap().1.to_owned();
        assert_eq!(world.reads(&table.replace(']', "]]")).min(2), 1, "{table} was copied once");
    }
    assert_eq!(world.keys("pods/").len(), 3);
    let pod = world.object("pods/job-1-1.json").unwrap();
    assert_eq!((&pod["namespace"], &pod["node"]), (&"loads".into(), &"node-1".into()));
}

/// What `grep -c '"completed"'` counts.
fn completed(text: &str) -> usize {
    text.lines().filter(|line| line.contains("\"completed\"")).count()
}

#[test]
fn status_counts_completed_tables_in_the_middle_and_at_the_end() {
    let world = World::new();
    world.company(6, 300, 4);
    world.reference("Big", 3000);
    world.prepare();
    world.fault(Fault::from(FaultKind::Stall { rows: 1000, time: None }).containing("[Big]"));
    assert_eq!(completed(&world.succeed(&["status", "--format", "json"]).stdout), 0);
    let pod = world.command(&["sync", "--jobs", "2"]).pod("a").spawn();
    super::harness::until("all but the stalled table", || {
        (world.planned().iter().filter(|table| world.data_status(table) == "completed").count() == 6)
            .then_some(())
    });
    let middle = world.succeed(&["status", "--format", "json"]).stdout;
    assert_eq!(completed(&middle), 6);
    let middle: Json = serde_json::from_str(&middle).unwrap();
    assert_eq!(middle["tables"]["dbo.Big"]["data"]["status"], "in_progress");
    assert!(middle["session_start"].is_string() && middle["last_updated"].is_string());
    world.succeed(&["status"]).says("dbo.Big");
    world.server.faults().clear();
    pod.wait().exits(0);
    let end = world.succeed(&["status", "--format", "json"]).stdout;
    assert_eq!(completed(&end), 7);
    let end: Json = serde_json::from_str(&end).unwrap();
    let big = &end["tables"]["dbo.Big"]["data"];
    assert_eq!((big["rows_synced"].as_u64(), big["error"].is_null()), (Some(3000), true));
    assert!(big["completed_at"].is_string());
    world.succeed(&["status"]).says("7");
}

#[test]
fn progress_lines_result_file_and_termination_log_are_the_contract() {
    let world = World::new();
    world.company(12, 12_000, 5);
    world.prepare();
    let (result, termination) =
        (world.folder.path().join("result.json"), world.folder.path().join("termination"));
    std::fs::write(&termination, "").unwrap();
    let done = world
        .command(&["sync", "--jobs", "1"])
        .arg("--result-file")
        .arg(result.to_str().unwrap())
        .arg("--termination-log")
        .arg(termination.to_str().unwrap())
        .pod("a")
        .run()
        .exits(0);
    let names = world.planned();
    let mut wanted: Vec<String> =
        (1..).zip(&names).map(|(i, name)| format!("[{i}/12] Processing: {name}")).collect();
    wanted.sort_unstable();
    assert_eq!(sorted(&done, "Processing: "), wanted);
    for (index, name) in (1..).zip(&names) {
        let rows = world.assert_table_equal(name);
        let rows = shardferry::model::counts::thousands(rows);
        let start = format!("[{index}/12] Completed: {name} ({rows} rows in ");
        assert_eq!(
            done.stderr.lines().filter(|line| line.starts_with(&start)).count(),
            1,
            "{start}\n{}",
            done.stderr
        );
    }
    // The tenth table is settled while the worker may have begun the eleventh.
    let progress = |running: u32, left: u32| {
        format!("Progress: total 12, completed 10, failed 0, in progress {running}, remaining {left} (83.3%)")
    };
    let told = done.lines_with("Progress: ");
    assert!(told == [progress(0, 2)] || told == [progress(1, 1)], "{told:?}");
    let rows = world.assert_equal();
    let total = format!("  Total rows:  {}", shardferry::model::counts::thousands(rows));
    for line in ["Final summary", "  Processed:   12", "  Skipped:     0", "  Failed:      0", total.as_str()]
    {
        assert_eq!(done.stderr.lines().filter(|had| *had == line).count(), 1, "{line}\n{}", done.stderr);
    }
    for start in ["  Duration:    ", "  Rows/second: ", "  To go on:    "] {
        assert_eq!(done.stderr.lines().filter(|had| had.starts_with(start)).count(), 1, "{start}");
    }
    let result: Json = serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap();
    assert_eq!(
        (&result["command"], &result["status"], &result["pod"]),
        (&"sync".into(), &"completed".into(), &"a".into())
    );
    assert_eq!(
        (&result["exit_code"], &result["tables_processed"], &result["rows"]),
        (&0.into(), &12.into(), &rows.into())
    );
    let termination = std::fs::read_to_string(termination).unwrap();
    assert!(termination.len() <= 4096 && termination.contains("12 processed"), "{termination}");
}

#[test]
fn json_logs_hold_the_same_facts_as_fields() {
    let world = World::with_files();
    world.company(3, 30, 6);
    world.prepare();
    let done = world.command(&["sync"]).env("SHARDFERRY_LOG_FORMAT", "json").pod("a").run().exits(0);
    let lines: Vec<Json> = done.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |line: &Json| line.to_string();
    for name in world.planned() {
        let of = |what: &str| {
            lines.iter().filter(|line| text(line).contains(&format!("] {what}: {name}"))).count()
        };
        assert_eq!((of("Processing"), of("Completed")), (1, 1), "{name}\n{}", done.stderr);
    }
    assert!(lines.iter().any(|line| text(line).contains("\"rows_per_second\":")));
    assert!(world.assert_equal() > 26);
}

#[test]
fn with_json_logs_the_first_line_says_what_was_asked_for_and_a_fatal_error_is_an_event() {
    let world = World::new();
    world.reference("A", 5);
    world.prepare();
    let json = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let command = || world.command(&["sync", "--jobs", "2"]).env("SHARDFERRY_LOG_FORMAT", "json").pod("a");
    let done = command().run().exits(0).hides("Passw0rd");
    let first = json(done.stderr.lines().next().unwrap());
    assert_eq!(
        (&first["command"], &first["jobs"], &first["level"]),
        (&"sync".into(), &2.into(), &"INFO".into())
    );
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    for (key, part) in [
        ("source_database", "/testdb"),
        ("target_database", "127.0.0.1"),
        ("checkpoint", "s3://"),
        ("tables", "all"),
    ] {
        assert!(first[key].as_str().unwrap().contains(part), "{first}");
    }
    let wrong = world.source_url().replace("Passw0rd", "wr0ng");
    let refused = command().env("SHARDFERRY_SOURCE_URL", &wrong).run().exits(2).hides("shardferry: ");
    let last = json(refused.stderr.lines().last().unwrap());
    assert_eq!(
        (&last["level"], &last["code"], &last["exit_code"]),
        (&"ERROR".into(), &"source_login".into(), &2.into())
    );
    assert!(last["remedy"].as_str().unwrap().contains("password"), "{last}");
}
