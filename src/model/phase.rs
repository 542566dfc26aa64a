//! The states of one phase of a table (`schema`, `data`, `verify`, or the finish step) and the moves between them.
//! Pure.
//!
//! ```text
//! pending -> in_progress -> completed
//!    ^           |    |
//!    |           |    +--> failed -> in_progress (every rerun tries again)
//!    +-----------+ released (SIGTERM) or reset
//! ```
//! Beside its status a phase has numbers: chunks, rows and bytes that are committed. They only say what the ledger
//! says. A `completed` phase moves only by `Reset` (asked for by the user, or because the ledger in the target has no
//! marker for it). Everything else is refused: a checkpoint never says less than what the ledger proves.
//!
//! In JSON a phase is one flat object, as the scripts before had it: the shape is [`PhaseRecord`]'s.

use crate::error::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest error text that is stored, in characters.
const MESSAGE_LIMIT: usize = 2000;

/// How far a phase has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has begun.
    #[default]
    Pending,
    /// A pod has begun; whether it still lives is told by the owner's heartbeat.
    InProgress,
    /// Done for good.
    Completed,
    /// Ended by an error that a retry does not mend; tried again only on request.
    Failed,
}

/// Why a phase failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseError {
    /// The stable code of the error's kind (`error.rs`).
    pub code: String,
    /// For people. Never a value of a row, never a secret.
    pub message: String,
}

impl From<&Error> for PhaseError {
    fn from(error: &Error) -> Self {
        let mut message = error.detail();
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_LIMIT) {
            message.truncate(end);
            message.push('…');
        }
        Self { code: error.policy().code.to_owned(), message }
    }
}

/// How far a phase has come, by the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhaseProgress {
    /// Rows committed in the target (never rows merely read).
    pub rows: u64,
    /// Bytes of COPY data committed in the target.
    pub bytes: u64,
    /// Committed. Version 1 knew whole tables only: 1 of 1.
    pub chunks: u32,
    /// Pinned so far; one that is cut counts as two from then on.
    pub of: u32,
}

impl PhaseProgress {
    /// Of a step that has no rows: the schema of a table, the finish.
    pub const STEP: Self = Self { rows: 0, bytes: 0, chunks: 1, of: 1 };
}

/// What a phase of any state has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhaseWork {
    /// Of the last attempt; none before the first.
    pub started_at: Option<Timestamp>,
    pub done: PhaseProgress,
    /// How often it was begun.
    pub attempts: u32,
    /// Rows that were committed before the last attempt, as soon as its owner has asked the ledger.
    pub rows_before: Option<u64>,
}

/// One step of a table: its schema, its data, its verification; or the finish step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PhaseRecord", into = "PhaseRecord")]
pub enum Phase {
    /// Nobody works on it: not yet begun, or given back with work left to do.
    Pending {
        work: PhaseWork,
    },
    InProgress {
        work: PhaseWork,
    },
    Completed {
        work: PhaseWork,
        completed_at: Timestamp,
    },
    Failed {
        work: PhaseWork,
        failed_at: Timestamp,
        error: PhaseError,
    },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Pending { work: PhaseWork::default() }
    }
}

impl Phase {
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Pending { .. } => Status::Pending,
            Self::InProgress { .. } => Status::InProgress,
            Self::Completed { .. } => Status::Completed,
            Self::Failed { .. } => Status::Failed,
        }
    }

    #[must_use]
    pub const fn is_completed(&self) -> bool {
        matches!(self, Self::Completed { .. })
    }

    /// When it was begun, how often, and how far it has come.
    #[must_use]
    pub const fn work(&self) -> &PhaseWork {
        match self {
            Self::Pending { work }
            | Self::InProgress { work }
            | Self::Completed { work, .. }
            | Self::Failed { work, .. } => work,
        }
    }

    /// What is committed.
    #[must_use]
    pub const fn done(&self) -> &PhaseProgress {
        &self.work().done
    }

    #[must_use]
    pub const fn completed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Completed { completed_at, .. } => Some(*completed_at),
            Self::Pending { .. } | Self::InProgress { .. } | Self::Failed { .. } => None,
        }
    }

    #[must_use]
    pub const fn failed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Failed { failed_at, .. } => Some(*failed_at),
            Self::Pending { .. } | Self::InProgress { .. } | Self::Completed { .. } => None,
        }
    }

    /// Why it failed, if it has.
    #[must_use]
    pub const fn error(&self) -> Option<&PhaseError> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Pending { .. } | Self::InProgress { .. } | Self::Completed { .. } => None,
        }
    }
}

