//! The wall clock, in one place.
//!
//! Times are for people and for the records in checkpoints. Never compare the clocks of two machines: ages of
//! claims are measured by the checkpoint store's own clock.

use jiff::{Timestamp, Unit};

/// Now, in UTC, whole milliseconds.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    #[test]
    fn now_has_whole_milliseconds_and_does_not_stand_still_in_the_past() {
        let now = super::now();
        assert_eq!(now.as_nanosecond() % 1_000_000, 0);
        assert!(now > "2026-01-01T00:00:00Z".parse().unwrap());
    }
}
