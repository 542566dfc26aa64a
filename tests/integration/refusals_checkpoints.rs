//! Damaged, foreign and newer documents; tables in another pod's hands.

use super::{answers, object_path, prepared, refuses, rows};
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
    every_damage(&world, &orders, &[&["schema"], &["sync"], &["run"], &["finish"], &["status"]]);
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
        let good = world.object(name).unwrap();
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
        world.put_object(name, &good);
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
    refuses(&world, &["sync"], 2, &[&orders, "is damaged", "[checkpoint_damaged]"]);
    world.put_object(&orders, &good);
    let plan = world.object("plan.json").unwrap();
    let mut moved = plan.clone();
    moved["tables"][1]["index"] = 7.into();
    world.put_object("plan.json", &moved);
    refuses(&world, &["sync"], 2, &["plan.json is damaged: its tables are not numbered 1, 2, 3"]);
    world.put_object("plan.json", &plan);
    world.succeed(&["sync"]);
}

#[test]
fn reset_clears_a_damaged_table_and_sync_goes_on() {
    let world = prepared();
    world.succeed(&["sync"]);
    let orders = world.table_object("dbo.Orders");
    world.put_bytes(&orders, b"{");
    refuses(&world, &["sync"], 2, &["[checkpoint_damaged]"]);
    world.succeed(&["reset", "--table", "dbo.Orders"]);
    world.succeed(&["sync"]);
    assert_eq!(
        (rows(&world, "dbo.\"Orders\""), rows(&world, "dbo.\"Customers\"")),
        ("1".to_owned(), "2".to_owned())
    );
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
