//! What a table declares: columns, constraints, indexes, foreign keys.

use super::{same, sqlite_name};
use crate::types::{Collation, Column, SqlType};

/// `IDENTITY(seed, increment)`; the last value lives in the engine, since it is not transactional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub seed: i128,
    pub increment: i128,
}

/// A computed column. Its value is computed when a row is written, and stored like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The expression as declared, with its outer parentheses.
    pub definition: String,
    pub persisted: bool,
}

/// A named expression: a DEFAULT of one column or a CHECK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    pub object_id: i32,
    pub name: String,
    /// The name was generated.
    pub system_named: bool,
    /// The expression with its outer parentheses.
    pub definition: String,
    /// CHECK: the column that it was declared at; 0 for a table constraint.
    pub parent_column_id: i32,
    pub disabled: bool,
    pub not_trusted: bool,
}

/// A column as declared. Computed columns have the type that was inferred.
#[derive(Debug, Clone, Default)]
pub struct ColumnDef {
    /// 1-based; never used again after a DROP COLUMN.
    pub id: i32,
    pub name: String,
    pub ty: SqlType,
    /// `user_type_id` of an alias type (also of `sysname`, 256).
    pub alias: Option<i32>,
    pub nullable: bool,
    pub collation: Option<Collation>,
    pub identity: Option<Identity>,
    pub computed: Option<Computed>,
    pub default: Option<Constraint>,
    pub rowguidcol: bool,
    pub sparse: bool,
    /// A column of the period of a temporal table.
    pub generated: Option<Generated>,
    /// Not in `SELECT *`.
    pub hidden: bool,
    /// MASKED WITH (FUNCTION = '…'): declared only.
    pub masked: Option<String>,
    /// COLUMN_SET FOR ALL_SPARSE_COLUMNS.
    pub column_set: bool,
    pub filestream: bool,
    /// ENCRYPTED WITH (…).
    pub encryption: Option<Encryption>,
    /// `xml_collection_id`, and whether DOCUMENT.
    pub xml_collection: Option<(i32, bool)>,
    /// `graph_type` of sys.columns; 0 for none.
    pub graph_type: u8,
    /// `object_id` of the default and of the rule that `sp_bindefault` and `sp_bindrule` bound; 0 for none.
    pub bound_default: i32,
    pub bound_rule: i32,
}

/// `graph_type` of sys.columns.
pub mod graph {
    pub const ID: u8 = 1;
    pub const ID_COMPUTED: u8 = 2;
    pub const FROM_ID: u8 = 3;
    pub const FROM_OBJ_ID: u8 = 4;
    pub const FROM_ID_COMPUTED: u8 = 5;
    pub const TO_ID: u8 = 6;
    pub const TO_OBJ_ID: u8 = 7;
    pub const TO_ID_COMPUTED: u8 = 8;

    /// `graph_type_desc`.
    #[must_use]
    pub const fn describe(graph_type: u8) -> Option<&'static str> {
        Some(match graph_type {
            ID => "GRAPH_ID",
            ID_COMPUTED => "GRAPH_ID_COMPUTED",
            FROM_ID => "GRAPH_FROM_ID",
            FROM_OBJ_ID => "GRAPH_FROM_OBJ_ID",
            FROM_ID_COMPUTED => "GRAPH_FROM_ID_COMPUTED",
            TO_ID => "GRAPH_TO_ID",
            TO_OBJ_ID => "GRAPH_TO_OBJ_ID",
            TO_ID_COMPUTED => "GRAPH_TO_ID_COMPUTED",
            _ => return None,
        })
    }
}

/// GENERATED ALWAYS AS ROW START or END.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    Start,
    End,
    /// Of a ledger table.
    TransactionStart,
    TransactionEnd,
    SequenceStart,
    SequenceEnd,
}

/// Always Encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// `column_encryption_key_id`.
    pub key: i32,
    pub deterministic: bool,
}

/// `ledger_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// Of another table.
    History,
    /// With the table of its history, and its view.
    Updatable(i32, i32),
    /// With its view.
    AppendOnly(i32),
}

impl ColumnDef {
    /// Whether `$node_id` and its like mean this column.
    #[must_use]
    pub fn is_pseudo(&self, name: &str) -> bool {
        let wanted = match self.graph_type {
            graph::ID_COMPUTED => &self.name[..8],
            graph::FROM_ID_COMPUTED => "$from_id",
            graph::TO_ID_COMPUTED => "$to_id",
            _ => return false,
        };
        wanted.eq_ignore_ascii_case(name)
    }

