//! Statements of a session.

use std::sync::Arc;

use crate::engine::storage_error;
use crate::load::{Context, execute};
use crate::query::ast::{Body, Expr, Item, Line, Query, Select, Statement, TypeName};
use crate::query::bind::{Binder, Bound, Variable};
use crate::query::convert::convert;
use crate::query::error::{error, unknown};
use crate::query::eval::{Env, register};
use crate::query::{parse, typing};
use crate::results::{EnvChange, Flow, Parameter, Results, SqlError};
use crate::types::SqlType;
use crate::value::Value;

use super::control::{Next, Rows};
use super::transaction::WRITE;
use super::{EngineSession, Isolation};

/// Errors after which the batch goes on.
const BATCH_GOES_ON: [i32; 10] = [8134, 8115, 2627, 2601, 547, 515, 2628, 8152, 3903, 50000];

/// Options that change nothing here.
const ACCEPTED: [&str; 23] = [
    "ANSI_NULLS",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ANSI_NULL_DFLT_ON",
    "ANSI_DEFAULTS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "NUMERIC_ROUNDABORT",
    "QUOTED_IDENTIFIER",
    "CURSOR_CLOSE_ON_COMMIT",
    "IMPLICIT_TRANSACTIONS",
    "XACT_ABORT",
    "TEXTSIZE",
    "LOCK_TIMEOUT",
    "DEADLOCK_PRIORITY",
    "LANGUAGE",
    "DATEFORMAT",
    "DATEFIRST",
    "FMTONLY",
    "ANSI_NULL_DFLT_OFF",
    "STATISTICS",
    "QUERY_GOVERNOR_COST_LIMIT",
];

impl EngineSession {
    /// Runs statements in order.
    pub(super) fn run(&mut self, lines: &[Line], results: &mut dyn Results) -> Next {
        for line in lines {
            let next = match self.control(line, results) {
                Ok(Some(next)) => next,
                Ok(None) => match self.statement(&line.statement, results) {
                    Ok(()) => Next::On,
                    Err(e) => self.failed(e, line.line, results),
                },
                // What decides where a batch goes on ends it when it fails.
                Err(e) => match self.failed(e, line.line, results) {
                    Next::On => Next::End,
                    other => other,
                },
            };
            if self.stopped {
                return Next::End;
            }
            if next != Next::On {
                return next;
            }
        }
        Next::On
    }

    /// After an error: to the CATCH, to the next statement, or nowhere.
    fn failed(&mut self, e: SqlError, line: i32, results: &mut dyn Results) -> Next {
        if self.trying > 0 {
            self.caught = Some(SqlError { line: if e.line > 0 { line + e.line - 1 } else { line }, ..e });
            return Next::Caught;
        }
        let goes_on = BATCH_GOES_ON.contains(&e.number);
        self.report(e, line, results);
        if goes_on { Next::On } else { Next::End }
    }

    fn report(&mut self, e: SqlError, line: i32, results: &mut dyn Results) {
        let line = if e.line > 0 { line + e.line - 1 } else { line };
        let error = results.error(&SqlError { line, ..e });
        let done = results.done(None);
        self.stopped |= error == Flow::Stop || done == Flow::Stop;
    }

    fn done(&mut self, rows: Option<u64>, results: &mut dyn Results) {
        let flow = results.done(if self.no_count { None } else { rows });
        self.stopped |= flow == Flow::Stop;
    }

