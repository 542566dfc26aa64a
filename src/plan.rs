//! The plan: which tables, in which order, cut into which shards.

pub mod build;
mod choices;
pub mod chunk_key;
pub mod computed;
mod filter;
pub mod long_keys;
pub mod mapping;
pub mod naming;
pub mod replan;
pub mod shards;
