//! JSON in texts. The type json keeps numbers, blanks and order as they are written, as SQL Server does.

use super::exactly;
use crate::tsql::constant::quote;
use crate::tsql::node::{Level, Node};
use crate::tsql::types::{Text, Ty};
use crate::tsql::walk::Walk;
use crate::tsql::{Result, refuse};
use sqlparser::ast::Expr;

const MEMBERS: &str =
    "of two members of one name in a JSON text the source takes the first, PostgreSQL the last";

pub(super) fn json_value(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, path] = exactly(arguments)?;
    let (document, text) = document(walk, value)?;
    let steps = path_of(walk, path)?;
    let Some((last, before)) = steps.split_last() else { return refuse("JSON_VALUE of the whole text") };
    let parent = reached(&document, before);
    // A longer value is NULL on the source.
    let sql = format!(
        "CASE WHEN json_typeof({parent} -> {last}) NOT IN ('object', 'array') AND char_length({parent} ->> {last}) <= 4000 THEN {parent} ->> {last} END"
    );
    walk.note(MEMBERS);
    Ok(Node::atom(sql, Ty::Text(Text { unicode: true, fixed: false, length: Some(4000), ..text }))
        .from(&[&document]))
}

pub(super) fn json_query(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let Some((value, path)) = arguments.split_first() else { return refuse("JSON_QUERY of nothing") };
    let (document, text) = document(walk, value)?;
    let steps = match path.first() {
        Some(path) => path_of(walk, path)?,
        None => Vec::new(),
    };
    let part = reached(&document, &steps);
    let sql = format!("CASE WHEN json_typeof({part}) IN ('object', 'array') THEN ({part})::text END");
    walk.note(MEMBERS);
    Ok(Node::atom(sql, Ty::Text(Text { unicode: true, fixed: false, length: None, ..text }))
        .from(&[&document]))
}

/// The text as json, and its type.
fn document(walk: &mut Walk<'_>, value: &Expr) -> Result<(Node, Text)> {
    let node = walk.value(value)?;
    let Ty::Text(text) = node.ty.clone() else { return refuse(format!("JSON in a {}", node.ty)) };
    if node.value.is_some() {
        return refuse("JSON in a constant");
    }
    let node = walk.text(&node)?;
    Ok((node.cast("json", Ty::Json), text))
}

/// Each step as an operand of `->`.
fn reached(document: &Node, steps: &[String]) -> String {
    let mut sql = document.at(Level::Cast);
    for step in steps {
        sql.push_str(" -> ");
        sql.push_str(step);
    }
    sql
}

/// `$.a."b c"[0]`, lax: what is not there is NULL.
fn path_of(walk: &mut Walk<'_>, path: &Expr) -> Result<Vec<String>> {
    let node = walk.value(path)?;
    let Some(written) = node.literal() else { return refuse("a path of JSON that is no constant") };
    let unknown = || refuse(format!("the path '{written}' of JSON is not known"));
    let trimmed = written.strip_prefix("lax ").unwrap_or(written).trim();
    let Some(mut rest) = trimmed.strip_prefix('$') else { return unknown() };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some((index, after)) = after.split_once(']') else { return unknown() };
            let Ok(index) = index.parse::<u16>() else { return unknown() };
            steps.push(index.to_string());
            rest = after;
            continue;
        }
        let Some(after) = rest.strip_prefix('.') else { return unknown() };
        let (name, after) = match after.strip_prefix('"') {
            Some(quoted) => match quoted.split_once('"') {
                Some(split) => split,
                None => return unknown(),
            },
            None => after.split_at(after.find(['.', '[']).unwrap_or(after.len())),
        };
        let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' ' | '-'));
        if name.is_empty() || !plain {
            return unknown();
        }
        steps.push(quote(name));
        rest = after;
    }
    Ok(steps)
}
