//! `run`, the container's default: plan if absent, schema and data of the shard, and the last pod finishes.

use super::connect;
use super::finish::{self, Finished};
use super::{plan, reset, schema, sync};
use crate::checkpoint::{Checkpoints, apart};
use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::{Left, Summary};
use crate::model::outcome::Outcome;
use crate::model::plan::Plan;
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
    let told_by = schema::DamageToldBy::Sync;
    let schema = schema::prepare(&settings, &stop, &checkpoints, &plan, &mut seen, told_by);
    let prepared = phase(RunPhase::Schema, schema).await?;
    let mut outcome = phase(RunPhase::Copy, sync::copy(&settings, &stop, &checkpoints, &plan, seen)).await?;
    if let Some(error) = prepared.error {
        outcome.add(error, prepared.told);
    }
    if outcome.error.is_some() || !all_copied(&checkpoints, &plan).await? {
        return Ok(leaving(outcome, Left::OtherTables));
    }
    match phase(RunPhase::Finish, finish::finish(&settings, &stop, &checkpoints, &plan)).await {
        Ok(Finished::Done(finished)) => {
            (outcome.error, outcome.told) = (finished.error, finished.told);
            outcome.message = finished.message;
            outcome.tables_failed += finished.tables_failed;
            // A pod whose shard is empty has copied nothing to sum up.
            outcome.summary = match (outcome.summary.take(), finished.summary) {
                (Some(copied), Some(Summary { finish, .. })) => {
                    Some(Summary { finish, left: Left::Nothing, ..copied })
                }
                (copied, of_finish) => copied.or(of_finish),
            };
            Ok(outcome)
        }
        // Another pod was the last one as well, and faster.
        Ok(Finished::ByAnotherPod(error)) => {
            tracing::info!(error = error.detail(), "the finish step is in another pod's hands");
            Ok(leaving(outcome, Left::FinishOfAnotherPod))
        }
        Err(error) => {
            (outcome.error, outcome.told) = (Some(error), false);
            Ok(outcome)
        }
    }
}

fn leaving(outcome: Outcome, left: Left) -> Outcome {
    let summary = outcome.summary.map(|summary| Summary { left, ..summary });
    Outcome { summary, ..outcome }
}

async fn all_copied(checkpoints: &Checkpoints, plan: &Plan) -> Result<bool> {
    let entries = checkpoints.some_tables(plan, &plan.tables).await?;
    let (entries, damaged) = apart(&plan.tables, entries)?;
    Ok(damaged.is_empty() && entries.values().all(|entry| entry.document.data.is_completed()))
}
