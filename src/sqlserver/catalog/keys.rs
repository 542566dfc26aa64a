//! Indexes and foreign keys: several rows make one.

use super::row::Record;
use super::{key_column, unreadable};
use crate::error::Result;
use crate::model::names::{ColumnName, TableName};
use crate::model::table::{ForeignKey, Index, ReferentialAction};
use crate::sqlserver::client::Client;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub(super) const INDEXES: &str = include_str!("../sql/indexes.sql");
pub(super) const FOREIGN_KEYS: &str = include_str!("../sql/foreign_keys.sql");

/// Secondary indexes and unique constraints of all user tables, sorted by table and name.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks; else what the server's error number means: `SourcePermission`,
/// `SourceRefused`, `SourceUnavailable`.
pub async fn indexes(client: &mut Client) -> Result<Vec<Index>> {
    read_indexes(&client.rows(INDEXES).await?)
}

pub(super) fn read_indexes(rows: &[tiberius::Row]) -> Result<Vec<Index>> {
    let mut indexes: BTreeMap<(TableName, String), Index> = BTreeMap::new();
    for row in rows {
        let row = Record(row);
        let (table, name) = (row.table()?, row.text("index_name")?);
        let index = match indexes.entry((table.clone(), name.clone())) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Index {
                table,
                name,
                kind: row.text("index_kind")?.to_uppercase().into(),
                columns: Vec::new(),
                included: Vec::new(),
                unique: row.flag("is_unique")?,
                constraint: row.flag("is_unique_constraint")?,
                filter: filter(&row)?,
                disabled: row.flag("is_disabled")?,
            }),
        };
        let Some(column) = row.text_or_null("column_name")? else { continue };
        if row.flag("is_included")? {
            index.included.push(ColumnName::new(column));
        } else if row.int("key_ordinal")? > 0 {
            index.columns.push(key_column(&row)?);
        }
    }
    Ok(indexes.into_values().collect())
}

/// An empty text if there is a filter that the login may not see: never the same as none.
fn filter(row: &Record<'_>) -> Result<Option<String>> {
    let text = row.text_or_null("filter_definition")?;
    Ok(if row.flag_or_null("has_filter")? == Some(true) {
        text.or_else(|| Some(String::new()))
    } else {
        text
    })
}

/// Foreign keys between user tables, sorted by table and name.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks; else what the server's error number means: `SourcePermission`,
/// `SourceRefused`, `SourceUnavailable`.
pub async fn foreign_keys(client: &mut Client) -> Result<Vec<ForeignKey>> {
    Ok(read_foreign_keys(&client.rows(FOREIGN_KEYS).await?)?.0)
}

/// Foreign keys (table and name) of which the login may not see where they point.
type HiddenObjects = Vec<(TableName, String)>;

/// The keys, and those that are not to be seen whole.
pub(super) fn read_foreign_keys(rows: &[tiberius::Row]) -> Result<(Vec<ForeignKey>, HiddenObjects)> {
    let mut keys: BTreeMap<(TableName, String), ForeignKey> = BTreeMap::new();
    let mut hidden = Vec::new();
    for row in rows {
        let row = Record(row);
        let (table, name) = (row.table()?, row.text("key_name")?);
        let (Some(schema), Some(referenced), Some(column)) = (
            row.text_or_null("referenced_schema")?,
            row.text_or_null("referenced_table")?,
            row.text_or_null("referenced_column")?,
        ) else {
            hidden.push((table, name));
            continue;
        };
        let key = match keys.entry((table.clone(), name.clone())) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(ForeignKey {
                table,
                name,
                columns: Vec::new(),
                referenced: TableName::new(schema, referenced),
                referenced_columns: Vec::new(),
                on_delete: action(row.int("on_delete")?)?,
                on_update: action(row.int("on_update")?)?,
                disabled: row.flag("is_disabled")?,
                not_trusted: row.flag("is_not_trusted")?,
            }),
        };
        key.columns.push(ColumnName::new(row.text("column_name")?));
        key.referenced_columns.push(ColumnName::new(column));
    }
    hidden.dedup();
    for (table, name) in &hidden {
        keys.remove(&(table.clone(), name.clone()));
    }
    Ok((keys.into_values().collect(), hidden))
}

pub(super) fn action(number: i32) -> Result<ReferentialAction> {
    match number {
        0 => Ok(ReferentialAction::NoAction),
        1 => Ok(ReferentialAction::Cascade),
        2 => Ok(ReferentialAction::SetNull),
        3 => Ok(ReferentialAction::SetDefault),
        _ => Err(unreadable(&format!("a foreign key has the unknown action {number}"))),
    }
}
