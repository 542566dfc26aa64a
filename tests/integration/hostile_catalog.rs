//! Servers that are not Microsoft's, and logins that see little: every view of the catalog in turn is missing, denied, empty, full of
//! NULLs or altered otherwise. The plan is the same, or says what it does not know; it never ends.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::World;
use mssim::engine::{Denial, Engine, EngineOptions};
use mssim::session::EngineBackend;
use mssim::views::hostile::{Alteration, HOSTILE};
use mssim::{Options, Server};
use shardferry::error::ErrorKind;
use shardferry::model::identity::DatabaseIdentity;
use shardferry::model::plan::{Plan, PlanOptions, PlannedColumn, PlannedSource, PlannedTable};
use shardferry::plan::build;
use shardferry::settings::source::SourceSettings;
use shardferry::sqlserver::catalog;
use shardferry::sqlserver::client::Client;
use std::sync::Arc;

const SCRIPT: &str = include_str!("source_catalog_engine.sql");

/// What a plan of this catalog comes to: the plan, and what it says that it does not know.
async fn planned(client: &mut Client) -> (Plan, Vec<String>) {
    let server = catalog::server(client).await.unwrap();
    assert_eq!(server.database, "shop");
    let seen = catalog::read(client).await.unwrap();
    let objects = catalog::objects(client).await.unwrap();
    let unread = seen.unread.iter().chain(&objects.unread);
    let mut said: Vec<String> = unread.map(|unread| format!("not read: {}", unread.what)).collect();
    said.extend(seen.unreadable.iter().map(|unreadable| format!("unreadable: {}", unreadable.name())));
    let source = PlannedSource {
        server: "S".to_owned(),
        database: "shop".to_owned(),
        product_version: "16".to_owned(),
        identity: DatabaseIdentity::default(),
        log_position: None,
    };
    let draft = build::draft(build::Inputs {
        source,
        target: None,
        options: PlanOptions::default(),
        tables: &seen.tables,
        indexes: &seen.indexes,
        partitions: &[],
        foreign_keys: &[],
        now: jiff::Timestamp::UNIX_EPOCH,
    });
    let draft = draft.unwrap();
    said.extend(draft.refused.iter().map(|refused| format!("refused: {refused}")));
    said.sort();
    said.dedup();
    (draft.plan, said)
}

/// What differs: columns, types, keys; sizes are estimates.
fn same_tables(one: &Plan, other: &Plan) -> bool {
    let comparable = |plan: &Plan| {
        let mut tables = plan.tables.clone();
        for table in &mut tables {
            (table.rows, table.bytes) = (0, 0);
        }
        tables
    };
    comparable(one) == comparable(other)
}

#[tokio::test]
async fn whatever_the_catalog_hides_the_plan_is_the_same_or_says_what_it_does_not_know() {
    let options = EngineOptions { database: "shop".to_owned(), ..EngineOptions::default() };
    let engine = Engine::new(options).unwrap();
    engine.load_script(SCRIPT).unwrap();
    let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
    let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/shop?encrypt=off", server.port());
    let mut client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
    let (truth, said_of_truth) = planned(&mut client).await;
    assert_eq!(truth.tables.len(), 5);
    let mut lines = Vec::new();
    let mut judge = |how: &str, view: &str, (plan, mut said): (Plan, Vec<String>)| {
        said.retain(|one| !said_of_truth.contains(one));
        let same = same_tables(&plan, &truth);
        assert!(same || !said.is_empty(), "{view} {how}: another plan, and no word of it");
        assert_eq!(plan.tables.len(), truth.tables.len(), "{view} {how}: {said:?}");
        let of_table = |table: &PlannedTable| table.columns.len() + table.generated.len();
        let columns = |plan: &Plan| plan.tables.iter().map(of_table).collect::<Vec<_>>();
        assert_eq!(columns(&plan), columns(&truth), "{view} {how}: {said:?}");
        let plan = if same { "same plan" } else { "other keys or expressions" };
        lines.push(format!("{view} {how}: {plan}; {}", said.join(", ")));
    };
    for view in Engine::views() {
        for (how, denial) in [("missing", Denial::Missing), ("denied", Denial::Denied)] {
            engine.deny_view(&view, Some(denial));
            judge(how, &view, planned(&mut client).await);
            engine.deny_view(&view, None);
        }
        for (how, alteration) in [("empty", Alteration::Empty), ("nulls", Alteration::Nulls)] {
            engine.alter_view(&view, &[alteration]);
            let (plan, mut said) = planned(&mut client).await;
            // Nobody can tell a key or an expression that is not shown from none; the assessment says of a table that it has no key.
            if ["sys.indexes", "sys.index_columns", "sys.computed_columns"].contains(&view.as_str()) {
                said.push(format!("what is {how} is taken for none"));
            }
            judge(how, &view, (plan, said));
            engine.alter_view(&view, &[]);
        }
    }
    for (how, alterations) in [
        ("no system schemas", &[Alteration::NoSystemSchemas][..]),
        ("renumbered", &[Alteration::Renumbered]),
        ("twice", &[Alteration::Twice]),
        (
            "no system schemas, renumbered, twice",
            &[Alteration::NoSystemSchemas, Alteration::Renumbered, Alteration::Twice],
        ),
        ("hostile", &HOSTILE),
    ] {
        engine.alter_view("*", alterations);
        let (plan, said) = planned(&mut client).await;
        let nulls = alterations.contains(&Alteration::Nulls);
        assert!(nulls || same_tables(&plan, &truth), "{how}: {said:?}");
        judge(how, "all views", (plan, said));
        engine.alter_view("*", &[]);
    }
    // Names in lower case are other names in the target, of the same tables and columns.
    engine.alter_view("*", &[Alteration::LowerCase]);
    let (plan, said) = planned(&mut client).await;
    assert_eq!(in_lower_case(&plan), in_lower_case(&truth), "lower case: {said:?}");
    engine.alter_view("*", &[]);
    assert!(lines.len() > 150, "{}", lines.len());
    println!("{}", lines.join("\n"));
}

