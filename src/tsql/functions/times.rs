//! Dates and times.
//!
//! The current time is one instant for a whole statement of T-SQL, and another for the next one of the same transaction:
//! `statement_timestamp()`, not `now()`, which stands still during a transaction, nor `clock_timestamp()`, which moves
//! during a statement.

use super::exactly;
use crate::tsql::constant::Value;
use crate::tsql::moment::Moment;
use crate::tsql::node::{Level, Node, binary, call};
use crate::tsql::types::Ty;
use crate::tsql::walk::Walk;
use crate::tsql::{Result, Volatility, refuse};
use sqlparser::ast::Expr;

const LOCAL: &str = "local time is that of the SQL Server's machine there, of the session's TimeZone here";

fn now(sql: &str, level: Level, ty: Ty) -> Node {
    Node { now: true, ..Node::new(sql, level, ty).volatile(Volatility::Stable) }
}

pub(super) fn getdate(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note(LOCAL);
    Ok(now("statement_timestamp()::timestamp(3)", Level::Cast, Ty::DateTime))
}

pub(super) fn sysdatetime(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note(LOCAL);
    Ok(now("statement_timestamp()::timestamp(6)", Level::Cast, Ty::DateTime2(7)))
}

pub(super) fn getutcdate(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(now("(statement_timestamp() AT TIME ZONE 'UTC')::timestamp(3)", Level::Cast, Ty::DateTime))
}

pub(super) fn sysutcdatetime(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(now("statement_timestamp() AT TIME ZONE 'UTC'", Level::AtTimeZone, Ty::DateTime2(7)))
}

pub(super) fn sysdatetimeoffset(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(now("statement_timestamp()", Level::Atom, Ty::DateTimeOffset(7)))
}

/// A part of a date, by any of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    IsoWeek,
    Hour,
    Minute,
    Second,
}

impl Part {
    fn from_expr(expr: &Expr) -> Result<Self> {
        let name = match expr {
            Expr::Identifier(name) => name.value.to_lowercase(),
            other => other.to_string(),
        };
        Ok(match name.as_str() {
            "year" | "yy" | "yyyy" => Self::Year,
            "quarter" | "qq" | "q" => Self::Quarter,
            "month" | "mm" | "m" => Self::Month,
            "dayofyear" | "dy" | "y" => Self::DayOfYear,
            "day" | "dd" | "d" => Self::Day,
            "week" | "wk" | "ww" => Self::Week,
            "iso_week" | "isowk" | "isoww" => Self::IsoWeek,
            "hour" | "hh" => Self::Hour,
            "minute" | "mi" | "n" => Self::Minute,
            "second" | "ss" | "s" => Self::Second,
            "weekday" | "dw" | "w" => return refuse("weekday depends on the session's DATEFIRST"),
            other => return refuse(format!("the part {other} of a date is not known, or below the second")),
        })
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Hour | Self::Minute | Self::Second)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::DayOfYear => "doy",
            Self::Day => "day",
            Self::Week | Self::IsoWeek => "week",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }
}

/// A date or a date with time; a constant text or number is a datetime.
fn moment(walk: &mut Walk<'_>, expr: &Expr) -> Result<Node> {
    let node = walk.value(expr)?;
    match (&node.value, &node.ty) {
        (Some(Value::Text(text)), _) => {
            Ok(Node::constant(Value::Moment(Moment::parse(text, &Ty::DateTime, None)?), Ty::DateTime))
        }
        (Some(Value::Int(_)), _) => walk.coerce(&node, &Ty::DateTime),
        // Days after 1900-01-01.
        (None, Ty::TinyInt | Ty::SmallInt | Ty::Int) => {
            let sql = format!("'1900-01-01'::timestamp(3) + {} * interval '1 day'", node.at(Level::Product));
            Ok(Node::new(sql, Level::Sum, Ty::DateTime).from(&[&node]))
        }
        (_, Ty::Date) => Ok(node),
        (_, ty) if ty.is_timestamp() => Ok(node),
        (_, ty) => refuse(format!("a date is wanted where {ty} stands")),
    }
}

fn extract(part: &str, node: &Node) -> Node {
    Node::new(format!("extract({part} FROM {})::integer", node.sql), Level::Cast, Ty::Int).from(&[node])
}

pub(super) fn year(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    Ok(extract("year", &moment(walk, value)?))
}

pub(super) fn month(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    Ok(extract("month", &moment(walk, value)?))
}

pub(super) fn day(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    Ok(extract("day", &moment(walk, value)?))
}

pub(super) fn datepart(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [part, value] = exactly(arguments)?;
    let part = Part::from_expr(part)?;
    let value = moment(walk, value)?;
    match part {
        Part::Week => refuse("week depends on the session's DATEFIRST"),
        part if part.is_time() && value.ty == Ty::Date => refuse("a date has no time"),
        Part::Second => {
            let sql = format!("trunc(extract(second FROM {}))::integer", value.sql);
            Ok(Node::new(sql, Level::Cast, Ty::Int).from(&[&value]))
        }
        part => Ok(extract(part.name(), &value)),
    }
}