    fn statement(&mut self, statement: &Statement, results: &mut dyn Results) -> Result<(), SqlError> {
        match statement {
            Statement::Select(query) => {
                let (bound, env) = self.bind(query)?;
                let rows = self.stream(&bound, env, results)?;
                self.row_count = i64::try_from(rows).unwrap_or(i64::MAX);
                // SELECT @v = … counts no rows.
                let shown = bound.assigned.is_empty().then_some(rows);
                self.done(shown, results);
                return Ok(());
            }
            Statement::Other(text) => return self.other(text, results),
            Statement::SetOption(words) => self.set_option(words)?,
            Statement::SetVariable(name, value) => {
                let (value, ty) = self.value(value)?;
                self.assign(name, ty, value)?;
            }
            Statement::Declare(variables) => self.declare(variables)?,
            Statement::Use(name) => self.use_database(name, results)?,
            Statement::Print(value) => self.print(value, results)?,
            Statement::Begin => self.begin(results)?,
            Statement::Commit => self.commit(results)?,
            Statement::Rollback(name) => self.rollback(name.as_deref(), results)?,
            Statement::Save(name) => {
                if self.transactions == 0 {
                    return Err(error(
                        628,
                        "Cannot issue SAVE TRANSACTION when there is no active transaction.",
                    ));
                }
                self.lite(WRITE, true)?;
                self.lite(&format!("SAVEPOINT {}", crate::catalog::quote(name)), false)?;
            }
            Statement::RaiseError(said) => self.raise(said, results)?,
            Statement::Throw(said) => return Err(self.thrown(said)?),
            Statement::Execute(text) => {
                let (text, ty) = self.value(text)?;
                let sql = self.as_text(&text, &ty)?;
                return self.execute_sql(&sql, &[], results);
            }
            Statement::Insert(insert) => {
                let rows = self.insert(insert)?;
                self.row_count = i64::try_from(rows).unwrap_or(i64::MAX);
                self.done(Some(rows), results);
                return Ok(());
            }
            other => return Err(unknown(format!("this statement here: {other:?}"))),
        }
        self.done(None, results);
        Ok(())
    }

    /// Runs SQLite's own SQL; `start`: only where no SQLite transaction is open.
    pub(super) fn lite(&self, sql: &str, start: bool) -> Result<(), SqlError> {
        if start && !self.conn.is_autocommit() {
            return Ok(());
        }
        self.conn.execute_batch(sql).map_err(|e| storage_error(&e))
    }

    pub(super) fn bind(&self, query: &Query) -> Result<(Bound, Arc<Env>), SqlError> {
        let env = self.env()?;
        let bound = Binder::new(&env, &self.variables).bind(query)?;
        Ok((bound, env))
    }

    /// One value of an expression, by a query of one row.
    pub(super) fn value(&mut self, value: &Expr) -> Result<(Value, SqlType), SqlError> {
        let select = Select { items: vec![Item::Expr(value.clone(), None)], ..Select::default() };
        let query = Query {
            with: Vec::new(),
            body: Body::Select(Box::new(select)),
            order: Vec::new(),
            offset: None,
            fetch: None,
        };
        let (bound, env) = self.bind(&query)?;
        let mut all = Rows::default();
        self.stream(&bound, env, &mut all)?;
        let ty = bound.columns.first().map_or(SqlType::Int, |c| c.ty);
        let value = all.rows.pop().and_then(|row| row.into_iter().next());
        Ok((value.unwrap_or(Value::Null), ty))
    }

    pub(super) fn holds(&mut self, condition: &Expr) -> Result<bool, SqlError> {
        let yes = vec![(condition.clone(), Expr::Number("1".to_owned()))];
        let (value, _) = self.value(&Expr::Case { operand: None, whens: yes, otherwise: None })?;
        Ok(value == Value::Int(1))
    }

