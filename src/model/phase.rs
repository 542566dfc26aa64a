//! The states of one phase of a table (`schema`, `data`, `verify`, or the finish step) and the moves between them. Pure.
//!
//! ```text
//! pending -> in_progress -> completed
//!    ^           |    |
//!    |           |    +--> failed -> in_progress (every rerun tries again)
//!    +-----------+ released (SIGTERM) or reset
//! ```
//! Beside its status a phase has numbers: chunks, rows and bytes that are committed. They only say what the ledger says.
//! A `completed` phase moves only by `Reset` (asked for by the user, or because the ledger in the target has no marker
//! for it). Everything else is refused: a checkpoint never says less than what the ledger proves.

use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{Phase, PhaseError, Status};
use jiff::Timestamp;

/// How far a phase has come, by the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhaseProgress {
    pub rows: u64,
    pub bytes: u64,
    /// Committed.
    pub chunks: u32,
    /// Pinned so far; one that is cut counts as two from then on.
    pub of: u32,
}

impl PhaseProgress {
    /// Of a step that has no rows: the schema of a table, the finish.
    pub const STEP: Self = Self { rows: 0, bytes: 0, chunks: 1, of: 1 };
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
    let with = |done: PhaseProgress| Phase {
        rows_synced: done.rows,
        bytes: done.bytes,
        chunks_done: done.chunks,
        chunks_total: done.of,
        ..phase.clone()
    };
    match (phase.status, event) {
        (Status::Pending | Status::Failed | Status::InProgress, Event::Started) => Ok(Phase {
            status: Status::InProgress,
            started_at: Some(now),
            completed_at: None,
            failed_at: None,
            error: None,
            attempts: phase.attempts.saturating_add(1),
            ..phase.clone()
        }),
        (Status::Pending | Status::Failed | Status::InProgress, Event::Progressed(done)) => Ok(with(done)),
        (_, Event::Completed(done)) if done.chunks == done.of => Ok(Phase {
            status: Status::Completed,
            started_at: phase.started_at.or(Some(now)),
            completed_at: Some(now),
            failed_at: None,
            error: None,
            attempts: phase.attempts.max(1),
            ..with(done)
        }),
        (Status::InProgress | Status::Pending | Status::Failed, Event::Failed(error)) => {
            Ok(Phase { status: Status::Failed, failed_at: Some(now), error: Some(error), ..phase.clone() })
        }
        (Status::InProgress | Status::Pending, Event::Released) => {
            Ok(Phase { status: Status::Pending, ..phase.clone() })
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
        let half =
            next(&started, Event::Progressed(PhaseProgress { rows: 3, bytes: 30, chunks: 1, of: 2 }), NOW)
                .unwrap();
        assert_eq!((half.status, half.rows_synced, half.chunks_done), (Status::InProgress, 3, 1));
        let all = PhaseProgress { rows: 7, bytes: 70, chunks: 2, of: 2 };
        let completed = next(&half, Event::Completed(all), NOW).unwrap();
        assert_eq!((completed.status, completed.rows_synced, completed.bytes), (Status::Completed, 7, 70));
        assert_eq!((completed.chunks_done, completed.chunks_total), (2, 2));
    }

    #[test]
    fn nothing_is_completed_before_its_last_chunk() {
        let started = next(&Phase::default(), Event::Started, NOW).unwrap();
        let error = next(
            &started,
            Event::Completed(PhaseProgress { chunks: 1, of: 2, ..PhaseProgress::default() }),
            NOW,
        )
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Bug);
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
        for event in [
            Event::Started,
            Event::Progressed(PhaseProgress::default()),
            Event::Failed(error()),
            Event::Released,
        ] {
            assert_eq!(next(&completed, event, NOW).unwrap_err().kind(), ErrorKind::Bug);
        }
        assert_eq!(next(&completed, Event::Reset, NOW).unwrap(), Phase::default());
    }

    #[test]
    fn a_released_phase_is_pending_and_remembers_its_attempts() {
        let started = next(&Phase::default(), Event::Started, NOW).unwrap();
        let half =
            next(&started, Event::Progressed(PhaseProgress { rows: 3, bytes: 30, chunks: 1, of: 2 }), NOW)
                .unwrap();
        let released = next(&half, Event::Released, NOW).unwrap();
        assert_eq!((released.status, released.attempts, released.rows_synced), (Status::Pending, 1, 3));
        let again = next(&released, Event::Started, NOW).unwrap();
        assert_eq!((again.chunks_done, again.chunks_total, again.attempts), (1, 2, 2));
    }
}
