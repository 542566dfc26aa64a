//! One connection from its first byte to its last: PRELOGIN, TLS, LOGIN7, then requests.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::login::{self, Login7};
use super::output::{self, Output};
use super::packet::{self, Message, invalid, read_message};
use super::prelogin::{self, Encryption};
use super::session::Requests;
use super::tokens::{self, DONE_ERROR, Done};
use crate::collation;
use crate::faults::FaultKind;
use crate::results::{EnvChange, Session, SqlError};
use crate::server::{Shared, TlsMode};

/// What the rest of the connection runs on, encrypted or not.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}
type Stream = Box<dyn Duplex>;

/// Requests that wait for the session's thread: a client sends at most one and an Attention.
const WAITING: usize = 4;
/// First byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves one connection.
///
/// # Errors
/// Whatever the client did wrong, for the log.
pub(crate) async fn serve(shared: Arc<Shared>, socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    // A second handle, so that the connection can be reset from outside of the TLS stream.
    let socket = socket.into_std()?;
    let handle = socket.try_clone()?;
    let socket = TcpStream::from_std(socket)?;
    let mut restarted = shared.restarts();
    let reset = tokio::select! {
        reset = converse(&shared, socket) => reset?,
        _ = restarted.changed() => true,
    };
    if reset {
        socket2::SockRef::from(&handle).set_linger(Some(std::time::Duration::ZERO))?;
    }
    Ok(())
}

/// `true` when the connection is to be closed with RST.
async fn converse(shared: &Arc<Shared>, socket: TcpStream) -> io::Result<bool> {
    let Some((mut stream, login)) = open(shared, socket).await? else { return Ok(false) };
    let packet_size = login::packet_size(login.packet_size, shared.max_packet);
    let session = match authenticate(shared, &login).await {
        Ok(session) => session,
        Err(error) => {
            shared.stats.failed_logins.fetch_add(1, Ordering::Relaxed);
            let mut body = Vec::new();
            tokens::message(&error, &mut body);
            tokens::done(Done::Batch, DONE_ERROR, 0, 0, &mut body);
            stream.write_all(&packet::message(packet::REPLY, 4096, body)).await?;
            stream.shutdown().await?;
            return Ok(false);
        }
    };
    shared.stats.logins.fetch_add(1, Ordering::Relaxed);
    let body = welcome(shared, &login, session.database(), packet_size);
    stream.write_all(&packet::message(packet::REPLY, 4096, body)).await?;
    stream.flush().await?;
    requests(shared, stream, session, packet_size).await
}

/// PRELOGIN, TLS and LOGIN7; `None` when the client went away.
async fn open(shared: &Shared, mut socket: TcpStream) -> io::Result<Option<(Stream, Login7)>> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first[0] == TLS_HANDSHAKE {
        let Some(identity) = shared.identity.as_ref() else {
            return Err(invalid("strict encryption asked of a server without TLS"));
        };
        let mut stream = identity.accept_strict(socket).await?;
        let Some(prelogin) = expect(&mut stream, packet::PRELOGIN).await? else { return Ok(None) };
        let fed_auth = prelogin::decode(&prelogin.body)?.fed_auth;
        let answer = prelogin::encode(Encryption::NotSupported, fed_auth);
        stream.write_all(&packet::message(packet::REPLY, 4096, answer)).await?;
        stream.flush().await?;
        let Some(message) = expect(&mut stream, packet::LOGIN7).await? else { return Ok(None) };
        return Ok(Some((Box::new(stream), login::decode(&message.body)?)));
    }
    if shared.tls == TlsMode::Strict {
        return Err(invalid("this server takes strict encryption only"));
    }
    let Some(prelogin) = expect(&mut socket, packet::PRELOGIN).await? else { return Ok(None) };
    let asked = prelogin::decode(&prelogin.body)?;
    let encryption = answer(shared.tls, asked.encryption);
    let reply = prelogin::encode(encryption, asked.fed_auth);
    socket.write_all(&packet::message(packet::REPLY, 4096, reply)).await?;
    if encryption == Encryption::NotSupported {
        let Some(message) = expect(&mut socket, packet::LOGIN7).await? else { return Ok(None) };
        return Ok(Some((Box::new(socket), login::decode(&message.body)?)));
    }
    if asked.encryption == Encryption::NotSupported {
        return Err(invalid("the client cannot encrypt, and this server requires it"));
    }
    let Some(identity) = shared.identity.as_ref() else { return Err(invalid("no certificate")) };
    let mut stream = identity.accept_wrapped(socket).await?;
    let Some(message) = expect(&mut stream, packet::LOGIN7).await? else { return Ok(None) };
    let login = login::decode(&message.body)?;
    if encryption == Encryption::Off {
        // Only the login was encrypted; the client sends nothing more before it has the answer.
        return Ok(Some((Box::new(stream.into_inner().0.into_inner()), login)));
    }
    Ok(Some((Box::new(stream), login)))
}