/// Tables with the names and types of their columns.
fn in_lower_case(plan: &Plan) -> Vec<String> {
    let column = |column: &PlannedColumn| format!("{} {}", column.source, column.source_type);
    let mut tables: Vec<String> = plan
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<String> = table.columns.iter().map(column).collect();
            format!("{}: {}", table.source, columns.join(", ")).to_lowercase()
        })
        .collect();
    tables.sort();
    tables
}

#[test]
fn a_whole_run_from_a_hostile_catalog_copies_every_row() {
    let world = World::with_files();
    world.load(
        "CREATE TYPE dbo.Phone FROM varchar(24) NOT NULL
         GO
         CREATE TABLE dbo.Orders (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Orders PRIMARY KEY, Name nvarchar(20) NOT NULL,
             Phone dbo.Phone, Total decimal(18,4) NULL, At datetime2(7) NULL, Doubled AS Id * 2)
         GO
         INSERT INTO dbo.Orders (Name, Phone, Total, At) VALUES (N'a', '1', 1.5, '2020-01-02T03:04:05'), (N'ü', '2', NULL, NULL)",
    );
    for (number, alterations) in
        [&HOSTILE[..], &[Alteration::NoSystemSchemas], &[Alteration::Renumbered]].iter().enumerate()
    {
        world.engine.alter_view("*", alterations);
        let run = format!("hostile-{number}");
        world.command(&["run", "--on-existing", "replace"]).env("SHARDFERRY_RUN_ID", &run).run().exits(0);
        let rows = world.target(
            "SELECT \"Id\", \"Name\", \"Phone\", \"Total\", \"At\"::text FROM dbo.\"Orders\" ORDER BY 1",
        );
        assert_eq!(rows.len(), 2, "{alterations:?}");
        assert_eq!(rows[1][1].as_deref(), Some("ü"));
        // A second start reads the same catalog, and finds nothing changed.
        world.command(&["run"]).env("SHARDFERRY_RUN_ID", &run).run().exits(0);
    }
}

/// A table that the login may not read is a finding of that table alone: the others are copied.
#[test]
fn a_table_that_cannot_be_read_fails_alone_and_is_told_beforehand() {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.Open_ (Id int NOT NULL PRIMARY KEY)
         GO
         CREATE TABLE dbo.Closed (Id int NOT NULL PRIMARY KEY)
         GO
         INSERT INTO dbo.Open_ VALUES (1), (2)",
    );
    world.engine.deny_view("dbo.Closed", Some(Denial::Denied));
    let told = world.command(&["plan", "--dry-run"]).run().exits(0);
    assert!(told.stdout.contains("dbo.Closed") && told.stdout.contains("229"), "{}", told.stdout);
    let run = world.command(&["run"]).run().exits(2);
    assert!(run.stderr.contains("dbo.Closed"), "{}", run.stderr);
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Open_\""), "2");
    world.engine.deny_view("dbo.Closed", None);
    world.command(&["run", "--retry-failed"]).run().exits(0);
}

/// The kinds that only a lost connection has end a plan.
#[tokio::test]
async fn a_lost_connection_is_an_error_still() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let server = Server::start(Options::new(Arc::new(EngineBackend::new(engine)))).unwrap();
    let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/testdb?encrypt=off", server.port());
    let mut client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
    server.stop();
    assert_eq!(catalog::read(&mut client).await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
}
