//! Faults that a test sets while the server runs. Every fault may be limited to the next N occurrences and to batches
//! (or, for those of the login, databases, applications and intents: `ReadOnly`, `ReadWrite`) that contain a text.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The connection is reset in the middle of the row after `n` rows of a result.
    ResetAfterRows(u64),
    /// The connection is reset as soon as `n` bytes of the batch's reply were written.
    ResetAfterBytes(u64),
    /// A packet after `rows` rows announces more bytes than come; then the connection is closed in order.
    TruncatedPacket { rows: u64 },
    /// Nothing more is sent after `rows` rows, for a time or until [`Faults::release`].
    Stall { rows: u64, time: Option<Duration> },
    /// Messages (INFO tokens) after `rows` rows, one behind the other without an end.
    EndlessMessages { rows: u64 },
    /// Error 1205 after `rows` rows; the transaction is gone.
    Deadlock { rows: u64 },
    /// The statement ends after `rows` rows with a DONE that has the error bit, and no error says why.
    Unexplained { rows: u64 },
    /// The whole server goes down after `rows` rows: every connection is reset, the listener is closed for `down`.
    Restart { rows: u64, down: Duration },
    /// At most so many bytes a second, per connection, for the batches that match.
    Throttle { bytes_per_second: u64 },
    /// Error 18456 although user and password are right.
    LoginFailure,
    /// Error 49918 instead of a login: the server has no resources for it just now.
    LoginThrottled,
    /// After the login the client is sent to another server.
    Routing { host: String, port: u16 },
}

/// One fault with its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// How often it happens; `None` is always.
    pub times: Option<u32>,
    /// Only where the text of the batch (or the database, application or intent of the login) contains this.
    pub containing: Option<String>,
    /// Not to the first so many that it would happen to.
    pub after: u32,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, times: None, containing: None, after: 0 }
    }
}

impl Fault {
    /// Happens `times` times, then no more.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Happens only for texts that contain `text`.
    #[must_use]
    pub fn containing(self, text: impl Into<String>) -> Self {
        Self { containing: Some(text.into()), ..self }
    }

    /// Spares the first `count` that it would happen to.
    #[must_use]
    pub fn after(self, count: u32) -> Self {
        Self { after: count, ..self }
    }
}

/// Names a fault that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(u64);

#[derive(Debug)]
struct Set {
    id: FaultId,
    fault: Fault,
    happened: u64,
    spared: u32,
}

#[derive(Debug, Default)]
struct State {
    set: Vec<Set>,
    last_id: u64,
    /// Raised by [`Faults::release`]; a stall waits for it to change.
    released: u64,
}

