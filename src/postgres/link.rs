//! How long an answer of the target is waited for.
//!
//! A link can be dead and open: something between the two stops forwarding, and acknowledges what we send. Neither
//! keepalives nor `TCP_USER_TIMEOUT` see that. So every statement that a living server answers soon, and every piece of
//! a COPY, has a limit (`socketTimeout`). It is longer than any wait for a lock (`sql/transaction.sql`). What may take
//! hours (an index, SET LOGGED, a validation) has none; the finish step asks by another connection whether the target
//! still works on it (`objects/lost_answers.rs`).

use super::errors::server_error;
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The connection's task, and how long an answer is waited for.
#[derive(Debug, Clone)]
pub(super) struct Link {
    task: AbortHandle,
    limit: Duration,
}

impl Link {
    pub(super) const fn new(task: AbortHandle, limit: Duration) -> Self {
        Self { task, limit }
    }

    /// Closes the connection.
    pub(super) fn abandon(&self) {
        self.task.abort();
    }

    /// The answer; a connection that does not give one in time is closed.
    ///
    /// # Errors
    /// `TargetUnavailable` if there is none in time.
    pub(super) async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        tokio::time::timeout(self.limit, answer).await.map_err(|_| {
            self.abandon();
            let message = format!(
                "the target has neither answered nor taken data for {} s; the connection is given up",
                self.limit.as_secs_f64()
            );
            Error::new(ErrorKind::TargetUnavailable, message)
        })
    }

    /// As [`Self::in_time`], with the server's own error as one of ours.
    ///
    /// # Errors
    /// `TargetUnavailable` if there is no answer in time or the connection breaks; what the server answers.
    pub(super) async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.in_time(answer).await?.map_err(server_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_come_closes_the_connection() {
        let task = tokio::spawn(std::future::pending::<()>());
        let link = Link::new(task.abort_handle(), Duration::from_millis(50));
        assert_eq!(link.in_time(async { 7 }).await.unwrap(), 7);
        assert!(!task.is_finished());
        let error = link.in_time(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TargetUnavailable);
        assert!(error.detail().contains("for 0.05 s"), "{error}");
        assert!(task.await.unwrap_err().is_cancelled());
    }
}
