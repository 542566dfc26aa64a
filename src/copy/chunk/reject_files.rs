//! The files of refused rows (`--rejects`): one a chunk and epoch, put before the chunk's commit, never written twice
//! with different content.

use crate::checkpoint::open_store;
use crate::checkpoint::store::{PutOutcome, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::settings;
use bytes::Bytes;
use std::sync::Arc;

/// Names of a chunk's files in one epoch: each further one has the rows that follow, or is of an attempt that read
/// something else.
const NAMES: u32 = 1000;

/// Where reject files go.
pub struct RejectFiles {
    store: Arc<dyn Store>,
    /// Rows of a table.
    pub(super) quota: u64,
}

/// Whose rows a file has.
pub(super) struct FileOf<'a> {
    pub(super) run: &'a str,
    /// Of the table, below the run's folder.
    pub(super) folder: &'a str,
    pub(super) chunk: u32,
    pub(super) epoch: u64,
}

impl RejectFiles {
    /// # Errors
    /// `Config`, `StoreRefused`, `StoreUnavailable`: those of opening the store.
    pub async fn open(settings: &settings::Rejects) -> Result<Self> {
        Ok(Self { store: open_store(&settings.url).await?, quota: settings.quota })
    }

    /// Puts a file under the first name that is free, or has the same content already; the name below the run's folder.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`.
    pub(super) async fn put(&self, of: &FileOf<'_>, body: Bytes) -> Result<String> {
        for attempt in 1..=NAMES {
            let again = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let name = format!("{}/{}-{}{again}.jsonl", of.folder, of.chunk, of.epoch);
            let key = format!("{}/{name}", of.run);
            if let PutOutcome::Stored { .. } = self.store.create(&key, body.clone()).await? {
                return Ok(name);
            }
            if self.store.get(&key).await?.is_some_and(|object| object.body == body) {
                return Ok(name);
            }
        }
        Err(Error::new(ErrorKind::StoreUnavailable, "no name is free for a reject file"))
    }
}
