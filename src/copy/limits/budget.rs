//! The memory that all buffers of the process may take together, and how the workers share it.
//!
//! How large the budget is, and its parts, are [`crate::limits::memory`]'s to compute.
//!
//! Guaranteed: the lane is given back when the last byte of its value was handed to the target's connection, not
//! earlier; a worker that waits for it holds nothing that another one waits for, so there is no deadlock.

use crate::convert::encode::CopyEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::memory::{self, BufferLimits, Workers};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// See the module.
#[derive(Debug)]
pub struct Budget {
    limits: BufferLimits,
    lane: Arc<Semaphore>,
}

impl Budget {
    /// The budget of these workers. `memory`: what `--memory` says. `root`: `/`, or in a test what stands for it.
    ///
    /// # Errors
    /// `Config` if it is too little for so many workers.
    pub fn new(memory: Option<u64>, workers: Workers, root: &Path) -> Result<Self> {
        let limits = memory::granted(memory, workers, root)?;
        Ok(Self { limits, lane: Arc::new(Semaphore::new(1)) })
    }

    /// What one worker may hold while it copies with an encoder of these [`Self::limits`].
    #[must_use]
    pub const fn allowance(&self) -> Allowance<'_> {
        Allowance { budget: self, lane: None }
    }

    /// What an encoder gets.
    #[must_use]
    pub const fn limits(&self) -> BufferLimits {
        self.limits
    }
}

/// A worker's part of the budget, for the length of one pump.
#[derive(Debug)]
pub struct Allowance<'b> {
    budget: &'b Budget,
    lane: Option<OwnedSemaphorePermit>,
}

impl Allowance<'_> {
    /// What the encoder has complete. A batch with a large value takes the lane along, and gives it back when it is
    /// dropped.
    pub fn take(&mut self, encoder: &mut CopyEncoder) -> Bytes {
        let batch = encoder.take();
        if encoder.is_collecting() {
            return batch;
        }
        match self.lane.take() {
            Some(lane) => Bytes::from_owner(Large { batch, _lane: lane }),
            None => batch,
        }
    }

    /// Waits for the lane if the encoder collects a value that outgrew its share, and lets it go on.
    ///
    /// # Errors
    /// `Bug` if the lane is gone.
    pub async fn refill(&mut self, encoder: &mut CopyEncoder) -> Result<()> {
        if !encoder.wants_more() {
            return Ok(());
        }
        if self.lane.is_none() {
            let lane = Arc::clone(&self.budget.lane).acquire_owned().await;
            self.lane =
                Some(lane.map_err(|_| Error::new(ErrorKind::Bug, "the lane for large values closed"))?);
        }
        encoder.grant();
        Ok(())
    }
}

/// A batch with the lane that its value was collected in.
struct Large {
    batch: Bytes,
    _lane: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        &self.batch
    }
}
