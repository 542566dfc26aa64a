//! Who this pod is, and what it needs to own a table: the checkpoints, the ledger's epochs, the session of the locks.

use crate::checkpoint::Checkpoints;
use crate::copy::owner::session::LockSession;
use crate::copy::patience::Patience;
use crate::error::Result;
use crate::model::plan::Plan;
use crate::settings::{Consistency, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The same for all claims of the process.
pub struct Claims {
    pub checkpoints: Checkpoints,
    pub plan: Arc<Plan>,
    pub(in crate::copy) run: String,
    pub(in crate::copy) pod: String,
    /// `--claim-timeout`
    pub(in crate::copy) timeout: Duration,
    /// What a new owner's reads see; noted in the table's object.
    pub(super) consistency: Consistency,
    /// The ledger's highest epochs when this process began, by table index.
    pub(super) epochs: BTreeMap<u32, u64>,
    pub(super) session: LockSession,
    pub(super) patience: Patience,
}

/// What a command has found out before it claims anything.
pub struct ClaimsAtStart {
    pub checkpoints: Checkpoints,
    pub plan: Arc<Plan>,
    pub epochs: BTreeMap<u32, u64>,
}

impl Claims {
    /// Reaches no server yet.
    ///
    /// # Errors
    /// `Config` if the settings name no target.
    pub fn new(
        settings: &Settings,
        patience: Patience,
        consistency: Consistency,
        start: ClaimsAtStart,
    ) -> Result<Arc<Self>> {
        let run = settings.run_id.to_string();
        let application = format!("shardferry {run} pod {}", settings.pod);
        Ok(Arc::new(Self {
            session: LockSession::new(settings.target()?.clone(), application, run.clone()),
            checkpoints: start.checkpoints,
            plan: start.plan,
            run,
            pod: settings.pod.clone(),
            timeout: settings.claim_timeout,
            consistency,
            epochs: start.epochs,
            patience,
        }))
    }
}
