//! One connection to the target, and a transaction on it.
//!
//! Every transaction runs with settings of its own, so that nothing that a role or a database sets can change what is
//! written: UTF-8, UTC, ISO dates, `search_path` without any schema of the user, no statement timeout, a bounded wait
//! for locks. `synchronous_commit` is left as the server has it: a commit that is reported is a commit.
//!
//! Nothing here needs a session that lasts longer than a transaction, so a pooler in transaction mode (PgBouncer, RDS
//! Proxy) may stand in between: statements have no names ([`super::parameters`]), and settings are the transaction's;
//! a statement outside of a transaction gets one of its own, sent in the same round trip. What does need one, advisory
//! locks, is the caller's to find out about ([`Client::backend`]).

use super::errors::{connect_error, server_error};
use super::parameters::typed;
pub use super::parameters::{Argument, Parameter};
use super::settings::{SslMode, TargetSettings};
use super::tls;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableName;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as DriverMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{IsolationLevel, Row, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// `server_version_num` of the oldest server that is supported.
const OLDEST: u32 = 12_00_00;

/// What a transaction begins with.
const SETTINGS: &str = include_str!("sql/transaction.sql");
/// So that the server notices a client that vanished while a statement of its waits (14 and newer, not on every platform).
const WATCH: &str = "SET LOCAL client_connection_check_interval = '10s'";

/// A column of a row, by position.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(server_error)
}

/// A connection. Dropping it closes the connection, which ends its transaction and frees its advisory locks.
pub struct Client {
    inner: tokio_postgres::Client,
    version: u32,
    /// Can the server watch its connections while a statement waits?
    watched: bool,
    task: Task,
}

/// The task that drives the connection; ends with it.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Connects, and checks that the server can be a target.
    ///
    /// `application_name` is what `pg_stat_activity` shows (see [`super::ledger::application_name`]); empty: the URL's.
    ///
    /// # Errors
    /// `TargetUnavailable` (unreachable, starting, full), `TargetLogin`, `TargetMissing`, `TargetPermission`, or
    /// `Config` (certificate, no TLS, version below 12, not UTF-8, a standby).
    pub async fn connect(settings: &TargetSettings, application_name: &str) -> Result<Self> {
        let attempt = Self::attempts(settings, application_name);
        let connected = tokio::time::timeout(settings.patience(), attempt).await;
        connected.unwrap_or_else(|_| {
            let message =
                format!("the target at {} did not answer in {:?}", settings.address(), settings.patience());
            Err(Error::new(ErrorKind::TargetUnavailable, message))
        })
    }

    /// With `allow` and `prefer` there are two ways in (libpq's order); the second is tried where the first is refused.
    async fn attempts(settings: &TargetSettings, application_name: &str) -> Result<Self> {
        let (first, second) = match settings.ssl_mode() {
            SslMode::Disable => (DriverMode::Disable, None),
            SslMode::Allow => (DriverMode::Disable, Some(DriverMode::Require)),
            SslMode::Prefer => (DriverMode::Prefer, Some(DriverMode::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (DriverMode::Require, None),
        };
        match (Self::attempt(settings, first, application_name).await, second) {
            // No pg_hba line for this kind of connection (28000), or a handshake that failed.
            (Err(error), Some(second))
                if matches!(error.kind(), ErrorKind::TargetLogin | ErrorKind::Config) =>
            {
                Self::attempt(settings, second, application_name).await.map_err(|_| error)
            }
            (result, _) => result,
        }
    }

    async fn attempt(settings: &TargetSettings, mode: DriverMode, application_name: &str) -> Result<Self> {
        let connector = MakeRustlsConnect::new(tls::config(settings)?);
        let config = settings.driver(mode, application_name);
        let address = settings.address();
        let (inner, connection) =
            Box::pin(config.connect(connector)).await.map_err(|error| connect_error(error, &address))?;
        let task = tokio::spawn(async move {
            // Whoever waits for an answer sees the error as well.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "connection to the target ended");
            }
        });
        let mut client = Self { inner, version: 0, watched: false, task: Task(task) };
        client.prepare(&address).await?;
        Ok(client)
    }

    /// Refuses what cannot be a target.
    async fn prepare(&mut self, address: &str) -> Result<()> {
        let refused =
            |what: String| Err(Error::new(ErrorKind::Config, format!("the target at {address} {what}")));
        let messages = self.inner.simple_query(include_str!("sql/server.sql")).await.map_err(server_error)?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let (Some(version), Some(encoding), Some(standby)) =
            row.map_or((None, None, None), |row| (row.get(0), row.get(1), row.get(2)))
        else {
            return refused("does not say what it is".to_owned());
        };
        self.version = version.parse().unwrap_or(0);
        if self.version < OLDEST {
            return refused(format!("is PostgreSQL {}; shardferry needs 12 or newer", self.version / 10_000));
        }
        if encoding != "UTF8" {
            return refused(format!(
                "has a database in {encoding}; create one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            ));
        }
        if standby == "t" {
            return refused("is a standby, which cannot be written to; name the primary".to_owned());
        }
        if self.version >= 14_00_00 {
            match self.inner.batch_execute(&format!("BEGIN; {WATCH}; ROLLBACK")).await {
                Ok(()) => self.watched = true,
                Err(error) => {
                    let told = server_error(error);
                    tracing::debug!(error = %told.detail(), "the target cannot watch its connections");
                    self.inner.batch_execute("ROLLBACK").await.map_err(server_error)?;
                }
            }
        }
        Ok(())
    }

    /// `server_version_num`: 150004 is 15.4.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Has the connection ended?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// The server process behind this connection just now. Two answers that differ, or that are the same on two
    /// connections, tell of a pooler in transaction mode.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn backend(&self) -> Result<i32> {
        let rows = self.inner.query_typed("SELECT pg_backend_pid()", &[]).await.map_err(server_error)?;
        rows.first().map_or(Ok(0), |row| get(row, 0))
    }

    /// The settings, as statements.
    fn settings(&self) -> String {
        let mut settings = SETTINGS.to_owned();
        if self.watched {
            settings = format!("{settings};\n{WATCH}");
        }
        if self.version >= 17_00_00 {
            settings.push_str(";\nSET LOCAL transaction_timeout = 0");
        }
        settings
    }

    /// Runs `statement` in a transaction of its own. All three messages leave at once: one round trip.
    async fn alone<T>(&self, statement: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n{}", self.settings());
        // Polled in this order, which is the order of the messages. After an error COMMIT rolls back.
        let (begun, answer, committed) = futures_util::future::join3(
            self.inner.batch_execute(&begin),
            statement,
            self.inner.batch_execute("COMMIT"),
        )
        .await;
        begun.map_err(server_error)?;
        let answer = answer.map_err(server_error)?;
        committed.map_err(server_error)?;
        Ok(answer)
    }

    /// Runs a statement in a transaction of its own and returns its rows.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.alone(self.inner.query_typed(sql, &typed(parameters))).await
    }

    /// Runs a statement in a transaction of its own and returns how many rows it touched.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64> {
        self.alone(self.inner.execute_typed(sql, &typed(parameters))).await
    }

    /// Runs statements without parameters, separated by semicolons, in one round trip and one implicit transaction.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.inner.batch_execute(&format!("{};\n{sql}", self.settings())).await.map_err(server_error)
    }

    /// Begins a READ COMMITTED transaction. Dropping it rolls it back.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn transaction(&mut self) -> Result<Transaction<'_>> {
        let settings = self.settings();
        let begin =
            self.inner.build_transaction().isolation_level(IsolationLevel::ReadCommitted).read_only(false);
        let inner = begin.start().await.map_err(server_error)?;
        inner.batch_execute(&settings).await.map_err(server_error)?;
        Ok(Transaction { inner })
    }

    /// Ends the session properly, within a few seconds.
    pub async fn close(self) {
        let Self { inner, mut task, .. } = self;
        // Without a sender the connection's task says goodbye and ends; it is cut off if it does not.
        drop(inner);
        let _ = tokio::time::timeout(Duration::from_secs(3), &mut task.0).await;
    }
}

