//! Small queries of a connection: of the catalog, of keys, and descriptions of results.

use super::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::sqlserver::connection_errors::tiberius_error;
use crate::sqlserver::control::{self, Described};
use futures_util::TryStreamExt;
use std::time::Duration;
use tiberius::error::{Error as TdsError, TokenError};
use tokio::time::timeout;

/// See [`control_limit`].
const CONTROL_QUERY_READS: u32 = 6;

/// A control query has so many times what is waited for one byte, for its whole answer: a source that sends a little now and
/// then, for ever, must not hold a pod.
fn control_limit(read_timeout: Duration) -> Duration {
    read_timeout.saturating_mul(CONTROL_QUERY_READS)
}

fn endless(limit: Duration) -> Error {
    let message =
        format!("the source's answer to a control query has no end after {} s", limit.as_secs_f64());
    Error::new(ErrorKind::SourceUnavailable, message)
}

impl Client {
    /// The rows of a control or catalog query. Not for bulk data, and not for BEGIN, COMMIT or ROLLBACK.
    ///
    /// # Errors
    /// The server's error by its number; `SourceUnavailable` if the connection broke.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<tiberius::Row>> {
        self.try_rows(sql).await?.map_err(|token| tiberius_error(TdsError::Server(token)))
    }

    /// The rows of a query of the catalog that may have many, one by one: none is kept.
    ///
    /// # Errors
    /// `SourceUnavailable` if the connection breaks. An error of the server is kept apart, as by [`Self::try_rows`].
    pub(in crate::sqlserver) async fn each_row(
        &mut self,
        sql: &str,
        mut each: impl FnMut(&tiberius::Row),
    ) -> Result<Result<(), TokenError>> {
        self.begin()?;
        let walk = Box::pin(async {
            let mut rows = self.tds.simple_query(sql).await?.into_row_stream();
            while let Some(row) = rows.try_next().await? {
                each(&row);
            }
            Ok(())
        });
        let walked = timeout(control_limit(self.read_timeout), walk).await.ok();
        self.judged(walked).await
    }

    /// As [`Self::rows`], with an error of the server kept apart, for those who have another way.
    pub(in crate::sqlserver) async fn try_rows(
        &mut self,
        sql: &str,
    ) -> Result<Result<Vec<tiberius::Row>, TokenError>> {
        self.begin()?;
        let asked = Box::pin(async { self.tds.simple_query(sql).await?.into_first_result().await });
        let answered = timeout(control_limit(self.read_timeout), asked).await.ok();
        self.judged(answered).await
    }

    /// What became of an answer that tiberius has read; None: it had no end. Afterwards the connection is free, or closed.
    async fn judged<T>(&mut self, answer: Option<Result<T, TdsError>>) -> Result<Result<T, TokenError>> {
        match answer {
            None => {
                self.close();
                Err(endless(control_limit(self.read_timeout)))
            }
            // tiberius does not look at it: the rows that came are not all of them.
            Some(Ok(_)) if self.wire.answer_failed() => {
                self.close();
                Err(control::unexplained())
            }
            Some(Ok(answer)) => {
                self.end();
                Ok(Ok(answer))
            }
            Some(Err(TdsError::Server(token))) if token.class() < 20 => {
                // tiberius leaves the rest of a refused answer unread until its next query.
                let next = Box::pin(async { self.tds.simple_query("SELECT 1").await?.into_results().await });
                let drained = timeout(control_limit(self.read_timeout), next).await;
                if matches!(drained, Ok(Ok(_))) {
                    self.end();
                } else {
                    self.close();
                    tracing::debug!(?drained, "the connection is given up after an error of the source");
                }
                Ok(Err(token))
            }
            Some(Err(error)) => {
                self.close();
                Err(tiberius_error(error))
            }
        }
    }

    /// What the results of statements that select no rows consist of.
    ///
    /// # Errors
    /// `SourceUnavailable` if the connection broke. An error of the server is [`Described::error`].
    pub(in crate::sqlserver) async fn described(&mut self, sql: &str) -> Result<Described> {
        self.begin()?;
        let described = match self.answer(sql).await {
            Ok(payload) => control::read_description(&payload),
            Err(error) => Err(error),
        };
        match described {
            Ok(described) => {
                self.end();
                Ok(described)
            }
            Err(error) => {
                self.close();
                Err(error)
            }
        }
    }
}
