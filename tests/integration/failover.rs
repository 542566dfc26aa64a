//! The source fails over: its server calls itself otherwise, and the database is the same. What is refused instead
//! stands in `refusals_arguments.rs`.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use mssim::engine::Denial;
use serde_json::Value as Json;

const BIG: u64 = 3000;

/// `dbo.Big` of several chunks, planned behind server A, and killed after the first chunks.
fn half_copied() -> World {
    let world = World::with_files();
    world.engine.set_server_name("SQL-A");
    world.reference("Big", BIG);
    world.prepare();
    let arguments = ["sync", "--jobs", "1", "--chunk-size", "50KiB"];
    let killed = world.command(&arguments).pod("a").failpoints("copy.after_trailer=kill@3").run();
    assert_eq!(killed.signal(), Some(9), "{}", killed.stderr);
    let committed: u32 =
        world.target_value("SELECT count(committed_at) FROM shardferry.chunk").parse().unwrap();
    assert_eq!(committed, 2);
    world
}

fn assert_copied(world: &World) {
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), BIG.to_string());
    assert_eq!(world.data_status("dbo.Big"), "completed");
}

#[test]
fn a_run_goes_on_after_a_failover_to_another_server() {
    let world = half_copied();
    let plan = world.object("plan.json").unwrap();
    assert_eq!(plan["source"]["server"], "SQL-A");
    world.engine.set_server_name("SQL-B");
    let history = "the source database was restored from a backup or failed over by force";
    world.succeed(&["plan"]).says("was there already").hides(history);
    world.succeed(&["schema"]);
    world.succeed(&["sync"]).hides(history);
    world.succeed(&["run"]).says(" built, ");
    assert_copied(&world);
    assert_eq!(world.object("plan.json").unwrap(), plan);
}

#[test]
fn a_login_that_sees_less_than_the_planning_one_goes_on_after_a_failover() {
    for denial in [Denial::Denied, Denial::Missing] {
        let world = half_copied();
        world.engine.deny_view("sys.database_recovery_status", Some(denial));
        world.engine.set_server_name("SQL-B");
        world.succeed(&["run"]);
        assert_copied(&world);
    }
}

#[test]
fn a_restored_copy_of_the_source_is_taken_with_a_warning() {
    let world = half_copied();
    world.engine.restore_copy("testdb").unwrap();
    world.engine.set_server_name("SQL-STAGING");
    world.succeed(&["run"]).says("the source database was restored from a backup or failed over by force");
    assert_copied(&world);
}

/// What the program wrote before plans had an identity: the field is not there, and the fingerprint is over the
/// server's name.
fn make_old(world: &World) {
    let mut plan = world.object("plan.json").unwrap();
    plan["source"].as_object_mut().unwrap().remove("identity").unwrap();
    world.put_old_plan(&plan);
}

#[test]
fn a_plan_that_knows_its_source_by_the_server_goes_on_behind_that_server() {
    let world = half_copied();
    make_old(&world);
    world.succeed(&["plan"]).says("was there already");
    world.succeed(&["run"]);
    assert_copied(&world);
    let plan = world.object("plan.json").unwrap();
    assert_eq!(plan["source"].get("identity"), None::<&Json>, "a plan is never rewritten");
}

#[test]
fn a_plan_that_knows_its_source_by_the_server_is_told_so_behind_another_one() {
    let world = half_copied();
    make_old(&world);
    world.engine.set_server_name("SQL-B");
    for command in ["plan", "schema", "sync", "run"] {
        world
            .run(&[command])
            .exits(2)
            .says("source server, by whose name this plan knows its database (plan: SQL-A, now: SQL-B)")
            .says("[plan_foreign]");
    }
}