/// A phase as it stands in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhaseRecord {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    rows_synced: u64,
    bytes: u64,
    chunks_done: u32,
    chunks_total: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<PhaseError>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_before: Option<u64>,
}

impl From<Phase> for PhaseRecord {
    fn from(phase: Phase) -> Self {
        let PhaseWork { started_at, done, attempts, rows_before } = *phase.work();
        Self {
            status: phase.status(),
            started_at,
            completed_at: phase.completed_at(),
            failed_at: phase.failed_at(),
            rows_synced: done.rows,
            bytes: done.bytes,
            chunks_done: done.chunks,
            chunks_total: done.of,
            error: phase.error().cloned(),
            attempts,
            // Before the first attempt there is nothing.
            rows_before: rows_before.filter(|rows| attempts > 1 || *rows > 0),
        }
    }
}

impl TryFrom<PhaseRecord> for Phase {
    type Error = &'static str;

    /// What a state cannot have is not looked at; what it cannot be without is missed.
    fn try_from(record: PhaseRecord) -> std::result::Result<Self, Self::Error> {
        let done = PhaseProgress {
            rows: record.rows_synced,
            bytes: record.bytes,
            chunks: record.chunks_done,
            of: record.chunks_total,
        };
        let PhaseRecord { started_at, attempts, rows_before, .. } = record;
        let work = PhaseWork { started_at, done, attempts, rows_before };
        Ok(match record.status {
            Status::Pending => Self::Pending { work },
            Status::InProgress => Self::InProgress { work },
            Status::Completed => Self::Completed {
                work,
                completed_at: record.completed_at.ok_or("a completed phase has no completed_at")?,
            },
            Status::Failed => Self::Failed {
                work,
                failed_at: record.failed_at.ok_or("a failed phase has no failed_at")?,
                error: record.error.ok_or("a failed phase has no error")?,
            },
        })
    }
}

/// What happened to a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// By the pod that claimed it. What earlier owners committed stays.
    Started,
    /// By the owner, when chunks were committed; also when it finds what earlier owners committed.
    Progressed(PhaseProgress),
    /// By the owner, after the target's last commit; also by whoever finds the ledger's markers at the start.
    Completed(PhaseProgress),
    /// By the owner, when the error is final. What is committed stays.
    Failed(PhaseError),
    /// By the owner on SIGTERM: what is committed stays, the next pod may go on at once.
    Released,
    /// By `reset`, or when the ledger knows nothing of a phase called completed.
    Reset,
}

/// The next state.
///
/// # Errors
/// `Bug` for a move that the picture above does not have.
pub fn next(phase: &Phase, event: Event, now: Timestamp) -> Result<Phase> {
    let work = *phase.work();
    match (phase, event) {
        (_, Event::Reset) => Ok(Phase::default()),
        (_, Event::Completed(done)) if done.chunks == done.of => {
            let started_at = work.started_at.or(Some(now));
            let work = PhaseWork { started_at, done, attempts: work.attempts.max(1), ..work };
            Ok(Phase::Completed { work, completed_at: now })
        }
        (Phase::Completed { .. }, event) | (_, event @ Event::Completed(_)) => {
            let status = phase.status();
            Err(Error::new(ErrorKind::Bug, format!("a {status:?} phase cannot take the event {event:?}")))
        }
        (_, Event::Started) => {
            let attempts = work.attempts.saturating_add(1);
            let started_at = Some(now);
            Ok(Phase::InProgress { work: PhaseWork { started_at, attempts, rows_before: None, ..work } })
        }
        (_, Event::Progressed(done)) => {
            let before = matches!(phase, Phase::InProgress { .. }).then_some(done.rows);
            let work = PhaseWork { done, rows_before: work.rows_before.or(before), ..work };
            Ok(match phase {
                Phase::Failed { failed_at, error, .. } => {
                    Phase::Failed { work, failed_at: *failed_at, error: error.clone() }
                }
                Phase::InProgress { .. } => Phase::InProgress { work },
                Phase::Pending { .. } | Phase::Completed { .. } => Phase::Pending { work },
            })
        }
        (_, Event::Failed(error)) => Ok(Phase::Failed { work, failed_at: now, error }),
        (Phase::Failed { .. }, Event::Released) => {
            Err(Error::new(ErrorKind::Bug, "a failed phase cannot be released: its error would be forgotten"))
        }
        (_, Event::Released) => Ok(Phase::Pending { work }),
    }
}

#[cfg(test)]
#[path = "phase/tests.rs"]
mod tests;
