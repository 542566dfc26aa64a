//! One connection to the target, and a transaction on it.
//!
//! Every transaction runs with settings of its own, so that nothing that a role or a database sets can change what is
//! written: UTF-8, UTC, ISO dates, names without needless quotes, `search_path` without any schema of the user, no
//! statement timeout, a bounded wait for locks.
//!
//! A commit is as durable as the server's own `synchronous_commit` makes it, with one exception: the transactions that
//! copy rows ([`Client::begin_lazily`]) commit with `synchronous_commit = off`. Rows and marker are one transaction, so
//! a crash of the server loses both or none, and the ledger stays the truth; but that such a commit lasts is only known
//! when [`Client::query_flushed`] has found its marker. Nothing may be called completed before that.
//!
//! Nothing here needs a session that lasts longer than a transaction, so a pooler in transaction mode (PgBouncer, RDS
//! Proxy) may stand in between: statements have no names ([`super::parameters`]), and settings are the transaction's;
//! a statement outside of a transaction gets one of its own, sent in the same round trip. What does need one, advisory
//! locks, is the caller's to find out about ([`Client::backend`]).

use super::errors::{connect_error, server_error};
use super::link::Link;
use super::parameters::typed;
pub use super::parameters::{Argument, Parameter};
use super::tls;
pub use super::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::target::SslMode;
use crate::settings::target::TargetSettings;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as DriverMode;
use tokio_postgres::types::FromSql;
use tokio_postgres::{Row, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// `server_version_num` of the oldest server that is supported.
const OLDEST: u32 = 12_00_00;

/// What a transaction begins with.
const SETTINGS: &str = include_str!("sql/transaction.sql");
/// So that the server notices a client that vanished while a statement of its waits (14 and newer, not on every
/// platform).
const WATCH: &str = "SET LOCAL client_connection_check_interval = '10s'";
/// So that the commit is not waited for. If it is off already, or a standby's answer is wanted, only the latter
/// changes: [`FLUSH`] waits for what the server's own setting says.
const LAZY: &str = "SET LOCAL synchronous_commit = off";
/// Makes the transaction write a few bytes of WAL under a transaction id of its own: a commit without either flushes
/// nothing (`RecordTransactionCommit` in PostgreSQL's xact.c), and one with both flushes all that was written before
/// it. It leaves no row behind and locks nothing.
const FLUSH: &str = "SELECT pg_catalog.pg_logical_emit_message(true, 'shardferry', '')";
/// Names the session that a transaction runs in, for the transaction only: a pooler may give it to somebody else
/// afterwards.
const NAME: &str = "SELECT set_config('application_name', $1, true), pg_backend_pid()";

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
    link: Link,
    task: Task,
    begun: Option<SessionOfTransaction>,
}

