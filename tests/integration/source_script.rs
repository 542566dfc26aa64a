//! A backend with fixed answers, for tests of the wire alone.

use mssim::results::{Backend, EnvChange, Flow, Login, Parameter, Results, Session, SqlError};
use mssim::types::{Column, Len, SqlType};
use mssim::value::Value;

/// Knows the user `reader` with the password `secret`, the database `shop`, and the statements of [`Scripted::batch`].
#[derive(Default)]
pub(crate) struct Script;

struct Scripted {
    transaction: bool,
}

fn error(number: i32, severity: u8, message: &str) -> SqlError {
    SqlError { number, state: 1, severity, message: message.to_owned(), line: 1 }
}

impl Backend for Script {
    fn login(&self, login: &Login) -> Result<Box<dyn Session>, SqlError> {
        if (login.user.as_str(), login.password.as_str()) != ("reader", "secret") {
            return Err(error(18456, 14, &format!("Login failed for user '{}'.", login.user)));
        }
        if login.database != "shop" {
            return Err(error(4060, 11, &format!("Cannot open database \"{}\".", login.database)));
        }
        Ok(Box::new(Scripted { transaction: false }))
    }
}

impl Session for Scripted {
    fn database(&self) -> &str {
        "shop"
    }

    fn batch(&mut self, sql: &str, _: &[Parameter], results: &mut dyn Results) -> Result<(), SqlError> {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let _ = match words.as_slice() {
            ["SELECT", "1"] => rows(results, &[column("one", SqlType::Int)], 1, |_| vec![Value::Int(1)]),
            ["SELECT", "name"] => {
                let columns = [column("name", SqlType::NVarChar(Len::Limited(128)))];
                rows(results, &columns, 1, |_| vec![Value::Text("Größe".into())])
            }
            ["SELECT", "number", count, ..] => {
                let columns = [column("n", SqlType::Int), column("filler", SqlType::Binary(100))];
                rows(results, &columns, count.parse().unwrap(), |n| {
                    vec![Value::Int(n), Value::Bytes(vec![7; 100])]
                })
            }
            ["FAIL", number] => results.error(&error(number.parse().unwrap(), 14, "as told")),
            ["BEGIN", "TRANSACTION"] => {
                self.transaction = true;
                let _ = results.env_change(&EnvChange::BeginTransaction(0x0102_0304_0506_0708));
                results.done(None)
            }
            ["COMMIT", "TRANSACTION"] if self.transaction => {
                self.transaction = false;
                let _ = results.env_change(&EnvChange::CommitTransaction(0x0102_0304_0506_0708));
                results.done(None)
            }
            ["SET", ..] | ["--", ..] => results.done(None),
            _ => results.error(&error(102, 15, "Incorrect syntax.")),
        };
        Ok(())
    }

    fn reset(&mut self) {
        self.transaction = false;
    }
}

fn column(name: &str, ty: SqlType) -> Column {
    let text = matches!(ty, SqlType::NVarChar(_));
    let collation = text.then_some(mssim::collation::DEFAULT);
    Column { name: name.to_owned(), ty, nullable: false, collation, identity: false, computed: false }
}

fn rows(results: &mut dyn Results, columns: &[Column], count: i64, row: impl Fn(i64) -> Vec<Value>) -> Flow {
    if results.columns(columns) == Flow::Stop {
        return Flow::Stop;
    }
    for n in 0..count {
        if results.row(&row(n)) == Flow::Stop {
            return Flow::Stop;
        }
    }
    results.done(u64::try_from(count).ok())
}
