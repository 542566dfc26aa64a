//! What a database declares besides tables: modules kept as text, partitioning, full-text search.

use crate::types::SqlType;
use crate::value::Value;

/// What kind of module a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    Procedure,
    ScalarFunction,
    InlineFunction,
    TableFunction,
    Trigger,
}

impl ModuleKind {
    /// `type` and `type_desc` of `sys.objects`.
    #[must_use]
    pub const fn object_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Procedure => ("P ", "SQL_STORED_PROCEDURE"),
            Self::ScalarFunction => ("FN", "SQL_SCALAR_FUNCTION"),
            Self::InlineFunction => ("IF", "SQL_INLINE_TABLE_VALUED_FUNCTION"),
            Self::TableFunction => ("TF", "SQL_TABLE_VALUED_FUNCTION"),
            Self::Trigger => ("TR", "SQL_TRIGGER"),
        }
    }
}

/// A procedure, function or trigger: kept as text, never run.
#[derive(Debug, Clone)]
pub struct ModuleDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    pub kind: ModuleKind,
    /// The whole CREATE statement.
    pub definition: String,
    /// Of a scalar function.
    pub returns: Option<SqlType>,
    /// WITH SCHEMABINDING.
    pub schema_bound: bool,
    pub trigger: Option<TriggerDef>,
    pub created: i64,
}

/// What a trigger is on.
#[derive(Debug, Clone)]
pub struct TriggerDef {
    /// Table or view.
    pub parent: i32,
    pub instead_of: bool,
    pub disabled: bool,
    /// 1 INSERT, 2 UPDATE, 3 DELETE.
    pub events: Vec<u8>,
}

/// `CREATE PARTITION FUNCTION`.
#[derive(Debug, Clone)]
pub struct PartitionFunction {
    pub id: i32,
    pub name: String,
    pub ty: SqlType,
    /// RANGE RIGHT: a boundary belongs to the partition above it.
    pub right: bool,
    /// Ascending.
    pub boundaries: Vec<Value>,
}

/// `CREATE PARTITION SCHEME`; every partition lies in PRIMARY.
#[derive(Debug, Clone)]
pub struct PartitionScheme {
    /// `data_space_id`.
    pub id: i32,
    pub name: String,
    pub function: i32,
}

/// `CREATE SECURITY POLICY`: declared only.
#[derive(Debug, Clone)]
pub struct SecurityPolicyDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    /// STATE = ON.
    pub enabled: bool,
    pub predicates: Vec<SecurityPredicateDef>,
    pub created: i64,
}

#[derive(Debug, Clone)]
pub struct SecurityPredicateDef {
    /// FILTER; otherwise BLOCK.
    pub filter: bool,
    /// The function, without the columns that it is given.
    pub definition: String,
    /// `object_id` of the table.
    pub table: i32,
}

/// A stand-alone default or rule, to be bound to columns and types.
#[derive(Debug, Clone)]
pub struct BoundDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    pub is_rule: bool,
    /// The whole CREATE statement.
    pub definition: String,
    /// What stands after AS.
    pub expression: String,
    pub created: i64,
}

#[derive(Debug, Clone)]
pub struct FulltextCatalog {
    pub id: i32,
    pub name: String,
    pub is_default: bool,
    pub accents: bool,
}

/// A table has one at most.
#[derive(Debug, Clone)]
pub struct FulltextIndex {
    pub object_id: i32,
    pub catalog: i32,
    /// `index_id` of the unique key.
    pub key: i32,
    /// Column ids and languages, and the column that tells what kind of document is there.
    pub columns: Vec<(i32, i32, Option<i32>)>,
}
