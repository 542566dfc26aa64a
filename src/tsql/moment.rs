//! Dates and times among the constants.

use super::types::Ty;
use super::{Result, refuse};
use jiff::civil::{Date, date};
use std::fmt;

const DAY: i64 = 86_400_000_000;
/// Day 0 of datetime and smalldatetime.
const EPOCH: Date = date(1900, 1, 1);

/// A date, a time of day, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// None of a time.
    date: Option<Date>,
    /// Microseconds since midnight; None of a date.
    time: Option<i64>,
    /// In minutes, of a datetimeoffset.
    offset: Option<i32>,
}

/// Which part of `a/b/year` is the month: if that is a matter of the login's language, only a text that can be read
/// in one way is taken.
fn by_language(a: i8, b: i8, year: i16) -> Option<Date> {
    match (Date::new(year, a, b).ok(), Date::new(year, b, a).ok()) {
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(one), None) | (None, Some(one)) => Some(one),
        _ => None,
    }
}

impl Moment {
    /// What a text is as a value of `to`, without a style or with that of CONVERT.
    pub(super) fn parse(text: &str, to: &Ty, style: Option<u16>) -> Result<Self> {
        let unknown = || {
            refuse(format!(
                "the text '{text}' as {to}: what it means depends on the language of the login, or is not known"
            ))
        };
        let trimmed = text.trim_matches(' ');
        let (day, rest) = match trimmed.split_once([' ', 'T']) {
            Some((day, rest)) => (day, rest),
            None if trimmed.contains(':') => ("", trimmed),
            None => (trimmed, ""),
        };
        let with_t = trimmed.contains('T');
        let Some(parsed) = Self::day(day, with_t, to, style) else { return unknown() };
        let (clock, offset) = match rest.rfind(['+', '-']) {
            Some(at) => {
                let Some(offset) = offset(&rest[at..]) else { return unknown() };
                (rest[..at].trim_end_matches(' '), Some(offset))
            }
            None => match rest.strip_suffix('Z') {
                Some(clock) => (clock, Some(0)),
                None => (rest, None),
            },
        };
        let time = if clock.is_empty() { Some(0) } else { time(clock) };
        let Some(time) = time else { return unknown() };
        // ISO 8601 has both or neither, and SQL Server reads an offset of datetimeoffset only.
        let complete = !with_t || !clock.is_empty();
        if !complete || (offset.is_some() && !matches!(to, Ty::DateTimeOffset(_))) {
            return unknown();
        }
        Self { date: Some(parsed), time: Some(time), offset }.fit(to).map_or_else(unknown, Ok)
    }

    fn day(day: &str, with_t: bool, to: &Ty, style: Option<u16>) -> Option<Date> {
        if day.is_empty() {
            return Some(EPOCH);
        }
        let number = |text: &str, digits: usize| {
            let whole = !text.is_empty() && text.len() <= digits && text.bytes().all(|b| b.is_ascii_digit());
            whole.then(|| text.parse::<i16>().ok()).flatten()
        };
        let small = |text: &str| number(text, 2).and_then(|number| i8::try_from(number).ok());
        if day.len() == 8 && day.is_ascii() && !day.contains(['-', '/', '.']) {
            let (year, month, day) = (number(&day[..4], 4)?, small(&day[4..6])?, small(&day[6..])?);
            return matches!(style, None | Some(112)).then(|| Date::new(year, month, day).ok())?;
        }
        // Four digits are a year.
        if day.len() == 4 && style.is_none() && !with_t {
            return Date::new(number(day, 4)?, 1, 1).ok();
        }
        let parts: Vec<_> = day.split(['-', '/', '.']).collect();
        let [a, b, c] = parts[..] else { return None };
        if a.len() == 4 {
            let (year, month, day) = (number(a, 4)?, small(b)?, small(c)?);
            return match style {
                Some(20 | 21 | 23 | 102 | 111 | 120 | 121 | 126 | 127) => Date::new(year, month, day).ok(),
                Some(_) => None,
                // The newer types always read year, month, day; the older ones as the language says.
                None if with_t || !matches!(to, Ty::DateTime | Ty::SmallDateTime) => {
                    Date::new(year, month, day).ok()
                }
                None => by_language(month, day, year),
            };
        }
        let (a, b, year) = (small(a)?, small(b)?, (c.len() == 4).then(|| number(c, 4))??);
        match style {
            Some(101 | 110) => Date::new(year, a, b).ok(),
            Some(103..=105) => Date::new(year, b, a).ok(),
            Some(_) => None,
            None => by_language(a, b, year),
        }
    }

