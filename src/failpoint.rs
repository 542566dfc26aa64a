//! Failpoints: named places between two durable effects, where a test lets the process die or a step fail.
//!
//! `failpoint!("copy.after_marker")` stands in a function that returns [`crate::error::Result`]. Without the feature
//! `failpoints` it is nothing at all; with it, `SHARDFERRY_FAILPOINTS` says what happens where:
//! `copy.after_marker=kill`, `claim.after_put=error`, several separated by `;`. `=kill@3` is for the third time that
//! the place is reached, and for that time only; without `@` every time counts. A name that the program does not have,
//! or another mistake, is an error at the start ([`arm`]): a test must not arm in vain.
//!
//! | action | what happens |
//! |---|---|
//! | `kill` | SIGKILL to the own process: nothing of the program runs behind the place |
//! | `error` | a transient error: the step is tried again, as for a server that is away |
//! | `fail` | a final error |
//! | `stop` | SIGSTOP to the own process: a frozen pod, until SIGCONT |
//! | `log` | nothing but the line in the log that all of them write: how often is the place reached? |
//!
//! An error is the target's; at `store.…` it is the store's.

/// A named place; see the module.
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        $crate::failpoint::reached($name)?;
    };
}

/// Every failpoint of the program: a test sees to it that the code has exactly these, and the matrix goes through all.
pub const NAMES: &[&str] = &[
    // The plan.
    "plan.before_write",
    "plan.after_write",
    // Checkpoint objects, whatever they hold.
    "store.before_get",
    "store.before_put",
    "store.after_put",
    "pod.before_put",
    "pod.after_put",
    // The ledger's installation, and the schema.
    "ledger.after_install",
    "ledger.after_adopt",
    "schema.after_schema",
    "schema.after_clear",
    "schema.after_table",
    "schema.before_checkpoint",
    "schema.after_checkpoint",
    // Claims.
    "claim.before_lock",
    "claim.after_lock",
    "claim.after_put",
    "claim.after_terminate",
    "claim.after_raise",
    "heartbeat.before_put",
    "heartbeat.after_put",
    "settle.before_put",
    "settle.after_put",
    "release.before_unlock",
    "release.after_unlock",
    // The beginning of a table of several chunks.
    "begin.after_drop",
    "begin.after_dropped",
    "begin.after_bounds",
    "begin.after_truncate",
    "begin.after_pins",
    "begin.before_commit",
    "begin.after_commit",
    // A chunk.
    "copy.before_transaction",
    "copy.after_clear",
    "copy.before_header",
    "copy.after_header",
    "copy.after_start",
    "copy.batch",
    "copy.before_trailer",
    "copy.after_trailer",
    "copy.after_copy",
    "copy.after_epoch_check",
    "rejects.before_put",
    "rejects.after_put",
    "copy.after_marker",
    "copy.after_losses",
    "copy.after_cut",
    "copy.after_rest",
    "copy.after_commit",
    // A table that was filled UNLOGGED.
    "logged.before",
    "logged.before_epoch_check",
    "logged.after_commit",
    // Indexes of a table whose rows are there.
    "index.before",
    "index.before_epoch_check",
    "index.after_commit",
    // The finish step.
    "finish.before_claim",
    "finish.before_indexes",
    "finish.after_indexes",
    "finish.after_sequences",
    "finish.after_defaults",
    "finish.after_checks",
    "finish.after_foreign_keys",
    "finish.after_validation",
    "finish.after_identities",
    "finish.after_comments",
    "finish.after_analyze",
    "finish.before_object",
    "finish.after_object",
    "finish.before_settle",
    "finish.after_settle",
];

/// Reads `SHARDFERRY_FAILPOINTS`; to be called before anything else is done.
///
/// # Errors
/// `Config` for a failpoint or an action that is not there, or a count that is none.
pub fn arm() -> crate::error::Result<()> {
    #[cfg(any(test, feature = "failpoints"))]
    armed::arm()?;
    Ok(())
}

#[cfg(any(test, feature = "failpoints"))]
pub use armed::reached;

#[cfg(any(test, feature = "failpoints"))]
mod armed {
    use crate::error::{Error, ErrorKind, Result};
    use rustix::process::{Signal, getpid, kill_process};
    use std::collections::BTreeMap;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// By then SIGSTOP has reached this thread; after SIGCONT it sleeps what is left.
    const FREEZES_WITHIN: Duration = Duration::from_millis(500);

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Action {
        Kill,
        Error,
        Fail,
        Stop,
        Log,
    }

    #[derive(Debug)]
    pub(super) struct Armed {
        pub(super) action: Action,
        /// None: every time.
        pub(super) at: Option<u64>,
        hits: AtomicU64,
    }

