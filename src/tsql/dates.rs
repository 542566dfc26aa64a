//! Dates and times that are no constants: as text, and as one another.

use super::node::{Level, Node};
use super::types::Ty;
use super::walk::Walk;
use super::{Purpose, Result, Volatility, refuse};

impl Walk<'_> {
    /// By a style of CONVERT, cut at `length`. to_char is only stable, so a generated column is put together.
    pub(super) fn date_as_text(
        &mut self,
        node: &Node,
        length: u32,
        style: Option<u16>,
    ) -> Result<(Node, u32)> {
        let is_date = node.ty == Ty::Date;
        let pieces: &[&str] = match style {
            Some(112) => &["YYYY", "MM", "DD"],
            Some(101) => &["MM", "/", "DD", "/", "YYYY"],
            Some(102) => &["YYYY", ".", "MM", ".", "DD"],
            Some(103) => &["DD", "/", "MM", "/", "YYYY"],
            Some(104) => &["DD", ".", "MM", ".", "YYYY"],
            Some(105) => &["DD", "-", "MM", "-", "YYYY"],
            Some(110) => &["MM", "-", "DD", "-", "YYYY"],
            Some(111) => &["YYYY", "/", "MM", "/", "DD"],
            Some(23 | 20 | 21 | 120 | 121 | 126) | None if is_date => &["YYYY", "-", "MM", "-", "DD"],
            Some(23) => &["YYYY", "-", "MM", "-", "DD"],
            Some(20 | 120) => &["YYYY", "-", "MM", "-", "DD", " ", "HH24", ":", "MI", ":", "SS"],
            Some(21 | 121) if length <= 19 || node.ty == Ty::DateTime => {
                &["YYYY", "-", "MM", "-", "DD", " ", "HH24", ":", "MI", ":", "SS", ".", "MS"]
            }
            Some(126) if length <= 19 => &["YYYY", "-", "MM", "-", "DD", "T", "HH24", ":", "MI", ":", "SS"],
            Some(8 | 24 | 108) if !is_date => &["HH24", ":", "MI", ":", "SS"],
            Some(style) => return refuse(format!("style {style} of {} is not known", node.ty)),
            None => {
                return refuse(format!(
                    "{} as text without a style: it has the names of a language",
                    node.ty
                ));
            }
        };
        // What is beyond the length is cut off.
        let mut shown = Vec::new();
        let mut left = length;
        for piece in pieces {
            let width = match *piece {
                "YYYY" => 4,
                "MS" => 3,
                "HH24" => 2,
                other => u32::try_from(other.len()).unwrap_or(2),
            };
            match left.checked_sub(width) {
                Some(rest) => left = rest,
                None if left == 0 => break,
                None => return refuse("a date as text that is cut within a number"),
            }
            shown.push(*piece);
        }
        let whole = if is_date { node.cast("timestamp", Ty::Null) } else { node.clone() };
        if !matches!(self.purpose, Purpose::Generated { .. } | Purpose::Filter) {
            let format: String =
                shown.iter().map(|piece| if *piece == "T" { "\"T\"" } else { piece }).collect();
            let node = Node::atom(format!("to_char({}, '{format}')", whole.sql), Ty::Null).from(&[&whole]);
            return Ok((node.volatile(Volatility::Stable), length - left));
        }
        let field = |piece: &str| {
            let (name, width) = match piece {
                "YYYY" => ("year", 4),
                "MM" => ("month", 2),
                "DD" => ("day", 2),
                "HH24" => ("hour", 2),
                "MI" => ("minute", 2),
                "SS" => {
                    return format!("lpad(trunc(extract(second FROM {}))::integer::text, 2, '0')", whole.sql);
                }
                "MS" => {
                    return format!(
                        "lpad((extract(milliseconds FROM {})::integer % 1000)::text, 3, '0')",
                        whole.sql
                    );
                }
                separator => return format!("'{separator}'"),
            };
            format!("lpad(extract({name} FROM {})::integer::text, {width}, '0')", whole.sql)
        };
        let parts: Vec<_> = shown.iter().map(|piece| field(piece)).collect();
        let joined = Node::new(parts.join(" || "), Level::Operator, Ty::Null).from(&[&whole]);
        Ok((joined, length - left))
    }
}

/// Dates and times as one another, if nothing is rounded.
pub(super) fn times(node: &Node, to: &Ty) -> Result<Node> {
    let cast = || Ok(node.cast(&to.target(), to.clone()));
    match (&node.ty, to) {
        (from, Ty::Date) if from.is_timestamp() => cast(),
        (Ty::Date, to) if to.is_timestamp() => cast(),
        (Ty::SmallDateTime, Ty::DateTime | Ty::DateTime2(_)) => Ok(node.retyped(to.clone())),
        (Ty::SmallDateTime, Ty::Time(_)) => cast(),
        (Ty::DateTime2(from) | Ty::Time(from), Ty::DateTime2(scale) | Ty::Time(scale))
            if from.min(&6) <= scale.min(&6) =>
        {
            cast()
        }
        // The clock's fractions are nobody's data.
        (from, Ty::DateTime | Ty::DateTime2(_) | Ty::Time(_)) if from.is_timestamp() && node.now => cast(),
        (Ty::DateTime, Ty::SmallDateTime) => {
            // From 29.999 seconds on to the next minute.
            let sql = format!("date_trunc('minute', {} + interval '30 seconds')", node.at(Level::Sum));
            Ok(Node::atom(sql, to.clone()).from(&[node]))
        }
        (from, Ty::DateTimeOffset(scale)) if from.is_timestamp() || *from == Ty::Date => {
            let exact = match from {
                Ty::DateTime2(own) => node.now || own.min(&6) <= scale.min(&6),
                Ty::DateTime => node.now,
                _ => true,
            };
            if !exact {
                return refuse(format!("{from} as {to}: how it is rounded is not sure"));
            }
            let whole = if *from == Ty::Date { node.cast("timestamp", Ty::Null) } else { node.clone() };
            let sql = format!("{} AT TIME ZONE 'UTC'", whole.at(Level::AtTimeZone));
            Ok(Node::new(sql, Level::AtTimeZone, to.clone()).from(&[node]))
        }
        (Ty::DateTimeOffset(from), Ty::DateTimeOffset(scale))
            if from.min(&6) <= scale.min(&6) || node.now =>
        {
            Ok(node.retyped(to.clone()))
        }
        // Local time at an offset that is known.
        (Ty::DateTimeOffset(from), to)
            if node.offset.is_some()
                && (*to == Ty::Date
                    || node.now && !matches!(to, Ty::SmallDateTime)
                    || matches!(to, Ty::DateTime2(scale) | Ty::Time(scale) if from.min(&6) <= scale.min(&6))) =>
        {
            let local = super::offset::local(node, node.offset.unwrap_or_default());
            Ok(local.cast(&to.target(), to.clone()))
        }
        (from, to) => refuse(format!("{from} as {to}: it is rounded, or its offset is lost")),
    }
}
