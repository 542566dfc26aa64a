//! The limits of a pod: so many rows and bytes a second, all its workers together, and none while a replica of the
//! target is too far behind (`crate::copy::limits::replicas` says when).
//!
//! A batch is written when all of it has been earned at the limit; what is not used is kept for a second
//! ([`CREDIT`]). So in no time `t` more than `t` + 1 s of the limit is written, and a batch larger than that waits as
//! long as it takes. Workers are served in the order in which they come (Tokio's mutex is fair): the first one waits
//! for its time, the others for it; nobody else is woken. A worker that is stopped while it waits has used nothing.
//!
//! Who waits holds its own batches, and with one of them maybe the lane of the budget; nothing that another worker in
//! the queue needs in order to go on, so there is no deadlock. The source is not read meanwhile, and its timeout runs
//! only while we wait for it ([`crate::sqlserver::rows`]).
//!
//! Not a crate: `governor` refuses what is larger than its burst and has a clock of its own, `leaky-bucket` has waiting
//! tasks that refill for one another, with a timer of fractions of a second. This is two instants behind a mutex.

use crate::settings::Throttle as Limits;
use crate::telemetry::measures::{Cause, Held};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

/// What is not used is kept so long.
const CREDIT: Duration = Duration::from_secs(1);
/// No wait is longer; keeps the arithmetic of instants safe.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// See the module.
#[derive(Debug)]
pub struct Throttle {
    limits: Limits,
    /// Until when either limit is used.
    used: Mutex<Used>,
    /// A replica is too far behind, or may be.
    behind: watch::Sender<bool>,
    held: Arc<Held>,
    said: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Used {
    rows: Instant,
    bytes: Instant,
}

impl Used {
    /// With these rows and bytes on top; the later one of the two is when they may be written.
    fn after(self, limits: &Limits, rows: u64, bytes: u64, now: Instant) -> Self {
        Self {
            rows: earned(limits.rows_per_second, rows, self.rows, now),
            bytes: earned(limits.bytes_per_second, bytes, self.bytes, now),
        }
    }
}

impl Throttle {
    /// Needs no runtime. With a limit for replicas, nothing goes through before [`Self::set_behind`] has been told.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            limits,
            used: Mutex::new(Used { rows: now, bytes: now }),
            behind: watch::Sender::new(limits.max_replica_lag.is_some()),
            held: Arc::default(),
            said: AtomicBool::new(false),
        }
    }

    /// What was asked for.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// How long workers were held back.
    #[must_use]
    pub const fn held(&self) -> &Arc<Held> {
        &self.held
    }

    /// Stops or lets go all who wait for replicas; true if that is a change.
    pub(in crate::copy) fn set_behind(&self, behind: bool) -> bool {
        self.behind.send_if_modified(|now| std::mem::replace(now, behind) != behind)
    }

    /// Until this batch may be written.
    pub async fn wait(&self, rows: u64, bytes: usize) {
        if self.limits.max_replica_lag.is_some() {
            self.replicas().await;
        }
        if self.limits.rows_per_second.is_some() || self.limits.bytes_per_second.is_some() {
            self.turn(rows, u64::try_from(bytes).unwrap_or(u64::MAX)).await;
        }
    }

    async fn replicas(&self) {
        let mut behind = self.behind.subscribe();
        if *behind.borrow_and_update() {
            let _held = self.held.begin(Cause::ReplicaLag);
            // Fails if the sender is gone, which is `self`.
            let _ = behind.wait_for(|behind| !behind).await;
        }
    }

    async fn turn(&self, rows: u64, bytes: u64) {
        let mut held = None;
        let mut used = match self.used.try_lock() {
            Ok(used) => used,
            Err(_) => {
                held = Some(self.held.begin(Cause::Rate));
                self.used.lock().await
            }
        };
        let now = Instant::now();
        let then = used.after(&self.limits, rows, bytes, now);
        let due = then.rows.max(then.bytes);
        if due > now {
            held.get_or_insert_with(|| self.held.begin(Cause::Rate));
            self.say();
            sleep_until(due).await;
        }
        *used = then;
    }

    /// Once: whoever wonders why it is slow finds it in the log.
    fn say(&self) {
        if !self.said.swap(true, Ordering::Relaxed) {
            let Limits { rows_per_second, bytes_per_second, .. } = self.limits;
            tracing::info!(
                rows_per_second,
                bytes_per_second,
                "held back by --max-rows-per-second or --max-mb-per-second: the target could take more"
            );
        }
    }
}

/// When so much has been earned, if the limit is used up until `used`.
fn earned(limit: Option<NonZeroU64>, amount: u64, used: Instant, now: Instant) -> Instant {
    let Some(limit) = limit else { return now };
    // Rounded up: never more than the limit.
    let nanos = (u128::from(amount) * 1_000_000_000).div_ceil(u128::from(limit.get()));
    let cost = u64::try_from(nanos).map_or(LONGEST, Duration::from_nanos).min(LONGEST);
    let from = now.checked_sub(CREDIT).map_or(used, |kept| used.max(kept));
    from + cost
}

#[cfg(test)]
#[path = "throttle/tests.rs"]
mod tests;
