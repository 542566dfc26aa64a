//! The catalog's queries against an engine that holds what they describe: every `.sql` of the source runs for real,
//! and what comes out is compared whole.

use mssim::engine::{Denial, Engine, EngineOptions};
use mssim::session::EngineBackend;
use mssim::{Options, Server};
use shardferry::model::identity::DatabaseIdentity;
use shardferry::model::table::{ForeignKey, Index, SourceTable};
use shardferry::settings::source::SourceSettings;
use shardferry::sqlserver::catalog;
use shardferry::sqlserver::client::Client;
use std::sync::Arc;

const SCRIPT: &str = include_str!("source_catalog_engine.sql");
const PARTITION_STATS: &str = "sys.dm_db_partition_stats";

struct Source {
    engine: Arc<Engine>,
    client: Client,
    _server: Server,
}

async fn source() -> Source {
    let engine =
        Engine::new(EngineOptions { database: "shop".to_owned(), ..EngineOptions::default() }).unwrap();
    engine.load_script(SCRIPT).unwrap();
    let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
    let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/shop?encrypt=off", server.port());
    let client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
    Source { engine, client, _server: server }
}

/// A table in lines: name, columns, key.
fn shown(table: &SourceTable) -> String {
    let mut out = format!("{}\n", table.name);
    for c in &table.columns {
        let ty = &c.ty;
        out += &format!(
            "  {} {} {} {} {}.{}",
            c.ordinal, c.name, ty.name, ty.max_length, ty.precision, ty.scale
        );
        out += if c.nullable { " null" } else { "" };
        out += &ty.alias.as_ref().map_or(String::new(), |alias| format!(" alias {alias}"));
        out += &ty.collation.as_ref().map_or(String::new(), |name| format!(" {name}"));
        if let Some(i) = &c.identity {
            out +=
                &format!(" identity {} {} {}", i.seed, i.increment, i.last_value.as_deref().unwrap_or("-"));
        }
        out += &c.computed.as_ref().map_or(String::new(), |e| format!(" as {e}"));
        out += if c.hidden { " hidden\n" } else { "\n" };
    }
    if let Some(key) = &table.primary_key {
        let columns: Vec<_> = key.columns.iter().map(column).collect();
        let kind = if key.clustered { "clustered" } else { "heap" };
        out += &format!("  key {} {kind}: {}\n", key.name, columns.join(", "));
    }
    out
}

fn column(key: &shardferry::model::table::KeyColumn) -> String {
    format!("{}{}", key.name, if key.descending { " desc" } else { "" })
}

fn shown_index(index: &Index) -> String {
    let mut out = format!("{} {} {}:", index.table, index.name, index.kind);
    let columns: Vec<_> = index.columns.iter().map(column).collect();
    out += &format!(" {}", columns.join(", "));
    for name in &index.included {
        out += &format!(" +{name}");
    }
    out += if index.unique { " unique" } else { "" };
    out += if index.constraint { " constraint" } else { "" };
    out += if index.disabled { " disabled" } else { "" };
    out + &index.filter.as_ref().map_or(String::new(), |filter| format!(" where {filter}"))
}

fn shown_key(key: &ForeignKey) -> String {
    let pairs: Vec<_> =
        key.columns.iter().zip(&key.referenced_columns).map(|(a, b)| format!("{a}>{b}")).collect();
    format!(
        "{} {}: {} of {} {:?} {:?}{}{}",
        key.table,
        key.name,
        pairs.join(", "),
        key.referenced,
        key.on_delete,
        key.on_update,
        if key.disabled { " disabled" } else { "" },
        if key.not_trusted { " untrusted" } else { "" },
    )
}

fn sizes(tables: &[SourceTable]) -> Vec<(String, u64, u64)> {
    tables.iter().map(|t| (t.name.to_string(), t.rows, t.bytes)).collect()
}

fn sized(name: &str, rows: u64, bytes: u64) -> (String, u64, u64) {
    (name.to_owned(), rows, bytes)
}

#[tokio::test]
async fn every_table_is_described_exactly() {
    let tables = catalog::read(&mut source().await.client).await.unwrap().tables;
    let all: String = tables.iter().map(shown).collect();
    assert_eq!(all, include_str!("source_catalog_engine.tables.txt"));
}

#[tokio::test]
async fn indexes_are_described_exactly() {
    let indexes = catalog::read(&mut source().await.client).await.unwrap().indexes;
    let all: Vec<_> = indexes.iter().map(shown_index).collect();
    assert_eq!(
        all,
        [
            "dbo.product IX_old NONCLUSTERED: price disabled",
            "sales dept.order IX placed NONCLUSTERED: placed desc, region +amount +Größe 日本 unique where ([quantity]>(0))",
            "sales dept.order UQ order by NONCLUSTERED: Order By, a]b desc unique constraint",
            "sales dept.order line IX_line_note NONCLUSTERED: order_region, order_from desc where ([deleted]=(0) AND [note] IS NOT NULL)",
            "select.table CX table CLUSTERED: big",
        ]
    );
}

