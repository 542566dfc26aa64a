//! From SQL Server to PostgreSQL: which type becomes which ([`types`], THE table), and how a value's wire bytes become
//! the bytes of COPY BINARY ([`encode`]).

pub mod encode;
mod number;
mod operation;
mod text;
mod time;
pub mod types;
