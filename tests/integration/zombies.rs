//! Pods that freeze and come back, and pods that do the same work at once: no row twice, and a zombie ends with 5.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{Running, World, until};
use super::matrix::every_kind;
use super::pipeline::assert_finished;
use mssim::faults::{Fault, FaultKind};
use shardferry::failpoint::NAMES;

const RUN: [&str; 7] = ["run", "--chunk-size", "4KiB", "--jobs", "1", "--claim-timeout", "2s"];

/// Checkpoints in S3: in a folder, a pod that freezes while it holds the folder's lock would stop the others.
fn world() -> World {
    let world = World::new();
    world.load(&every_kind());
    world
}

/// The process has stopped, by the kernel.
fn is_stopped(pod: &Running) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pod.pid())).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('T')
}

/// Pod a freezes at the failpoint, pod b takes over and completes, pod a comes back and is fenced.
fn overtaken(world: &World, failpoint: &str, hit: u32) {
    println!("{failpoint} at hit {hit}");
    let frozen = world.command(&RUN).failpoints(&format!("{failpoint}=stop@{hit}")).pod("a").spawn();
    until("pod a stands still", || is_stopped(&frozen).then_some(()));
    world.command(&RUN).pod("b").run().exits(0);
    let before = world.account("frozen pod that comes back", 1);
    frozen.signal("CONT");
    let back = frozen.wait();
    if failpoint == "settle.before_put" {
        // All its rows are committed. Pod b has taken the table over, or has mended the object if the heartbeat was
        // silent for too long when it began: then there is nothing to be fenced from.
        assert!([Some(0), Some(5)].contains(&back.code()), "exit {:?}:\n{}", back.code(), back.stderr);
        let completed =
            ["Completed: dbo.Lobs", "Completed: dbo.Guids"].map(|line| back.stderr.contains(line));
        assert!(completed[0] && (completed[1] || back.code() == Some(5)), "{}", back.stderr);
    } else {
        assert_eq!(back.code(), Some(5), "{}", back.stderr);
    }
    back.says(&format!("failpoint {failpoint} reached"));
    assert_eq!(world.account("frozen pod that comes back", 0), before);
    assert_finished(world);
}

/// In the middle of its claims and its rows, between COMMIT and settling, and before its checkpoint.
const PLACES: [(&str, u32); 9] = [
    ("claim.after_put", 2),
    ("claim.after_raise", 2),
    ("copy.after_header", 2),
    ("copy.batch", 3),
    ("copy.after_trailer", 2),
    ("copy.after_epoch_check", 2),
    ("copy.after_marker", 2),
    ("copy.after_commit", 2),
    ("settle.before_put", 2),
];

fn every_place(part: usize) {
    let mut world = world();
    for (failpoint, hit) in PLACES.into_iter().skip(part).step_by(2) {
        assert!(NAMES.contains(&failpoint), "{failpoint} is no failpoint");
        overtaken(&world, failpoint, hit);
        world.renew();
    }
}

#[test]
fn a_pod_frozen_anywhere_is_overtaken_and_fenced_first_half() {
    every_place(0);
}

#[test]
fn a_pod_frozen_anywhere_is_overtaken_and_fenced_second_half() {
    every_place(1);
}

/// Frozen while the source sends nothing: nothing of its own will wake it, and its transaction is open.
#[test]
fn a_pod_frozen_while_it_waits_for_rows_is_overtaken_and_fenced() {
    let world = world();
    let stall =
        world.fault(Fault::from(FaultKind::Stall { rows: 5, time: None }).times(1).containing(".[Keyed]"));
    let frozen = world.command(&RUN).pod("a").spawn();
    until("the stall in the middle of dbo.Keyed", || (world.happened(stall) == 1).then_some(()));
    frozen.signal("STOP");
    world.server.faults().clear();
    world.command(&RUN).pod("b").run().exits(0);
    let rows = world.account("frozen pod that comes back", 1);
    frozen.signal("CONT");
    frozen.wait().exits(5);
    assert_eq!(world.account("frozen pod that comes back", 0), rows);
}

/// Starts both at once; each may end with one of `codes`. A last run finds everything done.
fn both(world: &World, pods: [(&str, &[&str]); 2], codes: &[i32]) {
    let started = pods.map(|(pod, more)| {
        let arguments: Vec<&str> = RUN.iter().chain(more).copied().collect();
        world.command(&arguments).pod(pod).spawn()
    });
    for pod in started {
        let done = pod.wait();
        assert!(codes.contains(&done.code().unwrap()), "exit {:?}\n{}", done.code(), done.stderr);
    }
    world.command(&RUN).pod("last").run().exits(0);
    world.account("two pods on the same tables at once", 1);
    assert_finished(world);
}

#[test]
fn pods_with_overlapping_ranges_copy_every_row_once() {
    let world = world();
    both(&world, [("a", &["--range", "1-6"]), ("b", &["--range", "3-8"])], &[0]);
}

#[test]
fn the_same_shard_twice_at_once_under_two_names_is_copied_once() {
    let world = world();
    both(&world, [("a", &["--shard", "1/1"]), ("b", &["--shard", "1/1"])], &[0]);
}

/// Each takes the other's claims for its own of before, so one or both may be fenced; never is a row there twice.
#[test]
fn the_same_shard_twice_at_once_under_one_name_is_copied_once() {
    let mut world = world();
    for _ in 0..3 {
        both(&world, [("a", &["--shard", "1/1"]), ("a", &["--shard", "1/1"])], &[0, 5]);
        world.renew();
    }
}
