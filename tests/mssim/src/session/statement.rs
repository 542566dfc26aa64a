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

use super::transaction::WRITE;
use super::{EngineSession, Isolation};

/// Errors after which the batch goes on.
const BATCH_GOES_ON: [i32; 9] = [8134, 8115, 2627, 2601, 547, 515, 2628, 8152, 3903];

/// Options that change nothing here.
const ACCEPTED: [&str; 21] = [
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
    "QUERY_GOVERNOR_COST_LIMIT",
];

impl EngineSession {
    /// Runs statements in order; false when the batch ends here.
    pub(super) fn run(&mut self, lines: &[Line], results: &mut dyn Results) -> bool {
        for line in lines {
            if let Statement::If(condition, then, otherwise) = &line.statement {
                match self.holds(condition) {
                    Ok(holds) => {
                        if !self.run(if holds { then } else { otherwise }, results) {
                            return false;
                        }
                        continue;
                    }
                    Err(e) => {
                        self.report(e, line.line, results);
                        return false;
                    }
                }
            }
            if let Err(e) = self.statement(&line.statement, results) {
                let goes_on = BATCH_GOES_ON.contains(&e.number);
                self.report(e, line.line, results);
                if !goes_on {
                    return false;
                }
            }
            if self.stopped {
                return false;
            }
        }
        true
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
            Statement::If(..) => return Err(unknown("IF here")),
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
    fn value(&mut self, value: &Expr) -> Result<(Value, SqlType), SqlError> {
        let select = Select { items: vec![Item::Expr(value.clone(), None)], ..Select::default() };
        let query = Query {
            with: Vec::new(),
            body: Body::Select(Box::new(select)),
            order: Vec::new(),
            offset: None,
            fetch: None,
        };
        let (bound, env) = self.bind(&query)?;
        let mut last = LastRow::default();
        self.stream(&bound, env, &mut last)?;
        let ty = bound.columns.first().map_or(SqlType::Int, |c| c.ty);
        Ok((last.row.into_iter().next().unwrap_or(Value::Null), ty))
    }

    fn holds(&mut self, condition: &Expr) -> Result<bool, SqlError> {
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
            [first, .., _] if ACCEPTED.contains(first) => {}
            _ => return Err(unknown(format!("SET {}", words.join(" ")))),
        }
        Ok(())
    }

    fn print(&mut self, value: &Expr, results: &mut dyn Results) -> Result<(), SqlError> {
        let (value, ty) = self.value(value)?;
        let collation = self.catalog()?.collation;
        let text = match convert(
            &value,
            &ty,
            &SqlType::NVarChar(crate::types::Len::Limited(4000)),
            &collation,
            None,
        )? {
            Value::Text(t) => String::from_utf8_lossy(&t).into_owned(),
            _ => String::new(),
        };
        self.say(text, results);
        Ok(())
    }

    fn say(&mut self, text: String, results: &mut dyn Results) {
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
        execute(&mut context, text)
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

/// Keeps the last row of a result.
#[derive(Default)]
struct LastRow {
    row: Vec<Value>,
}

impl Results for LastRow {
    fn columns(&mut self, _: &[crate::types::Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, row: &[Value]) -> Flow {
        self.row = row.to_vec();
        Flow::Continue
    }
    fn done(&mut self, _: Option<u64>) -> Flow {
        Flow::Continue
    }
    fn info(&mut self, _: &SqlError) -> Flow {
        Flow::Continue
    }
    fn error(&mut self, _: &SqlError) -> Flow {
        Flow::Continue
    }
    fn env_change(&mut self, _: &EnvChange) -> Flow {
        Flow::Continue
    }
    fn order(&mut self, _: &[u16]) -> Flow {
        Flow::Continue
    }
}
