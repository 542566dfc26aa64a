//! Dates and times: days since 0001-01-01 in the proleptic Gregorian calendar, 100 ns ticks of the day, and the
//! literals and conversions of the T-SQL date and time types.

use crate::engine::{error, unknown};
use crate::load::convert::Typed;
use crate::load::names::type_name;
use crate::results::SqlError;
use crate::storage::TICKS_PER_DAY;
use crate::types::SqlType;
use crate::value::Value;

/// 1900-01-01.
pub(crate) const DAY_1900: i32 = 693_595;
/// Ticks of a second, a minute.
pub(crate) const SECOND: i64 = 10_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Days of the types: 0001-01-01 to 9999-12-31.
const LAST_DAY: i64 = 3_652_058;

/// A moment in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// 100 ns since 0001-01-01, local.
    pub(crate) ticks: i64,
    /// Minutes east of UTC.
    pub(crate) offset: i16,
}

impl Moment {
    pub(crate) fn day(self) -> i64 {
        self.ticks.div_euclid(TICKS_PER_DAY)
    }

    pub(crate) fn time(self) -> i64 {
        self.ticks.rem_euclid(TICKS_PER_DAY)
    }
}

/// Days from 0001-01-01 to a date; None when there is no such date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_length(year, month)
    {
        return None;
    }
    let y = year - 1;
    let before: i64 = (1..month).map(|m| month_length(year, m)).sum();
    Some(y * 365 + y / 4 - y / 100 + y / 400 + before + day - 1)
}

pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month, day.
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    let mut year = days / 366 + 1;
    while self::days(year + 1, 1, 1).is_some_and(|d| d <= days) {
        year += 1;
    }
    let mut rest = days - self::days(year, 1, 1).unwrap_or(0);
    let mut month = 1;
    while rest >= month_length(year, month) {
        rest -= month_length(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

/// The moment that a value means.
pub(crate) fn moment(v: &Value) -> Option<Moment> {
    let at = |days: i64, ticks: i64| days * TICKS_PER_DAY + ticks;
    let local = |ticks| Some(Moment { ticks, offset: 0 });
    match v {
        Value::Date(d) => local(at(i64::from(*d), 0)),
        Value::Time(t) => local(at(i64::from(DAY_1900), i64::try_from(*t).ok()?)),
        Value::DateTime { days, ticks } => {
            // 1/300 s to 100 ns, rounded.
            local(at(i64::from(*days) + i64::from(DAY_1900), (i64::from(*ticks) * 100_000 + 1) / 3))
        }
        Value::DateTime2 { days, ticks } => local(at(i64::from(*days), i64::try_from(*ticks).ok()?)),
        Value::DateTimeOffset { days, ticks, offset } => Some(Moment {
            ticks: at(i64::from(*days), i64::try_from(*ticks).ok()?) + i64::from(*offset) * MINUTE,
            offset: *offset,
        }),
        _ => None,
    }
}

/// A moment as a value of a type, rounded to its scale.
pub(crate) fn value(m: Moment, to: &SqlType) -> Result<Value, SqlError> {
    let range = || {
        error(
            242,
            16,
            format!(
                "The conversion of a data type to a {} resulted in an out-of-range value.",
                type_name(to)
            ),
        )
    };
    let whole = |days: i64| {
        if (0..=LAST_DAY).contains(&days) { i32::try_from(days).map_err(|_| range()) } else { Err(range()) }
    };
    let unsigned = |v: i64| u64::try_from(v).map_err(|_| range());
    Ok(match to {
        SqlType::Date => Value::Date(whole(m.day())?),
        SqlType::Time(s) => {
            let rounded = round(m.time(), *s);
            // 23:59:59.99… never becomes the next day.
            let top = TICKS_PER_DAY - unit(*s);
            Value::Time(unsigned(rounded.min(top))?)
        }
        SqlType::DateTime2(s) => {
            let r = Moment { ticks: round(m.ticks, *s), ..m };
            Value::DateTime2 { days: whole(r.day())?, ticks: unsigned(r.time())? }
        }
        SqlType::DateTimeOffset(s) => {
            whole(m.day())?;
            let r = Moment { ticks: round(m.ticks - i64::from(m.offset) * MINUTE, *s), offset: 0 };
            Value::DateTimeOffset { days: whole(r.day())?, ticks: unsigned(r.time())?, offset: m.offset }
        }
        SqlType::DateTime => {
            let ticks = (m.time() * 3 + 50_000) / 100_000;
            let (days, ticks) = if ticks >= 25_920_000 { (m.day() + 1, 0) } else { (m.day(), ticks) };
            let days = whole(days)?;
            // 1753-01-01
            if days < 639_905 {
                return Err(range());
            }
            Value::DateTime { days: days - DAY_1900, ticks: u32::try_from(ticks).map_err(|_| range())? }
        }
        SqlType::SmallDateTime => {
            let minutes = (m.ticks + MINUTE / 2).div_euclid(MINUTE);
            let days = whole(minutes.div_euclid(1440))? - DAY_1900;
            if !(0..=65_535).contains(&days) {
                return Err(range());
            }
            let ticks = minutes.rem_euclid(1440) * 18_000;
            Value::DateTime { days, ticks: u32::try_from(ticks).map_err(|_| range())? }
        }
        _ => return Err(range()),
    })
}

fn unit(scale: u8) -> i64 {
    10_i64.pow(u32::from(7_u8.saturating_sub(scale)))
}

fn round(ticks: i64, scale: u8) -> i64 {
    let unit = unit(scale);
    (ticks + unit / 2).div_euclid(unit) * unit
}

/// CAST to a date or time type.
pub(crate) fn convert(from: &Typed, to: &SqlType) -> Result<Value, SqlError> {
    let m = match &from.value {
        Value::Text(t) => parse(t).or_else(|| written::parse(t)).ok_or_else(|| {
            error(
                241,
                16,
                "Conversion failed when converting date and/or time from character string.".to_owned(),
            )
        })?,
        Value::Int(days) if matches!(to, SqlType::DateTime | SqlType::SmallDateTime) => {
            Moment { ticks: (days + i64::from(DAY_1900)).saturating_mul(TICKS_PER_DAY), offset: 0 }
        }
        v => moment(v).ok_or_else(|| {
            error(
                529,
                16,
                format!(
                    "Explicit conversion from data type {} to {} is not allowed.",
                    type_name(&from.ty),
                    type_name(to)
                ),
            )
        })?,
    };
    value(m, to)
}

mod written;

/// The ISO forms: `yyyy-mm-dd`, `yyyymmdd`, each with a time after a space or `T`; a time alone; an offset or `Z`.
fn parse(text: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if text.is_empty() {
        return Some(Moment { ticks: i64::from(DAY_1900) * TICKS_PER_DAY, offset: 0 });
    }
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((d, t)) => (Some(d), t.trim()),
        None if text.contains(':') => (None, text),
        None => (Some(text), ""),
    };
    let (date, time) = if date.is_some_and(|d| d.contains(':')) { (None, text) } else { (date, time) };
    let day = match date {
        None => i64::from(DAY_1900),
        Some(d) if d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()) => {
            days(d[..4].parse().ok()?, d[4..6].parse().ok()?, d[6..].parse().ok()?)?
        }
        Some(d) => {
            let mut parts = d.split('-');
            let y = parts.next().filter(|y| y.len() == 4)?;
            let day = days(digits(y)?, digits(parts.next()?)?, digits(parts.next()?)?)?;
            if parts.next().is_some() {
                return None;
            }
            day
        }
    };
    let (time, offset) = offset(time)?;
    Some(Moment { ticks: day * TICKS_PER_DAY + clock(time)?, offset })
}

fn digits(s: &str) -> Option<i64> {
    if s.is_empty() || !s.bytes().all(|b| b.is_ascii_digit()) { None } else { s.parse().ok() }
}

