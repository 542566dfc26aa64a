//! What a command did, and how its process ends.

use crate::error::{Error, ErrorKind, Verdict};
use crate::model::counts::Summary;

/// What a command did. A command that fails half-way keeps its counts and carries the error.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Tables whose work was completed by this process.
    pub tables_processed: u64,
    /// Tables that were completed before.
    pub tables_skipped: u64,
    pub tables_failed: u64,
    /// Committed by this process.
    pub rows: u64,
    pub bytes: u64,
    /// Rows of these with a changed value, and rows left out: counted once for each column and kind of change.
    pub lossy_rows: u64,
    /// The ranges of `plan --shards N`: one per shard, `A-B`, or an empty text for an empty shard.
    pub shards: Vec<String>,
    /// One sentence for people: `copied 95 tables`, `shard 7/7 is empty: nothing to do`.
    pub message: Option<String>,
    /// Why the process does not exit 0.
    pub error: Option<Error>,
    /// The error has had its event already, as that of its table or its object.
    pub told: bool,
    /// What the last lines of the process say, if it copied tables or built objects.
    pub summary: Option<Summary>,
}

impl Outcome {
    /// Takes one more error; the one that says most about what to do next is kept. `told`: it has had its event.
    pub fn add(&mut self, error: Error, told: bool) {
        let kind = error.kind();
        let before = self.error.as_ref().map(Error::kind);
        let mut verdict = self.error.take().map(Verdict::from).unwrap_or_default();
        verdict.add(error);
        self.error = verdict.into_error();
        let kept = self.error.as_ref().map(Error::kind);
        if before.is_none() || (kept == Some(kind) && kept != before) {
            self.told = told;
        }
    }

    /// 0, or that of the error (THE table in `error`).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or(0, |error| error.policy().exit)
    }

    /// `completed`, `failed`, or `stopped` by a signal.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.error.as_ref().map(Error::kind) {
            None => "completed",
            Some(ErrorKind::Terminated | ErrorKind::Interrupted) => "stopped",
            Some(_) => "failed",
        }
    }
}

/// A command that failed before it did anything.
impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}
