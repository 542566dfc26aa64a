//! One connection to the source.
//!
//! tiberius logs in and runs [`Client::rows`]; [`Client::execute`] and [`Client::read`] write their own requests on the
//! same connection and read the answers themselves. Only one request is under way at a time, and every one is read to
//! its end before the next: a call that was dropped half-way, a [`RowStream`] that was dropped before its end, or a
//! broken stream closes the connection, and every later call fails with `SourceUnavailable`.
//!
//! Transactions: begin and end them by [`Client::execute`] only. Their descriptor (MS-TDS 2.2.5.3.2) is learned there
//! and put into every later request, tiberius' among them.

mod queries;

use super::browser;
use super::connection_errors::{io_error, tiberius_error};
use super::control::{self, Answer};
use super::rows::RowStream;
use super::transport::{self, Handle};
use super::wire::Decoder;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::source::SourceSettings;
use std::io;
use std::time::Duration;
use tiberius::error::Error as TdsError;
use tokio::time::timeout;

const MOST_REDIRECTS: usize = 3;
/// Agreed on before the login, and kept if the server does not say otherwise.
const FIRST_PACKET_SIZE: usize = 4096;
/// An answer without rows is some hundred bytes; messages of PRINT may make it longer.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What every session starts with.
const SESSION: &str = include_str!("sql/session.sql");

/// One logged-in connection.
#[derive(Debug)]
pub struct Client {
    tds: tiberius::Client<Handle>,
    pub(super) wire: Handle,
    pub(super) decoder: Decoder,
    packet_size: usize,
    read_timeout: Duration,
    state: State,
    host: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// A request is under way, or was when its future was dropped.
    Busy,
    Closed,
}

/// How a login ended.
enum Login {
    Done(Box<Client>),
    Redirect(String, u16),
}

impl Client {
    /// Connects and logs in, following redirects.
    ///
    /// # Errors
    /// `SourceUnavailable`, `SourceLogin`, `SourceMissing`, or `Config` if TLS cannot be agreed on.
    pub async fn connect(settings: &SourceSettings) -> Result<Self> {
        let current = settings.current();
        let attempt = Box::pin(Self::establish(&current));
        let connected = timeout(settings.connect_timeout, attempt).await.unwrap_or_else(|_| {
            let seconds = settings.connect_timeout.as_secs();
            Err(Error::new(
                ErrorKind::SourceUnavailable,
                format!("no connection to the source {settings} within {seconds} s"),
            ))
        });
        settings.login().judge(connected, ErrorKind::SourceLogin, ErrorKind::SourceUnavailable)
    }

    async fn establish(settings: &SourceSettings) -> Result<Self> {
        let (mut host, mut port) = (settings.host.clone(), settings.port);
        if let Some(instance) = &settings.instance {
            port = browser::port_of(&host, instance).await?;
        }
        for _ in 0..=MOST_REDIRECTS {
            match Box::pin(Self::login(settings, &host, port)).await? {
                Login::Done(client) => return Ok(*client),
                Login::Redirect(to, at) => {
                    tracing::debug!(host = to, port = at, "the source redirects");
                    // `host\instance` names the instance for show: the port says it all.
                    host = to.split('\\').next().unwrap_or_default().to_owned();
                    port = at;
                }
            }
        }
        Err(Error::new(
            ErrorKind::SourceUnavailable,
            format!("the source {settings} redirects more than {MOST_REDIRECTS} times"),
        ))
    }

    async fn login(settings: &SourceSettings, host: &str, port: u16) -> Result<Login> {
        let wire = transport::connect(settings, host, port).await?;
        let config = login_config(settings, host, port, wire.stays_encrypted());
        let tds = match Box::pin(tiberius::Client::connect(config, wire.clone())).await {
            Ok(tds) => tds,
            Err(TdsError::Routing { host, port }) => return Ok(Login::Redirect(host, port)),
            Err(error) => return Err(tiberius_error(error)),
        };
        let greeting = control::message(&wire.take_tap()).map(|payload| control::read_answer(&payload));
        let packet_size = match greeting {
            Some(Ok(Answer { packet_size, .. })) => packet_size.unwrap_or(FIRST_PACKET_SIZE),
            _ => {
                return Err(Error::new(ErrorKind::SourceRefused, "the source's login answer cannot be read"));
            }
        };
        let mut client = Self {
            tds,
            wire,
            decoder: Decoder::new(),
            packet_size,
            read_timeout: settings.read_timeout,
            state: State::Idle,
            host: host.to_owned(),
        };
        client.execute(SESSION).await?;
        Ok(Login::Done(Box::new(client)))
    }

