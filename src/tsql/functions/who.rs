//! Who asks, and what comes next.

use super::exactly;
use crate::tsql::constant::quote;
use crate::tsql::node::{Level, Node};
use crate::tsql::types::{Text, Ty};
use crate::tsql::walk::Walk;
use crate::tsql::{Result, Volatility};
use sqlparser::ast::Expr;

/// sysname, of the database's collation.
fn name() -> Ty {
    Ty::Text(Text { unicode: true, fixed: false, length: Some(128), collation: None })
}

pub(super) fn newid(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(Node::atom("gen_random_uuid()", Ty::Guid).volatile(Volatility::Volatile))
}

pub(super) fn newsequentialid(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note("newsequentialid() becomes random: the values do not ascend");
    newid(walk, &[])
}

pub(super) fn session_user(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note("the login becomes PostgreSQL's session_user, the role that logged in");
    Ok(Node::new("session_user::text", Level::Cast, name()).volatile(Volatility::Stable))
}

pub(super) fn current_user(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note("the user becomes PostgreSQL's current_user, the role whose rights count");
    Ok(Node::new("current_user::text", Level::Cast, name()).volatile(Volatility::Stable))
}

pub(super) fn app_name(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    Ok(Node::atom("current_setting('application_name')", name()).volatile(Volatility::Stable))
}

pub(super) fn db_name(walk: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    walk.note("db_name() is the name of the target's database");
    Ok(Node::new("current_database()::text", Level::Cast, name()).volatile(Volatility::Stable))
}

/// The type of a sequence is not told; no value is larger than a bigint.
pub(super) fn next_value(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [sequence] = exactly(arguments)?;
    let target = walk.sequence(sequence)?;
    let sql = format!("nextval({})", quote(&target.target_sql()));
    Ok(Node::atom(sql, Ty::BigInt).volatile(Volatility::Volatile))
}