pub(super) fn datediff(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [part, from, to] = exactly(arguments)?;
    let part = Part::from_expr(part)?;
    let (from, to) = (moment(walk, from)?, moment(walk, to)?);
    let years = |node: &Node| extract("year", node);
    let difference = |to: &Node, from: &Node| binary("-", Level::Sum, to, from, Ty::Int);
    let times = |count: u8, of: &Node| {
        binary("*", Level::Product, of, &Node::atom(count.to_string(), Ty::Int), Ty::Int)
    };
    let date = |node: &Node| if node.ty == Ty::Date { node.clone() } else { node.cast("date", Ty::Date) };
    let within = |name: &str, count: u8| {
        let months = difference(&extract(name, &to), &extract(name, &from));
        binary("+", Level::Sum, &times(count, &difference(&years(&to), &years(&from))), &months, Ty::Int)
    };
    Ok(match part {
        Part::Year => difference(&years(&to), &years(&from)),
        Part::Quarter => within("quarter", 4),
        Part::Month => within("month", 12),
        Part::Day | Part::DayOfYear => difference(&date(&to), &date(&from)),
        // Sundays between the two, whatever DATEFIRST is: days after Sunday 0000-12-31, in sevens.
        Part::Week => {
            let weeks = |node: &Node| {
                let days = format!("({} - '0001-01-07'::date + 7) / 7", date(node).at(Level::Sum));
                Node::new(days, Level::Product, Ty::Int).from(&[node])
            };
            difference(&weeks(&to), &weeks(&from))
        }
        Part::IsoWeek => return refuse("DATEDIFF knows no iso_week"),
        Part::Hour | Part::Minute | Part::Second => {
            let start = |node: &Node| {
                let whole = if node.ty == Ty::Date { node.cast("timestamp", Ty::Null) } else { node.clone() };
                Node::atom(format!("date_trunc('{}', {})", part.name(), whole.sql), Ty::Null).from(&[&whole])
            };
            let between = binary("-", Level::Sum, &start(&to), &start(&from), Ty::Null);
            let seconds = match part {
                Part::Hour => " / 3600",
                Part::Minute => " / 60",
                _ => "",
            };
            let sql = format!("(extract(epoch FROM {}){seconds})::integer", between.sql);
            Node::new(sql, Level::Cast, Ty::Int).from(&[&between])
        }
    })
}

/// `interval '3 months'`, or as many as the number says.
fn interval(part: Part, count: &Node) -> Result<Node> {
    let (unit, each) = match part {
        Part::Year => ("year", 1),
        Part::Quarter => ("month", 3),
        Part::Month => ("month", 1),
        Part::DayOfYear | Part::Day => ("day", 1),
        Part::Week => ("day", 7),
        Part::IsoWeek => return refuse("DATEADD knows no iso_week"),
        Part::Hour => ("hour", 1),
        Part::Minute => ("minute", 1),
        Part::Second => ("second", 1),
    };
    if let Some(count) = count.whole() {
        let count = count * each;
        return Ok(Node::atom(format!("interval '{count} {unit}'"), Ty::Null));
    }
    let sql = format!("{} * interval '{each} {unit}'", count.at(Level::Product));
    Ok(Node::new(sql, Level::Product, Ty::Null).from(&[count]))
}

pub(super) fn dateadd(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [part, count, value] = exactly(arguments)?;
    let part = Part::from_expr(part)?;
    if let Some(start) = start_of(walk, part, count, value)? {
        return Ok(start);
    }
    let (count, value) = (walk.value(count)?, moment(walk, value)?);
    if !matches!(count.ty, Ty::TinyInt | Ty::SmallInt | Ty::Int) {
        return refuse(format!("DATEADD of {}, which the source cuts to a whole number", count.ty));
    }
    if part.is_time() && value.ty == Ty::Date || part == Part::Second && value.ty == Ty::SmallDateTime {
        return refuse(format!("DATEADD of a {} of a {}", part.name(), value.ty));
    }
    let sum = binary("+", Level::Sum, &value, &interval(part, &count)?, value.ty.clone());
    Ok(if value.ty == Ty::Date { sum.cast("date", Ty::Date) } else { sum })
}

/// `dateadd(month,datediff(month,0,x),0)` and `dateadd(day,0,datediff(day,0,x))`: the beginning of the month, of the day.
fn start_of(walk: &mut Walk<'_>, part: Part, count: &Expr, value: &Expr) -> Result<Option<Node>> {
    let day = |part| matches!(part, Part::Day | Part::DayOfYear);
    let (difference, other, as_days) = match (datediff_of(count), datediff_of(value)) {
        (Some(difference), None) => (difference, value, false),
        (None, Some(difference)) => (difference, count, true),
        _ => return Ok(None),
    };
    let [unit, base, moment_of] = difference;
    let unit = Part::from_expr(unit)?;
    let zero = Moment::of_days(0, &Ty::DateTime)?;
    let is_zero = |walk: &mut Walk<'_>, expr: &Expr| {
        Ok(matches!(moment(walk, expr)?.value, Some(Value::Moment(moment)) if moment == zero))
    };
    let whole = if as_days {
        // However many of whatever: none.
        day(unit) && walk.value(other)?.whole() == Some(0)
    } else {
        let same = unit == part || day(unit) && day(part);
        // Weeks begin on Sunday in DATEDIFF, and 1900-01-01 is a Monday; seconds since then are no int.
        same && !matches!(part, Part::Week | Part::IsoWeek | Part::Second) && is_zero(walk, other)?
    };
    if !whole || !is_zero(walk, base)? {
        return Ok(None);
    }
    let of = moment(walk, moment_of)?;
    Ok(Some(truncated(if day(unit) { Part::Day } else { unit }, &of)))
}

