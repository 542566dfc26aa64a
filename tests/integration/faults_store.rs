//! A checkpoint store that fails: before and after a write took effect, slowly, for long, or because the credentials
//! have expired. No row is missing, none is there twice, and the checkpoints say in the end what the ledger proves.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{
    Asked, Broken, CredentialsServer, Finished, Invocation, RUN, Running, StoreProxy, When, World,
    environment, until,
};
use mssim::faults::{Fault, FaultKind};
use std::time::{Duration, Instant};

const TABLES: [&str; 3] = ["A", "B", "Big"];
const ROWS: u64 = 3_100;

fn world() -> (World, StoreProxy) {
    let world = World::new();
    world.reference("Big", 3_000);
    for table in ["A", "B"] {
        world.reference(table, 50);
    }
    (world, StoreProxy::start(&environment("SHARDFERRY_TEST_S3_ENDPOINT")))
}

fn through(world: &World, proxy: &StoreProxy, arguments: &[&str]) -> Invocation {
    world.command(arguments).pod("main").env("AWS_ENDPOINT_URL_S3", &proxy.url())
}

/// All rows, once; markers for all of them; every object completed and owned by nobody, at this epoch.
#[track_caller]
fn complete(world: &World, epoch: u64, faults: u64) {
    assert!(faults > 0);
    assert_eq!(world.account("s3", faults), ROWS);
    let markers =
        "SELECT count(DISTINCT table_index), sum(rows) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
    assert_eq!(world.target(markers), [["3", "3100"].map(|text| Some(text.to_owned())).to_vec()]);
    for table in TABLES {
        let object = world.object(&world.table_object(&format!("dbo.{table}"))).unwrap();
        let data = &object["data"];
        assert_eq!((&data["status"], &object["owner"]), (&"completed".into(), &serde_json::Value::Null));
        assert_eq!(data["rows_synced"], if table == "Big" { 3_000 } else { 50 }, "{table}");
        assert!(object["epoch"].as_u64().unwrap() <= epoch, "{table}: {object}");
    }
}

/// Starts it and returns when the read of `dbo.Big` stands still in the middle.
fn stalled(world: &World, invocation: Invocation) -> Running {
    let stall = FaultKind::Stall { rows: 1_500, time: None };
    let fault = world.fault(Fault::from(stall).times(1).containing("[Big]"));
    let mut pod = invocation.spawn();
    until("the stall in the middle of dbo.Big", || {
        assert!(pod.is_running(), "{}", pod.lines().join("\n"));
        (world.happened(fault) == 1).then_some(())
    });
    pod
}

/// Every kind of write is broken once, in one run: the probe, the plan, the creation of an object, a claim, a
/// heartbeat, the write of what was copied. The epochs stay 1: a claim whose answer was lost is recognised as one's
/// own.
fn each_write_once(broken: Broken, when: When) {
    let (world, proxy) = world();
    let mut rules = vec![
        ("probe", proxy.set(broken, when, 1, Asked::probe)),
        ("plan", proxy.set(broken, when, 1, Asked::plan)),
    ];
    through(&world, &proxy, &["plan"]).run().exits(0);
    rules.push(("create", proxy.set(broken, when, 1, Asked::claim_create)));
    through(&world, &proxy, &["schema"]).run().exits(0);
    rules.push(("claim", proxy.set(broken, when, 1, Asked::owned_again)));
    rules.push(("completion", proxy.set(broken, when, 1, Asked::completion)));
    let sync = through(&world, &proxy, &["sync", "--jobs", "3", "--claim-timeout", "4s"]);
    let pod = stalled(&world, sync);
    let heartbeat = proxy.set(broken, when, 1, Asked::owned_again);
    proxy.wait_for(heartbeat, 1);
    rules.push(("heartbeat", heartbeat));
    world.server.faults().clear();
    pod.wait().exits(0).hides("taken over").hides("another pod");
    for (name, rule) in rules {
        assert_eq!(proxy.happened(rule), 1, "{name} {broken:?} {when:?}");
    }
    complete(&world, 1, proxy.faults());
}

