//! What a user chooses among: truncation, consistency, the form of the log, where results go.

use super::values::usage;
use crate::checkpoint::CheckpointUrl;
use crate::cli::LogFormat;
use crate::error::Result;
use std::path::PathBuf;

/// When a target table may be truncated (DESIGN section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Truncate {
    /// At the first claim, and where a partial table cannot be continued.
    #[default]
    Default,
    /// `--truncate`: also partial tables that could be continued.
    Always,
    /// `--no-truncate`: not even at the first claim.
    Never,
}

/// What the reads of a table see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Nothing was asked for: SNAPSHOT where the database allows it, else READ COMMITTED, and the log says which.
    #[default]
    SnapshotIfAllowed,
    /// SNAPSHOT isolation; an error where the database does not allow it.
    Snapshot,
    ReadCommitted,
    /// Every read goes to the named database snapshot: one point in time for the whole run.
    DatabaseSnapshot(String),
}

/// As it is written on the command line.
impl std::fmt::Display for Consistency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SnapshotIfAllowed => f.write_str("snapshot where allowed"),
            Self::Snapshot => f.write_str("snapshot"),
            Self::ReadCommitted => f.write_str("read-committed"),
            Self::DatabaseSnapshot(name) => write!(f, "database-snapshot {name}"),
        }
    }
}

/// Where rows go that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejects {
    /// Below it, a folder for each run.
    pub url: CheckpointUrl,
    /// Rejected rows after which their table fails.
    pub quota: u64,
}

/// Rejected rows of one table that are still an accident.
const DEFAULT_REJECTS: u64 = 1000;

pub(super) fn rejects(url: Option<&str>, quota: Option<u64>) -> Result<Option<Rejects>> {
    match (url, quota) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(usage("rejects-quota", "needs --rejects, where rejected rows go")),
        (Some(_), Some(0)) => Err(usage("rejects-quota", "0 rejects no row; accepted is 1 or more")),
        (Some(url), quota) => {
            let url = CheckpointUrl::parse(url).map_err(|error| usage("rejects", error.detail()))?;
            Ok(Some(Rejects { url, quota: quota.unwrap_or(DEFAULT_REJECTS) }))
        }
    }
}

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub format: LogFormat,
    /// `RUST_LOG`.
    pub filter: Option<String>,
    /// Stderr is a terminal: live bars, colours.
    pub terminal: bool,
}

/// Where an orchestrator looks for the result. Known even where the other settings are wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputSettings {
    pub result_file: Option<PathBuf>,
    pub termination_log: Option<PathBuf>,
}
