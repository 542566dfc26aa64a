//! `finish`: after all data: indexes, unique constraints, foreign keys, identity positions, ANALYZE. One pod does it,
//! under a claim of its own; every step finds what is there already, so a rerun goes on where a killed pod stopped.

mod ready;
mod under_way;

use super::connect;
use super::findings;
use super::source_view;
use crate::checkpoint::{Checkpoints, Entry};
use crate::clock;
use crate::copy::owner::ask;
use crate::copy::owner::claim::{Claim, ClaimAnswer, FINISH_INDEX, SettledClaim};
use crate::copy::owner::claims::{Claims, ClaimsAtStart};
use crate::copy::owner::connections::{Connections, Servers};
use crate::copy::patience::Patience;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::{FinishDocument, FinishFinding, FinishVerdict};
use crate::model::counts::{Left, Summary, counted, verb};
use crate::model::outcome::Outcome;
use crate::model::phase;
use crate::model::phase::{Event, PhaseProgress};
use crate::model::plan::Plan;
use crate::model::table::SourceTable;
use crate::postgres::ledger;
use crate::postgres::names::Names;
use crate::postgres::objects;
use crate::postgres::objects::{ObjectWatcher, PlannedObject, Report, RunBefore};
use crate::progress::ObjectsProgress;
use crate::settings::Settings;
use crate::sqlserver::catalog as source_catalog;
use crate::stop::Stop;
use crate::telemetry::notices::Notices;
use crate::telemetry::spans::Phased;
use crate::telemetry::{RunPhase, phase};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tracing::Span;
use under_way::UnderWay;

/// # Errors
/// `Unfinished` while tables are missing, `TablesFailed` where some failed, `Fenced` where another pod is at it.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    match phase(RunPhase::Finish, finish(&settings, &stop, &checkpoints, &plan)).await? {
        Finished::Done(outcome) => Ok(*outcome),
        Finished::ByAnotherPod(error) => Err(error),
    }
}

/// Who did what is left to do after all data.
pub(super) enum Finished {
    Done(Box<Outcome>),
    /// Another pod has the claim of the finish step, or took it over.
    ByAnotherPod(Error),
}

impl Finished {
    fn of(done: Result<Outcome>) -> Result<Self> {
        match done {
            Ok(outcome) => Ok(Self::Done(Box::new(outcome))),
            Err(error) if error.kind() == ErrorKind::Fenced => Ok(Self::ByAnotherPod(error)),
            Err(error) => Err(error),
        }
    }
}

impl Phased for Finished {
    fn tell(&self, span: &Span) -> Option<&Error> {
        match self {
            Self::Done(outcome) => outcome.tell(span),
            Self::ByAnotherPod(error) => Some(error),
        }
    }
}

/// Does what is left to do after all data.
///
/// # Errors
/// As [`run`], but for the claim of another pod; objects that could not be built are in the outcome's error.
pub(super) async fn finish(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
) -> Result<Finished> {
    let target = connect::target_of_plan(settings, stop, plan).await?;
    let left_out = ready::left_out(settings, checkpoints, plan).await?;
    let left_out_indexes: BTreeSet<u32> = left_out.keys().copied().collect();
    let mut entry = checkpoints.finish(plan).await?;
    ready::all_data_is_proved(settings, plan, &target, &left_out_indexes).await?;
    ready::nothing_is_unlogged(settings, plan, &target, &left_out_indexes).await?;
    let epochs = ledger::epochs(&target, settings.run_id.as_str()).await?;
    let version = target.version();
    drop(target);
    if entry.document.status.is_completed() {
        if epochs.contains_key(&FINISH_INDEX) {
            return Ok(Finished::Done(Box::new(ended("already completed", Duration::ZERO))));
        }
        tracing::warn!(
            "finish is called completed, but the target's ledger knows nothing of it: doing it (again)"
        );
        entry.document.status = phase::next(&entry.document.status, Event::Reset, clock::now())?;
    }
    let (mut source, server) = connect::source(settings, stop).await?;
    source_view::same_plan(plan, &server, None)?;
    let progress = ObjectsProgress::new(&settings.log);
    let work = gather(plan, &mut source, version, left_out).await?;
    drop(source);
    let notices = Notices::new(settings);
    findings::note(&work.findings, &work.planned, &notices);
    let patience = Patience::new(settings, stop);
    let start = ClaimsAtStart { checkpoints: checkpoints.clone(), plan: Arc::new(plan.clone()), epochs };
    let claims = Claims::new(settings, patience.clone(), settings.consistency.clone(), start)?;
    failpoint!("finish.before_claim");
    let claim = match own(&claims, settings, entry).await {
        Ok(claim) => claim,
        Err(error) => return Finished::of(Err(error)),
    };
    work.changed.iter().for_each(|error| progress.left_out(error));
    let under_way = UnderWay::new(progress.clone());
    let building = Building { settings, patience: &patience, plan, watcher: under_way.watcher() };
    let built = tokio::select! {
        built = building.build(&work.planned) => built,
        error = under_way.keep(&claim) => Err(error),
        () = claim.fenced().cancelled() => Err(Error::new(ErrorKind::Fenced, "another pod took the finish step over")),
        () = stop.token().cancelled() => {
            Err(stop.reason())
        }
    };
    claim.change(|document| document.under_way = None).await;
    let took = progress.end();
    if built.is_ok() {
        // Another run may have begun a table while this pod stood still, and nothing else would tell.
        let target = connect::target(settings, stop).await?;
        if let Err(error) = ready::all_data_is_proved(settings, plan, &target, &left_out_indexes).await {
            claim.settle(SettledClaim::failed(&error)).await?;
            return Err(error);
        }
    }
    notices.say();
    Finished::of(settle(claim, built, work, &progress, took).await)
}

