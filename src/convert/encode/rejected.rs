//! Rows that are left out: refused by a policy, or by PostgreSQL in an earlier attempt.

use super::refused::Refused;
use super::{Bound, CopyEncoder, Error, Keys, Sample};
use crate::model::loss::Loss;
use std::collections::{BTreeMap, VecDeque};

/// Rows whose hashes are remembered: far more than can be under way to PostgreSQL.
const RECENT: usize = 256 * 1024;

/// A row that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its place among the columns.
    pub column: usize,
    /// 1-based, among all rows that were read.
    pub number: u64,
    /// A part of the row was taken already, so it is in the output after all.
    pub torn: bool,
    why: Refused,
}

impl RefusedRow {
    /// Why, in a word: the policy, or `target`.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why.policy().map_or("target", |(name, _)| name)
    }
}

/// What is known beside the rows where rows are rejected.
#[derive(Debug, Default)]
pub(super) struct Rejecting {
    /// Hashes of rows that PostgreSQL refused, with the column.
    skip: BTreeMap<u64, usize>,
    /// Hashes of the last rows that were encoded.
    recent: VecDeque<u64>,
    /// Nothing of a row is taken before it is complete.
    whole_rows: bool,
}

impl CopyEncoder {
    /// From now on a row that is refused ends the encoding of that row, not of all: [`Self::refused_row`] has it behind its
    /// end. `keys`: who tells the keys of rows.
    pub fn keep_refused_rows(&mut self, keys: Keys) {
        self.deferred = true;
        self.losses.set_keys(keys);
    }

    /// Gets ready for rows that PostgreSQL refuses: by `skip`, hashes of rows with the column, equal rows are left out.
    /// `whole_rows`: nothing of a row is taken before it is complete.
    pub fn reject(&mut self, skip: BTreeMap<u64, usize>, whole_rows: bool) {
        self.unusual = true;
        self.rejecting = Some(Box::new(Rejecting { skip, recent: VecDeque::new(), whole_rows }));
    }

    /// The last row, where it was left out; once.
    pub fn refused_row(&mut self) -> Option<RefusedRow> {
        self.refused.take()
    }

    /// The error of a row that was refused.
    #[must_use]
    pub fn refusal(&self, row: &RefusedRow, place: &Sample) -> Error {
        self.error(row.column, row.why.error_at(place))
    }

    /// Counts a row that was left out as rejected.
    pub fn count_rejected(&mut self, row: &RefusedRow, key: Option<&Bound>) {
        self.losses.note(row.column, Loss::Rejected);
        self.losses.end_row(row.number);
        self.losses.key(key);
    }

    /// The hash of the row that PostgreSQL counted as this one (from 1); None where it is too long ago.
    #[must_use]
    pub fn hash_of_row(&self, line: u64) -> Option<u64> {
        let recent = &self.rejecting.as_ref()?.recent;
        let back = usize::try_from(self.rows.checked_sub(line)?).ok()?;
        recent.get(recent.len().checked_sub(back + 1)?).copied()
    }

    pub(super) fn keeps_rows_whole(&self) -> bool {
        self.rejecting.as_ref().is_some_and(|rejecting| rejecting.whole_rows)
    }

    /// A row that is kept whole must have room.
    pub(super) fn measure_whole_row(&self) -> Result<(), Refused> {
        let limit = self.limits.value;
        if self.keeps_rows_whole() && self.out.len() - self.row > limit {
            return Err(Refused::TooMuch(limit));
        }
        Ok(())
    }

    /// The end of a row of which something is to be noted.
    #[cold]
    pub(super) fn end_unusual_row(&mut self) {
        let number = self.rows + self.dropped + 1;
        let torn = !self.parts.is_empty();
        let before = self.checksum;
        let (bytes, rows) = (self.bytes, self.rows);
        let start = self.row;
        self.count_row();
        let hash = self.checksum.wrapping_sub(before);
        self.unusual = self.rejecting.is_some();
        let skipped = self.rejecting.as_ref().and_then(|all| all.skip.get(&hash).copied());
        let refusal = self.refusal.take().or_else(|| skipped.map(|column| (column, Refused::ByTarget)));
        if let Some((column, why)) = refusal {
            (self.checksum, self.bytes, self.rows) = (before, bytes, rows);
            self.out.truncate(start);
            self.row = start;
            self.dropped += 1;
            self.losses.drop_row();
            self.refused = Some(RefusedRow { column, number, torn, why });
            return;
        }
        if let Some(rejecting) = &mut self.rejecting {
            if rejecting.recent.len() == RECENT {
                rejecting.recent.pop_front();
            }
            rejecting.recent.push_back(hash);
        }
        if !self.losses.is_row_clean() {
            self.losses.end_row(number);
        }
    }
}
