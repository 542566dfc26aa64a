//! Why a value was not encoded, in words.

use super::super::text::TextRefusal;
use super::super::time::TimeRefusal;
use super::LARGEST_FIELD;
use crate::error::{Error, ErrorKind};
use crate::model::loss::Sample;
use crate::sqlserver::wire::broken;

/// Why a value was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    SeventhDigit,
    /// That is not +00:00.
    Offset,
    Text(TextRefusal),
    /// For PostgreSQL.
    TooLong,
    /// For the memory that there is.
    TooMuch(usize),
    /// What the target has no form for, in words.
    NoForm(&'static str),
    /// By PostgreSQL, in an earlier attempt.
    ByTarget,
}

impl From<TimeRefusal> for Refusal {
    fn from(refused: TimeRefusal) -> Self {
        match refused {
            TimeRefusal::Malformed => Self::Malformed,
            TimeRefusal::SeventhDigit => Self::SeventhDigit,
        }
    }
}

impl From<TextRefusal> for Refusal {
    fn from(refused: TextRefusal) -> Self {
        Self::Text(refused)
    }
}

impl Refusal {
    /// Its name among the losses, and which policies would have changed the value; None: it is no matter of a policy.
    pub(super) const fn policy(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::SeventhDigit => ("fraction", "fraction=truncate or fraction=round"),
            Self::Offset => ("offset", "offset=instant"),
            Self::Text(TextRefusal::Nul) => ("nul", "nul=replace or nul=strip"),
            Self::Text(TextRefusal::LoneSurrogate) => ("surrogate", "surrogate=replace"),
            Self::Text(TextRefusal::Undefined) => ("undefined", "undefined=replace"),
            _ => return None,
        })
    }

    /// As an error, without its place.
    pub(super) fn error(self) -> Error {
        let value = |what: &str| Error::new(ErrorKind::Value, what);
        match self {
            Self::Malformed => broken("bytes that are no value of the column's type"),
            Self::Text(TextRefusal::Malformed) => broken("half a UTF-16 unit"),
            Self::TooLong => value(&format!(
                "a value of more than {LARGEST_FIELD} bytes, the most that PostgreSQL has room for in one field"
            )),
            Self::TooMuch(limit) => value(&format!(
                "a value of more than {limit} bytes, which has to be held in memory whole: give more memory (--memory)"
            )),
            Self::NoForm(what) => value(what),
            _ => value(self.message()),
        }
    }

    /// With the place of its row and the ways out.
    pub(super) fn error_at(self, place: &Sample) -> Error {
        let Some((_, policies)) = self.policy() else { return self.error() };
        let message = format!(
            "{}, in the row with {place}; a plan with --policy {policies} changes such values and counts them",
            self.message()
        );
        Error::new(ErrorKind::Value, message)
    }

    const fn message(self) -> &'static str {
        match self {
            Self::SeventhDigit => {
                "a time with a seventh digit, where PostgreSQL keeps six; it is not rounded silently"
            }
            Self::Offset => "a moment with an offset other than +00:00, which timestamptz does not keep",
            Self::Text(TextRefusal::Nul) => "a character that PostgreSQL cannot hold (U+0000)",
            Self::Text(TextRefusal::LoneSurrogate) => {
                "half a surrogate pair, which is no character in PostgreSQL"
            }
            Self::Text(TextRefusal::Undefined) => "bytes that the code page of its collation does not define",
            _ => "a value that PostgreSQL refuses",
        }
    }
}
