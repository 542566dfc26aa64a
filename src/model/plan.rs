//! `plan.json`: the pinned, ordered list of the run's tables (docs/reference/checkpoint.md shows one).

pub mod believed;

use crate::model::identity::DatabaseIdentity;
use crate::model::names::NameCase;
use crate::model::names::{ColumnName, TableName};
use crate::model::policy::{Mask, Policies};
use crate::model::types::SourceType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version this program writes; older ones are read, newer ones refused.
pub const VERSION: u32 = 3;

/// The whole plan. Written once, create-if-absent, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub version: u32,
    /// SHA-256, in hex, of everything that must be the same for a resume: the source database's identity and name, filters,
    /// mapping. The run's documents carry it. Plans without an identity (see [`PlannedSource`]) have the server's name in it.
    pub fingerprint: String,
    /// The random id of the write that made it: two plans are never taken for one, however alike they are. The store adds
    /// it; empty until then.
    #[serde(default, skip_serializing)]
    pub operation: String,
    /// SHA-256, in hex, of the object as it stands in the store; empty until it was written or read. The ledger keeps it.
    #[serde(skip)]
    pub digest: String,
    pub created_at: Timestamp,
    pub source: PlannedSource,
    /// None if the plan was made without a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<PlannedTarget>,
    pub options: PlanOptions,
    /// In plan order; `tables[i].index == i + 1`.
    pub tables: Vec<PlannedTable>,
}

impl Plan {
    /// What tells this plan from every other; of a plan that was written without an operation, its fingerprint.
    #[must_use]
    pub fn id(&self) -> &str {
        if self.operation.is_empty() { &self.fingerprint } else { &self.operation }
    }
}

/// Where the plan was made. No user, no password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSource {
    /// `@@SERVERNAME`, or the host if that is not to be had. For people, if there is an identity: each replica has its own.
    pub server: String,
    pub database: String,
    /// Empty in plans of older programs, which knew a source by its server's name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub identity: DatabaseIdentity,
    pub product_version: String,
    /// The log position (LSN) when the plan was made, if the login may read it: change capture can start there.
    pub log_position: Option<String>,
}

/// What the target could do when the plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTarget {
    /// `server_version_num`: 150004.
    pub version: u32,
    /// Extensions that are installed in the database, in lower case, sorted: `citext`, `postgis`, `vector`.
    pub extensions: Vec<String>,
}

/// What becomes of collations that ignore case or accents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collations {
    /// The database's own: comparisons see case and accents. Said in the assessment.
    #[default]
    Database,
    /// Nondeterministic ICU collations.
    Icu,
    /// `citext`, for those that ignore case.
    Citext,
}

/// What becomes of partitioned tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Partitions {
    #[default]
    Plain,
    Declarative,
}

/// What the user chose for one table (config file, `tables:`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableChoice {
    /// `name` or `schema.name` in the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A T-SQL predicate: only these rows are copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Columns that are not copied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Of its columns, instead of the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Policies>,
    /// By source column.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub columns: std::collections::BTreeMap<String, ColumnChoice>,
}

/// What the user chose for one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnChoice {
    /// Name in the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// One of the alternatives of THE table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
    /// Instead of the table's and the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Policies>,
}

/// What Microsoft's tools show as the description.
const DESCRIPTION: &str = "MS_Description";

/// The choices that the fingerprint covers. What an older version did not know is left out of it if it is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOptions {
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    /// Source schema to target schema, for those that are renamed.
    pub schema_map: std::collections::BTreeMap<String, String>,
    /// Columns of unsupported types are left out and listed, instead of refusing the plan.
    pub skip_unsupported: bool,
    /// Tables whose rows a security policy filters are copied as the login sees them, instead of refusing the plan.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_row_filters: bool,
    /// None of a command: it was not chosen. None in a plan: an older program wrote it, which preserved names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_case: Option<NameCase>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub collations: Collations,
    #[serde(default, skip_serializing_if = "is_default")]
    pub partitions: Partitions,
    /// Extended properties that become comments, the first one that an object has; empty: `MS_Description`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub comment_properties: Vec<String>,
    /// Source type (`datetimeoffset`) to one of its alternatives in THE table.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub maps: std::collections::BTreeMap<String, String>,
    /// Of all columns that have none of their own.
    #[serde(default, skip_serializing_if = "Policies::is_default")]
    pub policies: Policies,
    /// What `replan` chose by a flag, by source table as its name is shown: instead of all others, and no choice of the config file.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub replanned: std::collections::BTreeMap<String, Policies>,
    /// By source table, as its name is shown.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub tables: std::collections::BTreeMap<String, TableChoice>,
}

