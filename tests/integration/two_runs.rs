//! Nothing is thrown away unasked: rows of nobody, of an earlier run, of a run that works on the same tables right now.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Finished, Invocation, RUN, World, until};

const SECOND: &str = "night2";

/// Tables A, B and C with 50, 60 and 70 rows.
fn three() -> World {
    let world = World::new();
    for (table, rows) in [("A", 50), ("B", 60), ("C", 70)] {
        world.reference(table, rows);
    }
    world
}

/// Ends all sessions of this world's pods. Of its database alone: other tests have theirs on the same server.
const END_ALL: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name LIKE 'shardferry%' AND datname = current_database() AND pid <> pg_backend_pid()";

/// `shardferry <arguments>` of the second run.
fn second(world: &World, arguments: &[&str]) -> Invocation {
    world.command(arguments).env("SHARDFERRY_RUN_ID", SECOND).pod("n2")
}

fn status(world: &World, run: &str) -> Finished {
    world.command(&["status"]).env("SHARDFERRY_RUN_ID", run).run().exits(0)
}

/// How many rows stand in the target tables, which xmin tells from rows that were copied again.
fn stand(world: &World) -> String {
    world.target_value(
        "SELECT string_agg(t || ':' || n || ':' || x, ' ' ORDER BY t) FROM (
           SELECT 'A' AS t, count(*) AS n, max(xmin::text::bigint) AS x FROM dbo.\"A\"
           UNION ALL SELECT 'B', count(*), max(xmin::text::bigint) FROM dbo.\"B\"
           UNION ALL SELECT 'C', count(*), max(xmin::text::bigint) FROM dbo.\"C\") AS counted",
    )
}

#[test]
fn a_second_run_is_refused_before_anything_is_emptied_and_replaces_when_it_is_asked_to() {
    let world = three();
    world.succeed(&["run"]);
    let before = stand(&world);
    for command in ["run", "sync"] {
        let refused = second(&world, &[command]).run().exits(2);
        let refused = refused
            .says("3 target tables hold rows that this run did not write: ")
            .says(&format!(
                "dbo.A: 50 rows of run {RUN}; dbo.B: 60 rows of run {RUN}; dbo.C: 70 rows of run {RUN}"
            ))
            .says("nothing was emptied")
            .says("[target_has_rows]")
            .says("--on-existing replace");
        refused.hides("Processing: ");
        assert_eq!(stand(&world), before, "{command}");
    }
    let replaced = second(&world, &["run"]).env("SHARDFERRY_ON_EXISTING", "replace").run().exits(0);
    for line in ["Emptied dbo.A: 50 rows", "Emptied dbo.B: 60 rows", "Emptied dbo.C: 70 rows"] {
        assert_eq!(replaced.lines_with(line).len(), 1, "{}", replaced.stderr);
    }
    assert_ne!(stand(&world), before);
    assert_eq!(world.assert_equal(), 180);
    second(&world, &["run"]).run().exits(0).hides("Emptied").says("already completed");
}

