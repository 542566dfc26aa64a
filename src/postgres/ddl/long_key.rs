//! Keys whose values are too long for an index row: a unique one becomes an index over digests.

use super::columns::weaker;
use super::limits::{self, LONGEST_INDEX_ROW};
use super::{Column, Statement, advised, find};
use crate::model::names::quote_target;
use crate::model::plan::{LongKey, PlannedTable};

/// What is said of a key that may become longer than an index row, and is not now.
pub(super) const MAY_BE: &str =
    "PostgreSQL's index rows end at 2704 bytes: every key of now fits, and a longer one would be refused";

/// Where an index is made.
pub(super) struct Place {
    /// In quotes.
    pub(super) name: String,
    pub(super) table: String,
    /// What follows its columns.
    pub(super) end: String,
}

/// What is built instead of a primary key whose values are too long for an index row, or what is said of one whose values may
/// become so; None: nothing. `name` is the one it gets from [`crate::postgres::names::Names`].
#[must_use]
pub fn primary_key(table: &PlannedTable, name: &str) -> Option<Statement> {
    let key = table.long_key(None)?;
    if limits::fits(key) {
        return Some(Statement::Changed { sql: String::new(), what: MAY_BE.to_owned() });
    }
    let columns: Vec<_> = table.primary_key.iter().map(|name| find(table, name)).collect::<Option<_>>()?;
    let what = weaker(&columns).into_iter().collect();
    let place = Place { name: quote_target(name), table: table.target.target_sql(), end: String::new() };
    Some(index(true, key, &columns, &place, what).unwrap_or_else(|skipped| skipped))
}

/// A unique index over digests of the long columns; any other of one column as a hash index.
pub(super) fn index(
    unique: bool,
    key: &LongKey,
    columns: &[Column<'_>],
    place: &Place,
    mut what: Vec<String>,
) -> Result<Statement, Statement> {
    let longest = match key.longest {
        Some(longest) => format!("its longest key may take {longest} bytes"),
        None => "how long its keys are could not be asked".to_owned(),
    };
    let reason = format!("{longest}, and PostgreSQL's index rows end at {LONGEST_INDEX_ROW}");
    let Place { name, table, end } = place;
    if !unique {
        let [column] = columns else {
            return Err(advised(reason, "an index on its short columns, or on left(column, 500), by hand"));
        };
        what.push(format!("{reason}: a hash index, which serves comparisons by = alone"));
        let sql = format!("CREATE INDEX {name} ON {table} USING hash ({}){end}", column.target.target_sql());
        return Ok(Statement::changed(sql, &what));
    }
    let mut digested = Vec::new();
    let list: Vec<String> = columns
        .iter()
        .map(|column| match digest(column) {
            Some(digest) => {
                digested.push(column.target.as_str());
                digest
            }
            None => column.target.target_sql(),
        })
        .collect();
    if digested.is_empty() {
        return Err(advised(reason, "a unique index on a hash of its columns, by hand"));
    }
    what.push(format!(
        "{reason}: a unique index over SHA-256 of {} keeps it unique; no foreign key can refer to it, and no search uses it",
        digested.join(", ")
    ));
    if columns.iter().any(|column| column.collation.is_some() || column.target_type == "citext") {
        what.push("texts that differ in case or accents alone are different keys there".to_owned());
    }
    let sql = format!("CREATE UNIQUE INDEX {name} ON {table} ({}){end}", list.join(", "));
    Ok(Statement::changed(sql, &what))
}

/// What an index has in the place of a column whose values may be too long for it: SHA-256 of the value's bytes. None: the
/// value is short, or of a type that has no such expression.
fn digest(column: &Column<'_>) -> Option<String> {
    /// Longer columns are digested.
    const SHORT: u64 = 128;
    let (fixed, half_bytes) = limits::key_length(column);
    let most = u64::try_from(column.source_type.max_length).unwrap_or(u64::MAX);
    if fixed + most.saturating_mul(half_bytes).div_ceil(2) <= SHORT {
        return None;
    }
    let name = column.target.target_sql();
    let text =
        ["char", "varchar", "text", "citext"].iter().any(|begin| column.target_type.starts_with(begin));
    match column.target_type {
        "bytea" => Some(format!("sha256({name})")),
        // convert_to() is not immutable, and the cast to bytea reads backslashes.
        _ if text => Some(format!(
            "sha256(decode(replace({name}::text COLLATE \"C\", E'\\\\', E'\\\\\\\\'), 'escape'))"
        )),
        _ => None,
    }
}
