//! The commands, each with what it alone is given.

use crate::cli::{Format, PhaseChoice};
use std::path::PathBuf;

/// What to do, with the options of that command alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Plan { dry_run: bool, shards: Option<u32>, shards_file: Option<PathBuf>, format: Format },
    Schema,
    Sync,
    Finish { without_failed: bool },
    Run,
    Status { watch: bool, verbose: bool, format: Format, phase: Option<PhaseChoice>, exit_code: bool },
    Replan,
    Reset,
}

impl Command {
    /// As typed: `sync`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan { .. } => "plan",
            Self::Schema => "schema",
            Self::Sync => "sync",
            Self::Finish { .. } => "finish",
            Self::Run => "run",
            Self::Status { .. } => "status",
            Self::Replan => "replan",
            Self::Reset => "reset",
        }
    }
}
