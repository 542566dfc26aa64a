//! The end of a table under way: what its object says, and its claim given back.

use crate::copy::events::CopyEvent;
use crate::copy::owner::claim::Claim;
use crate::copy::owner::claim::SettledClaim;
use crate::copy::pod::Pod;
use crate::copy::table::books::EndedTable;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::loss::LossRecord;
use crate::model::phase::Event;
use crate::model::phase::PhaseProgress;
use crate::model::phase::Status;
use crate::model::plan::PlannedTable;
use crate::postgres::ledger;
use crate::postgres::ledger::Proof;
use crate::telemetry::notices::Notice;

/// What became of a table.
pub(in crate::copy) struct Settlement {
    pub(in crate::copy) status: Status,
    /// What went wrong, if anything did.
    pub(in crate::copy) error: Option<Error>,
    /// The target has taken back what was committed: the table is to be claimed and begun again.
    pub(in crate::copy) again: bool,
}

impl Settlement {
    const fn new(status: Status, error: Option<Error>) -> Self {
        Self { status, error, again: false }
    }
}

/// Writes down what became of a table and gives its claim back: its state, and the error if not all went well.
/// If the target is away, it is not asked for each table once more: a rerun finds out.
pub(in crate::copy) async fn settle(
    pod: &Pod,
    claim: Claim<TableDocument>,
    table: &PlannedTable,
    mut ended: EndedTable,
    target_is_away: bool,
) -> Settlement {
    let mut losses = None;
    if ended.error.is_none() && ended.left == 0 {
        match proof(pod, table).await {
            Ok(proof) if proof.is_complete() => {
                let tally = &proof.tally;
                ended.done = PhaseProgress {
                    rows: tally.rows,
                    bytes: tally.bytes,
                    chunks: tally.committed,
                    of: tally.chunks,
                };
                losses = Some(proof.losses);
            }
            Ok(proof) if proof.tally.is_replaced() => ended.error = Some(ledger::replaced(&table.target)),
            Ok(_) => ended.lost = true,
            Err(error) => ended.error = Some(error.table(&table.source)),
        }
    } else if !target_is_away && !ended.error.as_ref().is_some_and(|error| error.policy().retry) {
        // A target that is away need not be asked: the next start writes it down.
        losses = self::losses(pod, table).await;
    }
    if ended.lost {
        let why = "the target has taken back what was committed; this table is begun again";
        release(claim).await;
        pod.tell(&CopyEvent::TableStopped { index: table.index, why, error: None });
        return Settlement { status: Status::Pending, error: None, again: true };
    }
    if let Some(losses) = &losses {
        note_losses(pod, table, losses);
    }
    let claim = match losses {
        Some(losses) => claim.with_change(move |document| document.losses = losses).await,
        None => claim,
    };
    // A chunk may have been cut since the table was begun.
    let claim = if ended.done.of > 1 { note_consistency(pod, claim, ended.done.of).await } else { claim };
    match (ended.error, ended.left) {
        (None, 0) => completed(pod, claim, table, ended.done).await,
        (None, _) => {
            let stop = pod.patience().stop.error();
            let why = stop.as_ref().map_or_else(|| "an error stopped the pod".to_owned(), Error::detail);
            release(claim).await;
            pod.tell(&CopyEvent::TableStopped { index: table.index, why: &why, error: stop.as_ref() });
            Settlement::new(Status::Pending, None)
        }
        (Some(error), _) if error.kind() == ErrorKind::Replaced => replaced(pod, claim, table).await,
        (Some(error), _) => {
            let status = give_up(claim, &error).await;
            match status {
                Status::Failed => pod.tell(&CopyEvent::TableFailed { index: table.index, error: &error }),
                Status::Pending | Status::InProgress | Status::Completed => {
                    let why = error.detail();
                    pod.tell(&CopyEvent::TableStopped { index: table.index, why: &why, error: Some(&error) });
                }
            }
            Settlement::new(status, Some(error))
        }
    }
}

/// Puts into the record what the reads of so many chunks see together.
pub(super) async fn note_consistency(
    pod: &Pod,
    claim: Claim<TableDocument>,
    chunks: u32,
) -> Claim<TableDocument> {
    let consistency = pod.copier.rules.consistency.of_chunks(chunks);
    claim.with_change(move |document| document.consistency = Some(consistency)).await
}

