//! The tables of the plan that this pod works on.

use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::{Plan, PlannedTable};
use crate::plan::shards;
use crate::settings::Settings;

/// The chosen tables in plan order, from `--start-from-table` on.
///
/// # Errors
/// `Usage` for a choice that the plan does not have, or a first table that is not among the chosen ones.
pub(super) fn selected(settings: &Settings, plan: &Plan) -> Result<Vec<PlannedTable>> {
    let mut tables: Vec<PlannedTable> =
        shards::resolve(&settings.selection, plan)?.into_iter().cloned().collect();
    if let Some(name) = &settings.start_from_table {
        let first = shards::find(plan, name)?.index;
        if !tables.iter().any(|table| table.index == first) {
            let message =
                format!("--start-from-table is not among the chosen tables ({})", settings.selection);
            return Err(Error::new(ErrorKind::Usage, message).table(name));
        }
        tables.retain(|table| table.index >= first);
    }
    Ok(tables)
}
