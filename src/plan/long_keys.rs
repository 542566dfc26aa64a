//! Keys and indexes that may be too long for an index row of PostgreSQL: which ones are to be asked for. Pure.

use crate::model::names::ColumnName;
use crate::model::objects::IndexKind;
use crate::model::plan::{LongKey, PlannedTable};
use crate::model::table::Index;
use crate::postgres::ddl::limits::{EntryLength, long_entry};

/// A key of a table, and how long its entries may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKey {
    /// As [`LongKey::index`].
    pub index: Option<String>,
    pub entry: EntryLength,
}

impl AskedKey {
    /// `half_bytes`: what the columns of the longest entry take.
    #[must_use]
    pub fn answered(&self, half_bytes: Option<u64>) -> LongKey {
        let longest = half_bytes.map(|half_bytes| self.entry.fixed + half_bytes.div_ceil(2));
        LongKey { index: self.index.clone(), longest }
    }
}

/// The keys of a planned table whose declared columns have more room than an index row. `indexes`: those of this table.
#[must_use]
pub fn to_ask(table: &PlannedTable, indexes: &[&Index]) -> Vec<AskedKey> {
    let primary = (None, table.primary_key.clone());
    let ordered = indexes
        .iter()
        .filter(|index| !index.disabled && (index.kind.is_ordered() || index.kind == IndexKind::Hash));
    let others = ordered.map(|index| {
        let columns: Vec<ColumnName> = index.columns.iter().map(|key| key.name.clone()).collect();
        (Some(index.name.clone()), columns)
    });
    std::iter::once(primary)
        .chain(others)
        .filter_map(|(index, columns)| Some(AskedKey { index, entry: long_entry(table, &columns)? }))
        .collect()
}
