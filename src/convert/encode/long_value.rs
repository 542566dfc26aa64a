//! A long value under way. If the length of its field is known beforehand (binary, from the length that the source
//! declares) it is passed on as it comes; else (text, whose UTF-8 may be shorter or longer) it is collected whole.

use super::super::lenient::{CutText, Lenient, Rules, TextChanges};
use super::super::operation::Operation;
use super::super::text::{CodedPieces, Utf16Pieces, plain_xml, whole_coded, whole_utf16};
use super::as_text::hex;
use super::{LARGEST_FIELD, Refusal, close};

/// Bytes of UTF-8 that a byte of a code page may become.
const WIDEST: usize = 3;
/// What stands before the text of jsonb (PostgreSQL `jsonb_recv`).
pub(super) const JSONB_VERSION: u8 = 1;

/// Where the value stands.
#[derive(Debug, Default)]
pub(super) struct LongValue {
    /// Where its field starts in what was not taken yet.
    pub(super) field: usize,
    /// Its bytes are held until its end.
    pub(super) collected: bool,
    /// It may be collected up to the largest value.
    pub(super) granted: bool,
    /// Bytes that a value passed on still lacks.
    left: u64,
    /// What the source said.
    declared: Option<u64>,
    utf16: Utf16Pieces,
    coded: CodedPieces,
    /// From where the value was refused.
    lenient: Option<Lenient>,
}

impl LongValue {
    /// What the pieces of a text so far left for the next one.
    pub(super) const fn pending(&self, operation: &Operation) -> CutText {
        match operation {
            Operation::Coded(_) => self.coded.pending(),
            _ => self.utf16.pending(),
        }
    }

    /// Goes on with other rules from where the value stood.
    pub(super) fn be_lenient(&mut self, rules: Rules, pending: CutText) {
        self.lenient = Some(Lenient::new(rules, pending));
        self.collected = true;
    }

    pub(super) const fn is_lenient(&self) -> bool {
        self.lenient.is_some()
    }

    /// What the other rules changed.
    pub(super) fn changed(&self) -> TextChanges {
        self.lenient.as_ref().map(|lenient| lenient.changed).unwrap_or_default()
    }

    /// Opens the field. `largest`: what may be collected.
    pub(super) fn begin(
        operation: &Operation,
        out: &mut Vec<u8>,
        declared: Option<u64>,
        largest: usize,
    ) -> Result<Self, Refusal> {
        let mut value = Self { field: out.len(), declared, ..Self::default() };
        if let Some(length) = least(operation, declared) {
            measure(usize::try_from(length).unwrap_or(usize::MAX), usize::MAX)?;
        }
        if let (Operation::Bytes, Some(length)) = (operation, declared) {
            let prefix = i32::try_from(length).map_err(|_| Refusal::TooLong)?;
            out.extend_from_slice(&prefix.to_be_bytes());
            value.left = length;
            return Ok(value);
        }
        if let Some(length) = least(operation, declared) {
            measure(usize::try_from(length).unwrap_or(usize::MAX), largest)?;
        }
        value.collected = true;
        out.extend_from_slice(&[0; 4]);
        if matches!(operation, Operation::Jsonb) {
            out.push(JSONB_VERSION);
        }
        Ok(value)
    }

    /// The next piece, of any size.
    pub(super) fn piece(
        &mut self,
        operation: &Operation,
        out: &mut Vec<u8>,
        raw: &[u8],
        largest: usize,
    ) -> Result<(), Refusal> {
        if !self.collected {
            self.left = self.left.checked_sub(raw.len() as u64).ok_or(Refusal::Malformed)?;
            out.extend_from_slice(raw);
            return Ok(());
        }
        make_room(out, raw.len() * WIDEST + 16);
        match (operation, &mut self.lenient) {
            (Operation::Utf16 | Operation::Xml | Operation::Jsonb, Some(lenient)) => {
                lenient.utf16(out, raw)?
            }
            (Operation::Coded(page), Some(lenient)) => lenient.coded(page, out, raw)?,
            // What is understood as a whole is turned into the field's content at the end.
            (Operation::Bytes | Operation::Structured(_), _) => out.extend_from_slice(raw),
            (Operation::Hex, _) => hex(out, raw),
            (Operation::Utf16 | Operation::Xml | Operation::Jsonb, None) => self.utf16.piece(out, raw)?,
            (Operation::Coded(page), None) => self.coded.piece(page, out, raw)?,
            _ => return Err(Refusal::Malformed),
        }
        measure(self.length(out), largest)
    }

