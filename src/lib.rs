//! shardferry copies a shard of SQL Server tables into PostgreSQL and keeps its checkpoints as JSON in S3.
#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod cli;
pub mod clock;
pub mod command;
pub mod convert;
pub mod error;
pub mod orchestrator;
pub mod plan;
pub mod progress;
pub mod report;
pub mod retry;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod source;
pub mod target;
pub mod telemetry;
