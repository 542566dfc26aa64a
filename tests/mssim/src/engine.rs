//! The store: one SQLite file for each T-SQL database, in a temporary folder that goes away with the engine, and the
//! current [`Catalog`] of each. System views lie in a second file that every connection attaches.
//!
//! Protocol. A reader takes [`Engine::connection`] and [`Engine::catalog`], and calls [`Engine::refresh`] before a
//! statement that names a system view. A writer goes through [`crate::load::execute`], which keeps catalog and
//! tables in step. WAL mode gives a read transaction one instant of the data; the catalog is not transactional, so
//! DDL inside an open transaction is refused.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use rusqlite::Connection;

use crate::catalog::{Catalog, Relation, relation_key};
use crate::results::{Login, SqlError};
use crate::types::Collation;
use crate::views::hostile::Alteration;
use crate::{storage, views};

mod identity;

pub use identity::DatabaseIdentity;
pub(crate) use identity::random_guid;

/// Who may log in, and the database to make.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    pub user: String,
    pub password: String,
    /// The default database of the login.
    pub database: String,
    /// Collation of the server and its databases, by name. Where it minds case, so do the names of objects.
    pub collation: &'static str,
    pub oddities: Oddities,
}

/// In what a server may differ from SQL Server and still be taken for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oddities {
    /// The built-in types have other ids in the catalog.
    pub other_type_ids: bool,
    /// The catalog shows names in lower case, whatever was declared.
    pub lower_case_names: bool,
    /// `HAS_PERMS_BY_NAME` says that the login has no UNMASK. (Values are shown nevertheless.)
    pub no_unmask: bool,
    /// The login has no VIEW DEFINITION: `HAS_PERMS_BY_NAME` says so, and security policies are hidden. (Nothing else is.)
    pub no_view_definition: bool,
    /// `user options` has 512: every session begins with `NOCOUNT ON`.
    pub no_count: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            user: "sa".to_owned(),
            password: "Passw0rd!".to_owned(),
            database: "testdb".to_owned(),
            collation: "SQL_Latin1_General_CP1_CI_AS",
            oddities: Oddities::default(),
        }
    }
}

/// Why a login cannot read a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// 208: as on a version or an edition that has no such view.
    Missing,
    /// 229 for a table or a catalog view, 300 for a `dm_` view of the server, 262 for one of the database.
    Denied,
}

impl Denial {
    /// The error that a SELECT from the view gets.
    #[must_use]
    pub fn error(self, schema: &str, name: &str) -> SqlError {
        match self {
            Self::Missing => error(208, 16, format!("Invalid object name '{schema}.{name}'.")),
            Self::Denied if name.starts_with("dm_db_") => error(
                262,
                14,
                "VIEW DATABASE STATE permission denied in database. The user does not have permission to perform this action.".to_owned(),
            ),
            Self::Denied if name.starts_with("dm_") => {
                error(300, 14, "VIEW SERVER STATE permission was denied on object 'server', database 'master'.".to_owned())
            }
            Self::Denied => error(
                229,
                14,
                format!("The SELECT permission was denied on the object '{name}', database 'current', schema '{schema}'."),
            ),
        }
    }
}

/// A SQL Server error of the given number and severity, without a line.
#[must_use]
pub fn error(number: i32, severity: u8, message: String) -> SqlError {
    SqlError { number, state: 1, severity, message, line: 0 }
}

/// T-SQL that this server does not know.
#[must_use]
pub fn unknown(what: impl std::fmt::Display) -> SqlError {
    error(50999, 16, format!("mssim does not know this: {what}"))
}

/// An error of SQLite below.
#[must_use]
pub fn storage_error(e: &rusqlite::Error) -> SqlError {
    error(50999, 16, format!("the store failed: {e}"))
}

/// Counters that no transaction rolls back.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Last identity value used, by object id.
    pub(crate) identities: HashMap<i32, i128>,
    /// Last value taken from a sequence, by object id.
    pub(crate) sequences: HashMap<i32, i128>,
    pub(crate) rowversion: u64,
    /// The next `graph_id`, by object id.
    pub(crate) graph_ids: HashMap<i32, i64>,
    /// Statistics of tables as of a version of their data.
    pub(crate) statistics: HashMap<i32, views::Statistics>,
    /// Version of a table's data: rises with every statement that writes to it.
    pub(crate) writes: HashMap<i32, u64>,
}

impl Counters {
    /// What a copy of the database goes on with.
    fn at_rest(&self) -> Self {
        Self {
            identities: self.identities.clone(),
            sequences: self.sequences.clone(),
            rowversion: self.rowversion,
            graph_ids: self.graph_ids.clone(),
            ..Self::default()
        }
    }
}

pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) id: i32,
    pub(crate) catalog: RwLock<Arc<Catalog>>,
    pub(crate) counters: Mutex<Counters>,
    /// Held through a DDL statement.
    pub(crate) ddl: Mutex<()>,
    /// What the system views were built from; held while they are built.
    pub(crate) built: Mutex<views::Built>,
    /// Rises with every statement that may change a system view.
    pub(crate) changes: AtomicU64,
    path: PathBuf,
    views_path: PathBuf,
}

impl Database {
    pub(crate) fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Publishes the catalog with a change that is no DDL.
    fn change(&self, change: impl FnOnce(&mut Catalog)) {
        let _guard = self.ddl.lock().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = Catalog::clone(&self.catalog());
        change(&mut catalog);
        self.publish(catalog);
    }

    /// Notes that rows of a table changed.
    pub(crate) fn written(&self, object_id: i32) {
        *self.counters().writes.entry(object_id).or_default() += 1;
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}

/// The databases that every server has.
const SYSTEM: [&str; 4] = ["master", "tempdb", "model", "msdb"];

/// An id that no database has, also after one was dropped.
fn next_id(all: &[Arc<Database>]) -> i32 {
    all.iter().map(|d| d.id).max().unwrap_or(0) + 1
}

/// The store of all databases.
pub struct Engine {
    options: EngineOptions,
    collation: Collation,
    databases: RwLock<Vec<Arc<Database>>>,
    denied: Mutex<HashMap<String, Denial>>,
    /// By view; under an empty name those of all views.
    altered: Mutex<HashMap<String, Vec<Alteration>>>,
    folder: tempfile::TempDir,
    /// Itself, for the sessions that run scripts.
    me: Weak<Self>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("database", &self.options.database).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes `master`, `tempdb`, `model`, `msdb` and the database of the options, all empty.
    ///
    /// # Errors
    /// 448 for an unknown collation; 50999 when the temporary folder cannot be made.
    pub fn new(options: EngineOptions) -> Result<Arc<Self>, SqlError> {
        let collation = crate::collation::find(options.collation)
            .ok_or_else(|| error(448, 16, format!("Invalid collation '{}'.", options.collation)))?;
        let folder = tempfile::Builder::new()
            .prefix("mssim-")
            .tempdir()
            .map_err(|e| error(50999, 16, format!("cannot make the folder of the store: {e}")))?;
        let engine = Arc::new_cyclic(|me| Self {
            collation,
            databases: RwLock::new(Vec::new()),
            denied: Mutex::default(),
            altered: Mutex::default(),
            folder,
            options,
            me: Weak::clone(me),
        });
        for name in SYSTEM {
            engine.create_database(name)?;
        }
        if engine.find(&engine.options.database).is_none() {
            engine.create_database(&engine.options.database)?;
        }
        Ok(engine)
    }

    /// The default database of the login.
    #[must_use]
    pub fn default_database(&self) -> &str {
        &self.options.database
    }

    pub(crate) fn oddities(&self) -> Oddities {
        self.options.oddities
    }

    /// While it lives, names on this thread are compared as this server does.
    pub(crate) fn names(&self) -> crate::catalog::NamesOf {
        crate::catalog::NamesOf::collation(&self.collation)
    }

    /// Names of all databases, in the order of their ids.
    #[must_use]
    pub fn databases(&self) -> Vec<String> {
        self.all().iter().map(|d| d.name.clone()).collect()
    }

    /// Runs a T-SQL script with `GO` lines in the default database; `USE` in it works. Stops at the first error.
    ///
    /// # Errors
    /// SQL Server's own where it has one, 50999 for what this server does not know; `line` is that of the script.
    pub fn load_script(&self, sql: &str) -> Result<(), SqlError> {
        crate::session::script(self, sql)
    }

    /// A handle of its own.
    pub(crate) fn shared(&self) -> Result<Arc<Self>, SqlError> {
        self.me.upgrade().ok_or_else(|| unknown("an engine that is going away"))
    }

    /// A new connection to the SQLite file of a database, comparison rules registered, system views attached.
    ///
    /// # Errors
    /// 911 for a database that does not exist.
    pub fn connection(&self, database: &str) -> Result<Connection, SqlError> {
        let database = self.database(database)?;
        open(&database).map_err(|e| storage_error(&e))
    }

    /// What the database declares now.
    ///
    /// # Errors
    /// 911 for a database that does not exist.
    pub fn catalog(&self, database: &str) -> Result<Arc<Catalog>, SqlError> {
        Ok(self.database(database)?.catalog())
    }

