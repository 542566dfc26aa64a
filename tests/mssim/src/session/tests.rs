//! Sessions over a small database: values, metadata, error numbers.

use std::sync::Arc;

use super::EngineBackend;
use crate::engine::{Engine, EngineOptions};
use crate::results::{Backend, EnvChange, Flow, Login, Parameter, Results, Session, SqlError};
use crate::types::{Column, Len, SqlType};
use crate::value::Value;

const SCRIPT: &str = "
CREATE TABLE dbo.Customers (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NOT NULL, City varchar(20) NULL, Born date NULL);
CREATE TABLE dbo.Orders (Id int IDENTITY(1,1) NOT NULL PRIMARY KEY, CustomerId int NOT NULL, Amount decimal(10,2) NULL, Placed datetime2(3) NULL, Paid bit NOT NULL);
INSERT INTO dbo.Customers (Id, Name, City, Born) VALUES (1, N'Anna', 'Graz', '1980-02-29'), (2, N'Bert', NULL, NULL), (3, N'anton', 'Wien', '2001-12-31');
INSERT INTO dbo.Orders (CustomerId, Amount, Placed, Paid) VALUES (1, 10.50, '2024-01-02T03:04:05.678', 1), (1, 99.99, NULL, 0), (3, -1.25, '2024-05-06', 1);
";

#[derive(Default, Debug)]
struct Taken {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    done: Vec<Option<u64>>,
    errors: Vec<SqlError>,
    infos: Vec<String>,
    changes: Vec<EnvChange>,
    order: Vec<u16>,
    stop_after: Option<usize>,
}

impl Results for Taken {
    fn columns(&mut self, columns: &[Column]) -> Flow {
        self.columns = columns.to_vec();
        self.rows.clear();
        Flow::Continue
    }
    fn row(&mut self, row: &[Value]) -> Flow {
        self.rows.push(row.to_vec());
        if self.stop_after == Some(self.rows.len()) { Flow::Stop } else { Flow::Continue }
    }
    fn done(&mut self, rows: Option<u64>) -> Flow {
        self.done.push(rows);
        Flow::Continue
    }
    fn info(&mut self, message: &SqlError) -> Flow {
        self.infos.push(message.message.clone());
        Flow::Continue
    }
    fn error(&mut self, error: &SqlError) -> Flow {
        self.errors.push(error.clone());
        Flow::Continue
    }
    fn env_change(&mut self, change: &EnvChange) -> Flow {
        self.changes.push(change.clone());
        Flow::Continue
    }
    fn order(&mut self, columns: &[u16]) -> Flow {
        self.order = columns.to_vec();
        Flow::Continue
    }
}

struct Db {
    backend: EngineBackend,
    engine: Arc<Engine>,
}

impl Db {
    fn new() -> Self {
        let engine = Engine::new(EngineOptions::default()).expect("engine");
        engine.load_script(SCRIPT).expect("script");
        Self { backend: EngineBackend::new(Arc::clone(&engine)), engine }
    }

    fn session(&self) -> Box<dyn Session> {
        let login = Login {
            user: "sa".into(),
            password: "Passw0rd!".into(),
            database: String::new(),
            host: String::new(),
            application: String::new(),
        };
        self.backend.login(&login).expect("login")
    }
}

fn run(session: &mut dyn Session, sql: &str) -> Taken {
    let mut taken = Taken::default();
    session.batch(sql, &[], &mut taken).expect("connection lives");
    taken
}

fn rows(sql: &str) -> Taken {
    let db = Db::new();
    let taken = run(&mut *db.session(), sql);
    assert_eq!(taken.errors, [], "{sql}");
    taken
}

/// Rows as text: `1|Anna|NULL`.
fn shown(taken: &Taken) -> Vec<String> {
    let one = |v: &Value| match v {
        Value::Null => "NULL".to_owned(),
        Value::Int(i) => i.to_string(),
        Value::Bit(b) => u8::from(*b).to_string(),
        Value::Text(t) => String::from_utf8_lossy(t).into_owned(),
        Value::Decimal(d) => format!("d{d}"),
        other => format!("{other:?}"),
    };
    taken.rows.iter().map(|r| r.iter().map(one).collect::<Vec<_>>().join("|")).collect()
}

