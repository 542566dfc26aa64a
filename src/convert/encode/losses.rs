//! What was changed in the rows so far, by column and [`Loss`], with the keys of some of them.

use crate::model::bound::Bound;
use crate::model::loss::{Loss, LossRecord, SAMPLES, Sample};

/// What a sample is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keys {
    /// The number of the row: nobody tells keys.
    #[default]
    Unknown,
    /// Who reads the rows tells the key of the last one when asked ([`super::CopyEncoder::key_of_last_row`]).
    Told,
    /// A column of the key is masked.
    Withheld,
}

/// See the module. A row counts once for each column and loss.
#[derive(Debug, Default)]
pub struct Losses {
    records: Vec<Record>,
    keys: Keys,
    /// Of the row under way.
    row: Vec<(usize, Loss)>,
    /// Records that wait for the key of the last row.
    asked: Vec<usize>,
    /// Its number.
    last: u64,
}

#[derive(Debug)]
struct Record {
    column: usize,
    loss: Loss,
    rows: u64,
    samples: Vec<Sample>,
}

impl Losses {
    pub(super) fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    pub(super) fn note(&mut self, column: usize, loss: Loss) {
        if !self.row.contains(&(column, loss)) {
            self.row.push((column, loss));
        }
    }

    /// Nothing was noted in the row under way.
    pub(super) const fn is_row_clean(&self) -> bool {
        self.row.is_empty()
    }

    /// The row under way is left out: what was changed in it does not count.
    pub(super) fn drop_row(&mut self) {
        self.row.clear();
    }

    /// The row under way, of this number, is complete.
    pub(super) fn end_row(&mut self, number: u64) {
        self.last = number;
        for (column, loss) in std::mem::take(&mut self.row) {
            let place = self.record(column, loss);
            let keys = self.keys;
            let Some(record) = self.records.get_mut(place) else { continue };
            record.rows += 1;
            match keys {
                _ if record.samples.len() >= SAMPLES => {}
                Keys::Told => self.asked.push(place),
                Keys::Unknown => record.samples.push(Sample::Row { chunk: None, row: number }),
                Keys::Withheld if record.samples.is_empty() => record.samples.push(Sample::withheld()),
                Keys::Withheld => {}
            }
        }
    }

    fn record(&mut self, column: usize, loss: Loss) -> usize {
        let found = self.records.iter().position(|record| (record.column, record.loss) == (column, loss));
        found.unwrap_or_else(|| {
            self.records.push(Record { column, loss, rows: 0, samples: Vec::new() });
            self.records.len() - 1
        })
    }

    /// Is the key of the last row wanted?
    pub(super) const fn wants_key(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The key of the last row; None: there is none, its number stands for it.
    pub(super) fn key(&mut self, key: Option<&Bound>) {
        for place in std::mem::take(&mut self.asked) {
            let sample =
                key.map_or(Sample::Row { chunk: None, row: self.last }, |key| Sample::Key(key.clone()));
            if let Some(record) = self.records.get_mut(place) {
                record.samples.push(sample);
            }
        }
    }

    /// No row was changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// In column order; `columns` are the names.
    pub(super) fn records(&self, columns: &[String]) -> Vec<LossRecord> {
        let mut sorted: Vec<&Record> = self.records.iter().collect();
        sorted.sort_by_key(|record| (record.column, record.loss));
        let record = |record: &Record| LossRecord {
            column: columns.get(record.column).cloned().unwrap_or_default(),
            loss: record.loss,
            rows: record.rows,
            samples: record.samples.clone(),
            files: Vec::new(),
        };
        sorted.into_iter().map(record).collect()
    }
}
