//! System views: declared here with names, types and order of columns as Microsoft documents them, and materialised
//! as tables of the attached `system_views` file when a statement wants them.

use rusqlite::Connection;

use crate::catalog::Relation;
use crate::engine::{Database, Engine};
use crate::results::SqlError;

/// Rows and bytes of a table as of a version of its data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    pub version: u64,
    pub rows: u64,
}

/// What the views were built from.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) changes: u64,
}

/// The system views, without denials.
pub(crate) fn relations() -> impl Iterator<Item = Relation> {
    std::iter::empty()
}

pub(crate) fn create_tables(_conn: &Connection) -> rusqlite::Result<()> {
    Ok(())
}

pub(crate) fn refresh(_engine: &Engine, _database: &Database, _names: &[&str]) -> Result<(), SqlError> {
    Ok(())
}
