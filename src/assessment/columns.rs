//! What is said of a column: its name, its type, what of its values does not arrive.

use super::{Finding, Material, Name, ObjectFindings, Verdict, tables};
use crate::convert::types;
use crate::model::base_type::BaseType;
use crate::model::collation;
use crate::model::objects::ObjectKind;
use crate::model::plan::{PlannedColumn, PlannedTable, UnsupportedColumn};
use crate::model::policy::{
    BlanksPolicy, FractionPolicy, InvalidPolicy, Mask, NulPolicy, OffsetPolicy, Policies,
};
use crate::model::table::{SourceColumn, SourceTable};
use crate::plan::build::{COLUMN_SET, EXCLUDED, GRAPH_INTERNAL};
use crate::plan::computed;
use crate::postgres::ddl;

pub(super) fn add(
    material: &Material<'_>,
    table: &PlannedTable,
    source: Option<&SourceTable>,
    findings: &mut Vec<Finding>,
) {
    for column in &table.columns {
        let object = format!("{}.{}", table.source, column.source);
        let mut said = ObjectFindings { kind: ObjectKind::Column, object, findings };
        let from = source.and_then(|source| source.columns.iter().find(|from| from.name == column.source));
        let becomes = format!("{} becomes {}", column.source_type, column.target_type);
        said.say(Name::AsIs, Verdict::Converted, becomes);
        named(material, table, column, &mut said);
        refused(material, table, column, &mut said);
        of_type(material, column, &mut said);
        policies(&column.source_type.name, column.policies, &mut said);
        masked(column, &mut said);
        collated(column, &mut said);
        if let (Some(source), Some(from)) = (source, from) {
            of_source(table, column, source, from, &mut said);
        }
    }
    for column in &table.generated {
        let object = format!("{}.{}", table.source, column.source);
        let mut said = ObjectFindings { kind: ObjectKind::Column, object, findings };
        let reason = format!("the target computes it, as {}: {}", column.target_type, column.expression);
        if column.notes.is_empty() {
            said.say(Name::Generated, Verdict::Converted, reason);
        } else {
            said.say(Name::Generated, Verdict::Changed, format!("{reason}: {}", column.notes.join("; ")));
        }
        let case = material.plan.options.name_case();
        tables::name(&mut said, column.source.as_str(), column.target.as_str(), case, false);
    }
    for column in &table.unsupported {
        left_out(material, table, column, findings);
    }
}

fn left_out(
    material: &Material<'_>,
    table: &PlannedTable,
    column: &UnsupportedColumn,
    findings: &mut Vec<Finding>,
) {
    let object = format!("{}.{}", table.source, column.column);
    let mut said = ObjectFindings { kind: ObjectKind::Column, object, findings };
    if column.reason == EXCLUDED {
        said.say(Name::Excluded, Verdict::Refused, column.reason.clone());
        return;
    }
    if column.reason == GRAPH_INTERNAL {
        said.say(Name::GraphTable, Verdict::Changed, format!("left out: {GRAPH_INTERNAL}"));
        return;
    }
    if column.reason == COLUMN_SET {
        said.say(Name::ColumnSet, Verdict::Changed, format!("left out: {COLUMN_SET}"));
        return;
    }
    let reason = format!("{}: {}", column.source_type, column.reason);
    if material.plan.options.skip_unsupported {
        said.say(Name::TypeUnsupported, Verdict::Refused, reason);
    } else {
        let advice = "--skip-unsupported leaves it out; without it the plan is refused";
        said.advise(Name::TypeUnsupported, Verdict::Refused, reason, advice);
    }
}

fn named(
    material: &Material<'_>,
    table: &PlannedTable,
    column: &PlannedColumn,
    said: &mut ObjectFindings<'_>,
) {
    let options = &material.plan.options;
    let (source, target) = (column.source.as_str(), column.target.as_str());
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let chosen = options
        .tables
        .iter()
        .filter(|(written, _)| same(written, &table.source.to_string()))
        .flat_map(|(_, choice)| &choice.columns)
        .any(|(written, choice)| same(written, source) && choice.target.as_deref() == Some(target));
    tables::name(said, source, target, options.name_case(), chosen);
}

