//! The flags of the copying: chunks, resuming, consistency, and how fast a pod may be.

use super::numbers;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;

/// How tables are worked on.
#[derive(Debug, Clone, Default, Args)]
pub struct CopyArgs {
    /// Chunks at once, of one table or of several [default: two for each CPU of the container, at most 8]
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = numbers::jobs)]
    pub jobs: Option<NonZeroUsize>,
    /// Go on with an earlier run, which must exist (going on happens anyway)
    #[arg(long, help_heading = "Copying", conflicts_with = "reset")]
    pub resume: bool,
    /// Leave out the tables before this one in the plan
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Copying")]
    pub start_from_table: Option<String>,
    /// Forget what was done for the chosen tables and start them over
    #[arg(long, help_heading = "Copying")]
    pub reset: bool,
    /// Never truncate a target table; fail it if it cannot be continued
    #[arg(long, help_heading = "Copying", conflicts_with = "truncate")]
    pub no_truncate: bool,
    /// Truncate partial tables and start them over
    #[arg(long, help_heading = "Copying")]
    pub truncate: bool,
    /// What becomes of rows in a target table that this run did not write: `error` refuses the run before anything is
    /// emptied, `replace` empties these tables (for loads that are repeated) [default: error]
    #[arg(long, value_name = "HOW", help_heading = "Copying", conflicts_with = "no_truncate")]
    pub on_existing: Option<OnExisting>,
    /// Only work on tables that failed before
    #[arg(long, help_heading = "Copying")]
    pub retry_failed: bool,
    /// List every object that a grouped warning counts
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    /// Split tables into chunks of this size, each committed on its own [default: 128MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Copying")]
    pub chunk_size: Option<String>,
    /// What all buffers may take together [default: by the memory limit of the container]
    #[arg(long, value_name = "SIZE", help_heading = "Copying")]
    pub memory: Option<String>,
    /// snapshot (each chunk as of one moment), snapshot-table (each table), read-committed, or database-snapshot NAME
    /// (all of the run) [default: snapshot if allowed]
    #[arg(long, value_name = "HOW", help_heading = "Copying", num_args = 1..=2)]
    pub consistency: Vec<String>,
    /// Age after which another pod's claim may be taken over [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Copying")]
    pub claim_timeout: Option<String>,
    /// Put rows that cannot be converted here, instead of failing their table: s3://bucket/prefix or file:///dir
    #[arg(long, value_name = "URL", help_heading = "Copying")]
    pub rejects: Option<String>,
    /// Fail a table after so many rejected rows [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = numbers::rejects)]
    pub rejects_quota: Option<u64>,
    /// Where `schema` or `run` creates tables: UNLOGGED; each is set LOGGED when all its rows are there
    #[arg(long, help_heading = "Copying")]
    pub unlogged: bool,
    #[command(flatten)]
    pub throttle: ThrottleArgs,
    /// Serve metrics for Prometheus at http://ADDRESS:PORT/metrics while it runs, like 0.0.0.0:9464 [default: off]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Run")]
    pub metrics_address: Option<String>,
}

/// What becomes of rows in a target table that this run did not write (DESIGN section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OnExisting {
    /// The run is refused before anything is emptied.
    #[default]
    Error,
    /// Their tables are emptied, with one line for each.
    Replace,
}

/// How fast a pod may be.
#[derive(Debug, Clone, Default, Args)]
pub struct ThrottleArgs {
    /// Write at most so many rows a second, all chunks of this pod together
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = numbers::rows)]
    pub max_rows_per_second: Option<u64>,
    /// Write at most so many MB (1,000,000 bytes of COPY data) a second, all chunks of this pod together
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = numbers::megabytes)]
    pub max_mb_per_second: Option<u64>,
    /// Wait while a replica of the target is further behind than this
    #[arg(long, value_name = "TIME", help_heading = "Copying", allow_negative_numbers = true)]
    pub max_replica_lag: Option<String>,
}
