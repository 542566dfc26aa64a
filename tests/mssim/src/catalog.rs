//! What a database declares: schemas, tables with all that belongs to them, types, sequences, views, synonyms,
//! extended properties. A [`Catalog`] is an immutable snapshot; a DDL statement makes the next one.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::engine::{DatabaseIdentity, Denial};
use crate::results::SqlError;
use crate::types::{Collation, Column, SqlType};

mod declared;
mod objects;
mod table;

pub use declared::{
    DatabaseTriggerDef, Declared, MasterKeyDef, PermissionDef, PrincipalDef, StatisticsDef, XmlCollectionDef,
};

pub use objects::{
    BoundDef, FulltextCatalog, FulltextIndex, ModuleDef, ModuleKind, PartitionFunction, PartitionScheme,
    SecurityPolicyDef, SecurityPredicateDef, TriggerDef,
};

pub use table::{
    Action, ColumnDef, Computed, Constraint, Encryption, ForeignKeyDef, Generated, Graph, Identity,
    IndexColumn, IndexDef, IndexForm, IndexKind, Ledger, Memory, Partitioned, TableDef, Temporal, graph,
};

/// A schema and its id (dbo 1, guest 2, INFORMATION_SCHEMA 3, sys 4, then 5 and up).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub id: i32,
    pub name: String,
}

/// `CREATE TYPE name FROM base`, or `AS TABLE`.
#[derive(Debug, Clone)]
pub struct AliasType {
    /// `user_type_id`, 257 and up.
    pub id: i32,
    pub schema: String,
    pub name: String,
    pub base: SqlType,
    pub nullable: bool,
    /// AS TABLE: the columns are not kept, and `base` says nothing.
    pub is_table: bool,
    /// `object_id` of the default and of the rule bound to it; 0 for none.
    pub bound_default: i32,
    pub bound_rule: i32,
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
    /// Of an indexed view; their columns are not kept.
    pub indexes: Vec<IndexDef>,
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

/// `sys.extended_properties`: class 0 database, 1 object or column, 3 schema, 6 type, 7 index.
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
    pub modules: Vec<ModuleDef>,
    pub more: Declared,
    /// CREATE DEFAULT and CREATE RULE.
    pub bound: Vec<BoundDef>,
    pub partition_functions: Vec<PartitionFunction>,
    pub partition_schemes: Vec<PartitionScheme>,
    pub security_policies: Vec<SecurityPolicyDef>,
    pub fulltext_catalogs: Vec<FulltextCatalog>,
    pub fulltext_indexes: Vec<FulltextIndex>,
    /// ALLOW_SNAPSHOT_ISOLATION.
    pub snapshot_isolation: bool,
    pub read_committed_snapshot: bool,
    /// MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT.
    pub elevate_to_snapshot: bool,
    pub read_only: bool,
    /// Of a database snapshot.
    pub source_database_id: Option<i32>,
    pub identity: DatabaseIdentity,
    /// What the server calls itself: `@@SERVERNAME`.
    pub server_name: Arc<str>,
    pub(crate) oddities: crate::engine::Oddities,
    /// Rises with every change.
    pub version: u64,
    pub(crate) next_object_id: i32,
    pub(crate) clock: i64,
    pub(crate) system: Arc<HashMap<String, Arc<Relation>>>,
    /// Made when a name is first looked up: a script of thousands of declarations need not make it for each.
    pub(crate) relations: OnceLock<HashMap<String, Arc<Relation>>>,
    pub(crate) denied: Arc<HashMap<String, Denial>>,
}

impl Catalog {
    /// A relation by name; without a schema, `dbo`, then `sys` for names that start with `sys`.
    #[must_use]
    pub fn resolve(&self, schema: Option<&str>, name: &str) -> Option<Arc<Relation>> {
        let fold = self.collation.case_insensitive;
        let key = relation_key(schema.filter(|s| !s.is_empty()).unwrap_or("dbo"), name, fold);
        let found = self.relations().get(&key).or_else(|| self.system.get(&key));
        // The tables of old servers (`sysobjects`) are found without a schema, and in dbo.
        let old = name.get(..3).is_some_and(|p| p.eq_ignore_ascii_case("sys"))
            && schema.is_none_or(|s| s.is_empty() || same(s, "dbo"));
        let old = old.then(|| self.system.get(&relation_key("sys", name, fold))).flatten();
        found.or(old).cloned()
    }

