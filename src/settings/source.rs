//! Connection settings of the source, from a URL (`mssql://`, `sqlserver://`), an ADO.NET or a JDBC connection string.
//!
//! The three syntaxes are split into key and value pairs ([`text`]); ONE table ([`Key::from_name`]) says what a key
//! means in all of them. An unknown key is an error that names the closest one: a misspelt `encrypt` must not be
//! ignored. No error holds a value other than those of harmless keys, and never the password or the whole text.

mod keys;
mod text;

use super::login::LoginOrigin;
use super::times::{self, TimeSetting};
use crate::error::{Error, ErrorKind, Result};
use crate::model::likeness::{closest, did_you_mean};
use crate::secret::Secret;
use keys::Key;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The largest packet that TDS knows is 32767 bytes (MS-TDS 2.2.6.4, PacketSize).
const LARGEST_PACKET: u32 = 32_767;
/// The largest packet that fits a TLS record.
const LARGEST_TLS_PACKET: u32 = 16_383;
const SMALLEST_PACKET: u32 = 512;
const DEFAULT_PORT: u16 = 1433;

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encrypt {
    /// Nothing, not even the login.
    Off,
    /// The login packet only.
    LoginOnly,
    /// Everything, TLS inside the TDS 7.4 pre-login.
    On,
    /// Everything, TLS before the first TDS byte (TDS 8.0).
    Strict,
}

/// Where the source is and how to log in.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    pub host: String,
    pub port: u16,
    /// Of a named instance whose port SQL Browser must be asked for; None if a port is given.
    pub instance: Option<String>,
    pub database: String,
    /// A database snapshot of `database`, to be read in its stead.
    pub snapshot: Option<String>,
    pub user: String,
    password: Secret,
    pub encrypt: Encrypt,
    /// Accept any certificate.
    pub trust_certificate: bool,
    /// PEM file with the CAs that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub host_name_in_certificate: Option<String>,
    /// Bytes, 512 to 32767; asked for, the server may answer with less.
    pub packet_size: u32,
    /// For TCP, TLS and login together.
    pub connect_timeout: Duration,
    /// Not one byte for so long: the connection is taken for dead.
    pub read_timeout: Duration,
    pub application_name: String,
    /// `ApplicationIntent=ReadOnly`: an availability group may route to a readable replica.
    pub read_only: bool,
    login: LoginOrigin,
}

impl SourceSettings {
    /// Reads a URL, an ADO.NET or a JDBC connection string.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]; the text never holds the password.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let pairs = if let Some(rest) = text::strip_prefix(text, "jdbc:sqlserver://") {
            text::jdbc(rest)?
        } else if let Some(rest) =
            text::strip_prefix(text, "mssql://").or_else(|| text::strip_prefix(text, "sqlserver://"))
        {
            text::url(rest)?
        } else if text.contains("://") && !text.contains('=') {
            return Err(config("is of an unknown kind; use mssql://user:password@host:1433/database"));
        } else {
            text::ado(text)?
        };
        let mut draft = Draft::default();
        for (name, value) in pairs {
            draft.set(&name, value)?;
        }
        draft.finish()
    }

    /// With the file that the URL was read from.
    #[must_use]
    pub fn from_file(self, file: Option<PathBuf>) -> Self {
        Self { login: LoginOrigin::of_file(file), ..self }
    }

    /// These settings with user and password as the file of the URL has them now.
    #[must_use]
    pub fn current(&self) -> Self {
        match self.login.text().as_deref().map(Self::parse) {
            Some(Ok(read)) => Self { user: read.user, password: read.password, ..self.clone() },
            _ => self.clone(),
        }
    }

    /// Where the login came from, and whether it was accepted before.
    #[must_use]
    pub const fn login(&self) -> &LoginOrigin {
        &self.login
    }

    /// For handing to the server.
    #[must_use]
    pub const fn password(&self) -> &Secret {
        &self.password
    }

    /// What the login asks for: packets above 16383 bytes do not fit a TLS record.
    #[must_use]
    pub fn packet_size_for(&self, encrypted: bool) -> u32 {
        if encrypted { self.packet_size.min(LARGEST_TLS_PACKET) } else { self.packet_size }
    }
}