#[test]
fn each_write_survives_an_answer_of_500_or_503() {
    std::thread::scope(|scope| {
        for when in [When::Before, When::After] {
            scope.spawn(move || each_write_once(Broken::Answer(500, "InternalError"), when));
            scope.spawn(move || each_write_once(Broken::Answer(503, "SlowDown"), when));
        }
    });
}

#[test]
fn each_write_survives_a_reset_and_a_lost_answer() {
    std::thread::scope(|scope| {
        for when in [When::Before, When::After] {
            scope.spawn(move || each_write_once(Broken::Reset, when));
            scope.spawn(move || each_write_once(Broken::Silence, when));
        }
        scope.spawn(|| each_write_once(Broken::Slow(Duration::from_millis(300)), When::Before));
    });
}

/// 412 although the write took effect, as a proxy that repeats requests makes it.
#[test]
fn a_conflict_with_oneself_is_no_conflict() {
    let (world, proxy) = world();
    world.prepare();
    let rule = proxy.set(Broken::Answer(412, "PreconditionFailed"), When::After, 6, |asked: &Asked| {
        asked.owned_again() || asked.completion()
    });
    through(&world, &proxy, &["sync"]).run().exits(0).hides("another pod");
    assert_eq!(proxy.happened(rule), 6);
    complete(&world, 1, proxy.faults());
}

/// Every second request of the whole job.
#[test]
fn throttling_only_makes_it_slow() {
    let (world, proxy) = world();
    let mut count = 0_u64;
    let rule = proxy.set(Broken::Answer(503, "SlowDown"), When::Before, u64::MAX, move |asked: &Asked| {
        count += 1;
        asked.any() && count % 2 == 1
    });
    through(&world, &proxy, &["run", "--jobs", "3"]).run().exits(0);
    assert!(proxy.happened(rule) >= 15, "{}", proxy.happened(rule));
    complete(&world, 1, proxy.faults());
}

/// How long the outage lasts; longer where somebody wants to see it.
fn outage() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    let seconds = std::env::var("SHARDFERRY_TEST_OUTAGE_SECONDS").ok();
    Duration::from_secs(seconds.map_or(6, |seconds| seconds.parse().unwrap()))
}

#[test]
fn an_outage_in_the_middle_is_ridden_out() {
    let (world, proxy) = world();
    world.prepare();
    let sync = through(&world, &proxy, &["sync", "--jobs", "1", "--claim-timeout", "4s"])
        .env("SHARDFERRY_RETRY_MAX_WAIT", "5s");
    let pod = stalled(&world, sync);
    let down = proxy.set(Broken::Reset, When::Before, u64::MAX, Asked::any);
    let began = Instant::now();
    world.server.faults().clear();
    until("the end of the outage", || {
        (began.elapsed() >= outage() && proxy.happened(down) > 4).then_some(())
    });
    // The rows were committed while the store was away.
    let committed = "SELECT count(*) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
    assert_eq!(world.target_value(committed), "1");
    assert_eq!(world.data_status("dbo.Big"), "in_progress");
    proxy.release();
    pod.wait().exits(0);
    assert_eq!(world.reads("Big"), 1);
    complete(&world, 1, proxy.faults());
}

#[test]
fn an_outage_that_stays_ends_with_4_and_a_rerun_completes() {
    let (world, proxy) = world();
    world.prepare();
    let sync = through(&world, &proxy, &["sync", "--jobs", "1", "--retries", "1"]);
    let pod = stalled(&world, sync);
    proxy.set(Broken::Answer(503, "ServiceUnavailable"), When::Before, u64::MAX, Asked::any);
    world.server.faults().clear();
    pod.wait().exits(4).says("[store_unavailable]");
    assert_eq!(world.data_status("dbo.Big"), "in_progress");
    // A start without a store ends the same way.
    through(&world, &proxy, &["sync"]).run().exits(4);
    proxy.release();
    through(&world, &proxy, &["sync"]).run().exits(0).says("Skipping dbo.Big (already completed)");
    assert_eq!(world.reads("Big"), 1);
    complete(&world, 2, proxy.faults());
}

