//! Limits of rows and bytes a second, and of a real replica's lag. Nothing here measures how fast it is: what is
//! asserted is that the limit was felt, said, and changed nothing else.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Finished, PrivatePostgres, World, until};
use serde_json::Value as Json;

/// The fields of the final summary.
fn summary(finished: &Finished) -> Json {
    let line = finished.lines_with("Final summary").pop().expect("a final summary");
    serde_json::from_str(line).unwrap()
}

fn throttled(finished: &Finished, field: &str) -> f64 {
    let summary = summary(finished);
    let fields = if summary["fields"].is_object() { &summary["fields"] } else { &summary };
    fields[field].as_f64().unwrap_or_else(|| panic!("{field} in {summary}"))
}

/// Each batch costs more than the second that may be kept, so that it waits however slow the machine is.
#[test]
fn limits_of_rows_and_bytes_are_felt_and_said() {
    let mut world = World::with_files();
    for table in ["A", "B"] {
        world.reference(table, 150);
    }
    world.load("CREATE TABLE dbo.Large (id int NOT NULL, body varbinary(max) NULL)");
    let body = "CAST(REPLICATE(CAST('shardferry' AS varchar(max)), 250000) AS varbinary(max))";
    world.load(&format!("INSERT INTO dbo.Large VALUES (1, {body})"));
    world.prepare();
    let json = |world: &World, arguments: &[&str]| {
        let finished =
            world.command(arguments).env("SHARDFERRY_LOG_FORMAT", "json").pod("main").run().exits(0);
        assert_eq!(finished.lines_with("held back by --max-rows-per-second").len(), 1, "{}", finished.stderr);
        finished
    };
    let rows = json(
        &world,
        &["sync", "--jobs", "2", "--max-rows-per-second", "100", "--table", "dbo.A", "--table", "dbo.B"],
    );
    assert!(throttled(&rows, "throttled_seconds") >= 0.9, "{}", rows.stderr);
    // 2.5 MB in a row, which is more than a second's.
    let bytes = json(&world, &["sync", "--jobs", "2", "--max-mb-per-second", "1"]);
    assert!(throttled(&bytes, "throttled_seconds") >= 1.4, "{}", bytes.stderr);
    assert!(throttled(&bytes, "replica_lag_seconds") <= 0.0);
    assert_eq!(world.assert_equal(), 301);
    world.renew();
    world.prepare();
    let free = world.succeed(&["sync"]).hides("held back").hides("Throttled");
    assert_eq!(free.lines_with("Rows/second").len(), 1);
    assert_eq!(world.assert_equal(), 301);
}

/// At one row a second the chunk would take minutes.
#[test]
fn who_waits_for_the_limit_ends_when_the_grace_period_does() {
    let world = World::with_files();
    world.reference("A", 300);
    world.prepare();
    let sync = ["sync", "--max-rows-per-second", "1", "--grace-period", "200ms"];
    let mut waiting = world.command(&sync).pod("main").spawn();
    waiting.wait_for_line("held back by --max-rows-per-second");
    waiting.signal("TERM");
    let stopped = waiting.wait().exits(143);
    assert_eq!(stopped.lines_with("Throttled: ").len(), 1, "{}", stopped.stderr);
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"A\""), "0");
    world.succeed(&["sync", "--max-mb-per-second", "1000"]);
    assert_eq!(world.assert_equal(), 300);
}

#[test]
fn a_target_without_replicas_is_said_once() {
    let world = World::with_files();
    world.reference("A", 10);
    let finished = world.succeed(&["run", "--max-replica-lag", "1s"]);
    assert_eq!(finished.lines_with("no replica is connected to the target").len(), 1, "{}", finished.stderr);
    assert_eq!(world.assert_equal(), 10);
}

#[test]
fn copying_waits_for_a_replica_that_is_behind() {
    let primary = PrivatePostgres::start();
    let standby = primary.standby();
    let world = World::on(primary.url());
    world.reference("A", 2000);
    let value = |url: &str, sql: &str| world.ask(url, sql).swap_remove(0).swap_remove(0).unwrap_or_default();
    until("a standby that streams", || {
        let sql =
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL";
        (value(primary.url(), sql) == "1").then_some(())
    });
    world.prepare();
    drop(world.ask(standby.url(), "SELECT pg_wal_replay_pause()"));
    until("a standby that stands still", || {
        (value(standby.url(), "SELECT pg_get_wal_replay_pause_state()") == "paused").then_some(())
    });
    world.target("CREATE TABLE public.something (id int)");
    until("a lag of more than a second", || {
        let sql = "SELECT coalesce(max(replay_lag), '0') > '1.1 s' FROM pg_stat_replication";
        (value(primary.url(), sql) == "t").then_some(())
    });
    let mut waiting = world.command(&["sync", "--max-replica-lag", "1s"]).pod("main").spawn();
    let said = waiting.wait_for_line("a replica of the target is too far behind");
    assert!(said.contains("standby at 127.0.0.1"), "{said}");
    // The COPY has begun, and gets no row.
    let copying = "SELECT coalesce(sum(tuples_processed), -1) FROM pg_stat_progress_copy";
    until("a COPY under way", || (value(primary.url(), copying) == "0").then_some(()));
    let looked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shardferry replica lag'";
    assert_eq!(value(primary.url(), looked), "1");
    assert!(waiting.is_running());
    assert_eq!(value(primary.url(), copying), "0");
    drop(world.ask(standby.url(), "SELECT pg_wal_replay_resume()"));
    let finished = waiting.wait().exits(0).says("replicas of the target have caught up: going on");
    assert_eq!(finished.lines_with("by replicas that were too far behind").len(), 1, "{}", finished.stderr);
    assert_eq!(world.assert_equal(), 2000);

    // A role that sees no lag would wait for none.
    world.admin("CREATE ROLE plain LOGIN PASSWORD 'plain'");
    world.target("GRANT ALL ON ALL TABLES IN SCHEMA shardferry TO plain; GRANT USAGE ON SCHEMA shardferry, dbo TO plain");
    let url = world.target_url().replace("postgres:postgres@", "plain:plain@");
    let sync = |url: &str| {
        let sync = world.command(&["sync", "--max-replica-lag", "1s"]).env("SHARDFERRY_TARGET_URL", url);
        sync.pod("main").run()
    };
    sync(&url).exits(2).says("the role plain may not see").says("GRANT pg_monitor");
    world.admin("GRANT pg_monitor TO plain");
    sync(&url).exits(0);
}
