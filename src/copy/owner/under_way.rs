//! Rows that chunks have written and not committed, by table: what heartbeats say besides what is committed. A table
//! that is one chunk would otherwise stand still until its end.

use crate::copy::events::CopyEvent;
use crate::model::checkpoint::UnderWay;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Of all tables of the pod.
#[derive(Debug, Default)]
pub(in crate::copy) struct RowsUnderWay(Mutex<BTreeMap<(u32, u32), UnderWay>>);

impl RowsUnderWay {
    /// Takes what a chunk has written so far, and forgets a chunk that has ended.
    pub(in crate::copy) fn note(&self, event: &CopyEvent<'_>) {
        let mut chunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *event {
            CopyEvent::ChunkUnderWay { index, chunk, rows, bytes } => {
                chunks.insert((index, chunk), UnderWay { rows, bytes });
            }
            CopyEvent::ChunkEnded { index, chunk } => {
                chunks.remove(&(index, chunk));
            }
            _ => {}
        }
    }

    /// All chunks of the table together; None if nothing of it is under way.
    pub(super) fn of_table(&self, index: u32) -> Option<UnderWay> {
        let chunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_table = chunks.range((index, 0)..=(index, u32::MAX)).map(|(_, chunk)| chunk);
        of_table
            .copied()
            .reduce(|sum, more| UnderWay { rows: sum.rows + more.rows, bytes: sum.bytes + more.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_counts_until_it_ends() {
        let under_way = RowsUnderWay::default();
        for (index, chunk, rows) in [(1, 1, 10), (1, 1, 20), (1, 2, 5), (2, 1, 7)] {
            under_way.note(&CopyEvent::ChunkUnderWay { index, chunk, rows, bytes: rows * 100 });
        }
        assert_eq!(under_way.of_table(1), Some(UnderWay { rows: 25, bytes: 2500 }));
        assert_eq!(under_way.of_table(2), Some(UnderWay { rows: 7, bytes: 700 }));
        for chunk in [1, 2] {
            under_way.note(&CopyEvent::ChunkEnded { index: 1, chunk });
        }
        assert_eq!((under_way.of_table(1), under_way.of_table(3)), (None, None));
    }
}
