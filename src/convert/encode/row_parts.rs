//! Length and checksum of the row under way, of which parts may have been taken already.

use std::hash::Hasher;
use twox_hash::XxHash3_64;

/// What is known of the parts that were taken; nothing for most rows.
#[derive(Default)]
pub(super) struct RowParts {
    hasher: Option<Box<XxHash3_64>>,
    bytes: u64,
}

impl std::fmt::Debug for RowParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowParts").field("bytes", &self.bytes).finish()
    }
}

impl RowParts {
    /// A part of the row goes.
    pub(super) fn add(&mut self, part: &[u8]) {
        if !part.is_empty() {
            self.hasher.get_or_insert_with(Box::default).write(part);
            self.bytes += part.len() as u64;
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.hasher.is_none()
    }

    /// The row is complete with `rest`: XXH3 (64 bit) of all of its bytes, and how many they are.
    #[inline]
    pub(super) fn end(&mut self, rest: &[u8]) -> (u64, u64) {
        let length = rest.len() as u64;
        let Some(mut hasher) = self.hasher.take() else { return (XxHash3_64::oneshot(rest), length) };
        hasher.write(rest);
        (hasher.finish(), length + std::mem::take(&mut self.bytes))
    }
}
