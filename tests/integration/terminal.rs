//! What people see: the program in a real pseudo-terminal, by what stands on its screen; and that one error is one
//! event.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Invocation, TerminalEnd, World, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::Value as Json;

/// Cells of bars.
const CELLS: [char; 2] = ['█', '░'];

/// Tables of many lengths of names, one of which is longer than a narrow terminal.
fn tables() -> World {
    let world = World::with_files();
    for name in ["A", "Orders", "A_Table_With_A_Name_That_Is_Longer_Than_A_Narrow_Terminal_Is", "Lines"] {
        world.reference(name, 300);
    }
    world.load("CREATE INDEX IX_A ON dbo.A (id)");
    world
}

fn in_terminal(world: &World, arguments: &[&str]) -> Invocation {
    world.command(arguments).pod("main").env("TERM", "xterm-256color")
}

fn has_cells(text: &str) -> bool {
    text.contains(CELLS)
}

/// A line that the program says: each event is whole, and nothing of a bar is in it.
fn is_whole(line: &str) -> bool {
    let begins = |begins: &[&str]| begins.iter().any(|begin| line.starts_with(begin));
    let counted = line.starts_with('[') && line.contains("] ");
    let logged = line.starts_with("20") && [" INFO ", " WARN "].iter().any(|level| line.contains(level));
    !has_cells(line)
        && (counted || logged || begins(&["Skipping ", "Progress: total ", "Final summary", "  "]))
}

#[track_caller]
fn assert_clean(end: &TerminalEnd, columns: u16) {
    let all = end.lines.join("\n");
    for line in &end.lines {
        assert!(is_whole(line), "{columns} columns: {line:?}\n{all}");
    }
    assert!(end.lines.last().unwrap().starts_with("  To go on:    "), "{columns} columns\n{all}");
    assert!(!String::from_utf8_lossy(&end.raw).contains("0s left"), "{columns} columns");
    for row in end.seen.iter().flatten().filter(|row| has_cells(row)) {
        let mixed = ["Processing", "Completed", "Built", "INFO"].iter().any(|word| row.contains(word));
        assert!(!mixed, "{columns} columns: {row:?}");
        assert!(row.trim_end().chars().count() < usize::from(columns), "{columns} columns: {row:?}");
    }
}

#[test]
fn lines_and_bars_share_a_terminal_of_any_width() {
    let mut world = tables();
    for columns in [60, 80, 200] {
        world.renew();
        world.succeed(&["plan", "--schema-map", "dbo=sales"]);
        let stall = Fault::from(FaultKind::Stall { rows: 150, time: None });
        let stall = world.fault(stall.times(2).containing("SELECT [id]"));
        let pod = in_terminal(&world, &["run", "--jobs", "2"]).in_terminal(columns);
        until("both stalls", || (world.happened(stall) == 2).then_some(()));
        let all =
            pod.wait_for_row("bar of all tables", |row| row.starts_with("all tables") && row.contains('%'));
        assert_eq!(all.contains("ETA"), columns >= 80, "{all}");
        assert_eq!(has_cells(&all), columns >= 80, "{all}");
        world.server.faults().release();
        let end = pod.wait();
        assert_eq!(end.status.code(), Some(0), "{}", end.lines.join("\n"));
        assert_clean(&end, columns);
        for name in world.planned() {
            let target = name.replace("dbo.", "sales.");
            let count = |is_it: &dyn Fn(&str) -> bool| end.lines.iter().filter(|line| is_it(line)).count();
            let begun = format!("] Processing: {name} -> {target}");
            let completed = format!("] Completed: {name} (300 rows in ");
            assert_eq!(count(&|line| line.ends_with(&begun)), 1, "{begun}\n{}", end.lines.join("\n"));
            assert_eq!(count(&|line| line.contains(&completed) && line.ends_with("s)")), 1, "{completed}");
        }
        let built =
            end.lines.iter().filter(|line| line.contains("] Built: index IX_A on dbo.A (in ")).count();
        let early = world.target_value("SELECT count(*) FROM pg_indexes WHERE indexname = 'IX_A'");
        assert!(built <= 1 && early == "1", "{}", end.lines.join("\n"));
        // A long name is cut with an ellipsis in its bar, and never in its line.
        let cut = end.seen.iter().flatten().any(|row| row.starts_with("dbo.A_Table") && row.contains('…'));
        let drawn = end.seen.iter().flatten().any(|row| row.starts_with("dbo.A_Table_With"));
        assert!(cut || !drawn, "{columns} columns");
    }
}

