//! What copying a chunk needs beside its table and its connections.

use crate::copy::events::{CopyEvent, CopyWatcher};
use crate::copy::limits::budget::Budget;
use crate::copy::limits::throttle::Throttle;
use crate::copy::patience::Patience;
use crate::copy::rules::CopyRules;
use std::sync::Arc;

/// The same for all chunks of the process.
pub struct ChunkCopier {
    pub rules: CopyRules,
    /// Memory of all buffers.
    pub budget: Budget,
    /// Holds all workers together back.
    pub throttle: Arc<Throttle>,
    pub patience: Patience,
    /// Who is told what happens.
    pub watcher: CopyWatcher,
}

impl ChunkCopier {
    /// Says what happened.
    pub(in crate::copy) fn tell(&self, event: &CopyEvent<'_>) {
        (self.watcher)(event);
    }
}