    /// The host that the connection is to, after redirects.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Bytes, as the server agreed at login.
    #[must_use]
    pub const fn packet_size(&self) -> usize {
        self.packet_size
    }

    /// Runs a batch that returns no rows: `SET …`, `BEGIN TRANSACTION`, `COMMIT`.
    ///
    /// # Errors
    /// The server's first error by its number; `SourceUnavailable` if the connection broke.
    pub async fn execute(&mut self, sql: &str) -> Result<()> {
        self.begin()?;
        match self.execute_begun(sql).await {
            Ok(answer) => {
                if let Some(descriptor) = answer.transaction {
                    self.wire.set_transaction(descriptor);
                }
                self.end();
                answer.error.map_or(Ok(()), Err)
            }
            Err(error) => {
                self.close();
                Err(error)
            }
        }
    }

    async fn execute_begun(&mut self, sql: &str) -> Result<Answer> {
        control::read_answer(&self.answer(sql).await?)
    }

    /// The payload of the answer to a batch that returns no rows.
    async fn answer(&mut self, sql: &str) -> Result<Vec<u8>> {
        self.send(sql).await?;
        let mut received = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = self.receive(&mut buffer).await?;
            received.extend_from_slice(&buffer[..count]);
            if let Some(payload) = control::message(&received) {
                return Ok(payload);
            }
            if received.len() > LONGEST_ANSWER {
                return Err(Error::new(
                    ErrorKind::SourceRefused,
                    "the source's answer is longer than any can be",
                ));
            }
        }
    }

    /// Sends a bulk query; its rows are read from the stream that is returned, columns first.
    ///
    /// # Errors
    /// The server's error by its number; `SourceUnavailable` if the connection breaks. The connection is closed then.
    pub async fn read(&mut self, sql: &str) -> Result<RowStream<'_>> {
        self.begin()?;
        self.decoder.reset();
        if let Err(error) = self.send(sql).await {
            self.close();
            return Err(error);
        }
        RowStream::open(self).await
    }

    fn begin(&mut self) -> Result<()> {
        match self.state {
            State::Idle => {
                self.state = State::Busy;
                Ok(())
            }
            State::Busy | State::Closed => {
                self.close();
                Err(Error::new(
                    ErrorKind::SourceUnavailable,
                    "the connection to the source was given up in the middle of an answer",
                ))
            }
        }
    }

    /// The request under way was read to its end.
    pub(super) fn end(&mut self) {
        self.state = State::Idle;
    }

    /// Closes the connection.
    pub(super) fn close(&mut self) {
        self.state = State::Closed;
        self.wire.close();
    }

    async fn send(&self, sql: &str) -> Result<()> {
        let packets = control::batch(sql, self.packet_size);
        self.in_time(self.wire.send(&packets)).await?;
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.in_time(self.wire.receive(buffer)).await?;
        if count == 0 { Err(ended()) } else { Ok(count) }
    }

    /// Reads into the decoder's buffer; the count of bytes.
    pub(super) async fn receive_rows(&mut self) -> Result<usize> {
        let Self { wire, decoder, read_timeout, .. } = self;
        let received = timeout(*read_timeout, wire.receive(decoder.space())).await;
        match received.map_err(|_| stalled(*read_timeout))?.map_err(broke)? {
            0 => Err(ended()),
            count => {
                decoder.filled(count);
                Ok(count)
            }
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = io::Result<T>>) -> Result<T> {
        timeout(self.read_timeout, work).await.map_err(|_| stalled(self.read_timeout))?.map_err(broke)
    }
}

fn login_config(settings: &SourceSettings, host: &str, port: u16, encrypted: bool) -> tiberius::Config {
    let mut config = tiberius::Config::new();
    config.host(host);
    config.port(port);
    config.database(settings.snapshot.as_ref().unwrap_or(&settings.database));
    config.authentication(tiberius::AuthMethod::sql_server(&settings.user, settings.password().expose()));
    config.application_name(&settings.application_name);
    config.packet_size(settings.packet_size_for(encrypted));
    config.readonly(settings.read_only);
    // Encryption is the transport's.
    config.encryption(tiberius::EncryptionLevel::NotSupported);
    config.handshake_timeout(None);
    config.command_timeout(Some(settings.read_timeout));
    // A name with half a surrogate pair must not cost the whole catalog.
    config.lossy_utf16_decoding(true);
    config
}

fn broke(cause: io::Error) -> Error {
    io_error("the connection to the source broke", cause)
}

fn ended() -> Error {
    Error::new(ErrorKind::SourceUnavailable, "the source closed the connection in the middle of an answer")
}

fn stalled(patience: Duration) -> Error {
    Error::new(ErrorKind::SourceUnavailable, format!("the source sent nothing for {} s", patience.as_secs()))
}
