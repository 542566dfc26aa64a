//! What the source's errors mean: ONE table from SQL Server's error numbers to [`ErrorKind`]. Errors of the socket, of TLS
//! and of tiberius are in `connection_errors`.
//!
//! Numbers decide, never texts. A number that is not in the table is a refusal of the statement, and not retried.
//! Source of the numbers: `sys.messages` and "Transient faults" in the documentation of Azure SQL Database.

use crate::error::{Error, ErrorKind};

/// THE table: what an error number of SQL Server means to us.
#[must_use]
pub const fn kind_of(number: i32) -> ErrorKind {
    match number {
        // Wrong user or password, locked, disabled, expired, not allowed from here, untrusted domain.
        18450..=18452 | 18456..=18463 | 18465..=18468 | 18470 | 18486..=18488 | 17892 | 40532 | 40615 => {
            ErrorKind::SourceLogin
        }
        // The database cannot be opened, does not exist.
        911 | 4060 | 4063 | 4064 => ErrorKind::SourceMissing,
        // SELECT, EXECUTE, column, CREATE …, server state, object or scope, database access.
        229 | 230 | 262 | 297 | 300 | 371 | 916 | 15247 => ErrorKind::SourcePermission,
        // Object or column gone since the plan was made.
        207 | 208 | 4413 | 4502 => ErrorKind::SourceChanged,
        number if is_transient(number) => ErrorKind::SourceUnavailable,
        _ => ErrorKind::SourceRefused,
    }
}

/// Errors that go away by themselves.
const fn is_transient(number: i32) -> bool {
    matches!(
        number,
        // Deadlock, lock timeout, snapshot conflicts, schema changed under a snapshot, version store full.
        1203..=1205 | 1221 | 1222 | 3957..=3961 | 3966
            // Memory, log, tempdb and worker threads used up; memory grant timeout.
            | 701 | 802 | 1101 | 1105 | 8628 | 8645 | 8651 | 9002 | 17189 | 10928 | 10929
            // The connection broke, the server is starting, stopping or paused.
            | 64 | 121 | 233 | 596 | 617 | 669 | 921 | 922 | 952 | 983 | 6005 | 6006 | 9001 | 10053 | 10054
            | 10060 | 11001 | 17142 | 18401 | 20
            // A failover or a replica that is not readable yet.
            | 976 | 978 | 982 | 988 | 4221 | 5173 | 35201 | 35202 | 35206 | 35250 | 41301..=41305 | 41325
            // Azure: reconfiguration, throttling, limits.
            | 40143 | 40166 | 40197 | 40501 | 40540 | 40544 | 40549..=40553 | 40613 | 40627 | 42108 | 42109
            | 49918..=49920
    )
}

/// An error that the server sent (MS-TDS 2.2.7.10). Class 20 and above closes the connection.
#[must_use]
pub fn server_error(number: i32, state: u8, class: u8, message: &str) -> Error {
    let mut kind = kind_of(number);
    if kind == ErrorKind::SourceRefused && class >= 20 {
        // The server gave up on the connection, not on the statement.
        kind = ErrorKind::SourceUnavailable;
    }
    Error::new(kind, format!("the source answers with error {number}, state {state}: {}", message.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide_the_kind() {
        for (number, kind) in [
            (18456, ErrorKind::SourceLogin),
            (18487, ErrorKind::SourceLogin),
            (4060, ErrorKind::SourceMissing),
            (911, ErrorKind::SourceMissing),
            (229, ErrorKind::SourcePermission),
            (297, ErrorKind::SourcePermission),
            (300, ErrorKind::SourcePermission),
            (916, ErrorKind::SourcePermission),
            (208, ErrorKind::SourceChanged),
            (207, ErrorKind::SourceChanged),
            (1205, ErrorKind::SourceUnavailable),
            (3960, ErrorKind::SourceUnavailable),
            (40501, ErrorKind::SourceUnavailable),
            (40613, ErrorKind::SourceUnavailable),
            (49919, ErrorKind::SourceUnavailable),
            (10054, ErrorKind::SourceUnavailable),
            (102, ErrorKind::SourceRefused),
            (3952, ErrorKind::SourceRefused),
            (0, ErrorKind::SourceRefused),
        ] {
            assert_eq!(kind_of(number), kind, "{number}");
        }
    }

    #[test]
    fn a_server_error_keeps_number_and_text() {
        let error = server_error(1205, 51, 13, "Transaction was deadlocked.\n");
        assert_eq!(
            error.detail(),
            "the source answers with error 1205, state 51: Transaction was deadlocked."
        );
        assert!(error.policy().retry);
    }

    #[test]
    fn an_unknown_error_that_ends_the_connection_is_transient() {
        assert_eq!(server_error(99_999, 1, 20, "x").kind(), ErrorKind::SourceUnavailable);
        assert_eq!(server_error(99_999, 1, 16, "x").kind(), ErrorKind::SourceRefused);
        assert_eq!(server_error(18456, 1, 20, "x").kind(), ErrorKind::SourceLogin);
    }
}
