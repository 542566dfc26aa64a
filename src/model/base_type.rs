//! The built-in types of SQL Server, by their names in `sys.types`.

use super::open_enum::open_enum;

open_enum! {
    /// A type as the catalog names it, in lower case.
    BaseType {
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
        /// What `sys.types` calls rowversion.
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
        /// The two that only variables of T-SQL have.
        Cursor = "cursor",
        Table = "table",
        /// The users' own CLR types, whatever their names.
        Clr = "clr",
    }
}

impl BaseType {
    /// Texts of every length.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Char
                | Self::VarChar
                | Self::Text
                | Self::NChar
                | Self::NVarChar
                | Self::NText
                | Self::SysName
        )
    }

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
