//! What a database declares: schemas, tables with all that belongs to them, types, sequences, views, synonyms,
//! extended properties. A [`Catalog`] is an immutable snapshot; a DDL statement makes the next one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Denial;
use crate::results::SqlError;
use crate::types::{Collation, Column, SqlType};

/// A schema and its id (dbo 1, guest 2, INFORMATION_SCHEMA 3, sys 4, then 5 and up).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub id: i32,
    pub name: String,
}

/// `CREATE TYPE name FROM base`.
#[derive(Debug, Clone)]
pub struct AliasType {
    /// `user_type_id`, 257 and up.
    pub id: i32,
    pub schema: String,
    pub name: String,
    pub base: SqlType,
    pub nullable: bool,
}

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
#[derive(Debug, Clone)]
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
}

impl ColumnDef {
    /// What a result shows of it.
    #[must_use]
    pub fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            ty: self.ty,
            nullable: self.nullable,
            collation: self.collation,
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

/// A table with all that belongs to it.
#[derive(Debug, Clone)]
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
}

impl TableDef {
    /// The SQLite table, quoted.
    #[must_use]
    pub fn sqlite_name(&self) -> String {
        sqlite_name(&self.schema, &self.name)
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.iter().find(|c| same(&c.name, name))
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

/// A view: kept as text, not run by the loader.
#[derive(Debug, Clone)]
pub struct ViewDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    /// The whole CREATE VIEW statement.
    pub definition: String,
    pub created: i64,
}

#[derive(Debug, Clone)]
pub struct SynonymDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    /// As written after FOR, quoted in brackets.
    pub base: String,
    pub created: i64,
}

#[derive(Debug, Clone)]
pub struct SequenceDef {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    pub ty: SqlType,
    pub start: i128,
    pub increment: i128,
    pub minimum: i128,
    pub maximum: i128,
    pub cycle: bool,
    /// None: NO CACHE; Some(0): the server's own size.
    pub cache: Option<i32>,
    pub created: i64,
}

/// `sys.extended_properties`: class 0 database, 1 object or column, 3 schema, 7 index.
#[derive(Debug, Clone)]
pub struct ExtendedProperty {
    pub class: u8,
    pub major_id: i32,
    pub minor_id: i32,
    pub name: String,
    pub value: String,
}

/// What a name in FROM means: a table of the database or a system view.
#[derive(Debug, Clone)]
pub struct Relation {
    /// As declared.
    pub schema: String,
    pub name: String,
    pub object_id: i32,
    /// Quoted identifier to select from. System views lie in an attached database and need no prefix either.
    pub sqlite_name: String,
    pub columns: Vec<Column>,
    pub is_system: bool,
    /// Set when the login may not read it: fail with this error.
    pub denial: Option<Denial>,
    /// The declaration, for a user table.
    pub table: Option<Arc<TableDef>>,
}

impl Relation {
    /// # Errors
    /// The error of the denial, if there is one.
    pub fn check(&self) -> Result<(), SqlError> {
        self.denial.map_or(Ok(()), |d| Err(d.error(&self.schema, &self.name)))
    }
}

/// All that one database declares.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub database: String,
    pub database_id: i32,
    /// The database's collation.
    pub collation: Collation,
    pub schemas: Vec<Schema>,
    pub types: Vec<AliasType>,
    /// In order of creation.
    pub tables: Vec<Arc<TableDef>>,
    pub views: Vec<ViewDef>,
    pub sequences: Vec<SequenceDef>,
    pub synonyms: Vec<SynonymDef>,
    pub properties: Vec<ExtendedProperty>,
    /// ALLOW_SNAPSHOT_ISOLATION.
    pub snapshot_isolation: bool,
    pub read_committed_snapshot: bool,
    pub read_only: bool,
    /// Rises with every change.
    pub version: u64,
    pub(crate) next_object_id: i32,
    pub(crate) clock: i64,
    pub(crate) system: Arc<HashMap<String, Arc<Relation>>>,
    pub(crate) relations: HashMap<String, Arc<Relation>>,
}

impl Catalog {
    /// A relation by name; without a schema, `dbo`, then `sys` for names that start with `sys`.
    #[must_use]
    pub fn resolve(&self, schema: Option<&str>, name: &str) -> Option<Arc<Relation>> {
        let key = relation_key(schema.filter(|s| !s.is_empty()).unwrap_or("dbo"), name);
        self.relations.get(&key).or_else(|| self.system.get(&key)).cloned()
    }

