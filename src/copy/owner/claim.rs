//! Claims: one owner for a table (or the finish step) at a time.
//!
//! A claim is taken in this order, and each step may be the last one of a killed pod:
//! 0. the target table becomes this run's (`holder.rs`): pods of one run do not differ in that;
//! 1. the advisory lock of (run, table) in the target: free means that no living session owns it;
//! 2. the table's object in the store: compare-and-swap to the next epoch, with this pod as owner;
//! 3. the epoch in the ledger: raised before any row is written.
//!
//! Guaranteed by 2 and 3: of any number of pods one wins an epoch, and only the highest epoch can commit rows. The lock
//! and the heartbeat only decide how soon another pod may try: at once if the owner's session is gone or the name is
//! our own, else after `--claim-timeout` without a heartbeat, by the store's clock.

use crate::checkpoint::{Entry, Written};
use crate::clock;
use crate::copy::owner::alive::{self, ClaimLock};
use crate::copy::owner::claimable::Claimable;
use crate::copy::owner::claims::Claims;
use crate::copy::owner::connections::Connections;
use crate::copy::owner::heartbeat::Heartbeat;
use crate::copy::owner::holder;
use crate::copy::owner::lost::{ClaimState, TRIES, still_unclaimed, write_owned};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::{Owner, next_epoch};
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::Event;
use crate::model::phase::PhaseError;
use crate::model::phase::PhaseProgress;
use crate::model::plan::PlannedTable;
use crate::postgres::ledger;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The ledger's index of the finish step; tables begin at 1.
pub const FINISH_INDEX: u32 = 0;

/// What is claimed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClaimSubject<'a> {
    /// Of the table, or [`FINISH_INDEX`].
    pub(super) index: u32,
    /// For people who look into the ledger.
    pub(super) name: &'a TableName,
    /// The table that becomes this run's; none for the finish step.
    pub(super) table: Option<&'a PlannedTable>,
}

/// What asking for a claim gave.
pub enum ClaimAnswer<T: Claimable> {
    Owned(Claim<T>),
    /// Another pod has it: the one named here, or (None) one that was faster just now. Read the object again later.
    Busy(Option<Owner>),
}

/// A claim that this pod holds, with its heartbeat running.
pub struct Claim<T: Claimable> {
    pub index: u32,
    pub epoch: u64,
    claims: Arc<Claims>,
    heartbeat: Heartbeat<T>,
}

