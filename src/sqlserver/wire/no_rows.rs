//! For what has no rows.

use super::RowEncoder;
use crate::error::{Error, ErrorKind, Result};

/// An encoder for answers that are not expected to have rows, and for the time before [`Event::Columns`].
#[derive(Debug, Default)]
pub struct NoRows {
    ignore: bool,
}

impl NoRows {
    #[must_use]
    pub const fn new() -> Self {
        Self { ignore: false }
    }

    /// Drops what it is given: values of tokens that nobody wants.
    pub(super) const fn ignoring() -> Self {
        Self { ignore: true }
    }

    fn refuse(&self) -> Result<()> {
        if self.ignore {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Bug, "rows were decoded where none were expected"))
    }
}

impl RowEncoder for NoRows {
    fn begin_row(&mut self) {}

    fn null(&mut self, _: usize) -> Result<()> {
        self.refuse()
    }

    fn value(&mut self, _: usize, _: &[u8]) -> Result<()> {
        self.refuse()
    }

    fn long_begin(&mut self, _: usize, _: Option<u64>) -> Result<()> {
        self.refuse()
    }

    fn long_piece(&mut self, _: usize, _: &[u8]) -> Result<()> {
        self.refuse()
    }

    fn long_end(&mut self, _: usize) -> Result<()> {
        self.refuse()
    }

    fn end_row(&mut self) {}

    fn is_full(&self) -> bool {
        false
    }
}
