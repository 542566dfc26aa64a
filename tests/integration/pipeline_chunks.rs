//! Tables of many chunks: side by side, resumed, cut, failed, started over.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{World, until};
use mssim::faults::{Fault, FaultKind};
use serde_json::json;

/// `dbo.Big` with 20,000 rows of about 150 bytes, planned and with its schema.
fn world() -> World {
    let world = World::new();
    world.reference("Big", 20_000);
    world.prepare();
    world
}

/// Chunks and markers in the ledger.
fn chunks(world: &World) -> (u64, u64) {
    let sql = "SELECT count(*), count(committed_at) FROM shardferry.chunk";
    let row = world.target(sql).swap_remove(0);
    let number = |at: usize| row[at].as_ref().unwrap().parse().unwrap();
    (number(0), number(1))
}

fn equal(world: &World) {
    assert_eq!(world.assert_equal(), 20_000);
    assert_eq!(world.target_value("SELECT sum(rows) FROM shardferry.chunk"), "20000");
    let object = world.object(&world.table_object("dbo.Big")).unwrap();
    let (all, committed) = chunks(world);
    assert_eq!(all, committed);
    assert_eq!(
        (&object["data"]["status"], &object["data"]["chunks_done"], &object["data"]["chunks_total"]),
        (&json!("completed"), &json!(all), &json!(all))
    );
    assert_eq!(object["data"]["rows_synced"], json!(20_000));
}

#[test]
fn a_table_is_copied_by_chunks_side_by_side() {
    let world = world();
    // One chunk stands still; the others are copied beside it.
    let stall = world
        .fault(Fault::from(FaultKind::Stall { rows: 300, time: None }).containing("[Big] WHERE").times(1));
    let pod = world.command(&["sync", "--jobs", "4", "--chunk-size", "200KiB"]).pod("main").spawn();
    until("all chunks but the one that stands still", || {
        let sql = "SELECT to_regclass('shardferry.chunk') IS NOT NULL";
        let (all, committed) = if world.target_value(sql) == "t" { chunks(&world) } else { (0, 0) };
        (world.happened(stall) == 1 && all > 1 && committed == all - 1).then_some(())
    });
    world.server.faults().clear();
    pod.wait().exits(0).says("[1/1] Completed: dbo.Big (20,000 rows");
    equal(&world);
    let (all, _) = chunks(&world);
    assert!((6..60).contains(&all), "{all} chunks");
    // By one owner.
    let epochs = world.target_value("SELECT count(DISTINCT epoch) FROM shardferry.chunk");
    assert_eq!(epochs, "1");
    world.succeed(&["sync"]).says("Skipping dbo.Big (already completed)");
}

#[test]
fn a_resume_goes_on_behind_the_committed_chunks() {
    let world = world();
    let chunked = ["sync", "--jobs", "2", "--chunk-size", "200KiB"];
    world.fault(Fault::from(FaultKind::Stall { rows: 300, time: None }).containing("[Big] WHERE").after(5));
    let pod = world.command(&chunked).pod("a").spawn();
    until("some committed chunks", || {
        let sql = "SELECT to_regclass('shardferry.chunk') IS NOT NULL";
        (world.target_value(sql) == "t" && chunks(&world).1 >= 3).then_some(())
    });
    pod.kill();
    world.server.faults().clear();
    let (_, before) = chunks(&world);
    let xmins = "SELECT count(DISTINCT xmin::text) FROM dbo.\"Big\"";
    let committed_before: u64 = world.target_value(xmins).parse().unwrap();
    assert!(committed_before >= 3, "{committed_before}");
    let epoch_of_first = "SELECT count(*) FROM shardferry.chunk WHERE epoch = 1";
    // Other jobs and another chunk size: the chunks are those that were pinned.
    world
        .command(&["sync", "--jobs", "3", "--chunk-size", "1MiB", "--claim-timeout", "2s"])
        .pod("b")
        .run()
        .exits(0);
    equal(&world);
    let kept: u64 = world.target_value(epoch_of_first).parse().unwrap();
    assert!(kept >= before, "{kept} chunks of the first pod are left of {before}");
}

#[test]
fn one_bad_value_fails_the_table_and_keeps_its_other_chunks() {
    let world = World::new();
    world.load("CREATE TABLE dbo.Notes (Id int NOT NULL PRIMARY KEY, Note nvarchar(200) NOT NULL);");
    for first in (0..4000).step_by(500) {
        let rows: Vec<String> =
            (first..first + 500).map(|id| format!("({id}, REPLICATE(N'x', 150))")).collect();
        world.load(&format!("INSERT INTO dbo.Notes (Id, Note) VALUES {};", rows.join(", ")));
    }
    world.load("UPDATE dbo.Notes SET Note = N'a' + NCHAR(0) + N'b' WHERE Id = 3500;");
    world.prepare();
    let chunked = ["sync", "--jobs", "1", "--chunk-size", "64KiB"];
    world.run(&chunked).exits(3).says("U+0000").says("column Note");
    let (_, kept) = chunks(&world);
    assert!(kept >= 2, "{kept} chunks are kept");
    let object = world.object(&world.table_object("dbo.Notes")).unwrap();
    assert_eq!((&object["data"]["status"], &object["data"]["chunks_done"]), (&json!("failed"), &json!(kept)));
    let rows = world.target_value("SELECT count(*) FROM dbo.\"Notes\"");
    assert_eq!(object["data"]["rows_synced"], json!(rows.parse::<u64>().unwrap()));
    world.load("UPDATE dbo.Notes SET Note = N'ab' WHERE Id = 3500;");
    world.succeed(&chunked);
    assert_eq!(world.assert_equal(), 4000);
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.chunk WHERE epoch = 1"), kept.to_string());
}

