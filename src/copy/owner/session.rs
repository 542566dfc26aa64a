//! The session whose advisory locks say that this pod is alive.

use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::Client;
use crate::postgres::{ledger, pooler};
use crate::settings::target::TargetSettings;
use std::collections::BTreeSet;

/// One target connection that holds the advisory locks of all claims of this pod.
pub struct LockSession {
    settings: TargetSettings,
    application: String,
    run: String,
    client: Option<Client>,
    /// Indexes of the claims whose locks this pod should have.
    held: BTreeSet<u32>,
    /// Do locks of a session hold? Not behind a pooler in transaction mode: then only heartbeats say who lives.
    session_locks: bool,
}

impl LockSession {
    #[must_use]
    pub const fn new(settings: TargetSettings, application: String, run: String) -> Self {
        Self { settings, application, run, client: None, held: BTreeSet::new(), session_locks: true }
    }

    /// The connection, made anew where the last one is gone, with the locks taken again that another pod has not taken
    /// meanwhile. Where one has, the epoch in the ledger still keeps us from doubling a row.
    ///
    /// # Errors
    /// Those of connecting to the target.
    pub async fn client(&mut self) -> Result<&mut Client> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            let client = Client::connect(&self.settings, &self.application).await?;
            if self.session_locks && !pooler::keeps_sessions(&client, &self.settings).await? {
                tracing::warn!(
                    "the target is behind a pooler in transaction mode: a killed pod's tables are free when its heartbeat \
                     is as old as --claim-timeout, not at once"
                );
                self.session_locks = false;
                self.held.clear();
            }
            for index in &self.held {
                ledger::hold(&client, &self.run, *index).await?;
            }
            self.client = Some(client);
        }
        match &mut self.client {
            Some(client) => Ok(client),
            None => Err(Error::new(ErrorKind::Bug, "a connection that was just made is not there")),
        }
    }

    /// Takes the lock of a claim; false where another session has it, or where locks do not hold.
    ///
    /// # Errors
    /// Those of the target.
    pub async fn hold(&mut self, index: u32) -> Result<bool> {
        let run = self.run.clone();
        self.client().await?;
        if self.held.contains(&index) || !self.session_locks {
            return Ok(self.session_locks);
        }
        let held = ledger::hold(self.client().await?, &run, index).await?;
        if held {
            self.held.insert(index);
        }
        Ok(held)
    }

    /// Gives the lock of a claim back, where this session has it.
    ///
    /// # Errors
    /// Those of the target.
    pub async fn release(&mut self, index: u32) -> Result<()> {
        if self.held.remove(&index) {
            let run = self.run.clone();
            ledger::release(self.client().await?, &run, index).await?;
        }
        Ok(())
    }
}
