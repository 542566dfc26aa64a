//! shardferry copies a shard of SQL Server tables into PostgreSQL and keeps its checkpoints as JSON in S3.
//!
//! A run is one migration. `plan` pins the ordered list of tables; a shard is a range of it; any number of pods take a
//! shard each. For each table a pod claims its checkpoint (compare-and-swap in S3), raises the table's epoch in the
//! target's ledger, reads the rows off SQL Server's wire straight into PostgreSQL's binary COPY format, and commits
//! rows, epoch check and marker in one transaction. A killed pod leaves all of a table or nothing; a rerun takes up
//! what is missing; a pod that was overtaken commits nothing. The last pod builds indexes and foreign keys.
//!
//! `src/house.rs` lists the rooms in order: a room imports only from rooms above it, and a test holds that.
//! `docs/ARCHITECTURE.md` shows the list and walks the way of one row.
#![forbid(unsafe_code)]

pub mod anchors;
pub mod assessment;
pub mod checkpoint;
pub mod cli;
pub mod clock;
pub mod command;
pub mod convert;
pub mod copy;
pub mod error;
pub mod failpoint;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod house;
pub mod limits;
pub mod model;
pub mod orchestrator;
pub mod plan;
pub mod postgres;
pub mod progress;
pub mod report;
pub mod retry;
pub mod secret;
pub mod settings;
pub mod sqlserver;
pub mod stop;
pub mod telemetry;
pub mod tsql;

/// TDS bytes made by hand, shared with the integration tests.
#[cfg(test)]
#[path = "../tests/integration/tds_bytes.rs"]
mod tds_bytes;
