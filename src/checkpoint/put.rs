//! One conditional write, brought to a certain end if that is possible.
//!
//! A write whose answer was lost may have taken effect, and a client that then repeats it is answered "conflict" by its
//! own object. So neither an unavailable store nor a conflict is believed: the object is read back, and the operation
//! id in it tells whose write it is.

use super::store::{Object, PutOutcome, Store, Tag};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use std::time::Duration;

/// How often a conflict that nobody caused (409 of S3: two writes at once, both refused) is met with another try.
const ATTEMPTS: u32 = 8;
/// The first pause between them; each further one is twice as long, and a random part is taken of it.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 40 });

/// How it ended.
pub(super) enum Put {
    Stored {
        tag: Tag,
        modified: Timestamp,
        now: Timestamp,
    },
    /// Somebody else's object stands there, or the object is gone.
    Lost,
}

/// 128 random bits in hex.
pub(super) fn operation_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Writes `body`, which carries the last id of `operations`, if the object still has `tag` (None: is still absent).
///
/// `operations` are the ids of all writes since `tag` was seen whose end is not known; an object with an earlier one of
/// them is our own, and is written over. Errors: `StoreRefused`, `StoreUnconditional`; `StoreUnavailable`, after which
/// it is not known whether the write will yet take effect: keep the operations and call again.
pub(super) async fn put(
    store: &dyn Store,
    key: &str,
    body: &Bytes,
    operations: &[String],
    tag: Option<&Tag>,
) -> Result<Put> {
    let mut expected = tag.cloned();
    for attempt in 0..ATTEMPTS {
        let failure = match once(store, key, body, expected.as_ref()).await {
            Ok(PutOutcome::Stored { tag, now }) => return Ok(Put::Stored { tag, modified: now, now }),
            Ok(PutOutcome::Conflict) => None,
            Err(error) if error.kind() == ErrorKind::StoreUnavailable => Some(error),
            Err(error) => return Err(error),
        };
        let found = match store.get(key).await {
            Ok(found) => found,
            Err(error) => return Err(failure.unwrap_or(error)),
        };
        match (whose(found.as_ref(), operations, expected.as_ref()), found) {
            (Whose::This, Some(Object { tag, modified, now, .. })) => {
                return Ok(Put::Stored { tag, modified, now });
            }
            (Whose::Earlier, Some(object)) => expected = Some(object.tag),
            (Whose::Unchanged, _) => match failure {
                Some(error) => return Err(error),
                None => pause(attempt).await,
            },
            (Whose::This | Whose::Earlier | Whose::Other, _) => return Ok(Put::Lost),
        }
    }
    Err(Error::new(
        ErrorKind::StoreUnavailable,
        format!("{key}: the store keeps answering that somebody else writes"),
    ))
}

/// One try.
async fn once(store: &dyn Store, key: &str, body: &Bytes, expected: Option<&Tag>) -> Result<PutOutcome> {
    failpoint!("store.before_put");
    let outcome = match expected {
        None => store.create(key, body.clone()).await,
        Some(tag) => store.replace(key, body.clone(), tag).await,
    };
    failpoint!("store.after_put");
    outcome
}

/// Whose write stands there.
enum Whose {
    /// The one in question: it took effect.
    This,
    /// One of ours before it, whose answer was lost.
    Earlier,
    /// Nobody's: the object is as it was expected to be.
    Unchanged,
    Other,
}

fn whose(found: Option<&Object>, operations: &[String], expected: Option<&Tag>) -> Whose {
    let Some(found) = found else {
        return if expected.is_none() { Whose::Unchanged } else { Whose::Other };
    };
    if expected == Some(&found.tag) {
        return Whose::Unchanged;
    }
    let written = operation_of(&found.body);
    match operations.iter().rposition(|operation| Some(operation) == written.as_ref()) {
        Some(place) if place + 1 == operations.len() => Whose::This,
        Some(_) => Whose::Earlier,
        None => Whose::Other,
    }
}

/// The operation id of a document of any kind; None of something damaged, which is never ours.
fn operation_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Written {
        operation: String,
    }
    serde_json::from_slice::<Written>(body).ok().map(|written| written.operation)
}

async fn pause(attempt: u32) {
    let longest = PAUSE * 2u32.saturating_pow(attempt);
    tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
}

#[cfg(test)]
mod tests;
