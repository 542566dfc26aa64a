//! What the source's database has beside tables, and PostgreSQL gets nothing of: it is counted and named.

use super::names::{ColumnName, TableName};

/// All of it. Lists are sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub statistics: Vec<UserStatistics>,
    pub roles: Vec<Role>,
    pub permissions: Vec<Permissions>,
    pub xml_schemas: Vec<TableName>,
    /// Unique indexes and keys with IGNORE_DUP_KEY: the table, and the name of the index.
    pub ignoring_duplicates: Vec<(TableName, String)>,
    pub view_indexes: Vec<ViewIndex>,
    pub ledgers: Vec<Ledger>,
}

/// CREATE STATISTICS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStatistics {
    pub table: TableName,
    pub name: String,
    pub columns: Vec<ColumnName>,
    /// Of some rows only.
    pub filtered: bool,
}

/// A role of the database with those who are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub members: Vec<String>,
}

/// What rights are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionOn {
    Database,
    Schema(String),
    Object(TableName),
    /// Anything else, in words: `type`.
    Other(String),
}

/// The rights on one object, as they would be written in T-SQL: `GRANT SELECT ON OBJECT::[dbo].[T] TO [reader]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    pub on: PermissionOn,
    pub statements: Vec<String>,
}

/// An index of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewIndex {
    pub view: TableName,
    pub name: String,
    pub unique: bool,
}

/// A ledger table, whose rows the source proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub table: TableName,
    /// `UPDATABLE_LEDGER_TABLE`, as the catalog names it.
    pub kind: String,
}
