//! The one retry loop: exponential backoff with jitter, only for kinds that THE table calls transient.
//!
//! A step that is retried must be idempotent: what a failed attempt left behind must not matter to the next one.

use crate::error::{Error, Result};
use crate::settings::RetryPolicy;
use crate::stop::Stop;
use crate::telemetry::measures;
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// The pauses of one loop.
fn waits(policy: RetryPolicy) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(policy.first_wait.min(policy.max_wait))
        .with_max_delay(policy.max_wait)
        .with_factor(2.0)
        .with_max_times(policy.retries)
        .with_jitter()
        .build()
}

/// The state of one retry loop. [`retry`] is the usual way to use it; if a step must borrow mutably and be sent
/// between threads (which `AsyncFnMut` cannot promise), the caller writes the loop and asks [`Retrying::pause`].
pub struct Retrying<'a> {
    waits: Box<dyn Iterator<Item = Duration> + Send>,
    stop: &'a Stop,
    what: &'a str,
    attempt: usize,
    of: usize,
}

impl<'a> Retrying<'a> {
    /// Before the first attempt; `what` names the step in the log.
    #[must_use]
    pub fn new(policy: RetryPolicy, stop: &'a Stop, what: &'a str) -> Self {
        Self { waits: Box::new(waits(policy)), stop, what, attempt: 1, of: policy.retries + 1 }
    }

    /// After a failed attempt: waits, and returns when the step may be tried again.
    ///
    /// # Errors
    /// `error` itself if it is final or the retries are used up; `Terminated` or `Interrupted` after a signal, caused
    /// by it.
    pub async fn pause(&mut self, error: Error) -> Result<()> {
        if !error.policy().retry {
            return Err(error);
        }
        if let Some(stop) = self.stop.error() {
            return Err(stop.because(error));
        }
        let Some(wait) = self.waits.next() else {
            return Err(error);
        };
        tracing::warn!(
            what = self.what,
            attempt = self.attempt,
            of = self.of,
            wait_seconds = wait.as_secs_f64(),
            code = error.policy().code,
            error = error.detail(),
            "retrying after a transient error"
        );
        measures::retried(&error);
        self.attempt += 1;
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.stop.token().cancelled() => Err(match self.stop.error() {
                Some(stop) => stop.because(error),
                None => error,
            }),
        }
    }
}

/// Runs `step` until it succeeds, fails for good, or the retries are used up; `what` names it in the log.
///
/// # Errors
/// The last error of `step`; after a signal during a pause, `Terminated` or `Interrupted`, caused by that last one.
pub async fn retry<T>(
    policy: RetryPolicy,
    stop: &Stop,
    what: &str,
    mut step: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let mut retrying = Retrying::new(policy, stop, what);
    loop {
        match step().await {
            Ok(value) => return Ok(value),
            Err(error) => retrying.pause(error).await?,
        }
    }
}

#[cfg(test)]
mod page;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::stop::Signal;
    use std::cell::Cell;

    const QUICK: RetryPolicy =
        RetryPolicy { retries: 3, first_wait: Duration::from_millis(1), max_wait: Duration::from_millis(2) };

    async fn attempts(policy: RetryPolicy, kinds: &[ErrorKind]) -> (usize, Result<()>) {
        let count = Cell::new(0);
        let result = retry(policy, &Stop::new(), "test", || {
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
        let waits: Vec<_> = waits(RetryPolicy::default()).collect();
        assert_eq!(waits.len(), 8);
        assert!(waits[0] >= Duration::from_millis(500) && waits[0] <= Duration::from_secs(1), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(60)), "{waits:?}");
    }

    #[tokio::test]
    async fn a_signal_ends_the_pause() {
        let stop = Stop::new();
        let slow = RetryPolicy {
            first_wait: Duration::from_secs(3600),
            max_wait: Duration::from_secs(3600),
            retries: 1,
        };
        let result: Result<()> = retry(slow, &stop, "test", || {
            let stop = stop.clone();
            async move {
                tokio::spawn(async move { stop.request(Signal::Terminate) });
                Err(Error::new(ErrorKind::SourceUnavailable, "the source is gone"))
            }
        })
        .await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Terminated);
        assert!(error.detail().contains("the source is gone"), "{error}");
    }
}
