//! What a batch produces, in the order of the wire. The engine calls, the wire layer (or a test) implements.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::types::Column;
use crate::value::Value;

/// A SQL Server error or message (ERROR and INFO tokens, MS-TDS 2.2.7.10 and 2.2.7.13).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Msg {number}, Level {severity}, State {state}, Line {line}: {message}")]
pub struct SqlError {
    /// SQL Server's own number wherever it has one for the case: 208 invalid object name, 207 invalid column name,
    /// 229 permission denied, 102 syntax, 1205 deadlock victim, 18456 login failed, 4060 cannot open database …;
    /// 50999 for T-SQL that this server does not know (never a guess).
    pub number: i32,
    pub state: u8,
    /// 0 to 10 information, 11 to 19 statement error, 20 and above ends the connection.
    pub severity: u8,
    pub message: String,
    pub line: i32,
}

/// Whether the receiver wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    Continue,
    /// An Attention came or the client is gone: the engine unwinds (rolls back an auto-commit statement) and returns.
    Stop,
}

/// Changes of session state that the client must be told (ENVCHANGE).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvChange {
    Database { from: String, to: String },
    BeginTransaction(u64),
    CommitTransaction(u64),
    RollbackTransaction(u64),
}

/// Receiver of one batch's results.
pub trait Results {
    /// Starts a result set.
    fn columns(&mut self, columns: &[Column]) -> Flow;
    /// One row, as many values as columns.
    fn row(&mut self, row: &[Value]) -> Flow;
    /// Ends a statement; `rows` is Some for those that count rows (SELECT, INSERT, UPDATE, DELETE), unless NOCOUNT is on.
    fn done(&mut self, rows: Option<u64>) -> Flow;
    fn info(&mut self, message: &SqlError) -> Flow;
    /// A failed statement; the engine decides whether the batch goes on.
    fn error(&mut self, error: &SqlError) -> Flow;
    fn env_change(&mut self, change: &EnvChange) -> Flow;
    /// 1-based columns of ORDER BY where they are columns of the result (ORDER token).
    fn order(&mut self, columns: &[u16]) -> Flow;
}

/// A parameter of `sp_executesql` or of a prepared statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// With the leading `@`.
    pub name: String,
    pub ty: crate::types::SqlType,
    pub collation: Option<crate::types::Collation>,
    pub value: crate::value::Value,
}

/// Who logs in (LOGIN7, decoded by the wire layer).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
    /// Empty: the login's default database.
    pub database: String,
    pub host: String,
    pub application: String,
}

/// What answers behind the wire: the SQLite engine, or a fixed table in a wire test.
pub trait Backend: Send + Sync {
    /// # Errors
    /// 18456 for a wrong user or password, 4060 for a database that is not there or not allowed.
    fn login(&self, login: &Login) -> Result<Box<dyn Session>, SqlError>;
}

/// One logged-in connection. Synchronous: the wire layer runs it on a blocking thread.
pub trait Session: Send {
    /// The current database.
    fn database(&self) -> &str;
    /// Runs one batch (or one parameterised statement) to its end or until `results` says [`Flow::Stop`].
    /// Statement errors go to [`Results::error`]; an `Err` ends the connection.
    fn batch(
        &mut self,
        sql: &str,
        parameters: &[Parameter],
        results: &mut dyn Results,
    ) -> Result<(), SqlError>;
    /// Set by the wire layer when the client sends an Attention, and cleared when that has been answered: a session
    /// that looks at it while it computes ends early. The same flag for the whole life of the session.
    fn cancelled(&self) -> Arc<AtomicBool> {
        Arc::default()
    }
    /// RESETCONNECTION of the packet header: session settings back to the login's, open transaction rolled back.
    fn reset(&mut self);
}
