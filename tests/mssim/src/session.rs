//! A logged-in connection to the engine: batches, session options, variables, transactions, queries.
//!
//! Isolation. Every statement reads the newest committed rows, unless a transaction under SNAPSHOT (or REPEATABLE
//! READ, SERIALIZABLE) is open: that one is a SQLite transaction from BEGIN on, whose instant is fixed by its first
//! read. Under READ COMMITTED the SQLite transaction starts with the first statement that writes.
//! Errors. A statement that fails rolls back alone; names, types and conversions that fail end the batch, as SQL
//! Server does it; arithmetic and constraints do not.

mod control;
mod showplan;
mod statement;
mod transaction;

pub(crate) use control::script;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::catalog::Catalog;
use crate::engine::{Engine, storage_error};
use crate::load::Settings;
use crate::query::bind::{Bound, Variable};
use crate::query::error::error;
use crate::query::eval::{Env, Shared, State, lock, register};
use crate::query::parse;
use crate::results::{Backend, Flow, Login, Parameter, Results, Session, SqlError};
use crate::storage::read_sqlite;
use crate::value::Value;

/// The engine as what answers behind the wire.
#[derive(Debug)]
pub struct EngineBackend {
    engine: Arc<Engine>,
    next: AtomicU16,
}

impl EngineBackend {
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, next: AtomicU16::new(51) }
    }
}

impl Backend for EngineBackend {
    fn login(&self, login: &Login) -> Result<Box<dyn Session>, SqlError> {
        let database = self.engine.check_login(login)?;
        let spid = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(EngineSession::open(Arc::clone(&self.engine), database, login.user.clone(), spid)?))
    }
}

/// SET TRANSACTION ISOLATION LEVEL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isolation {
    ReadCommitted,
    /// REPEATABLE READ and SERIALIZABLE: here, one instant.
    Stable,
    Snapshot,
}

/// One session.
pub struct EngineSession {
    engine: Arc<Engine>,
    conn: Connection,
    shared: Shared,
    database: String,
    /// Of the login: where a reset goes back to.
    home: String,
    user: String,
    spid: u16,
    isolation: Isolation,
    no_count: bool,
    settings: Settings,
    variables: HashMap<String, Variable>,
    transactions: u32,
    /// Descriptor of the last transaction, as ENVCHANGE shows it.
    descriptor: u64,
    row_count: i64,
    /// `SET SHOWPLAN_XML ON`: batches are not run, their plans are shown.
    showplan: bool,
    stopped: bool,
    /// How many TRY blocks are open, and the error that the last CATCH is about.
    trying: u32,
    caught: Option<SqlError>,
}

impl Session for EngineSession {
    fn database(&self) -> &str {
        &self.database
    }

    fn batch(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        results: &mut dyn Results,
    ) -> Result<(), SqlError> {
        let engine = Arc::clone(&self.engine);
        let _names = engine.names();
        self.stopped = false;
        (self.trying, self.caught) = (0, None);
        self.variables = parameters
            .iter()
            .map(|p| (p.name.clone(), Variable { ty: p.ty, value: p.value.clone() }))
            .collect();
        match parse::batch(sql) {
            Ok(lines) if self.showplan || showplan::switches(&lines) => self.show_plans(&lines, results),
            Ok(lines) => {
                self.run(&lines, results);
            }
            Err(e) => {
                let _ = results.error(&SqlError { line: e.line.max(1), ..e });
                let _ = results.done(None);
            }
        }
        self.variables.clear();
        Ok(())
    }

    fn cancelled(&self) -> Arc<AtomicBool> {
        Arc::clone(&lock(&self.shared).cancelled)
    }

    fn reset(&mut self) {
        self.end_transaction(false);
        self.isolation = Isolation::ReadCommitted;
        self.no_count = self.engine.oddities().no_count;
        self.settings = Settings::default();
        self.row_count = 0;
        self.showplan = false;
        if self.database != self.home
            && let Ok(conn) = self.engine.connection(&self.home)
            && register(&conn, &self.shared).is_ok()
        {
            self.conn = conn;
            self.database = self.home.clone();
        }
    }
}

impl EngineSession {
    pub(crate) fn open(
        engine: Arc<Engine>,
        database: String,
        user: String,
        spid: u16,
    ) -> Result<Self, SqlError> {
        let conn = engine.connection(&database)?;
        let catalog = engine.catalog(&database)?;
        let no_count = engine.oddities().no_count;
        let env = Env {
            catalog,
            databases: Vec::new(),
            user: user.clone(),
            spid,
            transactions: 0,
            row_count: 0,
            no_count,
        };
        let state = State { steps: Vec::new(), error: None, env: Arc::new(env), cancelled: Arc::default() };
        let shared: Shared = Arc::new(Mutex::new(state));
        register(&conn, &shared).map_err(|e| storage_error(&e))?;
        Ok(Self {
            engine,
            conn,
            shared,
            home: database.clone(),
            database,
            user,
            spid,
            isolation: Isolation::ReadCommitted,
            no_count,
            settings: Settings::default(),
            variables: HashMap::new(),
            transactions: 0,
            descriptor: u64::from(spid) << 32,
            row_count: 0,
            showplan: false,
            stopped: false,
            trying: 0,
            caught: None,
        })
    }

