//! A pooler in transaction mode before the target: nothing that a session keeps may matter.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Invocation, PgBouncer, World, until};
use mssim::faults::{Fault, FaultKind};

fn world() -> World {
    let world = World::new();
    world.reference("Big", 20_000);
    for table in ["A", "B", "C"] {
        world.reference(table, 50);
    }
    world
}

fn through(world: &World, pooler: &PgBouncer, arguments: &[&str], pod: &str) -> Invocation {
    world
        .command(arguments)
        .pod(pod)
        .env("SHARDFERRY_TARGET_URL", &world.target_url_at(pooler.port()))
        .env("RUST_LOG", "info")
}

#[track_caller]
fn complete(world: &World, kills: u64) {
    assert_eq!(world.account("pooler", kills), 20_150);
    let markers =
        "SELECT count(DISTINCT table_index), sum(rows) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
    assert_eq!(world.target(markers), [["4", "20150"].map(|text| Some(text.to_owned())).to_vec()]);
}

/// Nothing stays behind in the pooler's sessions.
#[track_caller]
fn no_locks_stay(world: &World) {
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(world.target_value(locks), "0");
}

#[test]
fn a_whole_job_goes_through_a_pooler_in_transaction_mode() {
    let world = world();
    let pooler = PgBouncer::start(&world, 4);
    through(&world, &pooler, &["run", "--jobs", "3"], "a").run().exits(0).says("pooler in transaction mode");
    complete(&world, 0);
    no_locks_stay(&world);
    through(&world, &pooler, &["run"], "b").run().exits(0);
    through(&world, &pooler, &["reset", "--yes"], "b").run().exits(0);
    through(&world, &pooler, &["run", "--jobs", "2"], "b").run().exits(0);
    complete(&world, 0);
    no_locks_stay(&world);
}

#[test]
fn many_pods_share_a_small_pool() {
    let world = world();
    let pooler = PgBouncer::start(&world, 3);
    through(&world, &pooler, &["plan"], "a").run().exits(0);
    through(&world, &pooler, &["schema"], "a").run().exits(0);
    let pods = ["a", "b", "c"]
        .map(|pod| through(&world, &pooler, &["sync", "--jobs", "2", "--claim-timeout", "5s"], pod).spawn());
    for pod in pods {
        pod.wait().exits(0);
    }
    complete(&world, 0);
    no_locks_stay(&world);
}

/// The killed pod's claim is free when its heartbeat is too old, and not before.
#[test]
fn a_killed_pod_is_taken_over_by_its_heartbeat() {
    let world = world();
    let pooler = PgBouncer::start(&world, 4);
    through(&world, &pooler, &["plan"], "a").run().exits(0);
    through(&world, &pooler, &["schema"], "a").run().exits(0);
    let stall = FaultKind::Stall { rows: 10_000, time: None };
    let fault = world.fault(Fault::from(stall).times(1).containing("[Big]"));
    let sync = ["sync", "--jobs", "1", "--claim-timeout", "4s"];
    let killed = through(&world, &pooler, &sync, "a").spawn();
    until("the stall in the middle of dbo.Big", || (world.happened(fault) == 1).then_some(()));
    let other = through(&world, &pooler, &sync, "b").spawn();
    until("the other pod's tables", || (world.data_status("dbo.C") == "completed").then_some(()));
    // The owner lives: nobody takes its table.
    assert_eq!(world.object(&world.table_object("dbo.Big")).unwrap()["owner"]["pod"], "a");
    killed.kill();
    world.server.faults().clear();
    other.wait().exits(0).says("waiting for it").says("Completed: dbo.Big");
    assert_eq!(world.object(&world.table_object("dbo.Big")).unwrap()["epoch"], 2);
    complete(&world, 1);
    no_locks_stay(&world);
}
