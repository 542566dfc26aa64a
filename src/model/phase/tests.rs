use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn failure() -> PhaseError {
    PhaseError { code: "value".to_owned(), message: "m".to_owned() }
}

fn started() -> Phase {
    next(&Phase::default(), Event::Started, NOW).unwrap()
}

fn completed() -> Phase {
    next(&started(), Event::Completed(PhaseProgress::STEP), NOW).unwrap()
}

#[test]
fn a_phase_goes_from_pending_over_in_progress_to_completed() {
    let started = started();
    assert_eq!(
        (started.status(), started.work().attempts, started.work().started_at),
        (Status::InProgress, 1, Some(NOW))
    );
    let half = next(&started, Event::Progressed(PhaseProgress { rows: 3, bytes: 30, chunks: 1, of: 2 }), NOW)
        .unwrap();
    assert_eq!((half.status(), half.done().rows, half.done().chunks), (Status::InProgress, 3, 1));
    let all = PhaseProgress { rows: 7, bytes: 70, chunks: 2, of: 2 };
    let completed = next(&half, Event::Completed(all), NOW).unwrap();
    assert_eq!((completed.status(), *completed.done()), (Status::Completed, all));
    assert_eq!((completed.completed_at(), completed.failed_at(), completed.error()), (Some(NOW), None, None));
}

#[test]
fn nothing_is_completed_before_its_last_chunk() {
    let half = PhaseProgress { chunks: 1, of: 2, ..PhaseProgress::default() };
    let error = next(&started(), Event::Completed(half), NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug);
}

#[test]
fn a_failed_phase_keeps_its_error_until_it_is_started_again() {
    let failed = next(&started(), Event::Failed(failure()), NOW).unwrap();
    assert_eq!((failed.status(), failed.error()), (Status::Failed, Some(&failure())));
    let again = next(&failed, Event::Started, NOW).unwrap();
    assert_eq!((again.status(), again.error(), again.failed_at()), (Status::InProgress, None, None));
}

#[test]
fn what_is_completed_moves_only_by_reset() {
    for event in [
        Event::Started,
        Event::Progressed(PhaseProgress::default()),
        Event::Failed(failure()),
        Event::Released,
    ] {
        assert_eq!(next(&completed(), event, NOW).unwrap_err().kind(), ErrorKind::Bug);
    }
    assert_eq!(next(&completed(), Event::Reset, NOW).unwrap(), Phase::default());
}

#[test]
fn a_released_phase_is_pending_and_remembers_its_attempts() {
    let half =
        next(&started(), Event::Progressed(PhaseProgress { rows: 3, bytes: 30, chunks: 1, of: 2 }), NOW)
            .unwrap();
    let released = next(&half, Event::Released, NOW).unwrap();
    assert_eq!((released.status(), released.work().attempts, released.done().rows), (Status::Pending, 1, 3));
    let again = next(&released, Event::Started, NOW).unwrap();
    assert_eq!((again.done().chunks, again.done().of, again.work().attempts), (1, 2, 2));
}

#[test]
fn a_state_without_what_it_cannot_be_without_is_not_read() {
    for (text, missing) in [
        (r#"{"status": "completed"}"#, "completed_at"),
        (r#"{"status": "failed", "failed_at": "2026-01-01T00:00:00Z"}"#, "error"),
        (r#"{"status": "failed", "error": {"code": "value", "message": "m"}}"#, "failed_at"),
    ] {
        let error = serde_json::from_str::<Phase>(text).unwrap_err().to_string();
        assert!(error.contains(missing), "{text}: {error}");
    }
}

#[test]
fn an_attempt_knows_what_was_there_before_it() {
    let rows = |rows| Event::Progressed(PhaseProgress { rows, chunks: 1, of: 9, ..PhaseProgress::default() });
    let after = |phase: &Phase, events: Vec<Event>| {
        events
            .into_iter()
            .fold(phase.clone(), |phase, event| next(&phase, event, Timestamp::UNIX_EPOCH).unwrap())
    };
    let first = after(&Phase::default(), vec![Event::Started, rows(0), rows(7)]);
    assert_eq!(first.work().rows_before, Some(0));
    assert!(!serde_json::to_string(&first).unwrap().contains("rows_before"));
    let resumed = after(&first, vec![Event::Released, Event::Started]);
    assert_eq!(resumed.work().rows_before, None, "the ledger was not asked yet");
    let resumed = after(&resumed, vec![rows(9), rows(20)]);
    assert_eq!(resumed.work().rows_before, Some(9));
    let json = serde_json::to_string(&resumed).unwrap();
    assert_eq!(serde_json::from_str::<Phase>(&json).unwrap(), resumed);
}
