//! A target that fails: no row is missing, none is there twice. And signals, with their grace periods.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Cut, Invocation, PrivatePostgres, Running, TargetProxy, World, until};
use mssim::faults::{Fault, FaultKind};
use std::process::Command;
use std::time::{Duration, Instant};

const BIG: u64 = 20_000;

fn prepared(world: World) -> World {
    world.reference("Big", BIG);
    world.reference("Small", 50);
    world.prepare();
    world
}

fn world() -> World {
    prepared(World::new())
}

fn sync(world: &World) -> Invocation {
    world.command(&["sync", "--jobs", "1"]).pod("a")
}

fn through(world: &World, proxy: &TargetProxy) -> Invocation {
    sync(world).env("SHARDFERRY_TARGET_URL", &world.target_url_at(proxy.port()))
}

/// Starts it and returns when rows of `dbo.Big` have arrived and the read stands still.
fn stalled(world: &World, invocation: Invocation) -> Running {
    let stall = FaultKind::Stall { rows: BIG / 2, time: None };
    let fault = world.fault(Fault::from(stall).times(1).containing("[Big]"));
    let mut pod = invocation.spawn();
    until("the stall in the middle of dbo.Big", || {
        assert!(pod.is_running(), "{}", pod.lines().join("\n"));
        (world.happened(fault) == 1).then_some(())
    });
    until("rows on their way into dbo.Big", || {
        let sql = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 0";
        (world.target_value(sql) == "1").then_some(())
    });
    pod
}

