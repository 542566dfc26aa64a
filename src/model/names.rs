//! Names of both sides: how they are quoted, written in another case, shortened to 63 bytes and made unique.
//!
//! Quoting lives inside the name types; SQL text is never built from a bare name. Pure.

mod assign;
mod case;
mod chosen;
mod reserved;

pub use assign::{NameRequest, RenameReason, assign, rename_reason};
pub use case::{NameCase, folded};
pub use chosen::{check, check_schema, parse_target};
pub use reserved::is_reserved;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use twox_hash::XxHash3_64;

/// The longest identifier of PostgreSQL, in bytes: it cuts longer ones silently (`NAMEDATALEN` - 1).
pub const LONGEST: usize = 63;
/// `_` and 8 hex digits.
const SUFFIX: usize = 9;

/// A name of at most 63 bytes: the beginning of `name`, cut between two characters, `_`, and 8 hex digits of a hash of
/// `seed`. The same input always gives the same name.
#[must_use]
pub fn shortened(name: &str, seed: &str) -> String {
    let hash = XxHash3_64::oneshot(seed.as_bytes());
    let mut end = name.len().min(LONGEST - SUFFIX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{:08x}", &name[..end], hash >> 32)
}

/// Quotes an identifier for T-SQL: `[name]`, with `]` doubled.
#[must_use]
pub fn quote_source(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Quotes an identifier for PostgreSQL: `"name"`, with `"` doubled.
#[must_use]
pub fn quote_target(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name on either side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// `[schema].[name]`
    #[must_use]
    pub fn source_sql(&self) -> String {
        format!("{}.{}", quote_source(&self.schema), quote_source(&self.name))
    }

    /// `"schema"."name"`
    #[must_use]
    pub fn target_sql(&self) -> String {
        format!("{}.{}", quote_target(&self.schema), quote_target(&self.name))
    }
}

/// `schema.name`, as users write and read it; a part that holds a dot or a bracket is shown in brackets.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &str| {
            if text.contains(['.', '[', ']']) { quote_source(text) } else { text.to_owned() }
        };
        write!(f, "{}.{}", part(&self.schema), part(&self.name))
    }
}

/// Why a text is no table name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a table name; write schema.table, for example dbo.Orders or [my schema].[my.table]")]
pub struct TableNameError(String);

impl FromStr for TableName {
    type Err = TableNameError;

    /// Accepts `schema.name` and bracketed parts, `]]` standing for `]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TableNameError(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, tail) = name_part(rest).ok_or_else(error)?;
            parts.push(part);
            match tail.strip_prefix('.') {
                Some(next) => rest = next,
                None if tail.is_empty() => break,
                None => return Err(error()),
            }
        }
        match <[String; 2]>::try_from(parts) {
            Ok([schema, name]) if !schema.is_empty() && !name.is_empty() => Ok(Self { schema, name }),
            _ => Err(error()),
        }
    }
}

/// The first part of a dotted name, and what follows it.
fn name_part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('[') else {
        let end = text.find('.').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut part = String::new();
    loop {
        let end = rest.find(']')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(']') {
            Some(next) => {
                part.push(']');
                rest = next;
            }
            None => return Some((part, rest)),
        }
    }
}

/// A column's name on either side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ColumnName(String);

impl ColumnName {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `[name]`
    #[must_use]
    pub fn source_sql(&self) -> String {
        quote_source(&self.0)
    }

    /// `"name"`
    #[must_use]
    pub fn target_sql(&self) -> String {
        quote_target(&self.0)
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_round_trips_through_its_text() {
        for (text, schema, name) in [
            ("dbo.Orders", "dbo", "Orders"),
            ("[my schema].[a]]b.c]", "my schema", "a]b.c"),
            ("dbo.[x.y]", "dbo", "x.y"),
            ("dbo.Größe", "dbo", "Größe"),
        ] {
            let parsed: TableName = text.parse().unwrap();
            assert_eq!(parsed, TableName::new(schema, name));
            assert_eq!(parsed.to_string().parse::<TableName>().unwrap(), parsed);
        }
    }

    #[test]
    fn what_is_no_table_name_is_refused() {
        for text in ["", "Orders", "dbo.", ".Orders", "db.dbo.Orders", "[dbo.Orders", "[dbo]x.Orders"] {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }

    #[test]
    fn quoting_doubles_the_closing_character() {
        assert_eq!(TableName::new("a]b", "c\"d").source_sql(), "[a]]b].[c\"d]");
        assert_eq!(TableName::new("a]b", "c\"d").target_sql(), "\"a]b\".\"c\"\"d\"");
    }
}
