//! Sequences, and where they and the identities go on.

use super::columns::{bounds, identity_options, is_plain_identity};
use super::{Statement, advised, literal, skipped};
use crate::model::base_type::BaseType;
use crate::model::names::TableName;
use crate::model::objects::Sequence;
use crate::model::plan::{PlannedColumn, PlannedIdentity};
use crate::model::table::Identity;

/// The sequence with its position; one that is there gets what it should have. What is cached is not carried over:
/// PostgreSQL's cache is each session's own, and would change the order of numbers.
#[must_use]
pub fn create_sequence(sequence: &Sequence, target: &TableName) -> Statement {
    let mut what = Vec::new();
    let ty = match &sequence.ty {
        BaseType::TinyInt | BaseType::SmallInt => "smallint",
        BaseType::Int => "integer",
        BaseType::BigInt => "bigint",
        BaseType::Decimal | BaseType::Numeric => {
            what.push(format!("{}({},0) becomes bigint", sequence.ty, sequence.precision));
            "bigint"
        }
        other => return skipped(format!("PostgreSQL has no sequences of {other}")),
    };
    let number = |text: &str| text.parse::<i128>().ok();
    let numbers = (
        number(&sequence.start),
        number(&sequence.increment),
        number(&sequence.minimum),
        number(&sequence.maximum),
        number(&sequence.current),
    );
    let (
        (Some(start), Some(increment), Some(minimum), Some(maximum), Some(current)),
        Some((lowest, highest)),
    ) = (numbers, bounds(ty))
    else {
        return skipped("its numbers cannot be read");
    };
    let (least, most) = (minimum.max(lowest), maximum.min(highest));
    if (least, most) != (minimum, maximum) {
        what.push(format!("it ends at {least} and {most}, the bounds of bigint"));
    }
    if !(least..=most).contains(&start) || !(least..=most).contains(&current) {
        return skipped("its numbers are beyond bigint");
    }
    // If nobody knows whether the first number was ever given, it is not given again.
    let called = sequence.used.unwrap_or(true);
    if sequence.used.is_none() && sequence.current == sequence.start {
        what.push(
            "the source does not say whether its first number was ever given: it is not given again"
                .to_owned(),
        );
    }
    let cycle = if sequence.cycle { "CYCLE" } else { "NO CYCLE" };
    let options = format!(
        "AS {ty} INCREMENT BY {increment} MINVALUE {least} MAXVALUE {most} START WITH {start} {cycle}"
    );
    let name = target.target_sql();
    let sql = format!(
        "CREATE SEQUENCE IF NOT EXISTS {name} {options};\nALTER SEQUENCE {name} {options};\n\
         SELECT pg_catalog.setval({}::regclass, {current}, {called})",
        literal(&name)
    );
    Statement::changed(sql, &what)
}

/// Sets where the identity goes on: after the source's last value, even where the table holds larger ones, because that
/// is what the source would do. None if no row was ever inserted, or the column is no identity in the target.
#[must_use]
pub fn identity_position(table: &TableName, column: &PlannedColumn, source: &Identity) -> Option<String> {
    identity_options(column)?;
    let (lowest, highest) = bounds(&column.target_type)?;
    let last = source.last_value.as_ref()?.parse::<i128>().ok()?;
    let increment = source.increment.parse::<i128>().ok()?;
    let next = last.checked_add(increment)?;
    let (table, name) = (table.target_sql(), &column.target);
    let beyond_default = if increment > 0 { next < 1 } else { next > -1 };
    if beyond_default && (lowest..=highest).contains(&next) {
        // Below the sequence's default bound, after a RESEED: widen it.
        let bound = if increment > 0 { format!("MINVALUE {lowest}") } else { format!("MAXVALUE {highest}") };
        return Some(format!(
            "ALTER TABLE {table} ALTER COLUMN {} SET {bound} RESTART WITH {next}",
            name.target_sql()
        ));
    }
    let (value, called) = if (lowest..=highest).contains(&next) { (next, false) } else { (last, true) };
    Some(format!(
        "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {}), {value}, {called})",
        literal(&table),
        literal(name.as_str())
    ))
}

/// Least and most that the sequence of a column of whole `numeric` numbers gives: those of the column and of bigint.
fn numeric_bounds(target_type: &str) -> Option<(i128, i128)> {
    let digits = target_type.strip_prefix("numeric(")?.strip_suffix(",0)")?.parse::<u32>().ok()?;
    let most = 10_i128.checked_pow(digits)? - 1;
    let (lowest, highest) = bounds("bigint")?;
    Some((lowest.max(-most), highest.min(most)))
}

/// Is it an identity on `numeric`, whose numbers a sequence of its own can give?
#[must_use]
pub fn is_numbered(column: &PlannedColumn) -> bool {
    let Some(PlannedIdentity { seed, increment }) = column.identity.as_ref() else { return false };
    let (Some((least, most)), Ok(seed), Ok(increment)) =
        (numeric_bounds(&column.target_type), seed.parse::<i128>(), increment.parse::<i128>())
    else {
        return false;
    };
    is_plain_identity(column)
        && (least..=most).contains(&seed)
        && increment != 0
        && (least..=most).contains(&increment)
}

/// What stands for an identity on `numeric`: a default that takes the column's values from a sequence which the column owns,
/// and which goes on after the source's last value. None if it is another column. `source`: as it is now, if it is known.
#[must_use]
pub fn number_column(
    table: &TableName,
    column: &PlannedColumn,
    source: Option<&Identity>,
    sequence: &TableName,
) -> Option<Statement> {
    if !is_numbered(column) {
        return None;
    }
    let planned = column.identity.as_ref()?;
    let (least, most) = numeric_bounds(&column.target_type)?;
    let (seed, increment) = (planned.seed.parse::<i128>().ok()?, planned.increment.parse::<i128>().ok()?);
    let last = source.and_then(|source| source.last_value.as_deref());
    let (value, called) = match last.map(str::parse::<i128>) {
        None => (seed, false),
        Some(Ok(last)) if (least..=most).contains(&last) => match last.checked_add(increment) {
            Some(next) if (least..=most).contains(&next) => (next, false),
            // The next number is an error, as in the source.
            _ => (last, true),
        },
        Some(_) => {
            let reason = "its last value is beyond bigint, the most that a sequence counts to";
            return Some(advised(reason, "ALTER TABLE … ALTER COLUMN … SET DEFAULT by hand"));
        }
    };
    let (name, owner, own) = (sequence.target_sql(), table.target_sql(), column.target.target_sql());
    let options = format!(
        "AS bigint INCREMENT BY {increment} MINVALUE {least} MAXVALUE {most} START WITH {seed} NO CYCLE"
    );
    let text = literal(&name);
    let sql = format!(
        "CREATE SEQUENCE IF NOT EXISTS {name} {options};\nALTER SEQUENCE {name} {options} OWNED BY {owner}.{own};\n\
         ALTER TABLE {owner} ALTER COLUMN {own} SET DEFAULT nextval({text}::regclass);\n\
         SELECT pg_catalog.setval({text}::regclass, {value}, {called})"
    );
    let what = format!(
        "PostgreSQL has no identity on {}: a default takes new numbers from the sequence {sequence}, which the column owns",
        column.target_type
    );
    Some(Statement::changed(sql, &[what]))
}