#[test]
fn what_the_environment_and_the_flags_say_of_the_terminal_is_honoured() {
    let mut world = tables();
    let mut run = |arguments: &[&str], environment: &[(&str, &str)]| {
        world.renew();
        let mut call = in_terminal(&world, &["run"]);
        for argument in arguments {
            call = call.arg(argument);
        }
        for (name, value) in environment {
            call = call.env(name, value);
        }
        let end = call.in_terminal(120).wait();
        assert_eq!(end.status.code(), Some(0), "{}", end.lines.join("\n"));
        (String::from_utf8_lossy(&end.raw).into_owned(), end)
    };
    let has_bars = |raw: &str| raw.contains("all tables");
    let (raw, _) = run(&[], &[]);
    assert!(has_bars(&raw) && raw.contains("\u{1b}[32m"), "{raw}");
    let (raw, _) = run(&[], &[("NO_COLOR", "1")]);
    assert!(has_bars(&raw) && !raw.contains("\u{1b}[32m") && raw.contains(" INFO "), "{raw}");
    let (raw, end) = run(&[], &[("TERM", "dumb")]);
    assert!(!has_bars(&raw) && !raw.contains('\u{1b}') && raw.contains("Processing: dbo.Orders"), "{raw}");
    assert_clean(&end, 120);
    let (raw, _) = run(&["--no-progress"], &[]);
    assert!(!has_bars(&raw) && raw.contains("\u{1b}[32m") && raw.contains("Processing: dbo.Orders"), "{raw}");
    let (raw, _) = run(&[], &[("SHARDFERRY_NO_PROGRESS", "true")]);
    assert!(!has_bars(&raw), "{raw}");
    for (arguments, environment) in [(&["--quiet"][..], &[][..]), (&[], &[("SHARDFERRY_QUIET", "true")])] {
        let (raw, end) = run(arguments, environment);
        let mut lines = end.lines.iter().skip_while(|line| line.contains(" WARN "));
        assert_eq!(lines.next().unwrap(), "Final summary", "{raw}");
        assert!(lines.all(|line| line.starts_with("  ")), "{raw}");
        assert!(end.lines.iter().any(|line| line.starts_with("  Finish:      ")), "{raw}");
    }
}

#[test]
fn quiet_logs_of_json_hold_warnings_and_the_summary_alone() {
    let world = tables();
    let done = world.command(&["run", "--quiet", "--log-format", "json"]).pod("main").run().exits(0);
    let lines: Vec<Json> = done.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, others) = lines.split_last().unwrap();
    assert!(others.iter().all(|line| line["level"] == "WARN"), "{}", done.stderr);
    assert_eq!((&last["processed"], &last["exit_code"]), (&4.into(), &0.into()), "{last}");
    assert!(last["finish"].as_str().unwrap().contains(" built, "), "{last}");
}