/// The server process that a transaction is in, by which another connection can end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOfTransaction {
    backend: i32,
    /// The transaction's name: behind a pooler the process may be somebody else's by now.
    name: String,
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
        let current = settings.current();
        let attempt = Self::attempts(&current, application_name);
        let connected = tokio::time::timeout(settings.patience(), attempt).await;
        let connected = connected.unwrap_or_else(|_| {
            let message =
                format!("the target at {} did not answer in {:?}", settings.address(), settings.patience());
            Err(Error::new(ErrorKind::TargetUnavailable, message))
        });
        settings.login().judge(connected, ErrorKind::TargetLogin, ErrorKind::TargetUnavailable)
    }

    /// With `allow` and `prefer` there are two ways in (libpq's order); the second is tried if the first is refused.
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
        let link = Link::new(task.abort_handle(), settings.socket_timeout());
        let mut client = Self { inner, version: 0, watched: false, link, task: Task(task), begun: None };
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
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn backend(&self) -> Result<i32> {
        let rows = self.link.answer(self.inner.query_typed("SELECT pg_backend_pid()", &[])).await?;
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

    /// What begins a transaction, as one message; `more` are statements of its own.
    fn beginning(&self, more: &str) -> String {
        let separator = if more.is_empty() { "" } else { ";\n" };
        format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n{}{separator}{more}", self.settings())
    }

    /// Runs `statement` in a transaction of its own that begins with `more`. All three messages leave at once: one
    /// round trip.
    async fn alone<T>(
        &self,
        more: &str,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let begin = self.beginning(more);
        // Polled in this order, which is the order of the messages. After an error COMMIT rolls back.
        let all = futures_util::future::join3(
            self.inner.batch_execute(&begin),
            statement,
            self.inner.batch_execute("COMMIT"),
        );
        let (begun, answer, committed) = self.link.in_time(all).await?;
        begun.map_err(server_error)?;
        let answer = answer.map_err(server_error)?;
        committed.map_err(server_error)?;
        Ok(answer)
    }

    /// Runs a statement in a transaction of its own and returns its rows.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.alone("", self.inner.query_typed(sql, &typed(parameters))).await
    }

    /// As [`Self::query`], and whatever the answer tells of is as durable when it has come as a commit is by the
    /// server's own `synchronous_commit`, whoever committed it and how.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn query_flushed(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.alone(FLUSH, self.inner.query_typed(sql, &typed(parameters))).await
    }

    /// Runs a statement in a transaction of its own and returns how many rows it touched.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64> {
        self.alone("", self.inner.execute_typed(sql, &typed(parameters))).await
    }

    /// Runs statements without parameters, separated by semicolons, in one round trip and one implicit transaction.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.link.answer(self.inner.batch_execute(&self.whole_batch(sql))).await
    }

    /// As [`Self::batch`], for statements that may take hours: however long the answer takes.
    ///
    /// # Errors
    /// As [`Self::batch`].
    pub async fn batch_of_hours(&self, sql: &str) -> Result<()> {
        self.inner.batch_execute(&self.whole_batch(sql)).await.map_err(server_error)
    }

    /// The statements of a batch behind its settings. An implicit transaction begins as `default_transaction_read_only`
    /// says.
    fn whole_batch(&self, sql: &str) -> String {
        format!("SET LOCAL transaction_read_only = off;\n{};\n{sql}", self.settings())
    }

    /// Begins a READ COMMITTED transaction. Dropping it rolls it back.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>> {
        let begin = self.beginning("");
        let transaction = Transaction::new(&self.inner, &self.link);
        transaction.batch(&begin).await?;
        Ok(transaction)
    }

    /// Begins a transaction that copies rows: its commit is not waited for (see the module), its session is called
    /// `name`, and `sql` is asked in it at once. One round trip.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn begin_lazily(
        &mut self,
        name: &str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<(Transaction<'_>, Vec<Row>)> {
        let begin = self.beginning(LAZY);
        let transaction = Transaction::new(&self.inner, &self.link);
        // Polled in this order, which is the order of the messages.
        let (begun, named, rows) = futures_util::future::join3(
            transaction.batch(&begin),
            transaction.query(NAME, &[&name]),
            transaction.query(sql, parameters),
        )
        .await;
        begun?;
        if let Some(row) = named?.first() {
            self.begun = Some(SessionOfTransaction { backend: get(row, 1)?, name: name.to_owned() });
        }
        Ok((transaction, rows?))
    }

    /// The session of the last transaction that copied rows, if there was one.
    pub fn last_session(&mut self) -> Option<SessionOfTransaction> {
        self.begun.take()
    }

    /// Ends a session that another connection has left behind: behind a link that is dead but open the server knows
    /// nothing of that, and the transaction keeps its locks. A session of that name that is gone is no error.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn end_session(&self, left: &SessionOfTransaction) -> Result<()> {
        // From 14 on the server waits (milliseconds) until the session is gone.
        let wait = if self.version >= 14_00_00 { ", 5000" } else { "" };
        let sql = format!(
            "SELECT pg_terminate_backend(pid{wait}) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 \
             AND pid <> pg_backend_pid()"
        );
        self.query(&sql, &[&left.backend, &left.name.as_str()]).await.map(drop)
    }

    /// Closes the connection from here: whoever waits for an answer of it gets an error.
    pub fn abandon(&self) {
        self.link.abandon();
    }

    /// Ends the session properly, within a few seconds.
    pub async fn close(self) {
        let Self { inner, mut task, .. } = self;
        // Without a sender the connection's task says goodbye and ends; it is cut off if it does not.
        drop(inner);
        let _ = tokio::time::timeout(Duration::from_secs(3), &mut task.0).await;
    }
}
