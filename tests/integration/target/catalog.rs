//! What is created is what the catalog then shows, and what is different is told.

use super::{Database, column, one, orders, plan};
use shardferry::model::names::{ColumnName, TableName};
use shardferry::model::plan::PlannedIdentity;
use shardferry::model::table::{ForeignKey, Identity, Index, KeyColumn, ReferentialAction};
use shardferry::postgres::catalog;
use shardferry::postgres::catalog::{Kind, differences};
use shardferry::postgres::ddl;
use shardferry::postgres::ddl::Statement;
use shardferry::postgres::ddl::constraint::ForeignKeyIn;
use shardferry::postgres::names::Names;

fn index(name: &str, columns: &[(&str, bool)]) -> Index {
    Index {
        table: TableName::new("dbo", "Orders"),
        name: name.to_owned(),
        kind: "NONCLUSTERED".into(),
        columns: columns
            .iter()
            .map(|(name, descending)| KeyColumn { name: ColumnName::new(*name), descending: *descending })
            .collect(),
        included: vec![],
        unique: false,
        constraint: false,
        filter: None,
        disabled: false,
    }
}

fn sql(statement: Statement) -> String {
    match statement {
        Statement::Sql(sql) | Statement::Changed { sql, .. } => sql,
        Statement::Skipped { reason, .. } => panic!("skipped: {reason}"),
    }
}