fn refused(
    material: &Material<'_>,
    table: &PlannedTable,
    column: &PlannedColumn,
    said: &mut ObjectFindings<'_>,
) {
    for refused in material.refused {
        if refused.table == table.source && refused.column.as_ref() == Some(&column.source) {
            said.say(Name::Impossible, Verdict::Refused, refused.reason.clone());
        }
    }
}

fn of_type(material: &Material<'_>, column: &PlannedColumn, said: &mut ObjectFindings<'_>) {
    let ty = &column.source_type;
    if let Ok(mapped) = types::map(ty, column.map.as_deref())
        && column.mask.is_none()
    {
        if let Some(lossy) = mapped.lossy {
            said.say(Name::TypeLossy, Verdict::Lossy, lossy);
        }
        if let (Some(extension), None) = (mapped.needs, &material.plan.target) {
            said.advise(
                Name::NeedsExtension,
                Verdict::Changed,
                format!("needs the extension {extension} in the target, which was not asked"),
                format!("CREATE EXTENSION {extension} before the schema step; with --target-url the plan looks itself"),
            );
        }
    }
    if ty.name == BaseType::SqlVariant
        && column.target_type == "jsonb"
        && !material.plan.options.maps.contains_key("sql_variant")
    {
        said.say(
            Name::VariantKey,
            Verdict::Changed,
            "part of a key, so it becomes jsonb with base type and value: as texts, 5 and '5' would be equal. Values of \
             two base types that SQL Server takes for equal (int 5 and bigint 5) differ here",
        )
        .advice = Some("--map sql_variant=text makes it a text, if no two texts of the key are equal".to_owned());
    }
    if matches!(ty.name, BaseType::RowVersion | BaseType::Timestamp) && column.mask.is_none() {
        said.advise(
            Name::Rowversion,
            Verdict::Changed,
            "its values arrive, and stand still: PostgreSQL does not count them up",
            "xmin or a trigger tells a changed row",
        );
    }
    // One that a sequence numbers is said of the identity.
    if ddl::is_plain_identity(column) && !ddl::sequence::is_numbered(column) {
        said.advise(
            Name::IdentityLost,
            Verdict::Changed,
            format!(
                "PostgreSQL has no identity on {}: new rows need a number of their own",
                column.target_type
            ),
            "--map or the configuration make it a bigint, where the numbers fit",
        );
    }
}

fn policies(ty: &BaseType, policies: Policies, said: &mut ObjectFindings<'_>) {
    use BaseType as B;
    let mut changes = Vec::new();
    let text =
        matches!(ty, B::Char | B::VarChar | B::NChar | B::NVarChar | B::Text | B::NText | B::Xml | B::Json);
    if text {
        match policies.nul {
            NulPolicy::Error => {}
            NulPolicy::Replace => changes.push("U+0000 becomes U+FFFD"),
            NulPolicy::Strip => changes.push("U+0000 is left out"),
        }
        if policies.surrogate == InvalidPolicy::Replace {
            changes.push("half surrogate pairs become U+FFFD");
        }
    }
    if matches!(ty, B::Char | B::VarChar | B::Text) && policies.undefined == InvalidPolicy::Replace {
        changes.push("bytes without a meaning become U+FFFD");
    }
    if text && policies.blanks == BlanksPolicy::Trim {
        changes.push("trailing blanks are cut off");
    }
    let seventh = matches!(ty, B::Time | B::DateTime2 | B::DateTimeOffset);
    match policies.fraction {
        FractionPolicy::Truncate if seventh => changes.push("a seventh fractional digit is cut off"),
        FractionPolicy::Round if seventh => changes.push("a seventh fractional digit is rounded"),
        _ => {}
    }
    if !changes.is_empty() {
        said.say(Name::Policy, Verdict::Lossy, format!("by policy, and counted: {}", changes.join("; ")));
    }
    if *ty == B::DateTimeOffset && policies.offset == OffsetPolicy::Error {
        let reason = "a value whose offset is not +00:00 fails its table (policy offset=error)";
        said.say(Name::Policy, Verdict::Converted, reason);
    }
}

