//! The built-in types of SQL Server, by their names in `sys.types`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes the enum and the one list of its names.
macro_rules! base_types {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A type as the catalog names it. JSON documents hold the name.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum BaseType {
            $($variant,)+
            /// A type of a server to come.
            Unknown(String),
        }

        impl BaseType {
            /// Every type that has a name here.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The name in lower case, as `sys.types` has it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Unknown(name) => name,
                }
            }
        }
    };
}

base_types! {
    Bit = "bit",
    TinyInt = "tinyint",
    SmallInt = "smallint",
    Int = "int",
    BigInt = "bigint",
    Decimal = "decimal",
    Numeric = "numeric",
    Money = "money",
    SmallMoney = "smallmoney",
    Real = "real",
    Float = "float",
    Char = "char",
    NChar = "nchar",
    VarChar = "varchar",
    NVarChar = "nvarchar",
    SysName = "sysname",
    Text = "text",
    NText = "ntext",
    Binary = "binary",
    VarBinary = "varbinary",
    Image = "image",
    RowVersion = "rowversion",
    // What `sys.types` calls rowversion.
    Timestamp = "timestamp",
    Date = "date",
    Time = "time",
    SmallDateTime = "smalldatetime",
    DateTime = "datetime",
    DateTime2 = "datetime2",
    DateTimeOffset = "datetimeoffset",
    UniqueIdentifier = "uniqueidentifier",
    Xml = "xml",
    SqlVariant = "sql_variant",
    HierarchyId = "hierarchyid",
    Geometry = "geometry",
    Geography = "geography",
    Json = "json",
    Vector = "vector",
    // The two that only variables of T-SQL have.
    Cursor = "cursor",
    Table = "table",
    // The users' own CLR types, whatever their names.
    Clr = "clr",
}

impl BaseType {
    /// Whether a policy can concern a value of this type. PostgreSQL holds every value of the other types as it is.
    #[must_use]
    pub const fn has_policies(&self) -> bool {
        !matches!(
            self,
            Self::Bit
                | Self::TinyInt
                | Self::SmallInt
                | Self::Int
                | Self::BigInt
                | Self::Decimal
                | Self::Numeric
                | Self::Money
                | Self::SmallMoney
                | Self::Real
                | Self::Float
                | Self::Date
                | Self::DateTime
                | Self::SmallDateTime
                | Self::UniqueIdentifier
                | Self::Binary
                | Self::VarBinary
                | Self::Image
                | Self::RowVersion
                | Self::Timestamp
                | Self::Vector
        )
    }
}

impl From<&str> for BaseType {
    fn from(name: &str) -> Self {
        let known = Self::KNOWN.iter().find(|ty| ty.as_str() == name);
        known.cloned().unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

impl From<String> for BaseType {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<BaseType> for String {
    fn from(ty: BaseType) -> Self {
        ty.as_str().to_owned()
    }
}

impl fmt::Display for BaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_in_a_document_is_its_name_and_an_unknown_one_is_kept() {
        for name in BaseType::KNOWN.iter().map(BaseType::as_str).chain(["a type of 2035"]) {
            let json = serde_json::to_string(name).unwrap();
            let read: BaseType = serde_json::from_str(&json).unwrap();
            assert_eq!((read.as_str(), serde_json::to_string(&read).unwrap()), (name, json));
        }
        assert_eq!(BaseType::from("tables"), BaseType::Unknown("tables".to_owned()));
    }
}
