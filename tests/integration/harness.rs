//! The whole program against real servers: a test SQL Server in this process, a fresh PostgreSQL database and a fresh
//! checkpoint prefix for every test, and the real binary as a child process.
//!
//! Servers come from the environment (`tests/env/postgres.sh start`, `eval "$(tests/env/seaweed.sh env)"`); a missing
//! one is a failure. Nothing sleeps for a fixed time: [`until`] polls a condition and fails after a minute.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    dead_code,
    reason = "equipment of tests: a panic is a failure"
)]

#[path = "harness/account.rs"]
mod account;
#[path = "harness/child.rs"]
mod child;
#[path = "harness/collector.rs"]
pub(crate) mod collector;
#[path = "harness/compare.rs"]
mod compare;
#[path = "harness/credentials.rs"]
mod credentials;
#[path = "harness/postgres.rs"]
mod postgres;
#[path = "harness/store_proxy.rs"]
mod store_proxy;
#[path = "harness/target_proxy.rs"]
mod target_proxy;
#[path = "harness/terminal.rs"]
mod terminal;

pub(crate) use child::{Finished, Invocation, Running};
pub(crate) use credentials::CredentialsServer;
use mssim::engine::{Engine, EngineOptions};
use mssim::faults::{Fault, FaultId};
use mssim::generate::{self, GenerateOptions, TableSpec};
use mssim::session::EngineBackend;
use mssim::{Options, Server};
pub(crate) use postgres::{PgBouncer, PrivatePostgres};
use serde_json::Value as Json;
use shardferry::checkpoint::file::FileStore;
use shardferry::checkpoint::s3::{S3Options, S3Store};
use shardferry::checkpoint::store::{PutOutcome, Store};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
pub(crate) use store_proxy::{Asked, Broken, StoreProxy, When};
pub(crate) use target_proxy::{Cut, Sent, TargetProxy};
use tempfile::TempDir;
pub(crate) use terminal::TerminalEnd;
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// The run id that every invocation gets by default.
pub(crate) const RUN: &str = "run-1";
/// How long [`until`] and the waits of a child go on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "the runner of the tests names the servers")]
pub(crate) fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: start tests/env/postgres.sh and eval \"$(tests/env/seaweed.sh env)\"")
    })
}

/// The folder of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Does the config file that is given choose a name case? The environment would win over it.
fn chooses_a_case(arguments: &[&str]) -> bool {
    let file = arguments.windows(2).find(|pair| pair[0] == "--config").map(|pair| pair[1]);
    file.and_then(|file| std::fs::read_to_string(file).ok()).is_some_and(|text| text.contains("name-case:"))
}

/// The seed of a test that chooses at random: a new one, or the one of `SHARDFERRY_TEST_SEED`. The test prints it.
pub(crate) fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "to replay a failure")]
    let given = std::env::var("SHARDFERRY_TEST_SEED");
    given.map_or_else(|_| u64::from(rand::random::<u32>()), |text| text.parse().expect("a whole number"))
}

/// Asks until the answer is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A source, a target and a checkpoint prefix of the test's own.
pub(crate) struct World {
    pub(crate) engine: Arc<Engine>,
    pub(crate) server: Server,
    /// Of the target.
    pub(crate) database: String,
    pub(crate) checkpoint: String,
    store: Box<dyn Store>,
    /// Superuser of the target's server.
    admin_url: String,
    /// For config, secret and result files of the test.
    pub(crate) folder: TempDir,
    runtime: Runtime,
    /// Processes started since the last account.
    runs: Arc<AtomicU64>,
}

static WORLDS: AtomicU32 = AtomicU32::new(0);

