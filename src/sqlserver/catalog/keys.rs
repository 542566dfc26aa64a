//! Indexes and foreign keys: several rows make one.

use super::reader::Reader;
use super::row::Record;
use super::{key_column, unreadable};
use crate::error::{Error, Result};
use crate::model::names::{ColumnName, TableName};
use crate::model::table::{ForeignKey, Index, ReferentialAction};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const INDEXES: &str = include_str!("../sql/indexes.sql");
pub(super) const FOREIGN_KEYS: &str = include_str!("../sql/foreign_keys.sql");

/// Secondary indexes and unique constraints of all user tables, sorted by table and name. One that cannot be read whole is none,
/// and noted.
pub(super) fn read_indexes(reader: &mut Reader<'_>, rows: &[tiberius::Row]) -> Vec<Index> {
    let mut indexes: BTreeMap<(TableName, String), Index> = BTreeMap::new();
    let mut damaged = BTreeSet::new();
    reader.each("indexes", rows, |row| {
        let id = (row.table()?, row.text("index_name")?);
        add_to_index(&mut indexes, &id, row).inspect_err(|_| {
            damaged.insert(id);
        })
    });
    indexes.into_iter().filter(|(id, _)| !damaged.contains(id)).map(|(_, index)| index).collect()
}

fn add_to_index(
    indexes: &mut BTreeMap<(TableName, String), Index>,
    id: &(TableName, String),
    row: &Record<'_>,
) -> Result<()> {
    let flag = |column: &str| Ok::<_, Error>(row.flag_or_null(column)? == Some(true));
    let index = match indexes.entry(id.clone()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Index {
            table: id.0.clone(),
            name: id.1.clone(),
            kind: row.text("index_kind")?.to_uppercase().into(),
            columns: Vec::new(),
            included: Vec::new(),
            unique: row.flag("is_unique")?,
            constraint: flag("is_unique_constraint")?,
            filter: filter(row)?,
            disabled: flag("is_disabled")?,
        }),
    };
    let Some(column) = row.text_or_null("column_name")? else { return Ok(()) };
    if flag("is_included")? {
        index.included.push(ColumnName::new(column));
    } else if row.int("key_ordinal")? > 0 {
        index.columns.push(key_column(row)?);
    }
    Ok(())
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

/// Foreign keys (table and name) of which the login may not see where they point.
type HiddenObjects = Vec<(TableName, String)>;

/// The keys, sorted by table and name, and those that are not to be seen whole.
pub(super) fn read_foreign_keys(
    reader: &mut Reader<'_>,
    rows: &[tiberius::Row],
) -> (Vec<ForeignKey>, HiddenObjects) {
    let mut keys: BTreeMap<(TableName, String), ForeignKey> = BTreeMap::new();
    let mut hidden = Vec::new();
    reader.each("foreign keys", rows, |row| {
        let id = (row.table()?, row.text("key_name")?);
        let added = add_to_foreign_key(&mut keys, &id, row);
        if !matches!(added, Ok(true)) {
            hidden.push(id);
        }
        added.map(|_| ())
    });
    hidden.dedup();
    for id in &hidden {
        keys.remove(id);
    }
    (keys.into_values().collect(), hidden)
}

/// One more column of a key; false: where it points is not to be seen.
fn add_to_foreign_key(
    keys: &mut BTreeMap<(TableName, String), ForeignKey>,
    id: &(TableName, String),
    row: &Record<'_>,
) -> Result<bool> {
    let (Some(schema), Some(referenced), Some(column)) = (
        row.text_or_null("referenced_schema")?,
        row.text_or_null("referenced_table")?,
        row.text_or_null("referenced_column")?,
    ) else {
        return Ok(false);
    };
    let own = ColumnName::new(row.text("column_name")?);
    let key = match keys.entry(id.clone()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(ForeignKey {
            table: id.0.clone(),
            name: id.1.clone(),
            columns: Vec::new(),
            referenced: TableName::new(schema, referenced),
            referenced_columns: Vec::new(),
            on_delete: action(row.int("on_delete")?)?,
            on_update: action(row.int("on_update")?)?,
            disabled: row.flag_or_null("is_disabled")? == Some(true),
            not_trusted: row.flag_or_null("is_not_trusted")? == Some(true),
        }),
    };
    key.columns.push(own);
    key.referenced_columns.push(ColumnName::new(column));
    Ok(true)
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
