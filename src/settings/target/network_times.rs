//! How long a connection to the target waits for a network that is silent: until it connects, until sent data are
//! acknowledged, until an idle peer answers (libpq's `connect_timeout`, `tcp_user_timeout`, `keepalives_…`), and for an
//! answer (pgJDBC's `socketTimeout`).
//!
//! Without them Linux notices a server that has vanished after two hours if nothing is under way, and after about 15
//! minutes if COPY data are. On Linux the time for unacknowledged data also bounds the keepalives, and how long a
//! server that is there may take no data at all (tcp(7), `TCP_USER_TIMEOUT`). So both end at the same moment, and later
//! than any wait for a lock.

use super::refused;
use crate::error::Result;
use crate::settings::times::{self, TimeSetting};
use std::time::Duration;
use tokio_postgres::Config;

/// The options that are read here. The driver takes `tcp_user_timeout` for seconds, libpq for milliseconds, and has no
/// `keepalives_count`.
pub(super) const OPTIONS: [&str; 6] = [
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "socketTimeout",
];

/// With the defaults of idle and interval this makes the default of `tcp_user_timeout`.
const KEEPALIVES_COUNT: u32 = 12;
/// What Linux accepts (`MAX_TCP_KEEPCNT`).
const MOST_KEEPALIVES: u32 = 127;
/// About what Linux takes by itself (`tcp_retries2`); keepalives that take longer are meant for idle connections.
const LONGEST_DERIVED: Duration = Duration::from_secs(900);

/// What the connection string says; None: nothing.
#[derive(Debug, Default)]
pub(super) struct NetworkTimes {
    connect: Option<Duration>,
    user_timeout: Option<Duration>,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
    socket_timeout: Option<Duration>,
}

impl NetworkTimes {
    /// Takes one of [`OPTIONS`].
    ///
    /// # Errors
    /// Kind Config, naming the option and what is accepted, and never its text.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let number = || value.trim().parse::<i64>().map_err(|_| not_valid(key));
        // libpq: zero and less are as good as nothing.
        let unsigned = || number().map(|number| u64::try_from(number).unwrap_or(0));
        let seconds = |setting: &TimeSetting| accepted(setting, Duration::from_secs(unsigned()?));
        match key {
            "connect_timeout" => self.connect = Some(seconds(&times::TARGET_CONNECT_TIMEOUT)?),
            "tcp_user_timeout" => {
                let time = Duration::from_millis(unsigned()?);
                self.user_timeout = Some(accepted(&times::TCP_USER_TIMEOUT, time)?);
            }
            "keepalives_idle" => self.idle = Some(seconds(&times::KEEPALIVES_IDLE)?),
            "socketTimeout" => self.socket_timeout = Some(seconds(&times::TARGET_SOCKET_TIMEOUT)?),
            "keepalives_interval" => self.interval = Some(seconds(&times::KEEPALIVES_INTERVAL)?),
            _ => {
                let count = u32::try_from(unsigned()?).ok().filter(|count| *count <= MOST_KEEPALIVES);
                let accepted = "accepted is at most 127, or 0: the system's default";
                self.count = Some(count.ok_or_else(|| refused(format!("{key} is too many; {accepted}")))?);
            }
        }
        Ok(())
    }

    /// How long an answer is waited for, and how long the target may take no data.
    pub(super) fn socket_timeout(&self) -> Duration {
        self.socket_timeout.filter(|time| !time.is_zero()).unwrap_or(times::TARGET_SOCKET_TIMEOUT.default)
    }

    /// Tells the driver. 0 of the user leaves what the system does.
    pub(super) fn apply(&self, config: &mut Config) {
        let connect = self.connect.filter(|time| !time.is_zero());
        config.connect_timeout(connect.unwrap_or(times::TARGET_CONNECT_TIMEOUT.default));
        let idle = self.idle.unwrap_or(times::KEEPALIVES_IDLE.default);
        let interval = self.interval.unwrap_or(times::KEEPALIVES_INTERVAL.default);
        let count = self.count.unwrap_or(KEEPALIVES_COUNT);
        if !idle.is_zero() {
            config.keepalives_idle(idle);
        }
        if !interval.is_zero() {
            config.keepalives_interval(interval);
        }
        if count > 0 {
            config.keepalives_retries(count);
        }
        let user_timeout = self.user_timeout.unwrap_or_else(|| {
            let keepalives = idle.saturating_add(interval.saturating_mul(count));
            keepalives.clamp(times::TCP_USER_TIMEOUT.shortest, LONGEST_DERIVED)
        });
        if !user_timeout.is_zero() {
            config.tcp_user_timeout(user_timeout);
        }
    }
}

fn not_valid(key: &str) -> crate::error::Error {
    refused(format!("the value of {key} is not valid"))
}

fn accepted(setting: &TimeSetting, time: Duration) -> Result<Duration> {
    setting.accepted(time).map_err(|why| refused(format!("{}: {why}", setting.name)))
}
