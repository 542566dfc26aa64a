//! However large a table, a row or a value is, the process keeps within its limit: inside a control group of 128 MiB
//! where this machine lets the test make one (version 1 or 2, as root), and by its own peak everywhere.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{Finished, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const LIMIT: u64 = 128 * 1024 * 1024;
/// Loading and copying some hundred megabytes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A control group of the test's own with the limit, below the test's own group.
struct Group {
    folder: PathBuf,
    version: u8,
}

static GROUPS: AtomicU32 = AtomicU32::new(0);

impl Group {
    /// None where this machine does not let us.
    fn make() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let path = |wanted: &dyn Fn(&str) -> bool| {
            let mut lines = groups.lines().map(|line| line.splitn(3, ':').collect::<Vec<_>>());
            lines.find(|parts| wanted(parts[1])).map(|parts| parts[2].trim_start_matches('/').to_owned())
        };
        let one = path(&|names| names.split(',').any(|name| name == "memory"));
        let two = path(&str::is_empty);
        let places = [
            one.map(|path| (1, Path::new("/sys/fs/cgroup/memory").join(path))),
            two.map(|path| (2, Path::new("/sys/fs/cgroup").join(path))),
        ];
        let name =
            format!("shardferry-test-{}-{}", std::process::id(), GROUPS.fetch_add(1, Ordering::Relaxed));
        places.into_iter().flatten().find_map(|(version, parent)| {
            let group = Self { folder: parent.join(&name), version };
            fs::create_dir(&group.folder).ok()?;
            let limit = if version == 1 { "memory.limit_in_bytes" } else { "memory.max" };
            fs::write(group.folder.join(limit), LIMIT.to_string()).ok()?;
            // Swap would hide what does not fit.
            let _ = fs::write(group.folder.join("memory.swap.max"), "0");
            Some(group)
        })
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }

    /// Nobody was killed for want of memory.
    fn no_kill(&self) {
        let file = if self.version == 1 { "memory.oom_control" } else { "memory.events" };
        let text = self.read(file);
        let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        assert_eq!(kills, Some("0"), "{file}: {text}");
        println!("peak of the group {}", self.read("memory.max_usage_in_bytes").trim());
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

/// `sync` with these arguments within the limit; its peak must stay below it too.
fn sync(world: &World, arguments: &[&str]) -> Finished {
    let group = Group::make();
    let mut invocation = world.command(arguments).pod("a");
    invocation = match &group {
        Some(group) => invocation.in_group(&group.folder.join("cgroup.procs")),
        None => {
            println!("no control group can be made here: the budget is given instead");
            invocation.env("SHARDFERRY_MEMORY", "80MiB")
        }
    };
    let done = invocation.spawn().wait_within(PATIENCE);
    println!("{arguments:?}: peak {} KiB", done.peak_kib);
    if let Some(group) = &group {
        group.no_kill();
    }
    assert!((1..LIMIT / 1024).contains(&done.peak_kib), "{} KiB\n{}", done.peak_kib, done.stderr);
    done
}

/// A value of `bytes` bytes or a little more, as T-SQL and as SQL of PostgreSQL.
fn binary(seed: usize, bytes: usize) -> [String; 2] {
    let (pattern, times) = (format!("{seed:0>4}-bcdefghijkl"), bytes / 16);
    [
        format!("CAST(REPLICATE(CAST('{pattern}' AS varchar(max)), {times}) AS varbinary(max))"),
        format!("convert_to(repeat('{pattern}', {times}), 'UTF8')"),
    ]
}

/// A text of so many UTF-16 units or a little less; 16 of them are 24 bytes of UTF-8.
fn text(seed: usize, units: usize) -> [String; 2] {
    let (pattern, times) = (format!("{seed:0>4}-é€あ😀klmnopq"), units / 17);
    [
        format!("REPLICATE(CAST(N'{pattern}' AS nvarchar(max)), {times})"),
        format!("repeat('{pattern}', {times})"),
    ]
}

/// Makes `dbo.<name>` (id, body) with these values, and how its target is told apart from it: the ids that differ.
fn table(world: &World, name: &str, ty: &str, values: &[[String; 2]]) -> String {
    world.load(&format!("CREATE TABLE dbo.{name} (id int NOT NULL, body {ty} NULL)"));
    let mut expected = Vec::new();
    for (id, [source, target]) in values.iter().enumerate() {
        world.load(&format!("INSERT INTO dbo.{name} VALUES ({id}, {source})"));
        expected.push(format!("SELECT {id} AS id, {target} AS body"));
    }
    format!(
        "SELECT coalesce(a.id, b.id) FROM dbo.\"{name}\" a FULL JOIN ({}) b USING (id) \
         WHERE a.body IS DISTINCT FROM b.body",
        expected.join(" UNION ALL ")
    )
}

fn equal(world: &World, difference: &str) {
    assert_eq!(world.target(difference), Vec::<Vec<Option<String>>>::new());
}

#[test]
fn large_values_fit_the_limit() {
    const MEGABYTE: usize = 1_000_000;
    let world = World::with_files();
    let rows = |make: fn(usize, usize) -> [String; 2]| {
        (0..60).map(|seed| make(seed, MEGABYTE + seed * 1234)).collect::<Vec<_>>()
    };
    let tables = [
        table(&world, "Binaries", "varbinary(max)", &rows(binary)),
        table(&world, "Texts", "nvarchar(max)", &rows(text)),
        table(&world, "MoreTexts", "nvarchar(max)", &rows(text)),
        // One value that is larger than the limit, and one text that takes most of the lane.
        table(&world, "Huge", "varbinary(max)", &[binary(1, 200 * MEGABYTE), binary(2, 5)]),
        table(&world, "Long", "nvarchar(max)", &[text(1, 25 * MEGABYTE), text(2, 5), text(3, 25 * MEGABYTE)]),
    ];
    world.prepare();
    sync(&world, &["sync", "--jobs", "4"]).exits(0);
    for difference in &tables {
        equal(&world, difference);
    }
}

#[test]
fn a_text_that_does_not_fit_fails_its_table_alone() {
    let world = World::with_files();
    table(&world, "TooLong", "nvarchar(max)", &[text(1, 50_000_000)]);
    let others = [
        table(&world, "Texts", "nvarchar(max)", &[text(2, 1_000_000), text(3, 3_000_000)]),
        table(&world, "Binaries", "varbinary(max)", &[binary(4, 2_000_000)]),
    ];
    world.prepare();
    let done = sync(&world, &["sync", "--jobs", "2", "--memory", "64MiB"]).exits(3);
    done.says("give more memory (--memory)").says("dbo.TooLong").says("body");
    assert_eq!(world.data_status("dbo.TooLong"), "failed");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"TooLong\""), "0");
    for difference in &others {
        equal(&world, difference);
    }
}

