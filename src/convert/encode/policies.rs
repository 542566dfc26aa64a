//! The second look at a value: the policies of its column, masks, and what is counted of values that are as they are.
//! Only values that were refused, and those of a column with a [`Watch`], come here.

use super::super::lenient::{CutText, Lenient, Rules, TextChanges};
use super::super::operation::Operation;
use super::super::text::{TextRefusal, plain_xml};
use super::super::time::{self, SeventhDigit};
use super::super::types::map;
use super::long_value::JSONB_VERSION;
use super::mask::{ColumnMask, MaskedValue, text_field};
use super::refusal::Refusal;
use super::{CopyEncoder, LongValue, OnRefusal, close, field};
use crate::error::{Error, ErrorKind, Result};
use crate::model::base_type::BaseType;
use crate::model::loss::Loss;
use crate::model::plan::PlannedColumn;
use crate::model::policy::{BlanksPolicy, FractionPolicy, Mask, OffsetPolicy, PaddingPolicy};
use std::borrow::Cow;

/// What is looked at beside a value's bytes.
#[derive(Debug)]
pub(super) enum Watch {
    Nothing,
    /// Of a datetimeoffset that loses it.
    Offset,
    /// Of text that had so many units, all of them filled.
    Padding(usize),
    /// The padding of a char(n) is cut off.
    Trim,
    /// Trailing blanks are cut off and counted.
    Blanks,
    Mask(ColumnMask),
}

impl Watch {
    /// At a glance: a value like this one, of so many bytes with its length, needs no second look.
    #[inline]
    pub(super) fn is_content(&self, raw: &[u8], written: usize) -> bool {
        match self {
            Self::Nothing => true,
            Self::Offset => raw.ends_with(&[0, 0]),
            Self::Padding(units) => written == units + 4,
            // In every code page and in UTF-16.
            Self::Blanks => !raw.ends_with(b" ") && !raw.ends_with(b" \0"),
            Self::Trim | Self::Mask(_) => false,
        }
    }

    /// # Errors
    /// `PlanForeign` for a mask that the plan should not have.
    pub(super) fn of_column(planned: &PlannedColumn, operation: &Operation) -> Result<Self> {
        if let Some(masking) = ColumnMask::new(planned)? {
            return Ok(Self::Mask(masking));
        }
        let (source, target) = (&planned.source_type.name, planned.target_type.as_str());
        let padded = matches!(source, BaseType::Char | BaseType::NChar);
        let each = if *source == BaseType::NChar { 2 } else { 1 };
        let units = usize::try_from(planned.source_type.max_length / each).unwrap_or(0);
        Ok(match operation {
            Operation::DateTimeOffset(_) if target.starts_with("timestamptz") => Self::Offset,
            Operation::Utf16 | Operation::Coded(_) if padded && target.starts_with("char") => {
                Self::Padding(units)
            }
            Operation::Utf16 | Operation::Coded(_)
                if padded
                    && (planned.policies.padding == PaddingPolicy::Trim
                        || planned.policies.blanks == BlanksPolicy::Trim) =>
            {
                Self::Trim
            }
            Operation::Utf16 | Operation::Coded(_) if planned.policies.blanks == BlanksPolicy::Trim => {
                Self::Blanks
            }
            _ => Self::Nothing,
        })
    }
}

/// The column as it would be without a mask that changes its type.
pub(super) fn unmasked(planned: &PlannedColumn) -> Cow<'_, PlannedColumn> {
    let Some(Mask::Hash) = &planned.mask else { return Cow::Borrowed(planned) };
    let target_type = map(&planned.source_type, planned.map.as_deref())
        .map_or_else(|_| "text".to_owned(), |mapping| mapping.target_type);
    Cow::Owned(PlannedColumn { target_type, ..planned.clone() })
}

impl CopyEncoder {
    /// What PostgreSQL reads the fixed mask of this column as, in its binary form. Until it is told, the text is taken.
    ///
    /// # Errors
    /// `Bug` for a column without such a mask; `Value` if it is too long.
    pub fn set_fixed(&mut self, column: usize, value: &[u8]) -> Result<()> {
        match self.watches.get_mut(column) {
            Some(Watch::Mask(ColumnMask::Fixed(field))) => *field = text_field(value)?,
            _ => return Err(Error::new(ErrorKind::Bug, "a fixed value for a column that has no such mask")),
        }
        Ok(())
    }

