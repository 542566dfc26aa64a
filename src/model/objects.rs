//! What stands on, around and beside the source's tables: everything that is not a row.
//!
//! Names are the source's. A text that the login may not read is None (an expression, a definition): the object is known to
//! be there, and no more. What could not be looked at is [`SourceObjects::unread`].

use super::listed::Listed;
use super::open_enum::open_enum;
use crate::model::base_type::BaseType;
use crate::model::names::ColumnName;
use crate::model::names::TableName;
use crate::model::table::{ForeignKey, Identity, Index, Key};
use std::collections::BTreeMap;

open_enum! {
    /// A kind of index, as `sys.indexes.type_desc` names it.
    IndexKind {
        Clustered = "CLUSTERED",
        Nonclustered = "NONCLUSTERED",
        /// Of a table in memory.
        Hash = "NONCLUSTERED HASH",
        ClusteredColumnstore = "CLUSTERED COLUMNSTORE",
        NonclusteredColumnstore = "NONCLUSTERED COLUMNSTORE",
        Xml = "XML",
        Spatial = "SPATIAL",
        Json = "JSON",
        Vector = "VECTOR",
    }
}

impl IndexKind {
    /// An ordered index over rows, which PostgreSQL has as a btree.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        matches!(self, Self::Clustered | Self::Nonclustered)
    }
}

open_enum! {
    /// What kind of object something is said of. Assessments and checkpoints hold these words.
    ObjectKind {
        Table = "table",
        Column = "column",
        PrimaryKey = "primary key",
        Index = "index",
        UniqueConstraint = "unique constraint",
        FullTextIndex = "full-text index",
        ForeignKey = "foreign key",
        Check = "check",
        Default = "default",
        Sequence = "sequence",
        Identity = "identity",
        Comment = "comment",
        Statistics = "statistics",
        Partitions = "partitions",
        SystemVersioning = "system versioning",
        DynamicMask = "dynamic mask",
        SecurityPolicy = "security policy",
        ExtendedProperty = "extended property",
        UserStatistics = "created statistics",
        Role = "role",
        Permission = "permission",
        XmlSchemaCollection = "xml schema collection",
        Ledger = "ledger",
        View = "view",
        Procedure = "procedure",
        Function = "function",
        Trigger = "trigger",
        Rule = "rule",
        Synonym = "synonym",
        Type = "type",
        /// What could not be read, in an assessment.
        Unread = "unread",
        /// What could not be read, in the documents and messages of a run.
        MayBeThere = "what may be there:",
    }
}

/// Every object of the source's database beside tables, columns and rows. Lists are sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceObjects {
    /// By table.
    pub primary_keys: BTreeMap<TableName, Key>,
    /// Secondary indexes and unique constraints of all kinds, those without a counterpart among them.
    pub indexes: Vec<Index>,
    pub fulltext: Vec<FullText>,
    pub foreign_keys: Vec<ForeignKey>,
    pub defaults: Vec<DefaultConstraint>,
    pub checks: Vec<CheckConstraint>,
    pub sequences: Vec<Sequence>,
    /// By table and column.
    pub identities: BTreeMap<(TableName, ColumnName), Identity>,
    /// Extended properties; the plan's options tell which become comments.
    pub properties: Vec<ExtendedProperty>,
    pub partitions: Vec<PartitionedTable>,
    pub temporal: Vec<TemporalTable>,
    pub masks: Vec<DynamicMask>,
    pub security_policies: Vec<SecurityPolicy>,
    pub modules: Vec<Module>,
    pub synonyms: Vec<Synonym>,
    pub types: Vec<UserType>,
    pub listed: Listed,
    pub unread: Vec<UnreadObjects>,
}

/// Objects that the server or the login's permissions kept from being read: nobody knows whether there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadObjects {
    /// `check constraints`.
    pub what: String,
    pub why: String,
}

/// A full-text index, of which a table has one at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullText {
    pub table: TableName,
    pub columns: Vec<ColumnName>,
}

/// DEFAULT of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultConstraint {
    pub table: TableName,
    pub column: ColumnName,
    /// None: a default object of its own that is bound to the column, or one that the login may not see.
    pub name: Option<String>,
    pub expression: Option<String>,
    /// The database's, whose code page texts without N are of; None: not known.
    pub database_collation: Option<String>,
}

/// CHECK of a table or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckConstraint {
    pub table: TableName,
    pub name: String,
    /// Of a check that was declared with a column.
    pub column: Option<ColumnName>,
    pub expression: Option<String>,
    /// NOCHECK: new rows are not checked.
    pub disabled: bool,
    /// The source never proved it for existing rows.
    pub not_trusted: bool,
}

/// A sequence. Numbers are decimal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    pub name: TableName,
    pub ty: BaseType,
    pub precision: u8,
    pub start: String,
    pub increment: String,
    pub minimum: String,
    pub maximum: String,
    pub cycle: bool,
    /// Numbers that the server keeps at hand; None: its own choice, or none.
    pub cache: Option<i32>,
    /// The last value given, or the first one to give.
    pub current: String,
    /// Was any value ever given? None: the server does not say (before SQL Server 2017).
    pub used: Option<bool>,
}

/// What an extended property is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PropertyOf {
    Database,
    Schema(String),
    Table(TableName),
    Column(TableName, ColumnName),
    /// Index, primary key or unique constraint of a table.
    Index(TableName, String),
    /// Check, default, foreign or primary key, unique constraint of a table.
    Constraint(TableName, String),
    Sequence(TableName),
    /// Anything else, in words: `VIEW dbo.open_orders`.
    Other(String),
}

/// An extended property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedProperty {
    pub of: PropertyOf,
    pub name: String,
    pub value: Option<String>,
}

/// How the rows of a table are spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionedTable {
    pub table: TableName,
    pub scheme: String,
    pub function: String,
    pub column: ColumnName,
    /// RANGE RIGHT: a bound belongs to the partition above it.
    pub right: bool,
    /// Ascending; as text: numbers in decimal, times by style 121, bytes as `0x…`. None: NULL.
    pub bounds: Vec<Option<String>>,
}

/// A system-versioned table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalTable {
    pub table: TableName,
    pub history: Option<TableName>,
    /// Columns that hold the beginning and the end of a row's life.
    pub period: Option<(ColumnName, ColumnName)>,
}

/// Dynamic data masking of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicMask {
    pub table: TableName,
    pub column: ColumnName,
}

/// Row-level security of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityPolicy {
    pub name: TableName,
    pub table: TableName,
    /// STATE = ON.
    pub enabled: bool,
}

/// What kind of T-SQL an object is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModuleKind {
    View,
    Procedure,
    Function,
    /// Of a table, a view or the database.
    Trigger,
    /// A rule, or a default of its own.
    Rule,
}

/// For people: `view`.
impl std::fmt::Display for ModuleKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::View => "view",
            Self::Procedure => "procedure",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
        })
    }
}

/// A view, procedure, function, trigger or rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub kind: ModuleKind,
    /// Triggers of the database have no schema: an empty one.
    pub name: TableName,
    /// Of a trigger.
    pub table: Option<TableName>,
    /// T-SQL; None: encrypted, compiled elsewhere (CLR), or not to be seen by this login.
    pub text: Option<String>,
    pub disabled: bool,
}

/// Another name for an object, here or elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    pub name: TableName,
    /// As it was written: `[server].[db].[dbo].[t]`.
    pub stands_for: String,
}

/// A type that users made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserType {
    pub name: TableName,
    /// What an alias type stands for; None: a CLR or a table type.
    pub base: Option<BaseType>,
    pub table_type: bool,
}
