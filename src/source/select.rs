//! How a column is read.

/// What stands in the select list for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectForm {
    /// The column itself.
    AsIs,
    /// An expression in which `{}` stands for the quoted column.
    Cast(&'static str),
}
