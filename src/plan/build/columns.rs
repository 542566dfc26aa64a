//! What becomes of each column of a table: copied, computed by the target, left out, or refused.

use super::{COLUMN_SET, EXCLUDED, GRAPH_INTERNAL, Inputs, RefusedObject};
use crate::convert::types;
use crate::model::base_type::BaseType;
use crate::model::collation;
use crate::model::names;
use crate::model::names::ColumnName;
use crate::model::names::NameRequest;
use crate::model::plan::{
    Collations, ColumnChoice, GeneratedColumn, PlannedColumn, PlannedIdentity, UnsupportedColumn,
};
use crate::model::policy::{BlanksPolicy, FractionPolicy, Mask, Policies};
use crate::model::table::{NoData, SourceColumn, SourceTable};
use crate::plan::choices::TableChoices;
use crate::plan::{computed, mapping};
use crate::sqlserver::select::SelectForm;
use std::collections::BTreeSet;

/// The columns of one table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) copied: Vec<PlannedColumn>,
    pub(super) generated: Vec<GeneratedColumn>,
    pub(super) left_out: Vec<UnsupportedColumn>,
    /// Copied columns whose values are read as they are and written unmasked: what a chunk key may be made of.
    pub(super) plain: BTreeSet<ColumnName>,
}

/// Plans the columns, in column order.
pub(super) fn plan(
    inputs: &Inputs<'_>,
    table: &SourceTable,
    chosen: &TableChoices<'_>,
    refused: &mut Vec<RefusedObject>,
) -> Columns {
    let mut columns = Columns::default();
    for column in &table.columns {
        if chosen.excluded.contains(&column.name) {
            columns.left_out.push(left_out(column, EXCLUDED.to_owned()));
            continue;
        }
        if column.no_data == Some(NoData::ColumnSet) {
            columns.left_out.push(left_out(column, COLUMN_SET.to_owned()));
            continue;
        }
        if column.no_data == Some(NoData::GraphInternal) {
            columns.left_out.push(left_out(column, GRAPH_INTERNAL.to_owned()));
            continue;
        }
        let choice = chosen.columns.get(&column.name).copied();
        let mut refuse = |reason: String| {
            refused.push(RefusedObject {
                table: table.name.clone(),
                column: Some(column.name.clone()),
                source_type: Some(column.ty.to_string()),
                reason,
            });
        };
        match plan_column(inputs, table, column, chosen, choice, &mut refuse) {
            Ok((planned, as_is)) => {
                if as_is && planned.mask.is_none() {
                    columns.plain.insert(column.name.clone());
                }
                columns.copied.push(planned);
            }
            Err(reason) => {
                // A type that was asked for and cannot be had is a mistake, and no column to leave out in silence.
                let asked = choice.is_some_and(|choice| choice.map.is_some())
                    || inputs.options.maps.contains_key(column.ty.name.as_str());
                if asked || !inputs.options.skip_unsupported {
                    refuse(reason.clone());
                }
                columns.left_out.push(left_out(column, reason));
            }
        }
    }
    name(inputs, table, chosen, &mut columns.copied, refused);
    generate(inputs, table, chosen, &mut columns);
    columns
}

fn left_out(column: &SourceColumn, reason: String) -> UnsupportedColumn {
    UnsupportedColumn { column: column.name.clone(), source_type: column.ty.to_string(), reason }
}

