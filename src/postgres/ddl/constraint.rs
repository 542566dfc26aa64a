//! Defaults, checks and foreign keys.

use super::{Column, Statement, advised, find, literal, skipped, translated, translated_in};
use crate::model::names::{ColumnName, TableName, quote_target};
use crate::model::objects::{CheckConstraint, DefaultConstraint};
use crate::model::plan::PlannedTable;
use crate::model::policy::Mask;
use crate::model::table::{ForeignKey, ReferentialAction};
use crate::tsql::{Purpose, ScopeColumn};

/// Foreign keys of partitioned tables can be NOT VALID from here on.
const PARTITIONED_NOT_VALID: u32 = 18_00_00;

/// DEFAULT of a column. `sequence` gives the target's name of a sequence that is built.
#[must_use]
pub fn set_default(
    default: &DefaultConstraint,
    table: &PlannedTable,
    sequence: impl Fn(&TableName) -> Option<TableName>,
) -> Statement {
    let Some(column) = table.columns.iter().find(|column| column.source == default.column) else {
        return skipped(format!("its column {} is not copied", default.column));
    };
    if default.name.is_none() && default.expression.is_none() {
        let reason = "it is a default object bound to the column, or one that the login may not see";
        return advised(reason, "ALTER TABLE … ALTER COLUMN … SET DEFAULT by hand");
    }
    let set = |expression: &str| {
        format!(
            "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {expression}",
            table.target.target_sql(),
            column.target.target_sql()
        )
    };
    if let Some(name) = default.expression.as_deref().and_then(next_value_for) {
        return match sequence(&name) {
            Some(sequence) => {
                Statement::Sql(set(&format!("nextval({}::regclass)", literal(&sequence.target_sql()))))
            }
            None => skipped(format!("the sequence {name} is not built")),
        };
    }
    let scope = ScopeColumn {
        source: &column.source,
        target: &column.target,
        source_type: &column.source_type,
        target_type: &column.target_type,
        nullable: column.nullable,
    };
    let collation = default.database_collation.as_deref();
    match translated_in(collation, table, default.expression.as_deref(), Purpose::Default(scope)) {
        Ok(translated) => Statement::changed(set(&translated.sql), &translated.notes),
        Err(skipped) => skipped,
    }
}

/// The sequence of `(NEXT VALUE FOR [schema].[name])`, as SQL Server keeps the text.
#[must_use]
pub fn next_value_for(expression: &str) -> Option<TableName> {
    let mut text = expression.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        text = inner.trim();
    }
    const WORDS: &str = "NEXT VALUE FOR ";
    let (words, name) = text.split_at_checked(WORDS.len())?;
    words.eq_ignore_ascii_case(WORDS).then(|| name.trim().parse().ok())?
}

/// A check under the name it gets from [`crate::postgres::names::Names`], NOT VALID: new rows are checked at once, existing ones
/// by [`validate_check`].
#[must_use]
pub fn add_check(check: &CheckConstraint, table: &PlannedTable, name: &str) -> Statement {
    let translated = match translated(table, check.expression.as_deref(), Purpose::Check) {
        Ok(translated) => translated,
        Err(skipped) => return skipped,
    };
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}) NOT VALID",
        table.target.target_sql(),
        quote_target(name),
        translated.sql
    );
    let mut what = translated.notes;
    what.extend(not_vouched_for(check.disabled, check.not_trusted));
    Statement::changed(sql, &what)
}

fn not_vouched_for(disabled: bool, not_trusted: bool) -> Option<String> {
    let stays = "it stays NOT VALID: existing rows are not checked";
    match (disabled, not_trusted) {
        (true, _) => Some(format!("{stays}; it is disabled on the source, here new rows are checked")),
        (false, true) => Some(format!("{stays}, since the source does not vouch for them either")),
        (false, false) => None,
    }
}

/// Checks the existing rows; None if the source itself does not vouch for them (disabled or not trusted).
#[must_use]
pub fn validate_check(check: &CheckConstraint, table: &PlannedTable, name: &str) -> Option<String> {
    (!check.disabled && !check.not_trusted).then(|| validate(table, name))
}

fn validate(table: &PlannedTable, name: &str) -> String {
    format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", table.target.target_sql(), quote_target(name))
}

/// Which foreign key, between which tables of the plan.
#[derive(Debug, Clone, Copy)]
pub struct ForeignKeyIn<'t> {
    pub key: &'t ForeignKey,
    pub table: &'t PlannedTable,
    pub referenced: &'t PlannedTable,
    /// Source columns of each unique key that the referenced table will have in the target.
    pub unique: &'t [Vec<ColumnName>],
}

