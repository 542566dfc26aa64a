//! What PostgreSQL has no room for (documentation, appendix K "PostgreSQL Limits"), with its pages of 8 KiB. Pure.

use super::{Column, find};
use crate::model::base_type::BaseType;
use crate::model::code_page::CodePage;
use crate::model::names::ColumnName;
use crate::model::plan::{LongKey, PlannedTable};
use crate::model::policy::Mask;
use crate::model::types::SourceType;

/// Columns of a table.
pub const MOST_COLUMNS: usize = 1600;
/// Columns of an index, those of INCLUDE among them.
pub const MOST_INDEX_COLUMNS: usize = 32;
/// Bytes of a table's row, once its long values are moved out of line.
pub const LONGEST_ROW: u64 = 8160;
/// Bytes of an index row of a btree.
pub const LONGEST_INDEX_ROW: u64 = 2704;
/// Those of its header, with a bitmap of NULLs.
const INDEX_HEADER: u64 = 16;

/// Does the longest entry of a key fit an index row? One that nobody knows does not.
#[must_use]
pub fn fits(key: &LongKey) -> bool {
    key.longest.is_some_and(|longest| longest <= LONGEST_INDEX_ROW)
}

/// How long an index entry may become: `fixed`, and for each of `columns` so many half bytes for a byte of it in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLength {
    pub fixed: u64,
    pub columns: Vec<(ColumnName, u64)>,
}

/// How long an entry of these key columns may become, if it may become longer than an index row; None if it always fits.
#[must_use]
pub fn long_entry(table: &PlannedTable, key: &[ColumnName]) -> Option<EntryLength> {
    let mut entry = EntryLength { fixed: INDEX_HEADER, columns: Vec::new() };
    let mut most = 0;
    for name in key {
        let column = find(table, name)?;
        let (fixed, half_bytes) = key_length(&column);
        entry.fixed += fixed;
        if half_bytes > 0 {
            most += u64::try_from(column.source_type.max_length).unwrap_or(u64::from(u16::MAX)) * half_bytes;
            entry.columns.push((name.clone(), half_bytes));
        }
    }
    (entry.fixed + most.div_ceil(2) > LONGEST_INDEX_ROW).then_some(entry)
}

/// Bytes of a column in an index row at most, padding included, and half bytes for each byte of the source.
pub(super) fn key_length(column: &Column<'_>) -> (u64, u64) {
    use BaseType as B;
    /// Head and padding of a value without a fixed length.
    const HEAD: u64 = 8;
    match column.mask {
        Some(Mask::Hash) => return (HEAD + 64, 0),
        Some(Mask::Fixed(text)) => return (HEAD + text.len() as u64, 0),
        _ => {}
    }
    match &column.source_type.name {
        B::Char | B::VarChar => (HEAD, half_bytes_of_text(column.source_type)),
        // Three bytes of UTF-8 for a unit of two, four for a pair of them.
        B::NChar | B::NVarChar | B::SysName => (HEAD, 3),
        B::Binary | B::VarBinary if column.target_type == "bytea" => (HEAD, 2),
        // As text, two digits a byte.
        B::Binary | B::VarBinary => (HEAD + 2, 4),
        // Steps of a path, each of a few bits.
        B::HierarchyId if column.target_type == "bytea" => (HEAD, 2),
        B::HierarchyId => (HEAD, 16),
        // With its type as text.
        B::SqlVariant => (HEAD + 64, 6),
        // Numbers, moments and identifiers, as what they are or as text.
        _ => (HEAD + 64, 0),
    }
}

/// Up to three bytes of UTF-8 for a byte of a code page, unless that is UTF-8 itself.
fn half_bytes_of_text(ty: &SourceType) -> u64 {
    match ty.collation.as_deref().and_then(CodePage::named) {
        Some(CodePage::Utf8) => 2,
        _ => 6,
    }
}

/// How many bytes a row takes at least and at most in its page, where what is long is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLength {
    pub least: u64,
    pub most: u64,
}

/// The length of a table's rows (PostgreSQL documentation, "Database Page Layout" and "TOAST").
#[must_use]
pub fn row_length(table: &PlannedTable) -> RowLength {
    let copied = table
        .columns
        .iter()
        .map(|column| (column.target_type.as_str(), column.nullable, declared(&column.source_type)));
    let generated = table
        .generated
        .iter()
        .map(|column| (column.target_type.as_str(), column.nullable, declared(&column.source_type)));
    let columns: Vec<_> = copied.chain(generated).collect();
    let nulls = columns.iter().any(|(_, nullable, _)| *nullable);
    let bitmap = if nulls { columns.len().div_ceil(8) as u64 } else { 0 };
    let head = (23 + bitmap).next_multiple_of(8);
    let mut length = RowLength { least: head, most: head };
    for (ty, nullable, declared) in columns {
        let ValueLength { align, least, most } = value_length(ty, declared);
        length.most = length.most.next_multiple_of(align) + most;
        if !nullable {
            length.least = length.least.next_multiple_of(align) + least;
        }
    }
    length
}