    /// Brings the system views named (as `schema.name`) up to date with catalog and row counts. Cheap when nothing
    /// changed. To be called before a statement that reads them, never inside a read of the same connection.
    ///
    /// # Errors
    /// 50999 when the store fails.
    pub fn refresh(&self, database: &str, names: &[&str]) -> Result<(), SqlError> {
        let database = self.database(database)?;
        let _names = self.names();
        views::refresh(self, &database, names)
    }

    /// Takes a view (or table) `schema.name` away from the login in all databases, or gives it back.
    pub fn deny_view(&self, view: &str, denied: Option<Denial>) {
        let (schema, name) = view.split_once('.').unwrap_or(("dbo", view));
        let key = relation_key(schema, name, self.collation.case_insensitive);
        {
            let mut all = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
            match denied {
                Some(d) => all.insert(key, d),
                None => all.remove(&key),
            };
        }
        let denied = self.denials();
        for database in self.all() {
            database.change(|catalog| {
                catalog.system = Arc::new(system_relations(&denied, &self.collation));
                catalog.index(&denied);
            });
        }
    }

    /// Lets a view `schema.name` (`*`: all of them) show less, or other, than it should, in all databases; none: the truth.
    pub fn alter_view(&self, view: &str, alterations: &[Alteration]) {
        let view = if view == "*" { String::new() } else { view.to_lowercase() };
        self.altered.lock().unwrap_or_else(PoisonError::into_inner).insert(view, alterations.to_vec());
        for database in self.all() {
            // Views are built again where the catalog is another one.
            database.change(|_| {});
        }
    }

    pub(crate) fn alterations(&self, schema: &str, name: &str) -> Vec<Alteration> {
        let altered = self.altered.lock().unwrap_or_else(PoisonError::into_inner);
        let of_view = altered.get(&format!("{schema}.{name}").to_lowercase());
        altered.get("").into_iter().chain(of_view).flatten().copied().collect()
    }

    /// The names of all views of the catalog.
    #[must_use]
    pub fn views() -> Vec<String> {
        views::names().collect()
    }

    /// Checks user and password; gives the database to open.
    ///
    /// # Errors
    /// 18456 for a wrong user or password, 4060 for a database that does not exist.
    pub fn check_login(&self, login: &Login) -> Result<String, SqlError> {
        if !login.user.eq_ignore_ascii_case(&self.options.user) || login.password != self.options.password {
            return Err(error(18456, 14, format!("Login failed for user '{}'.", login.user)));
        }
        let wanted = if login.database.is_empty() { &self.options.database } else { &login.database };
        self.find(wanted).map(|d| d.name.clone()).ok_or_else(|| {
            error(
                4060,
                11,
                format!("Cannot open database \"{wanted}\" requested by the login. The login failed."),
            )
        })
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// 1801 when it exists.
    pub fn create_database(&self, name: &str) -> Result<(), SqlError> {
        let mut all = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|d| crate::catalog::same(&d.name, name)) {
            return Err(error(
                1801,
                16,
                format!("Database '{name}' already exists. Choose a different database name."),
            ));
        }
        let id = next_id(&all);
        let denied = self.denials();
        let catalog = empty_catalog(name, id, (self.collation, self.options.oddities), &denied);
        self.add(&mut all, catalog, None)
    }

    /// Makes a database snapshot: all rows and declarations of another database as they are now, for reading only.
    ///
    /// # Errors
    /// 1801 when the name is taken, 911 for a source that does not exist.
    pub fn create_snapshot(&self, name: &str, of: &str) -> Result<(), SqlError> {
        let source = self.database(of)?;
        let mut all = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|d| crate::catalog::same(&d.name, name)) {
            let message = format!("Database '{name}' already exists. Choose a different database name.");
            return Err(error(1801, 16, message));
        }
        let _guard = source.ddl.lock().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = Catalog::clone(&source.catalog());
        name.clone_into(&mut catalog.database);
        catalog.database_id = next_id(&all);
        catalog.read_only = true;
        catalog.source_database_id = Some(source.id);
        self.add(&mut all, catalog, Some(&source))
    }

