//! How often a transient error is tried again, and how long the pauses are.

use super::times;
use std::time::Duration;

/// How often and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first one; 0 never retries.
    pub retries: usize,
    /// The first pause; each is twice the one before, plus a jitter of up to its own length.
    pub first_wait: Duration,
    /// No pause is longer than this, jitter aside.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    /// 8 retries, 0.5 s to 30 s: about two minutes in all.
    fn default() -> Self {
        Self { retries: 8, first_wait: Duration::from_millis(500), max_wait: times::RETRY_MAX_WAIT.default }
    }
}
