//! Many small tables: what each costs in requests to the store and in statements on the source, counted. Times are for
//! the benchmarks.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{StoreProxy, World, environment};
use super::pipeline::assert_finished;
use std::fmt::Write as _;

/// `tables` tables of ten rows with an index each, none with anything to be said about it.
fn world(tables: usize) -> World {
    let world = World::new();
    let mut sql = String::new();
    for table in 1..=tables {
        write!(
            sql,
            "CREATE TABLE dbo.T{table} (Id int NOT NULL CONSTRAINT PK_T{table} PRIMARY KEY, Code varchar(20) NOT NULL)
GO
CREATE INDEX IX_T{table} ON dbo.T{table} (Code)
GO
INSERT INTO dbo.T{table} (Id, Code) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f'), (7, 'g')
GO
"
        )
        .unwrap();
    }
    world.load(&sql);
    world
}

/// Requests of a whole run whose line contains all of `parts`.
fn run(world: &World, jobs: &str) -> StoreProxy {
    let proxy = StoreProxy::start(&environment("SHARDFERRY_TEST_S3_ENDPOINT"));
    world
        .command(&["run", "--jobs", jobs])
        .pod("main")
        .env("AWS_ENDPOINT_URL_S3", &proxy.url())
        .run()
        .exits(0);
    proxy
}

#[test]
fn a_run_writes_three_objects_a_table_and_reads_none_of_its_own() {
    const TABLES: usize = 20;
    let world = world(TABLES);
    let proxy = run(&world, "4");
    assert_finished(&world);
    let of_tables = |method: &str| proxy.requests(&[method, "/tables/0"]);
    // Schema, claim, settled.
    assert_eq!((of_tables("PUT "), of_tables("GET ")), (3 * TABLES, 0));
    let all = proxy.requests(&[]);
    assert!(all <= 6 * TABLES, "{all} requests for {TABLES} tables");
    // What does not grow with the tables: probe, plan, finish, listings, the pod's own document.
    assert!(all - 3 * TABLES <= 24, "{all} requests for {TABLES} tables");
    // A run with nothing to do lists, and reads each object once.
    let again = run(&world, "4");
    let of_tables = |method: &str| again.requests(&[method, "/tables/0"]);
    assert_eq!((of_tables("PUT "), of_tables("GET ")), (0, TABLES));
}
