//! What the source's errors mean: ONE table from SQL Server's error numbers to [`ErrorKind`]. Errors of the socket, of
//! TLS and of tiberius are in `connection_errors`.
//!
//! Numbers decide, never texts. A number that is not in the table is a refusal of the statement, and not retried.
//! Source of the numbers: `sys.messages` and "Transient faults" in the documentation of Azure SQL Database.

use crate::error::{Error, ErrorKind};

/// THE table: error numbers of SQL Server, first to last, what they mean to us, and in a word why. All others are
/// `SourceRefused`. `docs/reference/retries.md` is made from it.
#[rustfmt::skip] // one row a meaning: a table is read by columns
pub(crate) const NUMBERS: &[(i32, i32, ErrorKind, &str)] = {
    use ErrorKind::{SourceChanged, SourceLogin, SourceMissing, SourcePermission, SourceUnavailable};
    &[
        (18450, 18452, SourceLogin, "login from here, or of this kind, is not possible"),
        (18456, 18463, SourceLogin, "wrong user or password, or a password that cannot be used"),
        (18465, 18468, SourceLogin, "the new password is refused"),
        (18470, 18470, SourceLogin, "the login is disabled"),
        (18486, 18488, SourceLogin, "locked, expired, or the password must be changed"),
        (17892, 17892, SourceLogin, "a logon trigger refuses it"),
        (40532, 40532, SourceLogin, "the login's server name cannot be read"),
        (40615, 40615, SourceLogin, "the firewall does not let this address in"),
        (911, 911, SourceMissing, "the database does not exist"),
        (4060, 4060, SourceMissing, "the database cannot be opened"),
        (4063, 4064, SourceMissing, "the default database cannot be opened"),
        (229, 230, SourcePermission, "no permission on an object or a column"),
        (262, 262, SourcePermission, "no permission in the database"),
        (297, 297, SourcePermission, "no permission for this action"),
        (300, 300, SourcePermission, "no permission on the server's or the database's state"),
        (371, 371, SourcePermission, "no permission on a scope"),
        (916, 916, SourcePermission, "no access to the database"),
        (15247, 15247, SourcePermission, "no permission for this action"),
        (207, 208, SourceChanged, "a column or an object is gone since the plan was made"),
        (4413, 4413, SourceChanged, "a view does not hold any more"),
        (4502, 4502, SourceChanged, "a view does not fit its columns any more"),
        (1203, 1204, SourceUnavailable, "locks are used up"),
        (1205, 1205, SourceUnavailable, "deadlock"),
        (1221, 1221, SourceUnavailable, "a lock was lost"),
        (1222, 1222, SourceUnavailable, "lock timeout"),
        (3957, 3961, SourceUnavailable, "snapshot conflict: changed or removed under it"),
        (3966, 3966, SourceUnavailable, "the version store is full"),
        (701, 701, SourceUnavailable, "memory is used up"),
        (802, 802, SourceUnavailable, "the buffer pool is used up"),
        (1101, 1101, SourceUnavailable, "no page can be allocated"),
        (1105, 1105, SourceUnavailable, "a filegroup is full"),
        (8628, 8628, SourceUnavailable, "timeout while waiting for resources"),
        (8645, 8645, SourceUnavailable, "timeout while waiting for memory"),
        (8651, 8651, SourceUnavailable, "less memory than the query needs"),
        (9002, 9002, SourceUnavailable, "the log is full"),
        (10928, 10929, SourceUnavailable, "worker threads or sessions are used up"),
        (17189, 17189, SourceUnavailable, "no thread for the login"),
        (20, 20, SourceUnavailable, "the instance does not support encryption just now"),
        (64, 64, SourceUnavailable, "the connection broke during the login"),
        (121, 121, SourceUnavailable, "the semaphore timeout passed"),
        (233, 233, SourceUnavailable, "the connection broke during the login"),
        (596, 596, SourceUnavailable, "the session was ended"),
        (617, 617, SourceUnavailable, "a descriptor of the object was lost"),
        (669, 669, SourceUnavailable, "the row was moved"),
        (921, 922, SourceUnavailable, "the database is being recovered"),
        (952, 952, SourceUnavailable, "the database is in transition"),
        (983, 983, SourceUnavailable, "the replica resolves its role"),
        (6005, 6006, SourceUnavailable, "the server is shutting down"),
        (9001, 9001, SourceUnavailable, "the log is not available"),
        (10053, 10054, SourceUnavailable, "the connection broke"),
        (10060, 10060, SourceUnavailable, "no connection in time"),
        (11001, 11001, SourceUnavailable, "the host is not known (just now)"),
        (17142, 17142, SourceUnavailable, "the server is paused"),
        (18401, 18401, SourceUnavailable, "the server is starting"),
        (976, 976, SourceUnavailable, "the replica cannot be read"),
        (978, 978, SourceUnavailable, "the replica is for read intent only"),
        (982, 982, SourceUnavailable, "the replica cannot be read"),
        (988, 988, SourceUnavailable, "the availability group has no quorum"),
        (4221, 4221, SourceUnavailable, "the replica waits for row versions"),
        (5173, 5173, SourceUnavailable, "files do not belong together (a failover under way)"),
        (35201, 35202, SourceUnavailable, "no connection to a replica in time"),
        (35206, 35206, SourceUnavailable, "no connection to a replica in time"),
        (35250, 35250, SourceUnavailable, "the primary replica is not active"),
        (41301, 41302, SourceUnavailable, "a transaction it depended on was aborted"),
        (41303, 41305, SourceUnavailable, "a failover under way, or a conflict of memory-optimised rows"),
        (41325, 41325, SourceUnavailable, "a conflict of memory-optimised rows"),
        (40143, 40143, SourceUnavailable, "Azure: the service met an error"),
        (40166, 40166, SourceUnavailable, "Azure: the service met an error"),
        (40197, 40197, SourceUnavailable, "Azure: reconfiguration"),
        (40501, 40501, SourceUnavailable, "Azure: busy"),
        (40540, 40540, SourceUnavailable, "Azure: the service met an error"),
        (40544, 40544, SourceUnavailable, "Azure: the database is full"),
        (40549, 40553, SourceUnavailable, "Azure: the session took too much"),
        (40613, 40613, SourceUnavailable, "Azure: the database is not available"),
        (40627, 40627, SourceUnavailable, "Azure: an operation is in progress"),
        (42108, 42109, SourceUnavailable, "Azure: the pool is paused or warming up"),
        (49918, 49920, SourceUnavailable, "Azure: too many requests"),
    ]
};

/// From this class on the server gives up on the connection, not on the statement: transient if the number is not
/// known.
pub(crate) const FATAL_CLASS: u8 = 20;

/// What an error number of SQL Server means to us.
#[must_use]
pub fn kind_of(number: i32) -> ErrorKind {
    let row = NUMBERS.iter().find(|(first, last, ..)| (*first..=*last).contains(&number));
    row.map_or(ErrorKind::SourceRefused, |(_, _, kind, _)| *kind)
}

/// An error that the server sent (MS-TDS 2.2.7.10). Class 20 and above closes the connection.
#[must_use]
pub fn server_error(number: i32, state: u8, class: u8, message: &str) -> Error {
    let mut kind = kind_of(number);
    if kind == ErrorKind::SourceRefused && class >= FATAL_CLASS {
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