/// Asks for the claim of `subject`, whose document is `entry`.
///
/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`; `TargetUnavailable`, `TargetLogin`,
/// `TargetPermission`; `Fenced` if the ledger has a higher epoch, or another run that lives holds the target table;
/// `TargetHasRows` if one that has ended does, and its rows may not go.
pub(super) async fn ask<T: Claimable>(
    claims: &Arc<Claims>,
    connections: &mut Connections,
    subject: ClaimSubject<'_>,
    mut entry: Entry<T>,
) -> Result<ClaimAnswer<T>> {
    if let Some(table) = subject.table {
        holder::hold(claims, connections.target().await?, table).await?;
    }
    failpoint!("claim.before_lock");
    let locked = claims.session.hold(subject.index).await?;
    let lock = if locked { ClaimLock::Free } else { ClaimLock::HeldOrUnknown };
    let theirs = entry.document.owner().filter(|owner| owner.pod != claims.pod);
    if let Some(owner) = theirs.filter(|_| alive::owner_lives(&entry, lock, claims.timeout)) {
        return Ok(ClaimAnswer::Busy(Some(owner.clone())));
    }
    let taken = take(claims, connections, subject, &mut entry).await;
    if locked && !matches!(taken, Ok(Taken::Epoch(_))) {
        unlock(claims, subject.index).await;
    }
    Ok(match taken? {
        Taken::Epoch(epoch) => {
            let (index, claims) = (subject.index, Arc::clone(claims));
            let heartbeat = Heartbeat::start(&claims, index, epoch, entry);
            ClaimAnswer::Owned(Claim { index, epoch, claims, heartbeat })
        }
        Taken::ByAnother(owner) => ClaimAnswer::Busy(owner),
    })
}

/// What became of steps 2 and 3.
enum Taken {
    /// By this pod.
    Epoch(u64),
    /// Another pod won the compare-and-swap.
    ByAnother(Option<Owner>),
}

/// Steps 2 and 3.
async fn take<T: Claimable>(
    claims: &Claims,
    connections: &mut Connections,
    subject: ClaimSubject<'_>,
    entry: &mut Entry<T>,
) -> Result<Taken> {
    failpoint!("claim.after_lock");
    let index = subject.index;
    let known = claims.epochs.get(&index).copied().unwrap_or(0);
    let seen = ClaimState::of(&entry.document);
    let epoch = free_epoch(claims, subject, entry, known)?;
    for attempt in 1.. {
        let document = &mut entry.document;
        let started = phase::next(document.phase(), Event::Started, clock::now())?;
        document.set_phase(started);
        document.set_epoch(epoch);
        document.set_owner(Some(Owner { pod: claims.pod.clone(), epoch, heartbeat: clock::now() }));
        document.set_consistency(&claims.consistency);
        document.set_under_way(None);
        if claims.checkpoints.write(entry).await? == Written::Stored {
            break;
        }
        let Some(stored) = claims.checkpoints.read_again(entry).await? else {
            return Ok(Taken::ByAnother(None));
        };
        if attempt == TRIES || !still_unclaimed(&seen, &stored.document) {
            return Ok(Taken::ByAnother(stored.document.owner().cloned()));
        }
        *entry = stored;
    }
    failpoint!("claim.after_put");
    let client = connections.target().await?;
    // First the sessions: a frozen owner's open transaction would hold the row that is raised. Before the first epoch
    // there was no owner.
    if epoch > 1 {
        ledger::terminate_older(client, &claims.run, index, epoch).await?;
    }
    failpoint!("claim.after_terminate");
    ledger::raise_epoch(client, &claims.run, index, subject.name, epoch, &claims.pod).await?;
    failpoint!("claim.after_raise");
    Ok(Taken::Epoch(epoch))
}

/// The epoch of this claim: above every one that the object and the ledger know.
///
/// # Errors
/// `TableDamaged`, or `CheckpointDamaged` for the finish step, if there is none above it: nobody has claimed so often.
fn free_epoch<T: Claimable>(
    claims: &Claims,
    subject: ClaimSubject<'_>,
    entry: &Entry<T>,
    known: u64,
) -> Result<u64> {
    let stored = entry.document.epoch();
    let highest = stored.max(known);
    next_epoch(highest).ok_or_else(|| {
        let place = match stored == highest {
            true => claims.checkpoints.place_of(entry),
            false => format!("the row of {} in shardferry.claim of the target", subject.name),
        };
        let message = format!("{place} is damaged: its epoch, {highest}, is at the end of the range");
        match subject.index {
            FINISH_INDEX => Error::new(ErrorKind::CheckpointDamaged, message),
            _ => Error::new(ErrorKind::TableDamaged, message).table(subject.name),
        }
    })
}

async fn unlock(claims: &Claims, index: u32) {
    let released = async {
        failpoint!("release.before_unlock");
        claims.session.release(index).await?;
        failpoint!("release.after_unlock");
        Ok::<_, Error>(())
    };
    if let Err(error) = released.await {
        tracing::warn!(index, error = %error, "could not free the advisory lock; it goes with the session");
    }
}

impl<T: Claimable> Claim<T> {
    /// Says how far the work has come; the next heartbeat writes it down. The ledger has it already.
    pub fn progressed(&self, done: PhaseProgress) {
        self.heartbeat.progressed(done);
    }

    /// Cancelled when the heartbeat finds that another pod took the claim over.
    #[must_use]
    pub const fn fenced(&self) -> &CancellationToken {
        self.heartbeat.fenced()
    }

    /// Changes the document; the next write has it.
    pub async fn with_change(self, change: impl FnOnce(&mut T)) -> Self {
        self.change(change).await;
        self
    }

    /// The same while the work goes on.
    pub async fn change(&self, change: impl FnOnce(&mut T)) {
        self.heartbeat.change(change).await;
    }

    /// Records what became of the claim and gives it back: no owner, no lock.
    ///
    /// # Errors
    /// `Fenced` if another pod has taken the claim over; `StoreRefused`, `StoreUnavailable`.
    pub async fn settle(self, settled: SettledClaim<T>) -> Result<T> {
        let Self { index, epoch, claims, heartbeat } = self;
        let entry = heartbeat.stop(index).await;
        let written = async {
            let mut entry = entry?;
            let next = phase::next(entry.document.phase(), settled.event, clock::now())?;
            entry.document.set_phase(next);
            (settled.change)(&mut entry.document);
            entry.document.set_owner(None);
            let written = write_with_patience(&claims, &mut entry, epoch).await?;
            Ok((written, entry.document))
        }
        .await;
        unlock(&claims, index).await;
        match written? {
            (Written::Stored, document) => Ok(document),
            (Written::Lost, _) => Err(fenced_error(epoch)),
        }
    }

    /// Leaves a claim that another pod has taken over: nothing is written, only the lock is freed.
    pub async fn abandon(self) {
        drop(self.heartbeat);
        unlock(&self.claims, self.index).await;
    }
}

/// The rows are committed, so the store gets its time; if it stays away, the rerun mends the object from the ledger.
async fn write_with_patience<T: Claimable>(
    claims: &Claims,
    entry: &mut Entry<T>,
    epoch: u64,
) -> Result<Written> {
    let mut retrying = claims.patience.retrying("writing a checkpoint");
    loop {
        let written = async {
            failpoint!("settle.before_put");
            let written = write_owned(&claims.checkpoints, entry, &claims.pod, epoch).await?;
            failpoint!("settle.after_put");
            Ok(written)
        };
        match written.await {
            Ok(written) => return Ok(written),
            Err(error) => retrying.pause(error).await?,
        }
    }
}

/// What became of a claim: the event of its phase, and what else changes in the document.
pub struct SettledClaim<T> {
    pub event: Event,
    pub change: Box<dyn FnOnce(&mut T) + Send>,
}

impl<T> SettledClaim<T> {
    #[must_use]
    pub fn event(event: Event) -> Self {
        Self { event, change: Box::new(|_| {}) }
    }

    /// The failure as it stands in the checkpoint: code and text, no values, no secrets.
    #[must_use]
    pub fn failed(error: &Error) -> Self {
        Self::event(Event::Failed(PhaseError::from(error)))
    }
}

fn fenced_error(epoch: u64) -> Error {
    Error::new(ErrorKind::Fenced, format!("the claim of epoch {epoch} was taken over by another pod"))
}
