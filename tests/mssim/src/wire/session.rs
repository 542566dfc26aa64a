//! The session's thread: takes whole requests, runs them on the engine, writes replies.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::output::{Outgoing, Output};
use super::packet::{self, Message};
use super::read::Reader;
use super::reply::{Context, Reply};
use super::rpc::{self, Call};
use super::tokens::{self, DONE_ATTENTION, DONE_ERROR, DONE_MORE, Done};
use crate::codepage;
use crate::faults::{self, FaultCommand};
use crate::replay::Key;
use crate::results::{EnvChange, Flow, Parameter, Results, Session, SqlError};
use crate::server::Shared;
use crate::types::Column;
use crate::value::Value;

/// One connection's requests and what they need.
pub(crate) struct Requests {
    pub(crate) shared: Arc<Shared>,
    pub(crate) session: Box<dyn Session>,
    pub(crate) output: Output,
    pub(crate) cancelled: Arc<AtomicBool>,
    pub(crate) packet_size: usize,
    pub(crate) prepared: HashMap<i32, Prepared>,
    pub(crate) last_handle: i32,
    /// Descriptor of the open transaction, as the client was told; 0 for none.
    pub(crate) transaction: u64,
}

/// A statement of `sp_prepare`.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    sql: String,
    names: Vec<String>,
}

/// The results of a statement of which only changes of the session's state are seen.
struct Changes<'r, 'c>(&'r mut Reply<'c>);

impl Results for Changes<'_, '_> {
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
    fn error(&mut self, error: &SqlError) -> Flow {
        tracing::error!(%error, "the victim of a deadlock keeps its transaction");
        Flow::Continue
    }
    fn env_change(&mut self, change: &EnvChange) -> Flow {
        self.0.env_change(change)
    }
    fn order(&mut self, _: &[u16]) -> Flow {
        Flow::Continue
    }
}

impl Requests {
    /// Answers requests until the client or a fatal error ends the connection.
    pub(crate) fn run(mut self, mut requests: mpsc::Receiver<Message>) {
        while let Some(message) = requests.blocking_recv() {
            self.output.start(false);
            if let Err(fatal) = self.answer(&message) {
                self.fail(&fatal);
                self.output.close(Outgoing::Close);
            }
            if self.output.is_closed() {
                return;
            }
        }
    }

    fn answer(&mut self, message: &Message) -> Result<(), SqlError> {
        if message.kind == packet::ATTENTION {
            // The reply that it stopped, if any, ends here.
            self.cancelled.store(false, Ordering::Relaxed);
            self.shared.stats.attentions.fetch_add(1, Ordering::Relaxed);
            tokens::done(Done::Batch, DONE_ATTENTION, 0, 0, self.output.body());
            self.output.end();
            return Ok(());
        }
        if message.status & packet::IGNORE != 0 {
            return Ok(());
        }
        if message.status & packet::RESET != 0 {
            self.session.reset();
            self.prepared.clear();
            self.transaction = 0;
            tokens::env_reset(self.output.body());
        }
        let malformed = |e: std::io::Error| tokens::error(4002, 20, format!("malformed request: {e}"));
        if matches!(message.kind, packet::SQL_BATCH | packet::RPC | packet::TRANSACTION) {
            let named = Reader::new(&message.body).all_headers().map_err(malformed)?;
            if let Some(refused) = self.check_transaction(named.unwrap_or(0)) {
                self.fail(&refused);
                return Ok(());
            }
        }
        match message.kind {
            packet::SQL_BATCH => {
                let mut reader = Reader::new(&message.body);
                reader.all_headers().map_err(malformed)?;
                let sql = String::from_utf8_lossy(&codepage::decode_utf16(reader.rest())).into_owned();
                self.batch(&sql)
            }
            packet::RPC => match rpc::decode(&message.body) {
                Ok(calls) => self.calls(calls),
                Err(e) => {
                    self.fail(&tokens::error(
                        8016,
                        16,
                        format!("The incoming remote procedure call is not understood: {e}"),
                    ));
                    Ok(())
                }
            },
            packet::TRANSACTION => self.transaction(&message.body).map_err(malformed)?,
            packet::BULK_LOAD => {
                self.fail(&tokens::error(50999, 16, "mssim: bulk load is not supported"));
                Ok(())
            }
            other => Err(tokens::error(
                4002,
                20,
                format!("mssim: packets of type 0x{other:02X} are not supported"),
            )),
        }
    }

