//! The catalog's loader against scripted rows: how tables are put together, and what is done without.

use super::script::{Answer, Script};
use super::settings;
use mssim::{Options, Server};
use shardferry::error::ErrorKind;
use shardferry::model::names::TableName;
use shardferry::model::table::{ReferentialAction, SourceTable};
use shardferry::sqlserver::catalog;
use shardferry::sqlserver::client::Client;
use std::sync::Arc;

/// One row, its columns parted by `|`; `~` is NULL.
fn row(text: &'static str) -> Vec<Option<&'static str>> {
    text.split('|').map(|part| (part != "~").then_some(part)).collect()
}

fn answer(query: &'static str, rows: &[&'static str]) -> Answer {
    Answer(query, Ok(rows.iter().map(|text| row(text)).collect()))
}

/// Two tables; `dbo.orders` has an alias type, an identity, a computed and a hidden column, and a key that is not in
/// column order.
fn shop() -> Vec<Answer> {
    vec![
        answer("t.is_memory_optimized = 1", &["20"]),
        answer("FROM sys.tables AS t", &["20|sales|lines", "10|dbo|orders", "30|dbo|elsewhere"]),
        answer("FROM sys.external_tables", &["30"]),
        answer("c.is_hidden = 1", &["10|6"]),
        answer("FROM sys.identity_columns", &["10|1|1|5|99999999999999999999|id", "20|1|1|1|~|id"]),
        answer("FROM sys.computed_columns", &["10|5|([a]+(1))"]),
        answer("FROM sys.types AS ty", TYPES),
        answer(
            "c.user_type_id",
            &[
                "10|1|id|106|13|20|0|~|0|0",
                "10|2|code|900|10|0|0|Latin1_General_CI_AS|1|0",
                "10|4|name|256|256|0|0|Latin1_General_CI_AS|0|0",
                "10|5|next|56|4|10|0|~|1|1",
                "10|6|since|42|8|27|7|~|0|0",
                "20|1|id|56|4|10|0|~|0|0",
                "20|2|place|130|-1|0|0|~|1|0",
                "20|3|point|901|8|0|0|~|1|0",
                "30|1|x|56|4|10|0|~|0|0",
            ],
        ),
        answer("i.is_primary_key = 1", &["10|pk_orders|CLUSTERED|name|0", "10|pk_orders|CLUSTERED|id|1"]),
        answer("sys.dm_db_partition_stats AS p", &["10|5000000000|81920", "20|7|8192", "99|1|1"]),
    ]
}

/// sys.types: built-in ones with an id of their own or a shared one, an alias, a class of the user.
const TYPES: &[&str] = &[
    "42|42|sys|datetime2|0|0|0",
    "56|56|sys|int|0|0|0",
    "106|106|sys|decimal|0|0|0",
    "130|240|sys|geography|0|1|0",
    "165|165|sys|varbinary|0|0|0",
    "167|167|sys|varchar|0|0|0",
    "231|231|sys|nvarchar|0|0|0",
    "255|165|sys|vector|0|0|0",
    "256|231|sys|sysname|0|0|0",
    "900|167|dbo|Code|1|0|0",
    "901|240|dbo|Point|1|1|0",
];

async fn connect(catalog: Vec<Answer>) -> (Server, Client) {
    let server = Server::start(Options::new(Arc::new(Script { catalog }))).unwrap();
    let client = Client::connect(&settings(&server, "encrypt=off")).await.unwrap();
    (server, client)
}

async fn shop_tables(changes: Vec<Answer>) -> Vec<SourceTable> {
    let (_server, mut client) = connect(changes.into_iter().chain(shop()).collect()).await;
    catalog::read(&mut client).await.unwrap().tables
}