/// Nothing of the copy is counted here.
fn ended(finish: &str, took: Duration) -> Outcome {
    let summary = Summary {
        copied: None,
        took,
        held_back: [Duration::ZERO; 2],
        finish: Some(finish.to_owned()),
        left: Left::Nothing,
    };
    Outcome { message: Some(format!("finish: {finish}")), summary: Some(summary), ..Outcome::default() }
}

/// Takes the claim of the finish step.
async fn own(
    claims: &Arc<Claims>,
    settings: &Settings,
    entry: Entry<FinishDocument>,
) -> Result<Claim<FinishDocument>> {
    let mut connections = Connections::new(&Servers::new(settings)?);
    match ask::own_finish(claims, &mut connections, entry).await? {
        ClaimAnswer::Owned(claim) => Ok(claim),
        ClaimAnswer::Busy(Some(owner)) => {
            Err(Error::new(ErrorKind::Fenced, format!("pod {} does the finish step", owner.pod)))
        }
        ClaimAnswer::Busy(None) => Err(Error::new(ErrorKind::Fenced, "another pod does the finish step")),
    }
}

/// What building objects needs.
struct Building<'b> {
    settings: &'b Settings,
    patience: &'b Patience,
    plan: &'b Plan,
    watcher: ObjectWatcher,
}

impl Building<'_> {
    /// Builds all objects; every step finds what is there, so all of them are tried again if the target was away, or
    /// refused one of them for now. What it still refuses after all retries is in the report.
    async fn build(&self, planned: &[PlannedObject]) -> Result<Report> {
        let tables: Vec<_> = self.plan.tables.iter().map(|table| table.target.clone()).collect();
        let (target, jobs) = (self.settings.target()?, self.settings.jobs.get());
        let mut retrying = self.patience.retrying("the finish step");
        let mut before = RunBefore::default();
        loop {
            let built = objects::build(target, &tables, planned, jobs, &mut before, &self.watcher).await;
            match built {
                Ok(mut report) => {
                    if let Some((object, error)) = report.deferred.pop() {
                        let Err(error) = retrying.pause(error).await else { continue };
                        if self.patience.is_stopping() {
                            return Err(error);
                        }
                        report.deferred.push((object, error));
                    }
                    return Ok(Report { failed: before.take_failed(), ..report });
                }
                Err(error) => retrying.pause(error).await?,
            }
        }
    }
}

/// What the finish step does, by what the source has now.
struct FinishWork {
    planned: Vec<PlannedObject>,
    findings: Vec<FinishFinding>,
    /// Why nothing is built on a table: it is not what was copied, or it was not copied.
    changed: Vec<Error>,
}

/// Everything that is to be built, and what is to be said of it. A table that changed since the plan was made is left
/// out.
async fn gather(
    plan: &Plan,
    source: &mut crate::sqlserver::client::Client,
    version: u32,
    mut failed: BTreeMap<u32, Error>,
) -> Result<FinishWork> {
    let mut now = source_view::source_tables(source).await?;
    now.comparable(&plan.tables)?;
    let (mut left_out, mut changed) = (BTreeSet::new(), Vec::new());
    for table in &plan.tables {
        let error = failed.remove(&table.index).or_else(|| source_view::unchanged(table, &now).err());
        if let Some(error) = error {
            left_out.insert(table.source.clone());
            changed.push((table, error));
        }
    }
    let objects = source_catalog::objects(source).await?;
    let names = Names::for_plan(plan, &objects);
    let planned = objects::statements_without(plan, &objects, version, &names, &left_out);
    now.retain(|name, _| !left_out.contains(name));
    let tables: Vec<SourceTable> = now.into_tables();
    let mut findings: Vec<FinishFinding> =
        changed.iter().map(|(table, error)| findings::of_changed(table, error)).collect();
    findings.extend(findings::of(plan, &tables, &objects, &planned));
    let changed = changed.into_iter().map(|(_, error)| error).collect();
    Ok(FinishWork { planned, findings, changed })
}

