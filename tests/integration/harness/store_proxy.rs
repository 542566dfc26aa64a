//! An HTTP/1.1 proxy before the S3 server, which breaks requests by rules.
//!
//! The head is forwarded as it came (but for `Connection`, which no signature covers), so that signatures hold: they
//! are made for the proxy's own address, and the server checks the `Host` that it is sent. Each connection carries one
//! request, each request has its thread, and a test waits for counts, never for time.

use super::until;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The header lines, as sent, in lower case up to the colon.
    head: String,
    body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    fn says(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }

    fn writes(&self, part: &str) -> bool {
        self.method == "PUT" && self.path.contains(part)
    }

    /// The first write of a table's object: its claim.
    pub(crate) fn claim_create(&self) -> bool {
        self.writes("/tables/") && self.header("if-none-match").is_some()
    }

    /// A write over a table's object that makes it owned: a claim, or a heartbeat.
    pub(crate) fn owned_again(&self) -> bool {
        self.writes("/tables/") && self.header("if-match").is_some() && self.says("\"heartbeat\"")
    }

    /// The write that gives a copied table back.
    pub(crate) fn completion(&self) -> bool {
        self.writes("/tables/") && self.says("\"rows_synced\"") && !self.says("\"heartbeat\"")
    }

    pub(crate) fn plan(&self) -> bool {
        self.writes("/plan.json")
    }

    pub(crate) fn probe(&self) -> bool {
        self.writes("/.probe-")
    }

    pub(crate) fn any(&self) -> bool {
        !self.method.is_empty()
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// This status with this S3 error code; 412 without one.
    Answer(u16, &'static str),
    /// RST instead of an answer.
    Reset,
    /// No answer, until the client gives up, [`StoreProxy::release`], or the end of the proxy.
    Silence,
    /// The answer comes this much later.
    Slow(Duration),
}

/// Does the server see the request?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// It never arrives.
    Before,
    /// It took effect; only its answer is lost.
    After,
}

type Matches = Box<dyn FnMut(&Asked) -> bool + Send>;

struct Rule {
    matches: Matches,
    broken: Broken,
    when: When,
    skip: u64,
    times: u64,
    seen: u64,
    happened: u64,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    /// `method path`, in the order of arrival.
    log: Vec<String>,
    released: u64,
    ended: bool,
}

