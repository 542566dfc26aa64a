//! The failpoint matrix: at every failpoint of the program a SIGKILL, a transient error and a final one, each at a hit
//! that the seed chooses, then reruns; the target must be equal to the source every time.
//!
//! `SHARDFERRY_TEST_SEED` replays a seed that was printed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{Finished, World, seed};
use super::pipeline::assert_finished;
use mssim::faults::{Fault, FaultKind};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shardferry::failpoint::NAMES;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

const DECLARATIONS: &str = "
CREATE SCHEMA sales
GO
CREATE TABLE dbo.Keyed (Id int IDENTITY(10,5) NOT NULL CONSTRAINT PK_Keyed PRIMARY KEY, Note nvarchar(100) NOT NULL, At datetime2(7) NULL)
CREATE TABLE sales.Composite (Tenant int NOT NULL, Seq bigint NOT NULL, Note varchar(100) NULL,
    CONSTRAINT PK_Composite PRIMARY KEY (Tenant, Seq DESC))
CREATE TABLE dbo.Names (Name nvarchar(40) COLLATE Latin1_General_CI_AS NOT NULL CONSTRAINT PK_Names PRIMARY KEY, Value decimal(18,4) NULL)
CREATE TABLE dbo.Guids (Id uniqueidentifier NOT NULL CONSTRAINT PK_Guids PRIMARY KEY, Code int NOT NULL, Note nvarchar(60) NULL)
CREATE TABLE dbo.Heap (A int NULL, B nvarchar(50) NULL)
CREATE TABLE dbo.Lobs (Id int NOT NULL CONSTRAINT PK_Lobs PRIMARY KEY, Text nvarchar(max) NULL, Bytes varbinary(max) NULL)
CREATE TABLE dbo.Grown (Id int NOT NULL CONSTRAINT PK_Grown PRIMARY KEY, Note nvarchar(max) NULL)
CREATE TABLE dbo.Nothing (Id int NOT NULL CONSTRAINT PK_Nothing PRIMARY KEY)
CREATE TABLE dbo.Single (Id int NOT NULL CONSTRAINT PK_Single PRIMARY KEY, KeyedId int NOT NULL
    CONSTRAINT FK_Single_Keyed FOREIGN KEY REFERENCES dbo.Keyed (Id))
GO
CREATE INDEX IX_Keyed_At ON dbo.Keyed (At)
GO
CREATE UNIQUE INDEX UX_Guids_Code ON dbo.Guids (Code)
GO
";

/// Small tables of every kind of key, and what `finish` builds: index, unique index, foreign keys, identity.
pub(super) fn every_kind() -> String {
    let mut sql = DECLARATIONS.to_owned();
    let mut insert = |table: &str, columns: &str, rows: Vec<String>| {
        for rows in rows.chunks(100) {
            writeln!(sql, "INSERT INTO {table} ({columns}) VALUES {}\nGO", rows.join(", ")).unwrap();
        }
    };
    let words = "eins zwei drei vier fünf sechs ";
    insert(
        "dbo.Keyed",
        "Note, At",
        (0..120)
            .map(|n| format!("(N'{}{n}', '2024-01-02T03:04:05.{n:03}456')", words.repeat(n % 3)))
            .collect(),
    );
    // One tenant has nearly all of them.
    insert(
        "sales.Composite",
        "Tenant, Seq, Note",
        (0..150_i64)
            .map(|n| {
                let tenant = if n % 50 == 0 { n } else { 7 };
                format!("({tenant}, {}, '{}')", n * 1_000_003, "x".repeat(usize::try_from(n).unwrap() % 90))
            })
            .collect(),
    );
    let letters = ["a", "B", "ä", "Ö", "ß", "é", "ł", "Ж", "日", "z"];
    insert(
        "dbo.Names",
        "Name, Value",
        (0..100)
            .map(|n| format!("(N'{}{}-{n}', {n}.25)", letters[n % letters.len()], letters[n / 10]))
            .collect(),
    );
    insert(
        "dbo.Guids",
        "Id, Code, Note",
        (0..120_u128)
            .map(|n| {
                let hex = format!("{:032x}", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                let guid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
                format!("('{guid}', {n}, N'{}')", "ü".repeat(usize::try_from(n).unwrap() % 60))
            })
            .collect(),
    );
    // Equal rows too: only a count tells whether one is there twice.
    insert(
        "dbo.Heap",
        "A, B",
        (0..90)
            .map(|n| if n % 3 == 0 { "(1, N'same')".to_owned() } else { format!("({n}, NULL)") })
            .collect(),
    );
    insert(
        "dbo.Lobs",
        "Id, Text, Bytes",
        (0..14_u32)
            .map(|n| {
                let (chars, bytes) = ((n * n * 37) as usize, (n * 613 % 7000) as usize);
                format!("({}, N'{}', 0x{})", n * n * 1000, "lång ".repeat(chars), "a7".repeat(bytes))
            })
            .collect(),
    );
    insert("dbo.Grown", "Id, Note", vec!["(1, N'small')".to_owned()]);
    insert("dbo.Single", "Id, KeyedId", vec!["(1, 10)".to_owned()]);
    sql
}

const TABLES: u64 = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Kill,
    Error,
    Fail,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }
}

