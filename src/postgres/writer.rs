//! Rows into a table: `COPY … FROM STDIN WITH (FORMAT binary)` (PostgreSQL documentation, COPY, "Binary Format").
//!
//! The caller sends tuples as [`Bytes`], cut anywhere; the header and the trailer are written here. When the server
//! aborts the COPY midway, it throws away what still comes; its error is what [`CopyWriter::finish`] returns.

use super::client::Transaction;
use super::errors::{copy_line, server_error};
use super::link::Link;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::names::quote_target;
use crate::model::plan::PlannedTable;
use bytes::Bytes;
use futures_util::SinkExt;
use std::pin::Pin;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CopyInSink, Statement};

/// Signature, flags (no OIDs), length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What is handed to the connection at once: it copies every message whole.
const MESSAGE: usize = 256 * 1024;
/// A field count of -1.
const TRAILER: &[u8] = b"\xff\xff";

/// The statement: every column of the plan, by name.
#[must_use]
pub fn copy_statement(table: &PlannedTable, freeze: bool) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| quote_target(column.target.as_str())).collect();
    let freeze = if freeze { ", FREEZE true" } else { "" };
    format!(
        "COPY {} ({}) FROM STDIN WITH (FORMAT binary{freeze})",
        table.target.target_sql(),
        columns.join(", ")
    )
}

/// A COPY that the server knows. The driver has no COPY without a name: it lives as long as the transaction needs it.
pub struct PreparedCopy(Statement);

/// Prepares the COPY, which a transaction may do while an earlier statement of its own is still on its way.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn prepare(
    transaction: &Transaction<'_>,
    table: &PlannedTable,
    freeze: bool,
) -> Result<PreparedCopy> {
    let statement = copy_statement(table, freeze);
    transaction.link().answer(transaction.inner().prepare(&statement)).await.map(PreparedCopy)
}

/// A COPY in flight. Dropping it without [`CopyWriter::finish`] aborts the COPY, and with it the transaction.
pub struct CopyWriter {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    link: Link,
}

impl CopyWriter {
    /// Starts the COPY. `freeze` is for a table that this transaction truncated or created, and never for a
    /// partitioned one: its rows are written as frozen, so that no VACUUM has to come back.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    /// `TargetRefused` if FREEZE is not possible.
    pub async fn start(transaction: &Transaction<'_>, table: &PlannedTable, freeze: bool) -> Result<Self> {
        let prepared = prepare(transaction, table, freeze).await?;
        Self::begin(transaction, prepared).await
    }

    /// Starts the COPY that was prepared in this transaction; its name is given up at once.
    ///
    /// # Errors
    /// As `start`: `TargetUnavailable`, `TargetPermission`, `TargetRefused`.
    pub async fn begin(transaction: &Transaction<'_>, prepared: PreparedCopy) -> Result<Self> {
        let (inner, link) = (transaction.inner(), transaction.link());
        let sink = link.answer(inner.copy_in::<_, Bytes>(&prepared.0)).await?;
        drop(prepared);
        let mut writer = Self { sink: Box::pin(sink), link: link.clone() };
        failpoint!("copy.before_header");
        writer.feed(Bytes::from_static(HEADER)).await?;
        failpoint!("copy.after_header");
        Ok(writer)
    }

    /// Hands tuples on, and waits while the connection is busy: back pressure.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection is gone. An error of the server comes out of [`Self::finish`].
    pub async fn send(&mut self, mut tuples: Bytes) -> Result<()> {
        while !tuples.is_empty() {
            let message = tuples.split_to(tuples.len().min(MESSAGE));
            self.feed(message).await?;
            failpoint!("copy.batch");
        }
        Ok(())
    }

    /// Ends the COPY and returns how many rows the server took.
    ///
    /// # Errors
    /// The server's error about any row since the start: `Value`, `TargetData` … with PostgreSQL's column.
    pub async fn finish(self) -> Result<u64> {
        self.finish_or_line().await.map_err(|failed| failed.error)
    }

    /// As [`Self::finish`], with the row that the server refused.
    ///
    /// # Errors
    /// `Value` or `TargetData` about any row since the start; `TargetUnavailable` if the connection breaks.
    pub async fn finish_or_line(mut self) -> Result<u64, CopyFailure> {
        self.trailer().await.map_err(CopyFailure::from)?;
        let finished = self.link.in_time(self.sink.as_mut().finish()).await.map_err(CopyFailure::from)?;
        let rows = finished.map_err(|error| {
            let answer = error.as_db_error();
            let line = answer.and_then(|answer| copy_line(answer.where_()?));
            // That an index has no room for it is said with the index's name, and of the very row.
            let too_long = answer.is_some_and(|answer| {
                *answer.code() == SqlState::PROGRAM_LIMIT_EXCEEDED && answer.constraint().is_none()
            });
            CopyFailure { error: copy_error(error), line, too_long }
        })?;
        // The server may still fail before it is ready for the next statement: a timeout that was due. The driver has
        // one answer more then; if all is well it has the end of the answer, which it takes for an unexpected message.
        if let Err(error) = self.link.in_time(self.sink.as_mut().finish()).await.map_err(CopyFailure::from)?
            && error.as_db_error().is_some()
        {
            return Err(CopyFailure::from(copy_error(error)));
        }
        Self::ended().map_err(CopyFailure::from)?;
        Ok(rows)
    }

    async fn trailer(&mut self) -> Result<()> {
        failpoint!("copy.before_trailer");
        self.feed(Bytes::from_static(TRAILER)).await
    }

    #[cfg_attr(
        not(feature = "failpoints"),
        expect(clippy::unnecessary_wraps, reason = "a failpoint may stand for an error")
    )]
    fn ended() -> Result<()> {
        failpoint!("copy.after_trailer");
        Ok(())
    }

    async fn feed(&mut self, bytes: Bytes) -> Result<()> {
        self.link.in_time(self.sink.feed(bytes)).await?.map_err(copy_error)
    }
}

/// Why a COPY failed.
#[derive(Debug)]
pub struct CopyFailure {
    pub error: Error,
    /// The row in question, counted from 1, if the server names one.
    pub line: Option<u64>,
    /// The row, or one of those before it, is longer than a page.
    pub too_long: bool,
}

impl From<Error> for CopyFailure {
    fn from(error: Error) -> Self {
        Self { error, line: None, too_long: false }
    }
}

/// A closed channel during COPY means that the session is gone (server stopped, session terminated).
fn copy_error(error: tokio_postgres::Error) -> Error {
    if error.is_closed() {
        return Error::new(ErrorKind::TargetUnavailable, "the target ended the session during COPY");
    }
    server_error(error)
}