/// Handle of the proxy; it ends with it.
pub(crate) struct StoreProxy {
    port: u16,
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// Names a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleId(usize);

fn lock(shared: &(Mutex<State>, Condvar)) -> MutexGuard<'_, State> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StoreProxy {
    /// Before the server at `endpoint` (`http://host:port`).
    pub(crate) fn start(endpoint: &str) -> Self {
        let upstream = endpoint.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let of_listener = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if lock(&of_listener).ended {
                    return;
                }
                let (shared, upstream) = (Arc::clone(&of_listener), upstream.clone());
                std::thread::spawn(move || drop(serve(&shared, stream, &upstream)));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Breaks the next `times` requests that match.
    pub(crate) fn set(
        &self,
        broken: Broken,
        when: When,
        times: u64,
        matches: impl FnMut(&Asked) -> bool + Send + 'static,
    ) -> RuleId {
        self.set_after(0, broken, when, times, matches)
    }

    /// The same after `skip` matching requests that pass.
    pub(crate) fn set_after(
        &self,
        skip: u64,
        broken: Broken,
        when: When,
        times: u64,
        matches: impl FnMut(&Asked) -> bool + Send + 'static,
    ) -> RuleId {
        let rule = Rule { matches: Box::new(matches), broken, when, skip, times, seen: 0, happened: 0 };
        let mut state = lock(&self.shared);
        state.rules.push(rule);
        RuleId(state.rules.len() - 1)
    }

    /// How often a rule broke something.
    pub(crate) fn happened(&self, rule: RuleId) -> u64 {
        lock(&self.shared).rules[rule.0].happened
    }

    /// Everything broken so far.
    pub(crate) fn faults(&self) -> u64 {
        lock(&self.shared).rules.iter().map(|rule| rule.happened).sum()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, rule: RuleId, times: u64) {
        until("a fault of the store", || (self.happened(rule) >= times).then_some(()));
    }

    /// Ends all rules, and lets what is held go.
    pub(crate) fn release(&self) {
        let mut state = lock(&self.shared);
        for rule in &mut state.rules {
            rule.times = 0;
        }
        state.released += 1;
        self.shared.1.notify_all();
    }

    /// Requests so far whose `METHOD path` contains all of these.
    pub(crate) fn requests(&self, parts: &[&str]) -> usize {
        let state = lock(&self.shared);
        state.log.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }
}

impl Drop for StoreProxy {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        self.shared.1.notify_all();
        // Wakes the listener, which sees the end.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// The first rule that breaks this request.
fn broken(shared: &(Mutex<State>, Condvar), asked: &Asked) -> Option<(Broken, When)> {
    let mut state = lock(shared);
    state.log.push(format!("{} {}", asked.method, asked.path));
    for rule in &mut state.rules {
        if rule.times == rule.happened.min(rule.times) || !(rule.matches)(asked) {
            continue;
        }
        rule.seen += 1;
        if rule.seen > rule.skip {
            rule.happened += 1;
            return Some((rule.broken, rule.when));
        }
    }
    None
}

fn serve(shared: &(Mutex<State>, Condvar), mut client: TcpStream, upstream: &str) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let Some(asked) = read(&mut client)? else { return Ok(()) };
    let rule = broken(shared, &asked);
    let Some((broken, when)) = rule else {
        return answer(&mut client, &forward(&asked, upstream)?);
    };
    let effect = match when {
        When::Before => None,
        When::After => Some(forward(&asked, upstream)?),
    };
    match broken {
        Broken::Answer(status, code) => answer(&mut client, &refusal(status, code)),
        Broken::Reset => reset(&client),
        Broken::Silence => {
            silence(shared, &client);
            reset(&client)
        }
        Broken::Slow(time) => {
            std::thread::sleep(time);
            let late = match effect {
                Some(effect) => effect,
                None => forward(&asked, upstream)?,
            };
            answer(&mut client, &late)
        }
    }
}

/// Holds until released, or until the client has gone.
fn silence(shared: &(Mutex<State>, Condvar), client: &TcpStream) {
    let gone = || {
        client.set_read_timeout(Some(Duration::from_millis(1))).is_err()
            || matches!(client.peek(&mut [0]), Ok(0))
    };
    let mut state = lock(shared);
    let before = state.released;
    while state.released == before && !state.ended && !gone() {
        let waited = shared.1.wait_timeout(state, Duration::from_millis(50));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

pub(super) fn reset(client: &TcpStream) -> std::io::Result<()> {
    socket2::SockRef::from(client).set_linger(Some(Duration::ZERO))
}

fn answer(client: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    client.write_all(bytes)?;
    client.shutdown(Shutdown::Write)
}

fn refusal(status: u16, code: &str) -> Vec<u8> {
    let body = if code.is_empty() {
        String::new()
    } else {
        format!("<Error><Code>{code}</Code><Message>by the proxy</Message></Error>")
    };
    let head = format!("HTTP/1.1 {status} Broken\r\nContent-Type: application/xml\r\nConnection: close\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads one request; None where the client closed instead.
fn read(client: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut head = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&format!("{}:{}\r\n", name.to_ascii_lowercase(), value.trim_end()));
        }
    }
    let mut asked = Asked { method: method.to_owned(), path: path.to_owned(), head, body: Vec::new() };
    if asked.header("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body)?;
    Ok(Some(asked))
}

/// Sends it to the server and reads the whole answer.
fn forward(asked: &Asked, upstream: &str) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream)?;
    let head: String = asked
        .head
        .lines()
        .filter(|line| !line.starts_with("expect:"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    server.write_all(
        format!("{} {} HTTP/1.1\r\n{head}Connection: close\r\n\r\n", asked.method, asked.path).as_bytes(),
    )?;
    server.write_all(&asked.body)?;
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes)?;
    Ok(bytes)
}
