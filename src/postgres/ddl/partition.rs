//! Partitioned tables: one partition a range, as the source has them.
//!
//! PostgreSQL's upper bounds are exclusive. A RANGE RIGHT function has the same; the bounds of a RANGE LEFT one are moved up by
//! one step of the target's type, which is exact for whole numbers, decimals, dates and times, and refused for all others.

use super::{find, literal};
use crate::model::names::{TableName, quote_target};
use crate::model::objects::PartitionedTable;
use crate::model::plan::{Partitioning, PlannedTable};
use crate::postgres::names;
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span};

/// What makes a table a partitioned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clauses {
    /// `PARTITION BY RANGE ("at")`.
    pub by: String,
    /// `CREATE TABLE … PARTITION OF …`, one each.
    pub partitions: Vec<String>,
}

/// How the target of `table` is to be partitioned: the one answer for plan, assessment and `finish`.
///
/// # Errors
/// Why it cannot be, in a sentence: the target is one table then.
pub fn partitioning(source: &PartitionedTable, table: &PlannedTable) -> Result<Partitioning, String> {
    let bounds = source
        .bounds
        .iter()
        .map(|bound| bound.clone().ok_or_else(|| "a bound of its partition function is NULL".to_owned()));
    let bounds = bounds.collect::<Result<Vec<_>, _>>()?;
    if bounds.is_empty() {
        return Err("it has one partition only".to_owned());
    }
    let column = find(table, &source.column)
        .ok_or_else(|| format!("the column {} by which it is partitioned is not copied", source.column))?;
    if column.mask.is_some() {
        return Err(format!("the column {} by which it is partitioned is masked", source.column));
    }
    let bounds = bounds.iter().map(|bound| Ok(step(column.target_type, bound, false)?.1));
    let partitioning = Partitioning {
        column: source.column.clone(),
        bounds: bounds.collect::<Result<Vec<_>, String>>()?,
        right: source.right,
    };
    let wanted = PlannedTable { partitioning: Some(partitioning.clone()), ..table.clone() };
    clauses(&wanted)?;
    Ok(partitioning)
}

/// Names of the partitions, in order.
#[must_use]
pub fn names(table: &PlannedTable) -> Vec<TableName> {
    let Some(partitioning) = &table.partitioning else { return Vec::new() };
    let count = partitioning.bounds.len() + 1;
    let name = |suffix: String| {
        let wanted = format!("{}_{suffix}", table.target.name);
        TableName::new(table.target.schema.clone(), names::short(&table.target, &wanted))
    };
    let null = find(table, &partitioning.column).is_some_and(|column| column.nullable);
    let ranges = (1..=count).map(|number| format!("p{number}"));
    ranges.chain(null.then(|| "pnull".to_owned())).map(name).collect()
}

/// The clauses of the planned partitioning.
///
/// # Errors
/// Why it cannot be, in a sentence; also if there is none.
pub fn clauses(table: &PlannedTable) -> Result<Clauses, String> {
    let partitioning = table.partitioning.as_ref().ok_or("it is not partitioned")?;
    let column = find(table, &partitioning.column).ok_or_else(|| {
        format!("the column {} by which it is partitioned is not copied", partitioning.column)
    })?;
    if column.generated {
        return Err(format!("the column {} by which it is partitioned is generated", partitioning.column));
    }
    if !table.primary_key.is_empty() && !table.primary_key.contains(&partitioning.column) {
        return Err(format!(
            "its primary key has no column {}, by which it is partitioned; PostgreSQL could not keep the key unique",
            partitioning.column
        ));
    }
    let moved = !partitioning.right;
    let mut bounds = Vec::with_capacity(partitioning.bounds.len());
    for bound in &partitioning.bounds {
        bounds.push(step(column.target_type, bound, moved)?);
    }
    if bounds.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err("its bounds do not ascend".to_owned());
    }
    let of = table.target.target_sql();
    let mut names = names(table).into_iter();
    let mut partitions = Vec::new();
    let mut from = "MINVALUE".to_owned();
    for to in bounds.into_iter().map(|(_, bound)| bound).chain(["MAXVALUE".to_owned()]) {
        let Some(name) = names.next() else { break };
        partitions.push(format!(
            "CREATE TABLE {} PARTITION OF {of} FOR VALUES FROM ({from}) TO ({to})",
            name.target_sql()
        ));
        from = to;
    }
    // SQL Server keeps NULL in the first partition; PostgreSQL only in a default one.
    partitions.extend(
        names.next().map(|name| format!("CREATE TABLE {} PARTITION OF {of} DEFAULT", name.target_sql())),
    );
    let by = format!("PARTITION BY RANGE ({})", quote_target(column.target.as_str()));
    Ok(Clauses { by, partitions })
}

/// A bound as a number that grows with it, and as a literal; `up`: the next value of the type.
fn step(target_type: &str, bound: &str, up: bool) -> Result<(i128, String), String> {
    let text = bound.trim().trim_matches('\'');
    let (name, digits) = match target_type.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')')),
        None => (target_type, ""),
    };
    let unreadable = || format!("the bound {text} of its partition function is no value of {target_type}");
    match name {
        "smallint" | "integer" | "bigint" => {
            let number = text.parse::<i128>().map_err(|_| unreadable())? + i128::from(up);
            i64::try_from(number).map_err(|_| unreadable())?;
            Ok((number, number.to_string()))
        }
        "numeric" => {
            let scale = digits.split_once(',').map_or(Some(0), |(_, scale)| scale.trim().parse().ok());
            let scale: usize = scale.ok_or_else(unreadable)?;
            let number = scaled(text, scale).ok_or_else(unreadable)? + i128::from(up);
            Ok((number, decimal(number, scale)))
        }
        "date" => {
            let date = text.get(..10).and_then(|text| text.parse::<Date>().ok()).ok_or_else(unreadable)?;
            let date = if up { date.tomorrow().map_err(|_| unreadable())? } else { date };
            let days = date.since(Date::new(1, 1, 1).map_err(|_| unreadable())?).map_err(|_| unreadable())?;
            Ok((i128::from(days.get_days()), literal(&date.to_string())))
        }
        "timestamp" => {
            let digits: u32 = if digits.is_empty() { 6 } else { digits.parse().map_err(|_| unreadable())? };
            let unit = 10_i64.pow(9 - digits.min(6));
            let time = text.replacen(' ', "T", 1).parse::<DateTime>().map_err(|_| unreadable())?;
            if i64::from(time.subsec_nanosecond()) % unit != 0 {
                return Err(format!(
                    "the bound {text} of its partition function has more digits than {target_type}"
                ));
            }
            let time = if up {
                time.checked_add(Span::new().nanoseconds(unit)).map_err(|_| unreadable())?
            } else {
                time
            };
            let zero = DateTime::new(1, 1, 1, 0, 0, 0, 0).map_err(|_| unreadable())?;
            let since: SignedDuration = time.duration_since(zero);
            Ok((since.as_nanos(), literal(&time.to_string().replacen('T', " ", 1))))
        }
        _ => Err(format!("ranges of {target_type} are not those of the source: the order of values differs")),
    }
}

/// `12.50` at scale 4 is 125000.
fn scaled(text: &str, scale: usize) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = fraction.trim_end_matches('0');
    if kept.len() > scale
        || whole.is_empty()
        || !whole.bytes().chain(kept.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let number: i128 = format!("{whole}{kept:0<scale$}").parse().ok()?;
    Some(if negative { -number } else { number })
}

fn decimal(number: i128, scale: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
