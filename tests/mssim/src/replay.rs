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

/// Bytes that are written to the socket at once.
const PIECE: usize = 256 << 10;

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
        let reply = in_pieces(reply);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key, reply.into());
    }
}

/// The same bytes in pieces of that size; what was collected is let go while they are made.
fn in_pieces(reply: Vec<Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut piece = Vec::with_capacity(PIECE);
    for mut bytes in reply {
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(PIECE - piece.len()));
            piece.extend_from_slice(&part);
            if piece.len() == PIECE {
                pieces.push(Bytes::from(std::mem::replace(&mut piece, Vec::with_capacity(PIECE))));
            }
        }
    }
    piece.shrink_to_fit();
    if !piece.is_empty() {
        pieces.push(Bytes::from(piece));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_same_bytes() {
        for lengths in [&[][..], &[3], &[PIECE], &[PIECE - 1, 2], &[100_000; 9], &[3 * PIECE + 7, 1]] {
            let reply: Vec<_> = (0_u8..)
                .zip(lengths)
                .map(|(n, length)| (0..*length).map(|at| n ^ at.to_le_bytes()[0]).collect::<Bytes>())
                .collect();
            let all = reply.concat();
            let pieces = in_pieces(reply);
            assert_eq!(pieces.concat(), all);
            assert_eq!(pieces.len(), all.len().div_ceil(PIECE), "{lengths:?}");
        }
    }
}