    /// The value that begins at `start` in what is written, or (`done` is an error) was refused.
    #[cold]
    #[inline(never)]
    pub(super) fn second_look(
        &mut self,
        column: usize,
        raw: &[u8],
        start: usize,
        done: Result<(), Refusal>,
    ) -> Result<()> {
        let looked = match (self.watches.get(column), done) {
            (Some(Watch::Mask(masking)), _) => {
                self.out.truncate(start);
                let mut hidden = MaskedValue::begin(masking);
                match self.operations.get(column) {
                    Some(operation) => hidden
                        .piece(operation, raw)
                        .and_then(|()| hidden.end(masking, operation, &mut self.out)),
                    None => Err(Refusal::Malformed),
                }
            }
            (_, Ok(())) => self.watch(column, raw, start),
            (_, Err(refused)) => {
                self.out.truncate(start);
                self.leniently(column, raw, refused).and_then(|()| self.watch(column, raw, start))
            }
        };
        match looked {
            Ok(()) => Ok(()),
            Err(refused) => {
                self.out.truncate(start);
                self.refuse(column, refused)
            }
        }
    }

    /// Counts what is to be counted of the value that begins at `start`, and trims it.
    fn watch(&mut self, column: usize, raw: &[u8], start: usize) -> Result<(), Refusal> {
        match self.watches.get(column) {
            Some(Watch::Offset) if !raw.ends_with(&[0, 0]) => {
                if self.policies.get(column).is_some_and(|all| all.offset == OffsetPolicy::Error) {
                    return Err(Refusal::Offset);
                }
                self.note(column, Loss::Offset);
            }
            Some(&Watch::Padding(units)) => {
                let text = self.out.get(start + 4..).unwrap_or_default();
                // As many bytes: nothing but ASCII. Bytes that go on a character do not begin one.
                let characters = || text.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
                if text.len() != units && characters() < units {
                    self.note(column, Loss::Padding);
                }
            }
            Some(Watch::Trim) => {
                self.trim(start)?;
            }
            Some(Watch::Blanks) => self.note_trimmed(column, start)?,
            _ => {}
        }
        Ok(())
    }

    /// Cuts off the trailing blanks of the text that begins at `start`, and counts it if it had some.
    fn note_trimmed(&mut self, column: usize, start: usize) -> Result<(), Refusal> {
        if self.trim(start)? {
            self.note(column, Loss::Blanks);
        }
        Ok(())
    }

    /// Cuts off the trailing blanks of the text that begins at `start`; false: it had none.
    fn trim(&mut self, start: usize) -> Result<bool, Refusal> {
        let before = self.out.len();
        while self.out.len() > start + 4 && self.out.last() == Some(&b' ') {
            self.out.pop();
        }
        close(&mut self.out, start)?;
        Ok(self.out.len() < before)
    }

    /// Encodes a value that was refused as its column's policies have it.
    fn leniently(&mut self, column: usize, raw: &[u8], refused: Refusal) -> Result<(), Refusal> {
        let (Some(operation), Some(policies)) = (self.operations.get(column), self.policies.get(column))
        else {
            return Err(refused);
        };
        match refused {
            Refusal::SeventhDigit => {
                let below = match policies.fraction {
                    FractionPolicy::Error => return Err(refused),
                    FractionPolicy::Truncate => SeventhDigit::CutOff,
                    FractionPolicy::Round => SeventhDigit::Rounded,
                };
                let micros = match operation {
                    Operation::Time(7) => time::time_of_seven(raw, below)?,
                    Operation::DateTime2(7) => time::datetime2_of_seven(raw, below)?,
                    Operation::DateTimeOffset(7) => time::datetimeoffset_of_seven(raw, below)?,
                    _ => return Err(refused),
                };
                field(&mut self.out, &micros.to_be_bytes());
                self.note(column, Loss::Fraction);
            }
            Refusal::Text(why) if operation.is_text() && Rules::new(policies).admit(why) => {
                let mut lenient = Lenient::new(Rules::new(policies), CutText::default());
                let start = self.out.len();
                self.out.extend_from_slice(&[0; 4]);
                whole_text(operation, &mut lenient, &mut self.out, raw)?;
                close(&mut self.out, start)?;
                self.note_text(column, lenient.changed);
            }
            _ => return Err(refused),
        }
        Ok(())
    }

