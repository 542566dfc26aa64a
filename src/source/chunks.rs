//! Chunks of a table, from the source's side: which key ranges they are, and which key a row has.
//!
//! A chunk is a [`KeyRange`](crate::schema::bound::KeyRange): the rows behind one bound and up to the next. A bound is
//! the key of some row (or of one that once was), as literals; only the source compares them. [`boundaries`] says where
//! to cut before anything is read; [`KeyCapture`] knows the key of the last row while a chunk is read, for cutting there.

mod boundaries;
mod candidates;
mod capture;
mod literal;

pub use boundaries::boundaries;
pub use capture::KeyCapture;

use super::select::KeyPart;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::{ChunkKey, PlannedTable};

/// The columns of a chunk key with their types, for [`select_range`](super::select::select_range).
///
/// # Errors
/// `CheckpointDamaged` for a key with a column that the plan does not copy.
pub fn key_parts(table: &PlannedTable, key: &ChunkKey) -> Result<Vec<KeyPart>> {
    key.columns
        .iter()
        .map(|part| {
            let planned =
                table.columns.iter().find(|column| column.source == part.name).ok_or_else(|| {
                    let message =
                        format!("the plan's chunk key {} has a column that is not copied", key.index);
                    Error::new(ErrorKind::CheckpointDamaged, message).column(&part.name)
                })?;
            Ok(KeyPart {
                name: part.name.clone(),
                descending: part.descending,
                ty: planned.source_type.clone(),
            })
        })
        .collect()
}
