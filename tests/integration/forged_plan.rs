//! A role that may only write checkpoints must not own the target: texts of plan.json become SQL, and what it says is
//! what is copied.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::{Value, json};

fn planned() -> World {
    let world = World::new();
    world.reference("A", 40);
    world.reference("B", 40);
    world.target("CREATE TABLE public.victim (a int)");
    world.succeed(&["plan"]);
    world
}

/// Changes plan.json in the store, as somebody may who has its keys.
fn forge(world: &World, change: impl FnOnce(&mut Value)) {
    let mut plan = world.object("plan.json").unwrap();
    change(&mut plan);
    world.put_object("plan.json", &plan);
}

#[test]
fn texts_of_a_plan_that_would_be_sql_of_their_own_are_refused() {
    let world = planned();
    let honest = world.object("plan.json").unwrap();
    let generated = json!([{
        "source": "x", "target": "x", "source_type": honest["tables"][0]["columns"][0]["source_type"], "target_type": "integer",
        "nullable": true, "expression": "1) STORED); DROP TABLE public.victim; --", "place": 0
    }]);
    let forgeries: [(&str, Value, &str); 7] = [
        (
            "/tables/0/columns/1/target_type",
            json!("text); DROP TABLE public.victim; --"),
            "is no type that a plan can have",
        ),
        ("/tables/0/generated", generated, "its expression is none that a plan can have"),
        ("/tables/0/filter", json!("1=1); DROP TABLE dbo.A; --"), "its filter "),
        ("/tables/0/target/name", json!("n".repeat(64)), "is no name of PostgreSQL"),
        ("/tables/0/columns/1/collation", json!(""), "is no name of PostgreSQL"),
        (
            "/tables/0/columns/0/identity",
            json!({"seed": "1) ; DROP", "increment": "1"}),
            "its identity has no whole numbers",
        ),
        ("/tables/0/source/schema", json!("s".repeat(200)), "is no name of SQL Server"),
    ];
    for (place, text, why) in forgeries {
        let mut plan = honest.clone();
        match plan.pointer_mut(place) {
            Some(value) => *value = text,
            None => {
                let (parent, key) = place.rsplit_once('/').unwrap();
                plan.pointer_mut(parent).unwrap()[key] = text;
            }
        }
        world.put_object("plan.json", &plan);
        for command in ["schema", "status"] {
            world.run(&[command]).exits(2).says("plan.json").says(why).says("[checkpoint_damaged]");
        }
        assert_eq!(
            world.target_value("SELECT count(*) FROM pg_namespace WHERE nspname = 'shardferry'"),
            "0",
            "{place}"
        );
    }
    assert_eq!(world.target_value("SELECT to_regclass('public.victim') IS NOT NULL"), "t");
    world.put_object("plan.json", &honest);
    world.succeed(&["run"]);
    assert_eq!(world.assert_equal(), 80);
}

#[test]
fn a_plan_that_was_changed_after_the_run_began_is_refused() {
    let world = planned();
    world.succeed(&["schema"]);
    // Byte for byte: the ledger knows its SHA-256.
    let honest = world.bytes("plan.json");
    let removed = |plan: &mut Value| drop(plan["tables"][0]["columns"].as_array_mut().unwrap().pop());
    let filtered = |plan: &mut Value| plan["tables"][0]["filter"] = json!("1=0");
    for change in [&removed as &dyn Fn(&mut Value), &filtered] {
        forge(&world, change);
        for command in ["sync", "schema", "run", "finish"] {
            let refused = world.run(&[command]).exits(2).says("[checkpoint_damaged]");
            refused.says("plan.json of run run-1 was changed after the run began: its SHA-256 is ");
        }
        assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"A\""), "0");
        world.put_bytes("plan.json", &honest);
    }
    world.succeed(&["sync", "--table", "dbo.B"]);
    forge(&world, filtered);
    world.run(&["sync"]).exits(2).says("[checkpoint_damaged]");
    assert_eq!(
        (world.data_status("dbo.A"), world.data_status("dbo.B")),
        ("pending".to_owned(), "completed".to_owned())
    );
    world.put_bytes("plan.json", &honest);
    world.succeed(&["run"]);
    assert_eq!(world.assert_equal(), 80);
}