#[tokio::test]
async fn tables_are_put_together() {
    let tables = shop_tables(Vec::new()).await;
    let names: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(names, ["dbo.orders", "sales.lines"]);
    assert!(!tables[0].in_memory && tables[1].in_memory);
    let orders = &tables[0];
    let columns: Vec<String> =
        orders.columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect();
    assert_eq!(
        columns,
        ["id decimal(20,0)", "code varchar(10)", "name nvarchar(128)", "next int", "since datetime2(7)"]
    );
    assert_eq!((orders.rows, orders.bytes), (5_000_000_000, 81920));
    let identity = orders.columns[0].identity.as_ref().unwrap();
    assert_eq!((identity.seed.as_str(), identity.increment.as_str()), ("1", "5"));
    assert_eq!(identity.last_value.as_deref(), Some("99999999999999999999"));
    assert_eq!(orders.columns[1].ty.alias.as_deref(), Some("dbo.Code"));
    assert_eq!(orders.columns[1].ty.collation.as_deref(), Some("Latin1_General_CI_AS"));
    assert!(orders.columns[1].nullable && !orders.columns[0].nullable);
    assert_eq!(orders.columns[3].computed.as_deref(), Some("([a]+(1))"));
    assert_eq!(
        orders.columns.iter().map(|column| column.hidden).collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
    let key = orders.primary_key.as_ref().unwrap();
    assert!(key.clustered && key.name == "pk_orders");
    let key: Vec<_> = key.columns.iter().map(|column| (column.name.as_str(), column.descending)).collect();
    assert_eq!(key, [("name", false), ("id", true)]);
    let lines = &tables[1];
    assert!(lines.primary_key.is_none());
    assert_eq!(lines.columns[0].identity.as_ref().unwrap().last_value, None);
    assert_eq!(
        (lines.columns[1].ty.name.as_str(), lines.columns[1].ty.alias.as_deref()),
        ("geography", None)
    );
    assert_eq!(
        (lines.columns[2].ty.name.as_str(), lines.columns[2].ty.alias.as_deref()),
        ("clr", Some("dbo.Point"))
    );
}

#[tokio::test]
async fn an_old_server_and_a_poor_login_cost_only_what_they_hide() {
    let old = vec![
        Answer("FROM sys.external_tables", Err(208)),
        Answer("c.is_hidden = 1", Err(207)),
        Answer("sys.dm_db_partition_stats AS p", Err(262)),
        answer("SUM(p.rows)", &["10|100", "20|7"]),
        answer("sys.allocation_units", &["20|16384"]),
    ];
    let tables = shop_tables(old).await;
    assert_eq!(tables.len(), 3, "external tables are not known");
    // decimal 13, varchar 5, sysname 128, int 4, datetime2 8 bytes a row.
    assert_eq!((tables[1].rows, tables[1].bytes), (100, 15_800));
    assert_eq!((tables[2].rows, tables[2].bytes), (7, 16_384));
    let poor = vec![
        Answer("sys.dm_db_partition_stats AS p", Err(297)),
        Answer("SUM(p.rows)", Err(229)),
        Answer("sys.allocation_units", Err(229)),
    ];
    assert_eq!(shop_tables(poor).await[0].rows, 0);
}

#[tokio::test]
async fn what_cannot_be_read_costs_itself_and_is_written_down() {
    for (query, outcome, what, columns) in [
        ("FROM sys.types AS ty", Err(229), "types", 5),
        ("i.is_primary_key = 1", Err(229), "primary keys", 5),
        ("c.user_type_id", Err(208), "columns", 0),
        ("c.user_type_id", Ok(vec![row("10|1|~|56|4|10|0|~|0|0")]), "columns", 0),
        ("c.user_type_id", Ok(vec![row("10|1|a|56|99999|10|0|~|0|0")]), "columns", 0),
    ] {
        let mut answers = vec![Answer(query, outcome)];
        answers.extend(shop());
        let (_server, mut client) = connect(answers).await;
        let seen = catalog::read(&mut client).await.unwrap();
        assert!(seen.unread.iter().any(|unread| unread.what == what), "{query}: {:?}", seen.unread);
        assert_eq!(seen.tables[0].columns.len(), columns, "{query}");
    }
    // A type that the catalog does not list is known when the server describes the column; this one describes nothing.
    let unlisted = Answer("c.user_type_id", Ok(vec![row("10|1|a|999|4|10|0|~|~|~")]));
    let (_server, mut client) = connect([unlisted].into_iter().chain(shop()).collect()).await;
    let seen = catalog::read(&mut client).await.unwrap();
    assert_eq!(seen.tables[0].columns[0].ty.to_string(), "a type that the catalog does not name");
    assert_eq!(seen.unreadable.len(), 2);
}

#[tokio::test]
async fn a_server_is_described() {
    let described = |changes: Vec<Answer>| async move {
        let mut answers = vec![
            answer("sys.database_recovery_status", &["0A0B|0C0D"]),
            answer("service_broker_guid", &["00000000-0000-0000-0000-000000000000|2024-05-06T07:08:09.123"]),
        ];
        answers.extend(changes);
        answers
            .push(answer("FROM sys.databases", &["DB1\\X|shop|16.0.4165.4|Developer Edition (64-bit)|1|~"]));
        let (_server, mut client) = connect(answers).await;
        catalog::server(&mut client).await.unwrap()
    };
    let server = described(vec![answer("fn_cdc_get_max_lsn", &["0x0000002A0000"])]).await;
    assert_eq!((server.name.as_str(), server.database.as_str()), ("DB1\\X", "shop"));
    assert_eq!(
        (server.identity.family.as_deref(), server.identity.recovery_fork.as_deref()),
        (Some("0a0b"), Some("0c0d"))
    );
    // A database without Service Broker has no identifier of it.
    assert_eq!(
        (server.identity.broker, server.identity.created_at.as_deref()),
        (None, Some("2024-05-06T07:08:09.123"))
    );
    assert!(server.snapshot_isolation);
    assert_eq!(server.log_position.as_deref(), Some("0x0000002A0000"));
    let without_cdc =
        vec![Answer("fn_cdc_get_max_lsn", Err(208)), answer("dm_db_log_stats", &["0000002a:00000148:0001"])];
    assert_eq!(described(without_cdc).await.log_position.as_deref(), Some("0000002a:00000148:0001"));
    let denied = vec![
        Answer("fn_cdc_get_max_lsn", Err(229)),
        Answer("dm_db_log_stats", Err(262)),
        answer("FROM sys.databases", &["~|shop|13.0|~|0|~"]),
    ];
    let server = described(denied).await;
    assert_eq!((server.name.as_str(), server.edition, server.log_position), ("127.0.0.1", None, None));
    assert!(!server.snapshot_isolation);
}

#[tokio::test]
async fn indexes_and_foreign_keys_are_put_together() {
    let answers = vec![
        answer(
            "i.is_hypothetical = 0",
            &[
                "dbo|orders|ix|NONCLUSTERED|1|0|0|([a] IS NOT NULL)|b|1|0|1|1",
                "dbo|orders|ix|NONCLUSTERED|1|0|0|([a] IS NOT NULL)|a|2|0|0|1",
                "dbo|orders|ix|NONCLUSTERED|1|0|0|([a] IS NOT NULL)|part|0|0|0|1",
                "dbo|orders|ix|NONCLUSTERED|1|0|0|([a] IS NOT NULL)|c|0|1|0|1",
                "dbo|orders|uq|Nonclustered|1|1|1|~|a|1|0|0|0",
                "dbo|orders|hidden|NONCLUSTERED|1|0|0|~|a|1|0|0|1",
                "dbo|orders|space|SPATIAL|0|0|0|~|~|~|~|~|0",
            ],
        ),
        answer(
            "FROM sys.foreign_keys",
            &[
                "dbo|orders|fk|a|sales|lines|x|1|0|0|1",
                "dbo|orders|fk|b|sales|lines|y|1|0|0|1",
                "dbo|orders|fk2|a|dbo|orders|id|3|2|1|0",
                "dbo|orders|unseen|a|~|~|~|0|0|0|0",
            ],
        ),
    ];
    let (_server, mut client) = connect(answers).await;
    let indexes = catalog::read(&mut client).await.unwrap().indexes;
    let kinds: Vec<_> = indexes.iter().map(|index| (index.name.as_str(), index.kind.as_str())).collect();
    let plain = "NONCLUSTERED";
    assert_eq!(kinds, [("hidden", plain), ("ix", plain), ("space", "SPATIAL"), ("uq", plain)]);
    assert_eq!(indexes[0].filter.as_deref(), Some(""), "a filter that may not be seen is a filter");
    let indexes = [indexes[1].clone(), indexes[3].clone()];
    let columns: Vec<_> =
        indexes[0].columns.iter().map(|column| (column.name.as_str(), column.descending)).collect();
    assert_eq!(columns, [("b", true), ("a", false)]);
    assert_eq!(indexes[0].included[0].as_str(), "c");
    assert_eq!(indexes[0].filter.as_deref(), Some("([a] IS NOT NULL)"));
    assert!(indexes[0].unique && !indexes[0].constraint && indexes[1].constraint && indexes[1].disabled);
    let keys = catalog::objects(&mut client).await.unwrap().foreign_keys;
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].referenced, TableName::new("sales", "lines"));
    let pairs: Vec<_> = keys[0]
        .columns
        .iter()
        .zip(&keys[0].referenced_columns)
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(pairs, [("a", "x"), ("b", "y")]);
    assert_eq!(
        (keys[0].on_delete, keys[0].on_update),
        (ReferentialAction::Cascade, ReferentialAction::NoAction)
    );
    assert!(keys[0].not_trusted && !keys[0].disabled && keys[1].disabled);
    assert_eq!(
        (keys[1].on_delete, keys[1].on_update),
        (ReferentialAction::SetDefault, ReferentialAction::SetNull)
    );
}

