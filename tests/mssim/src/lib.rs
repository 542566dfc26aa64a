//! mssim: a test SQL Server. Real TDS on the wire, T-SQL over SQLite below. See README.md for what it proves.

pub mod catalog;
pub mod codepage;
pub mod collation;
pub mod engine;
pub mod generate;
pub mod load;
pub mod query;
pub mod results;
pub mod session;
pub mod storage;
pub mod types;
pub mod value;
pub mod views;
