//! Who this pod is, and what it needs to own a table: the checkpoints, the ledger's epochs, the session of the locks.

use crate::checkpoint::Checkpoints;
use crate::copy::owner::session::LockSession;
use crate::copy::owner::under_way::RowsUnderWay;
use crate::copy::patience::Patience;
use crate::error::Result;
use crate::model::plan::Plan;
use crate::postgres::ledger;
use crate::settings::{Consistency, OnExisting, Settings, Truncate};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The same for all claims of the process.
pub struct Claims {
    pub checkpoints: Checkpoints,
    pub plan: Arc<Plan>,
    pub(in crate::copy) run: String,
    pub(in crate::copy) pod: String,
    /// Not `--no-truncate`.
    pub(super) may_empty: bool,
    /// `--on-existing`
    pub(super) on_existing: OnExisting,
    /// `--claim-timeout`
    pub(in crate::copy) timeout: Duration,
    /// What a new owner's reads see; noted in the table's object.
    pub(super) consistency: Consistency,
    /// The ledger's highest epochs when this process began, by table index.
    pub(super) epochs: BTreeMap<u32, u64>,
    pub(super) session: LockSession,
    pub(super) patience: Patience,
    /// What heartbeats say of rows that are not committed.
    pub(in crate::copy) under_way: Arc<RowsUnderWay>,
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
        let application = ledger::pod_application_name(&run, &settings.pod);
        Ok(Arc::new(Self {
            session: LockSession::new(settings.target()?.clone(), application, run.clone()),
            checkpoints: start.checkpoints,
            plan: start.plan,
            run,
            pod: settings.pod.clone(),
            may_empty: settings.truncate != Truncate::Never,
            on_existing: settings.on_existing,
            timeout: settings.claim_timeout,
            consistency,
            epochs: start.epochs,
            patience,
            under_way: Arc::default(),
        }))
    }
}
