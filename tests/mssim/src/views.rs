//! System views: declared with the names, types and order of columns that Microsoft documents, and materialised as
//! tables of the attached `system_views` file when a statement wants them.
//!
//! Row counts are true; page counts are computed from sampled row sizes with SQL Server's own arithmetic (8096 bytes
//! a page). `sys.dm_db_stats_histogram` is a table here with `object_id` and `stats_id` in every row: a call
//! `sys.dm_db_stats_histogram(o, s)` is a selection from it by those two columns.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use crate::catalog::{Catalog, Relation, quote, same, sqlite_name};
use crate::collation;
use crate::engine::{Database, Engine, Oddities, storage_error};
use crate::load::lex::Cursor;
use crate::load::names::{column_type, is_character};
use crate::results::SqlError;
use crate::storage;
use crate::types::{Collation, Column, Len, SqlType};
use crate::value::Value;

mod columns;
pub mod hostile;
mod information;
mod keys;
mod legacy;
mod modules;
mod objects;
mod principals;
mod security;
mod sizes;
mod spaces;
mod special;
#[cfg(test)]
mod tests;
mod types;

pub use sizes::Statistics;

/// What a view's rows depend on besides the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depends {
    Catalog,
    /// Also on rows, counters or other databases.
    Data,
}

/// One system view.
struct View {
    schema: &'static str,
    name: &'static str,
    depends: Depends,
    /// Columns as in CREATE TABLE; NOT NULL unless `null` follows.
    columns: &'static str,
    rows: fn(&Source<'_>) -> Result<Vec<Vec<Value>>, SqlError>,
}

/// What rows are made from.
struct Source<'a> {
    engine: &'a Engine,
    database: &'a Database,
    catalog: &'a Catalog,
    conn: &'a Connection,
}

/// State of the materialised views: the token each was built at, and the connection that builds.
#[derive(Debug, Default)]
pub(crate) struct Built {
    tokens: HashMap<&'static str, u64>,
    conn: Option<Connection>,
}

fn all() -> impl Iterator<Item = &'static View> {
    let objects = [
        legacy::VIEWS,
        principals::VIEWS,
        objects::VIEWS,
        columns::VIEWS,
        keys::VIEWS,
        modules::VIEWS,
        spaces::VIEWS,
        special::VIEWS,
        security::VIEWS,
    ];
    objects.into_iter().chain([sizes::VIEWS, information::VIEWS]).flatten()
}

/// `schema.name` of every view.
pub(crate) fn names() -> impl Iterator<Item = String> {
    all().map(|view| format!("{}.{}", view.schema, view.name))
}

fn parse_columns(text: &str, database: Collation) -> Result<Vec<Column>, SqlError> {
    let mut c = Cursor::new(text)?;
    let mut out = Vec::new();
    while !c.done() {
        let name = c.name()?;
        let (ty, _) = column_type(&mut c, None)?;
        let nullable = c.accept("null");
        let collation = is_character(&ty).then_some(match ty {
            SqlType::Char(_) => collation::CATALOG,
            _ => database,
        });
        out.push(Column { name, ty, nullable, collation, identity: false, computed: false });
        if !c.accept(",") {
            break;
        }
    }
    if c.done() { Ok(out) } else { Err(c.wrong()) }
}

/// The system views, without denials. Their object ids are negative, as in SQL Server.
pub(crate) fn relations(database: Collation) -> impl Iterator<Item = Relation> {
    (1..).zip(all()).filter_map(move |(n, v)| {
        Some(Relation {
            schema: v.schema.to_owned(),
            name: v.name.to_owned(),
            object_id: -n,
            sqlite_name: sqlite_name(v.schema, v.name),
            // A declaration that does not parse is a defect, which a test finds.
            columns: parse_columns(v.columns, database).ok()?,
            is_system: true,
            denial: None,
            table: None,
        })
    })
}

pub(crate) fn create_tables(conn: &Connection, database: Collation) -> rusqlite::Result<()> {
    let mut sql = String::from("BEGIN;");
    for r in relations(database) {
        let columns: Vec<_> = r
            .columns
            .iter()
            .map(|c| match &c.collation {
                Some(k) => format!("{} COLLATE {}", quote(&c.name), storage::collation_name(k)),
                None => quote(&c.name),
            })
            .collect();
        sql.push_str(&format!("CREATE TABLE system_views.{} ({});", r.sqlite_name, columns.join(", ")));
    }
    sql.push_str("COMMIT;");
    conn.execute_batch(&sql)
}