    /// Drops a database with its files. Sessions that are in it meet 911 at their next statement.
    ///
    /// # Errors
    /// 3701 for one that does not exist, 3708 for one of the system's.
    pub fn drop_database(&self, name: &str) -> Result<(), SqlError> {
        let mut all = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = all.iter().position(|d| crate::catalog::same(&d.name, name)) else {
            let message = format!(
                "Cannot drop the database '{name}', because it does not exist or you do not have permission."
            );
            return Err(error(3701, 11, message));
        };
        if at < SYSTEM.len() {
            let message = format!("Cannot drop the database '{name}' because it is a system database.");
            return Err(error(3708, 16, message));
        }
        let gone = all.remove(at);
        for path in [&gone.path, &gone.views_path] {
            for end in ["", "-wal", "-shm"] {
                let mut file = path.clone().into_os_string();
                file.push(end);
                // What is left goes with the folder.
                let _ = std::fs::remove_file(file);
            }
        }
        for other in all.iter() {
            other.changes.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Makes the files of a database, with the rows of `source`, and adds it to those that exist.
    fn add(
        &self,
        all: &mut Vec<Arc<Database>>,
        catalog: Catalog,
        source: Option<&Database>,
    ) -> Result<(), SqlError> {
        let id = catalog.database_id;
        let counters = source.map(|source| source.counters().at_rest()).unwrap_or_default();
        let database = Database {
            name: catalog.database.clone(),
            id,
            catalog: RwLock::new(Arc::new(catalog)),
            counters: Mutex::new(counters),
            ddl: Mutex::default(),
            built: Mutex::default(),
            changes: AtomicU64::new(1),
            path: self.folder.path().join(format!("{id}.db")),
            views_path: self.folder.path().join(format!("{id}.views.db")),
        };
        if let Some(source) = source {
            let copied = open(source)
                .and_then(|conn| conn.execute("VACUUM INTO ?1", [database.path.to_string_lossy().as_ref()]));
            copied.map_err(|e| storage_error(&e))?;
        }
        create_files(&database).map_err(|e| storage_error(&e))?;
        for other in all.iter() {
            other.changes.fetch_add(1, Ordering::AcqRel);
        }
        all.push(Arc::new(database));
        Ok(())
    }

    pub(crate) fn database(&self, name: &str) -> Result<Arc<Database>, SqlError> {
        self.find(name).ok_or_else(|| {
            error(
                911,
                16,
                format!("Database '{name}' does not exist. Make sure that the name is entered correctly."),
            )
        })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Database>> {
        self.databases.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn denials(&self) -> HashMap<String, Denial> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, name: &str) -> Option<Arc<Database>> {
        self.all().into_iter().find(|d| crate::catalog::same(&d.name, name))
    }
}

fn system_relations(
    denied: &HashMap<String, Denial>,
    collation: &Collation,
) -> HashMap<String, Arc<Relation>> {
    views::relations(*collation)
        .map(|mut relation| {
            let key = relation_key(&relation.schema, &relation.name, collation.case_insensitive);
            relation.denial = denied.get(&key).copied();
            (key, Arc::new(relation))
        })
        .collect()
}

fn empty_catalog(
    name: &str,
    id: i32,
    (collation, oddities): (Collation, Oddities),
    denied: &HashMap<String, Denial>,
) -> Catalog {
    let schemas = [("dbo", 1), ("guest", 2), ("INFORMATION_SCHEMA", 3), ("sys", 4)]
        .into_iter()
        .map(|(name, id)| crate::catalog::Schema { id, name: name.to_owned() })
        .collect();
    let mut catalog = Catalog {
        database: name.to_owned(),
        database_id: id,
        collation,
        schemas,
        types: Vec::new(),
        tables: Vec::new(),
        views: Vec::new(),
        sequences: Vec::new(),
        synonyms: Vec::new(),
        properties: Vec::new(),
        modules: Vec::new(),
        bound: Vec::new(),
        more: crate::catalog::Declared::default(),
        partition_functions: Vec::new(),
        partition_schemes: Vec::new(),
        security_policies: Vec::new(),
        fulltext_catalogs: Vec::new(),
        fulltext_indexes: Vec::new(),
        snapshot_isolation: false,
        read_committed_snapshot: false,
        elevate_to_snapshot: false,
        read_only: false,
        source_database_id: None,
        identity: DatabaseIdentity::new(),
        server_name: Arc::from(identity::SERVER_NAME),
        oddities,
        version: 0,
        next_object_id: 100_000_000,
        clock: 0,
        system: Arc::new(system_relations(denied, &collation)),
        relations: std::sync::OnceLock::new(),
        denied: Arc::new(denied.clone()),
    };
    catalog.index(denied);
    catalog
}

fn create_files(database: &Database) -> rusqlite::Result<()> {
    for path in [&database.path, &database.views_path] {
        let conn = Connection::open(path)?;
        conn.execute_batch("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    }
    let conn = open(database)?;
    views::create_tables(&conn, database.catalog().collation)
}

fn open(database: &Database) -> rusqlite::Result<Connection> {
    let conn = Connection::open(&database.path)?;
    conn.busy_timeout(std::time::Duration::from_secs(60))?;
    storage::register(&conn)?;
    conn.execute("ATTACH DATABASE ?1 AS system_views", [database.views_path.to_string_lossy().as_ref()])?;
    conn.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA system_views.synchronous = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 1073741824; PRAGMA foreign_keys = OFF; PRAGMA case_sensitive_like = OFF;",
    )?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}