    /// An internal column of a graph table: nobody may read it.
    #[must_use]
    pub const fn is_internal(&self) -> bool {
        matches!(
            self.graph_type,
            graph::ID | graph::FROM_ID | graph::FROM_OBJ_ID | graph::TO_ID | graph::TO_OBJ_ID
        )
    }

    /// What a result shows of it.
    #[must_use]
    pub fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            // A client that does not decrypt gets the bytes.
            ty: if self.encryption.is_some() { SqlType::VarBinary(crate::types::Len::Max) } else { self.ty },
            nullable: self.nullable,
            collation: self.collation.filter(|_| self.encryption.is_none()),
            identity: self.identity.is_some(),
            computed: self.computed.is_some(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    PrimaryKey,
    UniqueConstraint,
    Index,
}

/// How an index is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexForm {
    Rows,
    Columnstore,
    /// Of a memory-optimised table, with its BUCKET_COUNT.
    Hash(i64),
    /// With the primary XML index that it is built on and the kind of a secondary one (P path, V value, R property).
    Xml(Option<(i32, char)>),
    /// With the tessellation scheme.
    Spatial(String),
}

/// Where a partitioned table or index lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitioned {
    /// `data_space_id` of the scheme.
    pub scheme: i32,
    pub column_id: i32,
}

/// `temporal_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporal {
    #[default]
    No,
    /// Of another table.
    History,
    /// With the table of its history.
    Versioned(i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexColumn {
    pub column_id: i32,
    pub descending: bool,
}

/// An index, also that of a PRIMARY KEY or UNIQUE constraint.
#[derive(Debug, Clone)]
pub struct IndexDef {
    /// 1 is the clustered one, 2 and up the others.
    pub id: i32,
    pub name: String,
    pub kind: IndexKind,
    /// Of the constraint; 0 for a plain index.
    pub object_id: i32,
    pub system_named: bool,
    pub unique: bool,
    pub clustered: bool,
    pub keys: Vec<IndexColumn>,
    pub included: Vec<i32>,
    /// WHERE of a filtered index, in parentheses.
    pub filter: Option<String>,
    pub fill_factor: u8,
    pub ignore_dup_key: bool,
    pub disabled: bool,
    pub form: IndexForm,
    pub partitioned: Option<Partitioned>,
}

/// What a foreign key does when the row it names changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    NoAction,
    Cascade,
    SetNull,
    SetDefault,
}

#[derive(Debug, Clone)]
pub struct ForeignKeyDef {
    pub object_id: i32,
    pub name: String,
    pub system_named: bool,
    /// Pairs of columns: here, there.
    pub columns: Vec<(i32, i32)>,
    pub referenced: i32,
    /// `index_id` of the key there.
    pub key_index_id: i32,
    pub on_delete: Action,
    pub on_update: Action,
    pub disabled: bool,
    pub not_trusted: bool,
    pub not_for_replication: bool,
}

/// AS NODE or AS EDGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graph {
    Node,
    Edge,
}

/// `MEMORY_OPTIMIZED = ON`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// DURABILITY = SCHEMA_ONLY.
    pub schema_only: bool,
}

/// A table with all that belongs to it.
#[derive(Debug, Clone, Default)]
pub struct TableDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    pub columns: Vec<ColumnDef>,
    pub indexes: Vec<IndexDef>,
    pub checks: Vec<Constraint>,
    pub foreign_keys: Vec<ForeignKeyDef>,
    /// Highest column id ever used.
    pub max_column_id: i32,
    /// Objects are dated by a counter of seconds from 2024-01-01, so that a script gives the same catalog every time.
    pub created: i64,
    pub modified: i64,
    pub partitioned: Option<Partitioned>,
    /// PERIOD FOR SYSTEM_TIME: start and end.
    pub period: Option<(i32, i32)>,
    pub temporal: Temporal,
    pub graph: Option<Graph>,
    pub memory: Option<Memory>,
    pub ledger: Option<Ledger>,
}

impl TableDef {
    /// The SQLite table, quoted.
    #[must_use]
    pub fn sqlite_name(&self) -> String {
        sqlite_name(&self.schema, &self.name)
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        let found = self.columns.iter().find(|c| same(&c.name, name));
        found.or_else(|| self.columns.iter().find(|c| c.is_pseudo(name)))
    }

    #[must_use]
    pub fn column_by_id(&self, id: i32) -> Option<&ColumnDef> {
        self.columns.iter().find(|c| c.id == id)
    }

    #[must_use]
    pub fn primary_key(&self) -> Option<&IndexDef> {
        self.indexes.iter().find(|i| i.kind == IndexKind::PrimaryKey)
    }
}
