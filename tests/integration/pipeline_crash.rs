//! Pods that are killed, frozen, stopped or doubled, servers that break: no row is missing, none is there twice.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Invocation, RUN, Running, World, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::json;
use std::time::Duration;

/// `dbo.Big` and three small tables, planned and with their schema.
fn world() -> World {
    let world = World::new();
    world.reference("Big", 20_000);
    for table in ["A", "B", "C"] {
        world.reference(table, 50);
    }
    world.prepare();
    world
}

/// Starts it and returns when the read of `dbo.Big` stands still in the middle.
fn stalled(world: &World, invocation: Invocation) -> Running {
    let fault =
        world.fault(Fault::from(FaultKind::Stall { rows: 10_000, time: None }).times(1).containing("[Big]"));
    let pod = invocation.spawn();
    until("the stall in the middle of dbo.Big", || (world.happened(fault) == 1).then_some(()));
    until("rows on their way into dbo.Big", || {
        let sql = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 0";
        (world.target_value(sql) == "1").then_some(())
    });
    pod
}

/// The server has noticed that a killed pod is gone.
fn sessions_end(world: &World) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'shardferry%'";
    until("the end of the killed pod's sessions", || (world.target_value(sql) == "0").then_some(()));
}

fn equal(world: &World) {
    assert_eq!(world.assert_equal(), 20_150);
    let markers = "SELECT count(*), count(DISTINCT table_index), sum(rows) FROM shardferry.chunk";
    let wanted = ["4", "4", "20150"].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(world.target(markers), [wanted]);
}

#[test]
fn a_pod_killed_in_mid_table_is_taken_over_at_once() {
    let world = world();
    stalled(&world, world.command(&["sync", "--jobs", "1"]).pod("a")).kill();
    world.server.faults().clear();
    sessions_end(&world);
    assert_eq!(world.data_status("dbo.Big"), "in_progress");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "0");
    let again = world.command(&["sync"]).pod("b").run().exits(0);
    again.hides("waiting for it");
    equal(&world);
}

#[test]
fn a_commit_without_its_checkpoint_is_mended_from_the_ledger() {
    let world = world();
    world.succeed(&["sync"]);
    let name = world.table_object("dbo.Big");
    let done = world.object(&name).unwrap();
    let xmin = || world.target_value("SELECT string_agg(DISTINCT xmin::text, ',') FROM dbo.\"Big\"");
    let before = xmin();
    let mut killed = done.clone();
    killed["owner"] = json!({"pod": "dead", "epoch": done["epoch"], "heartbeat": "2026-01-01T00:00:00Z"});
    killed["data"] = json!({"status": "in_progress", "attempts": 1, "started_at": "2026-01-01T00:00:00Z"});
    world.put_object(&name, &killed);
    world.succeed(&["sync"]).says("Skipping dbo.Big (already completed)");
    let mended = world.object(&name).unwrap();
    assert_eq!(
        (&mended["data"]["status"], &mended["data"]["rows_synced"]),
        (&"completed".into(), &20_000.into())
    );
    assert!(mended["owner"].is_null());
    world.delete_object(&name);
    world.succeed(&["sync"]).says("Skipping dbo.Big (already completed)");
    assert_eq!(world.data_status("dbo.Big"), "completed");
    assert_eq!((xmin(), world.reads("Big")), (before, 1));
    equal(&world);
}

#[test]
fn a_recreated_target_is_copied_and_finished_again() {
    let world = world();
    world.succeed(&["run"]);
    world.recreate_target();
    world.run(&["finish"]).exits(5).says("ledger");
    world.succeed(&["run"]).says("the target's ledger knows nothing of it");
    equal(&world);
    assert_eq!(world.target_value("SELECT count(*) FROM pg_class WHERE reltuples = 20000"), "2");
    assert_eq!(world.reads("Big"), 2);
}

#[test]
fn a_table_that_was_dropped_is_copied_and_finished_again() {
    let world = world();
    world.succeed(&["run"]);
    world.target("DROP TABLE dbo.\"A\"");
    world.run(&["sync"]).exits(3).says("run `shardferry schema` first");
    world.succeed(&["run"]).says("Completed: dbo.A (50 rows").says("Skipping dbo.Big (already completed)");
    equal(&world);
    assert_eq!(world.reads("Big"), 1);
}

#[test]
fn a_run_id_is_refused_to_another_plan_until_it_is_reset() {
    let world = world();
    world.succeed(&["run"]);
    world.target("TRUNCATE dbo.\"A\", dbo.\"B\", dbo.\"C\", dbo.\"Big\"");
    for key in world.keys("") {
        world.delete_object(&key[RUN.len() + 1..]);
    }
    world.run(&["run"]).exits(2).says("knows run").says("by another plan").says("[plan_foreign]");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "0");
    world.succeed(&["reset", "--yes"]);
    world.succeed(&["run"]);
    equal(&world);
}