    pub(super) fn note(&mut self, column: usize, loss: Loss) {
        self.losses.note(column, loss);
        self.fate.watch();
    }

    fn note_text(&mut self, column: usize, changed: TextChanges) {
        for loss in changed.losses() {
            self.note(column, loss);
        }
    }

    /// The next piece of the long value.
    pub(super) fn piece(&mut self, column: usize, raw: &[u8]) -> Result<(), Refusal> {
        let Some(operation) = self.operations.get(column) else { return Err(Refusal::Malformed) };
        if let Some(hidden) = &mut self.hidden {
            return hidden.piece(operation, raw);
        }
        let (before, pending) = (self.out.len(), self.long.pending(operation));
        match self.long.piece(operation, &mut self.out, raw, self.limits.value) {
            Err(Refusal::Text(why)) if self.rules_for(column, why).is_some() => {
                self.out.truncate(before);
                if let Some(rules) = self.rules_for(column, why) {
                    self.long.be_lenient(rules, pending);
                }
                self.long.piece(operation, &mut self.out, raw, self.limits.value)?;
            }
            done => done?,
        }
        self.measure_whole_row()
    }

    /// The end of the long value.
    pub(super) fn end(&mut self, column: usize) -> Result<(), Refusal> {
        let Some(operation) = self.operations.get(column) else { return Err(Refusal::Malformed) };
        if let (Some(hidden), Some(Watch::Mask(masking))) = (self.hidden.take(), self.watches.get(column)) {
            return hidden.end(masking, operation, &mut self.out);
        }
        let (start, collected) = (self.long.field, self.long.collected);
        let (before, pending) = (self.out.len(), self.long.pending(operation));
        match self.long.end(operation, &mut self.out) {
            Err(Refusal::Text(why)) if self.rules_for(column, why).is_some() => {
                self.out.truncate(before);
                if let Some(rules) = self.rules_for(column, why) {
                    self.long.be_lenient(rules, pending);
                }
                self.long.end(operation, &mut self.out)?;
            }
            done => done?,
        }
        self.note_text(column, self.long.changed());
        // Only text is collected and watched.
        if collected { self.watch(column, &[0, 0], start) } else { Ok(()) }
    }

    /// The rules by which a long text may go on that was refused for the first time.
    fn rules_for(&self, column: usize, why: TextRefusal) -> Option<Rules> {
        let rules = Rules::new(self.policies.get(column)?);
        let text = self.operations.get(column).is_some_and(Operation::is_text);
        (text && rules.admit(why) && !self.long.is_lenient()).then_some(rules)
    }

    /// The row under way cannot be encoded: an error, or noted until its end.
    #[cold]
    pub(super) fn refuse(&mut self, column: usize, refused: Refusal) -> Result<()> {
        if matches!(self.on_refusal, OnRefusal::Fail) || refused.policy().is_none() {
            return Err(self.error(column, refused.error()));
        }
        self.long = LongValue::default();
        self.hidden = None;
        self.fate.refuse(column, refused);
        Ok(())
    }
}

/// The content of a text field in one piece.
fn whole_text(
    operation: &Operation,
    lenient: &mut Lenient,
    out: &mut Vec<u8>,
    raw: &[u8],
) -> Result<(), TextRefusal> {
    let start = out.len();
    match operation {
        Operation::Utf16 | Operation::Xml | Operation::Jsonb => {
            if matches!(operation, Operation::Jsonb) {
                out.push(JSONB_VERSION);
            }
            lenient.utf16(out, raw)?;
            lenient.end_utf16(out)?;
            if matches!(operation, Operation::Xml) {
                plain_xml(out, start);
            }
        }
        Operation::Coded(page) => {
            lenient.coded(page, out, raw)?;
            lenient.end_coded(page, out, start)?;
        }
        _ => return Err(TextRefusal::Malformed),
    }
    Ok(())
}