    static ARMED: OnceLock<BTreeMap<String, Armed>> = OnceLock::new();

    pub(super) fn arm() -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "test equipment, not a setting of the program")]
        let armed = parse(&std::env::var("SHARDFERRY_FAILPOINTS").unwrap_or_default())?;
        // A second call changes nothing: the environment is the same.
        ARMED.get_or_init(|| armed);
        Ok(())
    }

    pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Armed>> {
        text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(parse_one).collect()
    }

    fn parse_one(part: &str) -> Result<(String, Armed)> {
        let wrong =
            |why: &str| Error::new(ErrorKind::Config, format!("SHARDFERRY_FAILPOINTS: {part}: {why}"));
        let (name, action) = part.split_once('=').ok_or_else(|| wrong("not name=action"))?;
        if !super::NAMES.contains(&name) {
            return Err(wrong("there is no such failpoint"));
        }
        let (action, at) = match action.split_once('@') {
            Some((action, at)) => {
                let at = at.parse().ok().filter(|at| *at > 0);
                (action, Some(at.ok_or_else(|| wrong("what stands behind @ counts from 1"))?))
            }
            None => (action, None),
        };
        let action = match action {
            "kill" => Action::Kill,
            "error" => Action::Error,
            "fail" => Action::Fail,
            "stop" => Action::Stop,
            "log" => Action::Log,
            _ => return Err(wrong("the actions are kill, error, fail, stop, log")),
        };
        Ok((name.to_owned(), Armed { action, at, hits: AtomicU64::new(0) }))
    }

    /// Does what the environment says for `name`.
    ///
    /// # Errors
    /// The injected one.
    pub fn reached(name: &'static str) -> Result<()> {
        let Some(point) = ARMED.get().and_then(|armed| armed.get(name)) else { return Ok(()) };
        let hit = point.hits.fetch_add(1, Ordering::SeqCst) + 1;
        if point.at.is_some_and(|at| at != hit) {
            return Ok(());
        }
        tracing::warn!("failpoint {name} reached, time {hit}: {:?}", point.action);
        let (transient, last) = if name.starts_with("store.") {
            (ErrorKind::StoreUnavailable, ErrorKind::StoreRefused)
        } else {
            (ErrorKind::TargetUnavailable, ErrorKind::TargetRefused)
        };
        let injected = |kind| Err(Error::new(kind, format!("failpoint {name}")));
        match point.action {
            Action::Kill => {
                let sent = kill_process(getpid(), Signal::KILL);
                tracing::error!("the failpoint survived its own SIGKILL: {sent:?}");
                std::process::abort()
            }
            Action::Stop => {
                kill_process(getpid(), Signal::STOP).map_err(|error| {
                    Error::new(ErrorKind::Bug, "the failpoint could not freeze itself").because(error)
                })?;
                // The signal is the process's: a busy machine may bring it by another thread, later. Not one step
                // further.
                std::thread::sleep(FREEZES_WITHIN);
                Ok(())
            }
            Action::Error => injected(transient),
            Action::Fail => injected(last),
            Action::Log => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The first argument of every call of the macro below `folder`, but in this file.
    fn calls(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                calls(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("src/failpoint.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let names = text.split("failpoint!(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(names.map(str::to_owned));
            }
        }
    }

    #[test]
    fn the_code_has_exactly_the_failpoints_of_the_list_each_once() {
        let mut found = Vec::new();
        calls(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let (code, list): (BTreeSet<&str>, BTreeSet<&str>) =
            (found.iter().map(String::as_str).collect(), NAMES.iter().copied().collect());
        assert_eq!(code, list, "left: failpoint!(…) in src; right: NAMES");
        assert_eq!((found.len(), NAMES.len()), (code.len(), list.len()), "a name stands at two places");
        assert!(NAMES.len() >= 20);
    }

    #[test]
    fn what_is_armed_is_read_and_mistakes_are_refused() {
        use armed::{Action, parse};
        let armed = parse("copy.batch=kill@3; plan.before_write=error;").unwrap();
        assert_eq!((armed["copy.batch"].action, armed["copy.batch"].at), (Action::Kill, Some(3)));
        assert_eq!((armed["plan.before_write"].action, armed["plan.before_write"].at), (Action::Error, None));
        for wrong in [
            "copy.batch",
            "copy.bath=kill",
            "copy.batch=die",
            "copy.batch=kill@",
            "copy.batch=kill@0",
            "copy.batch=kill@x",
        ] {
            let error = parse(wrong).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Config, "{wrong}");
            assert!(error.detail().contains(wrong), "{error}");
        }
    }
}
