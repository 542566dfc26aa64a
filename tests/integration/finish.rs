//! `finish` when something stands in its way: what can be finished is finished, the rest is named.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::Value as Json;

/// Lines refer to products and to orders, orders to customers.
const SHOP: &str = "
CREATE TABLE dbo.Customers (Id int NOT NULL CONSTRAINT PK_Customers PRIMARY KEY,
    Name nvarchar(50) NOT NULL CONSTRAINT UQ_Name UNIQUE);
CREATE TABLE dbo.Products (Id int NOT NULL CONSTRAINT PK_Products PRIMARY KEY, Price int NOT NULL
    CONSTRAINT CK_Price CHECK (Price > 0));
CREATE TABLE dbo.Orders (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Orders PRIMARY KEY, CustomerId int NOT NULL
    CONSTRAINT FK_customer REFERENCES dbo.Customers (Id));
CREATE TABLE dbo.Lines (Id int NOT NULL CONSTRAINT PK_Lines PRIMARY KEY,
    OrderId int NOT NULL CONSTRAINT FK_order REFERENCES dbo.Orders (Id),
    ProductId int NOT NULL CONSTRAINT FK_product REFERENCES dbo.Products (Id));
GO
CREATE INDEX IX_customer ON dbo.Orders (CustomerId);
CREATE INDEX IX_price ON dbo.Products (Price);
GO
EXEC sp_addextendedproperty 'MS_Description', N'what is ordered', 'SCHEMA', 'dbo', 'TABLE', 'Lines', 'CONSTRAINT', 'FK_product'
GO
EXEC sp_addextendedproperty 'MS_Description', N'who orders', 'SCHEMA', 'dbo', 'TABLE', 'Orders', 'CONSTRAINT', 'FK_customer'
GO
INSERT INTO dbo.Customers VALUES (1, N'Ada'), (2, N'Bob');
INSERT INTO dbo.Products VALUES (1, 5);
INSERT INTO dbo.Orders (CustomerId) VALUES (1), (2);
INSERT INTO dbo.Lines VALUES (1, 1, 1), (2, 2, 1);
";

/// Copied, and not finished.
fn copied() -> World {
    let world = World::with_files();
    world.load(SHOP);
    world.prepare();
    world.succeed(&["sync"]);
    world
}

/// The constraints that stand in the target, with whether they are proved, but primary keys.
fn constraints(world: &World) -> Vec<String> {
    let sql = "SELECT conname || ' ' || convalidated FROM pg_constraint \
               WHERE connamespace = 'dbo'::regnamespace AND contype IN ('f', 'c', 'u') ORDER BY 1";
    world.target(sql).into_iter().map(|mut row| row.swap_remove(0).unwrap()).collect()
}

/// The finding about an object.
fn finding(world: &World, object: &str) -> Json {
    let document = world.object("finish.json").unwrap();
    let found = document["findings"].as_array().unwrap().iter().find(|finding| finding["object"] == object);
    found.unwrap_or_else(|| panic!("no finding about {object}: {document}")).clone()
}

