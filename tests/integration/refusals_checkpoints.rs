//! Damaged, foreign and newer documents; tables in another pod's hands.

use super::{SHOP, answers, object_path, prepared, refuses, rows, world};
use crate::harness::World;
use mssim::faults::{Fault, FaultKind};

/// What a foreign hand or a broken copy may leave, and what is said of it.
const DAMAGES: [(&str, &str); 5] = [
    ("{\"version\": 1, \"ind", "is damaged: it cannot be read (EOF while parsing"),
    ("", "is damaged: it cannot be read (EOF while parsing"),
    ("{\"hello\": \"world\"}", "is damaged: it cannot be read (missing field `version`"),
    ("[]", "is damaged: it cannot be read"),
    ("{\"version\": 1}", "is damaged: it cannot be read (missing field `"),
];

/// Changes a field of a document in place.
fn alter(world: &World, name: &str, field: &str, value: serde_json::Value) {
    let mut document = world.object(name).unwrap();
    document[field] = value;
    world.put_object(name, &document);
}

/// Every damage of a table's object fails that table alone, and is not overwritten; then the object is as before.
#[track_caller]
fn every_damage_of_a_table(world: &World, name: &str) {
    let path = object_path(world, name);
    let good = std::fs::read(&path).unwrap();
    let place = format!("file://{}", path.display());
    for (body, text) in DAMAGES {
        world.put_bytes(name, body.as_bytes());
        let texts =
            [place.as_str(), text, "[table_damaged]; restore what is named above, or copy the table anew"];
        for command in ["schema", "sync", "run", "finish"] {
            answers(world.command(&[command]), 3, &texts);
            assert_eq!(std::fs::read(&path).unwrap(), body.as_bytes(), "{command}");
        }
        let status = refuses(world, &["status"], 0, &[]);
        assert!(texts.iter().all(|text| status.stdout.contains(text)), "{}", status.stdout);
        assert!(
            status.stdout.contains("1 completed, 1 failed") && status.stdout.contains("  Damaged: "),
            "{}",
            status.stdout
        );
        let json = refuses(world, &["status", "--format", "json"], 0, &["\"error_code\": \"table_damaged\""]);
        drop(json);
        assert_eq!(rows(world, "dbo.\"Customers\""), "2", "the other table is copied");
    }
    world.put_bytes(name, &good);
}

/// Every damage of the object `name` is refused by every command, which changes nothing; then it is as before.
#[track_caller]
fn every_damage(world: &World, name: &str, commands: &[&[&str]]) {
    let path = object_path(world, name);
    let good = std::fs::read(&path).ok();
    let place = format!("file://{}", path.display());
    for (body, text) in DAMAGES {
        world.put_bytes(name, body.as_bytes());
        for command in commands {
            let texts = [place.as_str(), text, "[checkpoint_damaged]; restore the object named above"];
            refuses(world, command, 2, &texts);
        }
    }
    match good {
        Some(good) => world.put_bytes(name, &good),
        None => world.delete_object(name),
    }
}

#[test]
fn damaged_documents_are_named_and_never_overwritten() {
    let world = prepared();
    let orders = world.table_object("dbo.Orders");
    every_damage(
        &world,
        "plan.json",
        &[&["plan"], &["schema"], &["sync"], &["run"], &["finish"], &["status"], &["reset", "--yes"]],
    );
    every_damage_of_a_table(&world, &orders);
    assert_eq!(rows(&world, "dbo.\"Orders\""), "0");
    world.succeed(&["sync"]);
    every_damage(&world, "finish.json", &[&["finish"], &["status"]]);
    // What `run` did before it came to the finish step, it did; it says so in a document of its own below pods/.
    world.put_bytes("finish.json", b"{");
    answers(world.command(&["run"]), 2, &["finish.json is damaged", "[checkpoint_damaged]"]);
    assert_eq!(std::fs::read(object_path(&world, "finish.json")).unwrap(), b"{");
    world.succeed(&["reset", "--yes"]);
    world.succeed(&["sync"]);
    world.succeed(&["finish"]);
}

