//! What every step of a run needs, made once per process.

use super::events::{CopyEvent, CopyWatcher};
use crate::checkpoint::Checkpoints;
use crate::copy::chunk::rejects::Rejects;
use crate::copy::limits::budget::Budget;
use crate::copy::limits::throttle::Throttle;
use crate::copy::owner::session::LockSession;
use crate::copy::table::objects::TableObjects;
use crate::copy::table::proof::Proofs;
use crate::error::Result;
use crate::model::plan::Plan;
use crate::settings::RetryPolicy;
use crate::settings::source::SourceSettings;
use crate::settings::target::TargetSettings;
use crate::settings::{Consistency, Settings, Truncate};
use crate::stop::Stop;
use std::collections::BTreeMap;
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
    pub shutdown: Stop,
    /// Who is told what happens.
    pub watcher: CopyWatcher,
    /// The session whose advisory locks say that this pod is alive; also used for small ledger statements.
    pub session: Arc<Mutex<LockSession>>,
    /// The ledger's highest epochs when this process began, by table index.
    pub epochs: BTreeMap<u32, u64>,
    /// What stands on the tables, or will.
    pub around: TableObjects,
    /// What may be called completed.
    pub proofs: Proofs,
}

impl Context {
    /// What a command needs, from its settings.
    ///
    /// # Errors
    /// `Config` where the source or the target is missing.
    pub fn new(settings: &Settings, shutdown: &Stop, run: CopyStart) -> Result<Arc<Self>> {
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
            budget: Arc::new(run.budget),
            shutdown: shutdown.clone(),
            watcher: run.watcher,
            epochs: run.epochs,
            around: run.around,
            proofs: Proofs::default(),
        }))
    }

    /// Says what happened.
    pub(super) fn tell(&self, event: &CopyEvent<'_>) {
        (self.watcher)(event);
    }
}

/// What a command has found out before it begins to work.
pub struct CopyStart {
    pub checkpoints: Checkpoints,
    pub plan: Plan,
    pub consistency: Consistency,
    pub watcher: CopyWatcher,
    pub epochs: BTreeMap<u32, u64>,
    pub rejects: Option<Rejects>,
    /// Of a command that copies; for others none.
    pub budget: Budget,
    /// Of a command that copies; nothing for others.
    pub around: TableObjects,
}