#[test]
fn a_run_whose_tables_were_replaced_says_so_and_never_calls_them_completed() {
    let world = three();
    world.succeed(&["run"]);
    second(&world, &["run", "--on-existing", "replace", "--table", "dbo.B"]).run().exits(0);
    let text = status(&world, RUN);
    assert!(text.stdout.contains("3 tables: 2 completed, 1 failed"), "{}", text.stdout);
    assert!(text.stdout.contains(&format!("replaced by run {SECOND}")), "{}", text.stdout);
    let json = world.command(&["status", "--format", "json"]).run().exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of = |table: &str, key: &str| json["tables"][table]["data"][key].clone();
    assert_eq!((of("dbo.A", "status"), of("dbo.B", "status")), ("completed".into(), "failed".into()));
    assert_eq!(
        (of("dbo.B", "error_code"), json["tables"]["dbo.B"]["replaced_by"].clone()),
        ("replaced".into(), "run night2".into())
    );
    world.command(&["status", "--exit-code"]).run().exits(3);
    // Neither the data nor the finish step of the old run counts any more.
    world.run(&["finish"]).exits(3).says("[replaced]").says("run night2 has begun the target table dbo.B");
    let before = stand(&world);
    let again = world
        .run(&["sync"])
        .exits(3)
        .says("run night2 has begun the target table dbo.B since this run copied it");
    again.says("[replaced]").hides("Completed: dbo.B");
    assert_eq!(
        (world.data_status("dbo.B"), world.data_status("dbo.A")),
        ("failed".to_owned(), "completed".to_owned())
    );
    assert_eq!(stand(&world), before);
    // The ledger is not needed to know it any more.
    let known = world.command(&["status"]).without_env("SHARDFERRY_TARGET_URL").run().exits(0);
    assert!(known.stdout.contains("[replaced]"), "{}", known.stdout);
    world.run(&["run", "--on-existing", "replace"]).exits(0).says("Emptied dbo.B: 60 rows");
    assert_eq!(world.assert_equal(), 180);
    let now = status(&world, SECOND);
    assert!(now.stdout.contains(&format!("replaced by run {RUN}")), "{}", now.stdout);
}

#[test]
fn rows_of_no_run_are_kept_and_named() {
    let world = three();
    world.prepare();
    world.succeed(&["sync", "--table", "dbo.A"]);
    world.target("INSERT INTO dbo.\"C\" SELECT * FROM dbo.\"A\" LIMIT 3");
    let refused = world.run(&["sync"]).exits(2);
    refused.says("1 target table holds rows that this run did not write: dbo.C: 3 rows of no run that the ledger knows");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"C\""), "3");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"B\""), "0", "nothing is begun");
    world
        .run(&["sync", "--on-existing", "replace"])
        .exits(0)
        .says("Emptied dbo.C: 3 rows")
        .hides("Emptied dbo.B");
    assert_eq!(world.assert_equal(), 180);
}

/// They came between the look at the start and the beginning of the table.
#[test]
fn rows_that_come_before_the_table_is_begun_are_found_under_the_lock() {
    let world = three();
    world.prepare();
    world.succeed(&["sync", "--table", "dbo.A"]);
    for armed in ["claim.before_lock=stop", "begin.after_bounds=stop"] {
        let pod =
            world.command(&["sync", "--table", "dbo.C", "--jobs", "1"]).failpoints(armed).pod("a").spawn();
        until("the pod stands still", || is_stopped(pod.pid()).then_some(()));
        world.target("INSERT INTO dbo.\"C\" SELECT * FROM dbo.\"A\" LIMIT 3");
        pod.signal("CONT");
        pod.wait()
            .exits(2)
            .says("the target table dbo.C has 3 rows that this run did not write [target_has_rows]");
        assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"C\""), "3");
        world.target("DELETE FROM dbo.\"C\"");
    }
    world.run(&["sync"]).exits(0).hides("Emptied");
    assert_eq!(world.assert_equal(), 180);
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('T')
}

const CHUNKS: [&str; 5] = ["sync", "--chunk-size", "4KiB", "--jobs", "1"];

#[test]
fn the_table_of_a_run_that_lives_is_not_taken() {
    let world = three();
    world.prepare();
    second(&world, &["plan"]).run().exits(0);
    second(&world, &["schema"]).run().exits(0);
    let first = world.command(&CHUNKS).failpoints("copy.after_commit=stop@2").pod("n1").spawn();
    until("the first run stands still", || is_stopped(first.pid()).then_some(()));
    let begun = stand(&world);
    for existing in ["error", "replace"] {
        let refused = second(&world, &["sync", "--on-existing", existing]).run().exits(5);
        refused
            .says(&format!("run {RUN} holds the target table dbo."))
            .says("it runs now (pod n1, connected for ")
            .says("[fenced]");
        assert_eq!(stand(&world), begun, "{existing}");
    }
    first.signal("CONT");
    first.wait().exits(0);
    assert_eq!(world.assert_equal(), 180);
}

