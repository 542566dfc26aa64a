//! How long a piece of work is tried, and what ends it: retries, another pod's take-over, a signal.

use crate::error::{Error, ErrorKind, Result};
use crate::retry::Retrying;
use crate::settings::{RetryPolicy, Settings};
use crate::stop::Stop;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What every step may be given of time and tries.
#[derive(Debug, Clone)]
pub struct Patience {
    pub(in crate::copy) retry: RetryPolicy,
    pub(in crate::copy) stop: Stop,
    /// How long transactions under way may go on after a signal.
    pub(in crate::copy) grace: Duration,
}

impl Patience {
    #[must_use]
    pub fn new(settings: &Settings, stop: &Stop) -> Self {
        Self { retry: settings.retry, stop: stop.clone(), grace: settings.grace }
    }

    /// Counts the attempts of `what` (for people).
    #[must_use]
    pub fn retrying<'a>(&'a self, what: &'a str) -> Retrying<'a> {
        Retrying::new(self.retry, &self.stop, what)
    }

    /// Was there a signal? Then nothing new is begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_requested()
    }

    /// `work` on a table until it ends, another pod takes the table over (`when`, for people), or the grace period is
    /// over.
    ///
    /// # Errors
    /// `Fenced`; `Terminated` or `Interrupted` after a signal; what the work ends in.
    pub(in crate::copy) async fn until_fenced<T>(
        &self,
        fenced: &CancellationToken,
        when: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            done = work => done,
            () = fenced.cancelled() => {
                Err(Error::new(ErrorKind::Fenced, format!("another pod took this table over {when}")))
            }
            () = self.stop.grace_over(self.grace) => Err(self.stop.reason()),
        }
    }
}
