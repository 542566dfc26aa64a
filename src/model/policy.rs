//! What happens to a value that PostgreSQL cannot hold as it is, and what is counted if one was changed.
//!
//! Every policy is `error` if the value itself would change. What is changed nevertheless, on request or because a
//! comparison does not see it, is counted by column and [`Loss`](crate::model::loss::Loss) (the lossiness record).

use serde::{Deserialize, Serialize};

/// U+0000 in a text, which no PostgreSQL text can hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NulPolicy {
    #[default]
    Error,
    /// U+FFFD in its place.
    Replace,
    /// Left out.
    Strip,
}

/// Half a surrogate pair, or bytes that the code page of the collation does not define.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidPolicy {
    #[default]
    Error,
    /// U+FFFD in its place.
    Replace,
}

/// A seventh digit of a second that is not 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FractionPolicy {
    #[default]
    Error,
    /// Cut off.
    Truncate,
    /// To the nearest microsecond, half up; never beyond the end of the day (`time`) or of year 9999.
    Round,
}

/// An offset other than +00:00 of a datetimeoffset that becomes `timestamptz`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffsetPolicy {
    /// The instant is kept, by which SQL Server compares too; the row is counted.
    #[default]
    Instant,
    Error,
}

/// Blanks of `char(n)` and `nchar(n)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaddingPolicy {
    /// As both servers pad; a row whose padding grew is counted.
    #[default]
    Pad,
    /// Trailing blanks are cut off (of a column mapped to `varchar` or `text`); not counted, since they are no part of
    /// the value.
    Trim,
}

/// Trailing blanks of texts of variable length: SQL Server does not see them when it compares, PostgreSQL does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlanksPolicy {
    /// They are part of the value.
    #[default]
    Keep,
    /// Cut off and counted in the columns of unique keys and foreign keys; a plan has `Trim` or `Keep` for each column.
    TrimKeys,
    /// Cut off and counted.
    Trim,
}

impl BlanksPolicy {
    fn is_keep(&self) -> bool {
        *self == Self::Keep
    }
}

/// The policies of one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    pub nul: NulPolicy,
    /// Lone surrogates.
    pub surrogate: InvalidPolicy,
    /// Bytes that the code page does not define.
    pub undefined: InvalidPolicy,
    pub fraction: FractionPolicy,
    pub offset: OffsetPolicy,
    pub padding: PaddingPolicy,
    /// Not written if it was not chosen: documents of programs that did not know it stay as they were.
    #[serde(skip_serializing_if = "BlanksPolicy::is_keep")]
    pub blanks: BlanksPolicy,
}

impl Policies {
    /// All as they are without a word from the user.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Those that are not the default, as a user writes them: `fraction=round`.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        let fields = |policies: &Self| match serde_json::to_value(policies) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let unchosen = fields(&Self::default());
        let chosen = fields(self).into_iter().filter(|(name, value)| unchosen.get(name) != Some(value));
        chosen.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect()
    }
}

/// What the target gets instead of a column's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// NULL; refused for a column that is NOT NULL.
    Null,
    /// SHA-256, in hex, of the value's text or bytes; equal values stay equal.
    Hash,
    /// This text, read by PostgreSQL as a value of the column's type.
    Fixed(String),
}
