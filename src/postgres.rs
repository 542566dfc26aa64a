//! The target: one PostgreSQL database, 12 or newer, in UTF-8.
//!
//! [`client::Client`] is one connection; [`client::Transaction`] is what a chunk is written in: COPY BINARY through
//! [`writer::CopyWriter`], then [`ledger::check_epoch`] under a shared row lock, then [`ledger::insert_marker`], then
//! commit. Either all of it is there afterwards or nothing is, and a zombie's commit is impossible because its epoch
//! check fails. [`catalog`] reads what exists, [`ddl`] (pure) says what to create, [`errors`] tells transient failures
//! from final ones.

pub mod catalog;
pub mod client;
pub mod ddl;
pub mod errors;
pub mod extensions;
pub mod fixed;
pub mod ledger;
mod link;
pub mod names;
pub mod objects;
mod parameters;
pub mod pooler;
pub mod replicas;
mod tls;
mod transaction;
pub mod unlogged;
pub mod writer;

pub use client::{Client, Transaction};
pub use errors::server_error;
pub use writer::CopyWriter;
