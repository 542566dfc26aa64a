//! Sequences, and where they and the identities go on.

use super::columns::{bounds, identity_options};
use super::{Statement, literal, skipped};
use crate::model::base_type::BaseType;
use crate::model::names::TableName;
use crate::model::objects::Sequence;
use crate::model::plan::PlannedColumn;
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