/// MS-TDS 2.2.6.5: the server's answer by its own setting and the client's wish.
fn answer(mode: TlsMode, client: Encryption) -> Encryption {
    match (mode, client) {
        (TlsMode::Off, _) | (TlsMode::LoginOnly, Encryption::NotSupported) => Encryption::NotSupported,
        (TlsMode::LoginOnly, Encryption::Off) => Encryption::Off,
        (_, Encryption::On | Encryption::Required) => Encryption::On,
        (TlsMode::Full | TlsMode::Strict, Encryption::Off | Encryption::NotSupported) => Encryption::Required,
    }
}

async fn expect(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> io::Result<Option<Message>> {
    match read_message(stream).await? {
        Some(message) if message.kind != kind => {
            Err(invalid(&format!("packet of type 0x{:02X} instead of 0x{kind:02X}", message.kind)))
        }
        message => Ok(message),
    }
}

async fn authenticate(shared: &Arc<Shared>, login: &Login7) -> Result<Box<dyn Session>, SqlError> {
    let failed = || {
        let text = format!("Login failed for user '{}'.", login.login.user);
        tokens::error(18456, 14, text)
    };
    if login.integrated {
        return Err(tokens::error(18452, 14, "Login failed. mssim knows SQL Server authentication only."));
    }
    if login.version < login::OLDEST_VERSION && login.version != login::TDS_80 {
        return Err(tokens::error(
            17829,
            20,
            "mssim: TDS 7.3B is the oldest version that this server speaks",
        ));
    }
    for (id, kind) in shared.faults.armed(&login.described()) {
        if kind == FaultKind::LoginFailure && shared.faults.happens(id) {
            return Err(failed());
        }
        if kind == FaultKind::LoginThrottled && shared.faults.happens(id) {
            let text = "Cannot process request. Not enough resources to process request. Please retry you request later.";
            return Err(tokens::error(49918, 16, text));
        }
    }
    let (backend, login) = (Arc::clone(&shared.backend), login.login.clone());
    let session = tokio::task::spawn_blocking(move || backend.login(&login)).await;
    session.unwrap_or_else(|e| Err(tokens::error(50999, 20, format!("mssim: the login ended badly: {e}"))))
}

/// The reply to a login that succeeded.
fn welcome(shared: &Shared, login: &Login7, database: &str, packet_size: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let change = EnvChange::Database { from: "master".to_owned(), to: database.to_owned() };
    tokens::env_change(&change, &mut out);
    let text = format!("Changed database context to '{database}'.");
    tokens::message(&SqlError { state: 2, ..tokens::error(5701, 10, text) }, &mut out);
    tokens::env_collation(collation::DEFAULT.wire, &mut out);
    tokens::env_language(&mut out);
    tokens::message(&tokens::error(5703, 10, "Changed language setting to us_english."), &mut out);
    let version =
        if login.version == login::TDS_80 { login::TDS_80 } else { login.version.min(login::TDS_74) };
    tokens::login_ack(version, &mut out);
    tokens::env_packet_size(4096, packet_size, &mut out);
    for (id, kind) in shared.faults.armed(&login.described()) {
        if let FaultKind::Routing { host, port } = kind
            && shared.faults.happens(id)
        {
            tokens::env_routing(&host, port, &mut out);
        }
    }
    if let Some(features) = &login.features {
        tokens::feature_ack(features, &mut out);
    }
    tokens::done(Done::Batch, 0, 0, 0, &mut out);
    out
}

/// Reads requests for the session's thread and writes what it answers, until either ends.
async fn requests(
    shared: &Arc<Shared>,
    stream: Stream,
    session: Box<dyn Session>,
    packet_size: u16,
) -> io::Result<bool> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (queue, outgoing) = mpsc::channel(output::QUEUE);
    let (incoming, waiting) = mpsc::channel(WAITING);
    let cancelled = session.cancelled();
    let packet_size = usize::from(packet_size);
    let requests = Requests {
        shared: Arc::clone(shared),
        session,
        output: Output::new(queue, Arc::clone(&cancelled), packet_size),
        cancelled: Arc::clone(&cancelled),
        packet_size,
        prepared: HashMap::new(),
        last_handle: 0,
        transaction: 0,
    };
    let running = tokio::task::spawn_blocking(move || requests.run(waiting));
    let reading = async {
        while let Some(message) = read_message(&mut reader).await? {
            if message.kind == packet::ATTENTION {
                cancelled.store(true, Ordering::Relaxed);
            }
            if incoming.send(message).await.is_err() {
                break;
            }
        }
        io::Result::Ok(())
    };
    let reset = tokio::select! {
        reset = output::write_all(outgoing, &mut writer) => reset?,
        read = reading => {
            // The client is gone: the session's thread ends with its queues, and what it computes ends now.
            cancelled.store(true, Ordering::Relaxed);
            read?;
            return Ok(false);
        }
    };
    if !reset {
        writer.shutdown().await?;
    }
    drop(incoming);
    if let Err(e) = running.await {
        tracing::error!("the session ended badly: {e}");
    }
    Ok(reset)
}
