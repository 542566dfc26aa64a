//! What the errors of many tables come to: does the pod stop, and which error decides the exit code.
//!
//! The two questions have two answers. A table's permission error must not hide that the target is away: the pod stops,
//! and its exit code says that a rerun helps.

use super::Error;

/// The errors of a process so far.
#[derive(Debug, Default)]
pub struct Verdict {
    worst: Option<Error>,
    stops: bool,
}

impl Verdict {
    /// Takes one more error.
    pub fn add(&mut self, error: Error) {
        self.stops |= error.policy().stops_pod;
        if self.worst.as_ref().is_none_or(|worst| rank(&error) > rank(worst)) {
            self.worst = Some(error);
        }
    }

    /// Was there an error that every other table would meet too?
    #[must_use]
    pub const fn stops_pod(&self) -> bool {
        self.stops
    }

    /// The error that says most about what to do next.
    #[must_use]
    pub const fn worst(&self) -> Option<&Error> {
        self.worst.as_ref()
    }

    /// The error to end with; None if there was none.
    #[must_use]
    pub fn into_error(self) -> Option<Error> {
        self.worst
    }
}

/// Of one error alone.
impl From<Error> for Verdict {
    fn from(error: Error) -> Self {
        let mut verdict = Self::default();
        verdict.add(error);
        verdict
    }
}

/// A bug, then what stopped the pod (first what a rerun does not mend), then what makes a rerun of its table useless,
/// then failed tables, then another pod's claim.
fn rank(error: &Error) -> u8 {
    let policy = error.policy();
    match (policy.exit, policy.stops_pod) {
        (1, _) => 6,
        (2, true) => 5,
        (4, _) => 4,
        (2, false) => 3,
        (3, _) => 2,
        (5, _) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn verdict(kinds: &[ErrorKind]) -> Verdict {
        let mut verdict = Verdict::default();
        kinds.iter().for_each(|kind| verdict.add(Error::new(*kind, "x")));
        verdict
    }

    fn exit(kinds: &[ErrorKind]) -> u8 {
        verdict(kinds).into_error().unwrap().policy().exit
    }

    #[test]
    fn the_worst_error_decides_the_exit_code() {
        use ErrorKind::{Bug, Fenced, SourceUnavailable, Value};
        let kinds = [Fenced, Value, SourceUnavailable, Value, Bug];
        let exits: Vec<u8> = (1..=kinds.len()).map(|count| exit(&kinds[..count])).collect();
        assert_eq!(exits, [5, 3, 4, 4, 1]);
    }

    #[test]
    fn a_permission_error_of_one_table_does_not_hide_that_the_target_is_away() {
        let both = verdict(&[ErrorKind::TargetPermission, ErrorKind::TargetUnavailable]);
        assert!(both.stops_pod());
        assert_eq!(both.worst().unwrap().kind(), ErrorKind::TargetUnavailable);
        assert_eq!(exit(&[ErrorKind::TargetUnavailable, ErrorKind::TargetPermission]), 4);
    }

    #[test]
    fn a_table_s_own_failure_does_not_stop_the_others() {
        for kind in [
            ErrorKind::Value,
            ErrorKind::TargetData,
            ErrorKind::SourceRefused,
            ErrorKind::Fenced,
            ErrorKind::TargetPermission,
        ] {
            assert!(!verdict(&[kind]).stops_pod(), "{kind:?}");
        }
        assert!(verdict(&[ErrorKind::SourceUnavailable]).stops_pod());
    }
}
