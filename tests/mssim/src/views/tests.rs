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

fn sample_database(script: &str) -> std::sync::Arc<Engine> {
    let e = Engine::new(crate::engine::EngineOptions::default()).unwrap();
    e.load_script(script).unwrap_or_else(|x| panic!("line {}: {x}", x.line));
    e
}

fn text(rows: Vec<Vec<Value>>) -> Vec<String> {
    let one = |v: &Value| match v {
        Value::Null => "NULL".to_owned(),
        Value::Text(t) => String::from_utf8_lossy(t).trim_end().to_owned(),
        Value::Int(i) => i.to_string(),
        Value::Bit(b) => i32::from(*b).to_string(),
        other => format!("{other:?}"),
    };
    rows.iter().map(|row| row.iter().map(one).collect::<Vec<_>>().join(" ")).collect()
}

fn id_of(e: &Engine, schema: &str, name: &str) -> i32 {
    e.catalog("testdb").unwrap().object_id(Some(schema), name).unwrap()
}

#[test]
fn partitioned_tables_show_scheme_column_and_the_rows_of_each_partition() {
    let e = sample_database(include_str!("../../../samples/order_entry.sql"));
    let table = format!("WHERE object_id = {}", id_of(&e, "Ware House", "Movement"));
    assert_eq!(
        text(select(&e, "sys.partition_functions", "name, function_id, fanout, boundary_value_on_right", "")),
        ["pf_Day 65536 4 1"]
    );
    assert_eq!(
        text(select(&e, "sys.partition_schemes", "name, data_space_id, type, function_id", "")),
        ["ps_Day 65601 PS 65536"]
    );
    assert_eq!(
        text(select(&e, "sys.data_spaces", "name, type_desc", "")),
        ["PRIMARY ROWS_FILEGROUP", "ps_Day PARTITION_SCHEME"]
    );
    assert_eq!(
        text(select(&e, "sys.partition_parameters", "function_id, system_type_id, max_length", "")),
        ["65536 40 3"]
    );
    assert_eq!(select(&e, "sys.partition_range_values", "value", "").len(), 3);
    assert_eq!(
        text(select(&e, "sys.indexes", "name, data_space_id", &table)),
        ["PK_Movement 65601", "IX_Movement_Item 65601"]
    );
    // The partitioning column belongs to the index that does not name it, too.
    assert_eq!(
        text(select(&e, "sys.index_columns", "index_id, column_id, key_ordinal, partition_ordinal", &table)),
        ["1 3 1 1", "1 1 2 0", "2 2 1 0", "2 3 0 1"]
    );
    let rows = text(select(&e, "sys.partitions", "index_id, partition_number, rows", &table));
    assert_eq!(rows.len(), 8);
    let of = |n: usize| rows[n].rsplit(' ').next().unwrap().parse::<i64>().unwrap();
    assert_eq!((0..4).map(of).sum::<i64>(), 80);
    // RANGE RIGHT: 2020-01-01 itself lies above the boundary.
    assert!((0..4).all(|n| of(n) > 0), "{rows:?}");
}

#[test]
fn temporal_tables_show_period_history_and_masks() {
    let e = sample_database(include_str!("../../../samples/people.sql"));
    assert_eq!(
        text(select(&e, "sys.tables", "name, temporal_type, temporal_type_desc", "WHERE temporal_type > 0")),
        [
            "Payment 2 SYSTEM_VERSIONED_TEMPORAL_TABLE",
            "Payment_History 1 HISTORY_TABLE",
            "Contract 2 SYSTEM_VERSIONED_TEMPORAL_TABLE",
            "Contract History 1 HISTORY_TABLE"
        ]
    );
    let history = id_of(&e, "hr", "Payment_History");
    assert_eq!(
        text(select(&e, "sys.tables", "name", &format!("WHERE history_table_id = {history}"))),
        ["Payment"]
    );
    assert_eq!(select(&e, "sys.periods", "name, start_column_id, end_column_id", "").len(), 2);
    let period = "WHERE generated_always_type > 0";
    assert_eq!(
        text(select(&e, "sys.columns", "name, generated_always_type_desc, is_hidden, is_nullable", period)),
        [
            "ValidFrom AS_ROW_START 1 0",
            "ValidTo AS_ROW_END 1 0",
            "Begin AS_ROW_START 0 0",
            "End AS_ROW_END 0 0"
        ]
    );
    assert_eq!(
        text(select(&e, "sys.masked_columns", "name, masking_function", "")),
        ["Tax No default()", "Salary random(1, 5)"]
    );
    // What the server writes by itself.
    assert_eq!(
        e.load_script(
            "INSERT INTO hr.Payment (Id, Employee, Amount, ValidFrom) VALUES (99, 1, 1, '2020-01-01')"
        )
        .unwrap_err()
        .number,
        13536
    );
    assert_eq!(e.load_script("DELETE FROM hr.Payment").unwrap_err().number, 50999);
    assert_eq!(
        e.load_script("INSERT INTO hr.Payment_History VALUES (1, 1, 1, '2020-01-01', '2020-01-02')")
            .unwrap_err()
            .number,
        13559
    );
    assert_eq!(e.load_script("DROP TABLE hr.Contract").unwrap_err().number, 13552);
}