impl PlanOptions {
    /// How the names of this plan are written.
    #[must_use]
    pub fn name_case(&self) -> NameCase {
        self.name_case.unwrap_or(NameCase::Preserve)
    }

    /// By which extended property an object's comment is found: 0 for the first choice; None: by none of this name.
    #[must_use]
    pub fn comment_rank(&self, property: &str) -> Option<usize> {
        if self.comment_properties.is_empty() {
            return property.eq_ignore_ascii_case(DESCRIPTION).then_some(0);
        }
        self.comment_properties.iter().position(|name| name.to_lowercase() == property.to_lowercase())
    }

    /// As a new plan has them: what was not chosen is the default.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { name_case: Some(self.name_case.unwrap_or_default()), ..self }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One table of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTable {
    /// 1-based place in the plan.
    pub index: u32,
    pub source: TableName,
    pub target: TableName,
    /// What is copied, in column order.
    pub columns: Vec<PlannedColumn>,
    /// Computed columns that the target computes itself; not copied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generated: Vec<GeneratedColumn>,
    /// A T-SQL predicate of the user: only these rows are copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// How the target is partitioned; None: not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitioning: Option<Partitioning>,
    /// What is not, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<UnsupportedColumn>,
    /// Primary key columns in key order; empty: none.
    pub primary_key: Vec<ColumnName>,
    /// Keys and indexes of which a value may be longer than PostgreSQL's index rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_keys: Vec<LongKey>,
    /// By what the table is split into chunks; None: it is copied as one. Plans of version 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk_key: Option<ChunkKey>,
    /// Estimates of the time of planning.
    pub rows: u64,
    pub bytes: u64,
    /// SHA-256, in hex, of the source's column definitions: a table that changed since is refused.
    pub column_fingerprint: String,
    /// Memory-optimised: read under READ COMMITTED with the table hint SNAPSHOT, since a session at SNAPSHOT cannot read it
    /// (error 41332).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_memory: bool,
}

impl PlannedTable {
    /// Of an index or a unique constraint of the source; None as its name: of the primary key.
    #[must_use]
    pub fn long_key(&self, index: Option<&str>) -> Option<&LongKey> {
        self.long_keys.iter().find(|key| key.index.as_deref() == index)
    }
}

/// A key whose declared columns may take more bytes than an index row of PostgreSQL has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongKey {
    /// The source's name of the index or unique constraint; None: the primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Bytes that the longest entry took at most when the plan was made; None: the source did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<u64>,
}

/// The columns of a unique index without NULLs, in index order: a total order of the rows, known to the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkKey {
    /// The index (or the primary key's name).
    pub index: String,
    /// The rows lie in this order in the source: reading in order costs nothing, so a chunk can be cut while it is read.
    pub clustered: bool,
    pub columns: Vec<ChunkKeyColumn>,
}

/// One column of a [`ChunkKey`]; always one of those that are copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkKeyColumn {
    pub name: ColumnName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
}

/// One column that is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedColumn {
    pub source: ColumnName,
    pub target: ColumnName,
    pub source_type: SourceType,
    /// As in DDL: `numeric(18,4)`, `timestamp(3)`.
    pub target_type: String,
    pub nullable: bool,
    /// The source column is IDENTITY (the target's becomes GENERATED BY DEFAULT AS IDENTITY).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<PlannedIdentity>,
    /// The alternative of THE table; None: the default of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    #[serde(default, skip_serializing_if = "Policies::is_default")]
    pub policies: Policies,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
    /// Name of the collation in the target, in the table's schema; None: the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

/// One column that the target computes: `GENERATED ALWAYS AS (expression) STORED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedColumn {
    pub source: ColumnName,
    pub target: ColumnName,
    pub source_type: SourceType,
    pub target_type: String,
    pub nullable: bool,
    /// PostgreSQL's.
    pub expression: String,
    /// What is not quite the same about it, and is no row's value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// 0-based place among all columns of the target table, those that are copied included.
    pub place: u32,
}

/// `PARTITION BY RANGE`, as the source's partition function has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partitioning {
    /// Source column.
    pub column: ColumnName,
    /// Boundary values as PostgreSQL literals, ascending.
    pub bounds: Vec<String>,
    /// RANGE RIGHT: a bound belongs to the partition above it.
    pub right: bool,
}

/// Seed and increment in decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedIdentity {
    pub seed: String,
    pub increment: String,
}

/// One column that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsupportedColumn {
    pub column: ColumnName,
    pub source_type: String,
    pub reason: String,
}
