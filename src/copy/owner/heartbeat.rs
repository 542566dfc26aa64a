//! The heartbeat of a claim: it says in the store, four times in a claim timeout, that the owner lives, and how far
//! it is.

use crate::checkpoint::{Entry, Written};
use crate::clock;
use crate::copy::owner::claimable::Claimable;
use crate::copy::owner::claims::Claims;
use crate::copy::owner::lost::write_owned;
use crate::error::Result;
use crate::failpoint;
use crate::model::checkpoint::Owner;
use crate::model::phase::{self, Event, PhaseProgress};
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A heartbeat that runs; dropped, it stops.
pub(super) struct Heartbeat<T: Claimable> {
    entry: Arc<Mutex<Entry<T>>>,
    /// How far the work has come, for the next write of whichever kind.
    done: Arc<std::sync::Mutex<Option<PhaseProgress>>>,
    /// Ends the task when it is dropped, whatever way the claim ends.
    running: DropGuard,
    fenced: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl<T: Claimable> Heartbeat<T> {
    /// Of the claim of `index` by `epoch`, whose document was just written as `entry`.
    pub(super) fn start(claims: &Arc<Claims>, index: u32, epoch: u64, entry: Entry<T>) -> Self {
        let entry = Arc::new(Mutex::new(entry));
        let done = Arc::new(std::sync::Mutex::new(None));
        let (stop, fenced) = (CancellationToken::new(), CancellationToken::new());
        let pulse = Pulse {
            claims: Arc::clone(claims),
            index,
            epoch,
            entry: Arc::clone(&entry),
            done: Arc::clone(&done),
            stop: stop.clone(),
            fenced: fenced.clone(),
        };
        let task = tokio::spawn(pulse.beat());
        Self { entry, done, running: stop.drop_guard(), fenced, task }
    }

    /// See [`super::claim::Claim::progressed`].
    pub(super) fn progressed(&self, done: PhaseProgress) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    /// Cancelled when the claim is found to be another pod's.
    pub(super) const fn fenced(&self) -> &CancellationToken {
        &self.fenced
    }

    /// Changes the document; the next write has it.
    pub(super) async fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.entry.lock().await.document);
    }

    /// Ends the task; the entry as it was written last, with what the owner said since.
    ///
    /// # Errors
    /// `Bug` if the phase cannot take the progress.
    pub(super) async fn stop(self, index: u32) -> Result<Entry<T>> {
        drop(self.running);
        if let Err(error) = self.task.await {
            tracing::error!(index, error = %error, "the heartbeat ended badly");
        }
        let mut entry = self.entry.lock().await.clone();
        note(&mut entry.document, &self.done)?;
        entry.document.set_under_way(None);
        Ok(entry)
    }
}

/// Takes what was said by [`Heartbeat::progressed`] into the document.
fn note<T: Claimable>(document: &mut T, done: &std::sync::Mutex<Option<PhaseProgress>>) -> Result<()> {
    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(done) = done {
        let next = phase::next(document.phase(), Event::Progressed(done), clock::now())?;
        document.set_phase(next);
    }
    Ok(())
}

/// The task.
struct Pulse<T: Claimable> {
    claims: Arc<Claims>,
    index: u32,
    epoch: u64,
    entry: Arc<Mutex<Entry<T>>>,
    done: Arc<std::sync::Mutex<Option<PhaseProgress>>>,
    stop: CancellationToken,
    fenced: CancellationToken,
}

impl<T: Claimable> Pulse<T> {
    /// Writes the heartbeat until told to stop; cancels `fenced` when the claim is lost.
    async fn beat(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.claims.timeout / 4) => {}
                () = self.stop.cancelled() => return,
            }
            self.keep_locks().await;
            match self.write().await {
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

    async fn keep_locks(&self) {
        match tokio::time::timeout(self.claims.timeout / 4, self.claims.session.keep()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %error, "the session of the locks is away"),
            Err(_) => tracing::debug!("the session of the locks is busy or away"),
        }
    }

    async fn write(&self) -> Result<Written> {
        let mut entry = self.entry.lock().await;
        note(&mut entry.document, &self.done)?;
        if let Some(owner) = entry.document.owner().cloned() {
            entry.document.set_owner(Some(Owner { heartbeat: clock::now(), ..owner }));
        }
        entry.document.set_under_way(self.claims.under_way.of_table(self.index));
        failpoint!("heartbeat.before_put");
        let written = write_owned(&self.claims.checkpoints, &mut entry, &self.claims.pod, self.epoch).await?;
        failpoint!("heartbeat.after_put");
        Ok(written)
    }
}
