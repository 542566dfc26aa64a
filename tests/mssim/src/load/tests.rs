use super::lex::batches;
use super::*;
use crate::catalog::Action;
use crate::engine::EngineOptions;
use crate::storage;
use crate::value::Value;
use std::sync::Arc;

const NASTY: &str = r#"
CREATE DATABASE other;
GO
ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON;
SET ANSI_NULLS, QUOTED_IDENTIFIER ON
GO
CREATE SCHEMA [odd schema]
go
CREATE TYPE dbo.Phone FROM varchar(20) NOT NULL
CREATE SEQUENCE dbo.Numbers AS int START WITH 10 INCREMENT BY 5 CACHE 50
/* a comment
GO
/* nested */ */
CREATE TABLE dbo.Customers (
  Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_Customers PRIMARY KEY CLUSTERED,
  [Name] nvarchar(50) COLLATE Latin1_General_100_CS_AS NOT NULL,
  Phone dbo.Phone, -- an alias type
  Email varchar(100) NULL UNIQUE,
  Balance decimal(18, 2) NOT NULL DEFAULT 0,
  Created datetime2(3) NOT NULL CONSTRAINT DF_Created DEFAULT (getdate()),
  Level tinyint NOT NULL CHECK (Level > 0 AND Level IN (1, 2, 3)),
  rv rowversion
) ON [PRIMARY] WITH (DATA_COMPRESSION = NONE);
CREATE TABLE [odd schema].[select "from" ]](] (
  [order] smallint NOT NULL, [group by] char(3) NOT NULL, g uniqueidentifier ROWGUIDCOL NOT NULL DEFAULT newid(),
  Price money, Qty int, Total AS Price * Qty PERSISTED, Label AS ('#' + CAST(Qty AS varchar(10))),
  Big varbinary(max) NULL, S sql_variant SPARSE NULL, H hierarchyid, X xml,
  Customer int NULL CONSTRAINT FK_Customer REFERENCES dbo.Customers ON DELETE CASCADE ON UPDATE SET NULL,
  CONSTRAINT PK_odd PRIMARY KEY NONCLUSTERED ([order] DESC, [group by] ASC),
  CHECK (Qty >= 0 OR Qty IS NULL)
)
CREATE UNIQUE NONCLUSTERED INDEX IX_g ON [odd schema].[select "from" ]](] (g DESC) INCLUDE (Price, Qty) WHERE Qty IS NOT NULL WITH (FILLFACTOR = 80) ON [PRIMARY]
CREATE TABLE dbo.Heap (a int, b nvarchar(max), c float, d datetime, e datetimeoffset(3), f time(0), h smallmoney, i bit, j date, k real)
GO
INSERT dbo.Customers ([Name], Phone, Email, Level) VALUES (N'Zoë 中😀', '1', 'a@b', 1), (N'O''Neil', '2', NULL, 2);
INSERT INTO dbo.Customers (Name, Phone, Level, Balance, Email) VALUES (N'x', NEXT VALUE FOR dbo.Numbers, 3, -1.005, 'x');
SET IDENTITY_INSERT dbo.Customers ON
INSERT dbo.Customers (Id, Name, Phone, Email, Level, Created) VALUES (100, N'y', '3', 'c', 1, '20240229 13:14:15.9996')
SET IDENTITY_INSERT dbo.Customers OFF
GO
INSERT [odd schema].[select "from" ]](] ([order], [group by], g, Price, Qty, Big, S, H, Customer)
  VALUES (-5, 'ab', '6F9619FF-8B86-D011-B42D-00C04FC964FF', $12.5, 3, 0xDEADBEEF, CAST(7 AS bigint), 0x58, 100)
