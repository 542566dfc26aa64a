//! Objects and names that other tools lose, weaken or mix up.

use super::{copied, shown, world};
use crate::harness::World;
use mssim::engine::EngineOptions;

/// The definition of an index of the target.
fn index(world: &World, name: &str) -> String {
    world.target_value(&format!("SELECT indexdef FROM pg_indexes WHERE indexname = '{name}'"))
}

fn default(world: &World, column: &str) -> String {
    world.target_value(&format!(
        "SELECT coalesce((SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid
         AND a.attnum = d.adnum WHERE a.attrelid = 'dbo.t'::regclass AND a.attname = '{column}'), 'none')"
    ))
}

#[test]
fn a_default_of_0_is_0_on_an_integer() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, a int NOT NULL DEFAULT ((0)), b bit NOT NULL DEFAULT ((0)), c smallint DEFAULT 1, d bit DEFAULT 1)",
    );
    world.target("INSERT INTO dbo.t (id) VALUES (1)");
    let row = world.target("SELECT a, b, c, d FROM dbo.t").swap_remove(0);
    assert_eq!(row, ["0", "f", "1", "t"].map(|text| Some(text.to_owned())));
}

#[test]
fn defaults_are_kept() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, a varchar(10) DEFAULT 'it''s', b datetime DEFAULT getdate(),
            c uniqueidentifier DEFAULT newid(), d decimal(5, 2) DEFAULT ((-1.5)), e varbinary(4) DEFAULT 0x00ff, f int DEFAULT NULL)",
    );
    world.target("INSERT INTO dbo.t (id) VALUES (1)");
    assert_eq!(
        shown(&world, "concat_ws('|', a, b IS NOT NULL, c IS NOT NULL, d, e, f IS NULL)"),
        [r"it's|t|t|-1.50|\x00ff|t"]
    );
    assert_eq!(default(&world, "id"), "none");
}

#[test]
fn a_filtered_unique_index_is_not_made_full() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v int NULL, gone bit NOT NULL);
        CREATE UNIQUE INDEX UX_t ON dbo.t (v) WHERE gone = 0;
        INSERT INTO dbo.t VALUES (1, 7, 0), (2, 7, 1), (3, 7, 1), (4, NULL, 0)",
    );
    let made = index(&world, "UX_t");
    assert!(made.contains("UNIQUE") && made.contains(" WHERE "), "{made:?}");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.t"), "4");
    world.target("INSERT INTO dbo.t VALUES (5, 7, true)");
    let again = "DO $$ BEGIN INSERT INTO dbo.t VALUES (6, 7, false); RAISE 'not unique'; EXCEPTION WHEN unique_violation THEN NULL; END $$";
    world.target(again);
}

#[test]
fn descending_and_included_columns_stay_so() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, a int NULL, b int NULL, c varchar(10) NULL);
        CREATE INDEX IX_t ON dbo.t (a DESC, b ASC) INCLUDE (c)",
    );
    let made = index(&world, "IX_t");
    let keys = made.split_once('(').unwrap().1.split(')').next().unwrap();
    assert!(
        keys.starts_with("a DESC") && keys.contains(", b") && !keys.contains("b DESC") && !keys.contains('c'),
        "{made}"
    );
    assert!(made.contains("INCLUDE (c)"), "{made}");
}