/// Builds again those of the named views whose ground has changed; no names means all of them.
pub(crate) fn refresh(engine: &Engine, database: &Database, names: &[&str]) -> Result<(), SqlError> {
    let mut built = database.built.lock().unwrap_or_else(PoisonError::into_inner);
    let built = &mut *built;
    let conn = match &mut built.conn {
        Some(c) => c,
        slot => slot.insert(engine.connection(&database.name)?),
    };
    let changes = database.changes.load(Ordering::Acquire);
    let catalog = database.catalog();
    let wanted = |v: &View| {
        let full = format!("{}.{}", v.schema, v.name);
        // All of them is all but the histograms, which cost a pass over the data.
        if names.is_empty() { v.name != sizes::HISTOGRAM } else { names.iter().any(|n| same(n, &full)) }
    };
    for view in all().filter(|v| wanted(v)) {
        let token = match view.depends {
            Depends::Catalog => catalog.version,
            Depends::Data => changes,
        };
        let key = view.name;
        if built.tokens.get(key) == Some(&token) {
            continue;
        }
        let mut rows = (view.rows)(&Source { engine, database, catalog: &catalog, conn })?;
        make_odd(engine.oddities(), view, &mut rows);
        for alteration in engine.alterations(view.schema, view.name) {
            hostile::alter(alteration, view, &mut rows);
        }
        write(conn, view, &rows).map_err(|e| storage_error(&e))?;
        built.tokens.insert(key, token);
    }
    Ok(())
}

/// Shows what another server shows in the same place.
fn make_odd(oddities: Oddities, view: &View, rows: &mut [Vec<Value>]) {
    if oddities == Oddities::default() {
        return;
    }
    let columns = parse_columns(view.columns, collation::DEFAULT).unwrap_or_default();
    for row in rows {
        for (c, value) in columns.iter().zip(row) {
            match value {
                Value::Int(id) if oddities.other_type_ids && *id < 256 && c.name.ends_with("_type_id") => {
                    *id = 255 - *id;
                }
                Value::Text(name)
                    if oddities.lower_case_names && c.ty == SYSNAME && view.name != "databases" =>
                {
                    *name = String::from_utf8_lossy(name).to_lowercase().into_bytes();
                }
                _ => {}
            }
        }
    }
}

const SYSNAME: SqlType = SqlType::NVarChar(Len::Limited(128));

fn write(conn: &mut Connection, view: &View, rows: &[Vec<Value>]) -> rusqlite::Result<()> {
    let columns = parse_columns(view.columns, collation::DEFAULT).unwrap_or_default();
    let name = sqlite_name(view.schema, view.name);
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Deferred)?;
    transaction.execute(&format!("DELETE FROM system_views.{name}"), [])?;
    {
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO system_views.{name} VALUES ({marks})"))?;
        for row in rows {
            debug_assert_eq!(row.len(), columns.len(), "{}", view.name);
            let stored = columns.iter().zip(row).map(|(c, v)| storage::to_sqlite(&c.ty, v));
            insert.execute(rusqlite::params_from_iter(stored))?;
        }
    }
    transaction.commit()
}

/// Rust values as T-SQL ones.
trait IntoValue {
    fn value(self) -> Value;
}

impl IntoValue for Value {
    fn value(self) -> Value {
        self
    }
}

impl IntoValue for bool {
    fn value(self) -> Value {
        Value::Bit(self)
    }
}

impl IntoValue for i32 {
    fn value(self) -> Value {
        Value::Int(i64::from(self))
    }
}

impl IntoValue for i64 {
    fn value(self) -> Value {
        Value::Int(self)
    }
}

impl IntoValue for u8 {
    fn value(self) -> Value {
        Value::Int(i64::from(self))
    }
}

impl IntoValue for &str {
    fn value(self) -> Value {
        Value::Text(self.as_bytes().to_vec())
    }
}

impl IntoValue for &String {
    fn value(self) -> Value {
        Value::Text(self.as_bytes().to_vec())
    }
}

impl IntoValue for String {
    fn value(self) -> Value {
        Value::Text(self.into_bytes())
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn value(self) -> Value {
        self.map_or(Value::Null, IntoValue::value)
    }
}

/// NULL.
const NULL: Value = Value::Null;

/// A datetime so many seconds after 2024-01-01.
fn at(seconds: i64) -> Value {
    Value::DateTime {
        days: 45_290 + i32::try_from(seconds / 86_400).unwrap_or(0),
        ticks: u32::try_from(seconds % 86_400 * 300).unwrap_or(0),
    }
}

macro_rules! row {
    ($($v:expr),* $(,)?) => { vec![$(crate::views::IntoValue::value($v)),*] };
}
use row;
