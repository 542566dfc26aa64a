//! Offsets of datetimeoffset. PostgreSQL keeps the instant alone, so a local time is known where the offset is a constant.

use super::constant::Value;
use super::moment::{Moment, offset};
use super::node::{Level, Node};
use super::types::Ty;
use super::walk::Walk;
use super::{Result, refuse};
use sqlparser::ast::Expr;

/// `INTERVAL '-05:30'`
fn interval(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("interval '{sign}{:02}:{:02}'", minutes.abs() / 60, minutes.abs() % 60)
}

/// The local time of a timestamptz at this offset, or the instant of a local time: the same words for both.
fn zoned(node: &Node, minutes: i32, ty: Ty) -> Node {
    let zone = if minutes == 0 { "'UTC'".to_owned() } else { interval(minutes) };
    let sql = format!("{} AT TIME ZONE {zone}", node.at(Level::AtTimeZone));
    Node::new(sql, Level::AtTimeZone, ty).from(&[node])
}

/// The local time of a datetimeoffset at its offset.
pub(super) fn local(node: &Node, minutes: i32) -> Node {
    zoned(node, minutes, Ty::Null)
}

impl Walk<'_> {
    /// `'+02:00'` or minutes.
    fn offset(&mut self, expr: &Expr) -> Result<i32> {
        let node = self.value(expr)?;
        let minutes = match (&node.value, node.literal()) {
            (_, Some(text)) if text.len() == 6 => offset(text),
            _ => node.whole().and_then(|minutes| i32::try_from(minutes).ok()),
        };
        match minutes.filter(|minutes| minutes.abs() <= 14 * 60) {
            Some(minutes) => Ok(minutes),
            None => refuse("an offset that is no constant like '+02:00'"),
        }
    }

    /// The same instant at another offset.
    pub(super) fn switched(&mut self, value: &Expr, to: &Expr) -> Result<Node> {
        let minutes = self.offset(to)?;
        let node = self.value(value)?;
        let node = match (&node.value, &node.ty) {
            (Some(Value::Text(_)), _) => self.coerce(&node, &Ty::DateTimeOffset(7))?,
            (_, Ty::DateTimeOffset(_)) => node,
            (_, ty) => return refuse(format!("SWITCHOFFSET of {ty}")),
        };
        self.at(node, minutes)
    }

    fn at(&self, node: Node, minutes: i32) -> Result<Node> {
        match &node.value {
            Some(Value::Moment(moment)) => constant(moment.at_offset(minutes), node.ty.clone()),
            _ => Ok(Node { offset: Some(minutes), ..node }),
        }
    }

    /// A local time with the offset that it is meant at.
    pub(super) fn given_offset(&mut self, value: &Expr, offset: &Expr) -> Result<Node> {
        let minutes = self.offset(offset)?;
        let node = self.value(value)?;
        self.zoned(node, minutes, "TODATETIMEOFFSET")
    }

    fn zoned(&mut self, node: Node, minutes: i32, what: &str) -> Result<Node> {
        let node = match (&node.value, &node.ty) {
            (Some(Value::Text(_)), _) => self.coerce(&node, &Ty::DateTime2(7))?,
            _ => node,
        };
        let scale = match &node.ty {
            Ty::DateTime2(scale) => *scale,
            Ty::Date | Ty::SmallDateTime => 0,
            Ty::DateTime if node.now || node.value.is_some() => 3,
            ty => return refuse(format!("{what} of {ty}: how it is rounded is not sure")),
        };
        let ty = Ty::DateTimeOffset(scale);
        if let Some(Value::Moment(moment)) = &node.value {
            let whole = moment.convert(&Ty::DateTime2(scale))?;
            return constant(whole.with_offset(minutes), ty);
        }
        let whole = if node.ty == Ty::Date { node.cast("timestamp", Ty::Null) } else { node };
        Ok(Node { offset: Some(minutes), ..zoned(&whole, minutes, ty) })
    }

    /// `AT TIME ZONE 'UTC'`: the names of other zones are those of Windows.
    pub(super) fn at_time_zone(&mut self, value: &Expr, zone: &Expr) -> Result<Node> {
        let zone = self.value(zone)?;
        if zone.literal() != Some("UTC") {
            return refuse("AT TIME ZONE of a zone of Windows, whose rules are not PostgreSQL's");
        }
        let node = self.value(value)?;
        match &node.ty {
            Ty::DateTimeOffset(_) => self.at(node, 0),
            _ => self.zoned(node, 0, "AT TIME ZONE"),
        }
    }
}

fn constant(moment: Option<Moment>, ty: Ty) -> Result<Node> {
    match moment {
        Some(moment) => Ok(Node::constant(Value::Moment(moment), ty)),
        None => refuse("a datetimeoffset beyond the years of SQL Server"),
    }
}
