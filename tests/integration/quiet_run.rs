//! What a new user sees of many tables: few warnings, the summary last, an assessment that fits the screen, a status
//! that tells a living pod from a silent one, and scripts for shells.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Invocation, World, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::Value as Json;
use std::time::{Duration, SystemTime};

/// So many lines are two screens.
const TWO_SCREENS: usize = 100;
const MOST_WARNINGS: usize = 10;

/// 300 tables with texts that ignore case, offsets, padded texts, identities, defaults and foreign keys.
fn company() -> World {
    let world = World::with_files();
    world.company(300, 9000, 1);
    world
}

#[test]
fn a_clean_run_of_300_tables_warns_a_few_times_and_ends_with_its_summary() {
    let mut world = company();
    let done = world.command(&["run"]).pod("a").spawn().wait_within(Duration::from_secs(300)).exits(0);
    let warnings = done.lines_with(" WARN ");
    assert!(
        (1..=MOST_WARNINGS).contains(&warnings.len()),
        "{} warnings:\n{}",
        warnings.len(),
        warnings.join("\n")
    );
    let offsets = done.lines_with("columns have rows whose offset is not kept (the instant is)");
    assert_eq!(offsets.len(), 1, "{}", warnings.join("\n"));
    assert!(offsets[0].contains(" more; --verbose lists all)"), "{}", offsets[0]);
    assert_eq!(
        done.lines_with("defaults are not quite as in the source").len(),
        1,
        "{}",
        warnings.join("\n")
    );
    let last: Vec<&str> = done.stderr.lines().rev().take(9).collect();
    assert_eq!((last[8], last[0].split(':').next()), ("Final summary", Some("  To go on")), "{last:?}");
    // The same as events, for programs.
    world.renew();
    let done = world
        .command(&["run"])
        .env("SHARDFERRY_LOG_FORMAT", "json")
        .pod("a")
        .spawn()
        .wait_within(Duration::from_secs(300))
        .exits(0);
    let events: Vec<Json> = done.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let warnings: Vec<&Json> = events.iter().filter(|event| event["level"] == "WARN").collect();
    assert!((1..=MOST_WARNINGS).contains(&warnings.len()), "{warnings:?}");
    let offsets = warnings.iter().find(|event| event["kind"] == "loss_offset").unwrap();
    let (count, tables) = (offsets["count"].as_u64().unwrap(), offsets["tables"].as_str().unwrap());
    assert!(count > 10 && offsets["rows"].as_u64().unwrap() >= count, "{offsets}");
    assert!(tables.ends_with(&format!(" and {} more", count - 3)), "{tables}");
    let end = events.last().unwrap();
    assert_eq!(end["processed"], 300, "{end}");
    assert!(end["message"].as_str().unwrap().starts_with("Final summary: "), "{end}");
}

