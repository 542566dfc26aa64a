//! What the source is asked for a chunk: its columns in the form that is read exactly, its key range, the filter, the
//! order of a clustered key, all under the isolation that was chosen.

use crate::convert::types;
use crate::error::{Error, ErrorKind, Result};
use crate::model::bound::KeyRange;
use crate::model::plan::PlannedTable;
use crate::settings::Consistency;
use crate::sqlserver::chunks::key_parts;
use crate::sqlserver::select::{SelectForm, WantedRows, select_range};

/// The batch that reads the chunk.
///
/// # Errors
/// `Unsupported` for a column that the plan should not have, `CheckpointDamaged` for a plan whose key is none.
pub(in crate::copy) fn read_chunk(
    consistency: &Consistency,
    table: &PlannedTable,
    range: &KeyRange,
) -> Result<String> {
    let columns = table
        .columns
        .iter()
        .map(|column| match types::map(&column.source_type, column.map.as_deref()) {
            Ok(mapping) => Ok((column.source.clone(), mapping.select)),
            Err(refused) => {
                let message =
                    format!("this version does not copy {}: {}", column.source_type, refused.reason);
                Err(Error::new(ErrorKind::Unsupported, message).column(&column.source))
            }
        })
        .collect::<Result<Vec<(_, SelectForm)>>>()?;
    let level = match consistency {
        // At SNAPSHOT the server refuses to read it; the table hint of the same name reads one moment.
        _ if table.in_memory => "READ COMMITTED",
        Consistency::Snapshot | Consistency::SnapshotTable => "SNAPSHOT",
        Consistency::ReadCommitted | Consistency::SnapshotIfAllowed | Consistency::DatabaseSnapshot(_) => {
            "READ COMMITTED"
        }
    };
    let key = table.chunk_key.as_ref();
    let parts = key.map(|key| key_parts(table, key)).transpose()?.unwrap_or_default();
    let ordered = key.is_some_and(|key| key.clustered);
    let wanted = WantedRows { range, filter: table.filter.as_deref(), in_memory: table.in_memory };
    let select = select_range(&table.source, &columns, &parts, wanted, ordered)
        .map_err(|error| error.table(&table.source))?;
    Ok(format!("SET TRANSACTION ISOLATION LEVEL {level}; {select}"))
}
