//! Estimates of rows and bytes, from the best source that the login may read, and from none if need be.

use super::reader::{Reader, allowed};
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::table::SourceTable;
use crate::model::types::SourceType;
use std::collections::BTreeMap;

/// A guess at a value whose length the catalog does not bound.
const LONG_VALUE: u64 = 256;

/// Puts rows and bytes into the tables.
///
/// # Errors
/// Transient ones.
pub(super) async fn add(reader: &mut Reader<'_>, tables: &mut BTreeMap<i32, SourceTable>) -> Result<()> {
    const WHAT: &str = "sizes of tables";
    if let Ok(rows) = allowed(reader.client, include_str!("../sql/sizes.sql")).await?
        && !rows.is_empty()
    {
        reader.each(WHAT, &rows, |row| {
            if let Some(table) = tables.get_mut(&row.int("object_id")?) {
                table.rows = row.count("row_count")?;
                table.bytes = row.count("byte_count")?;
            }
            Ok(())
        });
        return Ok(());
    }
    tracing::info!("the login may not read partition statistics (VIEW DATABASE STATE); sizes are estimated");
    if let Ok(rows) = allowed(reader.client, include_str!("../sql/sizes_rows.sql")).await? {
        reader.each(WHAT, &rows, |row| {
            if let Some(table) = tables.get_mut(&row.int("object_id")?) {
                table.rows = row.count("row_count")?;
                table.bytes = table.rows.saturating_mul(row_width(table));
            }
            Ok(())
        });
    }
    if let Ok(rows) = allowed(reader.client, include_str!("../sql/sizes_pages.sql")).await? {
        reader.each(WHAT, &rows, |row| {
            let bytes = row.count("byte_count")?;
            if let Some(table) = tables.get_mut(&row.int("object_id")?)
                && bytes > 0
            {
                table.bytes = bytes;
            }
            Ok(())
        });
    }
    Ok(())
}

/// Bytes of a row by its columns' declarations; variable ones half full.
pub(super) fn row_width(table: &SourceTable) -> u64 {
    use BaseType as B;
    let width = |ty: &SourceType| match (&ty.name, u64::try_from(ty.max_length)) {
        (B::Text | B::NText | B::Image, _) | (_, Err(_)) => LONG_VALUE,
        (B::VarChar | B::NVarChar | B::VarBinary | B::SqlVariant, Ok(length)) => {
            (length / 2).clamp(1, LONG_VALUE)
        }
        (_, Ok(length)) => length.max(1),
    };
    table.columns.iter().map(|column| width(&column.ty)).sum::<u64>().max(1)
}
