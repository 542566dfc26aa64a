//! A transaction on a connection to the target.

use super::client::get;
use super::errors::server_error;
use super::link::Link;
use super::parameters::{Parameter, typed};
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use futures_util::FutureExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

/// A transaction; rolled back unless [`Transaction::commit`] returns `Ok`.
pub struct Transaction<'c> {
    inner: &'c Client,
    link: &'c Link,
    ended: bool,
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // Polled once, which sends it: whatever comes next on this connection comes behind it.
            drop(self.inner.batch_execute("ROLLBACK").now_or_never());
        }
    }
}

impl<'c> Transaction<'c> {
    /// For the caller to begin: from now on a drop rolls back. The caller holds the connection for itself.
    pub(super) const fn new(inner: &'c Client, link: &'c Link) -> Self {
        Self { inner, link, ended: false }
    }

    pub(super) const fn inner(&self) -> &'c Client {
        self.inner
    }

    pub(super) const fn link(&self) -> &'c Link {
        self.link
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.link.answer(self.inner.query_typed(sql, &typed(parameters))).await
    }

    /// Runs a statement and returns how many rows it touched.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64> {
        self.execute_raw(sql, parameters).await?.map_err(server_error)
    }

    /// The same with the driver's own error kept apart, for callers to whom the SQLSTATE matters.
    pub(super) async fn execute_raw(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Result<u64, tokio_postgres::Error>> {
        self.link.in_time(self.inner.execute_typed(sql, &typed(parameters))).await
    }

    /// Runs statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.link.answer(self.inner.batch_execute(sql)).await
    }

    /// As [`Self::batch`], for statements that may take hours: however long the answer takes.
    ///
    /// # Errors
    /// As [`Self::batch`].
    pub async fn batch_of_hours(&self, sql: &str) -> Result<()> {
        self.inner.batch_execute(sql).await.map_err(server_error)
    }

    /// TRUNCATE, never CASCADE: rows of other tables are not ours to remove. Nothing is gone before the commit.
    ///
    /// # Errors
    /// `TargetData` if another table's foreign key stands in the way.
    pub async fn truncate(&self, table: &TableName) -> Result<()> {
        let statement = format!("TRUNCATE TABLE {}", table.target_sql());
        let result = self.link.in_time(self.inner.batch_execute(&statement)).await?;
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
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn is_empty(&self, table: &TableName) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", table.target_sql());
        self.query(&sql, &[]).await?.first().map_or(Ok(true), |row| get(row, 0))
    }

    /// Is the table still without a page? Nobody else writes into it until the end of this transaction (PostgreSQL
    /// documentation, "Explicit Locking"): runs that begin the same table at once come one behind the other, as with
    /// TRUNCATE, whose privilege is enough for this. One round trip.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn is_kept_blank(&self, table: &TableName) -> Result<bool> {
        let name = table.target_sql();
        let lock = format!("LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE");
        // Sent at once, and done in this order: the look is behind the lock.
        let named: [Parameter<'_>; 1] = [&name];
        let look = self.query("SELECT pg_relation_size(to_regclass($1)) = 0", &named);
        let (locked, rows) = futures_util::future::join(self.batch(&lock), look).await;
        locked?;
        rows?.first().map_or(Ok(false), |row| get(row, 0))
    }

    /// Commits.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection broke: then nobody knows whether the server committed. The chunk's
    /// marker in the ledger tells; read it before the chunk is copied again.
    pub async fn commit(mut self) -> Result<()> {
        self.ended = true;
        let unknown = |why: &Error| {
            let message = "the connection broke during COMMIT; the ledger tells whether it took effect";
            Error::new(ErrorKind::TargetUnavailable, message).because(why.detail())
        };
        let committed = self.link.in_time(self.inner.batch_execute("COMMIT")).await;
        committed.map_err(|silent| unknown(&silent))?.map_err(|error| {
            let answered = error.as_db_error().is_some();
            let told = server_error(error);
            if answered { told } else { unknown(&told) }
        })
    }

    /// Rolls back, and waits until that is done.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn rollback(mut self) -> Result<()> {
        self.ended = true;
        self.link.answer(self.inner.batch_execute("ROLLBACK")).await
    }
}
