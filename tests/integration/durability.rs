//! A server that crashes: what is called completed is there afterwards, what was not flushed is copied again; UNLOGGED
//! tables; and how much WAL a copy writes.
//!
//! Each server here flushes what was not waited for once in ten seconds only, so that a crash does lose it.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{
    Asked, Broken, Invocation, PrivatePostgres, RUN, Running, StoreProxy, When, World, environment, until,
};
use mssim::faults::{Fault, FaultKind};

const BIG: u64 = 20_000;

/// A server and `dbo.Big` on it, planned.
fn world(settings: &[&str]) -> (PrivatePostgres, World) {
    let server = PrivatePostgres::start();
    let world = World::on(server.url());
    for setting in ["wal_writer_delay = '10s'", "autovacuum = off"].iter().chain(settings) {
        world.admin(&format!("ALTER SYSTEM SET {setting}"));
    }
    server.restart();
    world.reference("Big", BIG);
    world.succeed(&["plan"]);
    (server, world)
}

/// Of a table of many chunks.
const SMALL: &str = "200KiB";
/// Of a table of one chunk.
const WHOLE: &str = "1GiB";

/// One chunk after the other, and patient with a server that is away.
fn sync(world: &World, chunk_size: &str) -> Invocation {
    let arguments = ["sync", "--jobs", "1", "--chunk-size", chunk_size];
    world.command(&arguments).pod("a").env("SHARDFERRY_RETRY_MAX_WAIT", "1s").env("SHARDFERRY_RETRIES", "30")
}

fn committed(world: &World) -> u64 {
    world.target_value("SELECT count(committed_at) FROM shardferry.chunk").parse().unwrap()
}

/// Starts it, and returns when some chunks are committed and the next one stands still in the middle.
fn stalled(world: &World, pod: Invocation) -> Running {
    let stall = Fault::from(FaultKind::Stall { rows: 300, time: None });
    let fault = world.fault(stall.times(1).containing("[Big] WHERE").after(6));
    let mut pod = pod.spawn();
    until("the stall in the middle of dbo.Big", || {
        assert!(pod.is_running(), "{}", pod.lines().join("\n"));
        (world.happened(fault) == 1).then_some(())
    });
    assert!(committed(world) >= 5);
    pod
}

#[track_caller]
fn complete(world: &World) {
    assert_eq!(world.account("crash of PostgreSQL behind unflushed commits", 1), BIG);
    let chunks = "SELECT count(*) = count(committed_at), sum(rows) FROM shardferry.chunk";
    assert_eq!(world.target(chunks), [["t", "20000"].map(|text| Some(text.to_owned())).to_vec()]);
    assert_eq!(world.data_status("dbo.Big"), "completed");
    assert_eq!(persistence(world), "p");
    let noted =
        "SELECT (SELECT count(*) FROM shardferry.unlogged) + (SELECT count(*) FROM shardferry.survived)";
    assert_eq!(world.target_value(noted), "0");
}

fn persistence(world: &World) -> String {
    world.target_value("SELECT relpersistence FROM pg_class WHERE oid = 'dbo.\"Big\"'::regclass")
}

fn rows(world: &World) -> String {
    world.target_value("SELECT count(*) FROM dbo.\"Big\"")
}

#[test]
fn what_is_called_completed_survives_a_crash_of_the_server() {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    let pod = sync(&world, SMALL).spawn();
    until("the checkpoint", || (world.data_status("dbo.Big") == "completed").then_some(()));
    server.restart();
    pod.wait().exits(0);
    complete(&world);
}

#[test]
fn a_small_table_that_is_called_completed_survives_too() {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    let pod = sync(&world, WHOLE).spawn();
    until("the checkpoint", || (world.data_status("dbo.Big") == "completed").then_some(()));
    server.restart();
    pod.wait().exits(0);
    complete(&world);
}

/// The pod lives on, and remembers chunks that the server has lost. `loaded`: the beginning of the table was flushed,
/// since it truncated; else it is lost as well.
fn lost_chunks_are_copied_again(loaded: bool) {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    if loaded {
        world.succeed(&["sync"]);
        world.succeed(&["reset", "--yes"]);
    }
    let pod = stalled(&world, sync(&world, SMALL));
    let before = committed(&world);
    server.restart();
    let after = committed(&world);
    assert!(after < before, "nothing was lost: {after} of {before} chunks");
    world.server.faults().clear();
    pod.wait().exits(0).says("it is begun again");
    complete(&world);
}