    /// A user table by name; the default schema is `dbo`.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Arc<TableDef>> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.tables.iter().find(|t| same(&t.name, name) && same(&t.schema, schema))
    }

    #[must_use]
    pub fn table_by_id(&self, object_id: i32) -> Option<&Arc<TableDef>> {
        // Ids rise with creation, which is the order of the list.
        match self.tables.binary_search_by_key(&object_id, |t| t.object_id) {
            Ok(place) => self.tables.get(place),
            Err(_) => self.tables.iter().find(|t| t.object_id == object_id),
        }
    }

    #[must_use]
    pub fn module(&self, schema: Option<&str>, name: &str) -> Option<&ModuleDef> {
        let schema = schema.filter(|s| !s.is_empty()).unwrap_or("dbo");
        self.modules.iter().find(|m| same(&m.name, name) && same(&m.schema, schema))
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
        for m in &self.modules {
            let parent = m.trigger.as_ref().map_or(0, |t| t.parent);
            out.push(Object::new(m.object_id, &m.schema, &m.name, parent, m.kind.object_type(), m.created));
        }
        for b in &self.bound {
            let kind = if b.is_rule { ("R ", "RULE") } else { ("D ", "DEFAULT_CONSTRAINT") };
            out.push(Object::new(b.object_id, &b.schema, &b.name, 0, kind, b.created));
        }
        for s in &self.sequences {
            out.push(Object::new(s.object_id, &s.schema, &s.name, 0, ("SO", "SEQUENCE_OBJECT"), s.created));
        }
        for p in self.security_policies.iter().filter(|_| !self.oddities.no_view_definition) {
            out.push(Object::new(p.object_id, &p.schema, &p.name, 0, ("SP", "SECURITY_POLICY"), p.created));
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
        if *self.denied != *denied {
            self.denied = Arc::new(denied.clone());
        }
        self.relations = OnceLock::new();
    }

    /// Has a user object this name? What a look through [`Self::objects`] would find, without making the list.
    pub(crate) fn has_object(&self, schema: &str, name: &str) -> bool {
        let of_table = |t: &TableDef| {
            let key = |i: &IndexDef| i.kind != IndexKind::Index && same(&i.name, name);
            same(&t.name, name)
                || t.indexes.iter().any(key)
                || t.checks.iter().any(|c| same(&c.name, name))
                || t.foreign_keys.iter().any(|f| same(&f.name, name))
                || t.columns.iter().filter_map(|c| c.default.as_ref()).any(|d| same(&d.name, name))
        };
        let is = |s: &str, n: &str| same(n, name) && same(s, schema);
        self.tables.iter().any(|t| of_table(t) && same(&t.schema, schema))
            || self.views.iter().any(|v| is(&v.schema, &v.name))
            || self.modules.iter().any(|m| is(&m.schema, &m.name))
            || self.bound.iter().any(|b| is(&b.schema, &b.name))
            || self.sequences.iter().any(|s| is(&s.schema, &s.name))
            || self.synonyms.iter().any(|s| is(&s.schema, &s.name))
    }

    fn relations(&self) -> &HashMap<String, Arc<Relation>> {
        self.relations.get_or_init(|| self.made_relations())
    }

    fn made_relations(&self) -> HashMap<String, Arc<Relation>> {
        self.tables
            .iter()
            .map(|t| {
                let key = relation_key(&t.schema, &t.name, self.collation.case_insensitive);
                let relation = Relation {
                    schema: t.schema.clone(),
                    name: t.name.clone(),
                    object_id: t.object_id,
                    sqlite_name: t.sqlite_name(),
                    columns: t.columns.iter().map(ColumnDef::column).collect(),
                    is_system: false,
                    denial: self.denied.get(&key).copied(),
                    table: Some(Arc::clone(t)),
                };
                (key, Arc::new(relation))
            })
            .collect()
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

std::thread_local! {
    /// Names on this thread are those of a case-sensitive server.
    static CASE_SENSITIVE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// While it lives, [`same`] on this thread is the equality of names under the collation of the server.
#[derive(Debug)]
pub(crate) struct NamesOf(bool);

impl NamesOf {
    pub(crate) fn collation(collation: &Collation) -> Self {
        Self(CASE_SENSITIVE.replace(!collation.case_insensitive))
    }
}

impl Drop for NamesOf {
    fn drop(&mut self) {
        CASE_SENSITIVE.set(self.0);
    }
}

/// Whether two T-SQL names are the same: whatever their case, unless the server's collation says otherwise.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    if CASE_SENSITIVE.get() {
        return a == b;
    }
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase())
}

/// The SQLite table of a T-SQL table, as a quoted identifier.
#[must_use]
pub fn sqlite_name(schema: &str, name: &str) -> String {
    quote(&stored_name(schema, name))
}

/// The same without quotes. SQLite's names ignore case, those of a T-SQL database may not: a mark stands before capitals.
pub(crate) fn stored_name(schema: &str, name: &str) -> String {
    let mut out = String::new();
    for c in schema.chars().chain(['.']).chain(name.chars()) {
        if c.is_ascii_uppercase() || c == '^' {
            out.push('^');
        }
        out.push(c);
    }
    out
}

/// A SQLite identifier in double quotes.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn relation_key(schema: &str, name: &str, fold: bool) -> String {
    let key = format!("{schema}\u{1}{name}");
    if fold { key.to_lowercase() } else { key }
}
