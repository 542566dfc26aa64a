//! Everything but SELECT: T-SQL scripts and single statements that declare objects or change rows.
//!
//! Interface for the session: give [`execute`] the text of one or more statements that are not queries, with the
//! connection on which the session's transaction is open. It keeps catalog and tables in step. What it does not know
//! is an error (50999), never a guess. Transactions, variables, IF, EXEC of a string are the session's business.

use rusqlite::Connection;

use crate::engine::{Engine, unknown};
use crate::results::{Parameter, SqlError};

/// Session state that statements here read and set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `SET IDENTITY_INSERT table ON`: object id of the table.
    pub identity_insert: Option<i32>,
}

/// Where statements run.
pub struct Context<'a> {
    pub engine: &'a Engine,
    /// From [`Engine::connection`] of this database.
    pub conn: &'a Connection,
    pub database: &'a str,
    /// Values of `@name`s.
    pub parameters: &'a [Parameter],
    pub settings: &'a mut Settings,
}

/// What statements did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows of the last INSERT, UPDATE or DELETE; None where a statement counts none (DDL, SET).
    pub rows_affected: Option<u64>,
    /// What PRINT said.
    pub messages: Vec<String>,
    /// `USE`: the database to go on in. Statements after it in the same text are an error.
    pub use_database: Option<String>,
}

/// Runs statements that are not queries: CREATE/ALTER/DROP of SCHEMA, TYPE, TABLE, INDEX, SEQUENCE, VIEW, SYNONYM,
/// DATABASE; INSERT … VALUES, UPDATE, DELETE, TRUNCATE; EXEC sp_addextendedproperty; SET, USE, PRINT.
///
/// # Errors
/// SQL Server's own (2714, 2627, 515, 2628 …) or 50999; a failed statement leaves nothing behind, statements before
/// it stay done. `line` counts from 1 within `text`.
pub fn execute(context: &mut Context<'_>, text: &str) -> Result<Outcome, SqlError> {
    let _ = (&context.settings, text);
    Err(unknown("statements, yet"))
}

/// Runs a whole script with GO lines in the engine's default database.
pub(crate) fn script(_engine: &Engine, _text: &str) -> Result<(), SqlError> {
    Err(unknown("scripts, yet"))
}
