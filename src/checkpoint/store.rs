//! What a checkpoint store must be able to do: read an object with its tag, write one only if it is absent, write one
//! only if it still has a known tag. Everything else is built on these (`checkpoint.rs`).
//!
//! [`super::s3::S3Store`] and [`super::file::FileStore`] are the real ones; the tests have a third, in memory, that
//! injects faults. The same contract tests (`store/contract.rs`) run against all three.

use crate::error::Result;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::fmt;

#[cfg(test)]
pub(crate) mod contract;
#[cfg(test)]
pub(crate) mod memory;

/// The version of an object's content: an ETag, or a hash of a file. Opaque; only compared by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(pub(crate) String);

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Tag {
    /// The same content? A listing may write a tag without the quotes that the object's own answer has.
    #[must_use]
    pub fn means(&self, other: &Self) -> bool {
        let bare = |tag: &str| tag.trim_matches('"').to_owned();
        !self.0.starts_with("W/") && bare(&self.0) == bare(&other.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object as it was read.
#[derive(Debug, Clone)]
pub struct Object {
    pub body: Bytes,
    pub tag: Tag,
    /// When it was last written, by the store's clock (S3: to the second).
    pub modified: Timestamp,
    /// The store's clock when it answered. Never compared with a pod's clock.
    pub now: Timestamp,
}

/// An object as a listing shows it.
#[derive(Debug, Clone)]
pub struct ListedObject {
    pub key: String,
    /// None: this store's listings do not say which content an object has, or when it was written.
    pub version: Option<ListedVersion>,
}

/// Which content an object has, as a listing shows it.
#[derive(Debug, Clone)]
pub struct ListedVersion {
    pub tag: Tag,
    pub modified: Timestamp,
    /// The store's clock when it answered.
    pub now: Timestamp,
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// Written.
    Stored {
        tag: Tag,
        /// The store's clock when it answered.
        now: Timestamp,
    },
    /// The condition did not hold. After an earlier attempt whose answer was lost, the object that stands in the way
    /// may be one's own: read it back before taking the race for lost.
    Conflict,
}

/// A store of small objects with conditional writes. Keys are relative to the store's root, made of
/// `[A-Za-z0-9._%-]` and `/`, and at most 900 bytes long.
///
/// Errors: `StoreRefused` (for good: bucket, credentials, permission), `StoreUnavailable` (for now; a write may
/// nevertheless have taken effect), `StoreUnconditional` (conditions are not implemented).
pub trait Store: Send + Sync {
    /// The object, or None if there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>>>;

    /// Writes the object if there is none of this key (`If-None-Match: *`). Of any number of concurrent callers
    /// exactly one gets [`PutOutcome::Stored`].
    fn create<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutOutcome>>;

    /// Writes the object if it still has this tag (`If-Match`); an absent object is a conflict.
    fn replace<'a>(&'a self, key: &'a str, body: Bytes, tag: &'a Tag) -> BoxFuture<'a, Result<PutOutcome>>;

    /// All keys that begin with this text, sorted.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>>>;

    /// The same with what the listing says about each object: enough to know which need not be read again.
    fn list_versions<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<ListedObject>>> {
        Box::pin(async move {
            let keys = self.list(prefix).await?;
            Ok(keys.into_iter().map(|key| ListedObject { key, version: None }).collect())
        })
    }

    /// Removes the object, whatever its tag; an absent one is a success.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>>;
}
