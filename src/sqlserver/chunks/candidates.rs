//! From rows in key order to bounds that cut them into parts of about equal weight, in bounded memory.
//!
//! Rows come with a weight and are numerous; kept are only keys some distance apart. When there are too many, the
//! distance grows and those in between are dropped.

use super::capture::KeyCapture;
use crate::error::{Error, ErrorKind, Result};
use crate::model::bound::Bound;
use crate::model::plan::{ChunkKey, PlannedTable};
use crate::sqlserver::client::Client;
use crate::sqlserver::rows::FillOutcome;
use crate::sqlserver::wire::RowEncoder;

/// Keys kept for each bound that is wanted, at most.
const KEYS_A_BOUND: usize = 16;

/// Keys in order, each with the weight of all rows up to and with it.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    keys: Vec<(Bound, u64)>,
    rows: u64,
    total: u64,
}

impl Candidates {
    /// Runs a query that returns the key's columns by their names and last, as bigint, the weight, in key order.
    ///
    /// # Errors
    /// `SourceUnavailable`, `SourcePermission` or `SourceRefused`; the connection is closed then.
    pub(super) async fn read(
        client: &mut Client,
        sql: &str,
        table: &PlannedTable,
        key: &ChunkKey,
        parts: usize,
    ) -> Result<Self> {
        let mut stream = client.read(sql).await?;
        let columns = stream.columns().to_vec();
        let mut rows = KeyCapture::new(Weigher::new(columns.len()), table, Some(key), &columns)?;
        let mut found = Self::default();
        let most = parts.saturating_mul(KEYS_A_BOUND);
        loop {
            let filled = stream.fill(&mut rows).await?;
            let (total, full) = (rows.get().total, rows.get().is_full());
            // A key without an exact literal is passed over; the next one may have one.
            if full && let Some(bound) = rows.last() {
                found.keys.push((bound, total));
                rows.inner().begin_gap(found.thin(most, total));
            }
            if filled == FillOutcome::End {
                found.total = total;
                found.rows = rows.get().rows;
                return Ok(found);
            }
        }
    }

    pub(super) fn first(self) -> Option<Bound> {
        self.keys.into_iter().next().map(|(bound, _)| bound)
    }

    /// Rows that were read.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Drops keys if there are more than `most`; the distance to keep from the last one.
    fn thin(&mut self, most: usize, total: u64) -> Option<u64> {
        if self.keys.len() <= most {
            return None;
        }
        let half = u64::try_from(most / 2).unwrap_or(u64::MAX).max(1);
        let gap = total / half;
        let mut kept = 0;
        self.keys.retain(|(_, weight)| {
            let keep = weight - kept >= gap;
            if keep {
                kept = *weight;
            }
            keep
        });
        Some(gap)
    }

    /// The `parts - 1` keys nearest behind equal shares of the weight, without doubles and without the last row.
    pub(super) fn cut(self, parts: u64) -> Vec<Bound> {
        let mut bounds: Vec<Bound> = Vec::new();
        let mut share = 1_u128;
        let (total, parts) = (u128::from(self.total), u128::from(parts));
        for (bound, weight) in self.keys {
            if weight >= self.total || share >= parts {
                break;
            }
            if u128::from(weight) * parts < share * total {
                continue;
            }
            share = u128::from(weight) * parts / total.max(1) + 1;
            if bounds.last() != Some(&bound) {
                bounds.push(bound);
            }
        }
        bounds
    }
}

/// Adds up the last column; full whenever the next key is due.
#[derive(Debug)]
struct Weigher {
    column: usize,
    rows: u64,
    total: u64,
    /// The total at the last key.
    from: u64,
    gap: u64,
}

impl Weigher {
    fn new(columns: usize) -> Self {
        Self { column: columns.saturating_sub(1), rows: 0, total: 0, from: 0, gap: 1 }
    }

    fn begin_gap(&mut self, gap: Option<u64>) {
        self.from = self.total;
        self.gap = gap.unwrap_or(self.gap).max(self.gap);
    }
}

fn no_weight() -> Error {
    Error::new(ErrorKind::Bug, "a row of a sample has no weight")
}

impl RowEncoder for Weigher {
    fn begin_row(&mut self) {}

    fn null(&mut self, column: usize) -> Result<()> {
        if column == self.column { Err(no_weight()) } else { Ok(()) }
    }

    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        if column == self.column {
            let weight = i64::from_le_bytes(raw.try_into().map_err(|_| no_weight())?);
            // Nothing weighs nothing: every row counts.
            self.total = self.total.saturating_add(u64::try_from(weight).unwrap_or(0).max(1));
        }
        Ok(())
    }

    fn long_begin(&mut self, _column: usize, _length: Option<u64>) -> Result<()> {
        Ok(())
    }

    fn long_piece(&mut self, _column: usize, _piece: &[u8]) -> Result<()> {
        Ok(())
    }

    fn long_end(&mut self, _column: usize) -> Result<()> {
        Ok(())
    }

    fn end_row(&mut self) {
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.total - self.from >= self.gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bound::Literal;

    fn candidates(weights: &[u64]) -> Candidates {
        let mut found = Candidates::default();
        for (place, weight) in weights.iter().enumerate() {
            found.total += weight;
            found.rows += 1;
            let bound = Bound(vec![Literal::parse(&place.to_string()).unwrap()]);
            found.keys.push((bound, found.total));
        }
        found
    }

    fn cut(weights: &[u64], parts: u64) -> Vec<String> {
        candidates(weights).cut(parts).iter().map(|bound| bound.0[0].as_str().to_owned()).collect()
    }

    #[test]
    fn parts_of_equal_weight() {
        assert_eq!(cut(&[1; 8], 4), ["1", "3", "5"]);
        assert_eq!(cut(&[1; 10], 3), ["3", "6"]);
        assert_eq!(cut(&[5, 1, 1, 1, 1, 1], 2), ["0"]);
        assert_eq!(cut(&[1, 1, 1, 1, 1, 5], 2), ["4"]);
    }

    #[test]
    fn a_giant_is_a_part_of_its_own_and_no_part_is_empty() {
        assert_eq!(cut(&[1, 100, 1, 1], 4), ["1"]);
        assert_eq!(cut(&[1, 1, 1, 100], 4), Vec::<String>::new());
        assert_eq!(cut(&[1, 1], 9), ["0"]);
        assert_eq!(cut(&[], 3), Vec::<String>::new());
        assert_eq!(cut(&[7; 5], 1), Vec::<String>::new());
    }

    #[test]
    fn one_key_is_one_bound() {
        let mut found = candidates(&[1; 4]);
        found.keys[2].0 = found.keys[1].0.clone();
        assert_eq!(found.cut(4).len(), 2);
    }

    #[test]
    fn too_many_keys_are_thinned_and_still_cut_evenly() {
        let (most, mut found, mut from, mut gap) = (64, Candidates::default(), 0, 1);
        for row in 1..=100_000_u64 {
            if row - from >= gap {
                found.keys.push((Bound(vec![Literal::parse(&row.to_string()).unwrap()]), row));
                from = row;
                gap = found.thin(most, row).unwrap_or(gap).max(gap);
            }
            assert!(found.keys.len() <= most);
        }
        found.total = 100_000;
        let cuts: Vec<u64> = found.cut(4).iter().map(|b| b.0[0].as_str().parse().unwrap()).collect();
        assert_eq!(cuts.len(), 3);
        for (cut, wanted) in cuts.iter().zip([25_000, 50_000, 75_000]) {
            assert!(cut.abs_diff(wanted) <= 100_000 / 16, "{cuts:?}");
        }
    }
}
