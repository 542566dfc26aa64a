//! Source against target without a line of shardferry: values straight from the test server's engine, texts from
//! PostgreSQL, compared as sorted rows.

use super::World;
use jiff::civil::{Date, date};
use mssim::results::{Backend, EnvChange, Flow, Login, Results, SqlError};
use mssim::session::EngineBackend;
use mssim::types::{Column, SqlType};
use mssim::value::Value;
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) type Row = Vec<Option<String>>;

/// Collects the rows of one result as PostgreSQL writes their values.
#[derive(Default)]
struct Collected {
    types: Vec<SqlType>,
    rows: Vec<Row>,
    error: Option<String>,
}

impl Results for Collected {
    fn columns(&mut self, columns: &[Column]) -> Flow {
        self.types = columns.iter().map(|column| column.ty).collect();
        Flow::Continue
    }

    fn row(&mut self, row: &[Value]) -> Flow {
        self.rows.push(self.types.iter().zip(row).map(|(ty, value)| text(*ty, value)).collect());
        Flow::Continue
    }

    fn done(&mut self, _rows: Option<u64>) -> Flow {
        Flow::Continue
    }

    fn info(&mut self, _message: &SqlError) -> Flow {
        Flow::Continue
    }

    fn error(&mut self, error: &SqlError) -> Flow {
        self.error = Some(error.to_string());
        Flow::Stop
    }

    fn env_change(&mut self, _change: &EnvChange) -> Flow {
        Flow::Continue
    }

    fn order(&mut self, _columns: &[u16]) -> Flow {
        Flow::Continue
    }
}

fn day(days: i32, epoch: Date) -> Date {
    epoch.checked_add(jiff::Span::new().days(i64::from(days))).unwrap()
}

/// Microseconds of a day as `HH:MM:SS[.ffffff]`, without trailing zeros.
fn clock(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if !micros.is_multiple_of(1_000_000) {
        text.push_str(format!(".{:06}", micros % 1_000_000).trim_end_matches('0'));
    }
    text
}

fn decimal(unscaled: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs().to_string(), width = scale + 1);
    let sign = if unscaled < 0 { "-" } else { "" };
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A value as PostgreSQL's text output shows it (ISO dates, UTC, hex bytea); None is NULL.
fn text(ty: SqlType, value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bit(bit) => if *bit { "t" } else { "f" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(unscaled) => match ty {
            SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => decimal(*unscaled, scale),
            _ => decimal(*unscaled, 4),
        },
        Value::Real(number) => format!("{number:?}"),
        Value::Float(number) => format!("{number:?}"),
        Value::Date(days) => day(*days, date(1, 1, 1)).to_string(),
        Value::Time(ticks) => clock(ticks / 10),
        Value::DateTime { days, ticks } => {
            // Three hundredths of a second, which SQL Server shows as .000, .003, .007.
            let millis = (u64::from(*ticks) * 10 + 1) / 3;
            format!("{} {}", day(*days, date(1900, 1, 1)), clock(millis * 1000))
        }
        Value::DateTime2 { days, ticks } => format!("{} {}", day(*days, date(1, 1, 1)), clock(ticks / 10)),
        Value::DateTimeOffset { days, ticks, .. } => {
            format!("{} {}+00", day(*days, date(1, 1, 1)), clock(ticks / 10))
        }
        Value::Text(bytes) => {
            let text = String::from_utf8(bytes.clone()).unwrap();
            if fixed(ty) { text.trim_end_matches(' ').to_owned() } else { text }
        }
        Value::Bytes(bytes) => bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Value::Guid(b) => {
            let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
            let mut text = String::new();
            for (place, at) in order.into_iter().enumerate() {
                if [4, 6, 8, 10].contains(&place) {
                    text.push('-');
                }
                let _ = write!(text, "{:02x}", b[at]);
            }
            text
        }
        Value::Variant(..) => panic!("sql_variant is not copied"),
    })
}

const fn fixed(ty: SqlType) -> bool {
    matches!(ty, SqlType::Char(_) | SqlType::NChar(_))
}

