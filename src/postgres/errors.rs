//! SQLSTATE -> [`ErrorKind`]: one table (PostgreSQL documentation, appendix A).
//!
//! An error's text keeps the server's primary message, the SQLSTATE and the names of constraint, table, column and
//! type. DETAIL, HINT and CONTEXT can hold values of rows and are dropped; in messages about values, whatever stands
//! in quotation marks or after a colon is dropped too.

use crate::error::{Error, ErrorKind};
use std::error::Error as _;
use std::fmt::Write as _;
use tokio_postgres::error::DbError;

/// THE table: a SQLSTATE or (two characters) a class of them, what it means to us, and in a word why. The longer entry
/// decides; all others are `TargetRefused`: anything unforeseen is refused for good, never retried.
/// `docs/reference/retries.md` is made from it.
#[rustfmt::skip] // one row a meaning: a table is read by columns
pub(crate) const STATES: &[(&str, ErrorKind, &str)] = &[
    ("42501", ErrorKind::TargetPermission, "insufficient privilege"),
    ("3D000", ErrorKind::TargetMissing, "the database does not exist"),
    ("57P04", ErrorKind::TargetMissing, "the database was dropped"),
    ("28", ErrorKind::TargetLogin, "invalid authorization: user, password, pg_hba.conf"),
    ("08", ErrorKind::TargetUnavailable, "the connection broke or could not be made"),
    ("40", ErrorKind::TargetUnavailable, "rolled back: deadlock, serialization failure"),
    ("53", ErrorKind::TargetUnavailable, "resources: connections (53300), disk (53100), memory (53200)"),
    ("25006", ErrorKind::TargetUnavailable, "read-only: a failover under way"),
    ("25P02", ErrorKind::TargetUnavailable, "aborted by an error before, which another try tells"),
    ("25P03", ErrorKind::TargetUnavailable, "idle-in-transaction timeout"),
    ("25P04", ErrorKind::TargetUnavailable, "transaction timeout"),
    ("55006", ErrorKind::TargetUnavailable, "object in use"),
    ("55P03", ErrorKind::TargetUnavailable, "lock timeout"),
    ("57014", ErrorKind::TargetUnavailable, "the statement was cancelled"),
    ("57P01", ErrorKind::TargetUnavailable, "the session was terminated, or the server is stopping"),
    ("57P02", ErrorKind::TargetUnavailable, "the server crashed"),
    ("57P03", ErrorKind::TargetUnavailable, "the server is starting"),
    ("57P05", ErrorKind::TargetUnavailable, "idle session timeout"),
    ("58030", ErrorKind::TargetUnavailable, "input/output error"),
    ("22P03", ErrorKind::Bug, "COPY BINARY bytes that are none: ours"),
    ("22P04", ErrorKind::Bug, "COPY BINARY bytes that are none: ours"),
    ("22", ErrorKind::Value, "a value that PostgreSQL cannot hold"),
    ("23", ErrorKind::TargetData, "a constraint does not hold"),
];

/// What a SQLSTATE means to us.
#[must_use]
pub fn kind(sqlstate: &str) -> ErrorKind {
    let entry = |wanted: &str| STATES.iter().find(|(code, ..)| *code == wanted);
    let class = || sqlstate.get(..2).and_then(entry);
    entry(sqlstate).or_else(class).map_or(ErrorKind::TargetRefused, |(_, kind, _)| *kind)
}

/// What the driver reports, as an [`Error`]: the server's own words if it spoke, else a lost connection.
#[must_use]
pub fn server_error(error: tokio_postgres::Error) -> Error {
    if let Some(answer) = error.as_db_error() {
        return answered(answer);
    }
    if error.is_closed() {
        return Error::new(ErrorKind::TargetUnavailable, "the connection to the target is closed");
    }
    let io =
        error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    match io {
        // The driver's own complaint about what it should encode or parse.
        None | Some(std::io::ErrorKind::InvalidInput) => {
            Error::new(ErrorKind::Bug, "the target's driver refused its input").because(error)
        }
        Some(_) => {
            Error::new(ErrorKind::TargetUnavailable, "the connection to the target broke").because(error)
        }
    }
}

