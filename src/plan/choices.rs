//! The choices for single tables and columns, found in what the source has. Pure.
//!
//! A name is taken as it is written; if nothing is called so, without regard to case. Whatever the source does not
//! have is an error, all at once: a choice that is misspelled must not be forgotten in silence.

use super::mapping;
use crate::error::{Error, ErrorKind, Result};
use crate::model::likeness::did_you_mean_table;
use crate::model::names::{ColumnName, TableName};
use crate::model::plan::ColumnChoice;
use crate::model::plan::PlanOptions;
use crate::model::plan::TableChoice;
use crate::model::table::SourceTable;
use std::collections::{BTreeMap, BTreeSet};

/// Names that are listed in an error.
const LISTED: usize = 20;

/// The choices for one table.
#[derive(Debug, Default)]
pub(super) struct TableChoices<'o> {
    pub(super) table: Option<&'o TableChoice>,
    pub(super) excluded: BTreeSet<ColumnName>,
    pub(super) columns: BTreeMap<ColumnName, &'o ColumnChoice>,
}

/// By table of the source.
///
/// # Errors
/// Kind Config with every table, column and type that the source does not have.
pub(super) fn resolve<'o>(
    options: &'o PlanOptions,
    tables: &[SourceTable],
) -> Result<BTreeMap<TableName, TableChoices<'o>>> {
    let (mut found, mut wrong) = (BTreeMap::new(), Vec::new());
    for (written, choice) in &options.tables {
        let name: Option<TableName> = written.parse().ok();
        let table = name.and_then(|name| {
            named(tables, |table| same(&table.name, &name), |table| alike(&table.name, &name))
        });
        let Some(table) = table else {
            let question = did_you_mean_table(written, tables.iter().map(|table| &table.name));
            let question = question.map_or_else(String::new, |question| format!("; {question}"));
            wrong.push(format!("tables: {written}: the source has no such table{question}"));
            continue;
        };
        let chosen = of_table(choice, table, written, &mut wrong);
        if found.insert(table.name.clone(), chosen).is_some() {
            wrong.push(format!("tables: {written}: {} is given twice", table.name));
        }
    }
    let aliases: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| &table.columns)
        .filter_map(|column| Some(column.ty.alias.as_ref()?.to_lowercase()))
        .collect();
    for name in options.maps.keys().filter(|name| !mapping::is_type(name) && !aliases.contains(*name)) {
        wrong.push(format!("--map {name}: no such type; types are listed in docs/reference/type-mapping.md"));
    }
    if wrong.is_empty() {
        return Ok(found);
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("`tables` of the config file does not fit the source:\n  {}", wrong.join("\n  ")),
    ))
}

fn same(a: &TableName, b: &TableName) -> bool {
    a == b
}

fn alike(a: &TableName, b: &TableName) -> bool {
    a.schema.to_lowercase() == b.schema.to_lowercase() && a.name.to_lowercase() == b.name.to_lowercase()
}

/// The one that is called so, else the only one that nearly is.
fn named<T>(items: &[T], exactly: impl Fn(&T) -> bool, nearly: impl Fn(&T) -> bool) -> Option<&T> {
    if let Some(item) = items.iter().find(|item| exactly(item)) {
        return Some(item);
    }
    let mut near = items.iter().filter(|item| nearly(item));
    near.next().filter(|_| near.next().is_none())
}

fn of_table<'o>(
    choice: &'o TableChoice,
    table: &SourceTable,
    written: &str,
    wrong: &mut Vec<String>,
) -> TableChoices<'o> {
    let column = |name: &str| {
        named(
            &table.columns,
            |column| column.name.as_str() == name,
            |column| column.name.as_str().to_lowercase() == name.to_lowercase(),
        )
    };
    let has = || {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).take(LISTED).collect();
        let more = if table.columns.len() > LISTED { ", …" } else { "" };
        format!("it has {}{more}", names.join(", "))
    };
    let mut chosen = TableChoices { table: Some(choice), ..TableChoices::default() };
    for name in &choice.exclude {
        match column(name) {
            Some(column) => drop(chosen.excluded.insert(column.name.clone())),
            None => wrong
                .push(format!("tables: {written}: exclude: {name}: the table has no such column; {}", has())),
        }
    }
    for (name, of_column) in &choice.columns {
        match column(name) {
            Some(column) if chosen.excluded.contains(&column.name) => {
                wrong.push(format!("tables: {written}: columns: {name}: the column is excluded as well"));
            }
            Some(column) => {
                if chosen.columns.insert(column.name.clone(), of_column).is_some() {
                    wrong.push(format!("tables: {written}: columns: {name} is given twice"));
                }
            }
            None => wrong
                .push(format!("tables: {written}: columns: {name}: the table has no such column; {}", has())),
        }
    }
    chosen
}
