//! The query half: T-SQL text to SQLite SQL, with T-SQL's types.
//!
//! `lex` and `parse` read T-SQL; `bind` finds names in the catalog, infers types, and writes SQLite SQL over the
//! stored forms; whatever is not plain relational algebra (arithmetic, conversions, functions) becomes a call of one
//! registered SQLite function that evaluates on [`crate::value::Value`] with the types that `bind` found.
//! What is not known is an error (SQL Server's number, or 50999), never a guess.

pub mod ast;
pub mod bind;
pub mod convert;
pub mod error;
pub mod eval;
pub mod lex;
pub mod parse;
pub mod typing;
