//! mssim: a test SQL Server. Real TDS on the wire, T-SQL over SQLite below. See README.md for what it proves.

pub mod catalog;
mod clr;
pub mod codepage;
pub mod collation;
pub mod engine;
pub mod faults;
pub mod generate;
pub mod load;
pub mod query;
mod replay;
pub mod results;
pub mod server;
pub mod session;
pub mod storage;
mod tls;
pub mod types;
pub mod value;
pub mod views;
mod wire;

pub use server::{Options, Server, TlsMode};