#[test]
fn one_changed_source_table_does_not_keep_the_others_from_being_finished() {
    let world = copied();
    world.load("ALTER TABLE dbo.Products ADD Extra int NULL");
    let changed = "table dbo.Products: the source table changed since the plan was made: column Extra is new";
    let result = world.folder.path().join("result.json");
    let ended = world.command(&["finish", "--result-file"]).arg(result.to_str().unwrap()).pod("main").run();
    let ended = ended
        .exits(3)
        .says(changed)
        .says("[source_changed]; restore the table's definition, or let `shardferry replan");
    let ended = ended.says("0 failed; 1 table changed in the source");
    assert!(ended.lines_with("] Failed: ").is_empty(), "{}", ended.stderr);
    assert_eq!(constraints(&world), ["FK_customer true", "FK_order true", "UQ_Name true"]);
    let indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'dbo' AND indexname = 'IX_customer'";
    assert_eq!(world.target_value(indexes), "1");
    assert_eq!(world.target_value("SELECT nextval(pg_get_serial_sequence('dbo.\"Orders\"', 'Id'))"), "3");
    let analyzed = "SELECT string_agg(DISTINCT tablename, ' ' ORDER BY tablename) FROM pg_stats WHERE schemaname = 'dbo'";
    assert_eq!(world.target_value(analyzed), "Customers Lines Orders");

    let table = finding(&world, "table dbo.Products");
    assert_eq!((&table["verdict"], &table["kind"]), (&"refused".into(), &"table".into()));
    assert!(table["reason"].as_str().unwrap().starts_with(changed), "{table}");
    assert!(table["advice"].as_str().unwrap().starts_with("restore the table's definition"), "{table}");
    let key = finding(&world, "foreign key FK_product on dbo.Lines");
    let reason = "not built, because the source table dbo.Products changed since the plan was made";
    assert_eq!((&key["verdict"], &key["reason"]), (&"refused".into(), &reason.into()));
    let finish = world.object("finish.json").unwrap();
    assert_eq!(
        (&finish["status"]["status"], &finish["status"]["error"]["code"]),
        (&"failed".into(), &"source_changed".into())
    );
    assert!(finish["steps"].as_object().unwrap().values().all(|step| step == "completed"), "{finish}");
    let result: Json = serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap();
    assert_eq!((&result["exit_code"], &result["tables_failed"]), (&3.into(), &1.into()));

    // The definition is restored: the rest is finished.
    world.load("ALTER TABLE dbo.Products DROP COLUMN Extra");
    world.succeed(&["finish"]).hides("changed in the source");
    let all = ["CK_Price true", "FK_customer true", "FK_order true", "FK_product true", "UQ_Name true"];
    assert_eq!(constraints(&world), all);
    let comment =
        "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'FK_product'";
    assert_eq!(world.target_value(comment), "what is ordered");
    assert_eq!(world.target_value(analyzed), "Customers Lines Orders Products");
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "completed");
}

#[test]
fn a_table_that_is_gone_from_the_source_is_named_and_the_others_are_finished() {
    let world = copied();
    world.load("ALTER TABLE dbo.Lines DROP CONSTRAINT FK_product; DROP TABLE dbo.Products");
    let text = "table dbo.Products: the table of the plan is not in the source any more";
    world.run(&["finish"]).exits(3).says(text).says("[source_changed]");
    assert_eq!(constraints(&world), ["FK_customer true", "FK_order true", "UQ_Name true"]);
    assert_eq!(finding(&world, "table dbo.Products")["verdict"], "refused");
}

#[test]
fn a_changed_table_and_an_object_that_fails_are_both_named() {
    let world = copied();
    world.load("ALTER TABLE dbo.Products ADD Extra int NULL");
    world.target("DELETE FROM dbo.\"Customers\" WHERE \"Id\" = 2");
    let ended = world.run(&["finish"]).exits(3);
    let ended = ended.says("table dbo.Products: the source table changed").says("FK_customer on dbo.Orders");
    ended.says("[target_data]");
    assert_eq!(constraints(&world), ["FK_customer false", "FK_order true", "UQ_Name true"]);
}

#[test]
fn one_table_that_is_locked_does_not_keep_the_others_from_being_finished() {
    let world = copied();
    let lock = world.hold("LOCK TABLE dbo.\"Products\" IN ROW EXCLUSIVE MODE");
    let url = format!("{}?options=-c%20lock_timeout%3D100ms", world.target_url());
    let finish = || {
        world
            .command(&["finish", "--jobs", "1"])
            .pod("main")
            .env("SHARDFERRY_TARGET_URL", &url)
            .env("SHARDFERRY_RETRIES", "1")
    };
    let ended = finish().run().exits(4).says("retrying after a transient error").says("SQLSTATE 55P03");
    ended.says("] Failed: check CK_Price on dbo.Products: ").says("FK_product on dbo.Lines");
    assert_eq!(constraints(&world), ["FK_customer true", "FK_order true", "UQ_Name true"]);
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "failed");
    drop(lock);
    finish().run().exits(0);
    let all = ["CK_Price true", "FK_customer true", "FK_order true", "FK_product true", "UQ_Name true"];
    assert_eq!(constraints(&world), all);
}