/// What a failpoint needs to be reached at all. Elsewhere there is nothing of it, so that every run reaches a place as
/// often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Plain,
    /// A table that takes its time: heartbeats.
    Slow,
    /// A row that goes into a reject file.
    Rejects,
    /// A table that has grown since it was planned: its chunk is cut while it is read.
    Grown,
    /// A target that an earlier run has filled and finished.
    Loaded,
    /// Tables that are filled UNLOGGED.
    Unlogged,
}

impl Setting {
    fn of(name: &str) -> Self {
        match name {
            "copy.after_cut" | "copy.after_rest" => Self::Grown,
            _ if name.starts_with("rejects.") => Self::Rejects,
            _ if name.starts_with("logged.") => Self::Unlogged,
            "begin.after_drop" | "begin.after_dropped" => Self::Loaded,
            _ if name.starts_with("heartbeat.") => Self::Slow,
            _ => Self::Plain,
        }
    }
}

/// An empty target and no checkpoints.
fn prepare(world: &mut World, setting: Setting) {
    world.renew();
    world.load("DELETE FROM dbo.Grown WHERE Id > 1");
    if setting == Setting::Rejects {
        world.load("INSERT INTO dbo.Grown (Id, Note) VALUES (2, N'bad' + NCHAR(0))");
    }
    if setting == Setting::Loaded {
        world.command(&["run"]).env("SHARDFERRY_RUN_ID", "earlier").pod("main").run().exits(0);
    }
    if setting == Setting::Grown {
        run(world, "plan", "main", setting, 1, "").exits(0);
        let row = |n: u32| format!("({}, N'{}')", n * 10, "wide ".repeat(3000));
        world.load(&format!(
            "INSERT INTO dbo.Grown (Id, Note) VALUES {}",
            (1..=60).map(row).collect::<Vec<_>>().join(", ")
        ));
    }
}

fn run(world: &World, command: &str, pod: &str, setting: Setting, jobs: u32, armed: &str) -> Finished {
    world.server.faults().clear();
    let jobs = jobs.to_string();
    let timeout = if setting == Setting::Slow { "1s" } else { "8s" };
    if setting == Setting::Slow {
        let stall = FaultKind::Stall { rows: 2, time: Some(Duration::from_millis(700)) };
        world.fault(Fault::from(stall).times(1).containing("FROM [dbo].[Heap]"));
    }
    let arguments = [command, "--chunk-size", "4KiB", "--jobs", &jobs, "--claim-timeout", timeout];
    let arguments = if command == "plan" { &arguments[..1] } else { &arguments[..] };
    let mut invocation = world.command(arguments);
    if setting == Setting::Rejects {
        let place = world.checkpoint.rsplit('/').next().unwrap();
        let folder = world.folder.path().join("rejects").join(place);
        invocation = invocation.env("SHARDFERRY_REJECTS", &format!("file://{}", folder.display()));
    }
    if setting == Setting::Unlogged && command != "plan" {
        invocation = invocation.env("SHARDFERRY_UNLOGGED", "true");
    }
    // Tables of an earlier load are loaded again.
    let invocation = invocation.env("SHARDFERRY_ON_EXISTING", "replace");
    invocation.env("SHARDFERRY_RETRY_MAX_WAIT", "20ms").failpoints(armed).pod(pod).run()
}

/// How often each failpoint of this setting is reached by a whole run.
fn count(world: &mut World, setting: Setting) -> BTreeMap<String, u64> {
    prepare(world, setting);
    let names = NAMES.iter().filter(|name| Setting::of(name) == setting);
    let armed: Vec<String> = names.map(|name| format!("{name}=log")).collect();
    let done = run(world, "run", "main", setting, 2, &armed.join(";")).exits(0);
    let mut counts = BTreeMap::new();
    for line in done.lines_with(" reached, time ") {
        let (name, hit) = line.split_once("failpoint ").unwrap().1.split_once(" reached, time ").unwrap();
        let hit: u64 = hit.split(':').next().unwrap().parse().unwrap();
        let most = counts.entry(name.to_owned()).or_insert(hit);
        *most = hit.max(*most);
    }
    counts
}

/// What an injected error must end with: what is retried goes on, what is a table's own fails the table.
fn expected(action: Action, name: &str, hit: u64) -> &'static [i32] {
    let part = name.split('.').next().unwrap_or_default();
    // Nothing hangs on these: the next heartbeat, the end of the session, the report, the finish step.
    let harmless = ["heartbeat", "release", "pod", "index"].contains(&part);
    // The finish step is the last to be claimed; nothing asks again for its claim.
    let of_table = part != "claim" || hit <= TABLES;
    match action {
        Action::Kill => &[],
        _ if harmless => &[0],
        Action::Error => match part {
            "copy" | "begin" | "commit" | "settle" | "rejects" | "logged" => &[0],
            "claim" if of_table => &[0],
            _ => &[0, 4],
        },
        // Whatever was answered: an object that is there was built.
        Action::Fail if name == "finish.after_object" => &[0, 3],
        // Statements go in batches; of one that fails each is tried by itself, and the fault comes once.
        Action::Fail if name == "finish.before_object" => &[0, 2, 3],
        Action::Fail => match part {
            "store" => &[0, 2, 3],
            "copy" | "begin" | "commit" | "rejects" | "logged" => &[3],
            _ => &[2, 3],
        },
    }
}

