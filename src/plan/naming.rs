//! How names will look in the target, said before the first table is made. Pure.

use crate::model::names::{self, NameCase};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::shown;

/// `Names in the target: dbo.OrderLines -> dbo.order_lines (--name-case snake). …`; None for a plan without tables.
///
/// The example is the first table whose name is written otherwise; else one that SQL must write in quotes, else the
/// first.
#[must_use]
pub fn example(plan: &Plan) -> Option<String> {
    let is_renamed = |table: &&PlannedTable| table.source != table.target;
    let needs_quotes = |table: &&PlannedTable| is_quoted(&table.target.name);
    let tables = &plan.tables;
    let table = tables
        .iter()
        .find(is_renamed)
        .or_else(|| tables.iter().find(needs_quotes))
        .or_else(|| tables.first())?;
    let case = match plan.options.name_case() {
        NameCase::Preserve => "preserve",
        NameCase::Lower => "lower",
        NameCase::Snake => "snake",
    };
    let quotes = if tables.iter().any(|table| is_quoted(&table.target.name)) {
        " SQL must write such names in quotes."
    } else {
        ""
    };
    let line = format!(
        "Names in the target: {} -> {} (--name-case {case}).{quotes}\nThey cannot be changed after the first `shardferry schema` \
         without copying again.",
        shown::one_line(&table.source.to_string()),
        shown::one_line(&format!("{}.{}", in_sql(&table.target.schema), in_sql(&table.target.name)))
    );
    Some(line)
}

/// PostgreSQL folds what is not written in quotes to lower case.
fn is_quoted(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.chars().all(is_plain) || name.starts_with(|c: char| c.is_ascii_digit()) || names::is_reserved(name)
}

/// As SQL must write it.
pub(crate) fn in_sql(name: &str) -> String {
    if is_quoted(name) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::TableName;
    use crate::plan::shards::tests::plan_of;

    fn named(case: NameCase, tables: &[(&str, &str)]) -> String {
        let mut plan = plan_of(&vec![1; tables.len()]);
        plan.options.name_case = Some(case);
        for (table, (source, target)) in plan.tables.iter_mut().zip(tables) {
            (table.source, table.target) = (TableName::new("dbo", *source), TableName::new("dbo", *target));
        }
        example(&plan).unwrap_or_default()
    }

    #[test]
    fn the_example_is_a_name_that_changes() {
        assert_eq!(
            named(NameCase::Snake, &[("log", "log"), ("OrderLines", "order_lines")]),
            "Names in the target: dbo.OrderLines -> dbo.order_lines (--name-case snake).\n\
             They cannot be changed after the first `shardferry schema` without copying again."
        );
        assert_eq!(named(NameCase::Lower, &[]), "");
    }

    #[test]
    fn names_that_need_quotes_are_said_to() {
        let said = named(NameCase::Preserve, &[("log", "log"), ("OrderLines", "OrderLines")]);
        assert!(
            said.starts_with(
                "Names in the target: dbo.OrderLines -> dbo.\"OrderLines\" (--name-case preserve). \
                 SQL must write such names in quotes.\n"
            ),
            "{said}"
        );
        assert!(named(NameCase::Lower, &[("User", "user")]).contains("dbo.User -> dbo.\"user\""));
        assert!(!named(NameCase::Lower, &[("a", "a")]).contains("quotes"));
    }
}
