//! Rows that are left out: refused by a policy, or by PostgreSQL in an earlier attempt.

use super::refusal::Refusal;
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
    why: Refusal,
}

impl RefusedRow {
    /// Why, in a word: the policy, or `target`.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why.policy().map_or("target", |(name, _)| name)
    }
}

/// What becomes of the row under way, and what became of the last one until the next begins.
#[derive(Debug, Default)]
pub(super) enum RowFate {
    /// Its end counts it, and does nothing else.
    #[default]
    Plain,
    /// Its end has more to do: a value was changed, or the row's hash is wanted.
    Watched,
    /// Its end leaves it out. The first value that was refused says why.
    Refused { column: usize, why: Refusal },
    /// It ended and was left out. [`RowEncoder::is_full`] holds until [`CopyEncoder::refused_row`] takes it.
    ///
    /// [`RowEncoder::is_full`]: crate::sqlserver::wire::RowEncoder::is_full
    LeftOut(RefusedRow),
}

impl RowFate {
    pub(super) const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// The row under way was changed.
    pub(super) fn watch(&mut self) {
        if !self.is_refused() {
            *self = Self::Watched;
        }
    }

    /// The row under way will be left out.
    pub(super) fn refuse(&mut self, column: usize, why: Refusal) {
        if !self.is_refused() {
            *self = Self::Refused { column, why };
        }
    }
}

/// What a refused value ends.
#[derive(Debug, Default)]
pub(super) enum OnRefusal {
    /// The encoding, at once.
    #[default]
    Fail,
    /// Its row, which is left out.
    LeaveOut,
    /// Its row; rows that PostgreSQL refused in an earlier attempt are left out too.
    Reject(Box<TargetRefusals>),
}

/// What is known of rows that PostgreSQL refuses.
#[derive(Debug, Default)]
pub(super) struct TargetRefusals {
    /// Hashes of rows that PostgreSQL refused, with the column.
    skip: BTreeMap<u64, usize>,
    /// Hashes of the last rows that were encoded.
    recent: VecDeque<u64>,
    /// Nothing of a row is taken before it is complete.
    whole_rows: bool,
}

impl OnRefusal {
    fn rejecting(&self) -> Option<&TargetRefusals> {
        match self {
            Self::Reject(rejecting) => Some(rejecting),
            Self::Fail | Self::LeaveOut => None,
        }
    }

    /// How each row begins.
    const fn fate(&self) -> RowFate {
        match self {
            Self::Reject(_) => RowFate::Watched,
            Self::Fail | Self::LeaveOut => RowFate::Plain,
        }
    }
}

impl CopyEncoder {
    /// From now on a refused value ends its row and not the encoding: [`Self::refused_row`] has the row behind its end.
    /// `keys`: who tells the keys of rows.
    pub fn keep_refused_rows(&mut self, keys: Keys) {
        if let OnRefusal::Fail = self.on_refusal {
            self.on_refusal = OnRefusal::LeaveOut;
        }
        self.losses.set_keys(keys);
    }

    /// As [`Self::keep_refused_rows`], and for rows that PostgreSQL refuses: rows with a hash in `skip`, which has the
    /// column too, are left out. `whole_rows`: nothing of a row is taken before it is complete.
    pub fn reject(&mut self, skip: BTreeMap<u64, usize>, whole_rows: bool) {
        let rejecting = TargetRefusals { skip, recent: VecDeque::new(), whole_rows };
        self.on_refusal = OnRefusal::Reject(Box::new(rejecting));
        self.fate = self.on_refusal.fate();
    }

    /// The last row, if it was left out; once.
    pub fn refused_row(&mut self) -> Option<RefusedRow> {
        let RowFate::LeftOut(row) = self.fate else { return None };
        self.fate = self.on_refusal.fate();
        Some(row)
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

    /// The hash of the row that PostgreSQL counted as this one (from 1); None if it is too long ago.
    #[must_use]
    pub fn hash_of_row(&self, line: u64) -> Option<u64> {
        let recent = &self.on_refusal.rejecting()?.recent;
        let back = usize::try_from(self.rows.checked_sub(line)?).ok()?;
        recent.get(recent.len().checked_sub(back + 1)?).copied()
    }

    /// Nothing of the row under way is final: it will be left out, or may be.
    #[inline]
    pub(super) fn holds_row_back(&self) -> bool {
        match self.fate {
            RowFate::Plain | RowFate::LeftOut(_) => false,
            RowFate::Watched => self.keeps_rows_whole(),
            RowFate::Refused { .. } => true,
        }
    }

    fn keeps_rows_whole(&self) -> bool {
        self.on_refusal.rejecting().is_some_and(|rejecting| rejecting.whole_rows)
    }

    /// A row that is kept whole must have room.
    pub(super) fn measure_whole_row(&self) -> Result<(), Refusal> {
        let limit = self.limits.value;
        if self.keeps_rows_whole() && self.out.len() - self.row > limit {
            return Err(Refusal::TooMuch(limit));
        }
        Ok(())
    }

    /// The end of a row that is not [`RowFate::Plain`].
    #[cold]
    pub(super) fn end_special_row(&mut self) {
        let number = self.rows + self.left_out + 1;
        let torn = !self.parts.is_empty();
        let (before, bytes, rows, start) = (self.checksum, self.bytes, self.rows, self.row);
        self.count_row();
        let hash = self.checksum.wrapping_sub(before);
        let skipped = || self.on_refusal.rejecting().and_then(|all| all.skip.get(&hash).copied());
        let refusal = match self.fate {
            RowFate::Refused { column, why } => Some((column, why)),
            _ => skipped().map(|column| (column, Refusal::ByTarget)),
        };
        if let Some((column, why)) = refusal {
            (self.checksum, self.bytes, self.rows) = (before, bytes, rows);
            self.out.truncate(start);
            self.row = start;
            self.left_out += 1;
            self.losses.drop_row();
            self.fate = RowFate::LeftOut(RefusedRow { column, number, torn, why });
            return;
        }
        self.fate = self.on_refusal.fate();
        if let OnRefusal::Reject(rejecting) = &mut self.on_refusal {
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
