//! Where the target is: libpq's two forms of a connection string (PostgreSQL documentation, "Connection Strings").
//!
//! `postgres://user:password@host:port/database?option=value` and `host=… user=… password='…'`. Several hosts are
//! tried in turn. What is wrong is said by the option's name, never by its text: part of a badly quoted password can
//! stand anywhere.

use crate::error::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;
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
}

/// Options that the driver reads itself.
const DRIVER_OPTIONS: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// libpq options that change nothing here.
const IGNORED_OPTIONS: [&str; 3] = ["client_encoding", "fallback_application_name", "sslcompression"];

/// Where the string names none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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
            Some(rest) => uri_pairs(rest)?,
            None if text.contains("://") => {
                return Err(refused("the scheme must be postgres:// or postgresql://"));
            }
            None => keyword_pairs(text)?,
        };
        let mut mode = None;
        let mut roots = Roots::System;
        let mut system = false;
        let mut driver = Vec::new();
        for (position, (key, value)) in pairs.into_iter().enumerate() {
            match key.as_str() {
                "sslmode" => mode = Some(ssl_mode(&value)?),
                "sslrootcert" if value == "system" => system = true,
                "sslrootcert" if !value.is_empty() => roots = Roots::File(PathBuf::from(value)),
                key if DRIVER_OPTIONS.contains(&key) => driver.push((key.to_owned(), value)),
                key if IGNORED_OPTIONS.contains(&key) || value.is_empty() => {}
                "sslcert" | "sslkey" | "sslpassword" | "sslcrl" | "passfile" | "service" | "krbsrvname"
                | "require_auth" => {
                    return Err(refused(format!("the option {key} is not supported")));
                }
                "gssencmode" if value != "require" => {}
                _ => {
                    return Err(refused(format!(
                        "option {} is not known; known are sslmode, sslrootcert, {}",
                        position + 1,
                        DRIVER_OPTIONS.join(", ")
                    )));
                }
            }
        }
        let mode = match (system, mode) {
            (true, None | Some(SslMode::VerifyFull)) => SslMode::VerifyFull,
            (true, Some(_)) => return Err(refused("sslrootcert=system needs sslmode=verify-full")),
            (false, mode) => mode.unwrap_or(SslMode::Prefer),
        };
        Ok(Self { config: driver_config(&driver)?, mode, roots })
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
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT) * hosts * 2
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
        let one = format!("{key}='{}' ", value.replace('\\', "\\\\").replace('\'', "\\'"));
        Config::from_str(&one).map_err(|_| refused(format!("the value of {key} is not valid")))?;
        whole.push_str(&one);
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
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    let given = |key: &str| pairs.iter().any(|(name, _)| name == key);
    if !given("keepalives_idle") {
        // The driver's two hours would hide a vanished server for as long.
        config.keepalives_idle(Duration::from_secs(30));
    }
    if !given("keepalives_interval") {
        config.keepalives_interval(Duration::from_secs(10));
        config.keepalives_retries(6);
    }
    Ok(config)
}

/// `user:password@host:port,host/database?key=value&…` as pairs.
fn uri_pairs(rest: &str) -> Result<Vec<(String, String)>> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let mut pairs = Vec::new();
    let mut push = |key: &str, value: &str| -> Result<()> {
        let value = decoded(value).ok_or_else(|| refused(format!("{key} is not percent-encoded UTF-8")))?;
        pairs.push((key.to_owned(), value));
        Ok(())
    };
    let hosts = match authority.rsplit_once('@') {
        None => authority,
        Some((credentials, hosts)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            push("user", user)?;
            if !password.is_empty() {
                push("password", password)?;
            }
            hosts
        }
    };
    if !hosts.is_empty() {
        let (names, ports) = host_list(hosts)?;
        push("host", &names.join(","))?;
        push("port", &ports.join(","))?;
    }
    let database = path.strip_prefix('/').unwrap_or(path);
    if !database.is_empty() {
        push("dbname", database)?;
    }
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| refused("an option after `?` has no `=`"))?;
        let key = decoded(key).unwrap_or_default();
        push(&known(&key), value)?;
    }
    Ok(pairs)
}

/// A key that may be shown, or nothing: text that is no known key may be part of a password.
fn known(key: &str) -> String {
    let shown =
        ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "passfile", "service"];
    let kept = shown.contains(&key)
        || ["krbsrvname", "require_auth", "gssencmode", "keepalives_retries"].contains(&key)
        || DRIVER_OPTIONS.contains(&key)
        || IGNORED_OPTIONS.contains(&key);
    if kept { key.to_owned() } else { "an option".to_owned() }
}

fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