#[tokio::test]
async fn a_created_table_is_the_planned_one() {
    let database = Database::create().await;
    let client = database.connect().await;
    let mut table = orders();
    table.target = TableName::new("my \"schema", "or.ders");
    for (i, ty) in [
        "smallint",
        "bigint",
        "numeric(38,10)",
        "varchar",
        "char(3)",
        "text",
        "timestamp(3)",
        "timestamptz(6)",
        "timestamptz",
        "time(0)",
        "date",
        "uuid",
        "bytea",
        "boolean",
        "real",
        "double precision",
        "xml",
    ]
    .into_iter()
    .enumerate()
    {
        table.columns.push(column(&format!("c{i}"), &format!("c\"{i}"), ty, true));
    }
    let schemas = [table.target.schema.clone(), "public".to_owned()];
    assert_eq!(catalog::missing_schemas(&client, &schemas).await.unwrap(), [table.target.schema.clone()]);
    for _ in 0..2 {
        client.batch(&ddl::create_schema(&table.target.schema)).await.unwrap();
    }
    assert_eq!(catalog::missing_schemas(&client, &schemas).await.unwrap(), Vec::<String>::new());
    let wanted = [table.target.clone(), TableName::new("public", "missing")];
    assert!(catalog::tables(&client, &wanted).await.unwrap().is_empty());
    client.batch(&ddl::create_table(&table, false)).await.unwrap();
    client.batch(&ddl::add_primary_key(&table, "PK").unwrap()).await.unwrap();
    let found = catalog::tables(&client, &wanted).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&table.target]);
    let actual = &found[&table.target];
    assert_eq!(differences(&table, actual), Vec::<String>::new());
    assert_eq!((actual.kind, actual.primary_key.as_slice()), (Kind::Table, &["id".to_owned()][..]));
    assert!(actual.columns[0].identity && actual.columns[0].not_null);
    client.batch(&ddl::analyze(&table.target)).await.unwrap();
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn what_is_different_is_told() {
    let database = Database::create().await;
    let client = database.connect().await;
    client
        .batch(
            "CREATE TABLE public.orders (id bigint, note varchar(5) GENERATED ALWAYS AS ('x') STORED, more int NOT NULL, fine int);
             CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER audit BEFORE INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.f();
             CREATE TABLE public.child () INHERITS (public.orders);
             CREATE VIEW public.v AS SELECT 1 AS id;
             CREATE TABLE public.parts (id int NOT NULL, note varchar(5), PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        )
        .await
        .unwrap();
    let names = ["orders", "v", "parts"].map(|name| TableName::new("public", name));
    let found = catalog::tables(&client, &names).await.unwrap();
    assert_eq!(
        differences(&orders(), &found[&names[0]]),
        [
            "other tables inherit from it, and would be truncated with it",
            "its trigger audit is enabled and would see or change the rows",
            "column id is bigint, the plan says integer",
            "column note is generated from an expression and cannot be written",
            "column more is not in the plan, NOT NULL and without a default",
        ]
    );
    assert_eq!(
        differences(&orders(), &found[&names[1]]),
        ["it is a view, not a table", "column note is missing"]
    );
    assert_eq!(differences(&orders(), &found[&names[2]]), Vec::<String>::new());
    assert_eq!(found[&names[2]].kind, Kind::Partitioned);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn indexes_and_keys_are_built_once_and_found_again() {
    let database = Database::create().await;
    let client = database.connect().await;
    let table = orders();
    client.batch(&ddl::create_table(&table, false)).await.unwrap();
    let mut unique = index("UQ", &[("Note", false)]);
    unique.unique = true;
    let mut constraint = unique.clone();
    constraint.constraint = true;
    constraint.name = "UC".to_owned();
    let mut wide = index(&"W".repeat(100), &[("Note", true), ("Id", true)]);
    wide.included = vec![ColumnName::new("Id")];
    let clash = index("orders", &[("Note", false)]);
    let indexes = [unique, constraint, wide, clash];
    let names = Names::of_indexes(&plan(vec![table.clone()]), [(&table.source, "PK")].into_iter(), &indexes);
    let named = |index: &Index| names.index(&table.target, &index.name).to_owned();
    let key = ForeignKey {
        table: table.source.clone(),
        name: "F".repeat(80),
        columns: vec![ColumnName::new("Id")],
        referenced: table.source.clone(),
        referenced_columns: vec![ColumnName::new("Id")],
        on_delete: ReferentialAction::SetDefault,
        on_update: ReferentialAction::Cascade,
        disabled: false,
        not_trusted: false,
    };
    client.batch(&ddl::add_primary_key(&table, "PK").unwrap()).await.unwrap();
    for index in &indexes {
        client.batch(&sql(ddl::create_index(index, &table, &named(index), client.version()))).await.unwrap();
    }
    let unique = [table.primary_key.clone()];
    let of = ForeignKeyIn { key: &key, table: &table, referenced: &table, unique: &unique };
    let short = "F".repeat(60);
    client.batch(&sql(ddl::add_foreign_key(&of, &short, client.version()))).await.unwrap();
    let wanted = [table.target.clone()];
    let before = catalog::existing(&client, &wanted).await.unwrap().remove(&table.target).unwrap();
    assert_eq!(before.iter().filter(|found| !found.valid).count(), 1, "the foreign key is not validated yet");
    client.batch(&ddl::validate_foreign_key(&of, &short).unwrap()).await.unwrap();
    let after = catalog::existing(&client, &wanted).await.unwrap().remove(&table.target).unwrap();
    assert!(after.iter().all(|found| found.valid));
    // Every name that we would create is found under exactly that name: what makes the steps repeatable.
    for index in &indexes {
        assert!(
            after.iter().any(|found| found.name == named(index) && found.constraint == index.constraint),
            "{}",
            named(index)
        );
    }
    assert!(after.iter().any(|found| found.name == "PK" && found.definition == "PRIMARY KEY (id)"));
    assert_eq!(after.len(), 6);
    // One NULL only, as on SQL Server.
    client.batch("INSERT INTO public.orders (note) VALUES (NULL)").await.unwrap();
    client.batch("INSERT INTO public.orders (note) VALUES (NULL)").await.unwrap_err();
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn identities_go_on_as_the_source_would() {
    let database = Database::create().await;
    let client = database.connect().await;
    for (seed, increment, last, next) in [
        ("1", "1", Some("41"), 42),
        ("1", "1", Some("0"), 1),
        ("1", "1", Some("-10"), -9),
        ("-5", "1", None, -5),
        ("0", "-2", Some("-2"), -4),
        ("10", "-1", Some("4"), 3),
    ] {
        let mut table = orders();
        table.columns[0].identity =
            Some(PlannedIdentity { seed: seed.to_owned(), increment: increment.to_owned() });
        client.batch(&format!("DROP TABLE IF EXISTS {}", table.target.target_sql())).await.unwrap();
        client.batch(&ddl::create_table(&table, false)).await.unwrap();
        let source = Identity {
            seed: seed.to_owned(),
            increment: increment.to_owned(),
            last_value: last.map(str::to_owned),
        };
        for _ in 0..2 {
            if let Some(sql) = ddl::identity_position(&table.target, &table.columns[0], &source) {
                client.batch(&sql).await.unwrap();
            }
        }
        let id: i32 = one(&client, "INSERT INTO public.orders (note) VALUES ('x') RETURNING id").await;
        assert_eq!(id, next, "{seed} {increment} {last:?}");
    }
    drop(client);
    database.drop().await;
}
