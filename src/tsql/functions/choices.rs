//! One of several values.

use super::exactly;
use crate::tsql::compare::Comparison;
use crate::tsql::constant::Value;
use crate::tsql::node::{Node, call};
use crate::tsql::types::Ty;
use crate::tsql::walk::Walk;
use crate::tsql::{Result, Volatility, refuse};
use sqlparser::ast::Expr;

/// Of the first argument's type, whatever the second is.
pub(super) fn isnull(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, otherwise] = exactly(arguments)?;
    let (value, otherwise) = (walk.value(value)?, walk.value(otherwise)?);
    if value.ty == Ty::Null {
        return Ok(otherwise);
    }
    let value = walk.text(&value)?;
    // A text that is too long is cut, as by CAST.
    let otherwise = match (&otherwise.value, &value.ty) {
        (Some(constant @ Value::Text(_)), Ty::Text(_)) => {
            Node::constant(constant.convert(&value.ty, true)?, value.ty.clone())
        }
        _ => walk.coerce(&otherwise, &value.ty)?,
    };
    let otherwise = walk.text(&otherwise)?;
    Ok(call("coalesce", &[&value, &otherwise], value.ty.clone()))
}

pub(super) fn coalesce(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let values: Result<Vec<_>> = arguments.iter().map(|argument| walk.value(argument)).collect();
    let (values, ty) = walk.alike(&values?)?;
    let parts: Vec<&Node> = values.iter().collect();
    Ok(call("coalesce", &parts, ty))
}

pub(super) fn nullif(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, other] = exactly(arguments)?;
    let (value, other) = (walk.value(value)?, walk.value(other)?);
    if value.volatility == Volatility::Volatile {
        return refuse("NULLIF of a value that changes with every look at it");
    }
    let same = walk.compare(Comparison::Equal, &value, &other)?;
    if value.ty.is_exact() && other.ty.is_exact() && (value.ty == other.ty || other.value.is_some()) {
        let plain = other.value.is_none() || (value.ty.rank() >= other.ty.rank());
        if plain {
            return Ok(call("nullif", &[&value, &other], value.ty.clone()));
        }
    }
    let null = Node::constant(Value::Null, Ty::Null);
    let ty = value.ty.clone();
    Ok(Node { ty, ..walk.choice(&[same], &[null, value])? })
}

pub(super) fn iif(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [test, yes, no] = exactly(arguments)?;
    let (test, yes, no) = (walk.predicate(test)?, walk.value(yes)?, walk.value(no)?);
    walk.choice(&[test], &[yes, no])
}

pub(super) fn choose(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let Some((index, values)) = arguments.split_first() else { return refuse("CHOOSE of nothing") };
    let index = walk.value(index)?;
    if !index.ty.is_integer() || index.volatility == Volatility::Volatile {
        return refuse("CHOOSE by what is no whole number of the row");
    }
    let mut tests = Vec::new();
    let mut results = Vec::new();
    for (at, value) in (1_i128..).zip(values) {
        let position = Node::constant(Value::Int(at), Ty::Int);
        tests.push(walk.compare(Comparison::Equal, &index, &position)?);
        results.push(walk.value(value)?);
    }
    walk.choice(&tests, &results)
}