/// Leaves `dbo.Big` partly copied.
fn partly(world: &World) {
    world.fault(Fault::from(FaultKind::Deadlock { rows: 10 }).containing("[Big]").after(4));
    world.run(&["sync", "--jobs", "1", "--chunk-size", "200KiB", "--retries", "0"]).exits(4);
    world.server.faults().clear();
    let (all, committed) = chunks(world);
    assert!(committed > 0 && committed < all, "{committed} of {all}");
}

#[test]
fn a_partial_table_is_started_over_on_request() {
    let world = world();
    partly(&world);
    world.succeed(&["sync", "--truncate"]);
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.chunk WHERE epoch = 1"), "0");
    equal(&world);
    // What is complete is not started over.
    world.succeed(&["sync", "--truncate"]).says("Skipping dbo.Big (already completed)");
}

#[test]
fn without_truncation_a_partial_table_goes_on_and_a_foreign_row_fails_it() {
    let world = world();
    partly(&world);
    world.succeed(&["sync", "--no-truncate"]);
    equal(&world);
    world.succeed(&["reset", "--yes"]);
    world.run(&["sync", "--no-truncate"]).exits(3).says("forbids to empty it");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), "20000");
}

#[test]
fn sigterm_keeps_what_is_committed() {
    let world = world();
    world.fault(Fault::from(FaultKind::Stall { rows: 100, time: None }).containing("[Big] WHERE").after(3));
    let pod = world
        .command(&["sync", "--jobs", "1", "--chunk-size", "200KiB", "--grace-period", "1s"])
        .pod("a")
        .spawn();
    until("some committed chunks", || {
        let sql = "SELECT to_regclass('shardferry.chunk') IS NOT NULL";
        (world.target_value(sql) == "t" && chunks(&world).1 >= 2).then_some(())
    });
    pod.signal("TERM");
    pod.wait().exits(143);
    let object = world.object(&world.table_object("dbo.Big")).unwrap();
    let (_, committed) = chunks(&world);
    assert_eq!(
        (&object["owner"], &object["data"]["status"], &object["data"]["chunks_done"]),
        (&json!(null), &json!("pending"), &json!(committed))
    );
    world.server.faults().clear();
    world.command(&["sync"]).pod("b").run().exits(0);
    equal(&world);
}

#[test]
fn starting_over_forgets_the_earlier_chunks_also_after_a_transient_error() {
    let world = world();
    partly(&world);
    // No bounds this time, and the first attempt fails before its COMMIT: the earlier chunk 0 is not this one.
    world.fault(Fault::from(FaultKind::Deadlock { rows: 10_000 }).containing("ORDER BY [id]").times(1));
    world.succeed(&["sync", "--truncate", "--chunk-size", "1GiB"]).says("retrying after a transient error");
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.chunk WHERE epoch = 1"), "0");
    equal(&world);
}

#[test]
fn a_table_called_completed_is_not_believed_after_a_transient_error_either() {
    let world = world();
    world.succeed(&["run"]);
    world.target("DELETE FROM shardferry.chunk; TRUNCATE dbo.\"Big\"");
    let again = world.command(&["run"]).failpoints("claim.before_lock=error@1").pod("b").run().exits(0);
    again.says("retrying after a transient error").says("Completed: dbo.Big (20,000 rows");
    equal(&world);
}

#[test]
fn a_finish_step_that_the_ledger_lost_is_done_again_after_a_transient_error() {
    let world = world();
    world.succeed(&["run"]);
    world.target("DELETE FROM shardferry.claim WHERE table_index = 0");
    let again = world.command(&["finish"]).failpoints("claim.before_lock=error@1").pod("b").run().exits(0);
    again.says("retrying after a transient error").says(" built, ");
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], json!("completed"));
}

#[test]
fn a_chunk_key_that_is_no_longer_unique_fails_the_table() {
    let world = World::new();
    world.load(
        "CREATE TABLE dbo.Keyless (Id int NOT NULL, Note nvarchar(20) NULL);
GO
CREATE UNIQUE CLUSTERED INDEX UX ON dbo.Keyless (Id);
GO
INSERT INTO dbo.Keyless VALUES (1, N'a'), (2, N'b');",
    );
    world.prepare();
    world.load("DROP INDEX UX ON dbo.Keyless");
    world.run(&["sync"]).exits(3).says("index UX").says("[source_changed]");
    world.load("CREATE UNIQUE CLUSTERED INDEX UX ON dbo.Keyless (Id)");
    world.succeed(&["sync"]);
    assert_eq!(world.assert_equal(), 2);
}

#[test]
fn a_key_column_may_be_called_as_it_likes() {
    let world = World::new();
    world.load("CREATE TABLE dbo.Odd ([weight] int NOT NULL, [Weight 2] nvarchar(100) NOT NULL, CONSTRAINT PK_Odd PRIMARY KEY ([weight]));");
    for first in (0..3000).step_by(500) {
        let rows: Vec<String> =
            (first..first + 500).map(|id| format!("({id}, REPLICATE(N'x', 80))")).collect();
        world.load(&format!("INSERT INTO dbo.Odd VALUES {};", rows.join(", ")));
    }
    world.prepare();
    world.succeed(&["sync", "--chunk-size", "64KiB"]);
    assert_eq!(world.assert_equal(), 3000);
    assert!(chunks(&world).0 > 2);
}
