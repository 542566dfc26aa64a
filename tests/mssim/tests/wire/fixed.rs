//! A backend without an engine: numbered rows, as many as a batch asks for, and transactions that do nothing.

use mssim::results::{Backend, EnvChange, Flow, Login, Parameter, Results, Session, SqlError};
use mssim::types::{Column, SqlType};
use mssim::value::Value;

use super::client::{PASSWORD, USER};

pub(crate) struct Fixed;

fn error(number: i32, severity: u8, message: &str) -> SqlError {
    SqlError { number, state: 1, severity, message: message.to_owned(), line: 1 }
}

impl Backend for Fixed {
    fn login(&self, login: &Login) -> Result<Box<dyn Session>, SqlError> {
        if (login.user.as_str(), login.password.as_str()) != (USER, PASSWORD) {
            return Err(error(18456, 14, &format!("Login failed for user '{}'.", login.user)));
        }
        Ok(Box::new(FixedSession { transaction: None }))
    }
}

struct FixedSession {
    transaction: Option<u64>,
}

impl Session for FixedSession {
    fn database(&self) -> &str {
        "matrix"
    }

    fn batch(&mut self, sql: &str, _: &[Parameter], results: &mut dyn Results) -> Result<(), SqlError> {
        if let Some(count) = sql.strip_prefix("SELECT n FROM dbo.numbers WHERE n <= ") {
            numbers(count.trim().parse().unwrap_or(0), results);
        } else if sql.contains("dbo.missing") {
            let _ = results.error(&error(208, 16, "Invalid object name 'dbo.missing'."));
            let _ = results.done(None);
        } else if sql.ends_with("BEGIN TRANSACTION") {
            self.transaction = Some(7);
            let _ = results.env_change(&EnvChange::BeginTransaction(7));
            let _ = results.done(None);
        } else if sql.ends_with("COMMIT TRANSACTION") {
            let _ = results.env_change(&EnvChange::CommitTransaction(self.transaction.take().unwrap_or(0)));
            let _ = results.done(None);
        } else {
            let _ = results.done(None);
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.transaction = None;
    }
}

fn numbers(count: i64, results: &mut dyn Results) {
    let column = Column {
        name: "n".to_owned(),
        ty: SqlType::BigInt,
        nullable: false,
        collation: None,
        identity: false,
        computed: false,
    };
    if results.columns(&[column]) == Flow::Stop {
        return;
    }
    for n in 1..=count {
        if results.row(&[Value::Int(n)]) == Flow::Stop {
            return;
        }
    }
    let _ = results.done(Some(count.unsigned_abs()));
}