fn check(sql: &str, expected: &[&str]) {
    assert_eq!(shown(&rows(sql)), expected, "{sql}");
}

fn number(sql: &str) -> i32 {
    let db = Db::new();
    let taken = run(&mut *db.session(), sql);
    taken.errors.first().unwrap_or_else(|| panic!("no error: {sql} {taken:?}")).number
}

#[test]
fn a_plain_scan_keeps_names_types_and_nullability() {
    let taken = rows("SELECT [Id], [Name], [City] FROM [dbo].[Customers] WHERE [Id] > 1 ORDER BY [Id]");
    assert_eq!(shown(&taken), ["2|Bert|NULL", "3|anton|Wien"]);
    assert_eq!(taken.order, [1]);
    assert_eq!(taken.done, [Some(2)]);
    let facts: Vec<_> = taken.columns.iter().map(|c| (c.name.as_str(), c.ty, c.nullable)).collect();
    assert_eq!(
        facts,
        [
            ("Id", SqlType::Int, false),
            ("Name", SqlType::NVarChar(Len::Limited(50)), false),
            ("City", SqlType::VarChar(Len::Limited(20)), true)
        ]
    );
    assert!(taken.columns[0].collation.is_none());
    assert_eq!(taken.columns[1].collation.map(|c| c.name), Some("SQL_Latin1_General_CP1_CI_AS"));
}

#[test]
fn conditions() {
    check("SELECT Id FROM Customers WHERE Name LIKE 'AN%' ORDER BY Name", &["1", "3"]);
    check("SELECT Id FROM Customers WHERE Name = 'anna  '", &["1"]);
    check("SELECT Id FROM Customers WHERE Name = 'anna' COLLATE Latin1_General_BIN2", &[]);
    check("SELECT Id FROM Customers WHERE NOT (City IS NULL OR Id IN (1, 7))", &["3"]);
    check("SELECT Id FROM Customers WHERE Id BETWEEN 2 AND 3 ORDER BY Id DESC", &["3", "2"]);
    check("SELECT Id FROM Orders WHERE Amount > 10 ORDER BY Id", &["1", "2"]);
    check("SELECT Id FROM Orders WHERE Placed >= '2024-02-01'", &["3"]);
    check(
        "SELECT Id FROM Customers c WHERE EXISTS (SELECT 1 FROM Orders o WHERE o.CustomerId = c.Id) ORDER BY 1",
        &["1", "3"],
    );
    check("SELECT Id FROM Customers WHERE Id NOT IN (SELECT CustomerId FROM Orders)", &["2"]);
    check("SELECT Id FROM Customers WHERE Name LIKE '%[n-o]n' OR Name LIKE '!_%' ESCAPE '!'", &["3"]);
}

#[test]
fn joins_make_the_other_side_nullable() {
    let taken = rows(
        "SELECT c.Name, o.Id FROM Customers AS c LEFT JOIN Orders AS o ON o.CustomerId = c.Id AND o.Paid = 1 ORDER BY c.Id, o.Id",
    );
    assert_eq!(shown(&taken), ["Anna|1", "Bert|NULL", "anton|3"]);
    assert_eq!(taken.columns.iter().map(|c| c.nullable).collect::<Vec<_>>(), [false, true]);
    check(
        "SELECT a.Id, b.Id FROM Customers a CROSS JOIN Customers b WHERE a.Id < b.Id ORDER BY a.Id, b.Id",
        &["1|2", "1|3", "2|3"],
    );
    check(
        "SELECT c.Id FROM Orders o RIGHT OUTER JOIN Customers c ON c.Id = o.CustomerId WHERE o.Id IS NULL",
        &["2"],
    );
}

