//! Two runs that fight over the same tables, killed, frozen and cut off at random: what a run says at the end is true
//! of the target at that moment. Each run copies rows of its own (a filter), so that the rows tell whose they are.
//!
//! A few rounds in the suite; `make soak-two-runs N=200` is more of them (`SHARDFERRY_TEST_ROUNDS`). The seed is
//! printed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{Finished, Running, World, seed};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shardferry::failpoint::NAMES;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const TABLES: [&str; 4] = ["A", "B", "C", "D"];
const ROWS: u64 = 300;
/// Processes of a round, one after the other or two at once.
const PROCESSES: usize = 8;

/// One of the two.
struct Side {
    run: String,
    config: PathBuf,
    /// First and last id of its rows.
    ids: (u64, u64),
}

struct Fight<'w> {
    world: &'w World,
    rng: StdRng,
    sides: [Side; 2],
    /// Stopped by the kernel, its sessions ended: with the side that it works for.
    frozen: Vec<(usize, Running)>,
    counts: BTreeMap<String, u64>,
}

/// `count first..last` of a target table, for each of them.
fn contents(world: &World) -> Vec<String> {
    let table = |name: &&str| {
        format!(
            "SELECT count(*) || ' ' || coalesce(min(id)::text, '') || '..' || coalesce(max(id)::text, '') FROM dbo.\"{name}\""
        )
    };
    let sql: Vec<String> = TABLES.iter().map(table).collect();
    let rows = world.target(&sql.join(" UNION ALL "));
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

impl Fight<'_> {
    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn spawn(&mut self, side: usize) -> Running {
        let jobs = self.rng.random_range(1..=3).to_string();
        let arguments = [
            "run",
            "--jobs",
            &jobs,
            "--chunk-size",
            "4KiB",
            "--claim-timeout",
            "1s",
            "--on-existing",
            "replace",
        ];
        let Side { run, config, .. } = &self.sides[side];
        let invocation =
            self.world.command(&arguments).env("SHARDFERRY_RUN_ID", run).pod(&format!("pod-{side}"));
        // One that does not end shall have said what it did last.
        invocation
            .env("SHARDFERRY_CONFIG", config.to_str().unwrap())
            .env("RUST_LOG", "info,shardferry=debug")
            .spawn()
    }

    /// All that a run says is completed when nobody works: those rows stand in the target, and no other run's.
    fn check_status(&self, contents: &[String]) {
        let mut completed = BTreeMap::new();
        for (number, side) in self.sides.iter().enumerate() {
            let status =
                self.world.command(&["status", "--format", "json"]).env("SHARDFERRY_RUN_ID", &side.run).run();
            if status.code() == Some(2) {
                assert!(status.stderr.contains("[plan_missing]"), "{}", status.stderr);
                continue;
            }
            let json: serde_json::Value = serde_json::from_str(&status.exits(0).stdout).unwrap();
            for (place, table) in TABLES.iter().enumerate() {
                if json["tables"][format!("dbo.{table}")]["data"]["status"] != "completed" {
                    continue;
                }
                assert_eq!(contents[place], side.rows(), "run {} calls {table} completed", side.run);
                assert_eq!(completed.insert(table, number), None, "both runs call {table} completed");
            }
        }
    }

    /// A process has ended by itself. `alone`: no other one has worked since it began its last table.
    fn ended(&mut self, side: usize, done: &Finished, alone: bool) {
        let code = done.code().unwrap();
        assert!([0, 3, 5].contains(&code), "exit {code}:\n{}", done.stderr);
        self.count(&format!("exit {code}"));
        if done.stderr.contains("[replaced]") {
            self.count("a run said that it was replaced");
        }
        if code == 0 && alone {
            let wanted = vec![self.sides[side].rows(); TABLES.len()];
            assert_eq!(
                contents(self.world),
                wanted,
                "run {} ended with 0:\n{}",
                self.sides[side].run,
                done.stderr
            );
            self.count("exit 0 that was looked at");
        }
    }

    /// Lets a process live for a while; then it is killed, or frozen and cut off, or it may end.
    fn fate(&mut self, side: usize, mut pod: Running, alone: bool) {
        let (began, life) = (Instant::now(), Duration::from_millis(self.rng.random_range(50..900)));
        while pod.is_running() && began.elapsed() < life {
            std::thread::sleep(Duration::from_millis(2));
        }
        if pod.is_running() {
            match self.rng.random_range(0..10) {
                0..=3 => {
                    let killed = pod.kill();
                    if killed.signal() == Some(9) {
                        return self.count("killed");
                    }
                    return self.ended(side, &killed, false);
                }
                4..=5 if self.frozen.len() < 2 => {
                    pod.signal("STOP");
                    self.cut_off(side);
                    self.count("frozen and cut off");
                    return self.frozen.push((side, pod));
                }
                _ => {}
            }
        }
        let done = pod.wait();
        self.ended(side, &done, alone && self.frozen.is_empty());
    }

    /// Ends the sessions of a run, as if its pod ran elsewhere: the other run cannot see that it lives.
    fn cut_off(&self, side: usize) {
        let run = &self.sides[side].run;
        self.world.target(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'shardferry {run} %'"
        ));
    }

    fn thaw(&mut self) {
        let (side, pod) = self.frozen.remove(0);
        pod.signal("CONT");
        let done = pod.wait();
        self.ended(side, &done, false);
    }

    fn round(&mut self) {
        for _ in 0..PROCESSES / 2 {
            let first = self.rng.random_range(0..2);
            let pod = self.spawn(first);
            if self.rng.random_bool(0.6) {
                std::thread::sleep(Duration::from_millis(self.rng.random_range(0..250)));
                let other = self.spawn(1 - first);
                self.fate(first, pod, false);
                self.fate(1 - first, other, false);
            } else {
                self.fate(first, pod, true);
            }
            if !self.frozen.is_empty() && self.rng.random_bool(0.5) {
                self.thaw();
            }
        }
        while !self.frozen.is_empty() {
            self.thaw();
        }
        if self.world.target_value("SELECT to_regclass('dbo.\"D\"') IS NOT NULL") == "t" {
            self.check_status(&contents(self.world));
        }
        // Whoever comes last, and alone, has it all.
        let last = self.rng.random_range(0..2);
        let done = self.spawn(last).wait();
        assert_eq!(done.code(), Some(0), "{}", done.stderr);
        self.ended(last, &done, true);
        self.check_status(&contents(self.world));
    }
}

