//! Keys that may be too long for an index row of the target: the source says how long they are.

use crate::error::Result;
use crate::model::names::TableName;
use crate::model::plan::Plan;
use crate::model::table::Index;
use crate::plan::long_keys;
use crate::sqlserver::client::Client;
use crate::sqlserver::key_lengths::{self, Weighted};
use std::collections::BTreeMap;

/// Writes into the plan how long such keys are.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub(in crate::command) async fn ask(source: &mut Client, plan: &mut Plan, indexes: &[Index]) -> Result<()> {
    let mut by_table: BTreeMap<&TableName, Vec<&Index>> = BTreeMap::new();
    for index in indexes {
        by_table.entry(&index.table).or_default().push(index);
    }
    for table in &mut plan.tables {
        let of_table = by_table.get(&table.source).map(Vec::as_slice).unwrap_or_default();
        let keys = long_keys::to_ask(table, of_table);
        if keys.is_empty() {
            continue;
        }
        let weighted: Vec<Weighted> = keys.iter().map(|key| key.entry.columns.clone()).collect();
        let longest = key_lengths::longest(source, table, &weighted).await?;
        table.long_keys = keys.iter().zip(longest).map(|(key, longest)| key.answered(longest)).collect();
    }
    Ok(())
}