#[test]
fn groups_and_aggregates() {
    let taken = rows(
        "SELECT CustomerId, COUNT(*) AS n, COUNT_BIG(Placed), SUM(Amount), MIN(Amount), AVG(Amount) FROM Orders GROUP BY CustomerId HAVING COUNT(*) > 0 ORDER BY n DESC",
    );
    assert_eq!(shown(&taken), ["1|2|1|d11049|d1050|d55245000", "3|1|1|d-125|d-125|d-1250000"]);
    let types: Vec<SqlType> = taken.columns.iter().map(|c| c.ty).collect();
    assert_eq!(types[1..4], [SqlType::Int, SqlType::BigInt, SqlType::Decimal { precision: 38, scale: 2 }]);
    check(
        "SELECT MAX(Name), STRING_AGG(Name, N', ') WITHIN GROUP (ORDER BY Id DESC) FROM Customers",
        &["Bert|anton, Bert, Anna"],
    );
    check("SELECT COUNT(DISTINCT CustomerId), SUM(Id) FROM Orders WHERE 1 = 0", &["0|NULL"]);
    check("SELECT City + '!' FROM Customers GROUP BY City ORDER BY City", &["NULL", "Graz!", "Wien!"]);
    check("SELECT UPPER(City) FROM Customers GROUP BY UPPER(City) ORDER BY 1", &["NULL", "GRAZ", "WIEN"]);
}

#[test]
fn tops_pages_sets_and_tables_of_queries() {
    check("SELECT TOP 1 Id FROM Customers ORDER BY Name DESC", &["2"]);
    check("SELECT TOP (1 + 1) Id FROM Customers ORDER BY Id", &["1", "2"]);
    check("SELECT Id FROM Customers ORDER BY Id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", &["2"]);
    check("SELECT DISTINCT CustomerId FROM Orders ORDER BY CustomerId", &["1", "3"]);
    check(
        "SELECT 1 AS a UNION ALL SELECT Id FROM Orders UNION SELECT 2.5 ORDER BY a DESC",
        &["d30", "d25", "d20", "d10"],
    );
    check(
        "WITH t (x) AS (SELECT Id FROM Customers), u AS (SELECT x FROM t WHERE x > 1) SELECT SUM(x) FROM u",
        &["5"],
    );
    check("SELECT d.n FROM (SELECT COUNT(*) AS n FROM Orders) AS d", &["3"]);
    check(
        "SELECT (SELECT MAX(o.Id) FROM Orders o WHERE o.CustomerId = c.Id) FROM Customers c ORDER BY c.Id",
        &["2", "NULL", "3"],
    );
    check("SELECT v.a FROM (VALUES (1), (2)) AS v(a) ORDER BY a", &["1", "2"]);
    check(
        "SELECT Id, ROW_NUMBER() OVER (ORDER BY Name DESC) FROM Customers ORDER BY Id",
        &["1|3", "2|1", "3|2"],
    );
    check("SELECT NTILE(2) OVER (ORDER BY Id) AS t FROM Customers ORDER BY t", &["1", "1", "2"]);
}

#[test]
fn arithmetic_has_t_sql_types() {
    check("SELECT 7 / 2, 7 % 4, -3 * 2, 7 / 2.0, 1.5 + 2", &["3|3|-6|d3500000|d35"]);
    check("SELECT CAST(1 AS bigint) * 3000000000, 'a' + N'b' + 'c'", &["d3000000000|abc"]);
    check("SELECT Amount * 2 FROM Orders WHERE Id = 1", &["d2100"]);
    assert_eq!(number("SELECT 2147483647 + 1"), 8115);
    assert_eq!(number("SELECT 1 / 0"), 8134);
    assert_eq!(number("SELECT SUM(x) FROM (VALUES (2147483647), (1)) AS v(x)"), 8115);
}

#[test]
fn functions() {
    check(
        "SELECT LEN('ab  '), DATALENGTH(N'ab'), SUBSTRING('hello', 2, 3), LEFT('abc', 2), RIGHT('abc', 2)",
        &["2|4|ell|ab|bc"],
    );
    check(
        "SELECT UPPER('aé'), LTRIM('  x '), RTRIM(' x '), REPLACE('aXbx', 'x', '-'), CHARINDEX('B', 'abc')",
        &["AÉ|x | x|a-b-|2"],
    );
    check(
        "SELECT CONCAT('a', NULL, 1), QUOTENAME('a]b'), ISNULL(NULL, 'x'), COALESCE(NULL, NULL, 3), NULLIF(1, 1)",
        &["a1|[a]]b]|x|3|NULL"],
    );
    check(
        "SELECT IIF(1 = 2, 'a', 'bc'), CASE 3 WHEN 1 THEN 'x' WHEN 3 THEN 'y' END, ABS(-5), FLOOR(-1.5), CEILING(1.2)",
        &["bc|y|5|d-2|d2"],
    );
    check(
        "SELECT DB_NAME(), SCHEMA_NAME(1), OBJECT_NAME(OBJECT_ID('dbo.Orders')), OBJECT_ID('nix'), TYPE_NAME(56), COL_NAME(OBJECT_ID(N'[dbo].[Orders]'), 2)",
        &["testdb|dbo|Orders|NULL|int|CustomerId"],
    );
    check(
        "SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')), @@TRANCOUNT, IDENT_SEED('dbo.Orders')",
        &["16.0.4000.1|0|d1"],
    );
    assert_eq!(number("SELECT nonsense(1)"), 195);
}