#[test]
fn verbose_lists_what_is_grouped() {
    let world = World::with_files();
    world.company(40, 2000, 1);
    let done = world.command(&["run", "--verbose"]).pod("a").run().exits(0);
    let offsets = done.lines_with("have rows whose offset is not kept")[0];
    assert!(!offsets.contains("--verbose"), "{offsets}");
    let count: usize = offsets.split("WARN ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(count > 3, "{offsets}");
    let listed = done.stderr.lines().skip_while(|line| !line.contains("whose offset is not kept")).skip(1);
    let listed: Vec<&str> = listed.take_while(|line| line.contains(" INFO   ")).collect();
    assert!(listed.iter().filter(|line| line.contains(".Zoned: ")).count() >= count, "{listed:?}");
}

#[test]
fn the_assessment_of_300_tables_fits_two_screens() {
    let world = company();
    let dry = |flags: &[&str]| {
        let arguments = [&["plan", "--dry-run"], flags].concat();
        world.command(&arguments).without_env("SHARDFERRY_TARGET_URL").run().exits(0)
    };
    let short = dry(&[]);
    let lines = short.stdout.lines().count();
    assert!(lines <= TWO_SCREENS, "{lines} lines:\n{}", short.stdout);
    for part in [
        " ignores case; comparisons",
        " and ",
        " more\n",
        "Names in the target: ",
        "`--verbose` lists every object",
    ] {
        assert!(short.stdout.contains(part), "no `{part}` in\n{}", short.stdout);
    }
    let all = dry(&["--verbose"]).stdout;
    assert!(all.matches(" ignores case; comparisons").count() > 300);
    let snake = dry(&["--name-case", "snake"]).stdout;
    assert!(snake.contains("(--name-case snake)") && snake.contains(" -> "), "{snake}");
    assert!(
        snake.contains("They cannot be changed after the first `shardferry schema` without copying again.")
    );
}

#[test]
fn shards_are_printed_with_what_they_hold_and_the_next_command() {
    let world = World::with_files();
    world.company(30, 6000, 1);
    let text = world.succeed(&["plan", "--shards", "3"]).stdout;
    let shards: Vec<&str> = text.lines().filter(|line| line.contains("--range ")).collect();
    let tables = |line: &&str| -> u32 {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = words.iter().position(|word| word.starts_with("table")).unwrap();
        words[place - 1].parse().unwrap()
    };
    assert_eq!((shards.len(), shards.iter().map(tables).sum::<u32>()), (3, 30), "{text}");
    assert!(shards.iter().all(|line| line.contains(" rows") && line.contains('B')), "{text}");
    assert!(text.contains("Next, in a pod for each shard: `shardferry run --shard 1/3`"), "{text}");
    assert!(text.contains("Names in the target: "), "{text}");
}

#[expect(clippy::disallowed_methods, reason = "the time of a file of this machine")]
#[test]
fn status_tells_a_dead_pod_from_a_living_one() {
    let world = World::with_files();
    for name in ["Dead", "Living", "Waiting"] {
        world.reference(name, 3000);
    }
    world.prepare();
    for name in ["[Dead]", "[Living]"] {
        world.fault(Fault::from(FaultKind::Stall { rows: 1000, time: None }).containing(name));
    }
    let dead = world.command(&["sync", "--table", "dbo.Dead"]).pod("pod-dead").spawn();
    let living = world.command(&["sync", "--table", "dbo.Living"]).pod("pod-living").spawn();
    until("both tables are in progress", || {
        let both = ["dbo.Dead", "dbo.Living"].map(|table| world.data_status(table));
        both.iter().all(|status| status == "in_progress").then_some(())
    });
    dead.kill();
    // Its last heartbeat was ten minutes ago.
    let object = std::path::Path::new(world.checkpoint.strip_prefix("file://").unwrap())
        .join(super::harness::RUN)
        .join(world.table_object("dbo.Dead"));
    let file = std::fs::File::options().write(true).open(&object).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(600)).unwrap();
    let text = world.succeed(&["status"]).stdout;
    assert!(text.contains("Silent: 1 pod; a pod that runs takes their tables over"), "{text}");
    assert!(text.contains("  pod-dead: last heartbeat 10 min ago; it has dbo.Dead"), "{text}");
    assert!(text.contains("In progress: 1 table of 1 living pod (heartbeat "), "{text}");
    let running = text.lines().find(|line| line.contains("dbo.Living")).unwrap();
    assert!(running.ends_with("pod-living"), "{text}");
    assert!(text.contains("Pending: dbo.Waiting"), "{text}");
    assert!(text.find("Silent").unwrap() < text.find("In progress: 1 table").unwrap(), "{text}");
    assert!(!text.contains('\u{1b}'), "colours in a pipe: {text}");
    let json: Json = serde_json::from_str(&world.succeed(&["status", "--format", "json"]).stdout).unwrap();
    let silent = |table: &str| json["tables"][table]["pod_is_silent"].as_bool();
    assert_eq!(
        (silent("dbo.Dead"), silent("dbo.Living"), silent("dbo.Waiting")),
        (Some(true), Some(false), None)
    );
    // A longer patience takes both for living.
    let patient = world.succeed(&["status", "--claim-timeout", "1h"]).stdout;
    assert!(patient.contains("In progress: 2 tables of 2 living pods"), "{patient}");
    world.server.faults().clear();
    living.wait().exits(0);
}

#[test]
fn shells_take_the_completions_and_help_is_a_command() {
    let printed = |arguments: &[&str]| {
        let done = Invocation::new(arguments).env("SHARDFERRY_NO_SUCH_FLAG", "1").run().exits(0);
        assert_eq!(done.stderr, "", "{arguments:?}");
        done.stdout
    };
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(printed(&["completions", shell]).contains("dry-run"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("shardferry.bash");
    std::fs::write(&script, printed(&["completions", "bash"])).unwrap();
    let asks = "source \"$0\"; COMP_WORDS=(shardferry sta); COMP_CWORD=1; _shardferry shardferry sta shardferry; \
                echo \"${COMPREPLY[@]}\"";
    let checked = std::process::Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let asked = std::process::Command::new("bash").arg("-c").arg(asks).arg(&script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "status", "{asked:?}");
    assert!(printed(&["completions", "man"]).contains(".SH STATUS"));
    let help = printed(&["help", "status"]);
    assert!(help.contains("Examples:\n  shardferry status "), "{help}");
    Invocation::new(&["completions", "tcsh"]).run().exits(2).says("possible values");
}
