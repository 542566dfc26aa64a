//! Types of columns, as the source's catalog describes them.

use crate::model::base_type::BaseType;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A column's type as `sys.columns` and `sys.types` describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceType {
    /// Of an alias type: what it stands for.
    pub name: BaseType,
    /// `schema.name` of the alias or CLR type, if the column was declared with one.
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
        use BaseType as B;
        match &self.name {
            B::Char | B::VarChar | B::Binary | B::VarBinary => write!(f, "{}({})", self.name, length(1)),
            B::NChar | B::NVarChar => write!(f, "{}({})", self.name, length(2)),
            B::Decimal | B::Numeric => write!(f, "{}({},{})", self.name, self.precision, self.scale),
            B::Time | B::DateTime2 | B::DateTimeOffset => write!(f, "{}({})", self.name, self.scale),
            name => f.write_str(name.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_shown_as_declared() {
        let ty = |name: &str, max_length, precision, scale| {
            SourceType { name: name.into(), alias: None, max_length, precision, scale, collation: None }
                .to_string()
        };
        assert_eq!(ty("nvarchar", 100, 0, 0), "nvarchar(50)");
        assert_eq!(ty("varchar", -1, 0, 0), "varchar(max)");
        assert_eq!(ty("decimal", 9, 18, 4), "decimal(18,4)");
        assert_eq!(ty("datetime2", 8, 27, 7), "datetime2(7)");
        assert_eq!(ty("int", 4, 10, 0), "int");
    }
}
