//! What others write into an object beside its owner: a lost write is a take-over only if another pod has claimed the
//! table.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Running, World, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::json;

/// The process has stopped, by the kernel.
fn is_stopped(pod: &Running) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pod.pid())).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('T')
}

const INDEXED: &str = "
CREATE TABLE dbo.Indexed (Id int NOT NULL CONSTRAINT PK_Indexed PRIMARY KEY, V int NOT NULL)
GO
CREATE INDEX IX_V ON dbo.Indexed (V)
GO
INSERT INTO dbo.Indexed (Id, V) VALUES (1, 10), (2, 20), (3, 30)
GO
";

/// `schema` of pod b writes the object of a table that pod a is copying. Pod a goes on with what stands there now.
#[test]
fn the_schema_step_of_another_pod_does_not_abort_a_running_sync() {
    let world = World::new();
    world.reference("Big", 20_000);
    world.prepare();
    let name = world.table_object("dbo.Big");
    // As if the schema step had been killed before it could write that down.
    let mut object = world.object(&name).unwrap();
    object["schema"] = json!({"status": "pending"});
    world.put_object(&name, &object);
    let stall =
        world.fault(Fault::from(FaultKind::Stall { rows: 10_000, time: None }).times(1).containing("[Big]"));
    let a = world.command(&["sync", "--claim-timeout", "2s"]).pod("a").spawn();
    until("the stall in the middle of dbo.Big", || (world.happened(stall) == 1).then_some(()));
    world.command(&["schema"]).pod("b").run().exits(0);
    assert_eq!(world.object(&name).unwrap()["schema"]["status"], "completed");
    // A heartbeat after it: pod a has seen the other write and has written on top of it.
    let seen = world.object(&name).unwrap()["operation"].clone();
    until("a heartbeat on top of the schema step", || {
        (world.object(&name).unwrap()["operation"] != seen).then_some(())
    });
    world.server.faults().release();
    a.wait().exits(0).hides("took this table over").hides("has taken this claim over");
    let object = world.object(&name).unwrap();
    assert_eq!(
        (&object["schema"]["status"], &object["data"]["status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!(object["epoch"], 1);
    assert_eq!(world.assert_equal(), 20_000);
}

/// The rows are committed, and the owner is about to build its indexes: another pod's start waits for it, and does not
/// call the table completed under its hands.
#[test]
fn another_pods_start_does_not_throw_away_the_index_build_of_a_living_owner() {
    let world = World::new();
    world.load(INDEXED);
    world.prepare();
    let a =
        world.command(&["sync", "--claim-timeout", "20s"]).failpoints("index.before=stop").pod("a").spawn();
    until("pod a stands still before its indexes", || is_stopped(&a).then_some(()));
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Indexed\""), "3");
    let mut b = world.command(&["sync", "--claim-timeout", "20s"]).pod("b").spawn();
    b.wait_for_line("another pod works on this table; waiting for it");
    assert_eq!(world.data_status("dbo.Indexed"), "in_progress");
    a.signal("CONT");
    a.wait().exits(0).hides("left to the finish step").hides("taken this claim over");
    b.wait().exits(0).hides("mended");
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'Indexed' AND indexname LIKE '%IX_V%'";
    assert_eq!(world.target_value(indexes), "1");
    let object = world.object(&world.table_object("dbo.Indexed")).unwrap();
    assert_eq!((&object["data"]["status"], &object["epoch"]), (&json!("completed"), &json!(1)));
}

/// Raising the epoch of one table waits for a lock in the ledger. The other tables are claimed, copied and settled
/// meanwhile.
#[test]
fn a_claim_that_waits_in_the_ledger_does_not_hold_up_the_other_tables() {
    let world = World::new();
    world.reference("Big", 200);
    for table in ["A", "B"] {
        world.reference(table, 50);
    }
    world.prepare();
    let killed =
        world.command(&["sync", "--table", "dbo.Big"]).failpoints("claim.after_raise=kill").pod("a").run();
    assert_eq!(killed.signal(), Some(9), "{}", killed.stderr);
    let lock = world.hold("SELECT 1 FROM shardferry.claim WHERE table_name LIKE '%Big%' FOR UPDATE");
    let mut pod = world.command(&["sync", "--jobs", "2"]).pod("a").spawn();
    for table in ["A", "B"] {
        pod.wait_for_line(&format!("Completed: dbo.{table}"));
    }
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "0");
    drop(lock);
    pod.wait().exits(0).says("Completed: dbo.Big");
    assert_eq!(world.assert_equal(), 300);
}