#[test]
fn documents_of_a_newer_version_are_refused() {
    let world = prepared();
    let orders = world.table_object("dbo.Orders");
    for (name, known, commands) in [
        ("plan.json", 3, ["plan", "schema", "sync", "status"].as_slice()),
        (orders.as_str(), 2, ["schema", "sync", "run", "status"].as_slice()),
    ] {
        let good = std::fs::read(object_path(&world, name)).unwrap();
        alter(&world, name, "version", 99.into());
        for command in commands {
            let text = format!(
                "has version 99, this program knows versions up to {known} [checkpoint_newer]; use the version of shardferry that wrote it"
            );
            refuses(&world, &[command], 2, &[name, &text]);
        }
        if name != "plan.json" {
            // Nor is it thrown away.
            refuses(&world, &["reset", "--table", "dbo.Orders"], 2, &["[checkpoint_newer]"]);
        }
        world.put_bytes(name, &good);
    }
}

#[test]
fn documents_of_another_plan_are_refused() {
    let world = prepared();
    let orders = world.table_object("dbo.Orders");
    let good = world.object(&orders).unwrap();
    alter(&world, &orders, "plan_fingerprint", "be".repeat(32).into());
    for command in ["schema", "sync", "run", "status"] {
        let texts =
            [orders.as_str(), "belongs to plan bebebebebebe, but this run's plan is ", "[plan_foreign]"];
        refuses(&world, &[command], 2, &texts);
    }
    // The document of another table under this one's name.
    let customers = world.object(&world.table_object("dbo.Customers")).unwrap();
    world.put_object(&orders, &customers);
    answers(world.command(&["sync"]), 3, &[&orders, "is damaged", "[table_damaged]"]);
    // By one step of `run`, though two of them find it.
    let said = answers(world.command(&["run"]), 3, &["[table_damaged]"]).stderr;
    assert_eq!(said.matches("is damaged").count(), 1, "{said}");
    world.put_object(&orders, &good);
    // Byte for byte: the ledger knows its SHA-256.
    let bytes = std::fs::read(object_path(&world, "plan.json")).unwrap();
    let mut moved = world.object("plan.json").unwrap();
    moved["tables"][1]["index"] = 7.into();
    world.put_object("plan.json", &moved);
    refuses(&world, &["sync"], 2, &["plan.json is damaged: its tables are not numbered 1, 2, 3"]);
    world.put_bytes("plan.json", &bytes);
    world.succeed(&["sync"]);
}

#[test]
fn reset_clears_a_damaged_table_and_sync_goes_on() {
    let world = prepared();
    world.succeed(&["sync"]);
    let orders = world.table_object("dbo.Orders");
    world.put_bytes(&orders, b"{");
    answers(world.command(&["sync"]), 3, &["[table_damaged]"]);
    world.succeed(&["reset", "--table", "dbo.Orders"]);
    world.succeed(&["sync"]);
    assert_eq!(
        (rows(&world, "dbo.\"Orders\""), rows(&world, "dbo.\"Customers\"")),
        ("1".to_owned(), "2".to_owned())
    );
}

#[test]
fn an_epoch_at_the_end_of_its_range_is_damage_that_reset_mends() {
    let world = prepared();
    let orders = world.table_object("dbo.Orders");
    for epoch in [u64::MAX, i64::MAX.unsigned_abs(), i64::MAX.unsigned_abs() - 1] {
        alter(&world, &orders, "epoch", epoch.into());
        let text =
            format!("/{orders} is damaged: its epoch, {epoch}, is at the end of the range [table_damaged]");
        answers(world.command(&["sync"]), 3, &[&text]);
        assert_eq!(
            (world.object(&orders).unwrap()["epoch"].clone(), rows(&world, "dbo.\"Customers\"")),
            (epoch.into(), "2".to_owned())
        );
        world.succeed(&["reset", "--table", "dbo.Orders"]);
        world.succeed(&["sync"]);
        assert_eq!(rows(&world, "dbo.\"Orders\""), "1");
        world.succeed(&["reset", "--table", "dbo.Orders"]);
    }
    for epoch in ["9223372036854775807", "9223372036854775806"] {
        world.target(&format!("UPDATE shardferry.claim SET epoch = {epoch} WHERE table_name = 'dbo.Orders'"));
        let text = format!(
            "the row of dbo.Orders in shardferry.claim of the target is damaged: its epoch, {epoch}, is at the end"
        );
        answers(world.command(&["sync"]), 3, &[&text, "[table_damaged]"]);
        world.succeed(&["reset", "--table", "dbo.Orders"]);
        world.succeed(&["sync"]);
        world.succeed(&["reset", "--table", "dbo.Orders"]);
    }
}