#[track_caller]
fn complete(world: &World, category: &str, faults: u64) {
    assert!(faults > 0);
    assert_eq!(world.account(category, faults), BIG + 50);
    let markers =
        "SELECT count(DISTINCT table_index), sum(rows) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
    assert_eq!(world.target(markers), [["2", "20050"].map(|text| Some(text.to_owned())).to_vec()]);
    for table in ["dbo.Big", "dbo.Small"] {
        let object = world.object(&world.table_object(table)).unwrap();
        assert_eq!(object["data"]["status"], "completed", "{table}");
        assert!(object["owner"].is_null(), "{table}");
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_in_the_ledger() {
    let world = world();
    let proxy = TargetProxy::start(&world.target_address());
    let cut = proxy.set(Cut::After, 1, |sent| sent.commit_of_rows());
    through(&world, &proxy).run().exits(0).says("the connection broke during COMMIT");
    assert_eq!((proxy.happened(cut), world.reads("Big")), (1, 1));
    complete(&world, "postgresql", proxy.happened(cut));
}

#[test]
fn a_commit_that_never_arrived_is_copied_again() {
    let world = world();
    let proxy = TargetProxy::start(&world.target_address());
    let cut = proxy.set(Cut::Before, 1, |sent| sent.commit_of_rows());
    through(&world, &proxy).run().exits(0).says("the connection broke during COMMIT");
    assert_eq!((proxy.happened(cut), world.reads("Big")), (1, 2));
    complete(&world, "postgresql", proxy.happened(cut));
}

/// At every table, every commit's answer is lost until the retries are used up: the rerun finds the rows.
#[test]
fn commits_whose_answers_are_always_lost_leave_whole_tables() {
    let world = world();
    let proxy = TargetProxy::start(&world.target_address());
    let cut = proxy.set(Cut::After, u64::MAX, |sent| sent.commit_of_rows());
    let ended = through(&world, &proxy).arg("--retries").arg("0").run();
    assert!(matches!(ended.code(), Some(0 | 4)), "{}", ended.stderr);
    proxy.release();
    through(&world, &proxy).run().exits(0);
    assert_eq!((world.reads("Big"), world.reads("Small")), (1, 1));
    complete(&world, "postgresql", proxy.happened(cut));
}

#[test]
fn a_connection_cut_in_mid_copy_and_a_target_that_refuses_for_a_while() {
    let world = world();
    let proxy = TargetProxy::start(&world.target_address());
    let cut = proxy.set(Cut::Before, 2, |sent| sent.copies_more_than(300_000));
    let stall =
        proxy.set(Cut::Stall, 1, |sent| sent.statement("raise") || sent.statement("shardferry.claim"));
    let pod = through(&world, &proxy).env("SHARDFERRY_RETRY_MAX_WAIT", "300ms").spawn();
    proxy.wait_for(stall, 1);
    // Held before its first claim; then nobody can connect for three attempts.
    proxy.refuse(true);
    until("the stalled connection's fault", || (proxy.happened(stall) == 1).then_some(()));
    proxy.release_stalls();
    until("three refused connections", || (proxy.refused() >= 3).then_some(()));
    proxy.refuse(false);
    pod.wait().exits(0).says("retrying after a transient error");
    assert_eq!(proxy.happened(cut), 2);
    complete(&world, "postgresql", proxy.happened(cut) + proxy.refused());
}

#[test]
fn a_terminated_session_is_replaced() {
    let world = world();
    let pod = stalled(&world, sync(&world));
    assert_eq!(world.target_value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_progress_copy WHERE datname = current_database()"), "1");
    world.server.faults().clear();
    pod.wait().exits(0).says("retrying after a transient error");
    assert_eq!(world.reads("Big"), 2);
    complete(&world, "postgresql", 1);
}

/// Power cut in mid-COPY.
#[test]
fn a_restart_of_the_server_is_ridden_out() {
    let server = PrivatePostgres::start();
    let world = prepared(World::on(server.url()));
    let patient = sync(&world).env("SHARDFERRY_RETRY_MAX_WAIT", "2s").env("SHARDFERRY_RETRIES", "30");
    let pod = stalled(&world, patient);
    server.restart();
    world.server.faults().clear();
    pod.wait().exits(0).says("retrying after a transient error");
    assert_eq!(world.reads("Big"), 2);
    complete(&world, "postgresql", 1);
}

#[test]
fn too_many_connections_are_waited_for() {
    let world = world();
    let role = format!("limited_{}", world.database);
    let database = &world.database;
    world.admin(&format!("CREATE ROLE {role} LOGIN PASSWORD 'postgres' CONNECTION LIMIT 1"));
    world.admin(&format!("ALTER DATABASE {database} OWNER TO {role}"));
    world.target(&format!(
        "ALTER SCHEMA dbo OWNER TO {role}; ALTER TABLE dbo.\"Big\" OWNER TO {role}; ALTER TABLE dbo.\"Small\" OWNER TO {role}; \
         DROP SCHEMA IF EXISTS shardferry CASCADE"
    ));
    let url = world.target_url().replace("postgres:postgres@", &format!("{role}:postgres@"));
    let mut pod =
        sync(&world).env("SHARDFERRY_TARGET_URL", &url).env("SHARDFERRY_RETRY_MAX_WAIT", "1s").spawn();
    pod.wait_for_line("SQLSTATE 53300");
    world.admin(&format!("ALTER ROLE {role} CONNECTION LIMIT -1"));
    pod.wait().exits(0);
    complete(&world, "postgresql", 1);
    world.target(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}"));
    world.admin(&format!("ALTER DATABASE {database} OWNER TO postgres; DROP ROLE {role}"));
}

/// A file system of so many kilobytes, unmounted when it is dropped.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(&self, options: &str) {
        let ran =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0.path()).status();
        assert!(ran.unwrap().success(), "this test needs root, to mount a file system that can be full");
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

#[test]
fn a_full_disk_fails_the_table_and_a_rerun_completes_it() {
    use std::os::unix::fs::PermissionsExt;
    let tiny = Tiny(tempfile::tempdir().unwrap());
    tiny.mount("size=1m,mode=0777");
    std::fs::set_permissions(tiny.0.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let place = tiny.0.path().join("space");
    std::fs::create_dir(&place).unwrap();
    assert!(Command::new("chown").arg("postgres:").arg(&place).status().unwrap().success());
    let world = world();
    let space = format!("tiny_{}", world.database);
    world.admin(&format!("CREATE TABLESPACE {space} LOCATION '{}'", place.display()));
    world.target(&format!("ALTER TABLE dbo.\"Big\" SET TABLESPACE {space}"));
    sync(&world).arg("--retries").arg("2").run().exits(4).says("SQLSTATE 53100");
    assert_eq!(world.data_status("dbo.Big"), "failed");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "0");
    tiny.mount("remount,size=64m,mode=0777");
    sync(&world).run().exits(0);
    complete(&world, "postgresql", 3);
    world.target("ALTER TABLE dbo.\"Big\" SET TABLESPACE pg_default");
    world.admin(&format!("DROP TABLESPACE {space}"));
}

#[test]
fn a_lock_of_another_session_is_waited_for_and_tried_again() {
    let world = world();
    let lock = world.hold("LOCK TABLE dbo.\"Big\" IN SHARE MODE");
    let url = format!("{}?options=-c%20lock_timeout%3D100ms", world.target_url());
    let mut pod =
        sync(&world).env("SHARDFERRY_TARGET_URL", &url).env("SHARDFERRY_RETRY_MAX_WAIT", "1s").spawn();
    pod.wait_for_line("SQLSTATE 55P03");
    drop(lock);
    pod.wait().exits(0);
    complete(&world, "postgresql", 1);
}

/// Another pod starts at once and completes.
#[track_caller]
fn taken_over_at_once(world: &World) {
    for table in ["dbo.Big", "dbo.Small"] {
        let object = world.object(&world.table_object(table)).unwrap();
        assert!(object["owner"].is_null(), "{object}");
    }
    world.server.faults().clear();
    world.command(&["sync"]).pod("b").run().exits(0).hides("waiting for it");
    complete(world, "sigterm", 1);
}

#[test]
fn a_grace_period_of_5_seconds_is_kept() {
    let world = world();
    let pod = stalled(&world, sync(&world).arg("--grace-period").arg("5s"));
    let began = Instant::now();
    pod.signal("TERM");
    pod.wait().exits(143);
    let took = began.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
    taken_over_at_once(&world);
}

#[test]
fn a_grace_period_of_60_seconds_is_not_waited_for_in_vain() {
    let world = world();
    let mut pod = stalled(&world, sync(&world).arg("--grace-period").arg("60s"));
    let began = Instant::now();
    pod.signal("TERM");
    pod.wait_for_line("stopping: finishing what is under way");
    world.server.faults().clear();
    pod.wait().exits(143).says("Completed: dbo.Big").hides("Processing: dbo.Small");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    world.command(&["sync"]).pod("b").run().exits(0).hides("waiting for it");
    assert_eq!(world.reads("Big"), 1);
    complete(&world, "sigterm", 1);
}

#[test]
fn a_second_signal_ends_a_grace_period_of_60_seconds() {
    let world = world();
    let mut pod = stalled(&world, sync(&world).arg("--grace-period").arg("60s"));
    pod.signal("TERM");
    pod.wait_for_line("stopping: finishing what is under way");
    let began = Instant::now();
    pod.signal("TERM");
    pod.wait().exits(143);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    taken_over_at_once(&world);
}
