//! Control of flow: IF, WHILE, blocks, TRY, RETURN; RAISERROR and THROW; INSERT of a query; scripts.

use std::borrow::Cow;

use crate::engine::Engine;
use crate::load::lex::batches;
use crate::query::ast::{Expr, Insert, Line, Statement};
use crate::query::error::{error, unknown};
use crate::results::{EnvChange, Flow, Results, Session, SqlError};
use crate::types::{Column, SqlType};
use crate::value::Value;

use super::EngineSession;
use super::transaction::WRITE;

/// Where a batch goes after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    On,
    /// The batch ends: RETURN, or an error that ends it.
    End,
    Break,
    Continue,
    /// An error inside TRY.
    Caught,
}

impl EngineSession {
    /// Runs a statement that controls the flow; None where it is none.
    pub(super) fn control(
        &mut self,
        line: &Line,
        results: &mut dyn Results,
    ) -> Result<Option<Next>, SqlError> {
        Ok(Some(match &line.statement {
            Statement::If(condition, then, otherwise) => {
                let holds = self.holds(condition)?;
                self.run(if holds { then } else { otherwise }, results)
            }
            Statement::Block(lines) => self.run(lines, results),
            Statement::While(condition, lines) => {
                while self.holds(condition)? && !self.stopped {
                    match self.run(lines, results) {
                        Next::On | Next::Continue => {}
                        Next::Break => break,
                        other => return Ok(Some(other)),
                    }
                }
                Next::On
            }
            Statement::Break => Next::Break,
            Statement::Continue => Next::Continue,
            Statement::Return => Next::End,
            Statement::Try(tried, caught) => {
                self.trying += 1;
                let next = self.run(tried, results);
                self.trying -= 1;
                if next == Next::Caught { self.run(caught, results) } else { next }
            }
            _ => return Ok(None),
        }))
    }

    /// RAISERROR: a message up to severity 10, an error above.
    pub(super) fn raise(&mut self, said: &[Expr], results: &mut dyn Results) -> Result<(), SqlError> {
        let mut texts = Vec::new();
        for e in said {
            let (value, ty) = self.value(e)?;
            texts.push(if value == Value::Null { "(null)".to_owned() } else { self.as_text(&value, &ty)? });
        }
        let [message, severity, state, rest @ ..] = texts.as_slice() else {
            return Err(crate::query::error::syntax("RAISERROR"));
        };
        let severity: u8 = severity.parse().map_err(|_| unknown("this severity"))?;
        let state: u8 = state.parse().unwrap_or(1);
        let mut rest = rest.iter();
        let mut text = String::new();
        let mut parts = message.split('%');
        text.extend(parts.next());
        for part in parts {
            // %s, %d, %i, %u and widths; %% is not used by scripts.
            let at = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |i| i + 1);
            text += rest.next().map_or("(null)", String::as_str);
            text += &part[at..];
        }
        if severity <= 10 {
            self.say(text, results);
            return Ok(());
        }
        Err(SqlError { severity, state, ..error(50000, text) })
    }

    /// The error of a THROW.
    pub(super) fn thrown(&mut self, said: &[Expr]) -> Result<SqlError, SqlError> {
        if said.is_empty() {
            return self.caught.clone().map(|e| SqlError { line: 0, ..e }).ok_or_else(|| {
                error(10704, "To rethrow an error, a THROW statement must be used inside a CATCH block.")
            });
        }
        let [number, message, ..] = said else { return Err(crate::query::error::syntax("THROW")) };
        let (number, _) = self.value(number)?;
        let (message, ty) = self.value(message)?;
        let text = self.as_text(&message, &ty)?;
        let Value::Int(number) = number else { return Err(unknown("this number of an error")) };
        Ok(error(i32::try_from(number).unwrap_or(50000), text))
    }

    /// INSERT … SELECT, and VALUES with subqueries: the query is run whole, then its rows are written.
    pub(super) fn insert(&mut self, insert: &Insert) -> Result<u64, SqlError> {
        let (bound, env) = self.bind(&insert.query)?;
        let types: Vec<SqlType> = bound.columns.iter().map(|c| c.ty).collect();
        let mut all = Rows::default();
        self.stream(&bound, env, &mut all)?;
        if self.transactions > 0 {
            self.lite(WRITE, true)?;
        }
        let [.., name] = insert.target.as_slice() else { return Err(unknown("INSERT into nothing")) };
        if insert.target.len() > 2 {
            return Err(unknown("a name with a database in a statement that writes"));
        }
        let schema = insert.target.len().checked_sub(2).map(|i| insert.target[i].as_str());
        let place = (schema.filter(|s| !s.is_empty()), name.as_str());
        self.with_context(|x| crate::load::insert_rows(x, place, insert.columns.clone(), &types, all.rows))
    }
}

/// Keeps the rows of a result.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Vec<Value>>,
}

impl Results for Rows {
    fn columns(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, row: &[Value]) -> Flow {
        self.rows.push(row.to_vec());
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

/// Stops at the first error and keeps it.
#[derive(Default)]
struct FirstError(Option<SqlError>);

impl Results for FirstError {
    fn columns(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, _: &[Value]) -> Flow {
        Flow::Continue
    }
    fn done(&mut self, _: Option<u64>) -> Flow {
        Flow::Continue
    }
    fn info(&mut self, _: &SqlError) -> Flow {
        Flow::Continue
    }
    fn error(&mut self, e: &SqlError) -> Flow {
        self.0.get_or_insert_with(|| e.clone());
        Flow::Stop
    }
    fn env_change(&mut self, _: &EnvChange) -> Flow {
        Flow::Continue
    }
    fn order(&mut self, _: &[u16]) -> Flow {
        Flow::Continue
    }
}

/// Puts the values of `:setvar` in the place of `$(name)`, as sqlcmd does; the lines stay where they are.
fn with_variables(text: &str) -> Cow<'_, str> {
    let is = |line: &str| line.trim_start().get(..7).is_some_and(|w| w.eq_ignore_ascii_case(":setvar"));
    if !text.lines().any(is) {
        return Cow::Borrowed(text);
    }
    let mut known: Vec<(String, String)> = Vec::new();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if is(line) {
            let mut words = line.trim().splitn(3, char::is_whitespace).skip(1);
            let name = words.next().unwrap_or_default().to_owned();
            let value = words.next().unwrap_or_default().trim().trim_matches('"').to_owned();
            known.insert(0, (format!("$({name})"), value));
            out.push('\n');
            continue;
        }
        let mut line = line.to_owned();
        for (name, value) in &known {
            line = line.replace(name, value);
        }
        out += &line;
    }
    Cow::Owned(out)
}

/// Runs a script with GO lines in a session of its own, in the default database; stops at the first error, whose line is
/// that of the script.
pub(crate) fn script(engine: &Engine, text: &str) -> Result<(), SqlError> {
    let database = engine.default_database().to_owned();
    let mut session = EngineSession::open(engine.shared()?, database, "sa".to_owned(), 50)?;
    let text = with_variables(text);
    for batch in batches(&text) {
        for _ in 0..batch.count {
            let mut first = FirstError::default();
            session.batch(batch.text, &[], &mut first)?;
            if let Some(e) = first.0 {
                return Err(SqlError { line: e.line + batch.line - 1, ..e });
            }
        }
    }
    Ok(())
}
