//! The memory that all buffers of the process may take together, and how much of it a worker gets: arithmetic only.
//!
//! The budget is `--memory`; without it, the least memory limit of the process's control groups (v1 or v2) minus
//! [`PROGRAM`], or the limit of its address space minus [`PROGRAM_SPACE`], whichever is less; without a limit, a
//! quarter of the machine's memory, at most [`WITHOUT_LIMIT`]. Half of what the workers' fixed buffers leave is
//! shared equally: each worker has [`BATCHES`] batches, which become smaller if they would not fit. The other half is
//! the *lane*: one worker at a time collects a value in it that is larger than a batch may be.

use crate::error::{Error, ErrorKind, Result};
use std::num::NonZeroUsize;
use std::path::Path;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// Code, stacks, connections, catalog and checkpoints: taken off a limit that holds for the whole process.
const PROGRAM: u64 = 48 * MIB;
/// What of the address space is taken before any buffer: code, the stacks and the heaps of threads, which are only
/// reserved.
const PROGRAM_SPACE: u64 = 256 * MIB;
/// The most that is taken if nothing limits the process.
const WITHOUT_LIMIT: u64 = 1024 * MIB;
/// A worker's buffers of a fixed size: the decoder's, TLS, and what the target's connection holds of its messages.
const WORKER: u64 = 1280 * KIB;
/// What a worker needs more if it leaves refused rows out: two rows of kept values, and the part of the reject file
/// that is not yet put (`copy/chunk/rejects.rs`).
pub const REJECTS: u64 = 2 * MIB;
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

/// What PostgreSQL can allocate for one field (`MaxAllocSize`).
pub const LARGEST_FIELD: usize = 0x3FFF_FFFF;

/// What may be held, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferLimits {
    /// So much makes a batch full.
    pub batch: usize,
    /// A long value of a length unknown beforehand is collected up to here without asking.
    pub share: usize,
    /// And up to here once the lane was granted; more is refused.
    pub value: usize,
}

impl BufferLimits {
    /// Batches of so many bytes, and values as large as PostgreSQL takes them.
    #[must_use]
    pub const fn batches_of(batch: usize) -> Self {
        Self { batch, share: LARGEST_FIELD, value: LARGEST_FIELD }
    }
}

/// The workers that share the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    pub jobs: NonZeroUsize,
    /// They leave refused rows out (`--rejects`).
    pub rejects: bool,
}

impl Workers {
    /// Bytes that all of them need besides their batches.
    fn fixed(self) -> Option<u64> {
        let each = WORKER + if self.rejects { REJECTS } else { 0 };
        self.count().checked_mul(each)
    }

    const fn count(self) -> u64 {
        self.jobs.get() as u64
    }
}

/// What each of the workers may hold. `memory`: what `--memory` says. `root`: `/`, or in a test what stands for it.
///
/// # Errors
/// `Config` if it is too little for so many workers.
pub fn granted(memory: Option<u64>, workers: Workers, root: &Path) -> Result<BufferLimits> {
    let (bytes, origin) = size(memory, root);
    let limits = shared(bytes, workers).ok_or_else(|| too_little(&origin, memory, workers))?;
    let (batch, share, largest) = (limits.batch, limits.share, limits.value);
    tracing::debug!(bytes, origin, batch, share, largest, "memory for buffers");
    Ok(limits)
}

/// The budget, and where it comes from.
fn size(memory: Option<u64>, root: &Path) -> (u64, String) {
    if let Some(bytes) = memory {
        return (bytes, "--memory".to_owned());
    }
    let container = super::memory(root)
        .map(|limit| (limit.saturating_sub(PROGRAM), format!("the container's limit of {}", mib(limit))));
    let space = super::address_space(root).map(|limit| {
        let origin = format!("the limit of {} of the address space (ulimit -v)", mib(limit));
        (limit.saturating_sub(PROGRAM_SPACE), origin)
    });
    let quarter = || {
        let quarter = super::machine_memory(root).map_or(WITHOUT_LIMIT, |bytes| bytes / 4);
        (quarter.min(WITHOUT_LIMIT), "a quarter of the machine's memory".to_owned())
    };
    match (container, space) {
        (None, None) => quarter(),
        // A wide limit of the address space says nothing about the machine's memory.
        (None, Some(space)) => {
            [space, quarter()].into_iter().min_by_key(|(bytes, _)| *bytes).unwrap_or_else(quarter)
        }
        (Some(container), None) => container,
        (Some(container), Some(space)) => {
            if space.0 < container.0 {
                space
            } else {
                container
            }
        }
    }
}

/// As many workers as the budget is enough for, of those `wanted`; 1 if it is not even enough for one.
#[must_use]
pub fn fitting(memory: Option<u64>, wanted: Workers, root: &Path) -> NonZeroUsize {
    let (bytes, _) = size(memory, root);
    let fits = |jobs: &NonZeroUsize| shared(bytes, Workers { jobs: *jobs, ..wanted }).is_some();
    (1..=wanted.jobs.get()).rev().filter_map(NonZeroUsize::new).find(fits).unwrap_or(NonZeroUsize::MIN)
}

/// Parts the budget; None if it is too little.
fn shared(bytes: u64, workers: Workers) -> Option<BufferLimits> {
    let free = bytes.checked_sub(workers.fixed()?)?;
    let batches = workers.count() * BATCHES;
    let each = (free / 2 / batches).checked_sub(OVER)?;
    let batch = (each / 2).min(BATCH);
    let share = (each - batch).min(SHARE);
    // What the batches do not take is the lane's; it also has to hold what its value overshoots.
    let lane = (free - batches * (batch + share + OVER)).checked_sub(OVER)?;
    if batch < LEAST_BATCH || share < LEAST_SHARE || lane < LEAST_LANE {
        return None;
    }
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Some(BufferLimits { batch: size(batch), share: size(share), value: size(lane) })
}

/// The least budget of so many workers, in whole MiB.
fn least(workers: Workers) -> u64 {
    let batches = workers.count().saturating_mul(2 * BATCHES * (LEAST_BATCH + LEAST_SHARE + OVER));
    let bytes = workers.fixed().unwrap_or(u64::MAX).saturating_add(batches.max(2 * (LEAST_LANE + OVER)));
    bytes.div_ceil(MIB).saturating_mul(MIB)
}

fn too_little(origin: &str, memory: Option<u64>, workers: Workers) -> Error {
    let least = least(workers);
    let more = match memory {
        Some(_) => format!("give at least {}", mib(least)),
        None => format!(
            "give the container at least {}, or say --memory {}",
            mib(least.saturating_add(PROGRAM)),
            mib(least).replace(' ', "")
        ),
    };
    let chunks = match workers.jobs.get() {
        1 => "a chunk".to_owned(),
        jobs => format!("{jobs} chunks at once"),
    };
    let with = if workers.rejects { " with --rejects" } else { "" };
    let message = format!("{origin} is too little memory for {chunks}{with}: {more}, or lower --jobs");
    Error::new(ErrorKind::Config, message)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / MIB)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