    /// One error and the end of the message.
    pub(super) fn fail(&mut self, error: &SqlError) {
        tokens::message(error, self.output.body());
        tokens::done(Done::Batch, DONE_ERROR, 0, 0, self.output.body());
        self.output.end();
    }

    fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        self.shared.stats.batch(sql);
        if let Some(command) = faults::command(sql) {
            self.fault_command(command);
            return Ok(());
        }
        let key = self.shared.replay_wanted().then(|| Key {
            sql: sql.to_owned(),
            packet_size: self.packet_size,
            database: self.session.database().to_owned(),
        });
        let mut record = false;
        if let Some(key) = &key {
            if let Some(reply) = self.shared.replay.find(key)
                && self.shared.faults.armed(sql).is_empty()
            {
                self.output.replay(reply);
                return Ok(());
            }
            record = true;
        }
        // A pending RESETCONNECTION acknowledgement belongs to this reply alone.
        record &= self.output.body().is_empty();
        self.output.start(record);
        let outcome = self.execute(Done::Batch, sql, &[])?;
        if let (true, Some(key), Some(reply)) = (outcome.repeatable, key, self.output.recorded()) {
            self.shared.replay.keep(key, reply);
        }
        Ok(())
    }

    /// Runs one statement and writes its reply; a batch's message is ended, a procedure's is not.
    pub(super) fn execute(
        &mut self,
        kind: Done,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Outcome, SqlError> {
        let shared = Arc::clone(&self.shared);
        let restart = |down| shared.restart(down);
        let context = Context {
            database: self.session.database().to_owned(),
            faults: &shared.faults,
            restart: &restart,
        };
        let mut reply = Reply::new(&mut self.output, context, kind, sql);
        let faults = reply.has_faults();
        let run = !faults || reply.begin();
        let result = if run { self.session.batch(sql, parameters, &mut reply) } else { Ok(()) };
        if let Err(fatal) = &result {
            let _ = reply.error(fatal);
        }
        if reply.deadlock {
            // The victim's transaction is gone on a real server, and the client is told so.
            let rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";
            self.session.batch(rollback, &[], &mut Changes(&mut reply))?;
        }
        self.transaction = reply.transaction.unwrap_or(self.transaction);
        let outcome = Outcome {
            repeatable: !faults && !reply.any_error && !reply.changed_state && reply.result_sets > 0,
            failed: reply.any_error,
        };
        // Before the client knows that the batch has ended.
        shared.stats.rows.fetch_add(reply.total_rows, Ordering::Relaxed);
        let finished = reply.finish();
        if result.is_err() {
            if kind != Done::Batch {
                self.output.end();
            }
            self.output.close(Outgoing::Close);
        }
        Ok(Outcome { repeatable: outcome.repeatable && finished, ..outcome })
    }

    fn fault_command(&mut self, command: Result<FaultCommand, String>) {
        match command {
            Err(text) => return self.fail(&tokens::error(50998, 16, format!("mssim_fault: {text}"))),
            Ok(FaultCommand::Clear) => self.shared.faults.clear(),
            Ok(FaultCommand::Release) => self.shared.faults.release(),
            Ok(FaultCommand::Set(fault)) => {
                self.shared.faults.set(fault);
            }
        }
        tokens::done(Done::Batch, 0, 0, 0, self.output.body());
        self.output.end();
    }

    fn calls(&mut self, calls: Vec<Call>) -> Result<(), SqlError> {
        let last = calls.len().saturating_sub(1);
        for (at, call) in calls.into_iter().enumerate() {
            let handle_name = call.parameters.first().map(|p| p.name.clone()).unwrap_or_default();
            let (status, handle) = match self.call(call) {
                Ok(done) => done,
                Err(Refused::Fatal(error)) => return Err(error),
                Err(Refused::Call(error)) => {
                    tokens::message(&error, self.output.body());
                    (error.number, None)
                }
            };
            if self.output.is_closed() || self.output.flow() == Flow::Stop {
                return Ok(());
            }
            let body = self.output.body();
            tokens::return_status(status, body);
            if let Some(handle) = handle {
                tokens::return_handle(0, &handle_name, handle, body);
            }
            let failed = if status == 0 { 0 } else { DONE_ERROR };
            let more = if at == last { 0 } else { DONE_MORE };
            tokens::done(Done::Procedure, failed | more, 0xE0, 0, body);
        }
        self.output.end();
        Ok(())
    }

    /// Return status and, from `sp_prepare`, the handle.
    fn call(&mut self, call: Call) -> Result<(i32, Option<i32>), Refused> {
        let mut parameters = call.parameters.into_iter();
        match call.procedure.as_str() {
            "sp_executesql" => {
                let sql = text(parameters.next())?;
                let definition = optional_text(parameters.next())?;
                let status = self.statement(&sql, &rpc::names(&definition), parameters.collect())?;
                Ok((status, None))
            }
            "sp_prepare" | "sp_prepexec" => {
                parameters.next();
                let definition = optional_text(parameters.next())?;
                let prepared = Prepared { sql: text(parameters.next())?, names: rpc::names(&definition) };
                self.last_handle += 1;
                self.prepared.insert(self.last_handle, prepared.clone());
                let status = if call.procedure == "sp_prepexec" {
                    self.statement(&prepared.sql, &prepared.names, parameters.collect())?
                } else {
                    0
                };
                Ok((status, Some(self.last_handle)))
            }
            "sp_execute" => {
                let handle = handle(parameters.next())?;
                let missing = format!("Could not find prepared statement with handle {handle}.");
                let prepared = self.prepared.get(&handle).cloned();
                let prepared = prepared.ok_or_else(|| refused(8179, missing))?;
                Ok((self.statement(&prepared.sql, &prepared.names, parameters.collect())?, None))
            }
            "sp_unprepare" => {
                self.prepared.remove(&handle(parameters.next())?);
                Ok((0, None))
            }
            "sp_reset_connection" => {
                self.session.reset();
                self.transaction = 0;
                Ok((0, None))
            }
            cursor if cursor.starts_with("sp_cursor") => {
                Err(refused(50999, format!("mssim: server cursors ({cursor}) are not supported")))
            }
            other => Err(refused(2812, format!("Could not find stored procedure '{other}'."))),
        }
    }

    fn statement(&mut self, sql: &str, names: &[String], mut values: Vec<Parameter>) -> Result<i32, Refused> {
        self.shared.stats.batch(sql);
        for (value, name) in values.iter_mut().zip(names) {
            if value.name.is_empty() {
                value.name.clone_from(name);
            }
        }
        let outcome = self.execute(Done::InProcedure, sql, &values).map_err(Refused::Fatal)?;
        Ok(if outcome.failed { -6 } else { 0 })
    }
}

/// How a statement went.
pub(super) struct Outcome {
    repeatable: bool,
    failed: bool,
}

enum Refused {
    /// The connection ends.
    Fatal(SqlError),
    /// The call failed.
    Call(SqlError),
}

fn refused(number: i32, message: String) -> Refused {
    Refused::Call(tokens::error(number, 16, message))
}

fn text(parameter: Option<Parameter>) -> Result<String, Refused> {
    match parameter.map(|p| p.value) {
        Some(Value::Text(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
        _ => Err(refused(
            214,
            "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.".to_owned(),
        )),
    }
}

fn optional_text(parameter: Option<Parameter>) -> Result<String, Refused> {
    match parameter {
        None | Some(Parameter { value: Value::Null, .. }) => Ok(String::new()),
        some => text(some),
    }
}

fn handle(parameter: Option<Parameter>) -> Result<i32, Refused> {
    match parameter.map(|p| p.value) {
        Some(Value::Int(handle)) => Ok(i32::try_from(handle).unwrap_or(0)),
        _ => Err(refused(214, "Procedure expects parameter '@handle' of type 'int'.".to_owned())),
    }
}