#[test]
fn names_are_quoted_everywhere() {
    let world = copied(
        "CREATE SCHEMA [select]
        GO
        CREATE TABLE [select].[user] ([order] int NOT NULL CONSTRAINT [PK of \"user\"] PRIMARY KEY, [from \"here\"] int NULL, [a]]b] varchar(5) NULL);
        CREATE TABLE [select].[Group By] ([where] int NOT NULL CONSTRAINT [check] PRIMARY KEY,
            CONSTRAINT [foreign \"key\" 'x'] FOREIGN KEY ([where]) REFERENCES [select].[user] ([order]));
        CREATE INDEX [index, of \"it\"] ON [select].[user] ([from \"here\"], [a]]b]);
        INSERT INTO [select].[user] VALUES (1, 2, 'x');
        INSERT INTO [select].[Group By] VALUES (1)",
    );
    let names = "SELECT string_agg(conname, ' | ' ORDER BY conname COLLATE \"C\") FROM pg_constraint WHERE connamespace = '\"select\"'::regnamespace";
    assert_eq!(world.target_value(names), "PK of \"user\" | check | foreign \"key\" 'x'");
    let made = index(&world, "index, of \"it\"");
    assert!(made.contains("(\"from \"\"here\"\"\"") && made.contains(", \"a]b\""), "{made}");
    assert_eq!(world.assert_equal(), 2);
}

#[test]
fn indexes_of_one_name_on_two_tables_are_both_there() {
    let world = copied(
        "CREATE TABLE dbo.a (id int NOT NULL PRIMARY KEY, v int NULL);
        CREATE TABLE dbo.b (id int NOT NULL PRIMARY KEY, v int NULL);
        CREATE INDEX IX_v ON dbo.a (v);
        CREATE INDEX IX_v ON dbo.b (v)",
    );
    let count = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'dbo' AND indexdef LIKE '%(v%)'";
    assert_eq!(world.target_value(count), "2");
}

#[test]
fn two_schemas_come_in_one_run() {
    let world = copied(
        "CREATE SCHEMA sales
        GO
        CREATE TABLE dbo.Orders (id int NOT NULL PRIMARY KEY);
        CREATE TABLE sales.Orders (id int NOT NULL PRIMARY KEY CONSTRAINT FK_there REFERENCES dbo.Orders (id));
        INSERT INTO dbo.Orders VALUES (1), (2);
        INSERT INTO sales.Orders VALUES (2)",
    );
    assert_eq!(world.assert_equal(), 3);
    let there = "SELECT confrelid::regclass::text FROM pg_constraint WHERE conname = 'FK_there'";
    assert_eq!(world.target_value(there), "dbo.\"Orders\"");
}

#[test]
fn long_names_are_never_cut_into_one() {
    // 70 bytes in 35 characters; they differ in the last one only.
    let (a, b) = (format!("{}ö", "ä".repeat(34)), format!("{}ü", "ä".repeat(34)));
    let world = world(&format!(
        "CREATE TABLE dbo.[{a}] (id int NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.[{b}] (id int NOT NULL PRIMARY KEY);
        INSERT INTO dbo.[{a}] VALUES (1);
        INSERT INTO dbo.[{b}] VALUES (1), (2)"
    ));
    world.succeed(&["run"]);
    assert_eq!(world.assert_equal(), 3);
    let names = "SELECT count(DISTINCT relname) FROM pg_class WHERE relnamespace = 'dbo'::regnamespace AND relkind = 'r'";
    assert_eq!(world.target_value(names), "2");
}

fn case_sensitive(script: &str) -> World {
    let world =
        World::of(EngineOptions { collation: "Latin1_General_100_CS_AS", ..EngineOptions::default() });
    world.load(script);
    world
}

#[test]
fn a_case_sensitive_source_is_read() {
    let world = case_sensitive(
        "CREATE SCHEMA Sales
        GO
        CREATE TABLE Sales.Parent (Id int IDENTITY(3, 1) NOT NULL CONSTRAINT PK_Parent PRIMARY KEY, Name nvarchar(20) NULL CONSTRAINT UQ_Name UNIQUE);
        CREATE TABLE Sales.Child (Id int NOT NULL PRIMARY KEY, Parent int NULL CONSTRAINT FK_Parent REFERENCES Sales.Parent (Id));
        INSERT INTO Sales.Parent (Name) VALUES (N'a'), (N'A');
        INSERT INTO Sales.Child VALUES (1, 4)",
    );
    world.succeed(&["run"]);
    assert_eq!(world.assert_equal(), 3);
    assert_eq!(
        world.target_value(
            "SELECT count(*) FROM pg_constraint WHERE conname IN ('PK_Parent', 'UQ_Name', 'FK_Parent')"
        ),
        "3"
    );
}

#[test]
fn tables_that_differ_only_in_case_stay_two() {
    let world = case_sensitive(
        "CREATE TABLE dbo.Orders (id int NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.orders (id int NOT NULL PRIMARY KEY);
        INSERT INTO dbo.Orders VALUES (1);
        INSERT INTO dbo.orders VALUES (1), (2)",
    );
    world.succeed(&["run"]);
    assert_eq!(world.assert_equal(), 3);
    let counts = "SELECT (SELECT count(*) FROM dbo.\"Orders\") || ' ' || (SELECT count(*) FROM dbo.orders)";
    assert_eq!(world.target_value(counts), "1 2");
}

#[test]
fn orphans_stay_and_their_key_is_not_validated() {
    let world = copied(
        "CREATE TABLE dbo.p (id int NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v int NULL);
        INSERT INTO dbo.p VALUES (1);
        INSERT INTO dbo.t VALUES (1, 1), (2, 99);
        ALTER TABLE dbo.t WITH NOCHECK ADD CONSTRAINT FK_t FOREIGN KEY (v) REFERENCES dbo.p (id)",
    );
    assert_eq!(shown(&world, "v"), ["1", "99"]);
    assert_eq!(world.target_value("SELECT convalidated FROM pg_constraint WHERE conname = 'FK_t'"), "f");
}

#[test]
fn referential_actions_are_kept() {
    let world = copied(
        "CREATE TABLE dbo.p (id int NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY,
            a int NULL CONSTRAINT FK_a REFERENCES dbo.p (id) ON DELETE CASCADE,
            b int NULL CONSTRAINT FK_b REFERENCES dbo.p (id) ON DELETE SET NULL ON UPDATE CASCADE,
            c int NULL DEFAULT 1 CONSTRAINT FK_c REFERENCES dbo.p (id) ON UPDATE SET DEFAULT)",
    );
    let keys = "SELECT string_agg(confdeltype::text || confupdtype::text, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'dbo.t'::regclass AND contype = 'f'";
    assert_eq!(world.target_value(keys), "ca nc ad");
}

/// Under a collation that ignores case `ABC` is `abc`; in the target it is not, and its row has no parent.
#[test]
fn a_key_that_only_matches_without_case_is_told() {
    let world = world(
        "CREATE TABLE dbo.p (code varchar(10) COLLATE Latin1_General_CI_AS NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v varchar(10) COLLATE Latin1_General_CI_AS NULL CONSTRAINT FK_t REFERENCES dbo.p (code));
        INSERT INTO dbo.p VALUES ('abc');
        INSERT INTO dbo.t VALUES (1, 'ABC')",
    );
    let ran = world.run(&["run"]);
    assert_ne!(ran.code(), Some(0), "{}", ran.stderr);
    ran.says("FK_t");
    assert_eq!(shown(&world, "v"), ["ABC"]);
}

#[test]
fn a_collation_that_ignores_case_can_be_kept() {
    let script = "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v varchar(10) COLLATE Latin1_General_CI_AS NULL CONSTRAINT UQ_t UNIQUE,
            w varchar(10) COLLATE Latin1_General_CS_AS NULL);
        INSERT INTO dbo.t VALUES (1, 'Abc', 'Abc')";
    for how in ["icu", "citext"] {
        let world = world(script);
        world.target("CREATE EXTENSION citext");
        world.succeed(&["run", "--collations", how]);
        assert_eq!(shown(&world, "(v = 'aBC')::text || (w = 'aBC')::text || v"), ["truefalseAbc"], "{how}");
        let again = "DO $$ BEGIN INSERT INTO dbo.t VALUES (2, 'ABC', 'x'); RAISE 'not unique'; EXCEPTION WHEN unique_violation THEN NULL; END $$";
        world.target(again);
    }
}

#[test]
fn keys_that_would_become_equal_are_told_first() {
    let world = world(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v varchar(10) COLLATE Latin1_General_CS_AS NOT NULL CONSTRAINT UQ_t UNIQUE);
        INSERT INTO dbo.t VALUES (1, 'abc'), (2, 'ABC'), (3, 'x')",
    );
    world.target("CREATE EXTENSION citext");
    world.run(&["run", "--map", "varchar=citext"]).exits(3).says("UQ_t");
    assert_eq!(world.target_value("SELECT count(*) FROM pg_tables WHERE schemaname = 'dbo'"), "0");
}

#[test]
fn an_identity_goes_on_where_it_was() {
    let world = copied(
        "CREATE TABLE dbo.t (id int IDENTITY(10, 5) NOT NULL PRIMARY KEY, v int NULL);
        INSERT INTO dbo.t (v) VALUES (1), (2), (3);
        DELETE FROM dbo.t WHERE id = 20",
    );
    assert_eq!(world.target_value("INSERT INTO dbo.t (v) VALUES (4) RETURNING id"), "25");
}

#[test]
fn a_sequence_goes_on_where_it_was() {
    let world = copied(
        "CREATE SEQUENCE dbo.Numbers AS int START WITH 100 INCREMENT BY -10 MINVALUE 0 MAXVALUE 100 CYCLE;
        CREATE SEQUENCE dbo.Fresh AS bigint START WITH 7;
        CREATE TABLE dbo.t (id int NOT NULL CONSTRAINT DF_t DEFAULT (NEXT VALUE FOR dbo.Numbers) PRIMARY KEY, v int NULL);
        INSERT INTO dbo.t (v) VALUES (1), (2)",
    );
    assert_eq!(world.target_value("INSERT INTO dbo.t (v) VALUES (3) RETURNING id"), "80");
    assert_eq!(world.target_value("SELECT nextval('dbo.\"Fresh\"')"), "7");
}

#[test]
fn comments_are_kept() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v int NULL)
        EXEC sp_addextendedproperty N'MS_Description', N'it''s a table — «t»', N'SCHEMA', N'dbo', N'TABLE', N't'
        EXEC sp_addextendedproperty N'MS_Description', N'its value', N'SCHEMA', N'dbo', N'TABLE', N't', N'COLUMN', N'v'",
    );
    let comments = "SELECT obj_description('dbo.t'::regclass, 'pg_class') || '; ' || col_description('dbo.t'::regclass, 2)";
    assert_eq!(world.target_value(comments), "it's a table — «t»; its value");
}

