//! Tables of the source: columns, keys, indexes, foreign keys.

use crate::model::names::{ColumnName, TableName};
use crate::model::objects::IndexKind;
use crate::model::types::SourceType;
use serde::{Deserialize, Serialize};

/// IDENTITY of a column. Numbers are decimal text, for `decimal(38,0)` identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub seed: String,
    pub increment: String,
    /// None if no row was ever inserted.
    pub last_value: Option<String>,
}

/// A column of a source table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumn {
    pub name: ColumnName,
    /// `sys.columns.column_id`: the order of the table, with gaps after dropped columns.
    pub ordinal: i32,
    pub ty: SourceType,
    pub nullable: bool,
    pub identity: Option<Identity>,
    /// The T-SQL expression of a computed column.
    pub computed: Option<String>,
    /// A hidden period column of a temporal table.
    pub hidden: bool,
    /// When a row began or ended, written by the server itself: of a temporal table or its history.
    pub period: bool,
    /// Dynamic data masking keeps its values from this login, which would read masks in their place.
    pub withheld: bool,
    /// None: its values can be read.
    #[serde(default)]
    pub no_data: Option<NoData>,
}

/// Why the values of a column are no data that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// COLUMN_SET FOR ALL_SPARSE_COLUMNS: xml that is made of other columns.
    ColumnSet,
    /// Always Encrypted: the server has ciphertext only.
    Encrypted,
    /// A number that a graph table keeps for itself, which no query can read (error 13908).
    GraphInternal,
}

/// A column of a key or an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    pub name: ColumnName,
    pub descending: bool,
}

/// A primary key, its columns in key order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub name: String,
    pub columns: Vec<KeyColumn>,
    pub clustered: bool,
}

/// A user table of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTable {
    pub name: TableName,
    pub object_id: i32,
    /// In column order.
    pub columns: Vec<SourceColumn>,
    pub primary_key: Option<Key>,
    /// From partition statistics, or `sys.partitions`; an estimate.
    pub rows: u64,
    /// Data bytes of the heap or clustered index with its LOBs; an estimate (rows x row width if statistics are
    /// denied).
    pub bytes: u64,
    /// The security policy, switched on, whose predicate decides which rows a login sees.
    pub filtered_by: Option<String>,
    /// Memory-optimised.
    pub in_memory: bool,
}

impl SourceTable {
    /// A table of which nothing is known but its name.
    #[must_use]
    pub const fn new(name: TableName, object_id: i32) -> Self {
        Self {
            name,
            object_id,
            columns: Vec::new(),
            primary_key: None,
            rows: 0,
            bytes: 0,
            filtered_by: None,
            in_memory: false,
        }
    }
}

/// A secondary index or a unique constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub table: TableName,
    pub name: String,
    pub kind: IndexKind,
    pub columns: Vec<KeyColumn>,
    pub included: Vec<ColumnName>,
    pub unique: bool,
    /// Made by a UNIQUE constraint.
    pub constraint: bool,
    /// The T-SQL predicate of a filtered index.
    pub filter: Option<String>,
    pub disabled: bool,
}

/// What a foreign key does on DELETE or UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferentialAction {
    NoAction,
    Cascade,
    SetNull,
    SetDefault,
}

/// A foreign key, its columns in constraint order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    pub table: TableName,
    pub name: String,
    pub columns: Vec<ColumnName>,
    pub referenced: TableName,
    pub referenced_columns: Vec<ColumnName>,
    pub on_delete: ReferentialAction,
    pub on_update: ReferentialAction,
    /// WITH NOCHECK and disabled: the source does not enforce it.
    pub disabled: bool,
    /// The source never proved it for existing rows.
    pub not_trusted: bool,
}
