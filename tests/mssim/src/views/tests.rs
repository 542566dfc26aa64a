use super::*;

#[test]
fn every_view_is_declared_well() {
    assert_eq!(relations(collation::DEFAULT).count(), all().count());
    for v in all() {
        parse_columns(v.columns, collation::DEFAULT).unwrap_or_else(|e| panic!("{}: {e}", v.name));
    }
}

fn select(e: &Engine, view: &str, what: &str, more: &str) -> Vec<Vec<Value>> {
    e.refresh("testdb", &[view]).unwrap();
    let (schema, name) = view.split_once('.').unwrap();
    let relation = e.catalog("testdb").unwrap().resolve(Some(schema), name).unwrap();
    let conn = e.connection("testdb").unwrap();
    let mut q = conn.prepare(&format!("SELECT {what} FROM {} {more}", relation.sqlite_name)).unwrap();
    let types: Vec<_> =
        q.column_names().iter().map(|n| relation.columns.iter().find(|c| c.name == *n).unwrap().ty).collect();
    let mut rows = q.query([]).unwrap();
    let mut out = Vec::new();
    while let Some(r) = rows.next().unwrap() {
        out.push(
            (0..types.len())
                .map(|i| storage::from_sqlite(&types[i], r.get_ref(i).unwrap()).unwrap())
                .collect(),
        );
    }
    out
}

fn sample() -> std::sync::Arc<Engine> {
    let e = Engine::new(crate::engine::EngineOptions::default()).unwrap();
    e.load_script(
        "CREATE SCHEMA sales
         GO
         CREATE TABLE sales.Orders (Id bigint IDENTITY(5,2) CONSTRAINT PK_Orders PRIMARY KEY, Note nvarchar(100) NULL,
           Amount decimal(18,4) NOT NULL, Body varchar(max), Twice AS Amount * 2)
         CREATE TABLE dbo.Empty (a int NULL)
         CREATE INDEX IX_Amount ON sales.Orders (Amount DESC) INCLUDE (Note)
         GO
         INSERT sales.Orders (Note, Amount) VALUES (N'abc', 1.5), (NULL, 2)
         GO 500",
    )
    .unwrap();
    e
}

#[test]
fn views_show_what_was_declared() {
    let e = sample();
    let id = e.catalog("testdb").unwrap().object_id(Some("sales"), "orders").unwrap();
    e.refresh("testdb", &[]).unwrap();
    let t = |s: &str| s.value();
    assert_eq!(select(&e, "sys.schemas", "name", "WHERE schema_id > 4"), [row!["sales"]]);
    assert_eq!(
        select(
            &e,
            "sys.columns",
            "name, system_type_id, max_length, precision, scale, is_nullable, is_identity, is_computed",
            &format!("WHERE object_id = {id}")
        ),
        [
            row!["Id", 127, 8, 19, 0, false, true, false],
            row!["Note", 231, 200, 0, 0, true, false, false],
            row!["Amount", 106, 9, 18, 4, false, false, false],
            row!["Body", 167, -1, 0, 0, true, false, false],
            row!["Twice", 106, 17, 29, 4, true, false, true],
        ]
    );
    assert_eq!(
        select(
            &e,
            "sys.indexes",
            "name, index_id, type_desc, is_primary_key",
            "ORDER BY object_id, index_id"
        ),
        [
            row!["PK_Orders", 1, "CLUSTERED", true],
            row!["IX_Amount", 2, "NONCLUSTERED", false],
            row![NULL, 0, "HEAP", false]
        ]
    );
    assert_eq!(
        select(
            &e,
            "sys.index_columns",
            "column_id, key_ordinal, is_descending_key, is_included_column",
            "WHERE index_id = 2"
        ),
        [row![3, 1, true, false], row![2, 0, false, true]]
    );
    let variant = |v| Value::Variant(SqlType::BigInt, Box::new(Value::Int(v)));
    assert_eq!(
        select(&e, "sys.identity_columns", "seed_value, last_value", ""),
        [row![variant(5), variant(5 + 2 * 999)]]
    );
    assert_eq!(
        select(&e, "INFORMATION_SCHEMA.TABLES", "TABLE_SCHEMA, TABLE_NAME", ""),
        [row!["sales", "Orders"], row!["dbo", "Empty"]]
    );
    assert_eq!(select(&e, "sys.types", "name", "WHERE user_type_id = 256"), [vec![t("sysname")]]);
}

#[test]
fn partition_statistics_are_true_and_follow_the_rows() {
    let e = sample();
    let counts =
        || select(&e, "sys.dm_db_partition_stats", "index_id, row_count", "ORDER BY object_id, index_id");
    assert_eq!(counts(), [row![1, 1000], row![2, 1000], row![0, 0]]);
    let pages = select(&e, "sys.dm_db_partition_stats", "used_page_count", "WHERE index_id = 1");
    assert!(matches!(pages[0][0], Value::Int(4..=12)), "{pages:?}");
    e.load_script("INSERT dbo.Empty VALUES (1)").unwrap();
    assert_eq!(counts()[2], row![0, 1]);
    assert_eq!(select(&e, "sys.partitions", "rows", "WHERE index_id = 0"), [row![1_i64]]);
}

#[test]
fn histograms_cover_every_row() {
    let e = sample();
    let steps = select(
        &e,
        "sys.dm_db_stats_histogram",
        "range_high_key, range_rows, equal_rows",
        "WHERE stats_id = 1 ORDER BY step_number",
    );
    assert!(steps.len() > 100 && steps.len() <= 201, "{}", steps.len());
    let total: f32 = steps
        .iter()
        .map(|s| match (&s[1], &s[2]) {
            (Value::Real(a), Value::Real(b)) => a + b,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(total, 1000.0);
    let key = |v| Value::Variant(SqlType::BigInt, Box::new(Value::Int(v)));
    assert_eq!((&steps[0][0], &steps.last().unwrap()[0]), (&key(5), &key(2003)));
}

#[test]
fn a_view_can_be_taken_away() {
    use crate::engine::Denial;
    let e = sample();
    let check = |name: &str| {
        e.catalog("testdb").unwrap().resolve(Some("sys"), name).unwrap().check().map_err(|x| x.number)
    };
    e.deny_view("sys.dm_db_partition_stats", Some(Denial::Denied));
    e.deny_view("sys.stats", Some(Denial::Missing));
    assert_eq!(check("dm_db_partition_stats"), Err(262));
    assert_eq!(check("stats"), Err(208));
    e.deny_view("sys.stats", None);
    assert_eq!(check("stats"), Ok(()));
}

#[test]
fn logins_are_checked() {
    let e = sample();
    let login = |user: &str, password: &str, database: &str| {
        let login = crate::results::Login {
            user: user.to_owned(),
            password: password.to_owned(),
            database: database.to_owned(),
            host: String::new(),
            application: String::new(),
        };
        e.check_login(&login).map_err(|x| x.number)
    };
    assert_eq!(login("SA", "Passw0rd!", ""), Ok("testdb".to_owned()));
    assert_eq!(login("sa", "Passw0rd!", "MASTER"), Ok("master".to_owned()));
    assert_eq!(login("sa", "wrong", ""), Err(18456));
    assert_eq!(login("sa", "Passw0rd!", "nowhere"), Err(4060));
}
