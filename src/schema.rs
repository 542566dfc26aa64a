//! What both sides share: names that quote themselves, tables, columns, keys, indexes.
//!
//! Nothing here talks to a server. Quoting lives inside the name types; SQL text is never built from a bare name.

pub mod bound;
pub mod objects;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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

/// A column's type as `sys.columns` and `sys.types` describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceType {
    /// Base type in lower case: `nvarchar`, `decimal`, `hierarchyid` … (of an alias type: what it stands for).
    pub name: String,
    /// `schema.name` of the alias or CLR type, where the column was declared with one.
    pub alias: Option<String>,
    /// Bytes, not characters; -1 for `(max)` and xml; 16 for text, ntext and image.
    pub max_length: i16,
    pub precision: u8,
    pub scale: u8,
    /// Of character types only.
    pub collation: Option<String>,
}

/// As it would be declared: `nvarchar(50)`, `varbinary(max)`, `decimal(18,4)`, `datetime2(7)`.
impl fmt::Display for SourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |bytes_each: i16| match self.max_length {
            -1 => "max".to_owned(),
            bytes => (bytes / bytes_each).to_string(),
        };
        match self.name.as_str() {
            "char" | "varchar" | "binary" | "varbinary" => write!(f, "{}({})", self.name, length(1)),
            "nchar" | "nvarchar" => write!(f, "{}({})", self.name, length(2)),
            "decimal" | "numeric" => write!(f, "{}({},{})", self.name, self.precision, self.scale),
            "time" | "datetime2" | "datetimeoffset" => write!(f, "{}({})", self.name, self.scale),
            name => f.write_str(name),
        }
    }
}

/// IDENTITY of a column. Numbers are decimal text, for `decimal(38,0)` identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub seed: String,
    pub increment: String,
    /// None where no row was ever inserted.
    pub last_value: Option<String>,
}

/// A column of a source table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumn {
    pub name: ColumnName,
    /// `sys.columns.column_id`: the order of the table, with gaps after dropped columns.
    pub ordinal: i32,
    pub ty: SourceType,
    pub nullable: bool,
    pub identity: Option<Identity>,
    /// The T-SQL expression of a computed column.
    pub computed: Option<String>,
    /// A hidden period column of a temporal table.
    pub hidden: bool,
    /// When a row began or ended, written by the server itself: of a temporal table or its history.
    pub period: bool,
    /// Dynamic data masking keeps its values from this login, which would read masks in their place.
    pub withheld: bool,
}

/// A column of a key or an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    pub name: ColumnName,
    pub descending: bool,
}

/// A primary key, its columns in key order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub name: String,
    pub columns: Vec<KeyColumn>,
    pub clustered: bool,
}

/// A user table of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTable {
    pub name: TableName,
    pub object_id: i32,
    /// In column order.
    pub columns: Vec<SourceColumn>,
    pub primary_key: Option<Key>,
    /// From partition statistics, or `sys.partitions`; an estimate.
    pub rows: u64,
    /// Data bytes of the heap or clustered index with its LOBs; an estimate (rows x row width where statistics are denied).
    pub bytes: u64,
    /// The security policy, switched on, whose predicate decides which rows a login sees.
    pub filtered_by: Option<String>,
}

/// A secondary index or a unique constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub table: TableName,
    pub name: String,
    /// `CLUSTERED`, `NONCLUSTERED`, `XML`, `SPATIAL`, `CLUSTERED COLUMNSTORE` … (`sys.indexes.type_desc`).
    pub kind: String,
    pub columns: Vec<KeyColumn>,
    pub included: Vec<ColumnName>,
    pub unique: bool,
    /// Made by a UNIQUE constraint.
    pub constraint: bool,
    /// The T-SQL predicate of a filtered index.
    pub filter: Option<String>,
    pub disabled: bool,
}

/// What a foreign key does on DELETE or UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferentialAction {
    NoAction,
    Cascade,
    SetNull,
    SetDefault,
}

/// A foreign key, its columns in constraint order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    pub table: TableName,
    pub name: String,
    pub columns: Vec<ColumnName>,
    pub referenced: TableName,
    pub referenced_columns: Vec<ColumnName>,
    pub on_delete: ReferentialAction,
    pub on_update: ReferentialAction,
    /// WITH NOCHECK and disabled: the source does not enforce it.
    pub disabled: bool,
    /// The source never proved it for existing rows.
    pub not_trusted: bool,
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

    #[test]
    fn a_type_is_shown_as_declared() {
        let ty = |name: &str, max_length, precision, scale| {
            SourceType { name: name.to_owned(), alias: None, max_length, precision, scale, collation: None }
                .to_string()
        };
        assert_eq!(ty("nvarchar", 100, 0, 0), "nvarchar(50)");
        assert_eq!(ty("varchar", -1, 0, 0), "varchar(max)");
        assert_eq!(ty("decimal", 9, 18, 4), "decimal(18,4)");
        assert_eq!(ty("datetime2", 8, 27, 7), "datetime2(7)");
        assert_eq!(ty("int", 4, 10, 0), "int");
    }
}
