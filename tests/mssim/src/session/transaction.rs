//! Transactions of a session, over SQLite's.

use crate::query::error::error;
use crate::results::{EnvChange, Flow, Results, SqlError};

use super::{EngineSession, Isolation};

/// Starts a transaction that holds the write lock of the database; BEGIN IMMEDIATE would lock the file of the system
/// views as well, which others must still be able to bring up to date.
pub(super) const WRITE: &str = "BEGIN DEFERRED; PRAGMA main.user_version = 1";

impl EngineSession {
    pub(super) fn begin(&mut self, results: &mut dyn Results) -> Result<(), SqlError> {
        if self.transactions == 0 {
            if self.isolation != Isolation::ReadCommitted {
                self.lite("BEGIN DEFERRED", true)?;
            }
            self.descriptor += 1;
            let flow = results.env_change(&EnvChange::BeginTransaction(self.descriptor));
            self.stopped |= flow == Flow::Stop;
        }
        self.transactions += 1;
        Ok(())
    }

    pub(super) fn commit(&mut self, results: &mut dyn Results) -> Result<(), SqlError> {
        match self.transactions {
            0 => {
                return Err(error(
                    3902,
                    "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
                ));
            }
            1 => {
                self.end_transaction(true);
                let flow = results.env_change(&EnvChange::CommitTransaction(self.descriptor));
                self.stopped |= flow == Flow::Stop;
            }
            _ => self.transactions -= 1,
        }
        Ok(())
    }

    pub(super) fn rollback(&mut self, name: Option<&str>, results: &mut dyn Results) -> Result<(), SqlError> {
        if self.transactions == 0 {
            return Err(error(
                3903,
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
            ));
        }
        // A name is that of a savepoint if there is one, else that of the transaction.
        if let Some(name) = name
            && self.lite(&format!("ROLLBACK TO {}", crate::catalog::quote(name)), false).is_ok()
        {
            return Ok(());
        }
        self.end_transaction(false);
        let flow = results.env_change(&EnvChange::RollbackTransaction(self.descriptor));
        self.stopped |= flow == Flow::Stop;
        Ok(())
    }

    /// Ends SQLite's transaction, if one is open, and ours.
    pub(super) fn end_transaction(&mut self, commit: bool) {
        self.transactions = 0;
        if !self.conn.is_autocommit() {
            let ended = self.conn.execute_batch(if commit { "COMMIT" } else { "ROLLBACK" });
            if let Err(e) = ended {
                tracing::error!("the store could not end a transaction: {e}");
            }
        }
    }
}
