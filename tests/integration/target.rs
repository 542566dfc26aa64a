//! The target against a real PostgreSQL. `SHARDFERRY_TEST_PG_URL` names its superuser (tests/env/postgres.sh start);
//! `SHARDFERRY_TEST_PG_TLS_URL` and `SHARDFERRY_TEST_PG_TLS_DIR` the one that was started with `--tls`.

#[path = "target/catalog.rs"]
mod catalog;
#[path = "target/connecting.rs"]
mod connecting;
#[path = "target/ledger.rs"]
mod ledger;
#[path = "target/writing.rs"]
mod writing;

use bytes::{BufMut, Bytes, BytesMut};
use shardferry::model::identity::DatabaseIdentity;
use shardferry::model::names::{ColumnName, TableName};
use shardferry::model::plan::{
    Plan, PlanOptions, PlannedColumn, PlannedIdentity, PlannedSource, PlannedTable,
};
use shardferry::model::types::SourceType;
use shardferry::postgres::client::Client;
use shardferry::postgres::ledger::Marker;
use shardferry::settings::target::TargetSettings;
use std::sync::atomic::{AtomicU32, Ordering};

#[expect(clippy::disallowed_methods, reason = "tests take the address of the server from the environment")]
fn environment(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: start a server with tests/env/postgres.sh"))
}

/// Every marker of the run, by table and chunk.
async fn markers(client: &Client, run: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    for table in shardferry::postgres::ledger::tallies(client, run).await.unwrap().into_keys() {
        let chunks = shardferry::postgres::ledger::chunks(client, run, table).await.unwrap();
        markers.extend(chunks.into_iter().filter_map(|chunk| chunk.marker));
    }
    markers
}

fn url() -> String {
    environment("SHARDFERRY_TEST_PG_URL")
}

/// A database of the test's own; dropped at its end, also after a failure, by the next run's server if not by us.
struct Database {
    name: String,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Database {
    async fn create() -> Self {
        Self::create_as("").await
    }

    async fn create_as(options: &str) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("target_{}_{number}", std::process::id());
        outside(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        outside(&format!("CREATE DATABASE {name} {options}")).await;
        Self { name }
    }

    fn url(&self) -> String {
        let (server, _) = url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        format!("{server}/{}", self.name)
    }

    async fn connect(&self) -> Client {
        connect_to(&self.url()).await
    }

    async fn connect_as(&self, application_name: &str) -> Client {
        Client::connect(&TargetSettings::parse(&self.url()).unwrap(), application_name).await.unwrap()
    }

    async fn drop(self) {
        outside(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// A statement that no transaction may hold; our client has nothing outside of one.
async fn outside(sql: &str) {
    let (client, connection) = tokio_postgres::connect(&url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

async fn connect_to(url: &str) -> Client {
    Client::connect(&TargetSettings::parse(url).unwrap(), "shardferry tests").await.unwrap()
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, sql: &str) -> T {
    client.query(sql, &[]).await.unwrap()[0].get(0)
}

fn column(source: &str, target: &str, ty: &str, nullable: bool) -> PlannedColumn {
    PlannedColumn {
        map: None,
        policies: shardferry::model::policy::Policies::default(),
        mask: None,
        collation: None,
        source: ColumnName::new(source),
        target: ColumnName::new(target),
        source_type: SourceType {
            name: "int".into(),
            alias: None,
            max_length: 4,
            precision: 10,
            scale: 0,
            collation: None,
        },
        target_type: ty.to_owned(),
        nullable,
        identity: None,
    }
}

/// `public.orders (id integer identity primary key, note varchar(5))`
fn orders() -> PlannedTable {
    let mut id = column("Id", "id", "integer", false);
    id.identity = Some(PlannedIdentity { seed: "1".to_owned(), increment: "1".to_owned() });
    PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index: 1,
        source: TableName::new("dbo", "Orders"),
        target: TableName::new("public", "orders"),
        columns: vec![id, column("Note", "note", "varchar(5)", true)],
        unsupported: vec![],
        primary_key: vec![ColumnName::new("Id")],
        chunk_key: None,
        rows: 0,
        bytes: 0,
        long_keys: Vec::new(),
        column_fingerprint: String::new(),
        in_memory: false,
    }
}

/// A plan of these tables.
fn plan(tables: Vec<PlannedTable>) -> Plan {
    Plan {
        version: 3,
        fingerprint: String::new(),
        operation: String::new(),
        digest: String::new(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        source: PlannedSource {
            server: String::new(),
            database: String::new(),
            product_version: String::new(),
            identity: DatabaseIdentity::default(),
            log_position: None,
        },
        target: None,
        options: PlanOptions::default(),
        tables,
    }
}

/// One COPY BINARY tuple of [`orders`].
fn tuple(id: i32, note: Option<&str>) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(2);
    bytes.put_i32(4);
    bytes.put_i32(id);
    match note {
        None => bytes.put_i32(-1),
        Some(note) => {
            bytes.put_i32(i32::try_from(note.len()).unwrap());
            bytes.put_slice(note.as_bytes());
        }
    }
    bytes.freeze()
}