/// One table has a value that PostgreSQL cannot hold: the others are finished meanwhile, and that one later.
/// The first attempt has told of it, and the second one does not try it again: the end must know it all the same.
#[test]
fn an_object_that_failed_is_not_forgotten_by_a_later_attempt() {
    let world = copied();
    world.target("DELETE FROM dbo.\"Customers\" WHERE \"Id\" = 2");
    let finish = world.command(&["finish"]).failpoints("finish.after_validation=error@1").pod("main");
    let ended = finish.run().exits(3).says("failpoint finish.after_validation reached");
    assert_eq!(
        ended.lines_with("Failed: validation of foreign key FK_customer").len(),
        1,
        "{}",
        ended.stderr
    );
    let document = world.object("finish.json").unwrap();
    assert_eq!(document["status"]["status"], "failed", "{document}");
    assert!(document["steps"].as_object().unwrap().values().any(|step| step == "failed"), "{document}");
}

#[test]
fn finish_goes_on_without_failed_tables_and_is_completed_later() {
    let world = World::new();
    world.load(
        "
CREATE TABLE dbo.Good (Id int NOT NULL CONSTRAINT PK_Good PRIMARY KEY, V int NULL)
GO
CREATE TABLE dbo.Bad (Id int NOT NULL CONSTRAINT PK_Bad PRIMARY KEY, Note nvarchar(20) NULL, Good int NULL)
GO
INSERT INTO dbo.Good VALUES (1, 10), (2, 20)
GO
INSERT INTO dbo.Bad VALUES (1, N'bad' + NCHAR(0), 1)
GO
CREATE INDEX IX_Good ON dbo.Good (V)
GO
CREATE INDEX IX_Bad ON dbo.Bad (Note)
GO
ALTER TABLE dbo.Bad ADD CONSTRAINT FK_Bad FOREIGN KEY (Good) REFERENCES dbo.Good (Id)
GO
ALTER TABLE dbo.Good ADD CONSTRAINT CK_Good CHECK (V > 0)
",
    );
    world.run(&["run"]).exits(3);
    let built = || {
        world.target_value(
            "SELECT string_agg(name, ' ' ORDER BY name) FROM (
               SELECT conname AS name FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = 'dbo'::regnamespace
               UNION ALL SELECT indexname FROM pg_indexes WHERE indexname LIKE 'IX%') AS there",
        )
    };
    world.run(&["finish"]).exits(3).says("1 of 2 tables is copied (1 failed), so finish cannot begin");
    let first = world.run(&["finish", "--without-failed"]).exits(3).says("1 failed table is left out");
    first.says("table dbo.Bad: its copy failed: [value]").says("[tables_failed]");
    assert_eq!(built(), "CK_Good IX_Good");
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "failed");
    world.command(&["status", "--exit-code"]).run().exits(3);
    // What is not failed but missing is still waited for.
    world.succeed(&["reset", "--table", "dbo.Good"]);
    world.run(&["finish", "--without-failed"]).exits(5).says("[unfinished]");
    world.load("UPDATE dbo.Bad SET Note = N'good' WHERE Id = 1");
    world.succeed(&["sync"]);
    world.succeed(&["finish"]);
    assert_eq!(built(), "CK_Good FK_Bad IX_Bad IX_Good");
    world.command(&["status", "--exit-code"]).run().exits(0);
    assert_eq!(world.assert_equal(), 3);
}
