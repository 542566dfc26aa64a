//! The states of one phase of a table (`schema`, `data`, `verify`, or the finish step) and the moves between them. Pure.
//!
//! ```text
//! pending -> in_progress -> completed
//!    ^           |    |
//!    |           |    +--> failed -> in_progress (every rerun tries again)
//!    +-----------+ released (SIGTERM) or reset
//! ```
//! A `completed` phase moves only by `Reset` (asked for by the user, or because the ledger in the target has no marker
//! for it). Everything else is refused: a checkpoint never says less than what the ledger proves.

use crate::checkpoint::document::{Phase, PhaseError, Status};
use crate::error::{Error, ErrorKind, Result};
use jiff::Timestamp;

/// What happened to a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// By the pod that claimed it.
    Started,
    /// By the owner, after the target's commit; also by whoever finds the ledger's marker at the start.
    Completed { rows: u64, bytes: u64 },
    /// By the owner, when the error is final.
    Failed(PhaseError),
    /// By the owner on SIGTERM: nothing is committed, the next pod may begin at once.
    Released,
    /// By `reset`, or when the ledger knows nothing of a phase called completed.
    Reset,
}

/// The next state.
///
/// # Errors
/// `Bug` for a move that the picture above does not have.
pub fn next(phase: &Phase, event: Event, now: Timestamp) -> Result<Phase> {
    match (phase.status, event) {
        (Status::Pending | Status::Failed | Status::InProgress, Event::Started) => Ok(Phase {
            status: Status::InProgress,
            started_at: Some(now),
            completed_at: None,
            failed_at: None,
            error: None,
            rows_synced: 0,
            bytes: 0,
            chunks_done: 0,
            chunks_total: 1,
            attempts: phase.attempts.saturating_add(1),
        }),
        (_, Event::Completed { rows, bytes }) => Ok(Phase {
            status: Status::Completed,
            started_at: phase.started_at.or(Some(now)),
            completed_at: Some(now),
            failed_at: None,
            error: None,
            rows_synced: rows,
            bytes,
            chunks_done: 1,
            chunks_total: 1,
            attempts: phase.attempts.max(1),
        }),
        (Status::InProgress | Status::Pending | Status::Failed, Event::Failed(error)) => {
            Ok(Phase { status: Status::Failed, failed_at: Some(now), error: Some(error), ..phase.clone() })
        }
        (Status::InProgress | Status::Pending, Event::Released) => {
            Ok(Phase { status: Status::Pending, rows_synced: 0, bytes: 0, ..phase.clone() })
        }
        (_, Event::Reset) => Ok(Phase::default()),
        (status, event) => {
            Err(Error::new(ErrorKind::Bug, format!("a {status:?} phase cannot take the event {event:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn phase(status: Status) -> Phase {
        Phase { status, ..Phase::default() }
    }

    fn error() -> PhaseError {
        PhaseError { code: "value".to_owned(), message: "m".to_owned() }
    }

    #[test]
    fn a_phase_goes_from_pending_over_in_progress_to_completed() {
        let started = next(&Phase::default(), Event::Started, NOW).unwrap();
        assert_eq!(
            (started.status, started.attempts, started.started_at),
            (Status::InProgress, 1, Some(NOW))
        );
        let completed = next(&started, Event::Completed { rows: 7, bytes: 70 }, NOW).unwrap();
        assert_eq!((completed.status, completed.rows_synced, completed.bytes), (Status::Completed, 7, 70));
        assert_eq!((completed.chunks_done, completed.chunks_total), (1, 1));
    }

    #[test]
    fn a_failed_phase_keeps_its_error_until_it_is_started_again() {
        let failed = next(&phase(Status::InProgress), Event::Failed(error()), NOW).unwrap();
        assert_eq!((failed.status, failed.error.clone()), (Status::Failed, Some(error())));
        let again = next(&failed, Event::Started, NOW).unwrap();
        assert_eq!((again.status, again.error, again.failed_at), (Status::InProgress, None, None));
    }

    #[test]
    fn what_is_completed_moves_only_by_reset() {
        let completed = phase(Status::Completed);
        for event in [Event::Started, Event::Failed(error()), Event::Released] {
            assert_eq!(next(&completed, event, NOW).unwrap_err().kind(), ErrorKind::Bug);
        }
        assert_eq!(next(&completed, Event::Reset, NOW).unwrap(), Phase::default());
    }

    #[test]
    fn a_released_phase_is_pending_and_remembers_its_attempts() {
        let started = next(&Phase::default(), Event::Started, NOW).unwrap();
        let released = next(&started, Event::Released, NOW).unwrap();
        assert_eq!((released.status, released.attempts), (Status::Pending, 1));
    }
}
