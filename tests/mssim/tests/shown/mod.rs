//! A session whose results are shown as lines of text.

use std::sync::Arc;

use mssim::engine::{Engine, EngineOptions};
use mssim::results::{Backend, EnvChange, Flow, Login, Results, Session, SqlError};
use mssim::session::EngineBackend;
use mssim::types::Column;
use mssim::value::Value;

pub(crate) struct Shown {
    session: Box<dyn Session>,
}

#[derive(Default)]
struct Lines {
    rows: Vec<String>,
    errors: Vec<i32>,
    said: Vec<String>,
}

impl Results for Lines {
    fn columns(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, row: &[Value]) -> Flow {
        self.rows.push(row.iter().map(text).collect::<Vec<_>>().join("|"));
        Flow::Continue
    }
    fn done(&mut self, _: Option<u64>) -> Flow {
        Flow::Continue
    }
    fn info(&mut self, message: &SqlError) -> Flow {
        self.said.push(message.message.clone());
        Flow::Continue
    }
    fn error(&mut self, error: &SqlError) -> Flow {
        self.errors.push(error.number);
        self.said.push(error.message.clone());
        Flow::Continue
    }
    fn env_change(&mut self, _: &EnvChange) -> Flow {
        Flow::Continue
    }
    fn order(&mut self, _: &[u16]) -> Flow {
        Flow::Continue
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(b) => u8::from(*b).to_string(),
        Value::Int(i) => i.to_string(),
        Value::Text(t) => String::from_utf8_lossy(t).into_owned(),
        Value::Variant(_, inner) => text(inner),
        other => format!("{other:?}"),
    }
}

#[expect(clippy::unwrap_used, reason = "a test that cannot set up its server has failed")]
impl Shown {
    pub(crate) fn new(script: &str) -> Self {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        engine.load_script(script).unwrap();
        let login = Login {
            user: "sa".into(),
            password: "Passw0rd!".into(),
            database: String::new(),
            application: String::new(),
            host: String::new(),
        };
        let session = EngineBackend::new(Arc::clone(&engine)).login(&login).unwrap();
        Self { session }
    }

    fn run(&mut self, sql: &str) -> Lines {
        let mut lines = Lines::default();
        self.session.batch(sql, &[], &mut lines).unwrap();
        lines
    }

    /// The rows of a batch that must not fail.
    pub(crate) fn rows(&mut self, sql: &str) -> Vec<String> {
        let lines = self.run(sql);
        assert!(lines.errors.is_empty(), "{sql}: {:?}", lines.said);
        lines.rows
    }

    /// The number of the first error of a batch; 0 for none.
    pub(crate) fn error(&mut self, sql: &str) -> i32 {
        self.run(sql).errors.first().copied().unwrap_or(0)
    }

    pub(crate) fn said(&mut self, sql: &str) -> Vec<String> {
        self.run(sql).said
    }
}
