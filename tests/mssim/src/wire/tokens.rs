//! The small tokens of a reply (MS-TDS 2.2.7): DONE family, ERROR, INFO, ENVCHANGE, LOGINACK and the rest.

use super::type_info::{b_varchar, us_varchar};
use crate::results::{EnvChange, SqlError};

/// Name that errors and LOGINACK give.
pub(crate) const SERVER_NAME: &str = "mssim";

pub(crate) const DONE_MORE: u16 = 0x01;
pub(crate) const DONE_ERROR: u16 = 0x02;
pub(crate) const DONE_COUNT: u16 = 0x10;
pub(crate) const DONE_ATTENTION: u16 = 0x20;

/// Which of the three DONE tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Batch = 0xFD,
    Procedure = 0xFE,
    InProcedure = 0xFF,
}

pub(crate) fn done(kind: Done, status: u16, command: u16, rows: u64, out: &mut Vec<u8>) {
    out.push(match kind {
        Done::Batch => 0xFD,
        Done::Procedure => 0xFE,
        Done::InProcedure => 0xFF,
    });
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&rows.to_le_bytes());
}

/// ERROR for severity 11 and above, INFO below.
pub(crate) fn message(error: &SqlError, out: &mut Vec<u8>) {
    let token = if error.severity > 10 { 0xAA } else { 0xAB };
    sized(token, out, |out| {
        out.extend_from_slice(&error.number.to_le_bytes());
        out.extend_from_slice(&[error.state, error.severity]);
        us_varchar(&error.message, out);
        b_varchar(SERVER_NAME, out);
        b_varchar("", out);
        out.extend_from_slice(&error.line.to_le_bytes());
    });
}

pub(crate) fn env_change(change: &EnvChange, out: &mut Vec<u8>) {
    sized(0xE3, out, |out| match change {
        EnvChange::Database { from, to } => {
            out.push(1);
            b_varchar(to, out);
            b_varchar(from, out);
        }
        EnvChange::BeginTransaction(id) => {
            out.extend_from_slice(&[8, 8]);
            out.extend_from_slice(&id.to_le_bytes());
            out.push(0);
        }
        EnvChange::CommitTransaction(id) => ended(9, *id, out),
        EnvChange::RollbackTransaction(id) => ended(10, *id, out),
    });
}

fn ended(kind: u8, id: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[kind, 0, 8]);
    out.extend_from_slice(&id.to_le_bytes());
}

pub(crate) fn env_language(out: &mut Vec<u8>) {
    sized(0xE3, out, |out| {
        out.push(2);
        b_varchar("us_english", out);
        b_varchar("", out);
    });
}

pub(crate) fn env_packet_size(from: u16, to: u16, out: &mut Vec<u8>) {
    sized(0xE3, out, |out| {
        out.push(4);
        b_varchar(&to.to_string(), out);
        b_varchar(&from.to_string(), out);
    });
}

pub(crate) fn env_collation(collation: [u8; 5], out: &mut Vec<u8>) {
    sized(0xE3, out, |out| {
        out.extend_from_slice(&[7, 5]);
        out.extend_from_slice(&collation);
        out.push(0);
    });
}

/// Answer to RESETCONNECTION.
pub(crate) fn env_reset(out: &mut Vec<u8>) {
    sized(0xE3, out, |out| out.extend_from_slice(&[18, 0, 0]));
}

/// Routing (type 20): protocol TCP, port, server name.
pub(crate) fn env_routing(host: &str, port: u16, out: &mut Vec<u8>) {
    sized(0xE3, out, |out| {
        out.push(20);
        let mut target = vec![0];
        target.extend_from_slice(&port.to_le_bytes());
        us_varchar(host, &mut target);
        out.extend_from_slice(&u16::try_from(target.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&target);
        out.extend_from_slice(&[0, 0]);
    });
}

pub(crate) fn login_ack(version: u32, out: &mut Vec<u8>) {
    sized(0xAD, out, |out| {
        out.push(1);
        out.extend_from_slice(&version.to_be_bytes());
        b_varchar("Microsoft SQL Server", out);
        out.extend_from_slice(&[16, 0, 0x10, 0x13]);
    });
}

/// FEATUREEXTACK: of the features asked for only UTF-8 support is acknowledged.
pub(crate) fn feature_ack(asked: &[u8], out: &mut Vec<u8>) {
    out.push(0xAE);
    if asked.contains(&super::login::FEATURE_UTF8) {
        out.extend_from_slice(&[super::login::FEATURE_UTF8, 1, 0, 0, 0, 1]);
    }
    out.push(0xFF);
}

pub(crate) fn order(columns: &[u16], out: &mut Vec<u8>) {
    sized(0xA9, out, |out| out.extend(columns.iter().copied().flat_map(u16::to_le_bytes)));
}

pub(crate) fn return_status(status: i32, out: &mut Vec<u8>) {
    out.push(0x79);
    out.extend_from_slice(&status.to_le_bytes());
}

/// RETURNVALUE of the handle of `sp_prepare`: a nullable int.
pub(crate) fn return_handle(ordinal: u16, name: &str, handle: i32, out: &mut Vec<u8>) {
    out.push(0xAC);
    out.extend_from_slice(&ordinal.to_le_bytes());
    b_varchar(name, out);
    out.extend_from_slice(&[1, 0, 0, 0, 0, 1, 0, 0x26, 4, 4]);
    out.extend_from_slice(&handle.to_le_bytes());
}

/// A token with two bytes of length.
fn sized(token: u8, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[token, 0, 0]);
    let start = out.len();
    fill(out);
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    out[start - 2..start].copy_from_slice(&length.to_le_bytes());
}

/// An error of this server itself.
pub(crate) fn error(number: i32, severity: u8, message: impl Into<String>) -> SqlError {
    SqlError { number, state: 1, severity, message: message.into(), line: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_size_change_of_the_specification() {
        // MS-TDS 4.4, login response.
        let mut out = Vec::new();
        env_packet_size(4096, 4096, &mut out);
        assert_eq!(
            out,
            [0xE3, 19, 0, 4, 4, b'4', 0, b'0', 0, b'9', 0, b'6', 0, 4, b'4', 0, b'0', 0, b'9', 0, b'6', 0]
        );
    }

    #[test]
    fn done_and_env_changes() {
        let mut out = Vec::new();
        done(Done::Batch, DONE_COUNT, 0xC1, 2, &mut out);
        assert_eq!(out, [0xFD, 0x10, 0, 0xC1, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        out.clear();
        env_change(&EnvChange::Database { from: "a".to_owned(), to: "bc".to_owned() }, &mut out);
        assert_eq!(out, [0xE3, 9, 0, 1, 2, b'b', 0, b'c', 0, 1, b'a', 0]);
        out.clear();
        env_change(&EnvChange::BeginTransaction(5), &mut out);
        assert_eq!(out, [0xE3, 11, 0, 8, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.clear();
        env_routing("h", 1433, &mut out);
        assert_eq!(out, [0xE3, 12, 0, 20, 7, 0, 0, 0x99, 5, 1, 0, b'h', 0, 0, 0]);
    }

    #[test]
    fn severity_tells_errors_from_messages() {
        let mut out = Vec::new();
        message(&error(208, 16, "no"), &mut out);
        assert_eq!((out[0], usize::from(out[1])), (0xAA, out.len() - 3));
        out.clear();
        message(&error(5701, 0, "no"), &mut out);
        assert_eq!(out[0], 0xAB);
    }
}
