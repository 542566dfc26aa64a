//! Replies kept in memory: for benchmarks a result once encoded is sent again at loopback speed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// What a kept reply answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) sql: String,
    pub(crate) packet_size: usize,
    pub(crate) database: String,
}

/// All kept replies; clones share them. Nothing is ever dropped: the benchmark's data must fit into memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replay {
    kept: Arc<Mutex<HashMap<Key, Arc<[Bytes]>>>>,
}

impl Replay {
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<[Bytes]>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn keep(&self, key: Key, reply: Vec<Bytes>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key, reply.into());
    }
}
