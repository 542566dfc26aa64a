//! What one program began, another goes on with: other shards, other `--jobs`, other `--chunk-size`, and the documents
//! and the ledger of version 1 (`tests/golden/v1`, written by the last program of that version).
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{RUN, World, repository};
use super::matrix::every_kind;
use super::pipeline::assert_finished;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

#[test]
fn another_layout_and_other_sizes_go_on_where_killed_pods_stopped() {
    let world = World::new();
    world.load(&every_kind());
    world.prepare();
    for (shard, hit) in [("1/3", 2), ("2/3", 1), ("3/3", 1)] {
        let arguments = ["sync", "--shard", shard, "--jobs", "1", "--chunk-size", "4KiB"];
        let killed = world.command(&arguments).failpoints(&format!("copy.after_trailer=kill@{hit}"));
        assert_eq!(killed.pod(&format!("old-{}", &shard[..1])).run().signal(), Some(9), "{shard}");
    }
    for shard in 1..=7 {
        let arguments = ["sync", "--shard", &format!("{shard}/7"), "--jobs", "3", "--chunk-size", "16KiB"];
        world.command(&arguments).pod(&format!("new-{shard}")).run().exits(0);
    }
    world.succeed(&["run", "--jobs", "2", "--chunk-size", "128MiB"]).hides("Processing:");
    world.account("another layout, jobs and chunk size on resume", 3);
    assert_finished(&world);
}

fn golden(state: &str) -> PathBuf {
    repository().join("tests/golden/v1").join(state)
}

/// Every file below `folder`, by its name from there.
fn files(folder: &Path, below: &str, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let name = format!("{below}{}", name.to_str().unwrap());
        if path.is_dir() {
            files(&path, &format!("{name}/"), found);
        } else {
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Source, target and checkpoints as they were when the program of version 1 had come to `state`.
fn world(state: &str) -> World {
    let world = World::with_files();
    world.load(&std::fs::read_to_string(golden("source.sql")).unwrap());
    world.target(&std::fs::read_to_string(golden(&format!("{state}.sql"))).unwrap());
    let mut found = Vec::new();
    files(&golden(state), "", &mut found);
    assert!(found.len() >= 4, "{found:?}");
    for (name, body) in found {
        let document: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["version"], 1, "{name}");
        world.put_bytes(&name, &body);
    }
    world
}

#[test]
fn a_run_begun_by_version_1_is_resumed() {
    let world = world("begun");
    let statuses = ["Done", "Begun", "Broken", "Fresh"].map(|name| world.data_status(&format!("dbo.{name}")));
    assert_eq!(statuses, ["completed", "in_progress", "failed", "pending"]);
    world.succeed(&["status"]).says("dbo.Begun");
    let done =
        world.command(&["run", "--chunk-size", "4KiB", "--claim-timeout", "1s"]).pod("main").run().exits(0);
    let done = done.says("Skipping dbo.Done (already completed)");
    for table in ["Begun", "Broken", "Fresh"] {
        assert_eq!(
            done.lines_with(&format!("Completed: dbo.{table} (")).len(),
            1,
            "{table}\n{}",
            done.stderr
        );
    }
    world.account("documents and ledger of version 1", 1);
    assert_finished(&world);
    // A plan without chunk keys: every table is one chunk.
    assert_eq!(world.target_value("SELECT max(chunk) FROM shardferry.chunk"), "0");
}

#[test]
fn a_run_finished_by_version_1_is_found_finished() {
    let world = world("finished");
    let done = world.succeed(&["run"]).says("  Finish:      already completed").hides("Processing:");
    assert_eq!(done.lines_with("(already completed) [").len(), 4, "{}", done.stderr);
    world.succeed(&["finish"]).says("already completed");
    let status = world.succeed(&["status", "--format", "json"]).stdout;
    assert_eq!(status.lines().filter(|line| line.contains("\"completed\"")).count(), 4);
    world.account("documents and ledger of version 1", 0);
}

#[test]
fn documents_of_a_newer_version_are_refused_and_kept() {
    let world = world("finished");
    let table = world.table_object("dbo.Done");
    for (name, commands) in [
        ("plan.json", ["plan", "sync", "status"]),
        (table.as_str(), ["sync", "run", "status"]),
        ("finish.json", ["finish", "run", "status"]),
    ] {
        let old = world.object(name).unwrap();
        let mut newer = old.clone();
        newer["version"] = 99.into();
        world.put_object(name, &newer);
        for command in commands {
            let refused = world.run(&[command]).exits(2);
            refused.says("[checkpoint_newer]").says(&format!("{RUN}/{name}"));
        }
        assert_eq!(world.object(name).unwrap(), newer);
        world.put_object(name, &old);
    }
}
