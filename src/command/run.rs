//! `run`, the container's default: plan if absent, schema and data of the shard, and the last pod finishes.

use super::connect;
use super::finish::{self, Finished};
use super::{plan, reset, schema, sync};
use crate::checkpoint::{Checkpoints, apart};
use crate::error::{Error, ErrorKind, Result};
use crate::model::outcome::Outcome;
use crate::model::plan::Plan;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::{RunPhase, phase};

/// # Errors
/// What stops its first step that fails for all tables: see `plan`, `schema`, `sync`, `finish`.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    if settings.resume && checkpoints.plan_if_any().await?.is_none() {
        return Err(Error::new(ErrorKind::PlanMissing, "--resume, but this run has no checkpoint"));
    }
    let (plan::MadePlan { plan, mut seen }, _) =
        phase(RunPhase::Plan, plan::make(&settings, &stop, &checkpoints)).await?;
    if settings.reset {
        reset::forget(&settings, &stop, &checkpoints, &plan).await?;
    }
    let prepared =
        phase(RunPhase::Schema, schema::prepare(&settings, &stop, &checkpoints, &plan, &mut seen)).await?;
    let progress = Progress::new(&settings.log);
    let copied = sync::copy(&settings, &stop, &checkpoints, &plan, seen, &progress);
    let mut outcome = phase(RunPhase::Copy, copied).await?;
    if let Some(error) = prepared.error {
        outcome.add(error);
    }
    let ended = match outcome.error {
        Some(_) => Ok(()),
        None => finish_if_last(&settings, &stop, &checkpoints, &plan, &mut outcome).await,
    };
    // The last thing that is said, whatever became of the finish step.
    progress.final_summary();
    ended.map(|()| outcome)
}

/// Does the finish step if every table of the plan is copied.
///
/// # Errors
/// `StoreUnavailable` and its like if it is not known whether they are; what ends the finish step is in the outcome.
async fn finish_if_last(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
    outcome: &mut Outcome,
) -> Result<()> {
    if !all_copied(checkpoints, plan).await? {
        return Ok(());
    }
    match phase(RunPhase::Finish, finish::finish(settings, stop, checkpoints, plan)).await {
        Ok(Finished::Done(finished)) => {
            outcome.error = finished.error;
            outcome.message = finished.message;
            outcome.tables_failed += finished.tables_failed;
        }
        // Another pod was the last one as well, and faster.
        Ok(Finished::ByAnotherPod(error)) => {
            tracing::info!(error = error.detail(), "the finish step is in another pod's hands");
        }
        Err(error) => outcome.error = Some(error),
    }
    Ok(())
}

async fn all_copied(checkpoints: &Checkpoints, plan: &Plan) -> Result<bool> {
    let entries = checkpoints.some_tables(plan, &plan.tables).await?;
    let (entries, damaged) = apart(&plan.tables, entries)?;
    Ok(damaged.is_empty() && entries.values().all(|entry| entry.document.data.is_completed()))
}
