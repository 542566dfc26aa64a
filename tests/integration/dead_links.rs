//! Links that are dead but open, passwords that are changed in mid-run, and signals while nothing moves: a pod neither
//! hangs nor gives up for good what a moment mends.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Broken, Cut, Finished, Running, Sent, StoreProxy, TargetProxy, When, World, until};
use mssim::faults::{Fault, FaultKind};
use std::time::{Duration, Instant};

const CHUNKS: [&str; 5] = ["sync", "--chunk-size", "4KiB", "--jobs", "1"];

fn prepared() -> World {
    let world = World::new();
    world.reference("A", 300);
    world.prepare();
    world
}

/// Nothing is forwarded any more on a connection, which stays open: the pod gives it up after `socketTimeout` and goes
/// on.
#[test]
fn a_link_to_the_target_that_is_dead_but_open_is_given_up() {
    type Place = (&'static str, fn(&Sent<'_>) -> bool);
    let places: [Place; 6] = [
        ("rows", |sent| sent.copies_more_than(3000)),
        ("COMMIT of rows", |sent| sent.commit_of_rows()),
        ("the check", |sent| sent.statement("claimed AS")),
        ("a pin", |sent| sent.statement("INSERT INTO shardferry.chunk")),
        ("the claim", |sent| sent.statement("AS held (run_id, table_index, table_name, epoch, pod)")),
        ("the proof", |sent| sent.statement("shardferry.unlogged u")),
    ];
    for (place, matches) in places {
        let world = prepared();
        let proxy = TargetProxy::start(&world.target_address());
        let url = format!("{}&socketTimeout=1", with_query(&world.target_url_at(proxy.port())));
        let stalled = proxy.set(Cut::Stall, 1, matches);
        let done = world.command(&CHUNKS).env("SHARDFERRY_TARGET_URL", &url).pod("a").run().exits(0);
        assert_eq!(proxy.happened(stalled), 1, "{place}");
        done.says("the target has neither answered nor taken data for 1 s");
        assert_eq!(world.assert_equal(), 300, "{place}");
    }
}

fn with_query(url: &str) -> String {
    if url.contains('?') { url.to_owned() } else { format!("{url}?sslmode=disable") }
}

/// An index that takes longer than an answer is waited for is no dead link.
#[test]
fn what_may_take_hours_is_waited_for() {
    let world = World::new();
    world.reference("A", 50);
    world.load("CREATE INDEX IX_A ON dbo.A (id)");
    world.prepare();
    let proxy = TargetProxy::start(&world.target_address());
    let url = format!("{}&socketTimeout=1", with_query(&world.target_url_at(proxy.port())));
    let stalled = proxy.set(Cut::Stall, 1, |sent| sent.statement("CREATE INDEX"));
    let mut pod = world.command(&["sync"]).env("SHARDFERRY_TARGET_URL", &url).pod("a").spawn();
    proxy.wait_for(stalled, 1);
    std::thread::sleep(Duration::from_millis(1500));
    assert!(pod.is_running());
    proxy.release_stalls();
    pod.wait().exits(0).hides("neither answered");
}

/// The finish step asks by another connection whether the target still works on what it was sent.
#[test]
fn an_object_whose_statement_is_lost_is_built_by_another_connection() {
    let world = World::new();
    world.reference("A", 50);
    world.load("CREATE TABLE dbo.B (Id int PRIMARY KEY, A int NULL REFERENCES dbo.A (Id))");
    world.succeed(&["plan"]);
    world.succeed(&["schema"]);
    world.succeed(&["sync"]);
    let proxy = TargetProxy::start(&world.target_address());
    let url = format!("{}&socketTimeout=2", with_query(&world.target_url_at(proxy.port())));
    let stalled = proxy.set(Cut::Stall, 1, |sent| sent.statement("FOREIGN KEY"));
    let done = world.command(&["finish"]).env("SHARDFERRY_TARGET_URL", &url).pod("a").run().exits(0);
    assert_eq!(proxy.happened(stalled), 1);
    done.says("its answer has not come for 2 s; the connection is given up");
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = 'dbo.\"B\"'::regclass";
    assert_eq!(world.target_value(keys), "1");
}

/// A source that sends a little now and then, for ever.
#[test]
fn an_answer_of_the_source_without_an_end_is_given_up() {
    let world = prepared();
    let url = format!("{}&readTimeout=1", with_query(&world.source_url()));
    let endless = FaultKind::EndlessMessages { rows: 0 };
    let fault = world.fault(Fault::from(endless).containing("sys.columns").times(1));
    let done = world.command(&["sync"]).env("SHARDFERRY_SOURCE_URL", &url).pod("a").run().exits(4);
    assert_eq!(world.happened(fault), 1);
    done.says("the source's answer to a control query has no end after 6 s [source_unavailable]");
    world.succeed(&["sync"]);
    assert_eq!(world.assert_equal(), 300);
}