/// The beginning of this part of it, as a datetime.
fn truncated(part: Part, of: &Node) -> Node {
    let whole = if of.ty == Ty::Date { of.cast("timestamp", Ty::Null) } else { of.clone() };
    Node::atom(format!("date_trunc('{}', {})", part.name(), whole.sql), Ty::DateTime).from(&[of])
}

/// The arguments of DATEDIFF, if it is one.
fn datediff_of(expr: &Expr) -> Option<[&Expr; 3]> {
    call_of(expr, "datediff")?.try_into().ok()
}

/// The arguments of a call of this function, if it is one.
fn call_of<'e>(expr: &'e Expr, name: &str) -> Option<Vec<&'e Expr>> {
    match expr {
        Expr::Nested(inner) => call_of(inner, name),
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case(name) => {
            crate::tsql::walk::arguments(&function.args)
        }
        _ => None,
    }
}

/// `CONVERT(datetime, floor(CONVERT(float, x)))`: midnight of a datetime.
pub(in crate::tsql) fn floor_of_float(walk: &mut Walk<'_>, expr: &Expr, to: &Ty) -> Result<Option<Node>> {
    let mut floor = expr;
    while let Expr::Nested(inner) = floor {
        floor = inner;
    }
    let (Ty::DateTime, Expr::Floor { expr: converted, .. }) = (to, floor) else { return Ok(None) };
    let mut converted = converted.as_ref();
    while let Expr::Nested(inner) = converted {
        converted = inner;
    }
    let (Expr::Convert { expr: of, data_type: Some(ty), is_try: false, .. }
    | Expr::Cast { expr: of, data_type: ty, kind: sqlparser::ast::CastKind::Cast, .. }) = converted
    else {
        return Ok(None);
    };
    if Ty::declared(ty)? != Ty::Float {
        return Ok(None);
    }
    let of = walk.value(of)?;
    Ok((of.value.is_none() && matches!(of.ty, Ty::DateTime | Ty::SmallDateTime))
        .then(|| truncated(Part::Day, &of)))
}

pub(super) fn eomonth(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let Some((value, more)) = arguments.split_first() else { return refuse("EOMONTH of nothing") };
    let value = moment(walk, value)?;
    let months = match more.first() {
        None => 0,
        Some(months) => match walk.value(months)?.whole() {
            Some(months) => months,
            None => return refuse("EOMONTH with a number of months that is no constant"),
        },
    };
    let whole = if value.ty == Ty::Date { value.cast("timestamp", Ty::Null) } else { value };
    let sql = format!(
        "(date_trunc('month', {}) + interval '{} month' - interval '1 day')::date",
        whole.sql,
        months + 1
    );
    Ok(Node::new(sql, Level::Cast, Ty::Date).from(&[&whole]))
}

pub(super) fn datefromparts(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let parts: Result<Vec<_>> = arguments.iter().map(|argument| walk.value(argument)).collect();
    let parts = parts?;
    if parts.iter().any(|part| !matches!(part.ty, Ty::TinyInt | Ty::SmallInt | Ty::Int)) {
        return refuse("DATEFROMPARTS of what are no whole numbers");
    }
    let parts: Vec<&Node> = parts.iter().collect();
    Ok(call("make_date", &parts, Ty::Date))
}

pub(super) fn datetrunc(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [part, value] = exactly(arguments)?;
    let part = Part::from_expr(part)?;
    let value = moment(walk, value)?;
    let name = match part {
        Part::Week => return refuse("week depends on the session's DATEFIRST"),
        Part::DayOfYear => "day",
        part if part.is_time() && value.ty == Ty::Date => {
            return refuse(format!("a date has no {}", part.name()));
        }
        part => part.name(),
    };
    let is_date = value.ty == Ty::Date;
    let whole = if is_date { value.cast("timestamp", Ty::Null) } else { value.clone() };
    let start = Node::atom(format!("date_trunc('{name}', {})", whole.sql), value.ty).from(&[&whole]);
    Ok(if is_date { start.cast("date", Ty::Date) } else { start })
}

pub(super) fn switchoffset(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, offset] = exactly(arguments)?;
    walk.switched(value, offset)
}

pub(super) fn todatetimeoffset(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, offset] = exactly(arguments)?;
    walk.given_offset(value, offset)
}