GO
INSERT dbo.Heap VALUES (1, REPLICATE(CAST(N'é' AS nvarchar(max)), 5000), 1e10, '2024-01-02T03:04:05.678', '2024-01-01 00:00:00 +02:00', '23:59:59', 1, 1, '99991231', 0.5)
GO 3
EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'who buys', @level0type=N'SCHEMA', @level0name=N'dbo', @level1type=N'TABLE', @level1name=N'Customers'
ALTER TABLE dbo.Heap WITH NOCHECK ADD CONSTRAINT CK_a CHECK (a BETWEEN 1 AND 5), z varchar(5) NOT NULL DEFAULT 'q'
GO
CREATE VIEW dbo.V AS SELECT 1 AS one
GO
UPDATE dbo.Heap SET a = a + 1, c = NULL WHERE i = 1 AND b LIKE N'É%' AND k BETWEEN 0 AND 1
DELETE FROM dbo.Customers WHERE Name = N'X'
PRINT 'done'
"#;

fn engine() -> Arc<Engine> {
    Engine::new(EngineOptions::default()).unwrap()
}

fn loaded() -> Arc<Engine> {
    let e = engine();
    e.load_script(NASTY).unwrap_or_else(|x| panic!("line {}: {x}", x.line));
    e
}

fn rows(e: &Engine, schema: &str, name: &str) -> Vec<Vec<Value>> {
    let relation = e.catalog("testdb").unwrap().resolve(Some(schema), name).unwrap();
    let conn = e.connection("testdb").unwrap();
    let mut q = conn.prepare(&format!("SELECT * FROM {}", relation.sqlite_name)).unwrap();
    let mut rows = q.query([]).unwrap();
    let mut out = Vec::new();
    while let Some(r) = rows.next().unwrap() {
        let value = |(i, c): (usize, &crate::types::Column)| {
            storage::from_sqlite(&c.ty, r.get_ref(i).unwrap()).unwrap()
        };
        out.push(relation.columns.iter().enumerate().map(value).collect());
    }
    out
}

fn text(s: &str) -> Value {
    Value::Text(s.as_bytes().to_vec())
}

#[test]
fn go_divides_only_outside_of_strings_and_comments() {
    let script = "a\nGO\n'x\nGO\n' /*\ngo\n*/ [\ngo\n]\n  go 5 -- five\n\nGO\nb--'\nGO\nGOTO";
    let got: Vec<_> = batches(script).into_iter().map(|b| (b.text, b.line, b.count)).collect();
    assert_eq!(
        got,
        [("a\n", 1, 1), ("'x\nGO\n' /*\ngo\n*/ [\ngo\n]\n", 3, 5), ("b--'\n", 13, 1), ("GOTO", 15, 1)]
    );
}

#[test]
fn a_nasty_script_loads_to_exact_values() {
    let e = loaded();
    let customers = rows(&e, "dbo", "customers");
    let name = |r: &[Value]| (r[0].clone(), r[1].clone(), r[4].clone());
    assert_eq!(
        customers.iter().map(|r| name(r)).collect::<Vec<_>>(),
        [
            (Value::Int(1), text("Zoë 中😀"), Value::Decimal(0)),
            (Value::Int(2), text("O'Neil"), Value::Decimal(0)),
            // Case-sensitive: N'X' is not N'x'.
            (Value::Int(3), text("x"), Value::Decimal(-101)),
            (Value::Int(100), text("y"), Value::Decimal(0)),
        ]
    );
    assert_eq!(customers[2][2], text("10"));
    assert_eq!(customers[3][5], Value::DateTime2 { days: 738_944, ticks: 476_560_000_000 });
    let odd = rows(&e, "odd schema", "select \"from\" ](");
    let expected = [
        Value::Int(-5),
        text("ab "),
        Value::Guid([
            0xFF, 0x19, 0x96, 0x6F, 0x86, 0x8B, 0x11, 0xD0, 0xB4, 0x2D, 0x00, 0xC0, 0x4F, 0xC9, 0x64, 0xFF,
        ]),
        Value::Decimal(125_000),
        Value::Int(3),
        Value::Decimal(375_000),
        text("#3"),
        Value::Bytes(vec![0xDE, 0xAD, 0xBE, 0xEF]),
        Value::Variant(crate::types::SqlType::BigInt, Box::new(Value::Int(7))),
        Value::Bytes(vec![0x58]),
        Value::Null,
        Value::Int(100),
    ];
    assert_eq!(odd, [expected]);
    let heap = rows(&e, "dbo", "Heap");
    assert_eq!(heap.len(), 3);
    assert_eq!(
        heap[0],
        [
            Value::Int(2),
            text(&"é".repeat(5000)),
            Value::Null,
            Value::DateTime { days: 45_291, ticks: 3_313_703 },
            Value::DateTimeOffset { days: 738_884, ticks: 792_000_000_000, offset: 120 },
            Value::Time(863_990_000_000),
            Value::Decimal(10_000),
            Value::Bit(true),
            Value::Date(3_652_058),
            Value::Real(0.5),
            text("q"),
        ]
    );
}