fn masked(column: &PlannedColumn, said: &mut ObjectFindings<'_>) {
    let what = match &column.mask {
        None => return,
        Some(Mask::Null) => "every value becomes NULL",
        Some(Mask::Hash) => "every value becomes its SHA-256, in hex",
        Some(Mask::Fixed(_)) => "every value becomes one fixed value",
    };
    said.say(Name::Masked, Verdict::Changed, format!("masked: {what}"));
}

fn collated(column: &PlannedColumn, said: &mut ObjectFindings<'_>) {
    let Some(name) = column.source_type.collation.as_deref().filter(|_| column.mask.is_none()) else {
        return;
    };
    let ignored = collation::ignored_by(name);
    if column.target_type == "citext" {
        if ignored.ignores_accents {
            let reason = format!("{name} ignores {ignored}; citext ignores case alone");
            said.advise(
                Name::CollationCitext,
                Verdict::Changed,
                reason,
                "--collations icu ignores accents too",
            );
        } else if !ignored.ignores_case {
            let reason = format!("{name} sees case; citext does not");
            said.say(Name::CollationCitext, Verdict::Changed, reason);
        } else {
            said.say(
                Name::CollationCitext,
                Verdict::Converted,
                format!("citext ignores case, as {name} does, and sees trailing blanks, as {name} does not"),
            );
        }
        return;
    }
    if !ignored.anything() {
        return;
    }
    if column.collation.is_some() {
        said.advise(
            Name::CollationIcu,
            Verdict::Converted,
            format!("a collation of ICU that ignores {ignored}, as {name} does, and sees trailing blanks, as {name} does not"),
            "PostgreSQL before 18 refuses LIKE with such a collation: add COLLATE \"C\" there",
        );
        return;
    }
    said.advise(
        Name::CollationDatabase,
        Verdict::Changed,
        format!("{name} ignores {ignored}; comparisons and unique keys of the target do not"),
        "--collations icu (or citext, for case alone) keeps it",
    );
}

/// What only the source's catalog tells.
fn of_source(
    table: &PlannedTable,
    column: &PlannedColumn,
    source_table: &SourceTable,
    source: &SourceColumn,
    said: &mut ObjectFindings<'_>,
) {
    if column.policies.fraction == FractionPolicy::Error
        && source.ty.scale == 7
        && matches!(source.ty.name, BaseType::Time | BaseType::DateTime2 | BaseType::DateTimeOffset)
        && column.target_type.starts_with("time")
    {
        said.advise(
            Name::FractionDigits,
            Verdict::Changed,
            "microseconds are kept; a value whose seventh fractional digit is not 0 fails its table",
            "--policy fraction=round or fraction=truncate changes and counts such values",
        );
    }
    if source.identity.is_some() && column.identity.is_none() {
        said.say(Name::IdentityLost, Verdict::Changed, "masked, so it is no identity any more");
    }
    if source.hidden {
        said.say(
            Name::HiddenShown,
            Verdict::Changed,
            "hidden in the source, and shown by SELECT * in the target",
        );
    }
    if source.computed.is_none() {
        return;
    }
    let stored = |there: &&PlannedColumn| {
        source_table.columns.iter().any(|column| column.name == there.source && column.computed.is_none())
    };
    let others: Vec<PlannedColumn> = table.columns.iter().filter(stored).cloned().collect();
    let masked = others.iter().find(|there| {
        let text = source.computed.as_deref().unwrap_or_default().to_lowercase();
        there.mask.is_some() && text.contains(&format!("[{}]", there.source.as_str().to_lowercase()))
    });
    if let (Some(masked), None) = (masked, &column.mask) {
        said.advise(
            Name::MaskBypassed,
            Verdict::Changed,
            format!("computed from {}, which is masked: its values are copied as they are", masked.source),
            "mask or exclude it as well",
        );
    }
    let why = match computed::expression(source, &column.target_type, &others) {
        Err(why) => why,
        Ok(_) => "it is part of a key, or its type or its values were chosen".to_owned(),
    };
    said.advise(
        Name::ComputedPlain,
        Verdict::Changed,
        format!("computed in the source, a plain column with the values of now in the target: {why}"),
        "write a generated column or a trigger by hand, where the target is written to",
    );
}