    pub(super) fn assign(&mut self, name: &str, from: SqlType, value: Value) -> Result<(), SqlError> {
        let collation = self.catalog()?.collation;
        let found = self.variables.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name));
        let Some((_, variable)) = found else {
            return Err(error(137, format!("Must declare the scalar variable \"{name}\".")));
        };
        variable.value = if from == variable.ty || value == Value::Null {
            value
        } else {
            convert(&value, &from, &variable.ty, &collation, None)?
        };
        Ok(())
    }

    fn declare(&mut self, variables: &[(String, TypeName, Option<Expr>)]) -> Result<(), SqlError> {
        for (name, ty, value) in variables {
            if self.variables.keys().any(|n| n.eq_ignore_ascii_case(name)) {
                return Err(error(134, format!("The variable name '{name}' has already been declared.")));
            }
            let ty = typing::resolve(ty, &*self.catalog()?, 1)?;
            let start = match value {
                Some(value) => Some(self.value(value)?),
                None => None,
            };
            self.variables.insert(name.clone(), Variable { ty, value: Value::Null });
            if let Some((value, from)) = start {
                self.assign(name, from, value)?;
            }
        }
        Ok(())
    }

    fn set_option(&mut self, words: &[String]) -> Result<(), SqlError> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["NOCOUNT", state] => self.no_count = *state == "ON",
            ["TRANSACTION", "ISOLATION", "LEVEL", level @ ..] => {
                self.isolation = match level {
                    ["READ", "COMMITTED"] => Isolation::ReadCommitted,
                    ["REPEATABLE", "READ"] | ["SERIALIZABLE"] => Isolation::Stable,
                    ["SNAPSHOT"] if self.transactions > 0 && self.isolation != Isolation::Snapshot => {
                        return Err(error(
                            3951,
                            format!(
                                "Transaction failed in database '{}' because the statement was run under snapshot isolation but the transaction did not start in snapshot isolation.",
                                self.database
                            ),
                        ));
                    }
                    ["SNAPSHOT"] => Isolation::Snapshot,
                    ["READ", "UNCOMMITTED"] => {
                        return Err(unknown("READ UNCOMMITTED: this program may never use it"));
                    }
                    _ => return Err(crate::query::error::syntax("LEVEL")),
                };
            }
            ["IDENTITY_INSERT", ..] => {
                let text = format!("SET {}", words.join(" ").replace(" . ", "."));
                self.load(&text)?;
            }
            ["DATEFORMAT", order] if !matches!(*order, "MDY" | "YMD") => {
                return Err(unknown(format!("SET DATEFORMAT {order}")));
            }
            ["NOEXEC", "OFF"] => {}
            [first, .., _] if ACCEPTED.contains(first) => {}
            _ => return Err(unknown(format!("SET {}", words.join(" ")))),
        }
        Ok(())
    }

    fn print(&mut self, value: &Expr, results: &mut dyn Results) -> Result<(), SqlError> {
        let (value, ty) = self.value(value)?;
        let text = self.as_text(&value, &ty)?;
        self.say(text, results);
        Ok(())
    }

    /// A value as characters; NULL is none.
    pub(super) fn as_text(&self, value: &Value, ty: &SqlType) -> Result<String, SqlError> {
        let collation = self.catalog()?.collation;
        let to = SqlType::NVarChar(crate::types::Len::Max);
        Ok(match convert(value, ty, &to, &collation, None)? {
            Value::Text(t) => String::from_utf8_lossy(&t).into_owned(),
            _ => String::new(),
        })
    }

    pub(super) fn say(&mut self, text: String, results: &mut dyn Results) {
        let info = results.info(&SqlError { number: 0, severity: 0, line: 1, ..error(0, text) });
        self.stopped |= info == Flow::Stop;
    }

    fn use_database(&mut self, name: &str, results: &mut dyn Results) -> Result<(), SqlError> {
        let found = self.engine.databases().into_iter().find(|d| crate::catalog::same(d, name));
        let name = found.ok_or_else(|| {
            error(
                911,
                format!("Database '{name}' does not exist. Make sure that the name is entered correctly."),
            )
        })?;
        if self.transactions > 0 && name != self.database {
            return Err(unknown("USE inside a transaction"));
        }
        let conn = self.engine.connection(&name)?;
        register(&conn, &self.shared).map_err(|e| storage_error(&e))?;
        self.conn = conn;
        let from = std::mem::replace(&mut self.database, name.clone());
        let flow = results.env_change(&EnvChange::Database { from, to: name });
        self.stopped |= flow == Flow::Stop;
        Ok(())
    }

    /// DDL and DML, and EXEC.
    fn other(&mut self, text: &str, results: &mut dyn Results) -> Result<(), SqlError> {
        if let Some(name) = executes_variable(text)? {
            let (value, ty) = self.value(&Expr::Variable(name))?;
            let sql = self.as_text(&value, &ty)?;
            return self.execute_sql(&sql, &[], results);
        }
        if let Some((sql, parameters)) = executesql(text)? {
            return self.execute_sql(&sql, &parameters, results);
        }
        let outcome = self.load(text)?;
        for message in outcome.messages {
            self.say(message, results);
        }
        if let Some(rows) = outcome.rows_affected {
            self.row_count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
        self.done(outcome.rows_affected, results);
        Ok(())
    }

    fn load(&mut self, text: &str) -> Result<crate::load::Outcome, SqlError> {
        let writes = !text.get(..6).is_some_and(|w| {
            ["CREATE", "ALTER ", "DROP T", "DROP I", "DROP S", "DROP V"]
                .iter()
                .any(|d| d.eq_ignore_ascii_case(w))
        });
        if self.transactions > 0 && writes {
            self.lite(WRITE, true)?;
        }
        self.with_context(|context| execute(context, text))
    }

    /// Gives the loader what it needs of the session.
    pub(super) fn with_context<T>(&mut self, f: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let parameters: Vec<Parameter> = self
            .variables
            .iter()
            .map(|(name, v)| Parameter {
                name: name.clone(),
                ty: v.ty,
                collation: None,
                value: v.value.clone(),
            })
            .collect();
        let mut context = Context {
            engine: &self.engine,
            conn: &self.conn,
            database: &self.database,
            parameters: &parameters,
            settings: &mut self.settings,
        };
        f(&mut context)
    }

    /// `sp_executesql N'…'` without parameters, `EXEC('…')`: a batch inside.
    fn execute_sql(&mut self, sql: &str, _: &[Parameter], results: &mut dyn Results) -> Result<(), SqlError> {
        let lines = parse::batch(sql)?;
        let outer = std::mem::take(&mut self.variables);
        self.run(&lines, results);
        self.variables = outer;
        Ok(())
    }
}