#[test]
fn chunks_that_a_crash_has_taken_back_are_copied_again() {
    lost_chunks_are_copied_again(true);
}

#[test]
fn a_beginning_that_a_crash_has_taken_back_is_begun_again() {
    lost_chunks_are_copied_again(false);
}

/// The store is away for a moment just when the pod reads the table's object to begin it again.
#[test]
fn a_table_is_begun_again_although_the_store_is_away_for_a_moment() {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    let store = StoreProxy::start(&environment("SHARDFERRY_TEST_S3_ENDPOINT"));
    let pod = stalled(&world, sync(&world, SMALL).env("AWS_ENDPOINT_URL_S3", &store.url()));
    let reads = |asked: &Asked| asked.method == "GET" && asked.path.contains("/tables/");
    // More than the client of the store takes upon itself.
    let away = store.set(Broken::Answer(503, "SlowDown"), When::Before, 6, reads);
    let before = committed(&world);
    server.restart();
    assert!(committed(&world) < before, "nothing was lost");
    world.server.faults().clear();
    let ended = pod.wait().exits(0).says("it is begun again");
    assert_eq!(store.happened(away), 6);
    assert!(!ended.lines_with("reading the checkpoint of dbo.Big").is_empty(), "{}", ended.stderr);
    complete(&world);
}

#[test]
fn a_rerun_after_a_crash_of_both_goes_on_behind_what_is_left() {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    let pod = stalled(&world, sync(&world, SMALL));
    // Flushed by somebody else.
    world.target("CREATE TABLE public.other ()");
    let before = committed(&world);
    pod.kill();
    server.restart();
    assert_eq!(committed(&world), before);
    world.server.faults().clear();
    sync(&world, SMALL).run().exits(0);
    complete(&world);
}

/// The operator's own setting is what a completed table has.
#[test]
fn a_server_that_flushes_nothing_is_believed() {
    let (_server, world) = world(&["synchronous_commit = off"]);
    world.succeed(&["schema"]);
    sync(&world, SMALL).run().exits(0);
    complete(&world);
}

#[test]
fn an_unlogged_load_ends_logged() {
    let (_server, world) = world(&[]);
    world.succeed(&["schema", "--unlogged"]);
    assert_eq!(persistence(&world), "u");
    let pod = stalled(&world, sync(&world, SMALL));
    assert_eq!(persistence(&world), "u");
    world.server.faults().clear();
    pod.wait().exits(0).says("making this UNLOGGED table LOGGED");
    complete(&world);
    world.succeed(&["run", "--unlogged"]).says("already completed");
    // In one chunk.
    world.recreate_target();
    world.succeed(&["run", "--unlogged", "--chunk-size", WHOLE]).says("making this UNLOGGED table LOGGED");
    complete(&world);
}

/// The pod lives on.
#[test]
fn an_unlogged_load_that_a_crash_has_emptied_begins_anew() {
    let (server, world) = world(&[]);
    world.succeed(&["schema", "--unlogged"]);
    let pod = stalled(&world, sync(&world, SMALL));
    // The markers are flushed, the rows are not there to be.
    world.target("CREATE TABLE public.other ()");
    let before = committed(&world);
    server.restart();
    assert_eq!((committed(&world), rows(&world)), (before, "0".to_owned()));
    world.server.faults().clear();
    pod.wait().exits(0).says("copied anew");
    complete(&world);
}

/// Nobody lives on, and the operator has made the table LOGGED before the rerun.
#[test]
fn an_unlogged_load_is_not_believed_because_it_is_logged_now() {
    for by_hand in [false, true] {
        let (server, world) = world(&[]);
        world.succeed(&["schema", "--unlogged"]);
        let pod = stalled(&world, sync(&world, SMALL));
        world.target("CREATE TABLE public.other ()");
        pod.kill();
        server.restart();
        assert!(committed(&world) >= 5);
        if by_hand {
            world.target("ALTER TABLE dbo.\"Big\" SET LOGGED");
        }
        world.server.faults().clear();
        sync(&world, SMALL).run().exits(0).says("copied anew");
        complete(&world);
    }
}