/// `a,b:5433,[::1]:5434` as names and ports.
fn host_list(text: &str) -> Result<(Vec<&str>, Vec<&str>)> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    let wrong = || {
        refused("host and port cannot be read; in user and password write @ : / ? % as %40 %3A %2F %3F %25")
    };
    for host in text.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(rest) => {
                let (name, tail) = rest.split_once(']').ok_or_else(wrong)?;
                (name, tail.strip_prefix(':').or(tail.is_empty().then_some("")).ok_or_else(wrong)?)
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        names.push(name);
        ports.push(if port.is_empty() { "5432" } else { port });
    }
    Ok((names, ports))
}

/// `key = value key='quoted \' value'` as pairs.
fn keyword_pairs(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(pairs);
        }
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '=') {
            key.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            return Err(refused(format!(
                "neither postgres://user:password@host:5432/database nor key=value pairs: after option {} an `=` is missing (quote values with spaces)",
                pairs.len() + 1
            )));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match chars.next() {
                Some('\\') => value.extend(chars.next()),
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some(c) => value.push(c),
                None if quoted => return Err(refused("a quoted value has no end")),
                None => break,
            }
        }
        pairs.push((known(&key), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> TargetSettings {
        TargetSettings::parse(text).unwrap()
    }

    #[test]
    fn both_forms_say_the_same() {
        let uri = parse(
            "postgresql://jo%40x:p%40ss%2Fw%27%5C@db.example:5433/my%20db?connect_timeout=3&sslmode=require&application_name=a%26b",
        );
        let keywords = parse(
            r"host = db.example port=5433 user=jo@x password='p@ss/w\'\\' dbname='my db' connect_timeout=3 sslmode=require application_name=a&b",
        );
        assert_eq!(uri, keywords);
        assert_eq!(uri.to_string(), "db.example:5433/my db");
        assert_eq!(uri.ssl_mode(), SslMode::Require);
        assert_eq!(uri.config.get_password(), Some(&b"p@ss/w'\\"[..]));
    }

    #[test]
    fn defaults_are_those_of_libpq() {
        let settings = parse("postgres://jo@[::1]");
        assert_eq!(settings.to_string(), "[::1]:5432/jo");
        assert_eq!((settings.ssl_mode(), settings.roots()), (SslMode::Prefer, &Roots::System));
        assert_eq!(parse("postgres://jo@h/d?sslrootcert=system").ssl_mode(), SslMode::VerifyFull);
        let file = parse("postgres://jo@h/d?sslmode=verify-ca&sslrootcert=/ca.pem");
        assert_eq!(file.roots(), &Roots::File("/ca.pem".into()));
        assert_eq!(parse("postgres://jo@a:1,b,c:3/d").to_string(), "a:1,b:5432,c:3/d");
        assert_eq!(parse("hostaddr=127.0.0.1 user=jo").to_string(), "127.0.0.1:5432/jo");
        assert_eq!(parse("host=/run/postgresql user=jo").to_string(), "/run/postgresql:5432/jo");
    }

    #[test]
    fn no_error_and_no_debug_text_shows_the_password() {
        for text in [
            "mysql://jo:hunter2@h/d",
            "postgres://jo:hunter2@h:port/d",
            "postgres://jo:hun/hunter2@h/d",
            "postgres://jo:hun?hunter2@h/d",
            "postgres://jo:hun?hunter2=x@h/d",
            "postgres://:hunter2@h/d",
            "postgres://jo:hunter2@/d",
            "postgres://jo:hunter2%00@h/d",
            "postgres://jo:hunter2%ff@h/d",
            "postgres://jo:hunter2@h/d?sslmode=hunter2",
            "postgres://jo:hunter2@h/d?hunter2=1",
            "postgres://jo:hunter2@h/d?connect_timeout=hunter2",
            "postgres://jo:hunter2@h/d?sslrootcert=system&sslmode=require",
            "postgres://jo:hunter2@h/d?sslkey=hunter2",
            "postgres://jo:hunter2@h/d?port=hunter2",
            "host=h user=jo password=my hunter2",
            "host=h user=jo password=my hunter2=x",
            "host=h user=jo password='hunter2",
            "user=jo password=hunter2",
            "host=a,b port=1,2,3 user=jo password=hunter2",
            "hunter2",
            "",
        ] {
            let error = TargetSettings::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let settings = parse("postgres://jo:hunter2@h/d");
        assert!(!format!("{settings:?} {settings}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("postgres://jo@h/d?connect_timeout=x", "the value of connect_timeout is not valid"),
            ("postgres://h/d", "the user is missing"),
            ("user=jo", "a host is missing"),
            ("postgres://jo@h/d?sslcert=x", "the option sslcert is not supported"),
            ("host=h user=jo foo=bar", "option 3 is not known"),
        ] {
            let error = TargetSettings::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