/// A foreign key under the name it gets from [`crate::postgres::names::Names`], NOT VALID: new rows are checked at once, existing
/// ones by [`validate_foreign_key`].
#[must_use]
pub fn add_foreign_key(of: &ForeignKeyIn<'_>, name: &str, version: u32) -> Statement {
    let (own, theirs) =
        match (columns(of.table, &of.key.columns), columns(of.referenced, &of.key.referenced_columns)) {
            (Ok(own), Ok(theirs)) => (own, theirs),
            (Err(skipped), _) | (_, Err(skipped)) => return skipped,
        };
    if let Some(reason) = unusable(of, &own, &theirs) {
        return reason;
    }
    let mut what: Vec<String> = not_vouched_for(of.key.disabled, of.key.not_trusted).into_iter().collect();
    if let Some(reason) = some_rows(of) {
        what.push(reason);
    }
    let mut not_valid = " NOT VALID";
    if of.table.partitioning.is_some() && version < PARTITIONED_NOT_VALID {
        if !what.is_empty() {
            let reason = "it cannot be NOT VALID on a partitioned table before PostgreSQL 18";
            return advised(reason, "--partitions plain keeps it");
        }
        not_valid = "";
    }
    let list = |columns: &[Column<'_>]| {
        columns.iter().map(|column| column.target.target_sql()).collect::<Vec<_>>().join(", ")
    };
    let action = |what: &str, action| match action {
        ReferentialAction::NoAction => String::new(),
        ReferentialAction::Cascade => format!(" ON {what} CASCADE"),
        ReferentialAction::SetNull => format!(" ON {what} SET NULL"),
        ReferentialAction::SetDefault => format!(" ON {what} SET DEFAULT"),
    };
    let sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}{}{not_valid}",
        of.table.target.target_sql(),
        quote_target(name),
        list(&own),
        of.referenced.target.target_sql(),
        list(&theirs),
        action("DELETE", of.key.on_delete),
        action("UPDATE", of.key.on_update),
    );
    Statement::changed(sql, &what)
}

fn columns<'t>(table: &'t PlannedTable, names: &[ColumnName]) -> Result<Vec<Column<'t>>, Statement> {
    let one = |name: &ColumnName| {
        find(table, name).ok_or_else(|| skipped(format!("column {name} of {} is not copied", table.source)))
    };
    names.iter().map(one).collect()
}

/// Why the key cannot be.
fn unusable(of: &ForeignKeyIn<'_>, own: &[Column<'_>], theirs: &[Column<'_>]) -> Option<Statement> {
    for (here, there) in own.iter().zip(theirs) {
        match (here.mask, there.mask) {
            (None, None) | (Some(Mask::Null), _) | (Some(Mask::Hash), Some(Mask::Hash)) => {}
            _ => {
                return Some(skipped(format!(
                    "its columns {} and {} are masked in different ways",
                    here.target, there.target
                )));
            }
        }
    }
    let actions = [of.key.on_delete, of.key.on_update];
    if let Some(generated) = own.iter().find(|column| column.generated)
        && (actions.contains(&ReferentialAction::SetNull)
            || actions.contains(&ReferentialAction::SetDefault)
            || of.key.on_update == ReferentialAction::Cascade)
    {
        return Some(skipped(format!("its action would write to {}, which is generated", generated.target)));
    }
    let mut wanted = of.key.referenced_columns.clone();
    wanted.sort();
    let there = of.unique.iter().any(|unique| {
        let mut unique = unique.clone();
        unique.sort();
        unique == wanted
    });
    let list = of.key.referenced_columns.iter().map(ColumnName::as_str).collect::<Vec<_>>().join(", ");
    (!there).then(|| {
        let reason = format!("{} has no unique key on ({list}) in the target", of.referenced.target);
        advised(reason, "build that key first, then the foreign key by hand")
    })
}

/// Why rows may point nowhere although the source vouches for them.
fn some_rows(of: &ForeignKeyIn<'_>) -> Option<String> {
    of.referenced
        .filter
        .is_some()
        .then(|| format!("it stays NOT VALID: only some rows of {} are copied", of.referenced.source))
}

/// Checks the existing rows; None if the source itself does not vouch for them (disabled or not trusted), or not all rows
/// of the other table are copied.
#[must_use]
pub fn validate_foreign_key(of: &ForeignKeyIn<'_>, name: &str) -> Option<String> {
    let vouched = !of.key.disabled && !of.key.not_trusted && some_rows(of).is_none();
    vouched.then(|| validate(of.table, name))
}
