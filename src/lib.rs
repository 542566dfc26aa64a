//! shardferry copies a shard of SQL Server tables into PostgreSQL and keeps its checkpoints as JSON in S3.
#![forbid(unsafe_code)]

pub mod convert;
pub mod error;
pub mod plan;
pub mod schema;
pub mod source;

#[cfg(test)]
#[path = "../tests/integration/tds_bytes.rs"]
mod tds_bytes;