/// The column as it is copied, still under its own name, and whether its values are read as they are.
///
/// # Errors
/// Why its type cannot be copied.
fn plan_column(
    inputs: &Inputs<'_>,
    table: &SourceTable,
    column: &SourceColumn,
    chosen: &TableChoices<'_>,
    choice: Option<&ColumnChoice>,
    refuse: &mut dyn FnMut(String),
) -> Result<(PlannedColumn, bool), String> {
    if column.no_data == Some(NoData::Encrypted) {
        return Err(ENCRYPTED.to_owned());
    }
    let options = &inputs.options;
    let extensions = inputs.target.as_ref().map(|target| target.extensions.as_slice());
    // Asked where it matters only: it looks at the keys of all tables.
    let compared = || computed::is_compared(table, inputs.indexes, inputs.foreign_keys, column);
    let alternative = mapping::alternative(column, choice, options, extensions.unwrap_or_default())
        .or_else(|| mapping::of_key(column).filter(|_| compared()));
    let mapped = types::map(&column.ty, alternative.as_deref()).map_err(|refused| refused.reason)?;
    if let (Some(extension), Some(there)) = (mapped.needs, extensions)
        && !there.iter().any(|name| name == extension)
    {
        refuse(format!(
            "{} needs the extension {extension}, which the target does not have (CREATE EXTENSION {extension})",
            mapped.target_type
        ));
    }
    let mask = choice.and_then(|choice| choice.mask.clone());
    if let Some(reason) = mask.as_ref().and_then(|mask| mask_refused(mask, table, inputs, column)) {
        refuse(reason);
    }
    if column.withheld && !matches!(mask, Some(Mask::Null | Mask::Fixed(_))) {
        refuse(WITHHELD.to_owned());
    }
    let replanned = options.replanned.get(&table.name.to_string()).copied();
    let of_table = replanned.or_else(|| chosen.table.and_then(|table| table.policies));
    let mut policies = policies(column, choice, of_table, &options.policies);
    let trims = match policies.blanks {
        BlanksPolicy::Keep => false,
        BlanksPolicy::Trim => true,
        BlanksPolicy::TrimKeys => compared(),
    };
    let trimmed = trims && mask.is_none() && keeps_blanks(&column.ty.name, &mapped.target_type);
    policies.blanks = if trimmed { BlanksPolicy::Trim } else { BlanksPolicy::Keep };
    let identity = column.identity.as_ref().filter(|_| mask.is_none()).map(|identity| PlannedIdentity {
        seed: identity.seed.clone(),
        increment: identity.increment.clone(),
    });
    let target_type = match mask {
        Some(Mask::Hash) => "text".to_owned(),
        _ => mapped.target_type,
    };
    let planned = PlannedColumn {
        source: column.name.clone(),
        target: column.name.clone(),
        source_type: column.ty.clone(),
        collation: collated(inputs, column, &target_type).filter(|_| mask.is_none()),
        target_type,
        nullable: column.nullable,
        identity,
        map: alternative,
        policies: if column.ty.name.has_policies() { policies } else { Policies::default() },
        mask,
    };
    Ok((planned, mapped.select == SelectForm::AsIs))
}

/// Are trailing blanks part of its values in the target?
fn keeps_blanks(source: &BaseType, target: &str) -> bool {
    source.is_text() && ["varchar", "text", "citext"].iter().any(|begin| target.starts_with(begin))
}

/// Why a column is refused whose values the source does not show.
const WITHHELD: &str = "dynamic data masking keeps its values from this login, and a copy would take the masks for values: GRANT UNMASK, or leave \
     the column out (exclude)";

/// Why a column under Always Encrypted is refused.
const ENCRYPTED: &str = "Always Encrypted: the server sends ciphertext, and only clients with its keys read it: decrypt the column on the source \
     (ALTER TABLE … ALTER COLUMN with a client that has the keys), or leave it out (exclude)";

/// The column's own, else the table's, else the run's. The server writes the times of a row's life with seven digits and ends
/// what lives at 23:59:59.9999999: such columns are cut off if nothing else was said of them, and counted.
fn policies(
    column: &SourceColumn,
    choice: Option<&ColumnChoice>,
    of_table: Option<Policies>,
    of_run: &Policies,
) -> Policies {
    if let Some(said) = choice.and_then(|choice| choice.policies).or(of_table) {
        return said;
    }
    match of_run.fraction {
        FractionPolicy::Error if column.period && column.ty.scale == 7 => {
            Policies { fraction: FractionPolicy::Truncate, ..*of_run }
        }
        _ => *of_run,
    }
}

