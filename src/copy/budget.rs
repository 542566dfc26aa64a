//! The memory that all buffers of the process may take together, and how the workers share it.
//!
//! The budget is `--memory`; without it, the least memory limit of the process's control groups (v1 or v2) minus
//! [`PROGRAM`]; without a limit, a quarter of the machine's memory, at most [`WITHOUT_LIMIT`]. Half of what the workers'
//! fixed buffers leave is shared equally: each worker has [`BATCHES`] batches, which become smaller where they would not
//! fit. The other half is the *lane*: one worker at a time collects a value in it that is larger than a batch may be.
//!
//! Guaranteed: the lane is given back when the last byte of its value was handed to the target's connection, not earlier;
//! a worker that waits for it holds nothing that another one waits for, so there is no deadlock.
//!
//! What limits the process is [`crate::limits`]'s to find out.

#[cfg(test)]
mod tests;

use crate::convert::encode::{CopyEncoder, Limits};
use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use bytes::Bytes;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// Code, stacks, connections, catalog and checkpoints: taken off a limit that holds for the whole process.
const PROGRAM: u64 = 48 * MIB;
/// The most that is taken where nothing limits the process.
const WITHOUT_LIMIT: u64 = 1024 * MIB;
/// A worker's buffers of a fixed size: the decoder's, TLS, and what the target's connection holds of its messages.
const WORKER: u64 = 1280 * KIB;
/// Batches that a worker can hold at once: one being filled, two under way, one being written, and two of which the
/// target's connection still holds a piece.
const BATCHES: u64 = 6;
/// Encoded bytes that make a batch, and the least that does.
const BATCH: u64 = 256 * KIB;
const LEAST_BATCH: u64 = 32 * KIB;
/// Collected in a batch without asking: the most, and the least.
const SHARE: u64 = 4 * MIB;
const LEAST_SHARE: u64 = 32 * KIB;
/// What a batch may overshoot: a packet of the source in its widest form, and room for a row.
const OVER: u64 = 64 * KIB;
const LEAST_LANE: u64 = MIB;

/// See the module.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    lane: Arc<Semaphore>,
}

impl Budget {
    /// The budget of `jobs` workers. `memory`: what `--memory` says. `root`: `/`, or in a test what stands for it.
    ///
    /// # Errors
    /// `Config` where it is too little for so many workers.
    pub fn new(memory: Option<u64>, jobs: NonZeroUsize, root: &Path) -> Result<Self> {
        let (bytes, origin) = size(memory, root);
        let limits = shared(bytes, jobs.get() as u64).ok_or_else(|| too_little(&origin, memory, jobs))?;
        tracing::debug!(
            bytes,
            origin,
            batch = limits.batch,
            share = limits.share,
            largest = limits.value,
            "memory for buffers"
        );
        Ok(Self { limits, lane: Arc::new(Semaphore::new(1)) })
    }

    /// What one worker may hold while it copies with an encoder of these [`Self::limits`].
    #[must_use]
    pub const fn allowance(&self) -> Allowance<'_> {
        Allowance { budget: self, lane: None }
    }

    /// What an encoder gets.
    #[must_use]
    pub const fn limits(&self) -> Limits {
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

    /// Where the encoder collects a value that outgrew its share: waits for the lane, and lets it go on.
    ///
    /// # Errors
    /// `Bug` where the lane is gone.
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

/// The budget, and where it comes from.
fn size(memory: Option<u64>, root: &Path) -> (u64, String) {
    match (memory, limits::memory(root)) {
        (Some(bytes), _) => (bytes, "--memory".to_owned()),
        (None, Some(limit)) => {
            (limit.saturating_sub(PROGRAM), format!("the container's limit of {}", mib(limit)))
        }
        (None, None) => {
            let quarter = limits::machine_memory(root).map_or(WITHOUT_LIMIT, |bytes| bytes / 4);
            (quarter.min(WITHOUT_LIMIT), "a quarter of the machine's memory".to_owned())
        }
    }
}

/// As many workers as the budget is enough for, of those `wanted`; 1 where it is not even enough for one.
#[must_use]
pub fn fitting(memory: Option<u64>, wanted: NonZeroUsize, root: &Path) -> NonZeroUsize {
    let (bytes, _) = size(memory, root);
    let fits = |jobs: &usize| shared(bytes, *jobs as u64).is_some();
    (1..=wanted.get()).rev().find(fits).and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN)
}

/// Parts the budget; None where it is too little.
fn shared(bytes: u64, jobs: u64) -> Option<Limits> {
    let free = bytes.checked_sub(jobs.checked_mul(WORKER)?)?;
    let batches = jobs * BATCHES;
    let each = (free / 2 / batches).checked_sub(OVER)?;
    let batch = (each / 2).min(BATCH);
    let share = (each - batch).min(SHARE);
    // What the batches do not take is the lane's; it also has to hold what its value overshoots.
    let lane = (free - batches * (batch + share + OVER)).checked_sub(OVER)?;
    if batch < LEAST_BATCH || share < LEAST_SHARE || lane < LEAST_LANE {
        return None;
    }
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Some(Limits { batch: size(batch), share: size(share), value: size(lane) })
}

/// The least budget of so many workers, in whole MiB.
fn least(jobs: u64) -> u64 {
    let batches = jobs.saturating_mul(2 * BATCHES * (LEAST_BATCH + LEAST_SHARE + OVER));
    let bytes = jobs.saturating_mul(WORKER).saturating_add(batches.max(2 * (LEAST_LANE + OVER)));
    bytes.div_ceil(MIB).saturating_mul(MIB)
}

fn too_little(origin: &str, memory: Option<u64>, jobs: NonZeroUsize) -> Error {
    let least = least(jobs.get() as u64);
    let more = match memory {
        Some(_) => format!("give at least {}", mib(least)),
        None => format!(
            "give the container at least {}, or say --memory {}",
            mib(least.saturating_add(PROGRAM)),
            mib(least).replace(' ', "")
        ),
    };
    let message = format!("{origin} is too little memory for {jobs} chunks at once: {more}, or lower --jobs");
    Error::new(ErrorKind::Config, message)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / MIB)
}
