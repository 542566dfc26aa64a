//! Where a chunk begins and ends: key values as literals of the source's language.
//!
//! A bound is the key of one row, column by column. It is carried as text and compared by the source alone, which owns
//! the order (collations, uniqueidentifier); this program only hands it back, wrapped in a CAST to the column's type.
//! A [`Literal`] that comes from the ledger or a document is checked before it is put into a statement.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A T-SQL literal: a number, `'text'`, `N'text'` or `0x` and hex digits. Nothing else can be made or read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Literal(String);

impl Literal {
    /// Takes a literal as it is written in T-SQL.
    ///
    /// # Errors
    /// `TableDamaged` for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let quoted = |inner: &str| {
            inner.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).is_some_and(|body| {
                // Every quote inside is doubled.
                body.split('\'').enumerate().skip(1).all(|(place, part)| place % 2 == 0 || part.is_empty())
                    && body.matches('\'').count() % 2 == 0
            })
        };
        let number = || {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
            let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            all(whole) && all(fraction)
        };
        let hex = || {
            text.strip_prefix("0x").is_some_and(|digits| {
                digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        if quoted(text) || text.strip_prefix('N').is_some_and(quoted) || number() || hex() {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(ErrorKind::TableDamaged, "a chunk's bound is no literal"))
    }

    /// `'text'`, for what has only ASCII: moments, uniqueidentifier.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(format!("'{}'", text.replace('\'', "''")))
    }

    /// `N'text'`.
    #[must_use]
    pub fn unicode(text: &str) -> Self {
        Self(format!("N'{}'", text.replace('\'', "''")))
    }

    /// `0x…`
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(2 + 2 * bytes.len());
        text.push_str("0x");
        for byte in bytes {
            let _ = write!(text, "{byte:02X}");
        }
        Self(text)
    }

    /// As it stands in T-SQL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Literal {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Literal> for String {
    fn from(literal: Literal) -> Self {
        literal.0
    }
}

/// The key of a row: one literal for each column of the chunk key, in its order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bound(pub Vec<Literal>);

/// The rows behind `after` and up to `through`, by the chunk key; None is open. `(None, None)` is the whole table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Bound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Bound>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_nothing_else_are_taken() {
        for text in ["0", "-12", "1.50", "'a'", "N'it''s'", "''", "N''''", "0x", "0xAF09", "N'ä\u{1F600}'"] {
            assert_eq!(Literal::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "1e5",
            "'",
            "'a",
            "a'",
            "'a'b'",
            "N'a'; DROP TABLE t",
            "'a' OR '1'='1'",
            "''''' --",
            "0xA",
            "0xZZ",
            "@x",
            "N",
        ] {
            assert!(Literal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_made_can_be_read() {
        for literal in [
            Literal::text("a'b"),
            Literal::unicode("o''k'"),
            Literal::binary(&[0, 255]),
            Literal::unicode("'"),
        ] {
            assert_eq!(Literal::parse(literal.as_str()).unwrap(), literal);
        }
        assert_eq!(Literal::binary(&[0, 255]).as_str(), "0x00FF");
    }
}
