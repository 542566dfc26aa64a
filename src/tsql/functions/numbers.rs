//! Numbers.

use super::exactly;
use crate::tsql::node::{Node, call};
use crate::tsql::types::Ty;
use crate::tsql::walk::Walk;
use crate::tsql::{Result, refuse};
use sqlparser::ast::Expr;

fn number(walk: &mut Walk<'_>, expr: &Expr) -> Result<Node> {
    let node = walk.value(expr)?;
    if node.ty.is_exact() || node.ty.is_float() {
        return Ok(node);
    }
    refuse(format!("a number is wanted where {} stands", node.ty))
}

pub(super) fn abs(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let value = number(walk, value)?;
    Ok(call("abs", &[&value], value.ty.clone()))
}

/// PostgreSQL has it for numeric and double precision.
pub(super) fn sign(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let value = number(walk, value)?;
    if value.ty.is_integer() {
        let sign = call("sign", &[&value.cast("numeric", Ty::Null)], Ty::Null);
        return Ok(sign.cast(&value.ty.target(), value.ty));
    }
    if value.ty == Ty::Real {
        return refuse("the sign of a real");
    }
    Ok(call("sign", &[&value], value.ty.clone()))
}

pub(super) fn ceiling(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    whole(walk, arguments, "ceil")
}

pub(super) fn floor(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    whole(walk, arguments, "floor")
}

fn whole(walk: &mut Walk<'_>, arguments: &[&Expr], name: &str) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let value = number(walk, value)?;
    let ty = match &value.ty {
        ty if ty.is_integer() => return Ok(value),
        Ty::Decimal { precision, .. } => Ty::Decimal { precision: *precision, scale: 0 },
        Ty::Real => return refuse(format!("{name} of a real")),
        ty => ty.clone(),
    };
    Ok(call(name, &[&value], ty))
}

/// Halves go away from zero on both servers, for what is exact.
pub(super) fn round(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let (Some(value), Some(digits)) = (arguments.first(), arguments.get(1)) else {
        return refuse("ROUND of nothing");
    };
    let value = number(walk, value)?;
    let digits = walk.value(digits)?;
    let cut = match arguments.get(2) {
        None => false,
        Some(cut) => match walk.value(cut)?.whole() {
            Some(cut) => cut != 0,
            None => return refuse("ROUND with a third argument that is no constant"),
        },
    };
    let Some(places) = digits.whole().filter(|places| (0..=38).contains(places)) else {
        return refuse("ROUND to a number of digits that is no constant from 0 to 38");
    };
    if value.ty.is_integer() {
        return Ok(value);
    }
    let scale = value.ty.digits().map_or(0, |(_, scale)| i128::from(scale));
    match &value.ty {
        Ty::Decimal { .. } => {
            if places >= scale {
                return Ok(value);
            }
            Ok(call(if cut { "trunc" } else { "round" }, &[&value, &digits], value.ty.clone()))
        }
        ty => refuse(format!("ROUND of {ty}: its halves are not sure")),
    }
}

/// IEEE 754 says every bit of it.
pub(super) fn sqrt(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let value = number(walk, value)?;
    let value = walk.coerce(&value, &Ty::Float)?;
    Ok(call("sqrt", &[&value], Ty::Float))
}

pub(super) fn pi(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(Node::atom("pi()", Ty::Float))
}
