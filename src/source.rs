//! The SQL Server side.

pub(crate) mod errors;
pub mod select;
pub mod wire;