#[test]
fn modules_are_listed_with_their_text_and_triggers_with_their_tables() {
    let e = sample_database(include_str!("../../../samples/order_entry.sql"));
    assert_eq!(
        text(select(
            &e,
            "sys.objects",
            "name, type",
            "WHERE type IN ('P', 'FN', 'IF', 'TF', 'TR', 'V') ORDER BY name"
        )),
        [
            "fn Next Code FN",
            "fn_Vat FN",
            "Open Orders V",
            "tf Orders Of IF",
            "tr Off TR",
            "tr_Line TR",
            "usp_Close P"
        ]
    );
    let line = id_of(&e, "sales", "Order Line");
    assert_eq!(
        text(select(
            &e,
            "sys.triggers",
            "name, is_disabled, is_instead_of_trigger",
            &format!("WHERE parent_id = {line}")
        )),
        ["tr_Line 0 0"]
    );
    assert_eq!(text(select(&e, "sys.triggers", "name", "WHERE is_disabled = 1")), ["tr Off"]);
    assert_eq!(text(select(&e, "sys.trigger_events", "type_desc", "")), ["INSERT", "UPDATE", "DELETE"]);
    let texts = text(select(
        &e,
        "sys.sql_modules",
        "definition",
        &format!("WHERE object_id = {}", id_of(&e, "sales", "usp_Close")),
    ));
    assert!(
        texts[0].starts_with("CREATE PROCEDURE sales.usp_Close") && texts[0].ends_with("END"),
        "{texts:?}"
    );
    // As SQL Server writes them: the function quoted, the sequence with its schema.
    let definitions =
        text(select(&e, "sys.default_constraints", "definition", "WHERE name IN ('DF_Code', 'DF Order')"));
    assert_eq!(definitions, ["(NEXT VALUE FOR [sales].[Order Numbers])", "([dbo].[fn Next Code]())"]);
    assert_eq!(
        text(select(
            &e,
            "sys.computed_columns",
            "definition, is_persisted, system_type_id",
            "WHERE name = 'Vat'"
        )),
        ["([sales].[fn_Vat]([Land])) 0 106"]
    );
    assert_eq!(
        text(select(&e, "sys.types", "name, is_table_type", "WHERE is_user_defined = 1")),
        ["Account Number 0", "Flag 0", "Order Lines 1"]
    );
    // Five, then minus two, twice.
    assert_eq!(
        text(select(&e, "sys.sequences", "name, is_exhausted, is_cycling", "WHERE name = 'Countdown'")),
        ["Countdown 0 1"]
    );
    assert_eq!(e.load_script("DROP PROCEDURE sales.usp_Close").map_err(|e| e.number), Ok(()));
    assert_eq!(e.load_script("DROP PROCEDURE sales.usp_Close").unwrap_err().number, 3701);
}

#[test]
fn indexes_of_every_form_have_their_type() {
    let e = sample_database(include_str!("../../../samples/special.sql"));
    let forms = "WHERE type > 2";
    assert_eq!(
        text(select(&e, "sys.indexes", "name, index_id, type, type_desc", forms)),
        ["PX_Tags 256000 3 XML", "SX_Tags 256001 3 XML", "SI_At 384000 4 SPATIAL"]
    );
    assert_eq!(
        text(select(
            &e,
            "sys.xml_indexes",
            "name, using_xml_index_id, secondary_type_desc, xml_index_type",
            ""
        )),
        ["PX_Tags NULL NULL 0", "SX_Tags 256000 PATH 1"]
    );
    assert_eq!(
        text(select(&e, "sys.spatial_indexes", "name, tessellation_scheme", "")),
        ["SI_At GEOGRAPHY_AUTO_GRID"]
    );
    let e = sample_database(include_str!("../../../samples/content.sql"));
    assert_eq!(
        text(select(&e, "sys.indexes", "name, type_desc", "WHERE type = 5")),
        ["CCI_Comment_Archive CLUSTERED COLUMNSTORE"]
    );
    assert_eq!(
        text(select(&e, "sys.fulltext_index_columns", "column_id, language_id", "")),
        ["3 1031", "12 1033"]
    );
    assert_eq!(text(select(&e, "sys.fulltext_catalogs", "name, is_default", "")), ["ft_Content 1"]);
    // A heap on a scheme has a row for its partitioning column.
    let log = format!("WHERE object_id = {} AND index_id = 0", id_of(&e, "cms", "Log"));
    assert_eq!(text(select(&e, "sys.index_columns", "column_id, partition_ordinal", &log)), ["2 1"]);
}

#[test]
fn an_odd_server_shows_other_ids_and_lower_case() {
    let oddities = Oddities { other_type_ids: true, lower_case_names: true, ..Oddities::default() };
    let e = Engine::new(crate::engine::EngineOptions { oddities, ..Default::default() }).unwrap();
    e.load_script("CREATE TABLE dbo.Orders (Id int NOT NULL PRIMARY KEY, Note sysname NULL)").unwrap();
    assert_eq!(
        text(select(&e, "sys.columns", "name, system_type_id, user_type_id", "")),
        ["id 199 199", "note 24 256"]
    );
    assert_eq!(
        text(select(&e, "sys.types", "name, system_type_id", "WHERE user_type_id IN (199, 256)")),
        ["int 199", "sysname 24"]
    );
    assert_eq!(text(select(&e, "sys.tables", "name", "")), ["orders"]);
}