    /// A user table by name; the default schema is `dbo`.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Arc<TableDef>> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.tables.iter().find(|t| same(&t.name, name) && same(&t.schema, schema))
    }

    #[must_use]
    pub fn table_by_id(&self, object_id: i32) -> Option<&Arc<TableDef>> {
        self.tables.iter().find(|t| t.object_id == object_id)
    }

    #[must_use]
    pub fn schema_id(&self, name: &str) -> Option<i32> {
        self.schemas.iter().find(|s| same(&s.name, name)).map(|s| s.id)
    }

    #[must_use]
    pub fn view(&self, schema: Option<&str>, name: &str) -> Option<&ViewDef> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.views.iter().find(|v| same(&v.name, name) && same(&v.schema, schema))
    }

    #[must_use]
    pub fn synonym(&self, schema: Option<&str>, name: &str) -> Option<&SynonymDef> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.synonyms.iter().find(|v| same(&v.name, name) && same(&v.schema, schema))
    }

    #[must_use]
    pub fn sequence(&self, schema: Option<&str>, name: &str) -> Option<&SequenceDef> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.sequences.iter().find(|v| same(&v.name, name) && same(&v.schema, schema))
    }

    /// `OBJECT_ID(...)`: tables, views, sequences, synonyms, constraints and system views, by schema and name.
    #[must_use]
    pub fn object_id(&self, schema: Option<&str>, name: &str) -> Option<i32> {
        if let Some(relation) = self.resolve(schema, name) {
            return Some(relation.object_id);
        }
        let at = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.objects().into_iter().find(|o| same(&o.name, name) && same(&o.schema, at)).map(|o| o.object_id)
    }

    /// Every user object: what `sys.objects` lists.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        let mut out = Vec::new();
        for t in &self.tables {
            out.push(Object::new(t.object_id, &t.schema, &t.name, 0, ("U ", "USER_TABLE"), t.created));
            out.last_mut().into_iter().for_each(|o| o.modified = t.modified);
            let mut child = |id: i32, name: &str, kind| {
                out.push(Object::new(id, &t.schema, name, t.object_id, kind, t.created));
            };
            for i in &t.indexes {
                match i.kind {
                    IndexKind::PrimaryKey => child(i.object_id, &i.name, ("PK", "PRIMARY_KEY_CONSTRAINT")),
                    IndexKind::UniqueConstraint => child(i.object_id, &i.name, ("UQ", "UNIQUE_CONSTRAINT")),
                    IndexKind::Index => {}
                }
            }
            for c in &t.checks {
                child(c.object_id, &c.name, ("C ", "CHECK_CONSTRAINT"));
            }
            for f in &t.foreign_keys {
                child(f.object_id, &f.name, ("F ", "FOREIGN_KEY_CONSTRAINT"));
            }
            for d in t.columns.iter().filter_map(|c| c.default.as_ref()) {
                child(d.object_id, &d.name, ("D ", "DEFAULT_CONSTRAINT"));
            }
        }
        for v in &self.views {
            out.push(Object::new(v.object_id, &v.schema, &v.name, 0, ("V ", "VIEW"), v.created));
        }
        for s in &self.sequences {
            out.push(Object::new(s.object_id, &s.schema, &s.name, 0, ("SO", "SEQUENCE_OBJECT"), s.created));
        }
        for s in &self.synonyms {
            out.push(Object::new(s.object_id, &s.schema, &s.name, 0, ("SN", "SYNONYM"), s.created));
        }
        out
    }

    /// Takes the next object id and the next second of the catalog's clock.
    pub(crate) fn new_object(&mut self) -> (i32, i64) {
        // SQL Server's ids grow by 16000057 and wrap; any unique positive number will do.
        self.next_object_id += 16;
        self.clock += 1;
        (self.next_object_id, self.clock)
    }

    /// Makes the name index again after a change.
    pub(crate) fn index(&mut self, denied: &HashMap<String, Denial>) {
        self.version += 1;
        self.relations = self
            .tables
            .iter()
            .map(|t| {
                let key = relation_key(&t.schema, &t.name);
                let relation = Relation {
                    schema: t.schema.clone(),
                    name: t.name.clone(),
                    object_id: t.object_id,
                    sqlite_name: t.sqlite_name(),
                    columns: t.columns.iter().map(ColumnDef::column).collect(),
                    is_system: false,
                    denial: denied.get(&key).copied(),
                    table: Some(Arc::clone(t)),
                };
                (key, Arc::new(relation))
            })
            .collect();
    }
}

/// One row of `sys.objects`.
#[derive(Debug, Clone)]
pub struct Object {
    pub object_id: i32,
    pub schema: String,
    pub name: String,
    pub parent: i32,
    /// `type` (two characters) and `type_desc`.
    pub kind: (&'static str, &'static str),
    pub created: i64,
    pub modified: i64,
}

impl Object {
    fn new(
        object_id: i32,
        schema: &str,
        name: &str,
        parent: i32,
        kind: (&'static str, &'static str),
        at: i64,
    ) -> Self {
        Self {
            object_id,
            schema: schema.to_owned(),
            name: name.to_owned(),
            parent,
            kind,
            created: at,
            modified: at,
        }
    }
}

/// Whether two T-SQL names are the same (in a case-insensitive database).
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}

/// The SQLite table of a T-SQL table, as a quoted identifier.
#[must_use]
pub fn sqlite_name(schema: &str, name: &str) -> String {
    quote(&format!("{schema}.{name}"))
}

/// A SQLite identifier in double quotes.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn relation_key(schema: &str, name: &str) -> String {
    format!("{}\u{1}{}", schema.to_lowercase(), name.to_lowercase())
}