/// A transaction; rolled back unless [`Transaction::commit`] returns `Ok`.
pub struct Transaction<'c> {
    inner: tokio_postgres::Transaction<'c>,
}

impl<'c> Transaction<'c> {
    pub(super) const fn inner(&self) -> &tokio_postgres::Transaction<'c> {
        &self.inner
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.inner.query_typed(sql, &typed(parameters)).await.map_err(server_error)
    }

    /// Runs a statement and returns how many rows it touched.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64> {
        self.execute_raw(sql, parameters).await.map_err(server_error)
    }

    /// The same with the driver's own error, for callers to whom the SQLSTATE matters.
    pub(super) async fn execute_raw(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, tokio_postgres::Error> {
        self.inner.execute_typed(sql, &typed(parameters)).await
    }

    /// Runs statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.inner.batch_execute(sql).await.map_err(server_error)
    }

    /// TRUNCATE, never CASCADE: rows of other tables are not ours to remove. Nothing is gone before the commit.
    ///
    /// # Errors
    /// `TargetData` where another table's foreign key stands in the way.
    pub async fn truncate(&self, table: &TableName) -> Result<()> {
        let result = self.inner.batch_execute(&format!("TRUNCATE TABLE {}", table.target_sql())).await;
        result.map_err(|error| {
            // PostgreSQL refuses with "feature not supported" and names the other table in DETAIL.
            let referenced = error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED);
            let told = server_error(error);
            if referenced { Error::new(ErrorKind::TargetData, told.detail()) } else { told }
        })
    }

    /// Does the table hold no row that this transaction sees?
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn is_empty(&self, table: &TableName) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", table.target_sql());
        let row = self.inner.query_typed_one(&sql, &[]).await.map_err(server_error)?;
        get(&row, 0)
    }

    /// Is it an ordinary table, and not a partitioned one?
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn is_plain(&self, table: &TableName) -> Result<bool> {
        let sql = "SELECT relkind = 'r' FROM pg_catalog.pg_class WHERE oid = $1::text::regclass";
        let row = self
            .inner
            .query_typed_one(sql, &[(&table.target_sql(), Type::TEXT)])
            .await
            .map_err(server_error)?;
        get(&row, 0)
    }

    /// Commits.
    ///
    /// # Errors
    /// `TargetUnavailable` where the connection broke: then nobody knows whether the server committed. The chunk's
    /// marker in the ledger tells; read it before the chunk is copied again.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(|error| {
            let answered = error.as_db_error().is_some();
            let told = server_error(error);
            if answered {
                return told;
            }
            Error::new(
                ErrorKind::TargetUnavailable,
                "the connection broke during COMMIT; the ledger tells whether it took effect",
            )
            .because(told.detail())
        })
    }

    /// Rolls back, and waits until that is done.
    ///
    /// # Errors
    /// See [`super::errors::kind`].
    pub async fn rollback(self) -> Result<()> {
        self.inner.rollback().await.map_err(server_error)
    }
}