#[test]
fn conversions() {
    check(
        "SELECT CAST('12' AS int), CONVERT(varchar(10), 1.50), TRY_CAST('x' AS int), CONVERT(char(8), CAST('2024-02-29' AS date), 112)",
        &["12|1.50|NULL|20240229"],
    );
    check(
        "SELECT CONVERT(varchar(30), Placed, 126), CONVERT(varchar(10), Born, 23) FROM Orders JOIN Customers ON Customers.Id = CustomerId WHERE Orders.Id = 1",
        &["2024-01-02T03:04:05.678|1980-02-29"],
    );
    check("SELECT CONVERT(varchar(20), 0xCAFE, 1), CONVERT(varchar(20), 0xCAFE, 2)", &["0xCAFE|CAFE"]);
    assert_eq!(number("SELECT CAST('x' AS int)"), 245);
    assert_eq!(number("SELECT CAST(300 AS tinyint)"), 220);
    assert_eq!(number("SELECT CAST('2024-02-30' AS date)"), 241);
    assert_eq!(number("SELECT Id FROM Customers WHERE Name = 5"), 245);
}

#[test]
fn errors_have_sql_servers_numbers() {
    for (sql, wanted) in [
        ("SELECT * FROM nothing", 208),
        ("SELECT * FROM sys.dm_exec_requests", 208),
        ("SELECT nothing FROM Orders", 207),
        ("SELECT o.nothing FROM Orders o", 207),
        ("SELECT x.Id FROM Orders o", 4104),
        ("SELECT Id FROM Orders, Customers", 209),
        ("SELECT Id, COUNT(*) FROM Orders", 8120),
        ("SELECT @x", 137),
        ("SELEC 1", 50999),
        ("SELECT 1 FROM", 102),
        ("SELECT * FROM Orders WITH (NOLOCK)", 50999),
        ("SELECT * FROM #t", 50999),
        ("USE nowhere", 911),
        ("ROLLBACK", 3903),
        ("SELECT 'a' WHERE 1 + 'b' = 2", 245),
    ] {
        assert_eq!(number(sql), wanted, "{sql}");
    }
}

#[test]
fn batches_variables_and_if() {
    let db = Db::new();
    let mut session = db.session();
    let taken = run(
        &mut *session,
        "SET NOCOUNT ON; DECLARE @n int = 2, @s varchar(10)\nSELECT @s = Name FROM Customers WHERE Id = @n\nIF @s = 'bert' BEGIN PRINT 'yes' END ELSE PRINT 'no'\nSELECT @s AS s, @n + 1, @@ROWCOUNT",
    );
    assert_eq!(taken.errors, []);
    assert_eq!(taken.infos, ["yes"]);
    assert_eq!(shown(&taken)[0].split('|').take(2).collect::<Vec<_>>(), ["Bert", "3"]);
    assert!(taken.done.iter().all(Option::is_none), "NOCOUNT");
    let mut taken = Taken::default();
    let parameter = Parameter {
        name: "@P1".into(),
        ty: SqlType::NVarChar(Len::Limited(20)),
        collation: None,
        value: Value::Text(b"ANNA".to_vec()),
    };
    session.batch("SELECT Id FROM Customers WHERE Name = @P1", &[parameter], &mut taken).expect("lives");
    assert_eq!(shown(&taken), ["1"]);
}

#[test]
fn a_receiver_can_stop() {
    let db = Db::new();
    let mut taken = Taken { stop_after: Some(2), ..Taken::default() };
    db.session().batch("SELECT Id FROM Customers; SELECT 1", &[], &mut taken).expect("lives");
    assert_eq!(taken.rows.len(), 2);
    assert_eq!(taken.columns[0].name, "Id");
}

