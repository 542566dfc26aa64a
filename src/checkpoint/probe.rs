//! Does the store honour conditions? Some S3-compatible stores ignore them silently, and then every claim succeeds.

use super::put::operation_id;
use super::store::{PutOutcome, Store, Tag};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;

/// Tries both conditions, each way, on an object of its own, and removes it.
///
/// Errors: `StoreUnconditional`; else those of the store.
pub(super) async fn probe(store: &dyn Store, key: &str) -> Result<()> {
    let answer = conditions(store, key).await;
    let removed = store.delete(key).await;
    // If the store refuses everything, its first answer says enough.
    if let (Ok(()), Err(error)) = (&answer, removed) {
        // Only `reset` needs to delete: a login without that permission can still copy.
        tracing::warn!(object = key, error = %error.detail(), "the probe's object could not be removed");
    }
    answer
}

async fn conditions(store: &dyn Store, key: &str) -> Result<()> {
    let first = must_hold(store, key, None).await?;
    if is_stored(store.create(key, content()).await?) {
        return Err(ignored("If-None-Match: * (a second create of one object succeeded)"));
    }
    must_hold(store, key, Some(&first)).await?;
    if is_stored(store.replace(key, content(), &first).await?) {
        return Err(ignored("If-Match (a write with an outdated tag succeeded)"));
    }
    Ok(())
}

/// A write whose condition holds; answers the new tag.
async fn must_hold(store: &dyn Store, key: &str, tag: Option<&Tag>) -> Result<Tag> {
    let body = content();
    let outcome = match tag {
        None => store.create(key, body.clone()).await?,
        Some(tag) => store.replace(key, body.clone(), tag).await?,
    };
    match outcome {
        PutOutcome::Stored { tag, .. } => Ok(tag),
        // The SDK repeated a write that had taken effect: nobody else knows this key.
        PutOutcome::Conflict => match store.get(key).await? {
            Some(object) if object.body == body => Ok(object.tag),
            _ => Err(Error::new(
                ErrorKind::StoreUnconditional,
                format!("{key}: the store refuses a conditional write although its condition holds"),
            )),
        },
    }
}

/// Different at every call, so that tags made from the content differ.
fn content() -> Bytes {
    Bytes::from(format!("{{\"operation\": \"{}\"}}\n", operation_id()))
}

fn is_stored(outcome: PutOutcome) -> bool {
    matches!(outcome, PutOutcome::Stored { .. })
}

fn ignored(condition: &str) -> Error {
    Error::new(
        ErrorKind::StoreUnconditional,
        format!("the checkpoint store ignores {condition}; two pods would copy the same table"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::store::memory::{Fault, MemoryStore};
    use super::*;

    #[tokio::test]
    async fn a_good_store_passes_and_is_left_clean() {
        let store = MemoryStore::default();
        probe(&store, "run/.probe-1").await.unwrap();
        assert_eq!(store.keys(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_store_that_ignores_conditions_is_refused_and_left_clean() {
        let store = MemoryStore::default();
        store.ignore_conditions();
        let error = probe(&store, "run/.probe-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreUnconditional);
        assert!(error.to_string().contains("If-None-Match"), "{error}");
        assert_eq!(store.keys(), Vec::<String>::new());
    }

    /// Honours If-None-Match only.
    struct HalfConditional(MemoryStore);

    impl Store for HalfConditional {
        fn get<'a>(
            &'a self,
            key: &'a str,
        ) -> futures_util::future::BoxFuture<'a, Result<Option<super::super::store::Object>>> {
            self.0.get(key)
        }
        fn create<'a>(
            &'a self,
            key: &'a str,
            body: Bytes,
        ) -> futures_util::future::BoxFuture<'a, Result<PutOutcome>> {
            self.0.create(key, body)
        }
        fn replace<'a>(
            &'a self,
            key: &'a str,
            body: Bytes,
            _: &'a Tag,
        ) -> futures_util::future::BoxFuture<'a, Result<PutOutcome>> {
            Box::pin(async move {
                let object = self.0.get(key).await?.unwrap();
                self.0.replace(key, body, &object.tag).await
            })
        }
        fn list<'a>(&'a self, prefix: &'a str) -> futures_util::future::BoxFuture<'a, Result<Vec<String>>> {
            self.0.list(prefix)
        }
        fn delete<'a>(&'a self, key: &'a str) -> futures_util::future::BoxFuture<'a, Result<()>> {
            self.0.delete(key)
        }
    }

    #[tokio::test]
    async fn a_store_that_ignores_if_match_is_refused() {
        let error = probe(&HalfConditional(MemoryStore::default()), "run/.probe-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreUnconditional);
        assert!(error.to_string().contains("If-Match (a write with an outdated tag"), "{error}");
    }

    #[tokio::test]
    async fn a_repeated_write_and_a_refused_delete_do_not_fail_the_probe() {
        let store = MemoryStore::default();
        store.fail_writes(&[Fault::ConflictAfter, Fault::Pass, Fault::ConflictAfter]);
        store.refuse_deletes();
        probe(&store, "run/.probe-1").await.unwrap();
    }

    #[tokio::test]
    async fn an_unavailable_store_is_not_called_unconditional() {
        let store = MemoryStore::default();
        store.fail_writes(&[Fault::Before]);
        assert_eq!(probe(&store, "run/.probe-1").await.unwrap_err().kind(), ErrorKind::StoreUnavailable);
    }
}