/// What only a server that has everything shows: hidden definitions, partitions, history, modules.
#[tokio::test]
async fn objects_are_put_together() {
    let answers = vec![
        answer("FROM sys.databases", &["DB1|shop|14.0.1|~|0|~"]),
        answer("FROM sys.types AS ty", TYPES),
        answer(
            "FROM sys.tables AS t\nLEFT JOIN sys.schemas AS s ON s.schema_id = t.schema_id\nWHERE t.is_ms_shipped = 0\nORDER",
            &["10|dbo|orders"],
        ),
        answer("sys.fulltext_index_columns", &["dbo|orders|a", "dbo|orders|b"]),
        answer("OBJECT_DEFINITION(c.default_object_id)", &[]),
        answer(
            "LEFT JOIN sys.default_constraints",
            &["dbo|orders|a|DF_a|((0))|~", "dbo|orders|b|DF_b|~|~", "dbo|orders|c|~|~|~"],
        ),
        answer("sys.check_constraints", &["dbo|orders|CK|~|~|0|1", "dbo|orders|CK2|a|([a]>(0))|1|1"]),
        answer(
            "q.current_value",
            &[
                "dbo|used|56|10|1|1|1|9|0|~|4",
                "dbo|fresh|56|10|1|1|1|9|1|20|1",
                "dbo|again|56|10|1|1|1|9|~|~|1",
            ],
        ),
        answer("q.last_used_value", &["dbo|used|4", "dbo|fresh|~", "dbo|again|7"]),
        answer(
            "sys.partition_schemes",
            &["dbo|orders|ps|pf|at|0|1|2023-01-01", "dbo|orders|ps|pf|at|0|2|~", "dbo|whole|ps|pf|at|1|~|~"],
        ),
        answer("FROM sys.periods", &["dbo|orders|since|until"]),
        answer("t.temporal_type = 2", &["dbo|orders|dbo|orders_history", "dbo|other|~|~"]),
        answer(
            "FROM sys.objects AS o",
            &[
                "1|dbo|v|V |~|~",
                "2|dbo|p|P |~|~",
                "3|dbo|t|TR|dbo|orders",
                "4|dbo|f|IF|~|~",
                "5|dbo|r|R |~|~",
            ],
        ),
        answer(
            "FROM sys.sql_modules",
            &["1|CREATE VIEW dbo.v AS SELECT 1 AS x", "2|~", "9|CREATE TRIGGER x"],
        ),
        answer("FROM sys.triggers", &["3|t|1|1", "9|x|0|0"]),
    ];
    let (_server, mut client) = connect(answers).await;
    let objects = catalog::objects(&mut client).await.unwrap();
    assert_eq!(objects.unread, []);
    assert_eq!(objects.fulltext[0].columns.len(), 2);
    let defaults: Vec<_> =
        objects.defaults.iter().map(|d| (d.name.as_deref(), d.expression.as_deref())).collect();
    assert_eq!(defaults, [(Some("DF_a"), Some("((0))")), (Some("DF_b"), None), (None, None)]);
    assert_eq!((objects.checks[0].expression.as_deref(), objects.checks[0].not_trusted), (None, true));
    assert_eq!(objects.checks[1].column.as_ref().unwrap().as_str(), "a");
    let used: Vec<_> = objects.sequences.iter().map(|s| (s.name.name.as_str(), s.used, s.cycle)).collect();
    // Restarted since: nobody knows whether the number that stands there was given.
    assert_eq!(
        used,
        [("used", Some(true), false), ("fresh", Some(false), true), ("again", Some(true), false)]
    );
    assert_eq!(objects.partitions[0].bounds, [Some("2023-01-01".to_owned()), None]);
    assert!(objects.partitions[1].bounds.is_empty() && objects.partitions[1].right);
    assert_eq!(objects.temporal[0].period.as_ref().unwrap().1.as_str(), "until");
    assert_eq!(objects.temporal[1].history, None);
    let modules: Vec<_> = objects
        .modules
        .iter()
        .map(|m| format!("{} {} {} {}", m.kind, m.name.name, m.text.is_some(), m.disabled))
        .collect();
    assert_eq!(
        modules,
        [
            "view v true false",
            "procedure p false false",
            "function f false false",
            "trigger x true false",
            "trigger t false true",
            "rule r false false"
        ]
    );
}

#[tokio::test]
async fn an_older_server_has_no_sequences_and_that_is_no_finding() {
    let of = |version: &'static str| {
        vec![
            answer("engine_edition", &[version]),
            answer("FROM sys.types AS ty", TYPES),
            Answer("q.current_value", Err(208)),
            Answer("FROM sys.periods", Err(208)),
            Answer("t.temporal_type = 2", Err(207)),
        ]
    };
    let (_server, mut client) = connect(of("10.50.1|3")).await;
    assert_eq!(catalog::objects(&mut client).await.unwrap().unread, []);
    let (_server, mut client) = connect(of("16.0.1|3")).await;
    let unread = catalog::objects(&mut client).await.unwrap().unread;
    let what: Vec<_> = unread.iter().map(|unread| unread.what.as_str()).collect();
    assert_eq!(what, ["sequences", "periods of temporal tables", "temporal tables"]);
}

#[tokio::test]
async fn a_deadlock_is_not_taken_for_an_answer() {
    let (_server, mut client) = connect(vec![Answer("sys.check_constraints", Err(1205))]).await;
    assert_eq!(catalog::objects(&mut client).await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
}