fn offset(time: &str) -> Option<(&str, i16)> {
    if let Some(t) = time.strip_suffix('Z') {
        return Some((t.trim_end(), 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (h, m) = time[at + 1..].split_once(':')?;
    let minutes = i16::try_from(digits(h)? * 60 + digits(m)?).ok().filter(|m| *m <= 840)?;
    Some((time[..at].trim_end(), if time[at..].starts_with('-') { -minutes } else { minutes }))
}

/// `hh:mm[:ss[.fffffff]]` in ticks.
fn clock(time: &str) -> Option<i64> {
    if time.is_empty() {
        return Some(0);
    }
    let mut parts = time.splitn(3, ':');
    let (h, m) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let (s, fraction) = match parts.next() {
        None => ("0", ""),
        Some(s) => s.split_once('.').unwrap_or((s, "")),
    };
    let s = digits(s)?;
    if h > 23 || m > 59 || s > 59 || fraction.len() > 7 {
        return None;
    }
    let fraction = if fraction.is_empty() { 0 } else { digits(&format!("{fraction:0<7}"))? };
    Some(h * 60 * MINUTE + m * MINUTE + s * SECOND + fraction)
}

/// `Jun  1 2024`.
fn spoken(y: i64, mo: i64, d: i64) -> String {
    format!("{} {d:>2} {y:04}", written::name(mo))
}

/// ` 3:05PM`.
fn half(h: i64, mi: i64) -> String {
    let hour = if h % 12 == 0 { 12 } else { h % 12 };
    format!("{hour:>2}:{mi:02}{}", if h < 12 { "AM" } else { "PM" })
}

/// CONVERT to characters; style 0 is that of CAST.
pub(crate) fn text(from: &Typed, style: i64) -> Result<String, SqlError> {
    let m = moment(&from.value).ok_or_else(|| unknown("this value as a date"))?;
    let (y, mo, d) = date(m.day());
    let seconds = m.time() / SECOND;
    let (h, mi, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = |scale: u8| {
        let all = format!("{:07}", m.time() % SECOND);
        if scale == 0 { String::new() } else { format!(".{}", &all[..usize::from(scale.min(7))]) }
    };
    let day = format!("{y:04}-{mo:02}-{d:02}");
    let clock = format!("{h:02}:{mi:02}:{s:02}");
    Ok(match (from.ty, style) {
        (SqlType::Date, 0 | 20 | 23 | 120 | 121 | 126) | (_, 23) => day,
        (_, 112) => format!("{y:04}{mo:02}{d:02}"),
        (SqlType::Time(n), 0 | 121 | 126) => format!("{clock}{}", fraction(n)),
        (SqlType::DateTime2(n), 0 | 21 | 121) => format!("{day} {clock}{}", fraction(n)),
        (SqlType::DateTime2(n), 126) => format!("{day}T{clock}{}", fraction(n)),
        (SqlType::DateTimeOffset(n), 0 | 21 | 121) => {
            let (sign, o) = if m.offset < 0 { ('-', -m.offset) } else { ('+', m.offset) };
            format!("{day} {clock}{} {sign}{:02}:{:02}", fraction(n), o / 60, o % 60)
        }
        (SqlType::DateTime | SqlType::SmallDateTime, 0 | 100) => {
            format!("{} {}", spoken(y, mo, d), half(h, mi))
        }
        (SqlType::DateTime, 113) => {
            let month = written::name(mo);
            format!("{d:02} {month} {y:04} {clock}:{}", fraction(3).trim_start_matches('.'))
        }
        (_, 101) => format!("{mo:02}/{d:02}/{y:04}"),
        (_, 103) => format!("{d:02}/{mo:02}/{y:04}"),
        (_, 104) => format!("{d:02}.{mo:02}.{y:04}"),
        (_, 108) => clock,
        (_, 20 | 120) => format!("{day} {clock}"),
        (SqlType::DateTime, 21 | 121) => format!("{day} {clock}{}", fraction(3)),
        (SqlType::DateTime, 126) => format!("{day}T{clock}{}", fraction(3)),
        _ => return Err(unknown(format_args!("{} as characters in style {style}", type_name(&from.ty)))),
    })
}
