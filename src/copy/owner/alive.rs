//! Does the owner of an object live, as far as another pod can tell?

use crate::checkpoint::Entry;
use crate::copy::owner::claimable::Claimable;
use crate::error::Result;
use crate::postgres::client::Client;
use crate::postgres::{ledger, pooler};
use crate::settings::target::TargetSettings;
use std::time::Duration;

/// The advisory lock of a claim, as another session sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimLock {
    /// No session has it: the owner's session is gone.
    Free,
    /// A session has it, or locks do not hold (a pooler in transaction mode): only the heartbeat tells.
    HeldOrUnknown,
}

impl ClaimLock {
    /// Looks at the lock without touching it.
    ///
    /// # Errors
    /// `TargetUnavailable`, `TargetLogin`, `TargetPermission`: the target cannot be asked.
    pub async fn look(client: &Client, settings: &TargetSettings, run: &str, index: u32) -> Result<Self> {
        let free =
            !ledger::is_held(client, run, index).await? && pooler::keeps_sessions(client, settings).await?;
        Ok(if free { Self::Free } else { Self::HeldOrUnknown })
    }
}

/// Has the object an owner that lives? One whose heartbeat is as old as `timeout` by the store's clock, or whose lock
/// is free, does not.
#[must_use]
pub fn owner_lives<T: Claimable>(entry: &Entry<T>, lock: ClaimLock, timeout: Duration) -> bool {
    entry.document.owner().is_some()
        && lock == ClaimLock::HeldOrUnknown
        && has_fresh_heartbeat(entry, timeout)
}

/// Was the object written within `timeout`, by the store's clock?
#[must_use]
pub fn has_fresh_heartbeat<T: Claimable>(entry: &Entry<T>, timeout: Duration) -> bool {
    entry.age().is_some_and(|age| age < timeout)
}
