//! The server: a listener, its connections, their faults and figures. Runs on threads of its own, so that a test may
//! use it from synchronous and asynchronous code alike.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::faults::Faults;
use crate::replay::Replay;
use crate::results::Backend;
use crate::tls::Identity;
use crate::wire::connection;

/// Batches whose text is remembered for [`Stats::batches_containing`].
const REMEMBERED: usize = 100_000;

/// What the server does about encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS at all.
    Off,
    /// The login is encrypted if the client can; everything if the client wants it; strict clients are served too.
    LoginOnly,
    /// Everything is encrypted; clients that cannot are refused; strict clients are served too.
    Full,
    /// TDS 8 only.
    Strict,
}

/// How to start a [`Server`].
pub struct Options {
    /// Where to listen.
    pub host: IpAddr,
    /// 0 takes any free port.
    pub port: u16,
    pub tls: TlsMode,
    /// What answers.
    pub backend: Arc<dyn Backend>,
    /// Keeps every successful result of a batch without parameters in memory and replays it ever after.
    pub replay: bool,
    /// Largest packet that clients get, 512 to 32767 bytes.
    pub max_packet: u16,
}

impl Options {
    /// 127.0.0.1, any port, no TLS, no replay, packets up to 32767 bytes.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { host, port: 0, tls: TlsMode::Off, backend, replay: false, max_packet: 32767 }
    }
}

/// A running server; dropping it closes everything.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Binds the port and starts to serve.
    ///
    /// # Errors
    /// A port that cannot be bound, a certificate or threads that cannot be made.
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(4096)
            .thread_name("mssim")
            .enable_all()
            .build()?;
        let identity = match options.tls {
            TlsMode::Off => None,
            _ => Some(Identity::new(&options.host.to_string())?),
        };
        let listener = {
            let _context = runtime.enter();
            listen(SocketAddr::new(options.host, options.port))?
        };
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            backend: options.backend,
            tls: options.tls,
            identity,
            max_packet: options.max_packet.clamp(512, 32767),
            replay_on: options.replay,
            replay: Replay::default(),
            faults: Faults::default(),
            stats: Stats::default(),
            restart: watch::Sender::new(Duration::ZERO),
        });
        runtime.spawn(accept(Arc::clone(&shared), listener, address));
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The faults, to be set at any time.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// The authority that clients must trust, PEM; `None` without TLS. Its certificate is for `localhost`,
    /// `127.0.0.1` and `::1`.
    #[must_use]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.shared.identity.as_ref().map(|i| i.certificate_pem.as_str())
    }

    /// Logins, batches, rows so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// Resets all connections and refuses new ones for `down`.
    pub fn restart(&self, down: Duration) {
        self.shared.restart(down);
    }

    /// Closes everything; the same as dropping it.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.faults.clear();
        if let Some(runtime) = self.runtime.take() {
            // Not `shutdown_timeout`: it must not block within a test's own runtime.
            runtime.shutdown_background();
        }
    }
}

/// What tests want to know of a server.
#[derive(Debug, Default)]
pub struct Stats {
    pub(crate) connections: AtomicU64,
    pub(crate) logins: AtomicU64,
    pub(crate) failed_logins: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) attentions: AtomicU64,
    pub(crate) rows: AtomicU64,
    texts: Mutex<Vec<String>>,
    log: OnceLock<Mutex<std::fs::File>>,
}

impl Stats {
    /// Connections accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Logins that succeeded.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.logins.load(Ordering::Relaxed)
    }

    /// Logins that were refused.
    #[must_use]
    pub fn failed_logins(&self) -> u64 {
        self.failed_logins.load(Ordering::Relaxed)
    }

    /// Batches and parameterised statements.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Attentions that were acknowledged.
    #[must_use]
    pub fn attentions(&self) -> u64 {
        self.attentions.load(Ordering::Relaxed)
    }

    /// Rows of all results, replayed ones not counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Among the first 100 000 batches those whose text contains `text`.
    #[must_use]
    pub fn batches_containing(&self, text: &str) -> usize {
        self.texts().iter().filter(|t| t.contains(text)).count()
    }

    /// The texts of the first 100 000 batches, in order.
    #[must_use]
    pub fn batch_texts(&self) -> Vec<String> {
        self.texts().clone()
    }

    /// From now on writes the text of every batch there, each with a NUL behind it. Only the first call counts.
    pub fn log_to(&self, file: std::fs::File) {
        let _ = self.log.set(Mutex::new(file));
    }

    pub(crate) fn batch(&self, sql: &str) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        if let Some(log) = self.log.get() {
            // One write, so that texts of several connections stay whole; a full disk is no matter of the client.
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = log.write_all(format!("{sql}\0").as_bytes());
        }
        let mut texts = self.texts();
        if texts.len() < REMEMBERED {
            texts.push(sql.to_owned());
        }
    }

    fn texts(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) tls: TlsMode,
    pub(crate) identity: Option<Identity>,
    pub(crate) max_packet: u16,
    replay_on: bool,
    pub(crate) replay: Replay,
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    /// How long the server is down; every value sent is one restart.
    restart: watch::Sender<Duration>,
}

impl Shared {
    pub(crate) fn replay_wanted(&self) -> bool {
        self.replay_on
    }

    pub(crate) fn restart(&self, down: Duration) {
        self.restart.send_replace(down);
    }

    pub(crate) fn restarts(&self) -> watch::Receiver<Duration> {
        self.restart.subscribe()
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // After a restart connections of the old listener may still linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn accept(shared: Arc<Shared>, mut listener: TcpListener, address: SocketAddr) {
    let mut restarts = shared.restarts();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    shared.stats.connections.fetch_add(1, Ordering::Relaxed);
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move {
                        if let Err(e) = connection::serve(shared, socket).await {
                            tracing::debug!(%peer, "connection ended: {e}");
                        }
                    });
                }
                Err(e) => {
                    tracing::warn!("accept failed: {e}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            changed = restarts.changed() => {
                if changed.is_err() {
                    return;
                }
                let down = *restarts.borrow_and_update();
                drop(listener);
                tokio::time::sleep(down).await;
                listener = loop {
                    match listen(address) {
                        Ok(listener) => break listener,
                        Err(e) => tracing::warn!("cannot listen again: {e}"),
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                };
            }
        }
    }
}