    /// Days after 1900-01-01.
    pub(super) fn of_days(days: i128, to: &Ty) -> Result<Self> {
        let date = i32::try_from(days)
            .ok()
            .and_then(|days| EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok());
        let moment = date.and_then(|date| Self { date: Some(date), time: Some(0), offset: None }.fit(to));
        moment.map_or_else(|| refuse(format!("no {to} is {days} days after 1900-01-01")), Ok)
    }

    /// As a value of another type.
    pub(super) fn convert(&self, to: &Ty) -> Result<Self> {
        let full = Self { date: self.date.or(Some(EPOCH)), time: self.time.or(Some(0)), offset: self.offset };
        let offset_lost = self.offset.is_some() && !matches!(to, Ty::DateTimeOffset(_));
        match full.fit(to) {
            Some(moment) if !offset_lost && (self.date.is_some() || matches!(to, Ty::Time(_))) => Ok(moment),
            _ => refuse(format!("the date or time as {to}: it would be rounded, or has no such value")),
        }
    }

    /// What the type keeps of a whole moment; None if it would be rounded or is out of range.
    fn fit(self, to: &Ty) -> Option<Self> {
        let (date, time) = (self.date?, self.time?);
        let within = |digits: u8| time % 10_i64.pow(6 - u32::from(digits.min(6))) == 0;
        let both = |offset| Some(Self { date: Some(date), time: Some(time), offset });
        if date.year() < 1 {
            return None;
        }
        match to {
            Ty::Date => Some(Self { date: Some(date), time: None, offset: None }),
            Ty::Time(digits) if within(*digits) => Some(Self { date: None, time: Some(time), offset: None }),
            Ty::DateTime2(digits) if within(*digits) => both(None),
            Ty::DateTimeOffset(digits) if within(*digits) => both(Some(self.offset.unwrap_or(0))),
            Ty::DateTime if date.year() >= 1753 && time % 1000 == 0 => {
                // Three hundredths of a second, shown as .000, .003, .007.
                let milliseconds = time / 1000 % 1000;
                let ticks = (milliseconds * 3 + 5) / 10;
                let shown = (ticks * 10 + 1) / 3;
                let time = time - time % 1_000_000 + shown * 1000;
                (ticks < 300).then_some(Self { date: Some(date), time: Some(time), offset: None })
            }
            Ty::SmallDateTime if (1900..2079).contains(&date.year()) && time % 60_000_000 == 0 => both(None),
            _ => None,
        }
    }

    /// The local time that it has, at this offset; None of a date or a time.
    pub(super) fn with_offset(&self, minutes: i32) -> Option<Self> {
        (self.date.is_some() && self.time.is_some()).then(|| Self { offset: Some(minutes), ..self.clone() })
    }

    /// The instant that it is, at another offset; None of what is no datetimeoffset.
    pub(super) fn at_offset(&self, minutes: i32) -> Option<Self> {
        let (date, time, offset) = (self.date?, self.time?, self.offset?);
        let moved = time + i64::from(minutes - offset) * 60_000_000;
        let date = date.checked_add(jiff::Span::new().try_days(moved.div_euclid(DAY)).ok()?).ok()?;
        (date.year() >= 1).then_some(Self {
            date: Some(date),
            time: Some(moved.rem_euclid(DAY)),
            offset: Some(minutes),
        })
    }

    pub(super) fn is_date(&self) -> bool {
        self.time.is_none()
    }
}

/// `12:30`, `12:30:15`, `12:30:15.123`, in microseconds; a seventh digit must be 0.
fn time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(|part| {
        let whole = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| part.parse::<i64>().ok()).flatten()
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = match parts.next() {
        Some(second) => second?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    let digits = fraction.trim_end_matches('0');
    if parts.next().is_some()
        || hour > 23
        || minute > 59
        || second > 59
        || digits.len() > 6
        || fraction.len() > 7
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let micros = format!("{digits:0<6}").parse::<i64>().ok()?;
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// `+05:30`, in minutes.
pub(super) fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = text.split_at_checked(1)?;
    if !matches!(sign, "+" | "-") {
        return None;
    }
    let (hours, minutes) = rest.split_once(':')?;
    let two = |text: &str| (text.len() == 2).then(|| text.parse::<i32>().ok()).flatten();
    let total = two(hours)? * 60 + two(minutes).filter(|minutes| *minutes < 60)?;
    (total <= 14 * 60).then_some(if sign == "-" { -total } else { total })
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(date) = self.date {
            write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())?;
        }
        if let Some(time) = self.time.map(|time| time.rem_euclid(DAY)) {
            let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
            let space = if self.date.is_some() { " " } else { "" };
            write!(f, "{space}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
            if micros > 0 {
                write!(f, ".{}", format!("{micros:06}").trim_end_matches('0'))?;
            }
        }
        if let Some(offset) = self.offset {
            let sign = if offset < 0 { '-' } else { '+' };
            write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)?;
        }
        Ok(())
    }
}