/// A text of PostgreSQL in the form that [`text`] has.
fn canonical(ty: SqlType, value: Option<String>) -> Option<String> {
    let value = value?;
    Some(match ty {
        SqlType::Real => format!("{:?}", value.parse::<f32>().unwrap()),
        SqlType::Float => format!("{:?}", value.parse::<f64>().unwrap()),
        _ if fixed(ty) => value.trim_end_matches(' ').to_owned(),
        _ => value,
    })
}

impl World {
    /// What a SELECT gives in the source, and the types of its columns.
    pub(crate) fn source(&self, sql: &str) -> (Vec<SqlType>, Vec<Row>) {
        let login = Login {
            user: "sa".to_owned(),
            password: "Passw0rd!".to_owned(),
            database: String::new(),
            host: String::new(),
            application: "harness".to_owned(),
        };
        let mut session = EngineBackend::new(Arc::clone(&self.engine)).login(&login).unwrap();
        let mut collected = Collected::default();
        session.batch(sql, &[], &mut collected).unwrap();
        assert_eq!(collected.error, None, "{sql}");
        (collected.types, collected.rows)
    }

    /// Every table of the source is in the plan, and in the target with the same rows. Returns the number of rows.
    #[track_caller]
    pub(crate) fn assert_equal(&self) -> u64 {
        let plan = self.object("plan.json").unwrap();
        let tables = plan["tables"].as_array().unwrap();
        let catalog = self.engine.catalog(self.engine.default_database()).unwrap();
        assert_eq!(tables.len(), catalog.tables.len(), "tables of the plan and of the source");
        assert!(!tables.is_empty(), "there is nothing to compare");
        tables.iter().map(|table| self.compare(table)).sum()
    }

    /// One table of the plan, as `schema.name` of the source: the same rows on both sides. Returns their number.
    #[track_caller]
    pub(crate) fn assert_table_equal(&self, name: &str) -> u64 {
        let plan = self.object("plan.json").unwrap();
        let wanted = |table: &&serde_json::Value| {
            name == format!(
                "{}.{}",
                table["source"]["schema"].as_str().unwrap(),
                table["source"]["name"].as_str().unwrap()
            )
        };
        self.compare(plan["tables"].as_array().unwrap().iter().find(wanted).unwrap())
    }

    /// The rows of a table of the plan in the source and in the target, each sorted.
    pub(super) fn both(&self, table: &serde_json::Value) -> (Vec<Row>, Vec<Row>) {
        let part = |side: &str, what: &str| table[side][what].as_str().unwrap().to_owned();
        let quoted = |name: &str, open: &str, close: &str| {
            format!("{open}{}{close}", name.replace(close, &close.repeat(2)))
        };
        let list = |side: &str, open: &str, close: &str| {
            let column = |column: &serde_json::Value| quoted(column[side].as_str().unwrap(), open, close);
            table["columns"].as_array().unwrap().iter().map(column).collect::<Vec<_>>().join(", ")
        };
        let (schema, name) =
            (quoted(&part("source", "schema"), "[", "]"), quoted(&part("source", "name"), "[", "]"));
        let (types, mut there) =
            self.source(&format!("SELECT {} FROM {schema}.{name}", list("source", "[", "]")));
        let (target_schema, target_name) =
            (quoted(&part("target", "schema"), "\"", "\""), quoted(&part("target", "name"), "\"", "\""));
        let mut here: Vec<Row> = self
            .target(&format!(
                "SET TimeZone = 'UTC'; SELECT {} FROM {target_schema}.{target_name}",
                list("target", "\"", "\"")
            ))
            .into_iter()
            .map(|row| types.iter().zip(row).map(|(ty, value)| canonical(*ty, value)).collect())
            .collect();
        there.sort();
        here.sort();
        (there, here)
    }

    #[track_caller]
    fn compare(&self, table: &serde_json::Value) -> u64 {
        let (there, here) = self.both(table);
        let part = |what: &str| table["source"][what].as_str().unwrap();
        let (schema, name) = (part("schema"), part("name"));
        assert_eq!(there.len(), here.len(), "rows of {schema}.{name}");
        for (there, here) in there.iter().zip(&here) {
            assert_eq!(there, here, "a row of {schema}.{name}");
        }
        u64::try_from(here.len()).unwrap()
    }
}
