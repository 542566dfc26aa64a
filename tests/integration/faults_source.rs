//! A source that fails in ways that `pipeline_crash` does not have: silence, redirects, a login that is throttled, and
//! many faults in one run. No row is missing, none is there twice.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Invocation, World, until};
use mssim::faults::{Fault, FaultKind};
use std::time::{Duration, Instant};

const BIG: u64 = 10_000;

fn world() -> World {
    let world = World::new();
    world.reference("Big", BIG);
    world.reference("Small", 50);
    world.prepare();
    world
}

fn sync(world: &World) -> Invocation {
    world.command(&["sync", "--jobs", "1"]).pod("a")
}

#[track_caller]
fn complete(world: &World, faults: u64) {
    assert!(faults > 0);
    assert_eq!(world.account("source", faults), BIG + 50);
    let markers =
        "SELECT count(DISTINCT table_index), sum(rows) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
    assert_eq!(world.target(markers), [["2", "10050"].map(|text| Some(text.to_owned())).to_vec()]);
}

#[test]
fn a_stall_past_the_read_timeout_is_a_lost_connection() {
    let world = world();
    let stall = FaultKind::Stall { rows: BIG / 2, time: None };
    let fault = world.fault(Fault::from(stall).times(2).containing("[Big]"));
    let impatient = format!("{}&socketTimeout=700", world.source_url());
    let ended = sync(&world).env("SHARDFERRY_SOURCE_URL", &impatient).run().exits(0);
    ended.says("the source sent nothing for").says("[source_unavailable]".trim_matches(['[', ']']));
    assert_eq!((world.happened(fault), world.reads("Big")), (2, 3));
    complete(&world, world.happened(fault));
}

#[test]
fn a_redirect_is_followed_to_the_server_that_has_the_rows() {
    let world = world();
    let gateway = mssim::Server::start(mssim::Options::new(std::sync::Arc::new(
        mssim::session::EngineBackend::new(std::sync::Arc::clone(&world.engine)),
    )))
    .unwrap();
    let route = FaultKind::Routing { host: "127.0.0.1".to_owned(), port: world.server.port() };
    let routed = gateway.faults().set(Fault::from(route));
    let url = world.source_url().replace(&world.server.port().to_string(), &gateway.port().to_string());
    // And each connection of the copy breaks once.
    let reset = world.fault(Fault::from(FaultKind::ResetAfterRows(BIG / 3)).times(1).containing("[Big]"));
    sync(&world).env("SHARDFERRY_SOURCE_URL", &url).run().exits(0);
    assert_eq!(world.happened(reset), 1);
    assert!(gateway.faults().happened(routed) >= 2, "each connection begins at the gateway");
    complete(&world, world.happened(reset) + gateway.faults().happened(routed));
}

#[test]
fn a_throttled_login_is_tried_again() {
    let world = world();
    let throttled = world.fault(Fault::from(FaultKind::LoginThrottled).times(3));
    sync(&world).run().exits(0).says("error 49918");
    assert_eq!(world.happened(throttled), 3);
    complete(&world, world.happened(throttled));
}

#[test]
fn a_slow_server_that_goes_down_and_comes_back_loses_nothing() {
    let world = world();
    let down = Duration::from_millis(500);
    let faults = [
        Fault::from(FaultKind::ResetAfterRows(BIG / 2)).times(1).containing("[Big]"),
        Fault::from(FaultKind::ResetAfterBytes(100_000)).times(1).containing("[Big]"),
        Fault::from(FaultKind::Deadlock { rows: BIG - 1 }).times(1).containing("[Big]"),
        Fault::from(FaultKind::TruncatedPacket { rows: 7_000 }).times(1).containing("[Big]"),
        Fault::from(FaultKind::Restart { rows: 100, down }).times(1).containing("[Big]"),
        Fault::from(FaultKind::Deadlock { rows: 0 }).times(1).containing("[Small]"),
    ]
    .map(|fault| world.fault(fault));
    sync(&world).env("SHARDFERRY_RETRY_MAX_WAIT", "500ms").run().exits(0);
    for fault in faults {
        assert_eq!(world.happened(fault), 1);
    }
    complete(&world, 6);
}

/// Nothing of these commands has to be undone, so nothing is waited for.
#[test]
fn a_signal_ends_a_plan_whose_source_stands_still() {
    for arguments in [&["plan"][..], &["plan", "--dry-run"]] {
        let world = World::new();
        world.reference("Small", 50);
        let stall =
            world.fault(Fault::from(FaultKind::Stall { rows: 0, time: None }).containing("sys.columns"));
        let mut pod = world.command(arguments).pod("a").spawn();
        until("the source stands still", || {
            assert!(pod.is_running(), "{}", pod.lines().join("\n"));
            (world.happened(stall) >= 1).then_some(())
        });
        let began = Instant::now();
        pod.signal("TERM");
        pod.wait().exits(143).says("SIGTERM");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