/// The ICU collation of a text whose own ignores case or accents, under the name of its own.
fn collated(inputs: &Inputs<'_>, column: &SourceColumn, target_type: &str) -> Option<String> {
    let name = column.ty.collation.as_deref()?;
    let text = ["char(", "varchar", "text"].iter().any(|begin| target_type.starts_with(begin));
    (inputs.options.collations == Collations::Icu && text && collation::ignored_by(name).anything())
        .then(|| name.to_owned())
}

fn mask_refused(
    mask: &Mask,
    table: &SourceTable,
    inputs: &Inputs<'_>,
    column: &SourceColumn,
) -> Option<String> {
    let keyed = computed::is_key(table, inputs.indexes, column);
    match mask {
        Mask::Null if !column.nullable => {
            Some("mask null: the column is NOT NULL; hash or a fixed text can be had".to_owned())
        }
        Mask::Null | Mask::Fixed(_) if keyed => Some(
            "mask: the column is part of a key, and its values must stay different; hash keeps them so"
                .to_owned(),
        ),
        _ => None,
    }
}

/// `$node_id_…` with 32 hexadecimal digits is what the source calls the column that its users know as `$node_id`.
fn shown_name(source: &str) -> &str {
    let pseudo = ["$node_id", "$edge_id", "$from_id", "$to_id"].into_iter().find(|name| {
        let digits = source.strip_prefix(name).and_then(|rest| rest.strip_prefix('_'));
        digits.is_some_and(|digits| digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit()))
    });
    pseudo.unwrap_or(source)
}

/// Gives the columns their names in the target.
fn name(
    inputs: &Inputs<'_>,
    table: &SourceTable,
    chosen: &TableChoices<'_>,
    copied: &mut [PlannedColumn],
    refused: &mut Vec<RefusedObject>,
) {
    let wanted: Vec<NameRequest> = copied
        .iter()
        .map(|column| {
            let choice = chosen.columns.get(&column.source).and_then(|choice| choice.target.as_deref());
            let source = column.source.as_str();
            NameRequest {
                place: String::new(),
                name: choice.map_or_else(
                    || names::folded(shown_name(source), inputs.options.name_case()),
                    str::to_owned,
                ),
                source: source.to_owned(),
                chosen: choice.is_some(),
                column: true,
            }
        })
        .collect();
    for (column, name) in copied.iter_mut().zip(names::assign(&wanted)) {
        match name {
            Ok(name) => column.target = ColumnName::new(name),
            Err(reason) => refused.push(RefusedObject {
                table: table.name.clone(),
                column: Some(column.source.clone()),
                source_type: None,
                reason,
            }),
        }
    }
}

/// Takes the columns that the target computes itself out of those that are copied.
fn generate(inputs: &Inputs<'_>, table: &SourceTable, chosen: &TableChoices<'_>, columns: &mut Columns) {
    let mut generated = Vec::new();
    for (place, planned) in (0_u32..).zip(&columns.copied) {
        let source = table.columns.iter().find(|column| column.name == planned.source);
        let Some(source) = source.filter(|column| column.computed.is_some()) else { continue };
        let asked = chosen
            .columns
            .get(&planned.source)
            .is_some_and(|choice| choice.mask.is_some() || choice.map.is_some());
        let partitions = inputs
            .partitions
            .iter()
            .any(|partition| partition.table == table.name && partition.column == planned.source);
        if asked || partitions || computed::is_key(table, inputs.indexes, source) {
            continue;
        }
        // Other computed columns are no part of an expression, for either server.
        let others: Vec<PlannedColumn> = columns
            .copied
            .iter()
            .filter(|there| {
                table.columns.iter().any(|column| column.name == there.source && column.computed.is_none())
            })
            .cloned()
            .collect();
        if let Ok((expression, notes)) = computed::expression(source, &planned.target_type, &others) {
            generated.push(GeneratedColumn {
                source: planned.source.clone(),
                target: planned.target.clone(),
                source_type: planned.source_type.clone(),
                target_type: planned.target_type.clone(),
                nullable: planned.nullable,
                expression,
                notes,
                place,
            });
        }
    }
    columns.copied.retain(|column| !generated.iter().any(|there| there.source == column.source));
    columns.generated = generated;
}