/// `host:port/database`, without user and password.
impl fmt::Display for SourceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match &self.instance {
            Some(instance) => write!(f, "{host}\\{instance}/{}", self.database),
            None => write!(f, "{host}:{}/{}", self.port, self.database),
        }
    }
}

fn config(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the source URL {what}"))
}

/// Settings while they are read.
#[derive(Default)]
struct Draft {
    seen: Vec<Key>,
    server: Option<String>,
    port: Option<u16>,
    instance: Option<String>,
    database: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    encrypt: Option<Encrypt>,
    trust: bool,
    ca_file: Option<PathBuf>,
    host_name: Option<String>,
    packet_size: Option<u32>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    application: Option<String>,
    read_only: bool,
}

impl Draft {
    fn set(&mut self, name: &str, value: String) -> Result<()> {
        let Some(key) = Key::from_name(name) else {
            // It is not repeated: it may be the tail of a password that was not encoded or quoted.
            let question =
                did_you_mean(&closest(name, Key::NAMES)).map_or_else(String::new, |it| format!("{it} else "));
            let what =
                format!("has an unknown key; {question}encode or quote special characters of the password");
            return Err(config(&what));
        };
        if key == Key::Ignored {
            return Ok(());
        }
        if self.seen.contains(&key) {
            return Err(config(&format!("gives `{name}` twice")));
        }
        self.seen.push(key);
        let filled = (!value.is_empty()).then_some(value);
        let Some(value) = filled else {
            // An empty value is as good as none, save for an empty password.
            if key == Key::Password {
                self.password = Some(Secret::default());
            }
            return Ok(());
        };
        match key {
            Key::Server => self.set_server(&value)?,
            Key::Port => self.port = Some(port(&value)?),
            Key::Instance => self.instance = Some(value),
            Key::Database => self.database = Some(value),
            Key::User => self.user = Some(value),
            Key::Password => self.password = Some(Secret::new(value)),
            Key::Encrypt => self.encrypt = Some(encrypt(&value)?),
            Key::Trust => self.trust = boolean(name, &value)?,
            Key::CaFile => self.ca_file = Some(PathBuf::from(value)),
            Key::HostName => self.host_name = Some(value),
            Key::PacketSize => self.packet_size = Some(packet_size(&value)?),
            Key::ConnectTimeout => {
                let time = Duration::from_secs(number(name, &value)?);
                self.connect_timeout = accepted(name, time, &times::SOURCE_CONNECT_TIMEOUT)?;
            }
            Key::ReadTimeout => {
                let time = Duration::from_secs(number(name, &value)?);
                self.read_timeout = accepted(name, time, &times::SOURCE_READ_TIMEOUT)?;
            }
            Key::ReadTimeoutMillis => {
                let time = Duration::from_millis(number(name, &value)?);
                self.read_timeout = accepted(name, time, &times::SOURCE_READ_TIMEOUT)?;
            }
            Key::Application => self.application = Some(value),
            Key::Intent => self.read_only = value.eq_ignore_ascii_case("readonly"),
            Key::Integrated => refuse_integrated(name, &value)?,
            Key::Authentication => authentication(&value)?,
            Key::Ignored => {}
        }
        Ok(())
    }

    /// `tcp:host\instance,port`, every part but the host optional.
    fn set_server(&mut self, value: &str) -> Result<()> {
        let mut rest = value.trim();
        if let Some((protocol, tail)) = rest.split_once(':')
            && ["tcp", "np", "lpc", "admin"].iter().any(|name| protocol.eq_ignore_ascii_case(name))
        {
            if !protocol.eq_ignore_ascii_case("tcp") {
                return Err(config("names a protocol other than tcp"));
            }
            rest = tail;
        }
        if let Some((host, text)) = rest.split_once(',') {
            if self.port.is_none() {
                self.port = Some(port(text)?);
            }
            rest = host;
        }
        if let Some((host, instance)) = rest.split_once('\\') {
            // `host\MSSQLSERVER` is the default instance.
            if !instance.is_empty() && !instance.eq_ignore_ascii_case("MSSQLSERVER") {
                self.instance = Some(instance.trim().to_owned());
            }
            rest = host;
        }
        let host = rest.trim().trim_start_matches('[').trim_end_matches(']');
        let local = host == "." || host.eq_ignore_ascii_case("(local)");
        self.server = Some(if local { "localhost".to_owned() } else { host.to_owned() });
        Ok(())
    }