#[test]
fn declarations_read_as_sql_server_keeps_them() {
    let e = loaded();
    let k = e.catalog("testdb").unwrap();
    assert!(k.snapshot_isolation);
    assert_eq!(e.databases(), ["master", "tempdb", "model", "msdb", "testdb", "other"]);
    let t = k.table(None, "CUSTOMERS").unwrap();
    assert_eq!(t.checks[0].definition, "([Level]>(0) AND ([Level]=(3) OR [Level]=(2) OR [Level]=(1)))");
    assert_eq!(t.column("Balance").unwrap().default.as_ref().unwrap().definition, "((0))");
    assert_eq!(t.column("Created").unwrap().default.as_ref().unwrap().definition, "(getdate())");
    assert!(t.indexes.iter().any(|i| i.name.starts_with("UQ__Customer__") && i.system_named && !i.clustered));
    assert!(!t.column("Phone").unwrap().nullable);
    assert_eq!(t.column("Phone").unwrap().alias, Some(257));
    let odd = k.table(Some("ODD SCHEMA"), "select \"from\" ](").unwrap();
    assert_eq!(odd.column("total").unwrap().computed.as_ref().unwrap().definition, "([Price]*[Qty])");
    assert_eq!(odd.column("total").unwrap().ty, crate::types::SqlType::Money);
    assert_eq!(
        odd.column("label").unwrap().computed.as_ref().unwrap().definition,
        "('#'+CONVERT([varchar](10),[Qty]))"
    );
    let index = odd.indexes.iter().find(|i| i.name == "IX_g").unwrap();
    assert_eq!(
        (index.filter.as_deref(), index.included.len(), index.fill_factor),
        (Some("([Qty] IS NOT NULL)"), 2, 80)
    );
    assert!(index.keys[0].descending);
    let f = &odd.foreign_keys[0];
    assert_eq!((f.on_delete, f.on_update, f.referenced), (Action::Cascade, Action::SetNull, t.object_id));
    let heap = k.table(None, "heap").unwrap();
    assert_eq!(heap.checks[0].definition, "([a]>=(1) AND [a]<=(5))");
    assert!(heap.checks[0].not_trusted);
    assert_eq!(k.view(None, "v").unwrap().definition, "CREATE VIEW dbo.V AS SELECT 1 AS one");
}

