//! The planned tables: names, columns, keys.

use super::{EXCLUDED, Inputs, RefusedObject, column_fingerprint, columns, row_filter};
use crate::model::names;
use crate::model::names::NameRequest;
use crate::model::names::TableName;
use crate::model::plan::{Partitions, PlanOptions, PlannedTable};
use crate::model::table::SourceTable;
use crate::plan::choices::TableChoices;
use crate::plan::chunk_key;
use crate::postgres::ddl::limits::{LONGEST_ROW, MOST_COLUMNS, row_length};
use crate::postgres::ddl::partition::partitioning;
use std::collections::BTreeMap;

/// The tables in their order, and what stands in the way.
pub(super) fn plan(
    inputs: &Inputs<'_>,
    tables: &[&SourceTable],
    choices: &BTreeMap<TableName, TableChoices<'_>>,
) -> (Vec<PlannedTable>, Vec<RefusedObject>) {
    let mut refused = Vec::new();
    let none = TableChoices::default();
    let names = names_of(&inputs.options, tables, choices, &mut refused);
    let mut planned = Vec::with_capacity(tables.len());
    for ((table, index), target) in tables.iter().zip(1_u32..).zip(names) {
        let chosen = choices.get(&table.name).unwrap_or(&none);
        if let Some(policy) = table.filtered_by.as_deref().filter(|_| !inputs.options.allow_row_filters) {
            refused.push(RefusedObject {
                table: table.name.clone(),
                column: None,
                source_type: None,
                reason: row_filter(policy),
            });
        }
        let table = plan_table(inputs, table, index, target, chosen, &mut refused);
        stands(inputs, &table, &mut refused);
        planned.push(table);
    }
    (planned, refused)
}

fn plan_table(
    inputs: &Inputs<'_>,
    table: &SourceTable,
    index: u32,
    target: TableName,
    chosen: &TableChoices<'_>,
    refused: &mut Vec<RefusedObject>,
) -> PlannedTable {
    let columns = columns::plan(inputs, table, chosen, refused);
    let mut planned = PlannedTable {
        index,
        source: table.name.clone(),
        target,
        columns: columns.copied,
        generated: columns.generated,
        filter: chosen.table.and_then(|choice| choice.filter.clone()),
        partitioning: None,
        unsupported: columns.left_out,
        primary_key: table
            .primary_key
            .iter()
            .flat_map(|key| &key.columns)
            .map(|column| column.name.clone())
            .collect(),
        chunk_key: chunk_key::choose(table, inputs.indexes, |name| columns.plain.contains(name)),
        rows: table.rows,
        bytes: table.bytes,
        long_keys: Vec::new(),
        column_fingerprint: column_fingerprint(table),
        in_memory: table.in_memory,
    };
    if inputs.options.partitions == Partitions::Declarative {
        let of_table = inputs.partitions.iter().find(|partitioned| partitioned.table == table.name);
        planned.partitioning = of_table.and_then(|partitioned| partitioning(partitioned, &planned).ok());
    }
    planned
}

/// Can the table be made and filled?
fn stands(inputs: &Inputs<'_>, table: &PlannedTable, refused: &mut Vec<RefusedObject>) {
    let mut refuse = |reason: String| {
        refused.push(RefusedObject { table: table.source.clone(), column: None, source_type: None, reason });
    };
    if let Err(reason) = names::check_schema(&table.target.schema) {
        refuse(reason);
    }
    if table.columns.is_empty() {
        refuse("has no column that can be copied; leave the table out with --exclude".to_owned());
    }
    let columns = table.columns.len() + table.generated.len();
    if columns > MOST_COLUMNS {
        refuse(format!(
            "has {columns} columns, and PostgreSQL's tables have {MOST_COLUMNS} at most; leave some out (exclude, of \
             the table in the configuration), or the whole table with --exclude"
        ));
    }
    let least = row_length(table).least;
    if least > LONGEST_ROW {
        refuse(format!(
            "has rows of {least} bytes at least in PostgreSQL, which takes {LONGEST_ROW}; leave columns out (exclude, of \
             the table in the configuration), or the whole table with --exclude"
        ));
    }
    let lost = table.unsupported.iter().find(|column| table.primary_key.contains(&column.column));
    match lost {
        Some(column) if column.reason == EXCLUDED => refuse(format!(
            "its primary key has the column {}, which is excluded; mask it by hash instead, or leave the table out",
            column.column
        )),
        Some(_) if inputs.options.skip_unsupported => {
            refuse("its primary key has a column that cannot be copied".to_owned());
        }
        _ => {}
    }
}

/// The names of the tables in the target.
fn names_of(
    options: &PlanOptions,
    tables: &[&SourceTable],
    choices: &BTreeMap<TableName, TableChoices<'_>>,
    refused: &mut Vec<RefusedObject>,
) -> Vec<TableName> {
    let schemas = schemas(options, tables);
    let schema_of =
        |table: &SourceTable| schemas.get(table.name.schema.as_str()).cloned().unwrap_or_default();
    let wanted: Vec<NameRequest> = tables
        .iter()
        .map(|table| {
            let choice = choices.get(&table.name).and_then(|chosen| chosen.table?.target.as_deref());
            let parsed = choice.and_then(|text| names::parse_target(text).ok());
            let chosen = parsed.is_some();
            let folded = || names::folded(&table.name.name, options.name_case());
            let (schema, name) = parsed.unwrap_or_else(|| (None, folded()));
            NameRequest {
                place: schema.unwrap_or_else(|| schema_of(table)),
                name,
                source: table.name.to_string(),
                chosen,
                column: false,
            }
        })
        .collect();
    let mut found = Vec::with_capacity(tables.len());
    for ((table, wanted), name) in tables.iter().zip(&wanted).zip(names::assign(&wanted)) {
        let name = name.unwrap_or_else(|reason| {
            refused.push(RefusedObject {
                table: table.name.clone(),
                column: None,
                source_type: None,
                reason: format!("target: {reason}"),
            });
            wanted.name.clone()
        });
        found.push(TableName::new(&wanted.place, name));
    }
    found
}

/// Schemas of the target by those of the source. `--schema-map` is taken as written, and may put several into one.
fn schemas<'t>(options: &PlanOptions, tables: &[&'t SourceTable]) -> BTreeMap<&'t str, String> {
    let mut found = BTreeMap::new();
    let mut wanted: Vec<NameRequest> = Vec::new();
    for table in tables {
        let schema = table.name.schema.as_str();
        match options.schema_map.get(schema) {
            Some(mapped) => drop(found.insert(schema, mapped.clone())),
            None if wanted.iter().any(|wanted| wanted.source == schema) => {}
            None => wanted.push(NameRequest {
                place: String::new(),
                name: names::folded(schema, options.name_case()),
                source: schema.to_owned(),
                chosen: false,
                column: false,
            }),
        }
    }
    let names = names::assign(&wanted);
    for table in tables {
        let schema = table.name.schema.as_str();
        let given = wanted.iter().zip(&names).find(|(wanted, _)| wanted.source == schema);
        if let Some((_, Ok(name))) = given {
            found.insert(schema, name.clone());
        }
    }
    found
}
