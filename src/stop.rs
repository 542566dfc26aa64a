//! SIGTERM and SIGINT become a cancellation.
//!
//! The first signal cancels [`Stop::token`]: no new claims, chunks in flight are finished within the grace
//! period. A second signal cancels [`Stop::at_once`]: what is in flight is rolled back. The signal that came
//! first decides the exit code.

use crate::error::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What ends the process before its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: Kubernetes stops the pod.
    Terminate,
    /// SIGINT: Ctrl-C.
    Interrupt,
}

impl Signal {
    /// `SIGTERM`, `SIGINT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// The kind of the error the process ends with.
    #[must_use]
    pub const fn error_kind(self) -> ErrorKind {
        match self {
            Self::Terminate => ErrorKind::Terminated,
            Self::Interrupt => ErrorKind::Interrupted,
        }
    }
}

/// What is under way is rolled back and its claims are given back within this time, or it is given up.
const PATIENCE: Duration = Duration::from_secs(4);

/// A handle that every part of the program can hold; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    at_once: CancellationToken,
    /// 0 none, 1 SIGTERM, 2 SIGINT.
    first: Arc<AtomicU8>,
    /// When the first signal came.
    requested_at: Arc<OnceLock<Instant>>,
}

impl Stop {
    /// One that only [`Stop::request`] triggers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to SIGTERM and SIGINT until the process ends. Needs a Tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] if the system refuses a handler.
    pub fn listen(&self) -> Result<()> {
        let refused = |error| Error::new(ErrorKind::Bug, "cannot install a signal handler").because(error);
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let stop = self.clone();
        tokio::spawn(async move {
            loop {
                let signal = tokio::select! {
                    _ = terminate.recv() => Signal::Terminate,
                    _ = interrupt.recv() => Signal::Interrupt,
                };
                stop.request(signal);
            }
        });
        Ok(())
    }

    /// What a signal does: the first one asks to stop, a later one to stop at once.
    pub fn request(&self, signal: Signal) {
        let code = match signal {
            Signal::Terminate => 1,
            Signal::Interrupt => 2,
        };
        if self.first.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            tracing::warn!(
                signal = signal.name(),
                "stopping: finishing what is under way; a second signal stops at once"
            );
            let _ = self.requested_at.set(Instant::now());
            self.token.cancel();
        } else {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                tracing::warn!(signal = signal.name(), "stopping at once: rolling back what is under way")
            });
            self.at_once.cancel();
        }
    }

    /// Cancelled by the first signal.
    #[must_use]
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Cancelled by the second signal.
    #[must_use]
    pub const fn at_once(&self) -> &CancellationToken {
        &self.at_once
    }

    /// Was there a signal?
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Ends when a signal came and `grace` has passed since then, or a second signal came. Whoever asks, and however
    /// late: there is one deadline for all work of the process.
    pub async fn grace_over(&self, grace: Duration) {
        self.token.cancelled().await;
        let deadline = self.deadline(grace).unwrap_or_else(Instant::now);
        tokio::select! {
            () = tokio::time::sleep_until(deadline) => {}
            () = self.at_once.cancelled() => {}
        }
    }

    /// The end of the grace period, counted from the first signal; None before it.
    fn deadline(&self, grace: Duration) -> Option<Instant> {
        self.requested_at.get().map(|signal| *signal + grace)
    }

    /// `work` that a signal may end at any moment: nothing of it has to be undone or written down.
    ///
    /// # Errors
    /// What the work ends in; `Terminated` or `Interrupted` after a signal.
    pub async fn race<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.until(work, self.token.cancelled()).await
    }

    /// `work` that hears signals itself, and is given up if it does not: [`PATIENCE`] after the end of the grace
    /// period, or after a second signal.
    ///
    /// # Errors
    /// What the work ends in; `Terminated` or `Interrupted` after a signal.
    pub async fn bound<T>(&self, grace: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let over = async {
            self.grace_over(grace).await;
            tokio::time::sleep(PATIENCE).await;
        };
        self.until(work, over).await
    }

    async fn until<T>(
        &self,
        work: impl Future<Output = Result<T>>,
        over: impl Future<Output = ()>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = over => Err(self.reason()),
        }
    }

    /// The first signal, if there was one.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        match self.first.load(Ordering::Acquire) {
            1 => Some(Signal::Terminate),
            2 => Some(Signal::Interrupt),
            _ => None,
        }
    }

    /// The error of work that a signal has ended.
    #[must_use]
    pub fn reason(&self) -> Error {
        self.error().unwrap_or_else(|| Error::new(ErrorKind::Terminated, "stopped"))
    }

    /// The error to end with after a signal; None before one.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.signal().map(|signal| Error::new(signal.error_kind(), format!("stopped by {}", signal.name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_stops_and_decides_the_exit_code() {
        let stop = Stop::new();
        assert!(!stop.is_requested() && stop.error().is_none());
        stop.request(Signal::Terminate);
        assert!(stop.is_requested() && !stop.at_once().is_cancelled());
        stop.request(Signal::Interrupt);
        assert!(stop.at_once().is_cancelled());
        assert_eq!(stop.signal(), Some(Signal::Terminate));
        assert_eq!(stop.error().unwrap().policy().exit, 143);
    }

    #[test]
    fn an_interrupt_exits_130() {
        let stop = Stop::new();
        stop.request(Signal::Interrupt);
        assert_eq!(stop.error().unwrap().policy().exit, 130);
    }

    #[test]
    fn the_grace_period_is_one_deadline_for_all_work() {
        let (stop, grace) = (Stop::new(), Duration::from_secs(8));
        assert_eq!(stop.deadline(grace), None);
        stop.request(Signal::Terminate);
        let deadline = stop.deadline(grace).unwrap();
        // Work that begins later, and a second signal, get nothing on top.
        stop.request(Signal::Terminate);
        assert_eq!(stop.deadline(grace), Some(deadline));
        assert!(deadline <= Instant::now() + grace);
    }

    #[tokio::test]
    async fn work_that_hears_no_signal_is_given_up() {
        let stop = Stop::new();
        assert_eq!(stop.race(async { Ok(1) }).await.unwrap(), 1);
        stop.request(Signal::Terminate);
        let stalled = stop.race(std::future::pending::<Result<()>>()).await;
        assert_eq!(stalled.unwrap_err().kind(), ErrorKind::Terminated);
    }

    #[tokio::test]
    async fn a_real_signal_is_heard() {
        let stop = Stop::new();
        stop.listen().unwrap();
        let killed = std::process::Command::new("kill")
            .args(["-s", "TERM", &std::process::id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        stop.token().cancelled().await;
        assert_eq!(stop.signal(), Some(Signal::Terminate));
    }
}
