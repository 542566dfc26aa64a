//! The engine's results as tokens: one [`Reply`] per batch or procedure call.

use super::output::{Outgoing, Output};
use super::tokens::{self, DONE_COUNT, DONE_ERROR, DONE_MORE, Done};
use super::type_info;
use super::value::Cell;
use crate::faults::{FaultId, FaultKind, Faults};
use crate::results::{EnvChange, Flow, Results, SqlError};
use crate::types::Column;
use crate::value::Value;

/// CurCmd of a SELECT.
const COMMAND_SELECT: u16 = 0xC1;

/// What must be known of the connection.
pub(crate) struct Context<'c> {
    pub(crate) database: String,
    pub(crate) faults: &'c Faults,
    pub(crate) restart: &'c dyn Fn(std::time::Duration),
}

pub(crate) struct Reply<'c> {
    out: &'c mut Output,
    context: Context<'c>,
    armed: Vec<(FaultId, FaultKind)>,
    /// DONE or, within a procedure call, DONEINPROC.
    kind: Done,
    cells: Vec<Cell>,
    /// The last statement's DONE, held back until it is known whether more follows.
    held: Option<(u16, u64)>,
    in_statement: bool,
    failed: bool,
    /// Any error at all: the return status of a procedure, and no replay.
    pub(crate) any_error: bool,
    /// A deadlock fault happened.
    pub(crate) deadlock: bool,
    /// Anything but rows: no replay either.
    pub(crate) changed_state: bool,
    /// Descriptor of the transaction that is open now, 0 for none; `None`: nothing changed.
    pub(crate) transaction: Option<u64>,
    pub(crate) result_sets: u32,
    rows: u64,
    pub(crate) total_rows: u64,
}

impl<'c> Reply<'c> {
    /// `text` is the batch, for the faults that look at it.
    pub(crate) fn new(out: &'c mut Output, context: Context<'c>, kind: Done, text: &str) -> Self {
        let armed = context.faults.armed(text);
        Self {
            out,
            context,
            armed,
            kind,
            cells: Vec::new(),
            held: None,
            in_statement: false,
            failed: false,
            any_error: false,
            deadlock: false,
            changed_state: false,
            transaction: None,
            result_sets: 0,
            rows: 0,
            total_rows: 0,
        }
    }

    /// Whether any fault may happen to this batch.
    pub(crate) fn has_faults(&self) -> bool {
        !self.armed.is_empty()
    }

    /// Faults of the whole batch, and those after zero rows. False: the batch is not to be run.
    pub(crate) fn begin(&mut self) -> bool {
        for (id, kind) in self.armed.clone() {
            if let FaultKind::Throttle { bytes_per_second } = kind
                && self.context.faults.happens(id)
            {
                self.out.throttle = Some(bytes_per_second.max(1));
            }
        }
        self.row_faults() == Flow::Continue
    }

    /// Ends the batch with its last DONE (true); writes nothing after an Attention, which has a DONE of its own.
    pub(crate) fn finish(mut self) -> bool {
        self.close_statement();
        if self.out.flow() == Flow::Stop {
            return false;
        }
        let (status, rows) = self.held.take().unwrap_or((0, 0));
        if self.kind == Done::Batch {
            self.put_done(status, rows);
            self.out.end();
        } else if status != 0 || self.result_sets > 0 {
            // Within a procedure DONEPROC comes last.
            self.put_done(status | DONE_MORE, rows);
        }
        true
    }

    fn put_done(&mut self, status: u16, rows: u64) {
        let command = if status & DONE_COUNT == 0 { 0 } else { COMMAND_SELECT };
        tokens::done(self.kind, status, command, rows, self.out.body());
    }

    /// A failed or silent statement that the engine did not end itself.
    fn close_statement(&mut self) {
        if self.in_statement || self.failed {
            self.hold(None);
        }
    }

    fn release_held(&mut self) {
        if let Some((status, rows)) = self.held.take() {
            self.put_done(status | DONE_MORE, rows);
        }
    }

