//! One table's object that is not what it should be: it stops that table alone.

use super::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use std::collections::BTreeMap;

/// What is known of each table, by its index.
type ByIndex<T> = BTreeMap<u32, T>;

/// Damage of one table's object stops that table alone.
pub(super) fn of_table(error: Error, table: &PlannedTable) -> Error {
    match error.kind() {
        ErrorKind::CheckpointDamaged => {
            Error::new(ErrorKind::TableDamaged, error.detail()).table(&table.source)
        }
        _ => error,
    }
}

/// The entries that could be read by table index, and the damaged ones with what is wrong with them.
///
/// # Errors
/// The first error that is no [`ErrorKind::TableDamaged`].
pub fn apart<T>(
    tables: &[PlannedTable],
    entries: Vec<Result<Entry<T>>>,
) -> Result<(ByIndex<Entry<T>>, ByIndex<Error>)> {
    let (mut sound, mut damaged) = (BTreeMap::new(), BTreeMap::new());
    for (table, entry) in tables.iter().zip(entries) {
        match entry {
            Ok(entry) => drop(sound.insert(table.index, entry)),
            Err(error) if error.kind() == ErrorKind::TableDamaged => {
                damaged.insert(table.index, error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((sound, damaged))
}
