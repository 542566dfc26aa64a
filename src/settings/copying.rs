//! How tables are copied, as a user chooses it: truncation, consistency, rejected rows, how fast.

use super::flag_values::usage;
use super::times;
use crate::cli::ThrottleArgs;
use crate::error::Result;
use crate::model::location::CheckpointUrl;
use std::num::NonZeroU64;
use std::time::Duration;

/// When a target table may be truncated (DESIGN section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Truncate {
    /// At the first claim, and if a partial table cannot be continued.
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
    /// Nothing was asked for: SNAPSHOT if the database allows it, else READ COMMITTED, and the log says which.
    #[default]
    SnapshotIfAllowed,
    /// SNAPSHOT isolation; an error if the database does not allow it.
    Snapshot,
    /// The same, and each table is one chunk, which one SELECT reads: one moment for each table.
    SnapshotTable,
    ReadCommitted,
    /// Every read goes to the named database snapshot: one point in time for the whole run.
    DatabaseSnapshot(String),
}

impl Consistency {
    /// How the record of a table says it that was read in so many chunks: under SNAPSHOT each has a moment of its own.
    #[must_use]
    pub fn of_chunks(&self, chunks: u32) -> String {
        match self {
            // A table that was completed before it was to have one moment has its chunks still.
            Self::Snapshot | Self::SnapshotTable if chunks > 1 => "snapshot of each chunk".to_owned(),
            other => other.to_string(),
        }
    }

    /// Is each chunk of a table read as of a moment of its own?
    #[must_use]
    pub const fn has_many_moments(&self) -> bool {
        matches!(self, Self::Snapshot | Self::ReadCommitted)
    }

    /// Is a table never to be split?
    #[must_use]
    pub const fn is_whole_tables(&self) -> bool {
        matches!(self, Self::SnapshotTable)
    }
}

/// As it is written on the command line.
impl std::fmt::Display for Consistency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SnapshotIfAllowed => f.write_str("snapshot if allowed"),
            Self::Snapshot => f.write_str("snapshot"),
            Self::SnapshotTable => f.write_str("snapshot-table"),
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
        (Some(url), quota) => {
            let url = CheckpointUrl::parse(url).map_err(|error| usage("rejects", error.detail()))?;
            Ok(Some(Rejects { url, quota: quota.unwrap_or(DEFAULT_REJECTS) }))
        }
    }
}

/// How fast this pod may be, all its chunks together. The default: as fast as it can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttle {
    pub rows_per_second: Option<NonZeroU64>,
    /// Of COPY data.
    pub bytes_per_second: Option<NonZeroU64>,
    /// Wait while a replica of the target is further behind.
    pub max_replica_lag: Option<Duration>,
}

/// Bytes of `--max-mb-per-second`.
const MB: u64 = 1_000_000;

pub(super) fn throttle(args: &ThrottleArgs) -> Result<Throttle> {
    Ok(Throttle {
        rows_per_second: args.max_rows_per_second.and_then(NonZeroU64::new),
        bytes_per_second: args.max_mb_per_second.and_then(|mb| NonZeroU64::new(mb.saturating_mul(MB))),
        max_replica_lag: times::MAX_REPLICA_LAG.read(args.max_replica_lag.as_deref())?,
    })
}