#[test]
fn transactions_roll_back() {
    let db = Db::new();
    let mut session = db.session();
    let taken = run(
        &mut *session,
        "BEGIN TRAN; DELETE FROM Orders; SELECT COUNT(*), @@TRANCOUNT FROM Orders; ROLLBACK",
    );
    assert_eq!(taken.errors, []);
    assert_eq!(shown(&taken), ["0|1"]);
    assert!(
        matches!(taken.changes[..], [EnvChange::BeginTransaction(a), EnvChange::RollbackTransaction(b)] if a == b)
    );
    assert_eq!(shown(&run(&mut *session, "SELECT COUNT(*) FROM Orders")), ["3"]);
}

#[test]
fn a_snapshot_is_fixed_at_the_first_read() {
    let db = Db::new();
    let (mut reader, mut writer) = (db.session(), db.session());
    let refused = run(&mut *reader, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT COUNT(*) FROM Orders");
    assert_eq!(refused.errors.first().map(|e| e.number), Some(3952));
    db.engine.load_script("ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON").expect("alter");
    run(&mut *reader, "BEGIN TRAN");
    run(&mut *writer, "DELETE FROM Orders WHERE Id = 1");
    assert_eq!(shown(&run(&mut *reader, "SELECT COUNT(*) FROM Orders")), ["2"], "not fixed by BEGIN");
    run(&mut *writer, "DELETE FROM Orders");
    assert_eq!(shown(&run(&mut *reader, "SELECT COUNT(*) FROM Orders")), ["2"], "fixed by the first read");
    run(&mut *reader, "COMMIT");
    assert_eq!(shown(&run(&mut *reader, "SELECT COUNT(*) FROM Orders")), ["0"]);
    run(
        &mut *reader,
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRAN; SELECT COUNT(*) FROM Orders",
    );
    run(&mut *writer, "INSERT INTO Orders (CustomerId, Paid) VALUES (1, 1)");
    assert_eq!(
        shown(&run(&mut *reader, "SELECT COUNT(*) FROM Orders")),
        ["1"],
        "READ COMMITTED reads per statement"
    );
}

#[test]
fn samples_repeat() {
    let db = Db::new();
    let mut session = db.session();
    let all = run(&mut *session, "SELECT Id FROM Orders TABLESAMPLE (100 PERCENT) ORDER BY Id");
    assert_eq!(shown(&all), ["1", "2", "3"]);
    let once = run(&mut *session, "SELECT Id FROM Orders TABLESAMPLE SYSTEM (50 PERCENT) REPEATABLE (7)");
    let again = run(&mut *session, "SELECT Id FROM Orders TABLESAMPLE SYSTEM (50 PERCENT) REPEATABLE (7)");
    assert_eq!((once.rows, &once.errors), (again.rows, &Vec::new()));
}

#[test]
fn catalog_queries_of_a_migration() {
    let engine = Engine::new(EngineOptions::default()).expect("engine");
    engine
        .load_script(
            "CREATE TYPE dbo.Phone FROM nvarchar(20) NOT NULL\nGO\nCREATE TABLE dbo.A (Id int IDENTITY(5,2) NOT NULL CONSTRAINT PK_A PRIMARY KEY, P dbo.Phone, D decimal(9,3) NULL, T AS (Id * 2), CONSTRAINT UQ_A UNIQUE (P));\nCREATE TABLE dbo.B (X int NOT NULL, Y bigint NOT NULL, A int NULL CONSTRAINT FK_B REFERENCES dbo.A (Id) ON DELETE CASCADE, CONSTRAINT PK_B PRIMARY KEY (Y DESC, X));\nINSERT INTO dbo.A (P, D) VALUES (N'1', 1.5), (N'2', NULL);",
        )
        .expect("script");
    let db = Db { backend: EngineBackend::new(Arc::clone(&engine)), engine };
    let mut session = db.session();
    let mut check = |sql: &str, expected: &[&str]| {
        let taken = run(&mut *session, sql);
        assert_eq!(taken.errors, [], "{sql}");
        assert_eq!(shown(&taken), expected, "{sql}");
    };
    check(
        "SELECT t.name, c.name, ty.name, base.name, CONVERT(int, c.max_length), c.is_nullable, c.is_computed
         FROM sys.columns AS c JOIN sys.tables AS t ON t.object_id = c.object_id
         JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id
         LEFT JOIN sys.types AS base ON base.user_type_id = c.system_type_id
         WHERE t.is_ms_shipped = 0 ORDER BY c.object_id, c.column_id",
        &[
            "A|Id|int|int|4|0|0",
            "A|P|Phone|nvarchar|40|0|0",
            "A|D|decimal|decimal|5|1|0",
            "A|T|int|int|4|1|1",
            "B|X|int|int|4|0|0",
            "B|Y|bigint|bigint|8|0|0",
            "B|A|int|int|4|1|0",
        ],
    );
    check(
        "SELECT i.name, c.name, ic.is_descending_key FROM sys.indexes i
         JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
         JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
         WHERE i.is_primary_key = 1 ORDER BY i.object_id, ic.key_ordinal",
        &["PK_A|Id|0", "PK_B|Y|1", "PK_B|X|0"],
    );
    check(
        "SELECT k.name, OBJECT_NAME(k.parent_object_id), OBJECT_NAME(k.referenced_object_id), COL_NAME(kc.parent_object_id, kc.parent_column_id), k.delete_referential_action_desc
         FROM sys.foreign_keys k JOIN sys.foreign_key_columns kc ON kc.constraint_object_id = k.object_id",
        &["FK_B|B|A|A|CASCADE"],
    );
    check(
        "SELECT CONVERT(nvarchar(50), seed_value), CONVERT(nvarchar(50), increment_value), CONVERT(nvarchar(50), last_value) FROM sys.identity_columns",
        &["5|2|7"],
    );
    check(
        "SELECT SCHEMA_NAME(t.schema_id), SUM(p.rows) FROM sys.tables t JOIN sys.partitions p ON p.object_id = t.object_id WHERE p.index_id IN (0, 1) GROUP BY t.schema_id",
        &["dbo|2"],
    );
    check("SELECT d.snapshot_isolation_state FROM sys.databases AS d WHERE d.name = DB_NAME()", &["0"]);
    db.engine.deny_view("sys.partitions", Some(crate::engine::Denial::Denied));
    let denied = run(&mut *session, "SELECT SUM(rows) FROM sys.partitions");
    assert_eq!(denied.errors.first().map(|e| e.number), Some(229));
}

#[test]
fn histograms_by_apply() {
    let db = Db::new();
    let taken = run(
        &mut *db.session(),
        "SELECT s.name, COUNT(*), MIN(CONVERT(int, h.range_high_key)) FROM sys.stats s CROSS APPLY sys.dm_db_stats_histogram(s.object_id, s.stats_id) h
         WHERE s.object_id = OBJECT_ID('dbo.Orders') GROUP BY s.name",
    );
    assert_eq!(taken.errors, []);
    assert_eq!(taken.rows.len(), 1, "{taken:?}");
    assert_eq!(taken.rows[0][2], Value::Int(1));
}

#[test]
fn a_key_range_is_a_search_in_the_index() {
    let db = Db::new();
    let env = crate::query::eval::Env {
        catalog: db.engine.catalog("testdb").expect("catalog"),
        databases: Vec::new(),
        user: "sa".into(),
        spid: 51,
        transactions: 0,
        row_count: 0,
        no_count: false,
    };
    let lines = crate::query::parse::batch(
        "SELECT [Id], [Amount] FROM [dbo].[Orders] WHERE [Id] > 1 AND [Id] <= 3 ORDER BY [Id]",
    )
    .expect("parses");
    let crate::query::ast::Statement::Select(query) = &lines[0].statement else { panic!("a query") };
    let variables = std::collections::HashMap::new();
    let bound = crate::query::bind::Binder::new(&env, &variables).bind(query).expect("binds");
    assert!(bound.steps.is_empty(), "no calls per value: {}", bound.sql);
    let conn = db.engine.connection("testdb").expect("connection");
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", bound.sql)).expect("prepares");
    let plan: Vec<String> =
        plan.query_map([], |r| r.get(3)).expect("plan").map(|r| r.expect("text")).collect();
    assert_eq!(plan.len(), 1, "{plan:?}");
    assert!(plan[0].starts_with("SEARCH"), "{plan:?}");
}

#[test]
fn a_database_snapshot_stays_as_it_was_made() {
    let db = Db::new();
    let mut session = db.session();
    let made = "CREATE DATABASE s ON (NAME = testdb, FILENAME = 's.ss') AS SNAPSHOT OF testdb";
    assert_eq!(run(&mut *session, made).errors, []);
    assert_eq!(run(&mut *session, "DELETE FROM dbo.Orders; DROP TABLE dbo.Customers").errors, []);
    assert_eq!(run(&mut *session, made).errors.first().map(|e| e.number), Some(1801));
    let missing = "CREATE DATABASE n ON (NAME = x, FILENAME = 'x') AS SNAPSHOT OF missing";
    assert_eq!(run(&mut *session, missing).errors.first().map(|e| e.number), Some(911));
    let log = "SELECT COUNT(*) FROM sys.dm_db_log_stats(DB_ID())";
    assert_eq!(run(&mut *session, log).rows, [[Value::Int(1)]]);
    let of = "SELECT DB_NAME(d.source_database_id) FROM sys.databases AS d WHERE d.name = DB_NAME()";
    assert_eq!(run(&mut *session, of).rows, [[Value::Null]]);

    assert_eq!(run(&mut *session, "USE s").errors, []);
    let counts = "SELECT (SELECT COUNT(*) FROM dbo.Orders), (SELECT COUNT(*) FROM dbo.Customers)";
    assert_eq!(run(&mut *session, counts).rows, [[Value::Int(3), Value::Int(3)]]);
    assert_eq!(run(&mut *session, of).rows, [[Value::Text(b"testdb".to_vec())]]);
    assert_eq!(run(&mut *session, log).rows, [[Value::Int(0)]]);
    for change in ["DELETE FROM dbo.Orders", "CREATE TABLE dbo.t (id int)"] {
        assert_eq!(run(&mut *session, change).errors.first().map(|e| e.number), Some(3906), "{change}");
    }
}

#[test]
fn a_database_comes_and_goes() {
    let db = Db::new();
    let mut session = db.session();
    for (sql, wanted) in [
        ("CREATE DATABASE one", None),
        ("CREATE DATABASE two", None),
        ("USE two", None),
        ("DROP DATABASE two", Some(3702)),
        ("DROP DATABASE master", Some(3708)),
        ("ALTER DATABASE one SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE one", None),
        ("DROP DATABASE one", Some(3701)),
        ("DROP DATABASE IF EXISTS one", None),
        ("CREATE DATABASE three", None),
        ("USE one", Some(911)),
    ] {
        let taken = run(&mut *session, sql);
        assert_eq!(taken.errors.first().map(|e| e.number), wanted, "{sql}");
    }
    // The files of a database that lives are no other's.
    let ids = "SELECT DB_ID('testdb'), DB_ID('one'), DB_ID('two'), DB_ID('three'), DB_NAME()";
    assert_eq!(shown(&run(&mut *session, ids)), ["5|NULL|7|8|two"]);
}

#[test]
fn a_plan_says_what_seeks_and_what_scans() {
    let db = Db::new();
    let mut session = db.session();
    let both = run(&mut *session, "SET SHOWPLAN_XML ON; SELECT 1");
    assert_eq!(both.errors.first().map(|e| e.number), Some(1067));
    run(&mut *session, "SET SHOWPLAN_XML ON");
    let shows = |session: &mut dyn Session, sql: &str, operator: &str| {
        let taken = run(session, sql);
        let plan = shown(&taken).concat();
        assert!(plan.contains(&format!(r#"PhysicalOp="{operator}""#)), "{sql}: {plan} {:?}", taken.errors);
    };
    shows(
        &mut *session,
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT Name FROM Customers WHERE Id > 1 AND Id <= 2",
        "Clustered Index Seek",
    );
    shows(&mut *session, "SELECT Id FROM Customers WHERE City = 'x'", "Clustered Index Scan");
    run(&mut *session, "DELETE FROM Orders");
    run(&mut *session, "SET SHOWPLAN_XML OFF");
    assert_eq!(shown(&run(&mut *session, "SELECT COUNT(*) FROM Orders")), ["3"], "nothing was run");
}