/// Records what was built, what was left out and what failed.
async fn settle(
    claim: Claim<FinishDocument>,
    built: Result<Report>,
    work: FinishWork,
    progress: &ObjectsProgress,
    took: Duration,
) -> Result<Outcome> {
    let report = match built {
        Ok(report) => report,
        Err(error) => {
            let settled = match error.kind() {
                ErrorKind::Fenced => {
                    claim.abandon().await;
                    return Err(error);
                }
                ErrorKind::Terminated | ErrorKind::Interrupted => SettledClaim::event(Event::Released),
                _ => SettledClaim::failed(&error),
            };
            claim.settle(settled).await?;
            return Err(error);
        }
    };
    let FinishWork { findings, changed, .. } = work;
    // What failed for good was told when it did.
    report.deferred.iter().for_each(|(object, error)| progress.failed(object, error));
    let mut outcome = Outcome {
        tables_failed: u64::try_from(changed.len()).unwrap_or(u64::MAX),
        ..ended(&counts(&report, &findings, &changed), took)
    };
    let settled = match failure(&report, changed) {
        None => SettledClaim::event(Event::Completed(PhaseProgress::STEP)),
        Some(error) => {
            let settled = SettledClaim::failed(&error);
            (outcome.error, outcome.told) = (Some(error), true);
            settled
        }
    };
    let steps = report.steps;
    let change = Box::new(move |document: &mut FinishDocument| {
        document.steps = steps;
        document.findings = findings;
    });
    failpoint!("finish.before_settle");
    claim.settle(SettledClaim { change, ..settled }).await?;
    failpoint!("finish.after_settle");
    Ok(outcome)
}

/// What was done, in one sentence.
fn counts(report: &Report, findings: &[FinishFinding], changed: &[Error]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let mut text = format!(
        "{} built, {} {} there, {} changed, {} lossy, {} left out, {} failed",
        counted(report.built as u64, "object"),
        report.present,
        verb(report.present as u64, "was", "were"),
        count(FinishVerdict::Changed),
        count(FinishVerdict::Lossy),
        count(FinishVerdict::Refused),
        report.failed.len() + report.deferred.len()
    );
    if !changed.is_empty() {
        let failed = changed.iter().filter(|error| error.kind() == ErrorKind::TablesFailed).count() as u64;
        let others = changed.len() as u64 - failed;
        if failed > 0 {
            let (tables, are) = (counted(failed, "failed table"), verb(failed, "is", "are"));
            text.push_str(&format!("; {tables} {are} left out"));
        }
        if others > 0 {
            text.push_str(&format!("; {} changed in the source", counted(others, "table")));
        }
    }
    text
}

fn denied(error: &Error) -> bool {
    error.kind() == ErrorKind::TargetPermission
}

/// The error to end with: every object that could not be built, and every table that is not what was copied. A rerun
/// helps if the target refused one of them for now.
fn failure(report: &Report, changed: Vec<Error>) -> Option<Error> {
    let mut failed = Vec::new();
    failed.extend(changed.iter().map(Error::detail));
    for (object, error) in report.failed.iter().chain(&report.deferred) {
        failed.push(format!("{object}: {}", error.detail()));
    }
    let count = failed.len() as u64;
    let (tables, objects) = (counted(count, "table"), counted(count, "object"));
    let (is, may) = (verb(count, "is", "are"), "may not be built by this role");
    let (kind, what) = match (report.deferred.is_empty(), report.failed.is_empty(), changed.is_empty()) {
        (true, true, true) => return None,
        (true, true, false) if changed.iter().all(|error| error.kind() == ErrorKind::TablesFailed) => {
            (ErrorKind::TablesFailed, format!("{tables} {is} not finished"))
        }
        (true, true, false) => (ErrorKind::SourceChanged, format!("{tables} {is} not finished")),
        (true, false, _) if report.failed.iter().all(|(_, error)| denied(error)) => {
            (ErrorKind::TargetPermission, format!("{objects} {may}"))
        }
        (true, false, _) => (ErrorKind::TargetData, format!("{objects} failed")),
        (false, _, _) => (ErrorKind::TargetUnavailable, format!("{objects} {is} not built")),
    };
    Some(Error::new(kind, format!("{what}: {}", failed.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_the_role_may_not_build_are_a_permission_error() {
        let of = |kinds: &[ErrorKind]| {
            let failed = kinds
                .iter()
                .map(|kind| ("index IX".to_owned(), Error::new(*kind, "must be owner")))
                .collect();
            failure(&Report { failed, ..Report::default() }, Vec::new()).map(|error| error.kind())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[ErrorKind::TargetPermission; 2]), Some(ErrorKind::TargetPermission));
        assert_eq!(of(&[ErrorKind::TargetPermission, ErrorKind::TargetData]), Some(ErrorKind::TargetData));
    }
}