/// One fault, reruns, and the account.
fn inject(world: &mut World, category: &str, action: Action, name: &str, hit: u64, rng: &mut StdRng) {
    let jobs = rng.random_range(1..=3);
    let other = action == Action::Kill && rng.random_bool(0.5);
    println!(
        "{name}={}@{hit}, {jobs} jobs, rerun by {}",
        action.name(),
        if other { "another pod" } else { "the same" }
    );
    let setting = Setting::of(name);
    prepare(world, setting);
    let broken = run(world, "run", "main", setting, jobs, &format!("{name}={}@{hit}", action.name()));
    assert!(
        !broken.lines_with(&format!("failpoint {name} reached")).is_empty(),
        "{name} was armed in vain:\n{}",
        broken.stderr
    );
    let code = match action {
        Action::Kill => {
            assert_eq!(broken.signal(), Some(9), "{name}:\n{}", broken.stderr);
            None
        }
        Action::Error | Action::Fail => {
            let code = broken.code().unwrap();
            let wanted = expected(action, name, hit);
            assert!(
                wanted.contains(&code),
                "{name}={}@{hit}: exit {code}, not one of {wanted:?}:\n{}",
                action.name(),
                broken.stderr
            );
            Some(code)
        }
    };
    if code != Some(0) {
        rerun(
            world,
            if other { "other" } else { "main" },
            if setting == Setting::Rejects { setting } else { Setting::Plain },
            rng,
        );
    }
    if setting == Setting::Rejects {
        assert_eq!(
            world.target_value(
                "SELECT string_agg(loss || rows, ',') FROM shardferry.loss WHERE loss = 'rejected'"
            ),
            "rejected1"
        );
        world.load("DELETE FROM dbo.Grown WHERE Id = 2");
    }
    world.account(category, 1);
    assert_finished(world);
}

/// Without a fault it must come to its end; three tries are for what a killed pod's session still holds.
fn rerun(world: &World, pod: &str, setting: Setting, rng: &mut StdRng) {
    let mut last = None;
    for _ in 0..3 {
        let done = run(world, "run", pod, setting, rng.random_range(1..=3), "");
        if done.code() == Some(0) {
            return;
        }
        last = Some(done);
    }
    last.unwrap().exits(0);
}

/// Every `of`-th name from `part` on.
fn round(mut world: World, category: &str, action: Action, part: usize, of: usize) {
    use Setting::{Grown, Loaded, Plain, Rejects, Slow, Unlogged};
    let seed = seed();
    println!("SHARDFERRY_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    world.load(&every_kind());
    let mut counts = BTreeMap::new();
    for setting in [Plain, Slow, Grown, Rejects, Loaded, Unlogged] {
        counts.append(&mut count(&mut world, setting));
    }
    for name in NAMES.iter().skip(part).step_by(of) {
        let most = counts.get(*name).unwrap_or_else(|| panic!("{name} is never reached"));
        // How many heartbeats there are is a matter of time.
        let most = if Setting::of(name) == Setting::Slow { 1 } else { *most };
        let hit = rng.random_range(1..=most);
        inject(&mut world, category, action, name, hit, &mut rng);
    }
}

#[test]
fn kill_at_every_failpoint_first_half() {
    round(World::with_files(), "SIGKILL at a failpoint", Action::Kill, 0, 2);
}

#[test]
fn kill_at_every_failpoint_second_half() {
    round(World::with_files(), "SIGKILL at a failpoint", Action::Kill, 1, 2);
}

#[test]
fn kill_at_every_other_failpoint_with_checkpoints_in_s3() {
    round(World::new(), "SIGKILL at a failpoint", Action::Kill, 0, 2);
}

#[test]
fn transient_error_at_every_failpoint_first_half() {
    round(World::with_files(), "transient error at a failpoint", Action::Error, 0, 2);
}

#[test]
fn transient_error_at_every_failpoint_second_half() {
    round(World::with_files(), "transient error at a failpoint", Action::Error, 1, 2);
}

#[test]
fn final_error_at_every_failpoint_first_half() {
    round(World::with_files(), "final error at a failpoint", Action::Fail, 0, 2);
}

#[test]
fn final_error_at_every_failpoint_second_half() {
    round(World::with_files(), "final error at a failpoint", Action::Fail, 1, 2);
}

#[test]
fn an_unknown_failpoint_is_refused_at_the_start() {
    let world = World::with_files();
    let refused = world.command(&["plan"]).failpoints("copy.bath=kill").pod("main").run().exits(2);
    refused.says("copy.bath=kill: there is no such failpoint");
}
