//! From SQL Server to PostgreSQL: which type becomes which ([`types`], THE table), and how a value's wire bytes become
//! the bytes of COPY BINARY ([`encode`]), what becomes of a value that does not fit ([`policy`]), and T-SQL expressions
//! as PostgreSQL's ([`expression`]).

pub mod encode;
mod lenient;
mod number;
mod operation;
mod text;
mod time;
pub mod types;