#[test]
fn broken_rows_and_unknown_statements_are_errors_with_numbers_and_lines() {
    let e = loaded();
    let fails = |sql: &str| e.load_script(sql).map(|()| 0).unwrap_or_else(|x| x.number);
    for (sql, number) in [
        ("INSERT dbo.Customers (Name, Phone, Level) VALUES (NULL, '1', 1)", 515),
        ("INSERT dbo.Customers (Name, Phone, Level, Email) VALUES (N'n', '1', 1, 'a@b')", 2627),
        ("INSERT dbo.Customers (Name, Phone, Level, Email) VALUES (N'n', '1', 1, 'A@B ')", 2627),
        // SQL Server's UNIQUE holds one NULL.
        ("INSERT dbo.Customers (Name, Phone, Level) VALUES (N'n', '1', 1)", 2627),
        ("INSERT dbo.Customers (Id, Name, Phone, Level) VALUES (1, N'n', '1', 1)", 544),
        ("INSERT dbo.Heap (z) VALUES ('123456')", 2628),
        ("INSERT dbo.Heap (z) VALUES ('12345   ')", 0),
        ("INSERT dbo.Heap (i, a) VALUES (1)", 109),
        ("INSERT dbo.Heap (a) VALUES (3000000000)", 8115),
        ("INSERT dbo.Heap (j) VALUES ('2023-02-29')", 241),
        ("INSERT dbo.Nothing VALUES (1)", 208),
        ("INSERT dbo.Heap (nothing) VALUES (1)", 207),
        ("CREATE TABLE dbo.Heap (a int)", 2714),
        ("CREATE TABLE t (a nothing)", 2715),
        ("CREATE TABLE t (a int", 102),
        ("DROP TABLE dbo.Customers", 3726),
        ("DROP TABLE dbo.Nothing", 3701),
        ("DROP TABLE IF EXISTS dbo.Nothing", 0),
        ("TRUNCATE TABLE dbo.Customers", 4712),
        ("INSERT [odd schema].[select \"from\" ]](] ([order], [group by]) VALUES (1, 'a')", 50999),
        ("MERGE x", 50999),
        ("SELECT 1", 0),
        ("KILL 52", 50999),
    ] {
        assert_eq!(fails(sql), number, "{sql}");
    }
    let error = e.load_script("PRINT 'a'\nGO\n\nPRINT 'b'\nDROP TABLE dbo.Nothing").unwrap_err();
    assert_eq!((error.number, error.line), (3701, 5));
}

#[test]
fn alterations_move_the_rows_along() {
    let e = engine();
    e.load_script(
        "CREATE TABLE t (id int NOT NULL, v varchar(10), n decimal(9,2) NULL)
         INSERT t VALUES (2, 'b', 1.25), (1, 'a', NULL)
         ALTER TABLE t ADD CONSTRAINT PK_t PRIMARY KEY (id)
         ALTER TABLE t ALTER COLUMN n decimal(18,4) NULL
         ALTER TABLE t DROP COLUMN v
         ALTER TABLE t ADD w int NULL, x nvarchar(5) NOT NULL CONSTRAINT DF_x DEFAULT N'é'
         UPDATE t SET w = id * 10 WHERE id = 1",
    )
    .unwrap();
    let one = |id, n, w| vec![Value::Int(id), n, w, text("é")];
    assert_eq!(
        rows(&e, "dbo", "t"),
        [one(1, Value::Null, Value::Int(10)), one(2, Value::Decimal(12_500), Value::Null)]
    );
    assert_eq!(
        e.catalog("testdb")
            .unwrap()
            .table(None, "t")
            .unwrap()
            .columns
            .iter()
            .map(|c| c.id)
            .collect::<Vec<_>>(),
        [1, 3, 4, 5]
    );
    assert_eq!(e.load_script("ALTER TABLE t ALTER COLUMN n decimal(18,4) NOT NULL").unwrap_err().number, 515);
    assert_eq!(e.load_script("ALTER TABLE t ALTER COLUMN n tinyint NULL").map_err(|x| x.number), Ok(()));
    e.load_script("ALTER TABLE t DROP CONSTRAINT PK_t; CREATE INDEX i ON t (w)").unwrap();
    assert_eq!(rows(&e, "dbo", "t").len(), 2);
}

#[test]
fn a_failed_statement_leaves_nothing_and_a_transaction_rolls_back() {
    let e = engine();
    e.load_script("CREATE TABLE t (id int PRIMARY KEY)").unwrap();
    assert_eq!(e.load_script("INSERT t VALUES (1), (2), (1)").unwrap_err().number, 2627);
    assert!(rows(&e, "dbo", "t").is_empty());
    let conn = e.connection("testdb").unwrap();
    let mut settings = Settings::default();
    let mut context =
        Context { engine: &e, conn: &conn, database: "testdb", parameters: &[], settings: &mut settings };
    conn.execute_batch("BEGIN").unwrap();
    assert_eq!(execute(&mut context, "INSERT t VALUES (1), (2)").unwrap().rows_affected, Some(2));
    assert_eq!(execute(&mut context, "INSERT t VALUES (3), (2)").unwrap_err().number, 2627);
    assert_eq!(execute(&mut context, "CREATE TABLE u (a int)").unwrap_err().number, 50999);
    conn.execute_batch("COMMIT").unwrap();
    assert_eq!(rows(&e, "dbo", "t").len(), 2);
}

