//! What the target's replicas have still to replay, by `pg_stat_replication` (PostgreSQL documentation, "The Statistics
//! Collector"; 10 and newer).

use super::client::{Client, get};
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

/// A standby or a logical subscriber that is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// `application_name at address`.
    pub name: String,
    /// As the server measures it; None if it does not know: nothing was written for a while, or it connected just now.
    pub lag: Option<Duration>,
    /// Where it is in the write-ahead log, and where the target is: positions in bytes.
    pub replayed: u64,
    pub written: u64,
}

impl Replica {
    /// Bytes of the write-ahead log that are not replayed.
    #[must_use]
    pub const fn behind(&self) -> u64 {
        self.written.saturating_sub(self.replayed)
    }
}

/// Makes sure that the server tells the positions of replicas, and that the role sees them: others see NULLs, which
/// look like no lag.
///
/// # Errors
/// `Config`, saying what to grant or to leave out; those of the target that are transient.
pub async fn may_see(client: &Client) -> Result<()> {
    let sql = "SELECT pg_has_role('pg_read_all_stats', 'USAGE'), current_user::text";
    let rows = client.query(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    if get(row, 0)? {
        return shows(replicas(client).await.map(drop));
    }
    let role: String = get(row, 1)?;
    let message = format!(
        "--max-replica-lag: the role {role} may not see in pg_stat_replication how far replicas are; as a superuser, \
         GRANT pg_monitor TO it"
    );
    Err(Error::new(ErrorKind::Config, message))
}

/// A server that never answers the question is not one to wait for: some managed ones have no positions to tell.
fn shows(asked: Result<()>) -> Result<()> {
    asked.map_err(|error| {
        if error.policy().retry {
            return error;
        }
        let message =
            "--max-replica-lag: this target does not tell how far its replicas are; leave the option out";
        Error::new(ErrorKind::Config, message).because(error)
    })
}

/// All that are connected.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn replicas(client: &Client) -> Result<Vec<Replica>> {
    let rows = client.query(include_str!("sql/replicas.sql"), &[]).await?;
    let position = |value: i64| u64::try_from(value).unwrap_or(0);
    rows.iter()
        .map(|row| {
            let seconds: Option<f64> = get(row, 1)?;
            Ok(Replica {
                name: get(row, 0)?,
                lag: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok()),
                replayed: position(get(row, 2)?),
                written: position(get(row, 3)?),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_for_good_is_said_at_the_start_and_the_rest_is_tried_again() {
        let refused =
            shows(Err(Error::new(ErrorKind::TargetRefused, "not supported for Aurora"))).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(refused.to_string().contains("leave the option out"), "{refused}");
        let broken = shows(Err(Error::new(ErrorKind::TargetUnavailable, "gone"))).unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::TargetUnavailable);
        assert!(shows(Ok(())).is_ok());
    }
}