/// What the ledger has of the table, for good: nothing is completed by what this pod remembers (see
/// [`crate::copy::table::proof`]).
async fn proof(pod: &Pod, table: &PlannedTable) -> Result<Proof> {
    let what = format!("proving {}", table.source);
    let mut retrying = pod.patience().retrying(&what);
    loop {
        match pod.proofs.prove(table.index).await {
            Ok(proof) => return Ok(proof),
            Err(error) => retrying.pause(error).await?,
        }
    }
}

/// What the ledger says was changed in the table's rows. If it cannot be asked, the next start writes it down.
async fn losses(pod: &Pod, table: &PlannedTable) -> Option<Vec<LossRecord>> {
    let mut retrying = pod.patience().retrying("reading the lossiness record");
    loop {
        match pod.proofs.losses(table.index).await {
            Ok(losses) => return Some(losses),
            Err(error) => {
                if let Err(error) = retrying.pause(error).await {
                    tracing::warn!(table = %table.source, %error, "what was changed in this table's values is not known yet; a rerun writes it down");
                    return None;
                }
            }
        }
    }
}

/// Counts of a column, never values.
fn note_losses(pod: &Pod, table: &PlannedTable, losses: &[LossRecord]) {
    for record in losses {
        let meaning = record.loss.meaning();
        pod.notices.add(Notice {
            kind: format!("loss_{}", record.loss),
            what: "column".to_owned(),
            said: [format!("has rows {meaning}"), format!("have rows {meaning}")],
            object: format!("{}.{}", table.source, record.column),
            reason: String::new(),
            rows: record.rows,
        });
    }
}

/// All chunks are committed: says so in the table's document.
async fn completed(
    pod: &Pod,
    claim: Claim<TableDocument>,
    table: &PlannedTable,
    done: PhaseProgress,
) -> Settlement {
    let epoch = claim.epoch;
    match claim.settle(SettledClaim::event(Event::Completed(done))).await {
        Ok(_) => {
            pod.tell(&CopyEvent::TableCompleted { index: table.index });
            Settlement::new(Status::Completed, None)
        }
        // Another pod that began just now has read the ledger, and mended the object before this one wrote it.
        Err(error) if error.kind() == ErrorKind::Fenced && is_completed(pod, table, epoch).await => {
            pod.tell(&CopyEvent::TableCompleted { index: table.index });
            Settlement::new(Status::Completed, None)
        }
        Err(error) => {
            let error = error.table(&table.source);
            let why = format!("the rows are committed, the checkpoint is not written: {}", error.detail());
            pod.tell(&CopyEvent::TableStopped { index: table.index, why: &why, error: Some(&error) });
            Settlement::new(Status::InProgress, Some(error))
        }
    }
}

/// Another run has begun the target table, or it was made anew: the table is never called completed, also while that
/// run lives.
async fn replaced(pod: &Pod, claim: Claim<TableDocument>, table: &PlannedTable) -> Settlement {
    let said = pod.proofs.replaced(&table.target).await.table(&table.source);
    let recorded = ledger::replaced(&table.target).because(said.detail()).table(&table.source);
    unsettled(claim.settle(SettledClaim::failed(&recorded)).await);
    pod.tell(&CopyEvent::TableFailed { index: table.index, error: &said });
    Settlement::new(Status::Failed, Some(said))
}

/// Does the table's object say that it is completed, and nobody has claimed it since?
async fn is_completed(pod: &Pod, table: &PlannedTable, epoch: u64) -> bool {
    let now = pod.claims.checkpoints.table(&pod.claims.plan, table).await;
    now.is_ok_and(|entry| entry.document.data.is_completed() && entry.document.epoch == epoch)
}

/// Records a failure, or gives the claim back after a signal; a claim that was taken over is no longer ours to change.
async fn give_up(claim: Claim<TableDocument>, error: &Error) -> Status {
    match error.kind() {
        ErrorKind::Fenced => {
            claim.abandon().await;
            Status::InProgress
        }
        ErrorKind::Terminated | ErrorKind::Interrupted => {
            release(claim).await;
            Status::Pending
        }
        _ => {
            unsettled(claim.settle(SettledClaim::failed(error)).await);
            Status::Failed
        }
    }
}

/// Gives a claim back with work left to do.
async fn release(claim: Claim<TableDocument>) {
    unsettled(claim.settle(SettledClaim::event(Event::Released)).await);
}

fn unsettled<T>(settled: Result<T>) {
    if let Err(error) = settled {
        tracing::warn!(error = %error, "the table's checkpoint could not be written; a rerun takes it up again");
    }
}
