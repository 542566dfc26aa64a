//! Everything but SELECT: T-SQL scripts and single statements that declare objects or change rows.
//!
//! Interface for the session: give [`execute`] the text of one or more statements that are not queries, with the
//! connection on which the session's transaction is open. It keeps catalog and tables in step. What it does not know
//! is an error (50999), never a guess. Transactions, variables, IF, EXEC of a string are the session's business.

use rusqlite::Connection;

use crate::engine::{Engine, error, storage_error, unknown};
use crate::load::lex::Cursor;
use crate::results::{Parameter, SqlError};

/// Session state that statements here read and set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `SET IDENTITY_INSERT table ON`: object id of the table.
    pub identity_insert: Option<i32>,
}

/// Where statements run.
pub struct Context<'a> {
    pub engine: &'a Engine,
    /// From [`Engine::connection`] of this database.
    pub conn: &'a Connection,
    pub database: &'a str,
    /// Values of `@name`s.
    pub parameters: &'a [Parameter],
    pub settings: &'a mut Settings,
}

/// What statements did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows of the last INSERT, UPDATE or DELETE; None where a statement counts none (DDL, SET).
    pub rows_affected: Option<u64>,
    /// What PRINT said.
    pub messages: Vec<String>,
    /// `USE`: the database to go on in. Statements after it in the same text are an error.
    pub use_database: Option<String>,
}

/// Runs statements that are not queries: CREATE/ALTER/DROP of SCHEMA, TYPE, TABLE, INDEX, SEQUENCE, VIEW, SYNONYM,
/// DATABASE, PROCEDURE, FUNCTION, TRIGGER, PARTITION FUNCTION and SCHEME, FULLTEXT, SECURITY POLICY; DBCC CHECKIDENT; INSERT … VALUES, UPDATE, DELETE, TRUNCATE; EXEC sp_addextendedproperty; SET, USE, PRINT.
///
/// # Errors
/// SQL Server's own (2714, 2627, 515, 2628 …) or 50999; a failed statement leaves nothing behind, statements before
/// it stay done. `line` counts from 1 within `text`.
pub fn execute(context: &mut Context<'_>, text: &str) -> Result<Outcome, SqlError> {
    let _names = context.engine.names();
    let mut cursor = Cursor::new(text)?;
    let mut outcome = Outcome::default();
    while !cursor.done() {
        if cursor.accept(";") {
            continue;
        }
        let line = cursor.line();
        if outcome.use_database.is_some() {
            return Err(SqlError { line, ..unknown("statements after USE in one text") });
        }
        statement(&mut cursor, context, &mut outcome)
            .map_err(|e| if e.line == 0 { SqlError { line, ..e } } else { e })?;
    }
    Ok(outcome)
}

fn statement(c: &mut Cursor<'_>, x: &mut Context<'_>, outcome: &mut Outcome) -> Result<(), SqlError> {
    let start = c.offset();
    if c.accept("UPDATE STATISTICS") {
        outcome.rows_affected = None;
        c.rest(start);
        return Ok(());
    }
    let changes: [(&str, Change); 3] =
        [("INSERT", change::insert), ("UPDATE", change::update), ("DELETE", change::delete)];
    for (word, run) in changes {
        if c.accept(word) {
            let n = atomic(x, |x| run(c, x))?;
            outcome.rows_affected = Some(n);
            return Ok(());
        }
    }
    outcome.rows_affected = None;
    if let Some(done) = declaring(c, x, start) {
        return done;
    }
    if c.accept("TRUNCATE TABLE") {
        return atomic(x, |x| change::truncate(c, x));
    }
    if c.accept("SET") {
        return set(c, x);
    }
    if c.accept("USE") {
        let name = c.name()?;
        outcome.use_database = Some(x.engine.database(&name)?.name.clone());
        return Ok(());
    }
    if c.accept("PRINT") {
        outcome.messages.push(c.string()?);
        return Ok(());
    }
    if c.accept("EXEC") || c.accept("EXECUTE") {
        let mut name = c.name()?;
        while c.accept(".") {
            name = c.name()?;
        }
        return procedure::run(c, x, &name);
    }
    let bare = c.peek().filter(|t| t.text.get(..3).is_some_and(|p| p.eq_ignore_ascii_case("sp_")));
    if let Some(name) = bare.map(|t| t.text.clone()) {
        // The first statement of a batch may leave EXEC out.
        c.take();
        return procedure::run(c, x, &name);
    }
    Err(unknown(format_args!("a statement that begins with {}", c.peek().map_or("", |t| &t.text))))
}