    fn catalog(&self) -> Result<Arc<Catalog>, SqlError> {
        self.engine.catalog(&self.database)
    }

    /// What the statement about to run may ask of the session.
    fn env(&self) -> Result<Arc<Env>, SqlError> {
        let databases = self.engine.all().iter().map(|d| (d.name.clone(), d.id)).collect();
        Ok(Arc::new(Env {
            catalog: self.catalog()?,
            databases,
            user: self.user.clone(),
            spid: self.spid,
            transactions: self.transactions,
            row_count: self.row_count,
            no_count: self.no_count,
        }))
    }

    /// How memory-optimised tables may be read: not in a session under SNAPSHOT, and in a transaction by the hint only.
    fn check_memory(&self, memory: Option<bool>, elevated: bool) -> Result<(), SqlError> {
        let Some(bare) = memory else { return Ok(()) };
        match self.isolation {
            Isolation::Snapshot => Err(error(
                41332,
                "Memory optimized tables and natively compiled modules cannot be accessed or created when the session TRANSACTION ISOLATION LEVEL is set to SNAPSHOT.",
            )),
            Isolation::ReadCommitted if bare && !elevated && self.transactions > 0 => Err(error(
                41368,
                "Accessing memory optimized tables using the READ COMMITTED isolation level is supported only for autocommit transactions. It is not supported for explicit or implicit transactions. Provide a supported isolation level for the memory optimized table using a table hint, such as WITH (SNAPSHOT).",
            )),
            Isolation::Stable if bare => Err(error(
                41333,
                "The following transactions must access memory optimized tables and natively compiled modules under snapshot isolation: RepeatableRead transactions, Serializable transactions, and transactions that access tables that are not memory optimized in RepeatableRead or Serializable isolation.",
            )),
            _ => Ok(()),
        }
    }

    /// Runs a bound query and hands its rows over.
    fn stream(&mut self, bound: &Bound, env: Arc<Env>, results: &mut dyn Results) -> Result<u64, SqlError> {
        if bound.reads_tables && self.isolation == Isolation::Snapshot && !env.catalog.snapshot_isolation {
            return Err(error(
                3952,
                format!(
                    "Snapshot isolation transaction failed accessing database '{}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation.",
                    self.database
                ),
            ));
        }
        self.check_memory(bound.memory, env.catalog.elevate_to_snapshot)?;
        let views: Vec<&str> = bound.views.iter().map(String::as_str).collect();
        if !views.is_empty() {
            self.engine.refresh(&self.database, &views)?;
        }
        {
            let mut state = lock(&self.shared);
            state.steps.clone_from(&bound.steps);
            state.error = None;
            state.env = env;
        }
        let failed =
            |e: &rusqlite::Error| lock(&self.shared).error.take().unwrap_or_else(|| storage_error(e));
        let mut statement = self.conn.prepare_cached(&bound.sql).map_err(|e| failed(&e))?;
        let mut rows = statement.query([]).map_err(|e| failed(&e))?;
        let types: Vec<_> = bound.columns.iter().map(|c| c.ty).collect();
        let mut values = vec![Value::Null; types.len()];
        // The first row comes before the columns: a query that fails at once has no result set.
        let mut row = rows.next().map_err(|e| failed(&e))?;
        let assigns = !bound.assigned.is_empty();
        let mut flow = Flow::Continue;
        if !assigns {
            flow = results.columns(&bound.columns);
            if flow == Flow::Continue && !bound.order.is_empty() {
                flow = results.order(&bound.order);
            }
        }
        let mut count = 0;
        while let (Some(found), Flow::Continue) = (row, flow) {
            for ((i, ty), value) in types.iter().enumerate().zip(&mut values) {
                let raw = found.get_ref(i).map_err(|e| failed(&e))?;
                read_sqlite(ty, raw, value)?;
            }
            count += 1;
            if !assigns {
                flow = results.row(&values);
            }
            row = rows.next().map_err(|e| failed(&e))?;
        }
        self.stopped |= flow == Flow::Stop;
        drop(rows);
        drop(statement);
        if assigns && count > 0 {
            for (i, name) in bound.assigned.iter().enumerate() {
                self.assign(name, types[i], values[i].clone())?;
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