/// The variable of `EXEC sp_executesql @sql`.
fn executes_variable(text: &str) -> Result<Option<String>, SqlError> {
    use crate::query::lex::{Kind, lex};
    if !text.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("exec")) {
        return Ok(None);
    }
    let kinds: Vec<Kind> = lex(text)?.into_iter().map(|t| t.kind).collect();
    Ok(match kinds.as_slice() {
        [_, .., Kind::Word(name) | Kind::Quoted(name), Kind::Variable(v), Kind::End]
            if name.eq_ignore_ascii_case("sp_executesql") =>
        {
            Some(v.clone())
        }
        _ => None,
    })
}

/// The text of `EXEC sp_executesql N'…'` or `EXEC (N'…')`.
fn executesql(text: &str) -> Result<Option<(String, Vec<Parameter>)>, SqlError> {
    use crate::query::lex::{Kind, lex};
    let kinds: Vec<Kind> = lex(text)?.into_iter().map(|t| t.kind).collect();
    let word = |k: Option<&Kind>, w: &str| matches!(k, Some(Kind::Word(x) | Kind::Quoted(x)) if x.eq_ignore_ascii_case(w));
    if !word(kinds.first(), "EXEC") && !word(kinds.first(), "EXECUTE") {
        return Ok(None);
    }
    match &kinds[1..] {
        [Kind::Op("("), Kind::Text(sql, _), Kind::Op(")"), Kind::End] => Ok(Some((sql.clone(), Vec::new()))),
        [name, Kind::Text(sql, _), Kind::End] if word(Some(name), "sp_executesql") => {
            Ok(Some((sql.clone(), Vec::new())))
        }
        [.., Kind::Op("."), name, Kind::Text(sql, _), Kind::End] if word(Some(name), "sp_executesql") => {
            Ok(Some((sql.clone(), Vec::new())))
        }
        [name, ..] if word(Some(name), "sp_executesql") => {
            Err(unknown("sp_executesql with parameters in a batch"))
        }
        _ => Ok(None),
    }
}