    fn hold(&mut self, rows: Option<u64>) {
        self.release_held();
        let mut status = if rows.is_some() { DONE_COUNT } else { 0 };
        if self.failed {
            status |= DONE_ERROR;
        }
        self.held = Some((status, rows.unwrap_or(0)));
        (self.in_statement, self.failed) = (false, false);
    }

    /// Faults that happen after as many rows as there are now.
    #[cold]
    fn row_faults(&mut self) -> Flow {
        let written = self.out.written();
        let rows = self.rows;
        let due = self.armed.iter().position(|(_, kind)| match kind {
            FaultKind::TruncatedPacket { rows: n }
            | FaultKind::Stall { rows: n, .. }
            | FaultKind::EndlessMessages { rows: n }
            | FaultKind::Deadlock { rows: n }
            | FaultKind::Unexplained { rows: n }
            | FaultKind::Restart { rows: n, .. } => rows >= *n,
            FaultKind::ResetAfterBytes(n) => written >= *n,
            FaultKind::ResetAfterRows(_)
            | FaultKind::Throttle { .. }
            | FaultKind::LoginFailure
            | FaultKind::LoginThrottled
            | FaultKind::Routing { .. } => false,
        });
        let Some(due) = due else { return self.out.flow() };
        let (id, kind) = self.armed.swap_remove(due);
        if !self.context.faults.happens(id) {
            return self.row_faults();
        }
        tracing::info!(fault = ?kind, rows, "a fault happens");
        match kind {
            FaultKind::ResetAfterBytes(n) => {
                let surplus = usize::try_from(written - n).unwrap_or(0);
                let body = self.out.body();
                body.truncate(body.len().saturating_sub(surplus));
                self.out.flush();
                self.out.close(Outgoing::Reset);
            }
            FaultKind::TruncatedPacket { .. } => {
                self.out.truncate();
                self.out.close(Outgoing::Close);
            }
            FaultKind::Stall { time, .. } => {
                let released = self.context.faults.released();
                self.out.flush();
                let out = &*self.out;
                self.context.faults.stall(released, time, || out.flow() == Flow::Stop || out.is_abandoned());
                return self.row_faults();
            }
            FaultKind::EndlessMessages { .. } => {
                while self.out.flow() == Flow::Continue && !self.out.is_abandoned() {
                    tokens::message(&tokens::error(0, 0, "and so on"), self.out.body());
                    self.out.flush();
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            }
            FaultKind::Deadlock { .. } => {
                let text = "Transaction (Process ID 51) was deadlocked on lock resources with another process \
                            and has been chosen as the deadlock victim. Rerun the transaction.";
                let error = SqlError { state: 51, ..tokens::error(1205, 13, text) };
                let _ = self.error(&error);
                self.deadlock = true;
                return Flow::Stop;
            }
            FaultKind::Unexplained { .. } => {
                (self.failed, self.any_error) = (true, true);
                return Flow::Stop;
            }
            FaultKind::Restart { down, .. } => {
                self.out.flush();
                (self.context.restart)(down);
                self.out.close(Outgoing::Reset);
            }
            FaultKind::ResetAfterRows(_)
            | FaultKind::Throttle { .. }
            | FaultKind::LoginFailure
            | FaultKind::LoginThrottled
            | FaultKind::Routing { .. } => {}
        }
        self.out.flow()
    }

    /// Cuts the row that starts at `start` of the buffer in two and resets the connection, if that is due.
    #[cold]
    fn reset_inside_row(&mut self, start: usize) {
        let due = |k: &FaultKind| matches!(k, FaultKind::ResetAfterRows(n) if self.rows >= *n);
        let Some(at) = self.armed.iter().position(|(_, kind)| due(kind)) else { return };
        if self.context.faults.happens(self.armed.swap_remove(at).0) {
            let body = self.out.body();
            body.truncate(start + (body.len() - start) / 2);
            self.out.flush();
            self.out.close(Outgoing::Reset);
        }
    }

    fn write_row(&mut self, row: &[Value]) -> Result<(), usize> {
        let nulls = row.iter().zip(&self.cells).filter(|(v, _)| matches!(v, Value::Null));
        let saved: usize = nulls.map(|(_, cell)| cell.null_bytes()).sum();
        let bitmap = self.cells.len().div_ceil(8);
        let out = self.out.body();
        if saved <= bitmap {
            out.push(0xD1);
            for (at, (cell, value)) in self.cells.iter().zip(row).enumerate() {
                cell.write(value, out).map_err(|_| at)?;
            }
            return Ok(());
        }
        out.push(0xD2);
        let start = out.len();
        out.resize(start + bitmap, 0);
        for (at, (cell, value)) in self.cells.iter().zip(row).enumerate() {
            if matches!(value, Value::Null) {
                out[start + at / 8] |= 1 << (at % 8);
            } else {
                cell.write(value, out).map_err(|_| at)?;
            }
        }
        Ok(())
    }
}

impl Results for Reply<'_> {
    fn columns(&mut self, columns: &[Column]) -> Flow {
        self.close_statement();
        self.release_held();
        self.cells = columns.iter().map(Cell::new).collect();
        self.rows = 0;
        self.in_statement = true;
        self.result_sets += 1;
        type_info::column_metadata(columns, &self.context.database, self.out.body());
        self.out.pass()
    }