#[test]
fn a_chunk_that_is_gone_from_the_ledger_is_missed() {
    let values: Vec<String> = (1..=400).map(|id| format!("({id}, N'{}')", "x".repeat(40))).collect();
    let world = world(&format!(
        "{SHOP} CREATE TABLE dbo.Long (Id int NOT NULL PRIMARY KEY, Note nvarchar(50) NULL);
         INSERT INTO dbo.Long VALUES {};",
        values.join(", ")
    ));
    world.prepare();
    let sync = ["sync", "--table", "dbo.Long", "--chunk-size", "4KiB", "--jobs", "1"];
    let gone = "DELETE FROM shardferry.chunk WHERE chunk = (SELECT max(chunk) - 1 FROM shardferry.chunk
                WHERE committed_at IS NULL) AND table_index = (SELECT table_index FROM shardferry.claim WHERE table_name = 'dbo.Long')";
    for mend in [["reset", "--table", "dbo.Long"].as_slice(), &["sync", "--truncate", "--table", "dbo.Long"]]
    {
        let killed = world.command(&sync).failpoints("copy.after_trailer=kill@2").pod("main").run();
        assert_eq!(killed.signal(), Some(9));
        world.target(gone);
        for _ in 0..2 {
            answers(
                world.command(&sync),
                3,
                &[
                    "Failed: dbo.Long: the rows of this table in shardferry.chunk",
                    "leave a gap",
                    "[table_damaged]",
                ],
            );
        }
        assert_eq!(world.data_status("dbo.Long"), "failed");
        world.succeed(mend);
        world.succeed(&["sync"]);
        assert_eq!(rows(&world, "dbo.\"Long\""), "400");
        world.succeed(&["reset", "--table", "dbo.Long"]);
    }
    // Of a table that is called completed as well.
    world.succeed(&["sync", "--chunk-size", "4KiB"]);
    world.target("DELETE FROM shardferry.chunk WHERE chunk = 1");
    answers(world.command(&["sync"]), 3, &[" chunks with a gap", "[table_damaged]"]);
}

#[test]
fn a_table_that_a_living_pod_works_on_is_not_reset() {
    let world = prepared();
    let stall =
        world.fault(Fault::from(FaultKind::Stall { rows: 0, time: None }).containing("SELECT [Id], [Note]"));
    let owner = world.command(&["sync", "--table", "dbo.Orders"]).pod("owner").spawn();
    crate::harness::until("the owner to read", || (world.happened(stall) > 0).then_some(()));
    let text = "table dbo.Orders: pod owner works on this table; stop it first [fenced]";
    for arguments in [
        ["reset", "--table", "dbo.Orders"].as_slice(),
        &["reset", "--yes"],
        &["sync", "--reset", "--table", "dbo.Orders"],
    ] {
        let before = world.target("SELECT * FROM shardferry.claim");
        let object = world.object(&world.table_object("dbo.Orders")).unwrap();
        answers(world.command(arguments), 5, &[text]);
        assert_eq!(world.target("SELECT * FROM shardferry.claim"), before);
        let mut now = world.object(&world.table_object("dbo.Orders")).unwrap();
        // The owner's heartbeat goes on.
        for field in ["operation", "owner"] {
            now[field] = object[field].clone();
        }
        assert_eq!(now, object);
    }
    world.server.faults().clear();
    owner.wait().exits(0);
    assert_eq!(rows(&world, "dbo.\"Orders\""), "1");
    world.succeed(&["reset", "--table", "dbo.Orders"]);
}
