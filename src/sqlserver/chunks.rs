//! Chunks of a table, from the source's side: which key ranges they are, and which key a row has.
//!
//! A chunk is a [`KeyRange`](crate::model::bound::KeyRange): the rows behind one bound and up to the next. A bound is
//! the key of some row (or of one that once was), as literals; only the source compares them. [`boundaries`] says where
//! to cut before anything is read; [`KeyCapture`] knows the key of the last row while a chunk is read, for cutting
//! there.

mod boundaries;
mod candidates;
mod capture;
mod literal;
mod value_reader;

pub use boundaries::boundaries;
pub use capture::{KeptValue, KeyCapture, LONGEST_ROW};
pub use value_reader::{ShownValue, ValueReader};

use super::select::KeyPart;
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::ColumnName;
use crate::model::plan::{ChunkKey, ChunkKeyColumn, PlannedTable};

/// The columns of a chunk key with their types, for [`select_range`](super::select::select_range).
///
/// # Errors
/// `TableDamaged` for a key with a column that the plan does not copy.
pub fn key_parts(table: &PlannedTable, key: &ChunkKey) -> Result<Vec<KeyPart>> {
    key.columns
        .iter()
        .map(|part| {
            let planned =
                table.columns.iter().find(|column| column.source == part.name).ok_or_else(|| {
                    let message =
                        format!("the plan's chunk key {} has a column that is not copied", key.index);
                    Error::new(ErrorKind::TableDamaged, message).column(&part.name)
                })?;
            Ok(KeyPart {
                name: part.name.clone(),
                descending: part.descending,
                ty: planned.source_type.clone(),
            })
        })
        .collect()
}

/// What tells a row of the table: its chunk key, or else its primary key; None if it has none that is copied whole.
#[must_use]
pub fn row_key(table: &PlannedTable) -> Option<ChunkKey> {
    if table.chunk_key.is_some() {
        return table.chunk_key.clone();
    }
    let copied = |name: &ColumnName| table.columns.iter().any(|column| column.source == *name);
    if table.primary_key.is_empty() || !table.primary_key.iter().all(copied) {
        return None;
    }
    let columns =
        table.primary_key.iter().map(|name| ChunkKeyColumn { name: name.clone(), descending: false });
    Some(ChunkKey { index: "the primary key".to_owned(), clustered: false, columns: columns.collect() })
}