#[test]
fn an_unlogged_load_killed_at_its_end_is_made_logged_by_the_rerun() {
    for (place, crash, anew) in [
        ("logged.before", false, false),
        ("logged.before", true, true),
        ("logged.before_epoch_check", false, false),
        ("logged.before_epoch_check", true, true),
        ("logged.after_commit", true, false),
    ] {
        let (server, world) = world(&[]);
        world.succeed(&["schema", "--unlogged"]);
        let killed = sync(&world, SMALL).failpoints(&format!("{place}=kill")).run();
        assert_eq!(killed.signal(), Some(9), "{place}\n{}", killed.stderr);
        if crash {
            world.target("CREATE TABLE public.other ()");
            server.restart();
        }
        let reads = world.reads("Big");
        let rerun = sync(&world, SMALL).run().exits(0);
        let rerun = if anew { rerun.says("copied anew") } else { rerun.hides("copied anew") };
        assert_eq!(world.reads("Big") > reads, anew, "{place}\n{}", rerun.stderr);
        complete(&world);
    }
}

#[test]
fn a_table_that_the_user_made_unlogged_gets_the_same_care() {
    let (server, world) = world(&[]);
    world.succeed(&["schema"]);
    world.target("ALTER TABLE dbo.\"Big\" SET UNLOGGED");
    let pod = stalled(&world, sync(&world, SMALL));
    world.target("CREATE TABLE public.other ()");
    server.restart();
    world.server.faults().clear();
    pod.wait().exits(0).says("copied anew").says("making this UNLOGGED table LOGGED");
    complete(&world);
    // Afterwards: nothing is called completed that a crash would empty.
    world.target("ALTER TABLE dbo.\"Big\" SET UNLOGGED");
    world.run(&["finish"]).exits(5).says("UNLOGGED");
    let reads = world.reads("Big");
    sync(&world, SMALL).run().exits(0).says("making this UNLOGGED table LOGGED");
    assert_eq!(world.reads("Big"), reads, "its rows are all there");
    complete(&world);
    world.target("ALTER TABLE dbo.\"Big\" SET UNLOGGED");
    server.restart();
    sync(&world, SMALL).run().exits(0).says("copied anew");
    complete(&world);
    world.succeed(&["finish"]);
}

/// A commit that truncates is flushed, and one that only pins chunks is not: what is pinned anew must not fall back to
/// what was pinned before.
#[test]
fn a_table_that_is_begun_anew_is_truncated_although_it_is_empty() {
    let (_server, world) = world(&[]);
    world.succeed(&["schema"]);
    let file = || world.target_value("SELECT pg_relation_filenode('dbo.\"Big\"')");
    let made = file();
    let killed = sync(&world, SMALL).failpoints("begin.after_commit=kill").run();
    assert_eq!(killed.signal(), Some(9));
    assert_eq!(file(), made, "a new table is not truncated");
    let killed = sync(&world, SMALL).arg("--truncate").failpoints("begin.after_commit=kill").run();
    assert_eq!(killed.signal(), Some(9));
    assert_ne!(file(), made);
    sync(&world, SMALL).run().exits(0);
    complete(&world);
}

#[test]
fn what_is_there_stays_logged() {
    let (_server, world) = world(&[]);
    world.succeed(&["schema"]);
    world.succeed(&["schema", "--unlogged"]).says("--unlogged makes no difference to tables that are there");
    assert_eq!(persistence(&world), "p");
    world.succeed(&["status", "--run-id", RUN]);
}

/// Under `wal_level = minimal` a table that one transaction truncates (or makes) and fills is not written into the WAL.
#[test]
fn one_chunk_writes_little_wal_where_the_server_needs_none() {
    let (_server, world) = world(&["wal_level = minimal", "max_wal_senders = 0"]);
    world.succeed(&["schema"]);
    let lsn = || world.target_value("SELECT pg_current_wal_insert_lsn()");
    let before = lsn();
    sync(&world, WHOLE).run().exits(0);
    let wal = world.target_value(&format!("SELECT pg_current_wal_insert_lsn() - '{before}'::pg_lsn"));
    let table = world.target_value("SELECT pg_table_size('dbo.\"Big\"')");
    let (wal, table): (u64, u64) = (wal.parse().unwrap(), table.parse().unwrap());
    assert!(table > 2 * 1024 * 1024, "{table} bytes are too few for a test of this");
    assert!(wal < table / 4, "{wal} bytes of WAL for {table} bytes of table");
    complete(&world);
}
