//! Claims: one owner for a table (or the finish step) at a time.
//!
//! A claim is taken in this order, and each step may be the last one of a killed pod:
//! 1. the advisory lock of (run, table) in the target: free means that no living session owns it;
//! 2. the table's object in the store: compare-and-swap to the next epoch, with this pod as owner;
//! 3. the epoch in the ledger: raised before any row is written.
//!
//! Guaranteed by 2 and 3: of any number of pods one wins an epoch, and only the highest epoch can commit rows. The lock
//! and the heartbeat only decide how soon another pod may try: at once where the owner's session is gone or the name is
//! our own, else after `--claim-timeout` without a heartbeat, by the store's clock.

use crate::checkpoint::{Entry, Written};
use crate::clock;
use crate::copy::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::{Document, FinishDocument, Owner, Phase, PhaseError, TableDocument};
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::Event;
use crate::model::phase::PhaseProgress;
use crate::postgres::ledger;
use crate::retry::Retrying;
use crate::settings::Consistency;
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A document that can have an owner.
pub trait Claimable: Document + 'static {
    fn owner(&self) -> Option<&Owner>;
    fn set_owner(&mut self, owner: Option<Owner>);
    /// The highest epoch that this document ever had.
    fn epoch_mut(&mut self) -> &mut u64;
    /// The phase that the claim is for.
    fn phase_mut(&mut self) -> &mut Phase;
    fn phase(&self) -> &Phase;
    /// Notes what the new owner's reads will see, where the document has a place for it.
    fn set_consistency(&mut self, _consistency: &Consistency) {}
}

macro_rules! claimable {
    ($document:ty, $phase:ident $(, $more:item)?) => {
        impl Claimable for $document {
            fn owner(&self) -> Option<&Owner> {
                self.owner.as_ref()
            }
            fn set_owner(&mut self, owner: Option<Owner>) {
                self.owner = owner;
            }
            fn epoch_mut(&mut self) -> &mut u64 {
                &mut self.epoch
            }
            fn phase_mut(&mut self) -> &mut Phase {
                &mut self.$phase
            }
            fn phase(&self) -> &Phase {
                &self.$phase
            }
            $($more)?
        }
    };
}
claimable!(
    TableDocument,
    data,
    fn set_consistency(&mut self, consistency: &Consistency) {
        self.consistency = Some(consistency.to_string());
    }
);
claimable!(FinishDocument, status);

/// The ledger's index of the finish step; tables begin at 1.
pub const FINISH_INDEX: u32 = 0;

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
    entry: Arc<Mutex<Entry<T>>>,
    /// How far the work has come, for the next write of whichever kind.
    done: Arc<std::sync::Mutex<Option<PhaseProgress>>>,
    /// Ends the heartbeat when it is dropped, whatever way the claim ends.
    heartbeat: DropGuard,
    fenced: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// Asks for the claim of `index` (`name` for people), whose document is `entry`.
///
/// # Errors
/// Those of the store and the target.
pub async fn ask<T: Claimable>(
    cx: &Arc<Context>,
    index: u32,
    name: &TableName,
    mut entry: Entry<T>,
) -> Result<ClaimAnswer<T>> {
    failpoint!("claim.before_lock");
    let locked = cx.session.lock().await.hold(index).await?;
    if let Some(owner) = entry.document.owner() {
        let ours = owner.pod == cx.pod;
        let silent = entry.age().is_none_or(|age| age >= cx.claim_timeout);
        if !(locked || ours || silent) {
            return Ok(ClaimAnswer::Busy(Some(owner.clone())));
        }
    }
    let outcome = take(cx, index, name, &mut entry).await;
    match outcome {
        Ok(Some(epoch)) => Ok(ClaimAnswer::Owned(Claim::start(cx, index, epoch, entry))),
        Ok(None) => {
            if locked {
                unlock(cx, index).await;
            }
            Ok(ClaimAnswer::Busy(None))
        }
        Err(error) => {
            if locked {
                unlock(cx, index).await;
            }
            Err(error)
        }
    }
}

/// Steps 2 and 3; None where another pod won the compare-and-swap.
async fn take<T: Claimable>(
    cx: &Context,
    index: u32,
    name: &TableName,
    entry: &mut Entry<T>,
) -> Result<Option<u64>> {
    failpoint!("claim.after_lock");
    let known = cx.epochs.get(&index).copied().unwrap_or(0);
    let document = &mut entry.document;
    let epoch = (*document.epoch_mut()).max(known) + 1;
    *document.epoch_mut() = epoch;
    document.set_owner(Some(Owner { pod: cx.pod.clone(), epoch, heartbeat: clock::now() }));
    document.set_consistency(&cx.consistency);
    let started = phase::next(document.phase(), Event::Started, clock::now())?;
    *document.phase_mut() = started;
    match cx.checkpoints.write(entry).await? {
        Written::Stored => {}
        Written::Lost => return Ok(None),
    }
    failpoint!("claim.after_put");
    let mut session = cx.session.lock().await;
    let client = session.client().await?;
    // First the sessions: a frozen owner's open transaction would hold the row that is raised. Before the first epoch
    // there was no owner.
    if epoch > 1 {
        ledger::terminate_older(client, &cx.run, index, epoch).await?;
    }
    failpoint!("claim.after_terminate");
    ledger::raise_epoch(client, &cx.run, index, name, epoch, &cx.pod).await?;
    failpoint!("claim.after_raise");
    Ok(Some(epoch))
}