#[test]
fn a_table_of_a_thousand_columns_fits_the_limit() {
    let world = World::with_files();
    let kinds = ["int NOT NULL", "nvarchar(20) NULL", "varbinary(8) NULL", "datetime2(3) NULL"];
    let columns: Vec<_> = (0..1000).map(|at| format!("c{at} {}", kinds[at % 4])).collect();
    world.load(&format!("CREATE TABLE dbo.Wide ({})", columns.join(", ")));
    for row in 0..100 {
        let values: Vec<_> = (0..1000)
            .map(|at| match (at % 4, (at + row) % 7) {
                (0, _) => (at * 1000 + row).to_string(),
                (_, 0) => "NULL".to_owned(),
                (1, _) => format!("N'é{at}-{row}'"),
                (2, _) => format!("0x{:08x}", at * 100 + row),
                _ => format!("'2024-01-02T03:04:05.{:03}'", (at + row) % 1000),
            })
            .collect();
        world.load(&format!("INSERT INTO dbo.Wide VALUES ({})", values.join(", ")));
    }
    world.prepare();
    sync(&world, &["sync"]).exits(0);
    assert_eq!(world.assert_equal(), 100);
}

#[test]
fn too_little_memory_is_said_before_anything_is_copied() {
    let world = World::with_files();
    world.reference("A", 10);
    world.prepare();
    world
        .run(&["sync", "--jobs", "64", "--memory", "16MiB"])
        .exits(2)
        .says("--memory is too little memory for 64 chunks at once");
    world.succeed(&["sync", "--jobs", "4", "--memory", "16MiB"]);
    world.assert_equal();
}

/// Two million rows, and the process stays small.
#[test]
fn memory_does_not_grow_with_the_table() {
    let world = World::with_files();
    world.reference("Huge", 2_000_000);
    world.prepare();
    let done = world.command(&["sync"]).pod("a").spawn().wait_within(Duration::from_secs(300)).exits(0);
    println!("peak {} KiB", done.peak_kib);
    assert!((1..64 * 1024).contains(&done.peak_kib), "{} KiB", done.peak_kib);
    let sums = |quote: [&str; 2]| {
        let [open, close] = quote;
        format!("SELECT count(*), sum({open}amount{close}), min({open}id{close}), max({open}id{close}) FROM ")
    };
    let here = world.target(&format!("SET TimeZone = 'UTC'; {}dbo.\"Huge\"", sums(["\"", "\""])));
    let there = world.source(&format!(
        "{}[dbo].[Huge]",
        sums(["[", "]"]).replace("sum([amount])", "sum(CAST([amount] AS decimal(38,0)))")
    ));
    assert_eq!(here, there.1);
}
