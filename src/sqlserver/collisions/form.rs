//! What a value of a key is in the target, as T-SQL: an expression whose values SQL Server takes for equal exactly if
//! the target does. Pure.
//!
//! SQL Server ignores trailing blanks in every comparison of texts, whatever the collation, and trailing zero bytes in
//! those of binary values. A text as bytes keeps its blanks, and its bytes end in zeros for U+0000 alone.

use crate::model::base_type::BaseType;
use crate::model::collation;
use crate::model::plan::PlannedColumn;
use crate::model::policy::{BlanksPolicy, FractionPolicy, InvalidPolicy, Mask, NulPolicy, PaddingPolicy};

/// Are values that differ for the source equal in the target?
pub(super) fn is_folded(column: &PlannedColumn) -> bool {
    if column.mask.is_some() {
        return false;
    }
    loses_case(column) || loses_nul(column) || digits(column).is_some()
}

/// Does the target see trailing blanks in it?
pub(super) fn keeps_blanks(column: &PlannedColumn) -> bool {
    column.source_type.name.is_text()
        && !matches!(column.mask, Some(Mask::Null | Mask::Fixed(_)))
        && (column.mask.is_some() || !is_trimmed(column))
}

/// A text of `varchar`, `text` or `citext` in the target whose blanks a policy cuts off.
pub(super) fn is_trimmed_by_policy(column: &PlannedColumn) -> bool {
    column.source_type.name.is_text() && !column.target_type.starts_with("char(") && is_trimmed(column)
}

/// Can two values that are equal for the source differ in the target?
pub(super) fn may_differ(column: &PlannedColumn) -> bool {
    use BaseType as B;
    let ty = &column.source_type.name;
    let as_text = *ty == B::DateTimeOffset && column.target_type == "text";
    ty.is_text() || as_text || matches!(ty, B::Binary | B::VarBinary | B::SqlVariant)
}

/// `sql` has its value. `trimmed`: without trailing blanks in any case.
pub(super) fn in_target(column: &PlannedColumn, sql: &str, trimmed: bool) -> String {
    use BaseType as B;
    match &column.source_type.name {
        ty if ty.is_text() => text(column, sql, trimmed),
        B::Binary | B::VarBinary => format!("CONCAT(DATALENGTH({sql}), CONVERT(varchar(8000), {sql}, 2))"),
        B::SqlVariant => {
            let property = |name| format!("CONVERT(nvarchar(128), SQL_VARIANT_PROPERTY({sql}, '{name}'))");
            let all = ["BaseType", "Precision", "Scale", "MaxLength"].map(property).join(", '/', ");
            format!("CONCAT({all}, '/', CONVERT(varchar(8000), CONVERT(varbinary(8000), {sql}), 2))")
        }
        B::DateTimeOffset if column.target_type == "text" => format!("CONVERT(varchar(40), {sql}, 121)"),
        _ => digits(column).map_or_else(|| sql.to_owned(), |kept| moment(column, sql, kept)),
    }
}

fn text(column: &PlannedColumn, sql: &str, trimmed: bool) -> String {
    let trimmed = trimmed || !keeps_blanks(column);
    if column.collation.is_some() {
        // The collation of the target ignores what the source's does, and sees blanks.
        return if trimmed {
            "0".to_owned()
        } else {
            format!("DATALENGTH({sql}) - DATALENGTH(RTRIM({sql}))")
        };
    }
    let mut text = sql.to_owned();
    if loses_nul(column) {
        let instead = if column.policies.nul == NulPolicy::Strip { "N''" } else { "NCHAR(65533)" };
        text = format!(
            "REPLACE(CONVERT(nvarchar(4000), {text}) COLLATE Latin1_General_BIN2, NCHAR(0), {instead})"
        );
    }
    if trimmed {
        text = format!("RTRIM({text})");
    }
    if column.target_type == "citext" {
        text = format!("LOWER({text})");
    }
    format!("CONVERT(varbinary(8000), {text})")
}

fn is_trimmed(column: &PlannedColumn) -> bool {
    let padded = matches!(column.source_type.name, BaseType::Char | BaseType::NChar);
    column.target_type.starts_with("char(")
        || column.policies.blanks == BlanksPolicy::Trim
        || (padded && column.policies.padding == PaddingPolicy::Trim)
}

fn loses_case(column: &PlannedColumn) -> bool {
    let sees =
        column.source_type.collation.as_deref().is_some_and(|name| !collation::ignored_by(name).ignores_case);
    column.target_type == "citext" && sees
}

fn loses_nul(column: &PlannedColumn) -> bool {
    column.source_type.name.is_text() && column.policies.nul != NulPolicy::Error
}

/// Characters up to the sixth digit of a second, of a moment that has seven and loses the last one.
fn digits(column: &PlannedColumn) -> Option<usize> {
    let loses = column.policies.fraction != FractionPolicy::Error
        && column.source_type.scale == 7
        && column.target_type.starts_with("time");
    match column.source_type.name {
        BaseType::Time if loses => Some(15),
        BaseType::DateTime2 | BaseType::DateTimeOffset if loses => Some(26),
        _ => None,
    }
}

fn moment(column: &PlannedColumn, sql: &str, kept: usize) -> String {
    let ty = &column.source_type.name;
    if column.policies.fraction == FractionPolicy::Round {
        return format!("CAST({sql} AS {ty}(6))");
    }
    let instant = match ty {
        BaseType::DateTimeOffset => format!("SWITCHOFFSET({sql}, '+00:00')"),
        _ => sql.to_owned(),
    };
    format!("LEFT(CONVERT(varchar(40), {instant}, 121), {kept})")
}

/// The policy that may make two texts of the column equal, where T-SQL cannot say which.
pub(super) fn uncounted(column: &PlannedColumn) -> Option<&'static str> {
    use BaseType as B;
    let (ty, policies) = (&column.source_type.name, column.policies);
    match ty {
        _ if column.mask.is_some() => None,
        B::NChar | B::NVarChar | B::SysName if policies.surrogate == InvalidPolicy::Replace => {
            Some("surrogate=replace")
        }
        B::Char | B::VarChar if policies.undefined == InvalidPolicy::Replace => Some("undefined=replace"),
        _ => None,
    }
}

/// For people: what makes values of the column equal.
pub(super) fn why_equal(column: &PlannedColumn) -> String {
    let mut reasons = Vec::new();
    if loses_case(column) {
        reasons.push("citext does not see case");
    }
    match column.policies.nul {
        NulPolicy::Strip if loses_nul(column) => reasons.push("nul=strip leaves U+0000 out"),
        NulPolicy::Replace if loses_nul(column) => reasons.push("nul=replace writes U+FFFD for U+0000"),
        _ => {}
    }
    match column.policies.fraction {
        FractionPolicy::Truncate if digits(column).is_some() => {
            reasons.push("fraction=truncate cuts the seventh digit of a second off");
        }
        FractionPolicy::Round if digits(column).is_some() => {
            reasons.push("fraction=round rounds the seventh digit of a second");
        }
        _ => {}
    }
    format!("{}: {}", column.source, reasons.join(", "))
}