/// Statements that declare, and those of the server's keeper; None for any other.
fn declaring(c: &mut Cursor<'_>, x: &mut Context<'_>, start: usize) -> Option<Result<(), SqlError>> {
    let permission = [("GRANT", 'G'), ("DENY", 'D'), ("REVOKE", 'R')].into_iter().find(|(w, _)| c.accept(w));
    if let Some((_, state)) = permission {
        return Some(principal::permit(c, x, state));
    }
    let module = ["PROC", "PROCEDURE", "FUNCTION", "TRIGGER", "VIEW"];
    if module.iter().any(|w| c.is(&format!("ALTER {w}"))) {
        c.accept("ALTER");
        return Some(objects::replace(c, x, start));
    }
    if c.accept("ALTER ROLE") {
        return Some(principal::alter_role(c, x));
    }
    if c.accept("ALTER AUTHORIZATION")
        || c.accept("ALTER XML SCHEMA COLLECTION")
        || c.accept("ALTER FULLTEXT")
    {
        // Owners, the insides of a collection and the state of full-text search are not kept.
        c.rest(start);
        return Some(Ok(()));
    }
    if c.accept("CHECKPOINT") {
        return Some(Ok(()));
    }
    if c.accept("BACKUP") {
        c.rest(start);
        return Some(Ok(()));
    }
    if c.is("BULK INSERT") {
        return Some(Err(unknown("BULK INSERT: this server reads no files")));
    }
    if c.accept("CREATE") {
        return Some(objects::create(c, x, start));
    }
    if c.accept("ALTER TABLE") {
        return Some(alter::alter(c, x));
    }
    let off = c.accept("DISABLE TRIGGER");
    if off || c.accept("ENABLE TRIGGER") {
        return Some(module::switch(c, x, None, off));
    }
    if c.accept("DBCC CHECKIDENT") {
        return Some(identity::reseed(c, x));
    }
    let checks =
        ["CHECKDB", "CHECKTABLE", "SHRINKDATABASE", "SHRINKFILE", "FREEPROCCACHE", "DROPCLEANBUFFERS"];
    if checks.iter().any(|w| c.accept(&format!("DBCC {w}"))) {
        return Some(if c.is("(") { c.skip_group() } else { Ok(()) });
    }
    if c.accept("ALTER INDEX") {
        return Some(index::alter(c, x));
    }
    if c.accept("ALTER SECURITY POLICY") {
        return Some(security::alter(c, x));
    }
    if c.accept("ALTER DATABASE") {
        return Some(database::alter(c, x));
    }
    if c.accept("DROP") {
        return Some(drop::drop(c, x));
    }
    None
}

type Change = fn(&mut Cursor<'_>, &mut Context<'_>) -> Result<u64, SqlError>;

/// All or nothing: a transaction of its own, or a savepoint in the open one.
fn atomic<T>(
    x: &mut Context<'_>,
    f: impl FnOnce(&mut Context<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let (begin, commit, undo) = if x.conn.is_autocommit() {
        ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
    } else {
        ("SAVEPOINT statement", "RELEASE statement", "ROLLBACK TO statement; RELEASE statement")
    };
    x.conn.execute_batch(begin).map_err(|e| storage_error(&e))?;
    let result = f(x);
    x.conn.execute_batch(if result.is_ok() { commit } else { undo }).map_err(|e| storage_error(&e))?;
    result
}

/// After SET: options that change nothing here, and IDENTITY_INSERT.
fn set(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    const ACCEPTED: [&str; 11] = [
        "ANSI_NULLS",
        "QUOTED_IDENTIFIER",
        "NOCOUNT",
        "XACT_ABORT",
        "ANSI_PADDING",
        "ANSI_WARNINGS",
        "ARITHABORT",
        "CONCAT_NULL_YIELDS_NULL",
        "NUMERIC_ROUNDABORT",
        "ANSI_NULL_DFLT_ON",
        "ANSI_DEFAULTS",
    ];
    if c.accept("IDENTITY_INSERT") {
        let (schema, name) = c.object()?;
        let (_, _, table) = objects::open_table(x, schema.as_deref(), &name)?;
        if c.accept("OFF") {
            x.settings.identity_insert = None;
            return Ok(());
        }
        c.expect("ON")?;
        if x.settings.identity_insert.is_some_and(|t| t != table.object_id) {
            return Err(error(8107, 16, "IDENTITY_INSERT is already ON for another table.".to_owned()));
        }
        if !table.columns.iter().any(|k| k.identity.is_some()) {
            return Err(error(
                8106,
                16,
                format!("Table '{name}' does not have the identity property. Cannot perform SET operation."),
            ));
        }
        x.settings.identity_insert = Some(table.object_id);
        return Ok(());
    }
    loop {
        let option = c.name()?.to_uppercase();
        if !ACCEPTED.contains(&option.as_str()) {
            return Err(unknown(format_args!("SET {option}")));
        }
        if !c.accept(",") {
            break;
        }
    }
    if c.accept("ON") || c.accept("OFF") { Ok(()) } else { Err(c.wrong()) }
}

/// Writes rows that a query gave, all or none.
pub(crate) fn insert_rows(
    x: &mut Context<'_>,
    place: (Option<&str>, &str),
    named: Option<Vec<String>>,
    types: &[crate::types::SqlType],
    rows: Vec<Vec<crate::value::Value>>,
) -> Result<u64, SqlError> {
    atomic(x, |x| change::insert_rows(x, place, named, types, rows))
}

mod alter;
mod arithmetic;
mod bound;
mod calendar;
mod change;
mod constraint;
pub mod convert;
pub(crate) mod crypto;
mod database;
mod drop;
mod element;
mod eval;
mod expr;
mod fulltext;
mod functions;
pub(crate) mod graph;
mod identity;
mod index;
pub(crate) mod ledger;
pub(crate) mod lex;
mod memory;
mod module;
pub mod names;
mod objects;
pub(crate) mod partition;
pub(crate) mod principal;
mod procedure;
mod property;
mod rename;
mod rows;
mod security;
mod sequence;
mod shape;
mod statistics;
mod table;
mod temporal;

#[cfg(test)]
mod tests;
