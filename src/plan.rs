//! The plan: which tables, in which order, cut into which shards.

pub mod build;
mod choices;
pub mod chunk_key;
pub mod collation;
pub mod computed;
pub mod document;
mod filter;
pub mod mapping;
pub mod names;
pub mod partitions;
pub mod predicate;
pub mod shards;