/// Handle to a server's faults; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Faults {
    /// Sets a fault; several may be set at once.
    pub fn set(&self, fault: impl Into<Fault>) -> FaultId {
        let mut state = self.state();
        state.last_id += 1;
        let id = FaultId(state.last_id);
        state.set.push(Set { id, fault: fault.into(), happened: 0, spared: 0 });
        id
    }

    /// Takes all faults away and releases what is stalled.
    pub fn clear(&self) {
        self.state().set.clear();
        self.release();
    }

    /// Lets stalled batches go on.
    pub fn release(&self) {
        self.state().released += 1;
        self.shared.1.notify_all();
    }

    /// How often a fault happened so far (0 after [`Faults::clear`]).
    #[must_use]
    pub fn happened(&self, id: FaultId) -> u64 {
        self.state().set.iter().find(|s| s.id == id).map_or(0, |s| s.happened)
    }

    /// The faults that may happen to `text`.
    pub(crate) fn armed(&self, text: &str) -> Vec<(FaultId, FaultKind)> {
        let mut state = self.state();
        let matching = state.set.iter_mut().filter_map(|s| {
            let matches = s.fault.times.is_none_or(|times| s.happened < u64::from(times))
                && s.fault.containing.as_deref().is_none_or(|part| text.contains(part));
            if matches && s.spared < s.fault.after {
                s.spared += 1;
                return None;
            }
            matches.then(|| (s.id, s.fault.kind.clone()))
        });
        matching.collect()
    }

    /// Counts an occurrence; false when its limit is reached, or it was taken away, in the meantime.
    pub(crate) fn happens(&self, id: FaultId) -> bool {
        let mut state = self.state();
        let Some(set) = state.set.iter_mut().find(|s| s.id == id) else { return false };
        let may = set.fault.times.is_none_or(|times| set.happened < u64::from(times));
        set.happened += u64::from(may);
        may
    }

    /// How often stalls were released; taken before the client can know of the stall, so that no release is lost.
    pub(crate) fn released(&self) -> u64 {
        self.state().released
    }

    /// Waits for a [`Faults::release`] after the one counted `released`, for `time`, or until `stop` says so (asked
    /// every 20 ms).
    pub(crate) fn stall(&self, released: u64, time: Option<Duration>, stop: impl Fn() -> bool) {
        const STEP: Duration = Duration::from_millis(20);
        let mut state = self.state();
        let mut left = time.unwrap_or(Duration::MAX);
        while state.released == released && !left.is_zero() && !stop() {
            let step = STEP.min(left);
            left -= step;
            state = self.shared.1.wait_timeout(state, step).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `EXEC mssim_fault …` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FaultCommand {
    Set(Fault),
    Clear,
    Release,
}

/// Reads `EXEC mssim_fault 'kind' [, @name = value]…`; `None` when the batch is something else.
///
/// # Errors
/// A kind or a parameter that does not exist, a missing or malformed value: the text says which.
pub(crate) fn command(sql: &str) -> Option<Result<FaultCommand, String>> {
    let sql = sql.trim().trim_end_matches(';').trim_end();
    let mut words = sql.splitn(3, char::is_whitespace);
    let exec = words.next()?;
    if !(exec.eq_ignore_ascii_case("exec") || exec.eq_ignore_ascii_case("execute"))
        || !words.next()?.eq_ignore_ascii_case("mssim_fault")
    {
        return None;
    }
    Some(parse(words.next().unwrap_or_default()))
}

fn parse(arguments: &str) -> Result<FaultCommand, String> {
    let mut parts = split(arguments).into_iter();
    let kind = unquote(&parts.next().unwrap_or_default()).to_ascii_lowercase();
    let mut named = Vec::new();
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("not @name = value: {part}"))?;
        named.push((name.trim().to_ascii_lowercase(), unquote(value)));
    }
    let mut text = |name: &str| -> Option<String> {
        let at = named.iter().position(|(n, _)| n == name)?;
        Some(named.swap_remove(at).1)
    };
    let mut number = |name: &str| -> Result<Option<u64>, String> {
        text(name).map(|v| v.parse().map_err(|_| format!("{name} is not a whole number"))).transpose()
    };
    let rows = number("@rows")?.unwrap_or(0);
    let time = number("@ms")?.map(Duration::from_millis);
    let bytes = number("@bytes")?;
    let times = number("@times")?.map(|n| u32::try_from(n).map_err(|_| "@times is too large")).transpose()?;
    let port = number("@port")?;
    let needed = |value: Option<u64>, name: &str| value.ok_or_else(|| format!("{name} is missing"));
    let kind = match kind.as_str() {
        "clear" => return Ok(FaultCommand::Clear),
        "release" => return Ok(FaultCommand::Release),
        "rst_mid_row" => FaultKind::ResetAfterRows(rows),
        "rst_after_bytes" => FaultKind::ResetAfterBytes(needed(bytes, "@bytes")?),
        "truncated_packet" => FaultKind::TruncatedPacket { rows },
        "stall" => FaultKind::Stall { rows, time },
        "endless_messages" => FaultKind::EndlessMessages { rows },
        "deadlock" => FaultKind::Deadlock { rows },
        "unexplained" => FaultKind::Unexplained { rows },
        "restart" => FaultKind::Restart { rows, down: time.unwrap_or_default() },
        "throttle" => FaultKind::Throttle { bytes_per_second: needed(bytes, "@bytes")? },
        "login_failure" => FaultKind::LoginFailure,
        "login_throttled" => FaultKind::LoginThrottled,
        "routing" => FaultKind::Routing {
            host: text("@host").ok_or("@host is missing")?,
            port: u16::try_from(needed(port, "@port")?).map_err(|_| "@port is too large")?,
        },
        other => return Err(format!("no fault is called '{other}'")),
    };
    let containing = text("@containing");
    match named.first() {
        Some((name, _)) => Err(format!("unknown parameter {name}")),
        None => Ok(FaultCommand::Set(Fault { kind, times, containing, after: 0 })),
    }
}

/// Splits at commas outside of quotes.
fn split(arguments: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in arguments.chars() {
        quoted ^= c == '\'';
        match parts.last_mut() {
            Some(part) if c != ',' || quoted => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix(['N', 'n']).filter(|t| t.starts_with('\'')).unwrap_or(text);
    match text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_happen_as_often_and_where_they_are_told_to() {
        let faults = Faults::default();
        let id = faults.set(Fault::from(FaultKind::Deadlock { rows: 3 }).times(2).containing("[orders]"));
        assert!(faults.armed("SELECT 1 FROM [lines]").is_empty());
        assert_eq!(faults.armed("SELECT 1 FROM [orders]"), [(id, FaultKind::Deadlock { rows: 3 })]);
        assert!(faults.happens(id) && faults.happens(id) && !faults.happens(id));
        assert!(faults.armed("SELECT 1 FROM [orders]").is_empty());
        assert_eq!(faults.happened(id), 2);
        faults.clear();
        assert!(!faults.happens(id));
    }

    #[test]
    fn a_stall_ends_by_time_by_release_and_by_stop() {
        let faults = Faults::default();
        faults.stall(0, Some(Duration::from_millis(1)), || false);
        faults.stall(0, None, || true);
        let other = faults.clone();
        let waiting = std::thread::spawn(move || other.stall(0, None, || false));
        faults.release();
        waiting.join().unwrap();
    }

    #[test]
    fn the_procedure_sets_faults() {
        let set = |sql| match command(sql) {
            Some(Ok(FaultCommand::Set(fault))) => fault,
            other => panic!("{other:?}"),
        };
        let fault = set("EXEC mssim_fault 'rst_mid_row', @rows = 7, @times = 1, @containing = N'[a,b]';");
        assert_eq!(fault, Fault::from(FaultKind::ResetAfterRows(7)).times(1).containing("[a,b]"));
        let fault = set("exec mssim_fault 'routing', @host = 'db2', @port = 1434");
        assert_eq!(fault, FaultKind::Routing { host: "db2".to_owned(), port: 1434 }.into());
        assert_eq!(command("EXEC mssim_fault 'clear'"), Some(Ok(FaultCommand::Clear)));
        assert_eq!(command("SELECT 1"), None);
        for wrong in
            ["'nonsense'", "'throttle'", "'deadlock', @row = 1", "'deadlock', @rows = x", "'stall', 5"]
        {
            assert!(matches!(command(&format!("EXEC mssim_fault {wrong}")), Some(Err(_))), "{wrong}");
        }
    }
}