#[tokio::test]
async fn foreign_keys_are_described_exactly() {
    let keys = catalog::objects(&mut source().await.client).await.unwrap().foreign_keys;
    let all: Vec<_> = keys.iter().map(shown_key).collect();
    assert_eq!(
        all,
        [
            "sales dept.order line FK order: order_region>region, order_from>from of sales dept.order Cascade SetNull",
            "sales dept.order line FK_product: product>id of dbo.product SetDefault NoAction untrusted",
            "sales dept.order line FK_self: parent>line of sales dept.order line NoAction NoAction disabled untrusted",
        ]
    );
}

#[tokio::test]
async fn the_server_is_described() {
    let mut source = source().await;
    let server = catalog::server(&mut source.client).await.unwrap();
    assert_eq!((server.name.as_str(), server.database.as_str()), ("MSSIM", "shop"));
    assert!(server.product_version.starts_with("16.0."), "{}", server.product_version);
    assert!(server.edition.is_some());
    assert!(!server.snapshot_isolation);
    source.client.execute("ALTER DATABASE [shop] SET ALLOW_SNAPSHOT_ISOLATION ON").await.unwrap();
    assert!(catalog::server(&mut source.client).await.unwrap().snapshot_isolation);
}

#[tokio::test]
async fn a_database_is_known_by_its_own_identity() {
    let mut source = source().await;
    let known = catalog::server(&mut source.client).await.unwrap().identity;
    let created = known.created_at.as_deref().unwrap_or_default();
    assert!(created.starts_with("2024-01-01T00:00:00"), "{created}");
    assert!(known.family.as_deref().is_some_and(|guid| guid.len() == 36 && guid == guid.to_lowercase()));
    assert!(known.broker.is_some() && known.recovery_fork.is_some() && known.family != known.broker);
    source.engine.set_server_name("REPLICA2");
    let replica = catalog::server(&mut source.client).await.unwrap();
    assert_eq!((replica.name.as_str(), &replica.identity), ("REPLICA2", &known));
    for denial in [Denial::Denied, Denial::Missing] {
        source.engine.deny_view("sys.database_recovery_status", Some(denial));
        let less = catalog::server(&mut source.client).await.unwrap().identity;
        let expected = DatabaseIdentity { family: None, recovery_fork: None, ..known.clone() };
        assert_eq!(less, expected, "{denial:?}");
    }
    source.engine.deny_view("sys.database_recovery_status", None);
    // A database snapshot is known by the database that it is one of.
    source
        .client
        .execute("CREATE DATABASE night ON (NAME = shop, FILENAME = '/n.ss') AS SNAPSHOT OF shop")
        .await
        .unwrap();
    source.client.execute("USE night").await.unwrap();
    assert_eq!(catalog::server(&mut source.client).await.unwrap().identity, known);
}

#[tokio::test]
async fn sizes_come_from_the_best_view_that_may_be_read() {
    let mut source = source().await;
    let of = |odd, product, order| {
        [
            sized("dbo.odd", 5, odd),
            sized("dbo.product", 3, product),
            sized("sales dept.order", 2, order),
            sized("sales dept.order line", 0, 0),
            sized("select.table", 0, 0),
        ]
    };
    // One page of rows each; the page that allocates is not data.
    let best = of(8192, 8192, 8192);
    assert_eq!(sizes(&catalog::read(&mut source.client).await.unwrap().tables), best);
    for denial in [Denial::Denied, Denial::Missing] {
        source.engine.deny_view(PARTITION_STATS, Some(denial));
        let pages = sizes(&catalog::read(&mut source.client).await.unwrap().tables);
        assert_eq!(pages, of(16384, 16384, 16384), "{denial:?}");
        source.engine.deny_view("sys.allocation_units", Some(denial));
        let widths = sizes(&catalog::read(&mut source.client).await.unwrap().tables);
        // By the declared widths of the columns.
        assert_eq!(widths, of(5 * 2997, 3 * 169, 2 * 109), "{denial:?}");
        source.engine.deny_view("sys.partitions", Some(denial));
        let nothing = catalog::read(&mut source.client).await.unwrap().tables;
        assert_eq!(nothing.len(), best.len(), "{denial:?}");
        assert!(nothing.iter().all(|t| (t.rows, t.bytes) == (0, 0)), "{denial:?}");
        for view in ["sys.allocation_units", "sys.partitions"] {
            source.engine.deny_view(view, None);
        }
    }
    source.engine.deny_view(PARTITION_STATS, None);
    assert_eq!(sizes(&catalog::read(&mut source.client).await.unwrap().tables), best);
}