async fn unlock(cx: &Context, index: u32) {
    let released = async {
        failpoint!("release.before_unlock");
        cx.session.lock().await.release(index).await?;
        failpoint!("release.after_unlock");
        Ok::<_, Error>(())
    };
    if let Err(error) = released.await {
        tracing::warn!(index, error = %error, "could not free the advisory lock; it goes with the session");
    }
}

impl<T: Claimable> Claim<T> {
    fn start(cx: &Arc<Context>, index: u32, epoch: u64, entry: Entry<T>) -> Self {
        let entry = Arc::new(Mutex::new(entry));
        let done = Arc::new(std::sync::Mutex::new(None));
        let (heartbeat, fenced) = (CancellationToken::new(), CancellationToken::new());
        let pulse = Pulse {
            cx: Arc::clone(cx),
            index,
            entry: Arc::clone(&entry),
            done: Arc::clone(&done),
            stop: heartbeat.clone(),
            fenced: fenced.clone(),
        };
        let task = tokio::spawn(pulse.beat());
        Self { index, epoch, entry, done, heartbeat: heartbeat.drop_guard(), fenced, task }
    }

    /// Says how far the work has come; the next heartbeat writes it down. The ledger has it already.
    pub fn progressed(&self, done: PhaseProgress) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    /// Cancelled when the heartbeat finds that another pod took the claim over.
    #[must_use]
    pub const fn fenced(&self) -> &CancellationToken {
        &self.fenced
    }

    /// Changes the document; the next write has it.
    pub async fn with_change(self, change: impl FnOnce(&mut T)) -> Self {
        change(&mut self.entry.lock().await.document);
        self
    }

    /// Records what became of the claim and gives it back: no owner, no lock.
    ///
    /// # Errors
    /// `Fenced` where another pod has taken the claim over; those of the store.
    pub async fn settle(self, cx: &Context, settled: SettledClaim<T>) -> Result<T> {
        drop(self.heartbeat);
        if let Err(error) = self.task.await {
            tracing::error!(index = self.index, error = %error, "the heartbeat ended badly");
        }
        let mut entry = self.entry.lock().await;
        note(&mut entry.document, &self.done)?;
        let next = phase::next(entry.document.phase(), settled.event, clock::now())?;
        *entry.document.phase_mut() = next;
        (settled.change)(&mut entry.document);
        entry.document.set_owner(None);
        let written = write_with_patience(cx, &mut entry).await;
        unlock(cx, self.index).await;
        match written? {
            Written::Stored => Ok(entry.document.clone()),
            Written::Lost => Err(fenced_error(self.epoch)),
        }
    }

    /// Leaves a claim that another pod has taken over: nothing is written, only the lock is freed.
    pub async fn abandon(self, cx: &Context) {
        drop(self.heartbeat);
        unlock(cx, self.index).await;
    }
}

/// The rows are committed, so the store gets its time; where it stays away, the rerun mends the object from the ledger.
async fn write_with_patience<T: Claimable>(cx: &Context, entry: &mut Entry<T>) -> Result<Written> {
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, "writing a checkpoint");
    loop {
        let written = async {
            failpoint!("settle.before_put");
            let written = cx.checkpoints.write(entry).await?;
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

/// Takes what was said by [`Claim::progressed`] into the document.
fn note<T: Claimable>(document: &mut T, done: &std::sync::Mutex<Option<PhaseProgress>>) -> Result<()> {
    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(done) = done {
        *document.phase_mut() = phase::next(document.phase(), Event::Progressed(done), clock::now())?;
    }
    Ok(())
}

/// What the heartbeat of a claim needs.
struct Pulse<T: Claimable> {
    cx: Arc<Context>,
    index: u32,
    entry: Arc<Mutex<Entry<T>>>,
    done: Arc<std::sync::Mutex<Option<PhaseProgress>>>,
    stop: CancellationToken,
    fenced: CancellationToken,
}

impl<T: Claimable> Pulse<T> {
    /// Writes the heartbeat four times in a claim timeout until told to stop; cancels `fenced` when the claim is lost.
    async fn beat(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.cx.claim_timeout / 4) => {}
                () = self.stop.cancelled() => return,
            }
            self.keep_locks().await;
            match self.once().await {
                Ok(Written::Stored) => {}
                Ok(Written::Lost) => {
                    tracing::warn!(index = self.index, "another pod has taken this claim over");
                    self.fenced.cancel();
                    return;
                }
                // The ledger's epoch still guards the commit; the store may come back before the claim times out.
                Err(error) => {
                    tracing::warn!(index = self.index, error = %error, "the heartbeat could not be written");
                }
            }
        }
    }

    /// Makes the session of the locks anew where the target ended it: without it this pod would count as dead.
    async fn keep_locks(&self) {
        let session = async { self.cx.session.lock().await.client().await.map(drop) };
        match tokio::time::timeout(self.cx.claim_timeout / 4, session).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %error, "the session of the locks is away"),
            Err(_) => tracing::debug!("the session of the locks is busy or away"),
        }
    }

    async fn once(&self) -> Result<Written> {
        let mut entry = self.entry.lock().await;
        note(&mut entry.document, &self.done)?;
        if let Some(owner) = entry.document.owner().cloned() {
            entry.document.set_owner(Some(Owner { heartbeat: clock::now(), ..owner }));
        }
        failpoint!("heartbeat.before_put");
        let written = self.cx.checkpoints.write(&mut entry).await?;
        failpoint!("heartbeat.after_put");
        Ok(written)
    }
}
