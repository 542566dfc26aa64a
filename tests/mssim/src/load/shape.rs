//! The SQLite side of a table: its CREATE TABLE, its unique indexes, and the rebuild after a change of columns.
//!
//! A clustered primary key of one integer column, ascending, is the rowid; every other key is a unique index.

use rusqlite::Connection;

use crate::catalog::{Catalog, ColumnDef, IndexDef, TableDef, quote, stored_name};
use crate::engine::{error, storage_error};
use crate::load::convert::{Typed, cast};
use crate::load::rows::check_value;
use crate::results::SqlError;
use crate::storage::{self, Stored};
use crate::types::SqlType;
use crate::value::Value;

/// The column that is the rowid.
pub(crate) fn rowid_column(table: &TableDef) -> Option<&ColumnDef> {
    let key = table.primary_key().filter(|k| k.clustered && k.keys.len() == 1 && !k.keys[0].descending)?;
    table.column_by_id(key.keys[0].column_id).filter(|c| {
        matches!(c.ty, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
            && c.computed.is_none()
    })
}

fn create_sql(table: &TableDef) -> String {
    let rowid = rowid_column(table).map(|c| c.id);
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            let mut text = quote(&c.name);
            if rowid == Some(c.id) {
                text.push_str(" INTEGER PRIMARY KEY");
            }
            if let Some(collation) = &c.collation {
                text.push_str(" COLLATE ");
                text.push_str(storage::collation_name(collation));
            }
            text
        })
        .collect();
    format!("CREATE TABLE {} ({})", table.sqlite_name(), columns.join(", "))
}

fn index_name(table: &TableDef, index: &IndexDef) -> String {
    quote(&format!("{}.{}", stored_name(&table.schema, &table.name), stored_name("", &index.name)))
}

/// Unique indexes that SQLite keeps: those without a filter that are not disabled, and not that of the rowid.
fn index_sql(table: &TableDef) -> Vec<String> {
    let rowid = rowid_column(table).map(|c| c.id);
    table
        .indexes
        .iter()
        .filter(|i| i.unique && !i.disabled && i.filter.is_none())
        .filter(|i| !(i.keys.len() == 1 && Some(i.keys[0].column_id) == rowid))
        .map(|i| {
            let keys: Vec<_> = i
                .keys
                .iter()
                .filter_map(|k| {
                    let name = quote(&table.column_by_id(k.column_id)?.name);
                    Some(if k.descending { format!("{name} DESC") } else { name })
                })
                .collect();
            let (name, on) = (index_name(table, i), table.sqlite_name());
            format!("CREATE UNIQUE INDEX {name} ON {on} ({})", keys.join(", "))
        })
        .collect()
}

pub(crate) fn create(conn: &Connection, table: &TableDef) -> Result<(), SqlError> {
    let mut sql = vec![create_sql(table)];
    sql.extend(index_sql(table));
    conn.execute_batch(&sql.join(";\n")).map_err(|e| storage_error(&e))
}

pub(crate) fn drop(conn: &Connection, table: &TableDef) -> Result<(), SqlError> {
    conn.execute_batch(&format!("DROP TABLE {}", table.sqlite_name())).map_err(|e| storage_error(&e))
}

/// Takes the SQLite table from the old declaration to the new one; columns are matched by id, `fill` gives the stored
/// value of new ones for the n-th row.
pub(crate) fn change(
    conn: &Connection,
    catalog: &Catalog,
    old: &TableDef,
    new: &TableDef,
    fill: &mut dyn FnMut(&ColumnDef) -> Result<Stored, SqlError>,
) -> Result<(), SqlError> {
    let failed = |e: rusqlite::Error| storage_error(&e);
    if create_sql(old) == create_sql(new)
        && old
            .columns
            .iter()
            .zip(&new.columns)
            .all(|(a, b)| a.ty == b.ty && (a.nullable == b.nullable || b.nullable))
    {
        for index in old.indexes.iter().filter(|i| i.unique) {
            conn.execute_batch(&format!("DROP INDEX IF EXISTS {}", index_name(old, index)))
                .map_err(failed)?;
        }
        return indexes(conn, new, &index_sql(new));
    }
    let parked = quote(&format!("{}~", stored_name(&old.schema, &old.name)));
    for index in old.indexes.iter().filter(|i| i.unique) {
        conn.execute_batch(&format!("DROP INDEX IF EXISTS {}", index_name(old, index))).map_err(failed)?;
    }
    conn.execute_batch(&format!("ALTER TABLE {} RENAME TO {parked}; {}", old.sqlite_name(), create_sql(new)))
        .map_err(failed)?;
    copy(conn, catalog, old, new, &parked, fill)?;
    conn.execute_batch(&format!("DROP TABLE {parked}")).map_err(failed)?;
    indexes(conn, new, &index_sql(new))
}

fn indexes(conn: &Connection, table: &TableDef, sql: &[String]) -> Result<(), SqlError> {
    for statement in sql {
        conn.execute_batch(statement).map_err(|e| match e {
            rusqlite::Error::SqliteFailure(f, _) if f.code == rusqlite::ErrorCode::ConstraintViolation => error(
                1505,
                16,
                format!(
                    "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}.{}'.",
                    table.schema, table.name
                ),
            ),
            other => storage_error(&other),
        })?;
    }
    Ok(())
}

fn copy(
    conn: &Connection,
    catalog: &Catalog,
    old: &TableDef,
    new: &TableDef,
    parked: &str,
    fill: &mut dyn FnMut(&ColumnDef) -> Result<Stored, SqlError>,
) -> Result<(), SqlError> {
    let failed = |e: rusqlite::Error| storage_error(&e);
    let names = |t: &TableDef| t.columns.iter().map(|c| quote(&c.name)).collect::<Vec<_>>().join(", ");
    let marks = vec!["?"; new.columns.len()].join(", ");
    let mut read =
        conn.prepare(&format!("SELECT {} FROM {parked} ORDER BY _rowid_", names(old))).map_err(failed)?;
    let mut write = conn
        .prepare(&format!("INSERT INTO {} ({}) VALUES ({marks})", new.sqlite_name(), names(new)))
        .map_err(failed)?;
    let mut rows = read.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut out = Vec::with_capacity(new.columns.len());
        for column in &new.columns {
            let Some(at) = old.columns.iter().position(|c| c.id == column.id) else {
                out.push(fill(column)?);
                continue;
            };
            let ty = old.columns[at].ty;
            let value = storage::from_sqlite(&ty, row.get_ref(at).map_err(failed)?)?;
            let collation = column.collation.unwrap_or(catalog.collation);
            let from = Typed { ty, value };
            check_value(new, column, &from, &collation)?;
            let value = if ty == column.ty { from.value } else { cast(&from, &column.ty, &collation, None)? };
            if value == Value::Null && !column.nullable {
                return Err(crate::load::rows::not_null(&catalog.database, new, column));
            }
            out.push(storage::to_sqlite(&column.ty, &value));
        }
        write
            .execute(rusqlite::params_from_iter(&out))
            .map_err(|e| crate::load::rows::violation(&e, new, &out))?;
    }
    Ok(())
}