/// The first run stands still with a table half-way, and its sessions are gone: as if it ran behind a pooler.
#[test]
fn a_run_whose_table_was_taken_half_way_is_stopped_and_says_so() {
    let world = three();
    world.prepare();
    second(&world, &["plan"]).run().exits(0);
    second(&world, &["schema"]).run().exits(0);
    for (armed, lives) in [("copy.after_commit=stop@2", true), ("copy.after_epoch_check=stop@3", false)] {
        let first = world.command(&CHUNKS).arg("--table").arg("dbo.C").failpoints(armed).pod("n1").spawn();
        until("the first run stands still", || is_stopped(first.pid()).then_some(()));
        world.target(END_ALL);
        let arguments = ["sync", "--on-existing", "replace", "--reset", "--table", "dbo.C"];
        let taker = second(&world, &arguments);
        if lives {
            let taker = taker.failpoints("settle.before_put=stop@1").spawn();
            until("the second run stands still", || is_stopped(taker.pid()).then_some(()));
            first.signal("CONT");
            let taken = first.wait().exits(5).says(&format!("run {SECOND} has begun the target table dbo.C"));
            taken.says("and it runs now (pod n2").says("[fenced]").hides("Completed: dbo.C");
            taker.signal("CONT");
            taker.wait().exits(0);
        } else {
            taker.run().exits(0);
            first.signal("CONT");
            let taken = first.wait().exits(3).says(&format!("run {SECOND} has begun the target table dbo.C"));
            taken.says("[replaced]").hides("Completed: dbo.C");
        }
        assert_eq!(world.assert_table_equal("dbo.C"), 70);
        let told = status(&world, RUN).stdout;
        assert!(told.contains("0 completed, 1 failed") && told.contains("replaced by run night2"), "{told}");
        world.run(&["sync", "--on-existing", "replace", "--table", "dbo.C"]).exits(0);
        assert_eq!(world.assert_table_equal("dbo.C"), 70);
        world.succeed(&["reset", "--table", "dbo.C"]);
    }
}

#[test]
fn a_table_that_was_dropped_and_made_anew_is_copied_again() {
    let world = three();
    world.succeed(&["run"]);
    world.target("DROP TABLE dbo.\"B\"; CREATE TABLE dbo.\"B\" (LIKE dbo.\"A\" INCLUDING ALL)");
    let again = world.run(&["sync"]).exits(0).says("Completed: dbo.B");
    again.hides("Completed: dbo.A");
    assert_eq!(world.assert_equal(), 180);
}

/// A ledger that an older version installed knows no holders: its runs go on, and keep their tables.
#[test]
fn a_run_of_an_older_version_holds_its_tables() {
    let world = three();
    world.succeed(&["run"]);
    let before = stand(&world);
    world.target("DROP TABLE shardferry.holder; ALTER TABLE shardferry.run DROP COLUMN has_holders");
    world.succeed(&["run"]).says("already completed");
    assert_eq!(stand(&world), before);
    second(&world, &["run"]).run().exits(2).says(&format!("dbo.A: 50 rows of run {RUN}"));
}

/// Moved away as the page advises, and another one in its place: the run whose rows were moved does not call that one
/// its own.
#[test]
fn a_table_that_was_moved_away_is_proven_by_nobody() {
    let world = three();
    world.succeed(&["run"]);
    world.target("CREATE SCHEMA keep; ALTER TABLE dbo.\"B\" SET SCHEMA keep; CREATE TABLE dbo.\"B\" (LIKE keep.\"B\" INCLUDING ALL)");
    world.command(&["status", "--exit-code"]).run().exits(3);
    world.run(&["finish"]).exits(3).says("[replaced]");
    world.succeed(&["run"]).says("Completed: dbo.B").hides("Completed: dbo.A");
    assert_eq!(world.assert_equal(), 180);
    world.target("ALTER TABLE dbo.\"C\" SET SCHEMA keep");
    second(&world, &["run", "--table", "dbo.C"]).run().exits(0);
    let told = status(&world, RUN).stdout;
    assert!(told.contains("replaced by run night2"), "{told}");
    world.run(&["run"]).exits(3).says("[replaced]");
}

