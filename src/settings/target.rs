//! Where the target is: libpq's two forms of a connection string (PostgreSQL documentation, "Connection Strings").
//!
//! `postgres://user:password@host:port/database?option=value` and `host=… user=… password='…'`. Several hosts are
//! tried in turn. What is wrong is said by the option's name, never by its text: part of a badly quoted password can
//! stand anywhere.

mod network_times;
mod text;

use crate::error::{Error, ErrorKind, Result};
use crate::settings::login::LoginOrigin;
use crate::settings::times;
use network_times::NetworkTimes;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode as DriverMode};

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    System,
    File(PathBuf),
}

/// A validated connection string. `Debug` and `Display` show no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSettings {
    config: Config,
    mode: SslMode,
    roots: Roots,
    socket_timeout: Duration,
    login: LoginOrigin,
}

/// Options that the driver reads itself.
const DRIVER_OPTIONS: [&str; 13] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "keepalives",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// libpq options that change nothing here.
const IGNORED_OPTIONS: [&str; 3] = ["client_encoding", "fallback_application_name", "sslcompression"];

/// Options that are read here, or refused.
const OTHER_OPTIONS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "passfile",
    "service",
    "krbsrvname",
    "require_auth",
    "gssencmode",
];

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, format!("target URL: {}", message.into()))
}

impl TargetSettings {
    /// Reads a URI or a keyword string.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], naming the option or the part that is wrong and never its text.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let uri = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"));
        let pairs = match uri {
            Some(rest) => text::uri_pairs(rest)?,
            None if text.contains("://") => {
                return Err(refused("the scheme must be postgres:// or postgresql://"));
            }
            None => text::keyword_pairs(text)?,
        };
        let mut mode = None;
        let mut roots = Roots::System;
        let mut system = false;
        let mut driver = Vec::new();
        let mut times = NetworkTimes::default();
        for (position, (key, value)) in pairs.into_iter().enumerate() {
            match key.as_str() {
                "sslmode" => mode = Some(ssl_mode(&value)?),
                "sslrootcert" if value == "system" => system = true,
                "sslrootcert" if !value.is_empty() => roots = Roots::File(PathBuf::from(value)),
                key if network_times::OPTIONS.contains(&key) => times.set(key, &value)?,
                key if DRIVER_OPTIONS.contains(&key) => driver.push((key.to_owned(), value)),
                key if IGNORED_OPTIONS.contains(&key) || value.is_empty() => {}
                "sslcert" | "sslkey" | "sslpassword" | "sslcrl" | "passfile" | "service" | "krbsrvname"
                | "require_auth" => {
                    return Err(refused(format!("the option {key} is not supported")));
                }
                "gssencmode" if value != "require" => {}
                _ => {
                    return Err(refused(format!(
                        "option {} is not known; known are sslmode, sslrootcert, {}, {}",
                        position + 1,
                        DRIVER_OPTIONS.join(", "),
                        network_times::OPTIONS.join(", ")
                    )));
                }
            }
        }
        let mode = match (system, mode) {
            (true, None | Some(SslMode::VerifyFull)) => SslMode::VerifyFull,
            (true, Some(_)) => return Err(refused("sslrootcert=system needs sslmode=verify-full")),
            (false, mode) => mode.unwrap_or(SslMode::Prefer),
        };
        let mut config = driver_config(&driver)?;
        times.apply(&mut config);
        let (socket_timeout, login) = (times.socket_timeout(), LoginOrigin::default());
        Ok(Self { config, mode, roots, socket_timeout, login })
    }

    /// With the file that the URL was read from.
    #[must_use]
    pub fn from_file(self, file: Option<PathBuf>) -> Self {
        Self { login: LoginOrigin::of_file(file), ..self }
    }

    /// These settings with user and password as the file of the URL has them now.
    #[must_use]
    pub fn current(&self) -> Self {
        let mut current = self.clone();
        if let Some(Ok(read)) = self.login.text().as_deref().map(Self::parse) {
            if let Some(user) = read.config.get_user() {
                current.config.user(user);
            }
            if let Some(password) = read.config.get_password() {
                current.config.password(password);
            }
        }
        current
    }

    /// Where the login came from, and whether it was accepted before.
    #[must_use]
    pub const fn login(&self) -> &LoginOrigin {
        &self.login
    }

    /// How long an answer is waited for, and how long the target may take no data (`socketTimeout`).
    #[must_use]
    pub const fn socket_timeout(&self) -> Duration {
        self.socket_timeout
    }

    /// The `sslmode`.
    #[must_use]
    pub const fn ssl_mode(&self) -> SslMode {
        self.mode
    }

    /// The `sslrootcert`.
    #[must_use]
    pub const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// `host:port` of each host, separated by commas.
    #[must_use]
    pub fn address(&self) -> String {
        let ports = self.config.get_ports();
        let shown = self.config.get_hosts().iter().enumerate().map(|(i, host)| {
            let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        });
        shown.collect::<Vec<_>>().join(",")
    }

    /// The driver's configuration for one attempt.
    pub(crate) fn driver(&self, mode: DriverMode, application_name: &str) -> Config {
        let mut config = self.config.clone();
        let socket = config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_)));
        // libpq too ignores sslmode on a Unix socket.
        config.ssl_mode(if socket { DriverMode::Disable } else { mode });
        if !application_name.is_empty() {
            config.application_name(application_name);
        }
        config
    }

    /// How long a whole connection attempt may take: each host's connect timeout, and as much again for TLS and login.
    pub(crate) fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1).max(1);
        let each =
            self.config.get_connect_timeout().copied().unwrap_or(times::TARGET_CONNECT_TIMEOUT.default);
        each.saturating_mul(hosts).saturating_mul(2)
    }
}