/// Bytes that the source declares; None: no end.
fn declared(ty: &SourceType) -> Option<u64> {
    u64::try_from(ty.max_length).ok().filter(|_| ty.name != BaseType::Text && ty.name != BaseType::NText)
}

struct ValueLength {
    align: u64,
    least: u64,
    most: u64,
}

/// Bytes of a value in its row.
fn value_length(ty: &str, declared: Option<u64>) -> ValueLength {
    /// A longer value can be moved out of line, and leaves 18 bytes: one of 20 bytes and its head of 1 stays.
    const STAYS: u64 = 21;
    let fixed = |length| ValueLength { align: length, least: length, most: length };
    let (base, arguments) = ty.split_once('(').unwrap_or((ty, ""));
    let mut numbers = arguments.trim_end_matches(')').split(',').map(|number| number.trim().parse::<u64>());
    let mut number = || numbers.next().and_then(std::result::Result::ok);
    match base {
        "boolean" => fixed(1),
        "smallint" => fixed(2),
        "integer" | "real" | "date" => fixed(4),
        _ if base == "bigint" || base == "double precision" || base.starts_with("time") => fixed(8),
        "uuid" => ValueLength { align: 1, least: 16, most: 16 },
        "numeric" => {
            let (precision, scale) = (number().unwrap_or(1000), number().unwrap_or(0));
            let groups = precision.saturating_sub(scale).div_ceil(4) + scale.div_ceil(4);
            ValueLength { align: 1, least: 3, most: (3 + 2 * groups).min(STAYS) }
        }
        "char" => {
            let characters = number().unwrap_or(1);
            // All blanks that fill it up are there; more than that is compressed or moved.
            ValueLength { align: 1, least: (characters + 1).min(18), most: (4 * characters + 1).min(STAYS) }
        }
        "varchar" if arguments.is_empty() => ValueLength { align: 1, least: 1, most: STAYS },
        "varchar" => {
            ValueLength { align: 1, least: 1, most: number().map_or(STAYS, |n| 4 * n + 1).min(STAYS) }
        }
        "bytea" => ValueLength { align: 1, least: 1, most: declared.map_or(STAYS, |n| n + 1).min(STAYS) },
        _ => ValueLength { align: 1, least: 1, most: STAYS },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::ddl::tests::{column, planned};

    fn of(types: &[&str], nullable: bool) -> RowLength {
        let mut table = planned();
        table.columns = types.iter().map(|ty| column("a", "a", ty, nullable)).collect();
        row_length(&table)
    }

    #[test]
    fn rows_are_as_long_as_postgresql_lays_them_out() {
        // What pg_column_size() says of a whole row of such values.
        assert_eq!(of(&["integer", "bigint"], false), RowLength { least: 24 + 16, most: 24 + 16 });
        assert_eq!(of(&["smallint", "boolean", "uuid"], false), RowLength { least: 43, most: 43 });
        assert_eq!(of(&["numeric(19,4)"], false), RowLength { least: 27, most: 37 });
        assert_eq!(
            of(&["numeric(38,10)", "text", "varchar(3)"], true),
            RowLength { least: 24, most: 24 + 21 + 21 + 13 }
        );
        assert_eq!(of(&["timestamp(3)"; 9], true).most, 32 + 72);
    }

    #[test]
    fn a_key_is_measured_only_where_its_columns_have_too_much_room() {
        let mut table = planned();
        let mut key = |ty: &str, bytes: i16, collation: Option<&str>| {
            table.columns = vec![column("a", "a", "text", false), column("b", "b", "integer", false)];
            table.columns[0].source_type.name = ty.into();
            table.columns[0].source_type.max_length = bytes;
            table.columns[0].source_type.collation = collation.map(str::to_owned);
            long_entry(&table, &[ColumnName::new("a"), ColumnName::new("b")])
        };
        assert_eq!(key("varchar", 850, None), None);
        assert_eq!(key("nvarchar", 1700, None), None);
        assert_eq!(key("varchar", 1700, Some("Latin1_General_100_CI_AS_SC_UTF8")), None);
        let long = key("varchar", 1700, Some("Cyrillic_General_CI_AS")).unwrap();
        assert_eq!(long.columns, [(ColumnName::new("a"), 6)]);
        assert!(key("nvarchar", 4000, None).is_some());
    }
}
