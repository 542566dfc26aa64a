//! Evaluation in Rust, inside SQLite's evaluation: `ms(i, …)` runs step `i` of the statement on its arguments, and
//! `ms_agg(i, …)` its aggregate.
//!
//! A step knows the T-SQL types of its arguments and of its result, so a value is decoded from its stored form,
//! computed, and stored again. SQLite carries no typed errors, so a failed step leaves its [`SqlError`] in the
//! [`State`], where the session finds it.

mod aggregate;
mod arith;
mod function;
mod like;
mod names;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error as Sqlite};

use crate::catalog::Catalog;
use crate::results::SqlError;
use crate::storage::{Stored, from_sqlite, to_sqlite};
use crate::types::{Collation, SqlType};
use crate::value::Value;

use super::convert::{convert, try_convert};

/// What a step computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    Cast {
        attempt: bool,
        style: Option<i64>,
    },
    /// `+ - * / % & | ^`, and `~`; on operands that have the type of the result, except where `arith` says so.
    Arith(&'static str),
    Like,
    /// A function by its upper-case name.
    Function(&'static str),
    /// SUM, AVG, STRING_AGG.
    Aggregate(&'static str),
}

/// One step of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub op: Op,
    pub args: Vec<SqlType>,
    pub ty: SqlType,
    /// Of the result; for LIKE, REPLACE and CHARINDEX that of the comparison; else the database's.
    pub collation: Collation,
}

/// What functions may ask of the session.
#[derive(Debug, Clone)]
pub struct Env {
    pub catalog: Arc<Catalog>,
    /// `name, database_id` of all databases.
    pub databases: Vec<(String, i32)>,
    pub user: String,
    pub spid: u16,
    pub transactions: u32,
    pub row_count: i64,
    /// `SET NOCOUNT`.
    pub no_count: bool,
}

/// Shared by the session and the functions registered on its connection.
pub struct State {
    pub steps: Vec<Arc<Step>>,
    pub error: Option<SqlError>,
    pub env: Arc<Env>,
    /// Set when the client no longer wants what runs.
    pub cancelled: Arc<AtomicBool>,
}

/// Steps of SQLite's machine between two looks at [`State::cancelled`].
const STEPS: i32 = 10_000;

pub type Shared = Arc<Mutex<State>>;

/// Locks the state; a panic elsewhere does not matter here.
pub fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Evaluates one step.
///
/// # Errors
/// What T-SQL raises for these values.
pub fn run(step: &Step, env: &Env, args: &[Value]) -> Result<Value, SqlError> {
    match step.op {
        Op::Cast { attempt, style } => {
            let run = if attempt { try_convert } else { convert };
            run(&args[0], &step.args[0], &step.ty, &step.collation, style)
        }
        Op::Arith(op) => arith::run(op, step, args),
        Op::Like => like::run(step, args),
        Op::Function(name) => function::run(name, step, env, args),
        Op::Aggregate(name) => Err(super::error::unknown(format!("{name} outside a query"))),
    }
}

/// Registers `ms` and `ms_agg`, and what interrupts a statement of a client that sent an Attention. A flag and not
/// SQLite's interrupt, which does nothing to a statement that has not started yet.
///
/// # Errors
/// What SQLite says; none in practice.
pub fn register(conn: &Connection, shared: &Shared) -> rusqlite::Result<()> {
    let cancelled = Arc::clone(&lock(shared).cancelled);
    conn.progress_handler(STEPS, Some(move || cancelled.load(Ordering::Relaxed)))?;
    let state = Arc::clone(shared);
    conn.create_scalar_function("ms", -1, FunctionFlags::SQLITE_UTF8, move |ctx| {
        let (step, env) = step_of(ctx, &state)?;
        let result = arguments(ctx, &step).and_then(|args| run(&step, &env, &args));
        match result {
            Ok(value) => Ok(to_sqlite(&step.ty, &value)),
            Err(e) => Err(fail(&state, e)),
        }
    })?;
    let state = Arc::clone(shared);
    conn.create_aggregate_function("ms_agg", -1, FunctionFlags::SQLITE_UTF8, aggregate::Agg { state })
}

fn step_of(ctx: &Context<'_>, shared: &Shared) -> rusqlite::Result<(Arc<Step>, Arc<Env>)> {
    let index = usize::try_from(ctx.get::<i64>(0)?).unwrap_or(usize::MAX);
    let state = lock(shared);
    let step = state.steps.get(index).cloned().ok_or(Sqlite::InvalidQuery)?;
    Ok((step, Arc::clone(&state.env)))
}

fn arguments(ctx: &Context<'_>, step: &Step) -> Result<Vec<Value>, SqlError> {
    step.args.iter().enumerate().map(|(i, ty)| from_sqlite(ty, ctx.get_raw(i + 1))).collect()
}

fn fail(shared: &Shared, e: SqlError) -> Sqlite {
    let sqlite = Sqlite::UserFunctionError(Box::new(e.clone()));
    lock(shared).error.get_or_insert(e);
    sqlite
}

/// A stored form as a SQLite literal.
#[must_use]
pub fn literal(stored: &Stored) -> String {
    match stored.as_ref() {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        ValueRef::Integer(i) => i.to_string(),
        ValueRef::Real(f) => format!("{f:e}"),
        ValueRef::Blob(b) => format!("x'{}'", hex(b)),
        ValueRef::Text(t) => match std::str::from_utf8(t) {
            Ok(s) if !s.contains('\0') => format!("'{}'", s.replace('\'', "''")),
            _ => format!("CAST(x'{}' AS TEXT)", hex(t)),
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
