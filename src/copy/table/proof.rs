//! What may be called completed: that the ledger has every chunk of a table, and that its WAL is flushed.
//!
//! The transactions that copy chunks commit without waiting for the disk. A crash of the server may therefore take
//! back chunks that this pod has seen committed, markers and all. So nobody says `completed` by what a pod remembers:
//! the ledger is asked, by a transaction whose own commit is as durable as the server makes commits, and which
//! therefore stands behind all that it has seen. Tables that end at about the same time are asked for together.

use crate::copy::owner::holder;
use crate::error::{Error, Result};
use crate::model::loss::LossRecord;
use crate::model::names::TableName;
use crate::postgres::client::Client;
use crate::postgres::ledger;
use crate::postgres::ledger::Proof;
use crate::settings::target::TargetSettings;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot::{self, Sender, error::TryRecvError};

/// What the session is called in the target.
const APPLICATION: &str = "shardferry proof";

/// Asks the ledger about tables that come to their end, on a connection of its own.
pub struct Proofs {
    target: TargetSettings,
    run: String,
    /// Those who wait for a proof.
    waiting: Mutex<Vec<(u32, Sender<Proof>)>>,
    /// Whoever has it asks for all.
    connection: tokio::sync::Mutex<Option<Client>>,
}

impl Proofs {
    /// Of `run` in the ledger of `target`. Reaches no server yet.
    #[must_use]
    pub fn new(target: TargetSettings, run: String) -> Self {
        Self { target, run, waiting: Mutex::default(), connection: tokio::sync::Mutex::default() }
    }

    /// What the ledger has of a table, durable by the time it is said.
    ///
    /// # Errors
    /// `TargetUnavailable`, `TargetLogin`, `TargetPermission`: the target cannot be asked.
    pub(in crate::copy) async fn prove(&self, index: u32) -> Result<Proof> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.waiting().push((index, answer));
            let mut connection = self.connection.lock().await;
            match answered.try_recv() {
                // Whoever had the turn before asked for this one too, after it had been put here.
                Ok(proof) => return Ok(proof),
                // That one has failed.
                Err(TryRecvError::Closed) => continue,
                Err(TryRecvError::Empty) => {}
            }
            let asked = std::mem::take(&mut *self.waiting());
            let mut indexes: Vec<u32> = asked.iter().map(|(index, _)| *index).collect();
            indexes.sort_unstable();
            indexes.dedup();
            let proofs = ledger::prove(self.connected(&mut connection).await?, &self.run, &indexes).await?;
            drop(connection);
            for (index, answer) in asked {
                // Whoever does not wait any more need not know.
                drop(answer.send(proofs.get(&index).cloned().unwrap_or_default()));
            }
            if let Ok(proof) = answered.try_recv() {
                return Ok(proof);
            }
        }
    }

    /// What the ledger says was changed in the rows of a table.
    ///
    /// # Errors
    /// As [`Self::prove`].
    pub(in crate::copy) async fn losses(&self, index: u32) -> Result<Vec<LossRecord>> {
        let mut connection = self.connection.lock().await;
        let client = self.connected(&mut connection).await?;
        let mut losses = ledger::losses(client, &self.run, Some(index)).await?;
        Ok(losses.remove(&index).unwrap_or_default())
    }

    /// What to say of a table whose rows are not this run's any more.
    pub(in crate::copy) async fn replaced(&self, target: &TableName) -> Error {
        let mut connection = self.connection.lock().await;
        match self.connected(&mut connection).await {
            Ok(client) => holder::replaced(client, &self.run, target).await,
            Err(_) => ledger::replaced(target),
        }
    }

    async fn connected<'c>(&self, connection: &'c mut Option<Client>) -> Result<&'c Client> {
        if connection.as_ref().is_some_and(Client::is_closed) {
            *connection = None;
        }
        Ok(match connection {
            Some(client) => client,
            none => none.insert(Client::connect(&self.target, APPLICATION).await?),
        })
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(u32, Sender<Proof>)>> {
        // A plain list: it stays right after a panic of another task.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