/// As documented: the Secret's file changes, then the password; sessions of before are ended at any time.
#[test]
fn a_rotated_password_of_the_target_does_not_fail_the_load() {
    let world = prepared();
    let role = format!("rotated_{}", world.target_value("SELECT current_database()"));
    world.admin(&format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'first'"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let url = |password: &str| {
        let (_, place) =
            world.target_url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        format!("postgres://{role}:{password}@{place}")
    };
    std::fs::write(&file, url("first")).unwrap();
    let pod = || {
        let pod = world.command(&CHUNKS).without_env("SHARDFERRY_TARGET_URL").pod("a");
        pod.env("SHARDFERRY_TARGET_URL_FILE", file.to_str().unwrap())
    };
    let first = pod().failpoints("copy.after_commit=stop@2").spawn();
    until("the pod stands still", || is_stopped(&first).then_some(()));
    world.admin(&format!("ALTER ROLE {role} PASSWORD 'second'"));
    world.admin(&format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{role}'"
    ));
    first.signal("CONT");
    let mut first = first;
    // Refused, and not for good: the file still has the first password.
    first.wait_for_line("a login is refused that was accepted before");
    std::fs::write(&file, url("second")).unwrap();
    first.wait().exits(0);
    assert_eq!(world.assert_equal(), 300);
    // A pod that was never logged in is told at once.
    std::fs::write(&file, url("wrong")).unwrap();
    pod().run().exits(2).says("[target_login]");
    world.admin(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_login_that_the_source_refuses_after_it_accepted_one_is_tried_again() {
    let world = prepared();
    let refused = FaultKind::LoginFailure;
    let reset = FaultKind::ResetAfterRows(3);
    world.fault(Fault::from(reset).containing("FROM [dbo].[A]").times(1));
    let fault = world.fault(Fault::from(refused).times(2).after(2));
    world.command(&CHUNKS).pod("a").run().exits(0).says("a login is refused that was accepted before");
    assert!(world.happened(fault) >= 1);
    assert_eq!(world.assert_equal(), 300);
    world.fault(Fault::from(FaultKind::LoginFailure));
    world.run(&["run"]).exits(2).says("[source_login]");
}

fn is_stopped(pod: &Running) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pod.pid())).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('T')
}

/// What stands still when a signal comes.
#[derive(Debug, Clone, Copy)]
enum Still {
    Target,
    Store,
    StoreFromTheStart,
    EndlessCatalog,
}

/// The grace period, what is given up afterwards, and this machine's load.
const LONGEST: Duration = Duration::from_secs(2 + 4 + 10);

fn ends_by_signal(still: Still, second: bool) -> Finished {
    let world = prepared();
    let target = TargetProxy::start(&world.target_address());
    let store = StoreProxy::start(&super::harness::environment("SHARDFERRY_TEST_S3_ENDPOINT"));
    let target_url = world.target_url_at(target.port());
    let spawn = |arguments: &[&str]| {
        // Far away if it is the second signal that ends it.
        let grace = if second { "120s" } else { "2s" };
        let pod = world.command(arguments).arg("--grace-period").arg(grace).pod("a");
        pod.env("SHARDFERRY_TARGET_URL", &target_url).env("AWS_ENDPOINT_URL_S3", &store.url()).spawn()
    };
    let pod = match still {
        Still::Target => {
            let rule = target.set(Cut::Stall, u64::MAX, |sent| sent.copies_more_than(3000));
            let pod = spawn(&CHUNKS);
            target.wait_for(rule, 1);
            pod
        }
        Still::Store => {
            let rule = store.set(Broken::Silence, When::Before, u64::MAX, |asked| {
                asked.claim_create() || asked.owned_again()
            });
            let pod = spawn(&CHUNKS);
            store.wait_for(rule, 1);
            pod
        }
        Still::StoreFromTheStart => {
            let rule = store.set(Broken::Silence, When::Before, u64::MAX, |asked| asked.any());
            let pod = spawn(&CHUNKS);
            store.wait_for(rule, 1);
            pod
        }
        Still::EndlessCatalog => {
            let endless = FaultKind::EndlessMessages { rows: 0 };
            let fault = world.fault(Fault::from(endless).containing("sys.columns"));
            let pod = spawn(&CHUNKS);
            until("the source talks without an end", || (world.happened(fault) > 0).then_some(()));
            pod
        }
    };
    let signalled = Instant::now();
    pod.signal("TERM");
    if second {
        pod.signal("TERM");
    }
    let ended = pod.wait_within(LONGEST).exits(143);
    assert!(signalled.elapsed() < LONGEST, "{still:?}");
    target.release_stalls();
    store.release();
    ended
}

macro_rules! signals {
    ($($name:ident: $still:expr, $second:expr;)*) => {
        $(#[test]
        fn $name() {
            ends_by_signal($still, $second);
        })*
    };
}
signals! {
    a_signal_ends_a_pod_whose_target_stands_still: Still::Target, false;
    a_second_signal_ends_a_pod_whose_target_stands_still: Still::Target, true;
    a_signal_ends_a_pod_whose_store_stands_still: Still::Store, false;
    a_second_signal_ends_a_pod_whose_store_stands_still: Still::Store, true;
    a_signal_ends_a_pod_whose_store_never_answered: Still::StoreFromTheStart, false;
    a_second_signal_ends_a_pod_whose_store_never_answered: Still::StoreFromTheStart, true;
    a_signal_ends_a_pod_whose_catalog_has_no_end: Still::EndlessCatalog, false;
    a_second_signal_ends_a_pod_whose_catalog_has_no_end: Still::EndlessCatalog, true;
}
