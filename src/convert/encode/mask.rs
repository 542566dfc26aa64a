//! Masks: what the target gets instead of a column's values. A NULL stays NULL.

use super::super::lenient::{CutText, Lenient, Rules};
use super::super::operation::Operation;
use super::{NULL, Refusal, field};
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedColumn;
use crate::model::policy::Mask;
use sha2::{Digest, Sha256};

/// The mask of one column, made ready.
#[derive(Debug)]
pub(super) enum ColumnMask {
    Null,
    Hash,
    /// The field, with its length.
    Fixed(Vec<u8>),
}

impl ColumnMask {
    /// # Errors
    /// `PlanForeign` for a mask that the plan should not have: NULL for a column that is NOT NULL, a hash in a column
    /// that is not `text`.
    pub(super) fn new(planned: &PlannedColumn) -> Result<Option<Self>> {
        let refused = |what: &str| Err(Error::new(ErrorKind::PlanForeign, what));
        match &planned.mask {
            None => Ok(None),
            Some(Mask::Null) if !planned.nullable => {
                refused("the plan masks the column with NULL, and the column is NOT NULL")
            }
            Some(Mask::Null) => Ok(Some(Self::Null)),
            Some(Mask::Hash) if planned.target_type != "text" => {
                refused("the plan masks the column with a hash, and its target type is not text")
            }
            Some(Mask::Hash) => Ok(Some(Self::Hash)),
            // PostgreSQL is yet to say what the value is.
            Some(Mask::Fixed(text)) => Ok(Some(Self::Fixed(text_field(text.as_bytes())?))),
        }
    }
}

/// A field of any length.
///
/// # Errors
/// `Value` if it is too long for PostgreSQL.
pub(super) fn text_field(content: &[u8]) -> Result<Vec<u8>> {
    let length = i32::try_from(content.len())
        .map_err(|_| Error::new(ErrorKind::Value, "the fixed value of a mask is too long for PostgreSQL"))?;
    Ok([&length.to_be_bytes()[..], content].concat())
}

/// A masked value under way.
#[derive(Debug)]
pub(super) struct MaskedValue {
    hash: Option<(Sha256, Lenient)>,
    scratch: Vec<u8>,
}

impl MaskedValue {
    pub(super) fn begin(masking: &ColumnMask) -> Self {
        let hash = matches!(masking, ColumnMask::Hash)
            .then(|| (Sha256::new(), Lenient::new(Rules::FOR_HASH, CutText::default())));
        Self { hash, scratch: Vec::new() }
    }

    pub(super) fn piece(&mut self, operation: &Operation, raw: &[u8]) -> Result<(), Refusal> {
        let Some((hasher, text)) = &mut self.hash else { return Ok(()) };
        self.scratch.clear();
        match operation {
            Operation::Utf16 | Operation::Xml => text.utf16(&mut self.scratch, raw)?,
            Operation::Coded(page) => text.coded(page, &mut self.scratch, raw)?,
            _ => self.scratch.extend_from_slice(raw),
        }
        hasher.update(&self.scratch);
        Ok(())
    }

    /// Writes the field.
    pub(super) fn end(
        mut self,
        masking: &ColumnMask,
        operation: &Operation,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match (masking, self.hash.take()) {
            (ColumnMask::Null, _) => out.extend_from_slice(&NULL),
            (ColumnMask::Fixed(field), _) => out.extend_from_slice(field),
            (ColumnMask::Hash, None) => return Err(Refusal::Malformed),
            (ColumnMask::Hash, Some((mut hasher, mut text))) => {
                self.scratch.clear();
                match operation {
                    Operation::Utf16 | Operation::Xml => text.end_utf16(&mut self.scratch)?,
                    Operation::Coded(page) => {
                        // Undefined bytes are kept as they are, so nothing is looked at again.
                        text.end_coded(page, &mut self.scratch, 0)?;
                    }
                    _ => {}
                }
                hasher.update(&self.scratch);
                field(out, &hex(&hasher.finalize().into()));
            }
        }
        Ok(())
    }
}

fn hex(digest: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}