    #[inline]
    fn row(&mut self, row: &[Value]) -> Flow {
        if !self.armed.is_empty() && self.row_faults() == Flow::Stop {
            return Flow::Stop;
        }
        let before = self.out.body().len();
        let wrong = if row.len() == self.cells.len() { self.write_row(row).err() } else { Some(row.len()) };
        if let Some(at) = wrong {
            self.out.body().truncate(before);
            let text = format!("mssim: the value of result column {} does not fit its type", at + 1);
            let _ = self.error(&tokens::error(50999, 16, text));
            return Flow::Stop;
        }
        if !self.armed.is_empty() {
            self.reset_inside_row(before);
        }
        self.rows += 1;
        self.total_rows += 1;
        self.out.pass()
    }

    fn done(&mut self, rows: Option<u64>) -> Flow {
        if self.deadlock {
            // The victim's DONE comes after the news of its transaction.
            return Flow::Stop;
        }
        self.hold(rows);
        self.out.pass()
    }

    fn info(&mut self, message: &SqlError) -> Flow {
        self.release_held();
        tokens::message(message, self.out.body());
        self.out.pass()
    }

    fn error(&mut self, error: &SqlError) -> Flow {
        if self.out.flow() == Flow::Stop {
            // A statement that an Attention ended has no error: DONE says it.
            return Flow::Stop;
        }
        if self.failed {
            self.close_statement();
        }
        self.release_held();
        // Whatever severity the engine gives, this is an ERROR token.
        let error = SqlError { severity: error.severity.max(11), ..error.clone() };
        tokens::message(&error, self.out.body());
        (self.failed, self.any_error) = (true, true);
        self.out.pass()
    }

    fn env_change(&mut self, change: &EnvChange) -> Flow {
        self.release_held();
        self.changed_state = true;
        match change {
            EnvChange::BeginTransaction(id) => self.transaction = Some(*id),
            EnvChange::CommitTransaction(_) | EnvChange::RollbackTransaction(_) => self.transaction = Some(0),
            EnvChange::Database { .. } => {}
        }
        if let EnvChange::Database { to, .. } = change {
            self.context.database.clone_from(to);
        }
        tokens::env_change(change, self.out.body());
        if let EnvChange::Database { to, .. } = change {
            let text = format!("Changed database context to '{to}'.");
            tokens::message(&SqlError { state: 2, ..tokens::error(5701, 10, text) }, self.out.body());
        }
        self.out.pass()
    }

    fn order(&mut self, columns: &[u16]) -> Flow {
        tokens::order(columns, self.out.body());
        self.out.pass()
    }
}