#[test]
fn the_sample_databases_load() {
    for (name, script) in SAMPLES {
        let e = engine();
        e.load_script(script).unwrap_or_else(|x| panic!("{name}.sql, line {}: {x}", x.line));
        e.refresh("testdb", &[]).unwrap_or_else(|x| panic!("{name}: {x}"));
    }
}

#[test]
fn what_would_run_a_function_is_refused() {
    let e = engine();
    e.load_script(SAMPLES[0].1).unwrap();
    for sql in [
        "INSERT INTO dbo.[Code List] (Code, Hits) VALUES (N'a', 1)",
        "INSERT INTO dbo.[Code List] (Hits) VALUES (1)",
        "CREATE PARTITION SCHEME x AS PARTITION pf_Day ALL TO (Other)",
        "DBCC CHECKIDENT ('sales.Customer', NORESEED)",
    ] {
        let refused = e.load_script(sql).expect_err(sql);
        assert!(matches!(refused.number, 50999 | 102), "{sql}: {refused}");
    }
}

#[test]
fn a_reseeded_identity_goes_on_from_there() {
    let e = engine();
    e.load_script(
        "CREATE TABLE dbo.T (Id decimal(18, 0) IDENTITY(100, 5) NOT NULL PRIMARY KEY, Note int NULL)
         INSERT dbo.T (Note) VALUES (1), (2)
         DBCC CHECKIDENT ('dbo.T', RESEED, 1000)
         INSERT dbo.T (Note) VALUES (3)",
    )
    .unwrap();
    let ids: Vec<_> = rows(&e, "dbo", "T").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(ids, [100, 105, 1005].map(Value::Decimal));
    e.load_script("CREATE TABLE dbo.Fresh (Id int IDENTITY(1, 1) NOT NULL)").unwrap();
    assert_eq!(e.load_script("DBCC CHECKIDENT ('dbo.Fresh', RESEED, 9)").unwrap_err().number, 50999);
}

#[test]
fn a_case_sensitive_server_keeps_names_apart() {
    let e =
        Engine::new(EngineOptions { collation: "SQL_Latin1_General_CP1_CS_AS", ..EngineOptions::default() })
            .unwrap();
    e.load_script(
        "CREATE TABLE dbo.Orders (Id int NOT NULL CONSTRAINT PK_Orders PRIMARY KEY, Note varchar(5) UNIQUE)
         CREATE TABLE dbo.orders (Id int NOT NULL CONSTRAINT pk_orders PRIMARY KEY, Note varchar(5))
         INSERT dbo.Orders VALUES (1, 'a')
         INSERT dbo.orders VALUES (1, 'b'), (2, 'c')",
    )
    .unwrap();
    assert_eq!(rows(&e, "dbo", "Orders").len(), 1);
    assert_eq!(rows(&e, "dbo", "orders").len(), 2);
    assert_eq!(e.load_script("INSERT dbo.ORDERS VALUES (1, 'a')").unwrap_err().number, 208);
    assert_eq!(e.load_script("INSERT dbo.Orders VALUES (2, 'a')").unwrap_err().number, 2627);
    let refused = e.load_script("CREATE TABLE dbo.T (a int, A int)").unwrap_err();
    assert_eq!(refused.number, 50999, "{refused}");
}

const SAMPLES: [(&str, &str); 3] = [
    ("order_entry", include_str!("../../../samples/order_entry.sql")),
    ("people", include_str!("../../../samples/people.sql")),
    ("content", include_str!("../../../samples/content.sql")),
];