/// `host:port/database`; no user, no password.
impl fmt::Display for TargetSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.database())
    }
}

fn ssl_mode(text: &str) -> Result<SslMode> {
    Ok(match text {
        "disable" => SslMode::Disable,
        "allow" => SslMode::Allow,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => {
            return Err(refused("sslmode must be disable, allow, prefer, require, verify-ca or verify-full"));
        }
    })
}

/// Hands the options to the driver's own parser, one by one first, so that the wrong one can be named.
fn driver_config(pairs: &[(String, String)]) -> Result<Config> {
    let mut whole = String::new();
    for (key, value) in pairs {
        let option = format!("{key}='{}' ", value.replace('\\', "\\\\").replace('\'', "\\'"));
        Config::from_str(&option).map_err(|_| refused(format!("the value of {key} is not valid")))?;
        whole.push_str(&option);
    }
    let mut config = Config::from_str(&whole).map_err(|_| refused("it cannot be read"))?;
    if config.get_hosts().is_empty() {
        // A host name is what TLS needs; an address serves as one.
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    let hosts = config.get_hosts().len();
    if hosts == 0 || config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.is_empty()))
    {
        return Err(refused("a host is missing"));
    }
    if config.get_ports().len() > 1 && config.get_ports().len() != hosts {
        return Err(refused("there are not as many ports as hosts"));
    }
    let user = config.get_user().unwrap_or_default().to_owned();
    if user.is_empty() {
        return Err(refused("the user is missing"));
    }
    if config.get_dbname().unwrap_or_default().is_empty() {
        config.dbname(user);
    }
    Ok(config)
}

/// A key that may be shown, or nothing: text that is no known key may be part of a password.
fn shown_key(key: &str) -> String {
    let all = [&OTHER_OPTIONS[..], &DRIVER_OPTIONS, &network_times::OPTIONS, &IGNORED_OPTIONS];
    if all.concat().contains(&key) { key.to_owned() } else { "an option".to_owned() }
}

#[cfg(test)]
mod tests;
