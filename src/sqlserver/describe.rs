//! The server's own description of a SELECT: the columns that it would send, without a row.
//!
//! Many statements go in one batch. A statement that fails may keep the server from describing the others of its batch, so
//! a batch that fails is halved until the one that fails is alone: ten thousand tables cost some two hundred requests, and a
//! table that cannot be read a dozen more (docs/adr/0027).

use super::client::Client;
use super::wire::WireColumn;
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;

/// Columns of a batch: each takes some fifty bytes of the answer.
const COLUMNS_OF_A_BATCH: usize = 2000;
/// Statements of a batch, which the server compiles together.
const STATEMENTS_OF_A_BATCH: usize = 100;

/// How often a transient error of the server is followed by another try, in all.
const MOST_TRANSIENT: u32 = 5;

/// A SELECT that returns no rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sql: String,
    /// About how many columns it has.
    pub(super) columns: usize,
}

/// What each statement would send, in their order, or the server's error.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks, and whatever else is worth a retry.
pub(super) async fn describe(
    client: &mut Client,
    statements: &[Statement],
) -> Result<Vec<Result<Vec<WireColumn>>>> {
    let mut found: Vec<Option<Result<Vec<WireColumn>>>> = statements.iter().map(|_| None).collect();
    let mut open = batches(statements);
    let mut transient = 0;
    while let Some(range) = open.pop() {
        let Some(of_batch) = statements.get(range.clone()) else { continue };
        let sql: Vec<&str> = of_batch.iter().map(|statement| statement.sql.as_str()).collect();
        let described = client.described(&sql.join(";\n")).await?;
        match described.error {
            // A deadlock, a lock that was waited for in vain: the connection is as it was.
            Some(error) if error.policy().retry && transient < MOST_TRANSIENT => {
                tracing::debug!(%error, "the source is asked again to describe a SELECT");
                transient += 1;
                open.push(range);
            }
            Some(error) if error.policy().retry => return Err(error),
            None if described.results.len() == range.len() => {
                for (place, columns) in range.zip(described.results) {
                    found[place] = Some(Ok(columns));
                }
            }
            error if range.len() == 1 => found[range.start] = Some(Err(error.unwrap_or_else(undescribed))),
            _ => {
                let middle = range.start + range.len() / 2;
                open.push(range.start..middle);
                open.push(middle..range.end);
            }
        }
    }
    Ok(found.into_iter().map(|one| one.unwrap_or_else(|| Err(undescribed()))).collect())
}

fn undescribed() -> Error {
    Error::new(ErrorKind::SourceRefused, "the source does not say what a SELECT of its columns returns")
}

/// Neighbours, as many as one batch may have.
fn batches(statements: &[Statement]) -> Vec<Range<usize>> {
    let (mut batches, mut start, mut columns) = (Vec::new(), 0, 0);
    for (place, statement) in statements.iter().enumerate() {
        let full = columns + statement.columns > COLUMNS_OF_A_BATCH || place - start == STATEMENTS_OF_A_BATCH;
        if full && place > start {
            batches.push(start..place);
            (start, columns) = (place, 0);
        }
        columns += statement.columns;
    }
    if start < statements.len() {
        batches.push(start..statements.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_statements_or_by_columns() {
        let statements = |columns: &[usize]| -> Vec<Statement> {
            columns.iter().map(|columns| Statement { sql: String::new(), columns: *columns }).collect()
        };
        assert!(batches(&[]).is_empty());
        assert_eq!(batches(&statements(&[5000])).len(), 1);
        assert_eq!(batches(&statements(&[1, 5000, 1, 1])), [0..1, 1..2, 2..4]);
        assert_eq!(batches(&statements(&[1500, 500, 1])), [0..2, 2..3]);
        assert_eq!(batches(&statements(&[1; 250])), [0..100, 100..200, 200..250]);
    }
}