/// A prefix of its own in the bucket, or a folder of its own.
fn fresh_store(s3: bool, name: &str, folder: &TempDir, runtime: &Runtime) -> (String, Box<dyn Store>) {
    let unique = format!("{name}-{:016x}", rand::random::<u64>());
    if !s3 {
        let directory = folder.path().join(unique);
        std::fs::create_dir(&directory).unwrap();
        return (format!("file://{}", directory.display()), Box::new(FileStore::open(&directory).unwrap()));
    }
    let bucket = environment("SHARDFERRY_TEST_BUCKET");
    let options = S3Options {
        endpoint: Some(environment("SHARDFERRY_TEST_S3_ENDPOINT")),
        region: Some(environment("AWS_REGION")),
        credentials: Some((environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"))),
    };
    let store = runtime.block_on(S3Store::open_with(&bucket, &unique, options)).unwrap();
    (format!("s3://{bucket}/{unique}"), Box::new(store))
}

impl World {
    /// Checkpoints in S3.
    pub(crate) fn new() -> Self {
        Self::make(true, environment("SHARDFERRY_TEST_PG_URL"))
    }

    /// The same with a PostgreSQL of one's own, by its superuser's URL.
    pub(crate) fn on(admin_url: &str) -> Self {
        Self::make(true, admin_url.to_owned())
    }

    /// Checkpoints in a folder.
    pub(crate) fn with_files() -> Self {
        Self::make(false, environment("SHARDFERRY_TEST_PG_URL"))
    }

    /// Checkpoints in a folder, and a source of another kind.
    pub(crate) fn of(options: EngineOptions) -> Self {
        Self::make_with(false, environment("SHARDFERRY_TEST_PG_URL"), options)
    }

    fn make(s3: bool, admin_url: String) -> Self {
        Self::make_with(s3, admin_url, EngineOptions::default())
    }

    fn make_with(s3: bool, admin_url: String, options: EngineOptions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let engine = Engine::new(options).unwrap();
        let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
        let name = format!("it_{}_{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        let (checkpoint, store) = fresh_store(s3, &name, &folder, &runtime);
        let runs = Arc::default();
        let world =
            Self { engine, server, database: name, checkpoint, store, admin_url, folder, runtime, runs };
        world.recreate_target();
        world
    }

    /// An empty target and empty checkpoints for the same source.
    pub(crate) fn renew(&mut self) {
        let s3 = self.checkpoint.starts_with("s3:");
        (self.checkpoint, self.store) = fresh_store(s3, &self.database, &self.folder, &self.runtime);
        self.recreate_target();
    }

    /// Runs T-SQL in the source: batches between `GO`.
    pub(crate) fn load(&self, script: &str) {
        self.engine.load_script(script).unwrap();
    }

    /// A generated company.
    pub(crate) fn company(&self, tables: u32, rows: u64, seed: u64) {
        generate::company(&self.engine, &GenerateOptions { tables, rows, seed }).unwrap();
    }

    /// `dbo.<name>`: the reference table of ten mixed columns.
    pub(crate) fn reference(&self, name: &str, rows: u64) {
        generate::table(&self.engine, &TableSpec::reference(name, rows, 1)).unwrap();
    }

    pub(crate) fn fault(&self, fault: Fault) -> FaultId {
        self.server.faults().set(fault)
    }

    pub(crate) fn happened(&self, fault: FaultId) -> u64 {
        self.server.faults().happened(fault)
    }

    /// How often the source was asked for the rows of `[table]` (bare name).
    pub(crate) fn reads(&self, table: &str) -> usize {
        let part = format!(".[{table}]");
        self.server
            .stats()
            .batch_texts()
            .iter()
            .filter(|text| text.contains("SELECT [") && text.contains(&part))
            .count()
    }

    pub(crate) fn source_url(&self) -> String {
        format!("mssql://sa:Passw0rd!@127.0.0.1:{}/testdb?encrypt=off", self.server.port())
    }

    pub(crate) fn target_url(&self) -> String {
        format!("{}/{}", self.admin_url.rsplit_once('/').unwrap().0, self.database)
    }

    /// `host:port` of the target.
    pub(crate) fn target_address(&self) -> String {
        let rest = self.admin_url.rsplit_once('@').unwrap().1;
        rest.split('/').next().unwrap().to_owned()
    }

    /// The target's URL by way of another port of this machine.
    pub(crate) fn target_url_at(&self, port: u16) -> String {
        self.target_url().replace(&self.target_address(), &format!("127.0.0.1:{port}"))
    }

    /// `shardferry <arguments>` with source, target, checkpoint, run id and quick retries in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Invocation {
        let mut invocation = Invocation::new(arguments)
            .counted_by(&self.runs)
            .env("SHARDFERRY_SOURCE_URL", &self.source_url())
            .env("SHARDFERRY_TARGET_URL", &self.target_url())
            .env("SHARDFERRY_CHECKPOINT", &self.checkpoint)
            .env("SHARDFERRY_RUN_ID", RUN)
            // Most tests compare table by table under one name; those of the default are asked for by an empty one.
            .env("SHARDFERRY_NAME_CASE", if chooses_a_case(arguments) { "" } else { "preserve" })
            .env("SHARDFERRY_LOG_FORMAT", "text")
            .env("SHARDFERRY_RETRY_MAX_WAIT", "100ms");
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            invocation = invocation.env(name, &environment(name));
        }
        invocation.env("AWS_ENDPOINT_URL_S3", &environment("SHARDFERRY_TEST_S3_ENDPOINT"))
    }

    /// Runs `shardferry <arguments>` to its end, as pod `main`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).pod("main").run()
    }

    /// As [`run`](Self::run), and it must exit 0.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Finished {
        self.run(arguments).exits(0)
    }

    /// `plan` and `schema`.
    #[track_caller]
    pub(crate) fn prepare(&self) {
        self.succeed(&["plan"]);
        self.succeed(&["schema"]);
    }

    /// Drops and creates the target database.
    pub(crate) fn recreate_target(&self) {
        let name = &self.database;
        self.admin(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        self.admin(&format!("CREATE DATABASE {name}"));
    }

    /// A statement in the server's own database.
    pub(crate) fn admin(&self, sql: &str) {
        drop(self.ask(&self.admin_url, sql));
    }

    /// Statements in any server, by URL; the rows of those that have some, as text.
    pub(crate) fn ask(&self, url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        self.runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL is reachable");
            tokio::spawn(connection);
            let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            let row = |message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
                }
                _ => None,
            };
            messages.into_iter().filter_map(row).collect()
        })
    }

    /// Statements in the target; the rows of those that have some, as text.
    pub(crate) fn target(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.ask(&self.target_url(), sql)
    }

    /// The first value of the first row; NULL is an empty text.
    pub(crate) fn target_value(&self, sql: &str) -> String {
        self.target(sql).swap_remove(0).swap_remove(0).unwrap_or_default()
    }

    /// The keys of the run's checkpoint objects that begin with `<RUN>/<part>`.
    pub(crate) fn keys(&self, part: &str) -> Vec<String> {
        self.runtime.block_on(self.store.list(&format!("{RUN}/{part}"))).unwrap()
    }

    /// An object of the run, by its name below the run id.
    pub(crate) fn object(&self, name: &str) -> Option<Json> {
        let object = self.runtime.block_on(self.store.get(&format!("{RUN}/{name}"))).unwrap()?;
        Some(serde_json::from_slice(&object.body).unwrap())
    }

    /// Replaces or creates an object, whatever its tag.
    pub(crate) fn put_bytes(&self, name: &str, body: &[u8]) {
        let (key, body) = (format!("{RUN}/{name}"), bytes::Bytes::copy_from_slice(body));
        self.runtime.block_on(async {
            self.store.delete(&key).await.unwrap();
            assert!(matches!(self.store.create(&key, body).await.unwrap(), PutOutcome::Stored { .. }));
        });
    }

    /// An object of the run as it stands in the store.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.runtime.block_on(self.store.get(&format!("{RUN}/{name}"))).unwrap().unwrap().body.to_vec()
    }

    /// Changes plan.json. As with a run of an older program, whose ledger does not know its SHA-256.
    pub(crate) fn put_old_plan(&self, plan: &Json) {
        self.put_object("plan.json", plan);
        if self.target_value("SELECT to_regclass('shardferry.run') IS NOT NULL") == "t" {
            self.target("UPDATE shardferry.run SET plan_sha256 = NULL");
        }
    }

    pub(crate) fn put_object(&self, name: &str, body: &Json) {
        self.put_bytes(name, &serde_json::to_vec(body).unwrap());
    }

    pub(crate) fn delete_object(&self, name: &str) {
        self.runtime.block_on(self.store.delete(&format!("{RUN}/{name}"))).unwrap();
    }

    /// The name of a table's object, for [`object`](Self::object); `table` as in `dbo.Orders`, of plain names.
    pub(crate) fn table_object(&self, table: &str) -> String {
        let end = format!("-{table}.json");
        let key = self.keys("tables/").into_iter().find(|key| key.ends_with(&end));
        key.unwrap_or_else(|| panic!("no object of {table}"))[RUN.len() + 1..].to_owned()
    }

    /// The state of a table's data phase: `pending` where it has no object.
    pub(crate) fn data_status(&self, table: &str) -> String {
        let end = format!("-{table}.json");
        let Some(key) = self.keys("tables/").into_iter().find(|key| key.ends_with(&end)) else {
            return "pending".to_owned();
        };
        let Some(object) = self.object(&key[RUN.len() + 1..]) else { return "pending".to_owned() };
        object["data"]["status"].as_str().unwrap().to_owned()
    }

    /// The plan's tables in order, as `schema.name` of the source.
    pub(crate) fn planned(&self) -> Vec<String> {
        let plan = self.object("plan.json").unwrap();
        let name = |table: &Json| {
            format!(
                "{}.{}",
                table["source"]["schema"].as_str().unwrap(),
                table["source"]["name"].as_str().unwrap()
            )
        };
        plan["tables"].as_array().unwrap().iter().map(name).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Never a second panic while the first one unwinds.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        self.runtime.block_on(async {
            if let Ok((client, connection)) = tokio_postgres::connect(&self.admin_url, NoTls).await {
                tokio::spawn(connection);
                let _ = client.simple_query(&sql).await;
            }
        });
    }
}
