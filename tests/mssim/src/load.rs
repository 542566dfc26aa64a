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
    if c.accept("CREATE") {
        return objects::create(c, x, start);
    }
    if c.accept("ALTER TABLE") {
        return alter::alter(c, x);
    }
    let off = c.accept("DISABLE TRIGGER");
    if off || c.accept("ENABLE TRIGGER") {
        return module::switch(c, x, None, off);
    }
    if c.accept("DBCC CHECKIDENT") {
        return identity::reseed(c, x);
    }
    if c.accept("ALTER INDEX") {
        return index::alter(c, x);
    }
    if c.accept("ALTER SECURITY POLICY") {
        return security::alter(c, x);
    }
    if c.accept("ALTER DATABASE") {
        return objects::alter_database(c, x);
    }
    if c.accept("DROP") {
        return objects::drop(c, x);
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
    Err(unknown(format_args!("a statement that begins with {}", c.peek().map_or("", |t| &t.text))))
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

/// Runs a whole script with GO lines in the engine's default database.
pub(crate) fn script(engine: &Engine, text: &str) -> Result<(), SqlError> {
    let mut database = engine.default_database().to_owned();
    let mut conn = engine.connection(&database)?;
    let mut settings = Settings::default();
    for batch in lex::batches(text) {
        for _ in 0..batch.count {
            let mut rest = batch.text;
            let mut line = batch.line;
            while let Some((first, after)) = split_use(rest) {
                run(engine, &conn, &database, &mut settings, first, line)?;
                let used = run(
                    engine,
                    &conn,
                    &database,
                    &mut settings,
                    &rest[first.len()..rest.len() - after.len()],
                    line,
                )?;
                database = used.unwrap_or(database);
                conn = engine.connection(&database)?;
                line += i32::try_from(rest[..rest.len() - after.len()].matches('\n').count()).unwrap_or(0);
                rest = after;
            }
            run(engine, &conn, &database, &mut settings, rest, line)?;
        }
    }
    Ok(())
}

/// Text before a USE statement at the start of a line, and after it.
fn split_use(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        let is = words.next().is_some_and(|w| w.eq_ignore_ascii_case("use")) && words.count() == 1;
        if is {
            return Some((&text[..at], &text[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

fn run(
    engine: &Engine,
    conn: &Connection,
    database: &str,
    settings: &mut Settings,
    text: &str,
    line: i32,
) -> Result<Option<String>, SqlError> {
    let mut context = Context { engine, conn, database, parameters: &[], settings };
    let outcome = execute(&mut context, text).map_err(|e| SqlError { line: e.line + line - 1, ..e })?;
    Ok(outcome.use_database)
}

mod alter;
mod arithmetic;
mod bound;
mod calendar;
mod change;
mod constraint;
pub mod convert;
mod element;
mod eval;
mod expr;
mod fulltext;
mod functions;
pub(crate) mod graph;
mod identity;
mod index;
pub(crate) mod lex;
mod memory;
mod module;
pub mod names;
mod objects;
pub(crate) mod partition;
mod procedure;
mod property;
mod rows;
mod security;
mod sequence;
mod shape;
mod table;
mod temporal;

#[cfg(test)]
mod tests;