#[test]
fn a_partitioned_target_is_filled_without_freeze() {
    let world = world();
    let first =
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'dbo.\"A\"'::regclass AND attnum = 1";
    let key = world.target_value(first);
    world.target("DROP TABLE dbo.\"A\"");
    world.target(&format!("CREATE TABLE dbo.\"A\" (LIKE dbo.\"B\") PARTITION BY RANGE ({key})"));
    world.target("CREATE TABLE dbo.\"A rest\" PARTITION OF dbo.\"A\" DEFAULT");
    world.succeed(&["sync"]);
    equal(&world);
}

#[test]
fn overlapping_ranges_and_doubled_pods_copy_no_row_twice() {
    let world = world();
    let pod = |range: &str, name: &str| {
        world.command(&["sync", "--claim-timeout", "4s", "--range", range]).pod(name).spawn()
    };
    let pods = [pod("1-3", "a"), pod("2-4", "b"), pod("1-4", "c")];
    for pod in pods {
        pod.wait().exits(0);
    }
    equal(&world);
    for table in ["A", "B", "C", "Big"] {
        assert_eq!(world.reads(table), 1, "{table}");
    }
}

#[test]
fn one_name_twice_is_fenced_not_doubled() {
    let world = world();
    let pods = ["x", "x"].map(|name| world.command(&["sync", "--jobs", "2"]).pod(name).spawn());
    for pod in pods {
        let ended = pod.wait();
        assert!(matches!(ended.code(), Some(0 | 5)), "{}", ended.stderr);
    }
    equal(&world);
    world.succeed(&["sync"]);
    equal(&world);
}

#[test]
fn transient_faults_are_retried() {
    let world = world();
    let reset = world.fault(Fault::from(FaultKind::ResetAfterRows(5000)).times(1).containing("[Big]"));
    let deadlock = world.fault(Fault::from(FaultKind::Deadlock { rows: 20 }).times(1).containing("[A]"));
    let cut = world.fault(Fault::from(FaultKind::TruncatedPacket { rows: 20 }).times(1).containing("[B]"));
    let down = Duration::from_millis(100);
    let restart = world.fault(Fault::from(FaultKind::Restart { rows: 30, down }).times(1).containing("[C]"));
    world.succeed(&["sync", "--jobs", "1"]).says("retrying after a transient error");
    for fault in [reset, deadlock, cut, restart] {
        assert_eq!(world.happened(fault), 1);
    }
    equal(&world);
}

#[test]
fn a_fault_that_stays_fails_the_table_and_a_rerun_completes_it() {
    let world = world();
    world.fault(Fault::from(FaultKind::Deadlock { rows: 100 }).containing("[Big]"));
    world.run(&["sync", "--jobs", "1", "--retries", "2"]).exits(4);
    assert_eq!((world.data_status("dbo.Big"), world.reads("Big")), ("failed".to_owned(), 3));
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "0");
    world.server.faults().clear();
    world.succeed(&["sync"]);
    equal(&world);
}

#[test]
fn sigterm_gives_the_claim_back() {
    let world = world();
    let pod = stalled(&world, world.command(&["sync", "--jobs", "1", "--grace-period", "1s"]).pod("a"));
    pod.signal("TERM");
    pod.wait().exits(143).says("[3/4] Stopped: dbo.Big").hides("Completed:");
    let object = world.object(&world.table_object("dbo.Big")).unwrap();
    assert_eq!((&object["owner"], &object["data"]["status"]), (&serde_json::Value::Null, &"pending".into()));
    world.server.faults().clear();
    world.command(&["sync"]).pod("b").run().exits(0).hides("waiting for it");
    equal(&world);
}

#[test]
fn sigterm_lets_a_table_that_can_end_end() {
    let world = world();
    let mut pod = stalled(&world, world.command(&["sync", "--jobs", "1"]).pod("a"));
    pod.signal("TERM");
    pod.wait_for_line("stopping: finishing what is under way");
    world.server.faults().clear();
    pod.wait().exits(143).says("Completed: dbo.Big").hides("Processing: dbo.A");
    assert_eq!(world.data_status("dbo.Big"), "completed");
    assert_eq!(world.data_status("dbo.A"), "pending");
    world.succeed(&["sync"]);
    equal(&world);
}

#[test]
fn a_frozen_pod_that_comes_back_is_fenced() {
    let world = world();
    let frozen = stalled(&world, world.command(&["sync", "--jobs", "1", "--claim-timeout", "2s"]).pod("a"));
    frozen.signal("STOP");
    world.server.faults().clear();
    let other = world.command(&["sync", "--claim-timeout", "2s"]).pod("b").run().exits(0);
    other.says("[3/4] Completed: dbo.Big (20,000 rows");
    equal(&world);
    frozen.signal("CONT");
    frozen.wait().exits(5).hides("Completed: dbo.Big");
    equal(&world);
    let object = world.object(&world.table_object("dbo.Big")).unwrap();
    assert_eq!((&object["data"]["status"], &object["epoch"]), (&"completed".into(), &2.into()));
    world.succeed(&["status", "--run-id", RUN]);
}