#[test]
fn checks_are_kept() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v int NULL CONSTRAINT CK_v CHECK (v BETWEEN 1 AND 9), w char(1) NULL,
            CONSTRAINT CK_both CHECK (v > 3 OR w IN ('a', 'b')));
        INSERT INTO dbo.t VALUES (1, 5, NULL), (2, NULL, NULL)",
    );
    let broken = |values: &str| {
        world.target(&format!("DO $$ BEGIN INSERT INTO dbo.t VALUES {values}; RAISE 'not checked'; EXCEPTION WHEN check_violation THEN NULL; END $$"));
    };
    broken("(3, 10, 'a')");
    broken("(4, 1, 'z')");
    world.target("INSERT INTO dbo.t VALUES (5, 1, 'b'), (6, NULL, 'z')");
}

#[test]
fn a_unique_key_has_one_null() {
    let world = copied(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v int NULL CONSTRAINT UQ_t UNIQUE);
        INSERT INTO dbo.t VALUES (1, NULL), (2, 5)",
    );
    let again = "DO $$ BEGIN INSERT INTO dbo.t VALUES (3, NULL); RAISE 'a second NULL'; EXCEPTION WHEN unique_violation THEN NULL; END $$";
    world.target(again);
}

#[test]
fn no_table_is_left_unlogged() {
    let world = copied("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY); INSERT INTO dbo.t VALUES (1)");
    let kinds = "SELECT string_agg(DISTINCT relpersistence::text, '') FROM pg_class WHERE relnamespace = 'dbo'::regnamespace";
    assert_eq!(world.target_value(kinds), "p");
}
