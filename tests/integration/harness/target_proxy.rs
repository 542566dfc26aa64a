//! A byte-level proxy before PostgreSQL, which knows the client's messages (PostgreSQL documentation, "Message
//! Formats") and cuts or stalls a connection at one of them. For connections without TLS.

use super::store_proxy::reset;
use super::until;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A message of the client, and what its connection did before.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    /// `Q`, `P`, `d` …
    pub(crate) tag: u8,
    body: &'a [u8],
    /// Bytes of COPY data on this connection since its last COMMIT, this message's included.
    pub(crate) copied: usize,
}

impl Sent<'_> {
    /// The COMMIT of a transaction that copied rows.
    pub(crate) fn commit_of_rows(&self) -> bool {
        self.tag == b'Q' && self.copied > 0 && self.body.starts_with(b"COMMIT")
    }

    /// COPY data, from the first message on that makes it more than `bytes`.
    pub(crate) fn copies_more_than(&self, bytes: usize) -> bool {
        self.tag == b'd' && self.copied > bytes
    }

    /// Any statement, by a part of its text.
    pub(crate) fn statement(&self, part: &str) -> bool {
        matches!(self.tag, b'Q' | b'P') && String::from_utf8_lossy(self.body).contains(part)
    }
}

/// What happens to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the message is forwarded: the server sees a client that vanished.
    Before,
    /// After the server has answered the message; the client sees RST and no answer.
    After,
    /// Nothing goes on until [`TargetProxy::release`]; then all does.
    Stall,
}

type Matches = Box<dyn Fn(&Sent<'_>) -> bool + Send>;

struct Rule {
    matches: Matches,
    cut: Cut,
    times: u64,
    happened: u64,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    refusing: bool,
    refused: u64,
    released: u64,
    ended: bool,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// Handle of the proxy; it ends with it.
pub(crate) struct TargetProxy {
    port: u16,
    shared: Shared,
}

/// Names a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CutId(usize);

fn lock(shared: &(Mutex<State>, Condvar)) -> MutexGuard<'_, State> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TargetProxy {
    /// Before the server at `address` (`host:port`).
    pub(crate) fn start(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared: Shared = Arc::default();
        let (of_listener, address) = (Arc::clone(&shared), address.to_owned());
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let mut state = lock(&of_listener);
                if state.ended {
                    return;
                }
                if state.refusing {
                    state.refused += 1;
                    drop(reset(&client));
                    continue;
                }
                drop(state);
                let (shared, address) = (Arc::clone(&of_listener), address.clone());
                std::thread::spawn(move || drop(serve(&shared, &client, &address)));
            }
        });
        Self { port, shared }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Does this at the next `times` messages that match.
    pub(crate) fn set(
        &self,
        cut: Cut,
        times: u64,
        matches: impl Fn(&Sent<'_>) -> bool + Send + 'static,
    ) -> CutId {
        let mut state = lock(&self.shared);
        state.rules.push(Rule { matches: Box::new(matches), cut, times, happened: 0 });
        CutId(state.rules.len() - 1)
    }

    /// Refuses new connections, or no more.
    pub(crate) fn refuse(&self, refusing: bool) {
        lock(&self.shared).refusing = refusing;
    }

    pub(crate) fn refused(&self) -> u64 {
        lock(&self.shared).refused
    }

    pub(crate) fn happened(&self, rule: CutId) -> u64 {
        lock(&self.shared).rules[rule.0].happened
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, rule: CutId, times: u64) {
        until("a fault of the target's connection", || (self.happened(rule) >= times).then_some(()));
    }

    /// Lets what is stalled go on.
    pub(crate) fn release_stalls(&self) {
        lock(&self.shared).released += 1;
        self.shared.1.notify_all();
    }

    /// Ends all rules, and lets what is stalled go on.
    pub(crate) fn release(&self) {
        let mut state = lock(&self.shared);
        for rule in &mut state.rules {
            rule.times = 0;
        }
        state.released += 1;
        self.shared.1.notify_all();
    }
}

impl Drop for TargetProxy {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        self.shared.1.notify_all();
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn serve(shared: &Shared, client: &TcpStream, address: &str) -> std::io::Result<()> {
    let server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    // Once muted, what the server answers is swallowed; `answered` tells that it did.
    let muted = Arc::new(AtomicBool::new(false));
    let (ready, answered) = std::sync::mpsc::channel();
    let answers = {
        let (mut from, mut to, muted) = (server.try_clone()?, client.try_clone()?, Arc::clone(&muted));
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(size @ 1..) = from.read(&mut bytes) {
                if muted.load(Ordering::SeqCst) {
                    let _ = ready.send(());
                } else if to.write_all(&bytes[..size]).is_err() {
                    break;
                }
            }
            if !muted.load(Ordering::SeqCst) {
                let _ = to.shutdown(Shutdown::Write);
            }
        })
    };
    let ended = requests(shared, client, &server, &muted, &answered);
    let _ = server.shutdown(Shutdown::Both);
    let _ = answers.join();
    ended
}

/// Forwards the client's messages, one by one.
fn requests(
    shared: &Shared,
    client: &TcpStream,
    server: &TcpStream,
    muted: &AtomicBool,
    answered: &std::sync::mpsc::Receiver<()>,
) -> std::io::Result<()> {
    let (mut from, mut to) = (client, server);
    let (mut started, mut copied) = (false, 0);
    loop {
        let mut message = Vec::new();
        let tag = if started {
            message.resize(1, 0);
            from.read_exact(&mut message)?;
            message[0]
        } else {
            0
        };
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        message.extend_from_slice(&length);
        let head = message.len();
        message.resize(head + usize::try_from(u32::from_be_bytes(length)).unwrap() - 4, 0);
        from.read_exact(&mut message[head..])?;
        let body = &message[head..];
        // StartupMessage: protocol 3. What may come before it (SSLRequest) is answered and another first message
        // follows.
        started |= tag == 0 && body.starts_with(&[0, 3]);
        if tag == b'd' {
            copied += body.len();
        }
        let sent = Sent { tag, body, copied };
        let rule = hit(shared, &sent);
        if sent.statement("COMMIT") {
            copied = 0;
        }
        match rule {
            None => to.write_all(&message)?,
            Some(Cut::Before) => {
                muted.store(true, Ordering::SeqCst);
                return reset(client);
            }
            Some(Cut::After) => {
                muted.store(true, Ordering::SeqCst);
                to.write_all(&message)?;
                let _ = answered.recv_timeout(Duration::from_secs(60));
                return reset(client);
            }
            Some(Cut::Stall) => {
                stall(shared);
                to.write_all(&message)?;
            }
        }
    }
}

fn hit(shared: &Shared, sent: &Sent<'_>) -> Option<Cut> {
    let mut state = lock(shared);
    let rule = state.rules.iter_mut().find(|rule| rule.happened < rule.times && (rule.matches)(sent))?;
    rule.happened += 1;
    Some(rule.cut)
}

fn stall(shared: &Shared) {
    let mut state = lock(shared);
    let before = state.released;
    while state.released == before && !state.ended {
        state = shared.1.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}
