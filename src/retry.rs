//! The one retry loop: exponential backoff with jitter, only for kinds that THE table calls transient.
//!
//! A step that is retried must be idempotent: what a failed attempt left behind must not matter to the next one.

use crate::error::Result;
use crate::shutdown::Shutdown;
use backon::{BackoffBuilder, ExponentialBuilder};
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
        Self { retries: 8, first_wait: Duration::from_millis(500), max_wait: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// The pauses of one loop.
    fn waits(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::new()
            .with_min_delay(self.first_wait.min(self.max_wait))
            .with_max_delay(self.max_wait)
            .with_factor(2.0)
            .with_max_times(self.retries)
            .with_jitter()
            .build()
    }
}

/// Runs `step` until it succeeds, fails for good, or the retries are used up; `what` names it in the log.
///
/// # Errors
/// The last error of `step`; after a signal during a pause, the shutdown's error caused by that last one.
pub async fn retry<T>(
    policy: RetryPolicy,
    shutdown: &Shutdown,
    what: &str,
    mut step: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let mut waits = policy.waits();
    let mut attempt = 1_usize;
    loop {
        let error = match step().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !error.policy().retry {
            return Err(error);
        }
        if let Some(stop) = shutdown.error() {
            return Err(stop.because(error));
        }
        let Some(wait) = waits.next() else {
            return Err(error);
        };
        tracing::warn!(
            what,
            attempt,
            of = policy.retries + 1,
            wait_seconds = wait.as_secs_f64(),
            code = error.policy().code,
            error = error.detail(),
            "retrying after a transient error"
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => attempt += 1,
            () = shutdown.token().cancelled() => {
                return Err(match shutdown.error() {
                    Some(stop) => stop.because(error),
                    None => error,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::shutdown::Signal;
    use std::cell::Cell;

    const QUICK: RetryPolicy =
        RetryPolicy { retries: 3, first_wait: Duration::from_millis(1), max_wait: Duration::from_millis(2) };

    async fn attempts(policy: RetryPolicy, kinds: &[ErrorKind]) -> (usize, Result<()>) {
        let count = Cell::new(0);
        let result = retry(policy, &Shutdown::new(), "test", || {
            let kind = kinds.get(count.get()).copied();
            count.set(count.get() + 1);
            async move { kind.map_or(Ok(()), |kind| Err(Error::new(kind, "no"))) }
        })
        .await;
        (count.get(), result)
    }

    #[tokio::test]
    async fn a_transient_error_is_retried_until_it_works() {
        let (count, result) =
            attempts(QUICK, &[ErrorKind::SourceUnavailable, ErrorKind::StoreUnavailable]).await;
        assert!(result.is_ok());
        assert_eq!(count, 3);
    }

    #[tokio::test]
    async fn any_other_error_is_not() {
        for kind in ErrorKind::ALL.into_iter().filter(|kind| !kind.policy().retry) {
            let (count, result) = attempts(QUICK, &[kind]).await;
            assert_eq!((count, result.unwrap_err().kind()), (1, kind));
        }
    }

    #[tokio::test]
    async fn the_last_error_is_returned_when_the_retries_are_used_up() {
        let (count, result) = attempts(QUICK, &[ErrorKind::TargetUnavailable; 9]).await;
        assert_eq!((count, result.unwrap_err().kind()), (4, ErrorKind::TargetUnavailable));
    }

    #[test]
    fn the_pauses_grow_and_stay_under_the_limit_with_jitter() {
        let waits: Vec<_> = RetryPolicy::default().waits().collect();
        assert_eq!(waits.len(), 8);
        assert!(waits[0] >= Duration::from_millis(500) && waits[0] <= Duration::from_secs(1), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(60)), "{waits:?}");
    }

    #[tokio::test]
    async fn a_signal_ends_the_pause() {
        let shutdown = Shutdown::new();
        let slow = RetryPolicy {
            first_wait: Duration::from_secs(3600),
            max_wait: Duration::from_secs(3600),
            retries: 1,
        };
        let result: Result<()> = retry(slow, &shutdown, "test", || {
            let shutdown = shutdown.clone();
            async move {
                tokio::spawn(async move { shutdown.request(Signal::Terminate) });
                Err(Error::new(ErrorKind::SourceUnavailable, "the source is gone"))
            }
        })
        .await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Terminated);
        assert!(error.detail().contains("the source is gone"), "{error}");
    }
}
