//! What stops a pod, and what it does not begin any more then: a target that is away, beside a table with an error of
//! its own; a signal before and between the indexes of a table.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Cut, Invocation, Sent, TargetProxy, World};

/// The largest first.
const TABLES: std::ops::RangeInclusive<u64> = 1..=12;
const JOBS: usize = 3;

/// Twelve tables, of which T12 is the largest, in a target that belongs to a role of its own. The role may not insert
/// into T12.
struct Revoked {
    world: World,
    role: String,
}

impl Revoked {
    fn new() -> Self {
        let world = World::with_files();
        for number in TABLES {
            world.reference(&format!("T{number}"), 100 * number);
        }
        world.prepare();
        let (role, database) = (format!("revoked_{}", world.database), world.database.clone());
        world.admin(&format!("CREATE ROLE {role} LOGIN PASSWORD 'postgres'"));
        world.admin(&format!("ALTER DATABASE {database} OWNER TO {role}"));
        let owned: String =
            TABLES.map(|number| format!("ALTER TABLE dbo.\"T{number}\" OWNER TO {role};")).collect();
        world.target(&format!(
            "ALTER SCHEMA dbo OWNER TO {role}; {owned} DROP SCHEMA IF EXISTS shardferry CASCADE; \
             REVOKE INSERT ON dbo.\"T12\" FROM {role}"
        ));
        Self { world, role }
    }

    fn sync(&self, url: &str) -> Invocation {
        let url = url.replace("postgres:postgres@", &format!("{}:postgres@", self.role));
        let arguments = ["sync", "--jobs", &JOBS.to_string()];
        self.world
            .command(&arguments)
            .pod("a")
            .env("SHARDFERRY_TARGET_URL", &url)
            .env("SHARDFERRY_RETRIES", "2")
    }
}

impl Drop for Revoked {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (role, database) = (&self.role, &self.world.database);
        self.world.target(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}"));
        self.world.admin(&format!("ALTER DATABASE {database} OWNER TO postgres; DROP ROLE {role}"));
    }
}

#[test]
fn a_pod_stops_with_exit_4_if_the_target_is_away_although_one_table_had_a_permission_error() {
    let revoked = Revoked::new();
    let world = &revoked.world;
    let proxy = TargetProxy::start(&world.target_address());
    // Every table that may be filled stands still with its first rows on their way.
    let jobs = u64::try_from(JOBS).unwrap();
    let stall = proxy.set(Cut::Stall, jobs, |sent| sent.copies_more_than(0));
    let mut pod = revoked.sync(&world.target_url_at(proxy.port())).spawn();
    pod.wait_for_line("[target_permission]");
    proxy.wait_for(stall, jobs);
    // Nobody gets through any more: open connections are cut at their next message, new ones at their first.
    proxy.set(Cut::Before, u64::MAX, |_| true);
    proxy.release_stalls();
    let ended = pod.wait().exits(4).says("[target_unavailable]");
    // What was changed in their values is asked of no target that is away.
    let ended = ended.hides("reading the lossiness record");
    // The one that failed, and one for each job.
    let begun = ended.lines_with("Processing: dbo.T");
    assert_eq!(begun.len(), JOBS + 1, "{}", ended.stderr);
    assert_eq!(world.data_status("dbo.T12"), "failed");
    for number in 1..=8 {
        assert_eq!(world.reads(&format!("T{number}")), 0, "dbo.T{number}\n{}", ended.stderr);
    }

    // The target is back, and the right is granted: the rerun completes all of them.
    world.target(&format!("GRANT INSERT ON dbo.\"T12\" TO {}", revoked.role));
    revoked.sync(&world.target_url()).run().exits(0);
    let rows: u64 = TABLES.map(|number| 100 * number).sum();
    assert_eq!(world.account("target away beside a permission error", 1), rows);
}

const ROWS: u64 = 500;

/// `dbo.Big` with two indexes, its schema made.
fn indexed() -> World {
    let world = World::with_files();
    world.reference("Big", ROWS);
    world.load("CREATE INDEX IX_one ON dbo.Big (id); CREATE INDEX IX_two ON dbo.Big (id DESC)");
    world.prepare();
    world
}

/// The indexes of `dbo.Big` but its primary key.
fn indexes(world: &World) -> Vec<String> {
    let sql = "SELECT indexname FROM pg_indexes WHERE tablename = 'Big' AND indexname LIKE 'IX%' ORDER BY 1";
    world.target(sql).into_iter().map(|mut row| row.swap_remove(0).unwrap()).collect()
}

/// The rerun reads no row again, and builds what is left.
#[track_caller]
fn goes_on(world: &World) {
    assert_eq!(world.data_status("dbo.Big"), "completed");
    world.command(&["run"]).pod("b").run().exits(0).says("Skipping dbo.Big (already completed)");
    assert_eq!((world.reads("Big"), indexes(world)), (1, vec!["IX_one".to_owned(), "IX_two".to_owned()]));
    assert_eq!(world.account("sigterm", 1), ROWS);
}

/// A signal comes while a statement of `dbo.Big` stands still; then the statement goes on. The indexes that are there
/// at the end of the pod.
#[track_caller]
fn indexes_after_a_signal_at(
    world: &World,
    statement: impl Fn(&Sent<'_>) -> bool + Send + 'static,
) -> Vec<String> {
    let proxy = TargetProxy::start(&world.target_address());
    let stall = proxy.set(Cut::Stall, 1, statement);
    let url = world.target_url_at(proxy.port());
    let mut pod = world.command(&["sync", "--jobs", "1"]).pod("a").env("SHARDFERRY_TARGET_URL", &url).spawn();
    proxy.wait_for(stall, 1);
    pod.signal("TERM");
    pod.wait_for_line("stopping: finishing what is under way");
    proxy.release_stalls();
    pod.wait()
        .exits(143)
        .says("indexes of this table are left to the finish step")
        .says("Completed: dbo.Big");
    indexes(world)
}

#[test]
fn no_index_is_begun_after_a_signal() {
    let world = indexed();
    // The last chunk's COMMIT is on its way: behind it come the indexes.
    let built = indexes_after_a_signal_at(&world, |sent| sent.commit_of_rows());
    assert_eq!(built, Vec::<String>::new());
    goes_on(&world);
}

#[test]
fn no_second_index_of_a_table_is_begun_after_a_signal() {
    let world = indexed();
    let built = indexes_after_a_signal_at(&world, |sent| sent.statement("CREATE INDEX"));
    assert_eq!(built.len(), 1, "the index under way is finished, the other one is not begun");
    goes_on(&world);
}
