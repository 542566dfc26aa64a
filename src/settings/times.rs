//! The times that a user may give: ONE table of their defaults and of the shortest and longest that are accepted, and
//! how a flag writes them.
//!
//! A shorter time lets the program spin, or never succeed. A longer one is a slip, or more than the system accepts.

use super::flag_values::{typed, usage};
use crate::error::Result;
use std::time::Duration;

/// A time that a user may give.
#[derive(Debug)]
pub(super) struct TimeSetting {
    /// The flag, the key of the URL, or the variable.
    pub(super) name: &'static str,
    /// If none is given. Without a meaning for a limit that is none unless given.
    pub(super) default: Duration,
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    /// What 0 means, if it is accepted as well.
    pub(super) zero: Option<&'static str>,
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// What Linux accepts for keepalives (`MAX_TCP_KEEPIDLE`, `MAX_TCP_KEEPINTVL`).
const LONGEST_KEEPALIVE: Duration = Duration::from_secs(32_767);

const fn setting(name: &'static str, default_seconds: u64, shortest: Duration) -> TimeSetting {
    TimeSetting { name, default: Duration::from_secs(default_seconds), shortest, longest: WEEK, zero: None }
}

/// The owner's heartbeat is a quarter of it, and each is a write to the store.
pub(super) const CLAIM_TIMEOUT: TimeSetting = setting("claim-timeout", 60, Duration::from_secs(1));
/// Without a pause the retries are used up before a server can come back, and they keep it busy.
pub(super) const RETRY_MAX_WAIT: TimeSetting = setting("retry-max-wait", 30, Duration::from_millis(10));
pub(super) const GRACE_PERIOD: TimeSetting = TimeSetting {
    zero: Some("what is under way is rolled back at once"),
    ..setting("grace-period", 25, Duration::from_millis(1))
};
/// A working replica is behind by less now and then, and the target is asked every second or two.
pub(super) const MAX_REPLICA_LAG: TimeSetting = setting("max-replica-lag", 0, Duration::from_secs(1));

/// Of the source's URL.
pub(super) const SOURCE_CONNECT_TIMEOUT: TimeSetting =
    TimeSetting { zero: Some("the default"), ..setting("connectTimeout", 30, Duration::from_secs(1)) };
/// `readTimeout` in seconds, `socketTimeout` in milliseconds. A server that works takes longer for an answer than less.
pub(super) const SOURCE_READ_TIMEOUT: TimeSetting =
    TimeSetting { zero: Some("the default"), ..setting("socketTimeout", 600, Duration::from_millis(500)) };

/// Of the target's URL.
pub(super) const TARGET_CONNECT_TIMEOUT: TimeSetting =
    TimeSetting { zero: Some("the default"), ..setting("connect_timeout", 10, Duration::from_secs(1)) };
/// Longer than a statement waits for a lock (`postgres/sql/transaction.sql`): for so long a target that is well may
/// take no data.
pub(super) const TCP_USER_TIMEOUT: TimeSetting = TimeSetting {
    zero: Some("the system's default"),
    ..setting("tcp_user_timeout", 150, Duration::from_secs(1))
};
/// Of the target's URL, in seconds, as pgJDBC counts. A server that works takes longer for an answer than less.
pub(super) const TARGET_SOCKET_TIMEOUT: TimeSetting =
    TimeSetting { zero: Some("the default"), ..setting("socketTimeout", 600, Duration::from_secs(1)) };
pub(super) const KEEPALIVES_IDLE: TimeSetting = TimeSetting {
    longest: LONGEST_KEEPALIVE,
    zero: Some("the system's default"),
    ..setting("keepalives_idle", 30, Duration::from_secs(1))
};
pub(super) const KEEPALIVES_INTERVAL: TimeSetting = TimeSetting {
    longest: LONGEST_KEEPALIVE,
    zero: Some("the system's default"),
    ..setting("keepalives_interval", 10, Duration::from_secs(1))
};

/// Of OpenTelemetry. A collector takes longer for an answer than less.
pub(super) const OTLP_TIMEOUT: TimeSetting =
    setting("OTEL_EXPORTER_OTLP_TIMEOUT", 10, Duration::from_millis(100));
/// The specification says a minute; a pod may not live that long.
pub(super) const METRIC_INTERVAL: TimeSetting =
    setting("OTEL_METRIC_EXPORT_INTERVAL", 15, Duration::from_millis(10));

impl TimeSetting {
    /// The time itself, or why it is not accepted.
    pub(super) fn accepted(&self, time: Duration) -> std::result::Result<Duration, String> {
        let zero = self.zero.map(|meaning| format!(", or 0: {meaning}")).unwrap_or_default();
        if time.is_zero() && self.zero.is_some() {
            return Ok(time);
        }
        if time < self.shortest {
            let shortest = AsFlagValue(self.shortest);
            return Err(format!("{} is too short: the shortest is {shortest}{zero}", AsFlagValue(time)));
        }
        if time > self.longest {
            return Err(format!(
                "{} is too long: the longest is {}",
                AsFlagValue(time),
                AsFlagValue(self.longest)
            ));
        }
        Ok(time)
    }

    /// What the flag says; None if it is not given.
    ///
    /// # Errors
    /// Kind Usage, naming the flag and what is accepted.
    pub(super) fn read(&self, text: Option<&str>) -> Result<Option<Duration>> {
        let Some(text) = text else { return Ok(None) };
        let time = parsed(text).ok_or_else(|| {
            usage(
                self.name,
                format!("{} is not a time: write it like 500ms, 60s, 5m or 1h, at most 168h", typed(text)),
            )
        })?;
        self.accepted(time).map(Some).map_err(|why| usage(self.name, why))
    }

    /// What the flag says, or the default.
    ///
    /// # Errors
    /// Kind Usage, naming the flag and what is accepted.
    pub(super) fn read_or_default(&self, text: Option<&str>) -> Result<Duration> {
        Ok(self.read(text)?.unwrap_or(self.default))
    }
}

/// As a flag writes it: `500ms`, `60s`, `168h`.
pub(super) struct AsFlagValue(pub(super) Duration);

impl std::fmt::Display for AsFlagValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if millis > 0 {
            write!(f, "{}ms", self.0.as_millis())
        } else if seconds >= 3600 && seconds.is_multiple_of(3600) {
            write!(f, "{}h", seconds / 3600)
        } else {
            write!(f, "{seconds}s")
        }
    }
}

/// `500ms`, `60s`, `5m`, `2h`, or seconds without a unit.
fn parsed(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let millis_each = match text.get(digits.len()..)? {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(millis_each).map(Duration::from_millis)
}

#[cfg(test)]
mod tests;