#[test]
fn rows_that_a_policy_hides_are_not_taken_for_absent() {
    let world = three();
    let role = format!("loader_{}", world.target_value("SELECT current_database()"));
    world.admin(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'"));
    world.target(&format!(
        "GRANT CREATE ON DATABASE \"{}\" TO {role}",
        world.target_value("SELECT current_database()")
    ));
    let url = world.target_url().replace("postgres:postgres@", &format!("{role}:x@"));
    let of = |run: &str| {
        let pod = world.command(&["run", "--chunk-size", "4KiB"]).env("SHARDFERRY_RUN_ID", run).pod("a");
        pod.env("SHARDFERRY_TARGET_URL", &url)
    };
    of(RUN).run().exits(0);
    world.target("ALTER TABLE dbo.\"B\" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
    of(SECOND).run().exits(2).says("row-level security policy").hides("Processing: ");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"B\""), "60");
    world.target(&format!("DROP OWNED BY {role} CASCADE"));
    world.admin(&format!("DROP ROLE {role}"));
}

/// A partition and the table that it belongs to share their rows.
#[test]
fn a_partition_is_no_target_of_its_own() {
    let world = three();
    world.prepare();
    world.target("DROP TABLE dbo.\"B\"; CREATE TABLE dbo.\"All\" (LIKE dbo.\"A\" INCLUDING ALL) PARTITION BY RANGE (id); CREATE TABLE dbo.\"B\" PARTITION OF dbo.\"All\" DEFAULT");
    let refused = world.run(&["sync"]).exits(3).says("it is a partition of another table");
    refused.says("[target_mismatch]").says("Completed: dbo.A");
}

#[test]
fn status_believes_no_document_that_the_ledger_does_not_prove() {
    let world = three();
    world.succeed(&["run"]);
    world.command(&["status", "--exit-code"]).run().exits(0);
    world.target("DROP TABLE dbo.\"B\"");
    world.succeed(&["schema"]);
    let told = world.command(&["status", "--exit-code"]).run().exits(5);
    assert!(told.stdout.contains("Not proven: "), "{}", told.stdout);
    let nowhere = world.target_url_at(1);
    world.command(&["status"]).env("SHARDFERRY_TARGET_URL", &nowhere).run().exits(0).says("cannot be asked");
    world.command(&["status", "--exit-code"]).env("SHARDFERRY_TARGET_URL", &nowhere).run().exits(4);
    world.succeed(&["run"]);
    world.command(&["status", "--exit-code"]).run().exits(0);
}

/// Its last row is copied, and it stands still, with its sessions gone, before or in the finish step: what it ends with
/// is true then.
#[test]
fn a_run_whose_table_was_taken_before_its_end_does_not_end_well() {
    for (armed, lives) in [("release.after_unlock=stop", true), ("finish.before_indexes=stop@1", false)] {
        let world = World::new();
        world.reference("A", 50);
        let first = world.command(&["run", "--jobs", "1"]).failpoints(armed).pod("n1").spawn();
        until("the first run stands still", || is_stopped(first.pid()).then_some(()));
        world.target(END_ALL);
        let taker = second(&world, &["run", "--on-existing", "replace"]);
        if lives {
            let taker = taker.failpoints("settle.before_put=stop@1").spawn();
            until("the second run stands still", || is_stopped(taker.pid()).then_some(()));
            first.signal("CONT");
            first.wait().exits(5).says("nothing is built: run night2 has begun the target table dbo.A");
            taker.signal("CONT");
            taker.wait().exits(0);
        } else {
            taker.run().exits(0);
            first.signal("CONT");
            first.wait().exits(3).says("run night2 has begun the target table dbo.A").says("[replaced]");
            assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "failed");
        }
        assert_eq!(world.assert_equal(), 50, "{armed}");
    }
}