impl Side {
    /// What a table of its own holds, as [`contents`] tells it.
    fn rows(&self) -> String {
        let (first, last) = self.ids;
        format!("{} {first}..{last}", last - first + 1)
    }
}

/// The tables, and a config file for each side.
struct Field {
    world: World,
    _folder: tempfile::TempDir,
    configs: [PathBuf; 2],
}

/// The rows of the two sides, by id.
const IDS: [(u64, u64); 2] = [(1, 200), (101, ROWS)];

impl Field {
    fn new() -> Self {
        let world = World::new();
        for table in TABLES {
            world.reference(table, ROWS);
        }
        let folder = tempfile::tempdir().unwrap();
        let configs = [0, 1].map(|number| {
            let (first, last) = IDS[number];
            let table = |table: &&str| format!("  dbo.{table}:\n    where: id >= {first} AND id <= {last}\n");
            let tables: String = TABLES.iter().map(table).collect();
            let path = folder.path().join(format!("{number}.yaml"));
            std::fs::write(&path, format!("tables:\n{tables}")).unwrap();
            path
        });
        Self { world, _folder: folder, configs }
    }

    /// Two runs that nobody has seen.
    fn fight(&self, name: &str, rng: StdRng) -> Fight<'_> {
        let side = |number: usize| Side {
            run: format!("{name}-{number}"),
            config: self.configs[number].clone(),
            ids: IDS[number],
        };
        Fight {
            world: &self.world,
            rng,
            sides: [side(0), side(1)],
            frozen: Vec::new(),
            counts: BTreeMap::new(),
        }
    }
}

#[test]
fn what_two_runs_that_fight_over_the_same_tables_say_is_true() {
    #[expect(clippy::disallowed_methods, reason = "set by `make soak-two-runs`")]
    let rounds: u64 = std::env::var("SHARDFERRY_TEST_ROUNDS").map_or(2, |rounds| rounds.parse().unwrap());
    let seed = seed();
    println!("SHARDFERRY_TEST_SEED={seed} for {rounds} rounds");
    let mut rng = StdRng::seed_from_u64(seed);
    let field = Field::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for round in 1..=rounds {
        let mut fight = field.fight(&format!("fight{round}"), StdRng::seed_from_u64(rng.random()));
        fight.round();
        for (what, count) in fight.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    println!("{rounds} rounds: {counts:?}");
    assert!(counts["exit 0 that was looked at"] >= rounds);
}

/// The matrix with two runs: one is killed at a failpoint, the other one takes its tables, and the first one comes
/// back.
#[test]
fn a_run_killed_at_any_failpoint_whose_tables_are_taken_says_so() {
    let field = Field::new();
    let world = &field.world;
    let mut killed = 0;
    let of_a_table = ["claim.", "settle.", "release.", "begin.", "copy.", "index."];
    for (number, name) in
        NAMES.iter().filter(|name| of_a_table.iter().any(|part| name.starts_with(part))).enumerate()
    {
        let fight = field.fight(&format!("point{number}"), StdRng::seed_from_u64(0));
        let pod = |side: usize, existing: &str| {
            let arguments = ["run", "--jobs", "1", "--chunk-size", "4KiB", "--on-existing", existing];
            let Side { run, config, .. } = &fight.sides[side];
            let pod = world.command(&arguments).env("SHARDFERRY_RUN_ID", run).pod(&format!("pod-{side}"));
            pod.env("SHARDFERRY_CONFIG", config.to_str().unwrap())
        };
        let first = pod(0, "replace").failpoints(&format!("{name}=kill@2")).run();
        killed += u64::from(first.signal() == Some(9));
        assert!(first.signal() == Some(9) || first.code() == Some(0), "{name}:\n{}", first.stderr);
        pod(1, "replace").run().exits(0);
        let taken = contents(world);
        assert_eq!(taken, vec![fight.sides[1].rows(); TABLES.len()], "{name}");
        fight.check_status(&taken);
        let back = pod(0, "error").run();
        assert!([Some(2), Some(3)].contains(&back.code()), "{name}: {:?}\n{}", back.code(), back.stderr);
        let back = back.hides("Completed: ");
        assert!(
            back.stderr.contains("[replaced]") || back.stderr.contains("[target_has_rows]"),
            "{name}:\n{}",
            back.stderr
        );
        assert_eq!(contents(world), taken, "{name}");
        fight.check_status(&taken);
    }
    println!("{killed} kills");
    assert!(killed >= 20, "{killed}");
}
