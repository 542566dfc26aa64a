//! mssim: a test SQL Server. Real TDS on the wire, T-SQL over SQLite below. See README.md for what it proves.

pub mod codepage;
pub mod collation;
pub mod faults;
mod replay;
pub mod results;
pub mod server;
mod tls;
pub mod types;
pub mod value;
mod wire;

pub use server::{Options, Server, TlsMode};