    fn finish(self) -> Result<SourceSettings> {
        let host = self.server.filter(|host| !host.is_empty()).ok_or_else(|| config("names no server"))?;
        let database = self.database.ok_or_else(|| config("names no database"))?;
        let user = self.user.ok_or_else(|| config("names no user"))?;
        let password = self.password.ok_or_else(|| config("has no password"))?;
        if self.trust && self.ca_file.is_some() {
            return Err(config("both trusts any certificate and names a CA file; give one of them"));
        }
        let encrypt = self.encrypt.unwrap_or(Encrypt::On);
        if encrypt == Encrypt::Strict && self.trust {
            return Err(config(
                "asks for encrypt=strict, which never trusts any certificate; name a CA file instead",
            ));
        }
        Ok(SourceSettings {
            host,
            // A port says it all: the instance's name is then ignored, as by Microsoft's drivers.
            instance: if self.port.is_none() { self.instance } else { None },
            port: self.port.unwrap_or(DEFAULT_PORT),
            database,
            snapshot: None,
            user,
            password,
            encrypt,
            trust_certificate: self.trust,
            ca_file: self.ca_file,
            host_name_in_certificate: self.host_name,
            packet_size: self.packet_size.unwrap_or(LARGEST_PACKET),
            connect_timeout: self.connect_timeout.unwrap_or(times::SOURCE_CONNECT_TIMEOUT.default),
            read_timeout: self.read_timeout.unwrap_or(times::SOURCE_READ_TIMEOUT.default),
            application_name: self.application.unwrap_or_else(|| "shardferry".to_owned()),
            read_only: self.read_only,
            login: LoginOrigin::default(),
        })
    }
}

fn port(text: &str) -> Result<u16> {
    match text.trim().parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(config("has a port that is not a number from 1 to 65535")),
    }
}

fn packet_size(text: &str) -> Result<u32> {
    match text.trim().parse() {
        Ok(size @ SMALLEST_PACKET..=LARGEST_PACKET) => Ok(size),
        // 32768 is what the server's own setting allows, and what JDBC users write.
        Ok(32_768) => Ok(LARGEST_PACKET),
        _ => Err(config("has a packet size that is not a number from 512 to 32767")),
    }
}

fn number(name: &str, text: &str) -> Result<u64> {
    text.trim().parse().map_err(|_| config(&format!("has a `{name}` that is not a number")))
}

/// The time; None for 0, which leaves the default.
fn accepted(name: &str, time: Duration, setting: &TimeSetting) -> Result<Option<Duration>> {
    let time =
        setting.accepted(time).map_err(|why| config(&format!("has a `{name}` that is wrong: {why}")))?;
    Ok(Some(time).filter(|time| !time.is_zero()))
}

fn boolean(name: &str, text: &str) -> Result<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Ok(true),
        "false" | "no" | "0" | "off" => Ok(false),
        _ => Err(config(&format!("has a `{name}` that is neither true nor false"))),
    }
}

fn encrypt(text: &str) -> Result<Encrypt> {
    match text.trim().to_ascii_lowercase().as_str() {
        "off" | "false" | "no" | "0" | "disable" | "disabled" | "optional" => Ok(Encrypt::Off),
        "login" | "login-only" | "loginonly" => Ok(Encrypt::LoginOnly),
        "on" | "true" | "yes" | "1" | "mandatory" | "require" | "required" => Ok(Encrypt::On),
        "strict" => Ok(Encrypt::Strict),
        _ => Err(config("has an `encrypt` that is none of off, login, on, strict")),
    }
}

fn refuse_integrated(name: &str, text: &str) -> Result<()> {
    if text.eq_ignore_ascii_case("sspi") || boolean(name, text)? {
        return Err(config(
            "asks for integrated security; only SQL Server logins (user and password) are supported",
        ));
    }
    Ok(())
}

fn authentication(text: &str) -> Result<()> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    match plain.as_str() {
        "sqlpassword" | "notspecified" => Ok(()),
        _ => Err(config(
            "asks for an `authentication` other than SqlPassword; only SQL Server logins are supported",
        )),
    }
}

#[cfg(test)]
mod tests;