#[test]
fn finish_says_which_lock_it_waits_for_and_who_holds_it() {
    let world = tables();
    world.load("ALTER TABLE dbo.Orders ADD CONSTRAINT CK_Orders CHECK (id >= 0)");
    world.succeed(&["plan"]);
    world.succeed(&["schema"]);
    world.succeed(&["sync"]).says("To go on:    the chosen tables are copied; `shardferry finish` builds");
    let lock =
        world.hold("SET application_name = 'somebody'; LOCK TABLE dbo.\"Orders\" IN ROW EXCLUSIVE MODE");
    let pod = in_terminal(&world, &["finish", "--jobs", "1", "--claim-timeout", "1s"]).in_terminal(160);
    let told = "check CK_Orders on dbo.Orders waits for a lock on dbo.Orders held by pid ";
    // First in the bar of the object, then as a line.
    pod.wait_for_row("bar that waits", |row| row.starts_with(&format!("  {told}")));
    let row = pod.wait_for_row("line that waits", |row| row.starts_with(told));
    assert!(row.contains(" (somebody, idle in transaction for "), "{row}");
    let waits = until("the wait in finish.json", || {
        let finish = world.object("finish.json")?;
        Some(finish["under_way"]["waits_for"].clone()).filter(|waits| !waits.is_null())
    });
    assert_eq!(
        (&waits["table"], &waits["session"]),
        (&"dbo.Orders".into(), &"somebody, idle in transaction".into())
    );
    let pid = world.target_value("SELECT pid FROM pg_stat_activity WHERE application_name = 'somebody'");
    assert_eq!(waits["pid"].to_string(), pid);
    world.succeed(&["status"]).says(&format!("; {told}{pid} (somebody, idle in transaction for "));
    drop(lock);
    let end = pod.wait();
    let all = end.lines.join("\n");
    assert_eq!(end.status.code(), Some(0), "{all}");
    let waiting: Vec<_> = end.lines.iter().filter(|line| line.contains("waits for a lock")).collect();
    assert_eq!(waiting.len(), 1, "told once, and no bar is left:\n{all}");
    assert!(waiting[0].ends_with("); end that session, or wait"), "{all}");
    assert!(all.contains("] Built: check CK_Orders on dbo.Orders") && !has_cells(&all), "{all}");
    assert_eq!(end.lines.last().unwrap(), "  To go on:    nothing is left to do for this run", "{all}");
    let finish = world.object("finish.json").unwrap();
    assert!(finish["under_way"].is_null() && finish["status"]["status"] == "completed", "{finish}");
    world.succeed(&["status"]).hides("waits for a lock");
}

/// Two tables, of which one has a value that PostgreSQL cannot hold.
fn one_bad() -> World {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.Bad (Id int NOT NULL PRIMARY KEY, Note nvarchar(20) NULL);
         CREATE TABLE dbo.Good (Id int NOT NULL PRIMARY KEY);
         INSERT INTO dbo.Bad VALUES (1, N'a' + NCHAR(0));
         INSERT INTO dbo.Good VALUES (1);",
    );
    world.prepare();
    world
}

#[test]
fn one_error_is_one_event() {
    let world = one_bad();
    let failed = world.run(&["sync"]).exits(3);
    let told = failed.lines_with("[value]");
    let (first, others) = told.split_first().unwrap();
    assert!(
        first.contains("] Failed: dbo.Bad: column Note: ") && first.contains("; rerun with --rejects"),
        "{first}"
    );
    assert_eq!(others, ["  Exit code:   3 [value]"], "{}", failed.stderr);
    assert!(failed.lines_with("ERROR").is_empty() && failed.lines_with("shardferry: ").is_empty());
    assert!(failed.stderr.lines().last().unwrap().starts_with("  To go on:    `shardferry status` lists"));

    let failed = world.command(&["sync"]).env("SHARDFERRY_LOG_FORMAT", "json").pod("main").run().exits(3);
    let lines: Vec<Json> = failed.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let errors: Vec<&Json> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{}", failed.stderr);
    assert_eq!((&errors[0]["code"], &errors[0]["table"]), (&"value".into(), &"dbo.Bad".into()));
    let last = lines.last().unwrap();
    assert_eq!((&last["exit_code"], &last["code"], &last["failed"]), (&3.into(), &"value".into(), &1.into()));
}

#[test]
fn an_error_of_the_command_line_has_the_form_that_was_asked_for() {
    let world = World::with_files();
    let wrong: [&[&str]; 3] =
        [&["sync", "--jobs", "none"], &["sync", "--range", "9-1"], &["sync", "--source-url", "nonsense"]];
    for arguments in wrong {
        let refused = world.command(arguments).arg("--log-format=json").run().exits(2);
        let event: Json =
            serde_json::from_str(&refused.stderr).unwrap_or_else(|_| panic!("{}", refused.stderr));
        assert_eq!((&event["level"], &event["exit_code"]), (&"ERROR".into(), &2.into()), "{event}");
        assert!(["usage", "config"].contains(&event["code"].as_str().unwrap()), "{event}");
    }
}
