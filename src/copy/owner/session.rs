//! The session whose advisory locks say that this pod is alive.
//!
//! Nothing but locks is asked for on it, and each is tried without waiting. So a slow statement of one task (a
//! take-over that ends a frozen session, a proof) keeps no other task and no heartbeat waiting.

use crate::error::{Error, ErrorKind, Result};
use crate::postgres::client::Client;
use crate::postgres::{ledger, pooler};
use crate::settings::target::TargetSettings;
use std::collections::BTreeSet;
use tokio::sync::Mutex;

/// One target connection that holds the advisory locks of all claims of this pod.
pub(super) struct LockSession {
    settings: TargetSettings,
    application: String,
    run: String,
    locks: Mutex<Locks>,
}

struct Locks {
    client: Option<Client>,
    /// Indexes of the claims whose locks this pod should have.
    held: BTreeSet<u32>,
    /// Do locks of a session hold? Not behind a pooler in transaction mode: then only heartbeats say who lives.
    session_locks: bool,
}

impl LockSession {
    /// Of a pod of `run`; `application` is what the session is called in the target.
    #[must_use]
    pub(super) fn new(settings: TargetSettings, application: String, run: String) -> Self {
        let locks = Mutex::new(Locks { client: None, held: BTreeSet::new(), session_locks: true });
        Self { settings, application, run, locks }
    }

    /// Makes the session anew if the last one is gone: without it this pod would count as dead. The locks are taken
    /// again that another pod has not taken meanwhile. If one has, the epoch in the ledger still keeps us from
    /// doubling a row.
    ///
    /// # Errors
    /// `TargetUnavailable`, `TargetLogin` and what else connecting to PostgreSQL may end in.
    pub(super) async fn keep(&self) -> Result<()> {
        let mut locks = self.locks.lock().await;
        self.client(&mut locks).await.map(drop)
    }

    /// Takes the lock of a claim; false if another session has it, or if locks do not hold.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(super) async fn hold(&self, index: u32) -> Result<bool> {
        let mut locks = self.locks.lock().await;
        self.client(&mut locks).await?;
        if locks.held.contains(&index) || !locks.session_locks {
            return Ok(locks.session_locks);
        }
        let held = ledger::hold(self.client(&mut locks).await?, &self.run, index).await?;
        if held {
            locks.held.insert(index);
        }
        Ok(held)
    }

    /// Gives the lock of a claim back, if this session has it.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(super) async fn release(&self, index: u32) -> Result<()> {
        let mut locks = self.locks.lock().await;
        if locks.held.remove(&index) {
            ledger::release(self.client(&mut locks).await?, &self.run, index).await?;
        }
        Ok(())
    }

    async fn client<'l>(&self, locks: &'l mut Locks) -> Result<&'l Client> {
        if locks.client.as_ref().is_none_or(Client::is_closed) {
            let client = Client::connect(&self.settings, &self.application).await?;
            if locks.session_locks && !pooler::keeps_sessions(&client, &self.settings).await? {
                tracing::warn!(
                    "the target is behind a pooler in transaction mode: a killed pod's tables are free when its heartbeat \
                     is as old as --claim-timeout, not at once"
                );
                locks.session_locks = false;
                locks.held.clear();
            }
            for index in &locks.held {
                ledger::hold(&client, &self.run, *index).await?;
            }
            locks.client = Some(client);
        }
        match &locks.client {
            Some(client) => Ok(client),
            None => Err(Error::new(ErrorKind::Bug, "a connection that was just made is not there")),
        }
    }
}
