//! Pods that are killed at random moments, two at a time, some frozen and continued later; equal at the end.
//!
//! 25 kills over a small company in the suite; `make soak N=500` is the same over 300 tables (`SHARDFERRY_TEST_SOAK`
//! is the number of kills). The seed is printed; `SHARDFERRY_TEST_SEED` replays the choices, not the race.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{Running, World, seed};
use super::pipeline::assert_finished;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};

/// How much is there, and how long a pod may live.
struct Size {
    tables: u32,
    rows: u64,
    kills: u64,
    /// Longest life of a pod.
    life: Duration,
    chunk_sizes: &'static [&'static str],
}

fn size() -> Size {
    #[expect(clippy::disallowed_methods, reason = "set by `make soak`")]
    let kills =
        std::env::var("SHARDFERRY_TEST_SOAK").ok().map(|kills| kills.parse().expect("a number of kills"));
    match kills {
        None => Size {
            tables: 24,
            rows: 12_000,
            kills: 25,
            life: Duration::from_millis(1500),
            chunk_sizes: &["4KiB", "16KiB", "64KiB", "128MiB"],
        },
        Some(kills) => Size {
            tables: 300,
            rows: 200_000,
            kills,
            life: Duration::from_secs(3),
            chunk_sizes: &["16KiB", "64KiB", "256KiB", "128MiB"],
        },
    }
}

/// When a pod's end comes.
enum End {
    Lines(usize),
    Chunks(u64),
    Time(Duration),
}

struct Soak<'w> {
    world: &'w World,
    size: &'w Size,
    rng: StdRng,
    frozen: Vec<Running>,
    kills: u64,
}

impl Soak<'_> {
    fn committed(&self) -> u64 {
        let there = self.world.target_value("SELECT to_regclass('shardferry.chunk') IS NOT NULL");
        if there != "t" {
            return 0;
        }
        let sql = "SELECT count(*) FROM shardferry.chunk WHERE committed_at IS NOT NULL";
        self.world.target_value(sql).parse().unwrap()
    }

    /// A pod of any shard of any layout, under one of four names.
    fn pod(&mut self) -> Running {
        let shards = self.rng.random_range(1..=4);
        let shard = format!("{}/{shards}", self.rng.random_range(1..=shards));
        let jobs = self.rng.random_range(1..=4).to_string();
        let chunk = self.size.chunk_sizes[self.rng.random_range(0..self.size.chunk_sizes.len())];
        let name = format!("pod-{}", self.rng.random_range(1..=4));
        let arguments =
            ["run", "--shard", &shard, "--jobs", &jobs, "--chunk-size", chunk, "--claim-timeout", "2s"];
        self.world.command(&arguments).pod(&name).spawn()
    }

    fn end(&mut self) -> End {
        match self.rng.random_range(0..3) {
            0 => End::Lines(self.rng.random_range(1..=self.size.tables as usize)),
            1 => End::Chunks(self.rng.random_range(1..=u64::from(self.size.tables / 4))),
            _ => End::Time(self.size.life.mul_f64(self.rng.random_range(0.0..1.0))),
        }
    }

    /// Waits for the end of a pod's life; false where it ended by itself.
    fn live(&mut self, pod: &mut Running) -> bool {
        let (began, before) = (Instant::now(), self.committed());
        let end = self.end();
        loop {
            if !pod.is_running() {
                return false;
            }
            let over = match end {
                End::Lines(lines) => pod.lines().len() >= lines,
                End::Chunks(chunks) => self.committed() >= before + chunks,
                End::Time(time) => began.elapsed() >= time,
            };
            if over || began.elapsed() > self.size.life {
                return pod.is_running();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Two pods at once, each killed, frozen, or ended by itself. True when a pod has found nothing left to do.
    fn pair(&mut self) -> bool {
        let mut pods = [self.pod(), self.pod()];
        let mut ended = Vec::new();
        if self.live(&mut pods[0]) {
            // Both at once, as when a node goes down; or one after the other.
            if self.rng.random_bool(0.3) {
                let _ = self.live(&mut pods[1]);
            }
        }
        for mut pod in pods {
            if !pod.is_running() {
                ended.push(pod.wait());
            } else if self.frozen.len() < 2 && self.rng.random_bool(0.15) {
                pod.signal("STOP");
                self.frozen.push(pod);
            } else {
                let killed = pod.kill();
                // It may have come to its end in the last moment.
                self.kills += u64::from(killed.signal() == Some(9));
            }
        }
        if !self.frozen.is_empty() && self.rng.random_bool(0.4) {
            self.thaw();
        }
        for done in ended {
            let code = done.code().unwrap();
            assert!([0, 5].contains(&code), "exit {code}:\n{}", done.stderr);
        }
        self.world.object("finish.json").is_some_and(|finish| finish["status"]["status"] == "completed")
    }

    /// A frozen pod comes back, and is killed in its second life or ends: with 5 where it was overtaken.
    fn thaw(&mut self) {
        let mut pod = self.frozen.remove(0);
        pod.signal("CONT");
        if self.live(&mut pod) {
            let killed = pod.kill();
            self.kills += u64::from(killed.signal() == Some(9));
        } else {
            let done = pod.wait();
            assert!([0, 5].contains(&done.code().unwrap()), "{}", done.stderr);
        }
    }

    /// To the end, without faults.
    fn complete(&mut self) {
        while !self.frozen.is_empty() {
            self.thaw();
        }
        let mut last = None;
        for _ in 0..5 {
            let arguments = ["run", "--jobs", "2", "--claim-timeout", "2s"];
            let done =
                self.world.command(&arguments).pod("last").spawn().wait_within(Duration::from_secs(300));
            if done.code() == Some(0) {
                return;
            }
            last = Some(done);
        }
        last.unwrap().exits(0);
    }
}

#[test]
fn pods_killed_at_random_moments_leave_every_row_exactly_once() {
    let (seed, size) = (seed(), size());
    println!("SHARDFERRY_TEST_SEED={seed} for {} kills", size.kills);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut world = World::new();
    world.company(size.tables, size.rows, rng.random());
    let (mut kills, mut rounds) = (0, 0);
    while kills < size.kills {
        rounds += 1;
        world.renew();
        let mut soak = Soak {
            world: &world,
            size: &size,
            rng: StdRng::seed_from_u64(rng.random()),
            frozen: Vec::new(),
            kills: 0,
        };
        while kills + soak.kills < size.kills && !soak.pair() {}
        soak.complete();
        kills += soak.kills;
        let injected = soak.kills;
        let rows = world.account("random kills, two at a time", injected);
        assert_finished(&world);
        println!("round {rounds}: {injected} kills, {rows} rows equal");
    }
}