fn with_credentials(world: &World, proxy: &StoreProxy, credentials: &CredentialsServer) -> Invocation {
    through(world, proxy, &["sync", "--jobs", "1", "--claim-timeout", "4s"])
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &credentials.url())
}

/// Does the request carry this access key?
fn signed_by(asked: &Asked, access_key: &str) -> bool {
    asked.header("authorization").is_some_and(|text| text.contains(&format!("Credential={access_key}/")))
}

fn first_and_second() -> [(String, String); 2] {
    let pair = |key: &str, secret: &str| (environment(key), environment(secret));
    [
        pair("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        pair("SHARDFERRY_TEST_SECOND_ACCESS_KEY_ID", "SHARDFERRY_TEST_SECOND_SECRET_ACCESS_KEY"),
    ]
}

/// The store calls credentials expired that by their own date are not: they are fetched anew.
#[test]
fn credentials_that_expire_in_the_middle_are_renewed() {
    let (world, proxy) = world();
    world.prepare();
    let credentials = CredentialsServer::start();
    let [first, second] = first_and_second();
    credentials.hand_out(&first.0, &first.1, "2099-01-01T00:00:00Z");
    let pod = stalled(&world, with_credentials(&world, &proxy, &credentials));
    credentials.hand_out(&second.0, &second.1, "2099-01-01T00:00:00Z");
    let expired =
        proxy.set(Broken::Answer(400, "ExpiredToken"), When::Before, u64::MAX, move |asked: &Asked| {
            signed_by(asked, &first.0)
        });
    world.server.faults().clear();
    pod.wait().exits(0);
    assert!(proxy.happened(expired) >= 1);
    assert_eq!(credentials.asked(), 2);
    complete(&world, 1, proxy.faults());
}

/// Credentials near their date are renewed before they are refused.
#[test]
fn short_lived_credentials_are_renewed_in_time() {
    let (world, proxy) = world();
    world.prepare();
    let credentials = CredentialsServer::start();
    let [first, second] = first_and_second();
    let soon = (shardferry::clock::now() + Duration::from_secs(2)).to_string();
    credentials.hand_out(&first.0, &first.1, &soon);
    let pod = stalled(&world, with_credentials(&world, &proxy, &credentials));
    credentials.hand_out(&second.0, &second.1, "2099-01-01T00:00:00Z");
    let used = proxy
        .set(Broken::Slow(Duration::ZERO), When::Before, 1, move |asked: &Asked| signed_by(asked, &second.0));
    proxy.wait_for(used, 1);
    world.server.faults().clear();
    pod.wait().exits(0);
    complete(&world, 1, proxy.faults());
}

/// Credentials that stay expired end the pod as transient: the next one may have others.
#[test]
fn credentials_that_stay_expired_end_with_4_in_one_line() {
    let (world, proxy) = world();
    world.prepare();
    proxy.set(Broken::Answer(400, "ExpiredToken"), When::Before, u64::MAX, Asked::any);
    let ended: Finished = through(&world, &proxy, &["sync", "--retries", "1"]).run().exits(4);
    ended.says("ExpiredToken");
    proxy.release();
    let none = through(&world, &proxy, &["sync"])
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY")
        .run()
        .exits(2);
    assert_eq!(none.lines_with("[store_refused]").len(), 1, "{}", none.stderr);
    through(&world, &proxy, &["sync"]).run().exits(0);
    assert!(!world.keys("tables/").is_empty(), "{RUN}");
    complete(&world, 1, proxy.faults());
}
