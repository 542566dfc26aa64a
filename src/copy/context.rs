//! What every step of a run needs, made once per process.

use super::around::Around;
use super::budget::Budget;
use super::proof::Proofs;
use super::rejects::Rejects;
use super::throttle::Throttle;
use crate::checkpoint::Checkpoints;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::Plan;
use crate::progress::Progress;
use crate::retry::RetryPolicy;
use crate::settings::{Consistency, Settings, Truncate};
use crate::stop::Shutdown;
use crate::sqlserver::settings::SourceSettings;
use crate::postgres::client::Client;
use crate::postgres::ledger;
use crate::postgres::pooler;
use crate::postgres::settings::TargetSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Shared by all workers of the process.
pub struct Context {
    pub source: SourceSettings,
    pub target: TargetSettings,
    pub checkpoints: Checkpoints,
    pub plan: Plan,
    pub run: String,
    pub pod: String,
    pub claim_timeout: Duration,
    /// How long transactions under way may go on after a signal.
    pub grace: Duration,
    pub truncate: Truncate,
    /// Bytes of source data that make a chunk.
    pub chunk_size: u64,
    /// Decided once: SNAPSHOT is used only where the database allows it.
    pub consistency: Consistency,
    pub retry: RetryPolicy,
    /// Where rows go that are refused; None: they fail their table.
    pub rejects: Option<Rejects>,
    /// Holds all workers together back.
    pub throttle: Arc<Throttle>,
    /// Memory of all buffers.
    pub budget: Arc<Budget>,
    pub shutdown: Shutdown,
    pub progress: Progress,
    /// The session whose advisory locks say that this pod is alive; also used for small ledger statements.
    pub session: Arc<Mutex<LockSession>>,
    /// The ledger's highest epochs when this process began, by table index.
    pub epochs: BTreeMap<u32, u64>,
    /// What stands on the tables, or will.
    pub around: Around,
    /// What may be called completed.
    pub proofs: Proofs,
}

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

impl Context {
    /// What a command needs, from its settings.
    ///
    /// # Errors
    /// `Config` where the source or the target is missing.
    pub fn new(settings: &Settings, shutdown: &Shutdown, run: Started) -> Result<Arc<Self>> {
        let target = settings.target()?.clone();
        let application = format!("shardferry {} pod {}", settings.run_id, settings.pod);
        Ok(Arc::new(Self {
            source: settings.source()?.clone(),
            session: Arc::new(Mutex::new(LockSession::new(
                target.clone(),
                application,
                settings.run_id.to_string(),
            ))),
            target,
            checkpoints: run.checkpoints,
            plan: run.plan,
            run: settings.run_id.to_string(),
            pod: settings.pod.clone(),
            claim_timeout: settings.claim_timeout,
            grace: settings.grace,
            truncate: settings.truncate,
            chunk_size: settings.chunk_size,
            consistency: run.consistency,
            retry: settings.retry,
            rejects: run.rejects,
            throttle: Arc::new(Throttle::new(settings.throttle)),
            budget: Arc::new(Budget::new(settings.memory, settings.jobs, Path::new("/"))?),
            shutdown: shutdown.clone(),
            progress: run.progress,
            epochs: run.epochs,
            around: run.around,
            proofs: Proofs::default(),
        }))
    }

    /// Tables of the plan.
    #[must_use]
    pub fn total(&self) -> u32 {
        u32::try_from(self.plan.tables.len()).unwrap_or(u32::MAX)
    }
}

/// What a command has found out before it begins to work.
pub struct Started {
    pub checkpoints: Checkpoints,
    pub plan: Plan,
    pub consistency: Consistency,
    pub progress: Progress,
    pub epochs: BTreeMap<u32, u64>,
    pub rejects: Option<Rejects>,
    /// Of a command that copies; nothing for others.
    pub around: Around,
}