/// An error of connecting, if a refusal is about the configuration and not about a statement.
pub(super) fn connect_error(error: tokio_postgres::Error, address: &str) -> Error {
    if let Some(answer) = error.as_db_error() {
        let told = answered(answer);
        return match told.kind() {
            ErrorKind::TargetRefused | ErrorKind::Value => {
                Error::new(ErrorKind::Config, format!("the target at {address} refused the connection"))
                    .because(told.detail())
            }
            kind => Error::new(kind, format!("the target at {address} refused the connection"))
                .because(told.detail()),
        };
    }
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let certificate = io
        .and_then(|io| io.get_ref())
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .is_some_and(|tls| matches!(tls, rustls::Error::InvalidCertificate(_)));
    if certificate {
        let message =
            format!("the certificate of the target at {address} is not accepted (sslmode, sslrootcert)");
        return Error::new(ErrorKind::Config, message).because(error);
    }
    let no_version = io.and_then(|io| io.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if no_version.is_some_and(cannot_agree) {
        let message = format!(
            "the target at {address} and shardferry cannot agree on TLS: it must speak TLS 1.2 or 1.3 (ssl_min_protocol_version, \
             ssl_max_protocol_version, ssl_ciphers of the target)"
        );
        return Error::new(ErrorKind::Config, message).because(error);
    }
    if io.is_some() || error.is_closed() {
        return Error::new(ErrorKind::TargetUnavailable, format!("no connection to the target at {address}"))
            .because(error);
    }
    // TLS is required and refused, a password is missing, or the driver does not speak the method.
    Error::new(ErrorKind::Config, format!("the target at {address} cannot be connected to as configured"))
        .because(error)
}

/// Another try would end the same way: no version or cipher that both sides speak.
const fn cannot_agree(error: &rustls::Error) -> bool {
    use rustls::AlertDescription::{HandshakeFailure, InsufficientSecurity, ProtocolVersion};
    matches!(
        error,
        rustls::Error::PeerIncompatible(_)
            | rustls::Error::AlertReceived(ProtocolVersion | HandshakeFailure | InsufficientSecurity)
    )
}

/// The server's answer without anything that could be a value.
fn answered(answer: &DbError) -> Error {
    let code = answer.code().code();
    let kind = kind(code);
    let mut text = match code.get(..2) {
        Some("22" | "23" | "P0") => without_values(answer.message()),
        _ => answer.message().to_owned(),
    };
    let _ = write!(text, " (SQLSTATE {code}");
    for (what, name) in
        [("constraint", answer.constraint()), ("table", answer.table()), ("type", answer.datatype())]
    {
        if let Some(name) = name {
            let _ = write!(text, ", {what} {name}");
        }
    }
    text.push(')');
    let error = Error::new(kind, text);
    match answer.column().or_else(|| answer.where_().and_then(copy_column)) {
        Some(column) => error.column(column),
        None => error,
    }
}

/// Messages of classes 22 and 23 quote values in places: `invalid input syntax for type integer: "12x"`.
fn without_values(message: &str) -> String {
    let message = match message.split_once(": ") {
        Some((head, _)) => head,
        None => message,
    };
    // Names of constraints are quoted too; they come again after the SQLSTATE.
    let mut text = String::new();
    let mut quoted = false;
    for c in message.chars() {
        match c {
            '"' | '«' | '»' | '„' | '“' | '”' => {
                quoted = !quoted;
                if quoted {
                    text.push('…');
                }
            }
            _ if quoted => {}
            c => text.push(c),
        }
    }
    text
}

/// The column in the CONTEXT of a binary COPY: `COPY t, line 3, column c`. Text COPY appends the value, which is cut.
fn copy_column(context: &str) -> Option<&str> {
    let line = context.lines().next()?.strip_prefix("COPY ")?;
    let (_, column) = line.split_once(", column ")?;
    Some(column.split_once(": ").map_or(column, |(name, _)| name))
}

/// The row in the CONTEXT of a COPY, counted from 1.
pub(super) fn copy_line(context: &str) -> Option<u64> {
    let line = context.lines().next()?.strip_prefix("COPY ")?;
    let (_, number) = line.split_once(", line ")?;
    number.split([',', ':']).next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_kind() {
        for (code, expected) in [
            ("08006", ErrorKind::TargetUnavailable),
            ("53300", ErrorKind::TargetUnavailable),
            ("53100", ErrorKind::TargetUnavailable),
            ("57P01", ErrorKind::TargetUnavailable),
            ("57P03", ErrorKind::TargetUnavailable),
            ("40001", ErrorKind::TargetUnavailable),
            ("40P01", ErrorKind::TargetUnavailable),
            ("55P03", ErrorKind::TargetUnavailable),
            ("28P01", ErrorKind::TargetLogin),
            ("28000", ErrorKind::TargetLogin),
            ("3D000", ErrorKind::TargetMissing),
            ("42501", ErrorKind::TargetPermission),
            ("42P01", ErrorKind::TargetRefused),
            ("22001", ErrorKind::Value),
            ("54000", ErrorKind::TargetRefused),
            ("22P04", ErrorKind::Bug),
            ("23505", ErrorKind::TargetData),
            ("XX000", ErrorKind::TargetRefused),
            ("", ErrorKind::TargetRefused),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }

    #[test]
    fn values_are_taken_out_of_messages() {
        for (message, expected) in [
            ("invalid input syntax for type integer: \"12x\"", "invalid input syntax for type integer"),
            (
                "value \"99999999999\" is out of range for type integer",
                "value … is out of range for type integer",
            ),
            ("value too long for type character varying(5)", "value too long for type character varying(5)"),
            ("ungültige Eingabesyntax für Typ integer: „12x“", "ungültige Eingabesyntax für Typ integer"),
        ] {
            assert_eq!(without_values(message), expected);
        }
    }

    #[test]
    fn the_row_of_a_failed_copy_is_found() {
        assert_eq!(copy_line("COPY orders, line 3, column note"), Some(3));
        assert_eq!(copy_line("COPY orders, line 12"), Some(12));
        assert_eq!(copy_line("COPY orders, line 12: x"), Some(12));
        assert_eq!(copy_line("SQL function \"f\", line 2"), None);
    }

    #[test]
    fn the_column_of_a_failed_copy_is_found() {
        assert_eq!(copy_column("COPY orders, line 3, column note"), Some("note"));
        assert_eq!(copy_column("COPY orders, line 3, column n: \"secret\""), Some("n"));
        assert_eq!(copy_column("COPY orders, line 3"), None);
        assert_eq!(copy_column("SQL function \"f\", column x"), None);
    }
}
