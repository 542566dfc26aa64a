//! Failpoints: named places between two durable effects, where a test lets the process die or a step fail.
//!
//! `failpoint!("copy.after_marker")` stands in a function that returns [`crate::error::Result`]. Without the feature
//! `failpoints` it is nothing at all; with it, `SHARDFERRY_FAILPOINTS` says what happens where:
//! `copy.after_marker=kill`, `claim.before_put=error`, several separated by `;`. `=kill@3` is for the third time that
//! the place is reached, and for that time only; without `@` every time counts.
//!
//! | action | what happens |
//! |---|---|
//! | `kill` | SIGKILL to the own process, at once |
//! | `error` | a transient error: the step is tried again |
//! | `fail` | a final error |
//! | `stop` | SIGSTOP to the own process: a frozen pod, until SIGCONT |

/// A named place; see the module.
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::reached($name)?;
    };
}

/// Every failpoint of the program: a test sees to it that the code has exactly these, and the matrix goes through all.
pub const NAMES: &[&str] = &[];

#[cfg(feature = "failpoints")]
pub use armed::reached;

#[cfg(feature = "failpoints")]
mod armed {
    use crate::error::{Error, ErrorKind, Result};
    use rustix::process::{Signal, getpid, kill_process};
    use std::collections::BTreeMap;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        action: String,
        /// None: every time.
        at: Option<u64>,
        hits: AtomicU64,
    }

    static ARMED: OnceLock<BTreeMap<String, Armed>> = OnceLock::new();

    fn parse(text: &str) -> BTreeMap<String, Armed> {
        text.split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(name, action)| {
                let (action, at) =
                    action.split_once('@').map_or((action, None), |(a, n)| (a, n.parse().ok()));
                let armed = Armed { action: action.to_owned(), at, hits: AtomicU64::new(0) };
                (name.trim().to_owned(), armed)
            })
            .collect()
    }

    /// Does what the environment says for `name`.
    ///
    /// # Errors
    /// The injected one.
    pub fn reached(name: &'static str) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "test equipment, not a setting of the program")]
        let armed = ARMED.get_or_init(|| parse(&std::env::var("SHARDFERRY_FAILPOINTS").unwrap_or_default()));
        let Some(point) = armed.get(name) else { return Ok(()) };
        let hit = point.hits.fetch_add(1, Ordering::SeqCst) + 1;
        if point.at.is_some_and(|at| at != hit) {
            return Ok(());
        }
        tracing::warn!(failpoint = name, action = point.action, hit, "failpoint");
        let signal = |signal| {
            if let Err(error) = kill_process(getpid(), signal) {
                tracing::error!(%error, "the failpoint could not send its signal");
            }
        };
        match point.action.as_str() {
            "kill" => signal(Signal::KILL),
            "stop" => signal(Signal::STOP),
            "error" => return Err(Error::new(ErrorKind::TargetUnavailable, format!("failpoint {name}"))),
            "fail" => return Err(Error::new(ErrorKind::TargetRefused, format!("failpoint {name}"))),
            other => {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("failpoint {name}: unknown action {other}"),
                ));
            }
        }
        Ok(())
    }
}
