//! The T-SQL types as declared, and the collations that matter on the wire.
//!
//! A [`SqlType`] is what a script declared or what the binder inferred for an expression; the wire layer turns it
//! into TYPE_INFO (MS-TDS 2.2.5.4), the storage layer into an order-preserving SQLite form.

/// Declared length of a variable type: bytes for `char`/`varchar`/`binary`/`varbinary`, UTF-16 units for the `n` types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Len {
    /// 1 to 8000 (4000 for the `n` types).
    Limited(u16),
    /// `(max)`: a PLP value on the wire.
    Max,
}

/// The CLR types; values are carried as the bytes that it would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UdtKind {
    HierarchyId,
    Geometry,
    Geography,
    /// A type of the user (`CREATE TYPE … EXTERNAL NAME`): bytes.
    User,
}

/// A T-SQL type with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Numeric {
        precision: u8,
        scale: u8,
    },
    Money,
    SmallMoney,
    Real,
    /// `float(53)`; `float(1..=24)` is `Real`.
    Float,
    Date,
    /// Scale 0 to 7.
    Time(u8),
    DateTime,
    SmallDateTime,
    /// Scale 0 to 7.
    DateTime2(u8),
    /// Scale 0 to 7.
    DateTimeOffset(u8),
    Char(u16),
    VarChar(Len),
    Text,
    NChar(u16),
    NVarChar(Len),
    NText,
    Binary(u16),
    VarBinary(Len),
    Image,
    RowVersion,
    UniqueIdentifier,
    Xml,
    #[default]
    SqlVariant,
    Udt(UdtKind),
    /// SQL Server 2025; kept as the text that was given.
    Json,
    /// SQL Server 2025, by its dimensions; kept as the text that the server shows.
    Vector(u16),
}

/// A collation by name, with what the wire needs of it (MS-TDS 2.2.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Collation {
    /// As `sys.columns.collation_name` shows it.
    pub name: &'static str,
    /// The five bytes of TYPE_INFO: LCID 20 bits, flags 8 bits (bit 26 of the first four bytes: UTF-8), version 4 bits; sort id.
    pub wire: [u8; 5],
    /// `encoding_rs` label of the code page of `char`/`varchar`, or `utf-8`, or `cp437` / `cp850` (tables of our own).
    pub encoding: &'static str,
    /// Compares without regard to case.
    pub case_insensitive: bool,
    /// Compares without regard to accents.
    pub accent_insensitive: bool,
}

/// One column of a result or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub ty: SqlType,
    pub nullable: bool,
    /// Set for character types (char, varchar, text, nchar, nvarchar, ntext), and only for them.
    pub collation: Option<Collation>,
    pub identity: bool,
    pub computed: bool,
}
