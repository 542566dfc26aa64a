//! The flags of the scripts: which tables, from where, what of those that are there, what of those that failed.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;

/// `dbo.T1` to `dbo.T6` with 10 rows each, planned and with their schema.
fn six() -> World {
    let world = World::with_files();
    for table in 1..=6 {
        world.reference(&format!("T{table}"), 10);
    }
    world.prepare();
    assert_eq!(world.planned(), (1..=6).map(|table| format!("dbo.T{table}")).collect::<Vec<_>>());
    world
}

/// The numbers of the tables whose data phase has this status.
fn with_status(world: &World, status: &str) -> Vec<usize> {
    (1..=6).filter(|table| world.data_status(&format!("dbo.T{table}")) == status).collect()
}

fn rows(world: &World, table: usize) -> String {
    world.target_value(&format!("SELECT count(*) FROM dbo.\"T{table}\""))
}

#[test]
fn ranges_shards_names_and_a_first_table_choose() {
    let world = six();
    world.succeed(&["sync", "--range", "2-3"]);
    assert_eq!(with_status(&world, "completed"), [2, 3]);
    world.succeed(&["sync", "--table", "dbo.T1", "--table", "dbo.T6", "--table", "dbo.T1"]);
    assert_eq!(with_status(&world, "completed"), [1, 2, 3, 6]);
    assert_eq!(world.reads("T1"), 1);
    world.succeed(&["sync", "--range", "3-5", "--start-from-table", "dbo.T5"]);
    assert_eq!(with_status(&world, "pending"), [4]);
    world
        .run(&["sync", "--range", "1-2", "--start-from-table", "dbo.T5"])
        .exits(2)
        .says("not among the chosen tables");
    world.run(&["sync", "--range", "5-7"]).exits(2).says("which has 6 tables");
    world.run(&["sync", "--table", "dbo.Nope"]).exits(2).says("dbo.Nope");
    world.succeed(&["sync", "--jobs", "4"]);
    assert_eq!(with_status(&world, "completed"), [1, 2, 3, 4, 5, 6]);
    world.succeed(&["sync", "--shard", "9/9"]).says("is empty");
    assert_eq!(world.assert_equal(), 60);
}

#[test]
fn resume_needs_a_checkpoint() {
    let world = World::with_files();
    world.reference("T1", 10);
    world.run(&["sync", "--resume"]).exits(2).says("plan");
    world.run(&["run", "--resume"]).exits(2).says("--resume, but this run has no checkpoint");
    world.succeed(&["plan"]);
    world.run(&["sync", "--resume"]).exits(2).says("the target has no table dbo.T1 yet [schema_missing]");
    world.succeed(&["run"]);
    world.succeed(&["sync", "--resume"]).says("Skipping dbo.T1 (already completed) [1/1]");
    world.succeed(&["run", "--resume"]);
    assert_eq!(world.assert_equal(), 10);
}

#[test]
fn reset_copies_the_chosen_tables_again() {
    let world = six();
    world.succeed(&["sync"]);
    world.target("UPDATE dbo.\"T2\" SET note = 'spoiled'; UPDATE dbo.\"T3\" SET note = 'spoiled'");
    world.succeed(&["sync", "--reset", "--table", "dbo.T2"]);
    assert_eq!((world.reads("T2"), world.reads("T3")), (2, 1));
    world.assert_table_equal("dbo.T2");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"T3\" WHERE note = 'spoiled'"), "10");
    world.succeed(&["reset", "--table", "dbo.T3"]);
    assert_eq!(with_status(&world, "pending"), [3]);
    assert_eq!(rows(&world, 3), "10");
    world.succeed(&["sync"]);
    assert_eq!(world.assert_equal(), 60);
    let whole = world.run(&["reset"]);
    assert_ne!(whole.code(), Some(0), "a whole run is reset only with --yes");
    world.succeed(&["reset", "--yes"]);
    assert_eq!(with_status(&world, "pending"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn no_truncate_never_empties_a_table() {
    let world = six();
    world.succeed(&["sync", "--table", "dbo.T1"]);
    let foreign = "INSERT INTO dbo.\"T2\" SELECT * FROM dbo.\"T1\" WHERE id <= 3";
    world.target(foreign);
    let kept = rows(&world, 2);
    assert_ne!(kept, "0");
    world.run(&["sync", "--no-truncate", "--jobs", "1"]).exits(3).says("--no-truncate forbids");
    assert_eq!(rows(&world, 2), kept);
    assert_eq!(
        (with_status(&world, "failed"), with_status(&world, "completed")),
        (vec![2], vec![1, 3, 4, 5, 6])
    );
    assert_eq!(world.reads("T1"), 1, "completed tables are skipped");
    world.run(&["sync", "--no-truncate"]).exits(3);
    assert_eq!(rows(&world, 2), kept);
    // To start over is not to throw away what others wrote.
    world.run(&["sync", "--truncate"]).exits(2).says("[target_has_rows]");
    world.succeed(&["sync", "--truncate", "--on-existing", "replace"]);
    assert_eq!(world.assert_equal(), 60);
    assert_eq!(world.reads("T3"), 1);
}

#[test]
fn retry_failed_tries_only_those_that_failed() {
    let world = six();
    // Nothing but the schema would show it: the table is refused before a row is written.
    world.target("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no' USING ERRCODE = '23514'; END$$;
                  CREATE TRIGGER no BEFORE INSERT ON dbo.\"T2\" FOR EACH ROW EXECUTE FUNCTION no()");
    world.run(&["sync", "--range", "1-3"]).exits(3).says("  Failed:      1");
    assert_eq!((with_status(&world, "failed"), with_status(&world, "completed")), (vec![2], vec![1, 3]));
    let object = world.object(&world.table_object("dbo.T2")).unwrap();
    assert_eq!(
        (&object["data"]["error"]["code"], &object["owner"]),
        (&"target_mismatch".into(), &serde_json::Value::Null)
    );
    world.target("DROP TRIGGER no ON dbo.\"T2\"");
    world.succeed(&["sync", "--retry-failed"]);
    assert_eq!((with_status(&world, "pending"), with_status(&world, "failed")), (vec![4, 5, 6], vec![]));
    world.succeed(&["sync"]);
    assert_eq!(world.assert_equal(), 60);
}

/// It copies nothing, so no number of jobs is too many for the memory of copying.
#[test]
fn finish_asks_for_no_memory_of_copying() {
    let world = six();
    world.succeed(&["sync"]);
    world.run(&["sync", "--jobs", "1000", "--memory", "64MiB"]).exits(2).says("too little memory");
    world.run(&["finish", "--jobs", "1000"]).exits(0).hides("memory");
}
