//! The plan: which tables, in which order, cut into which shards.

pub mod build;
pub mod chunk_key;
pub mod document;
pub mod names;
pub mod predicate;
pub mod shards;
