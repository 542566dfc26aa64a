//! A backend with fixed answers, for tests of the wire alone.

use mssim::results::{Backend, EnvChange, Flow, Login, Parameter, Results, Session, SqlError};
use mssim::types::{Column, Len, SqlType};
use mssim::value::Value;

/// An answer to a catalog query: a piece of the query's text, and rows (texts as SQL Server would print them) or an
/// error number.
#[derive(Clone)]
pub(crate) struct Answer(pub(crate) &'static str, pub(crate) Result<Vec<Vec<Option<&'static str>>>, i32>);

/// Knows the user `reader` with the password `secret`, the database `shop`, the statements of [`Scripted::batch`], and
/// of the catalog what it is given: the first answer that fits, else no rows.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) catalog: Vec<Answer>,
}

struct Scripted {
    transaction: bool,
    catalog: Vec<Answer>,
}

impl Scripted {
    fn catalog(&self, sql: &str, results: &mut dyn Results) -> Flow {
        let answer = self.catalog.iter().find(|answer| sql.contains(answer.0));
        let answer = match answer.map(|answer| answer.1.clone()).unwrap_or(Ok(Vec::new())) {
            Ok(answer) => answer,
            Err(number) => return results.error(&error(number, 14, "as told")),
        };
        let columns = converted_columns(sql);
        let value = |ty: SqlType, text: Option<&str>| match (ty, text) {
            (_, None) => Value::Null,
            (SqlType::Int | SqlType::BigInt, Some(text)) => Value::Int(text.parse().unwrap()),
            (_, Some(text)) => Value::Text(text.into()),
        };
        let count = i64::try_from(answer.len()).unwrap();
        rows(results, &columns, count, |n| {
            let row = &answer[usize::try_from(n).unwrap()];
            assert_eq!(row.len(), columns.len(), "{sql}");
            columns.iter().zip(row).map(|(column, text)| value(column.ty, *text)).collect()
        })
    }
}

/// The columns of `SELECT CONVERT(type, …) AS name, …`.
fn converted_columns(sql: &str) -> Vec<Column> {
    let code: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).map(str::trim).collect();
    let code = code.join("\n");
    let list = code.split("\nFROM ").next().unwrap().strip_prefix("SELECT ").unwrap();
    let one = |item: &str| {
        let (expression, name) = item.rsplit_once(" AS ").unwrap();
        let ty = match expression {
            e if e.starts_with("CONVERT(int,") => SqlType::Int,
            e if e.starts_with("CONVERT(bigint,") => SqlType::BigInt,
            e if e.starts_with("CONVERT(nvarchar(max),") => SqlType::NVarChar(Len::Max),
            _ => SqlType::NVarChar(Len::Limited(256)),
        };
        Column { nullable: true, ..column(name, ty) }
    };
    list.split(",\n").map(one).collect()
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
        Ok(Box::new(Scripted { transaction: false, catalog: self.catalog.clone() }))
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
            ["SET", ..] | ["--", "What", "every", "session", ..] => results.done(None),
            ["--", ..] => self.catalog(sql, results),
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
