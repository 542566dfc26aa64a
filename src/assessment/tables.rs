//! What is said of a table: its name, its rows, its keys.

use super::{Finding, Material, Name, ObjectFindings, Verdict};
use crate::model::counts::{counted, verb};
use crate::model::names;
use crate::model::names::NameCase;
use crate::model::names::RenameReason;
use crate::model::names::TableName;
use crate::model::objects::ObjectKind;
use crate::model::plan::{Partitions, PlannedTable};
use crate::model::table::SourceTable;
use crate::plan::shards;
use crate::postgres::ddl::limits::{LONGEST_ROW, row_length};
use crate::postgres::ddl::partition::partitioning;

pub(super) fn add(
    material: &Material<'_>,
    table: &PlannedTable,
    source: Option<&SourceTable>,
    findings: &mut Vec<Finding>,
) {
    let mut said = ObjectFindings { kind: ObjectKind::Table, object: table.source.to_string(), findings };
    let columns = (table.columns.len() + table.generated.len()) as u64;
    let becomes = format!("becomes {} with {}", table.target, counted(columns, "column"));
    said.say(Name::AsIs, Verdict::Converted, becomes);
    let options = &material.plan.options;
    let choice = choice(material, &table.source);
    let chosen = choice.is_some_and(|choice| choice.target.is_some());
    name(&mut said, &table.source.name, &table.target.name, options.name_case(), chosen);
    if !options.schema_map.contains_key(&table.source.schema) && !chosen {
        schema(&mut said, &table.source.schema, &table.target.schema, options.name_case());
    }
    for refused in material.refused {
        if refused.table == table.source && refused.column.is_none() {
            said.say(Name::Impossible, Verdict::Refused, refused.reason.clone());
        }
    }
    if let Some(policy) =
        source.and_then(|source| source.filtered_by.as_ref()).filter(|_| options.allow_row_filters)
    {
        said.advise(
            Name::RowsWithheld,
            Verdict::Changed,
            format!("only the rows are copied that the security policy {policy} lets this login see"),
            "compare the number of rows with that of a login which sees all of them",
        );
    }
    if table.filter.is_some() {
        said.advise(
            Name::Filtered,
            Verdict::Changed,
            "only rows that fit its where are copied",
            "rows of other tables that refer to a row left out make the validation of their foreign keys fail",
        );
    }
    let length = row_length(table);
    if length.least <= LONGEST_ROW && length.most > LONGEST_ROW {
        said.advise(
            Name::RowTooLong,
            Verdict::Changed,
            format!(
                "a row takes up to {} bytes in PostgreSQL if all its {columns} columns are filled, and a page has room \
                 for {LONGEST_ROW}: such a row is refused, and its table fails",
                length.most
            ),
            "leave columns out (exclude, of the table in the configuration) or such rows (where)",
        );
    }
    if table.primary_key.is_empty() {
        said.say(Name::NoPrimaryKey, Verdict::Converted, "has no primary key");
    }
    if table.chunk_key.is_none() && source.is_some_and(|source| source.rows > 0) {
        said.advise(
            Name::OneChunk,
            Verdict::Converted,
            "has no unique key without NULL that it could be split by: it is copied in one transaction",
            "a unique index on columns that are NOT NULL lets it be copied in chunks",
        );
    }
    if shards::is_chunked(table, material.chunk_size) {
        said.advise(
            Name::SeveralMoments,
            Verdict::Converted,
            "is copied in several chunks, each read as of a moment of its own",
            "a row whose key changes meanwhile may be lost or copied twice: stop the writers, or say \
             --consistency database-snapshot NAME or snapshot-table",
        );
    }
    partitioned(material, table, &mut said);
}

fn choice<'m>(material: &Material<'m>, table: &TableName) -> Option<&'m crate::model::plan::TableChoice> {
    let alike = |written: &str| written.to_lowercase() == table.to_string().to_lowercase();
    let choices = &material.plan.options.tables;
    choices
        .get(&table.to_string())
        .or_else(|| choices.iter().find(|(written, _)| alike(written)).map(|(_, choice)| choice))
}

fn partitioned(material: &Material<'_>, table: &PlannedTable, said: &mut ObjectFindings<'_>) {
    let Some(source) = material.objects.partitions.iter().find(|of| of.table == table.source) else { return };
    let count = source.bounds.len() as u64 + 1;
    let (partitions, become_) = (counted(count, "partition"), verb(count, "becomes", "become"));
    match (&table.partitioning, material.plan.options.partitions) {
        (Some(_), _) => {
            let reason = format!("partitioned by range of {}, as in the source: {partitions}", source.column);
            said.say(Name::Partitions, Verdict::Converted, reason);
        }
        (None, Partitions::Plain) => said.advise(
            Name::Partitions,
            Verdict::Changed,
            format!("its {partitions} {become_} one plain table"),
            "--partitions declarative keeps them",
        ),
        (None, Partitions::Declarative) => {
            let why = partitioning(source, table).err().unwrap_or_default();
            let reason = format!("its {partitions} {become_} one plain table: {why}");
            said.say(Name::Partitions, Verdict::Changed, reason);
        }
    }
}

/// What is said of a name.
pub(super) fn name(said: &mut ObjectFindings<'_>, source: &str, target: &str, case: NameCase, chosen: bool) {
    let (name, why) = match names::rename_reason(source, target, case, chosen) {
        None => (Name::AsIs, String::new()),
        Some(RenameReason::Chosen) => (Name::NameChosen, "as the configuration says".to_owned()),
        Some(RenameReason::Case) => (Name::NameCase, "by --name-case".to_owned()),
        Some(RenameReason::TooLong) => {
            let bytes = names::folded(source, case).len();
            (Name::NameTooLong, format!("its own has {bytes} bytes, PostgreSQL takes {}", names::LONGEST))
        }
        Some(RenameReason::Taken) => (Name::NameTaken, "another one has its own".to_owned()),
        Some(RenameReason::System) => {
            (Name::NameSystem, "a system column of PostgreSQL has its own".to_owned())
        }
    };
    if name != Name::AsIs {
        // What a rule of the user makes of every name is no surprise.
        let verdict = if name == Name::NameCase { Verdict::Converted } else { Verdict::Changed };
        said.say(name, verdict, format!("is called {target}: {why}"));
    }
    if names::is_reserved(target) {
        said.say(
            Name::NameReserved,
            Verdict::Converted,
            format!("{target} is a key word of PostgreSQL: write it in quotes"),
        );
    }
}

fn schema(said: &mut ObjectFindings<'_>, source: &str, target: &str, case: NameCase) {
    if let Some(renamed) = names::rename_reason(source, target, case, false)
        && renamed != RenameReason::Case
    {
        let name = if renamed == RenameReason::TooLong { Name::NameTooLong } else { Name::NameTaken };
        said.say(name, Verdict::Changed, format!("its schema {source} is called {target}"));
    }
}