    /// Closes the field.
    pub(super) fn end(&mut self, operation: &Operation, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if !std::mem::take(&mut self.collected) {
            return if self.left == 0 { Ok(()) } else { Err(Refusal::Malformed) };
        }
        let text = self.field + 4;
        match (operation, &mut self.lenient) {
            (Operation::Utf16 | Operation::Xml | Operation::Jsonb, Some(lenient)) => {
                lenient.end_utf16(out)?
            }
            (Operation::Coded(page), Some(lenient)) => lenient.end_coded(page, out, text)?,
            (Operation::Utf16 | Operation::Xml | Operation::Jsonb, None) => self.utf16.end()?,
            (Operation::Coded(page), None) => self.coded.end(page, out, text)?,
            (Operation::Structured(whole), _) => {
                whole.collected(out, text)?;
                measure(out.len() - text, LARGEST_FIELD)?;
            }
            _ => {}
        }
        if matches!(operation, Operation::Xml) {
            plain_xml(out, text);
        }
        close(out, self.field)
    }

    /// Bytes collected so far.
    pub(super) fn length(&self, out: &[u8]) -> usize {
        out.len().saturating_sub(self.field + 4)
    }

    /// Lets it be collected up to `largest` bytes, in one allocation if the source declared a length: pages that
    /// it does not come to are never touched.
    pub(super) fn grant(&mut self, operation: &Operation, out: &mut Vec<u8>, largest: usize) {
        self.granted = true;
        let Some(declared) = self.declared.and_then(|length| usize::try_from(length).ok()) else { return };
        let most = match operation {
            Operation::Utf16 | Operation::Xml | Operation::Jsonb => declared.saturating_add(declared / 2),
            Operation::Hex => declared.saturating_mul(2),
            Operation::Coded(_) => declared.saturating_mul(WIDEST),
            _ => declared,
        };
        out.reserve_exact(most.min(largest).saturating_sub(self.length(out)).saturating_add(64 * 1024));
    }
}

/// The least that a value of this length becomes, if that is known.
fn least(operation: &Operation, declared: Option<u64>) -> Option<u64> {
    match operation {
        Operation::Bytes | Operation::Coded(_) => declared,
        Operation::Hex => declared.map(|length| length.saturating_mul(2)),
        Operation::Utf16 | Operation::Jsonb => declared.map(|length| length / 2),
        _ => None,
    }
}

fn measure(length: usize, largest: usize) -> Result<(), Refusal> {
    if length > LARGEST_FIELD {
        Err(Refusal::TooLong)
    } else if length > largest {
        Err(Refusal::TooMuch(largest))
    } else {
        Ok(())
    }
}

/// Doubling would take twice a large value: it grows by a quarter.
fn make_room(out: &mut Vec<u8>, need: usize) {
    if out.capacity() - out.len() < need {
        out.reserve_exact(need.max(out.len() / 4));
    }
}

/// The content of a field whose length follows from it, in one piece.
pub(super) fn sized(operation: &Operation, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    let start = out.len();
    match operation {
        Operation::Structured(whole) => whole.encode(out, raw)?,
        Operation::Hex => hex(out, raw),
        Operation::Utf16 | Operation::Xml | Operation::Jsonb => {
            if matches!(operation, Operation::Jsonb) {
                out.push(JSONB_VERSION);
            }
            whole_utf16(out, raw)?;
            if matches!(operation, Operation::Xml) {
                plain_xml(out, start);
            }
        }
        Operation::Coded(page) => whole_coded(page, out, raw)?,
        _ => out.extend_from_slice(raw),
    }
    Ok(())
}
