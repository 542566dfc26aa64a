//! Counts of the source, many in one statement: a plan has thousands of keys, and each must not cost a round trip.

use crate::error::Result;
use crate::sqlserver::client::Client;

/// Counts in one statement.
const BATCH: usize = 40;
/// Bytes of the tables that one statement reads, by the source's own estimate.
const BATCH_BYTES: u64 = 1 << 30;

/// One row of two counts.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// `COUNT_BIG(…), COUNT_BIG(…) FROM …`
    pub(super) sql: String,
    /// What has to be read for it.
    pub(super) bytes: u64,
}

/// The two counts, or the number of the error by which the source refuses to count.
pub(super) type Answer = std::result::Result<(i64, i64), u32>;

/// The answers, in the order of the questions.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub(super) async fn ask(client: &mut Client, questions: &[Question]) -> Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(questions.len());
    while answers.len() < questions.len() {
        let (start, mut bytes) = (answers.len(), 0_u64);
        let rest = questions.iter().skip(start).take(BATCH);
        let fits = rest.take_while(|question| {
            bytes = bytes.saturating_add(question.bytes);
            bytes <= BATCH_BYTES
        });
        let count = fits.count().max(1);
        let batch: Vec<&Question> = questions.iter().skip(start).take(count).collect();
        match together(client, &batch).await? {
            Ok(found) => answers.extend(found.into_iter().map(Ok)),
            Err(number) if count == 1 => answers.push(Err(number)),
            // One of them is refused, which says nothing of the others.
            Err(_) => {
                for question in batch {
                    let alone = together(client, &[question]).await?;
                    answers.push(alone.map(|found| found.first().copied().unwrap_or_default()));
                }
            }
        }
    }
    Ok(answers)
}

async fn together(
    client: &mut Client,
    batch: &[&Question],
) -> Result<std::result::Result<Vec<(i64, i64)>, u32>> {
    let rows = match client.try_rows(&statement(batch)).await? {
        Ok(rows) => rows,
        Err(token) => {
            tracing::info!(error = token.code(), "the source does not count keys");
            return Ok(Err(token.code()));
        }
    };
    let mut found = vec![(0, 0); batch.len()];
    for row in rows {
        let number = |place: usize| row.try_get::<i64, _>(place).ok().flatten().unwrap_or_default();
        let place = usize::try_from(number(0)).unwrap_or(usize::MAX);
        if let Some(counts) = found.get_mut(place) {
            *counts = (number(1), number(2));
        }
    }
    Ok(Ok(found))
}

fn statement(batch: &[&Question]) -> String {
    let parts: Vec<String> = batch
        .iter()
        .enumerate()
        .map(|(place, question)| format!("SELECT CAST({place} AS bigint) AS place, {}", question.sql))
        .collect();
    parts.join(" UNION ALL ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_questions_are_one_statement() {
        let question = |sql: &str| Question { sql: sql.to_owned(), bytes: 1 };
        let (a, b) = (question("1, 2 FROM a"), question("3, 4 FROM b"));
        assert_eq!(
            statement(&[&a, &b]),
            "SELECT CAST(0 AS bigint) AS place, 1, 2 FROM a UNION ALL SELECT CAST(1 AS bigint) AS place, 3, 4 FROM b"
        );
    }
}
