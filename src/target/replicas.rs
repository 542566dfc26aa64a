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
    /// As the server measures it; None where it does not know: nothing was written for a while, or it connected just now.
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

/// Makes sure that the role sees the positions of replicas: others see NULLs, which look like no lag.
///
/// # Errors
/// `Config`, saying what to grant; those of the target.
pub async fn may_see(client: &Client) -> Result<()> {
    let sql = "SELECT pg_has_role('pg_read_all_stats', 'USAGE'), current_user::text";
    let rows = client.query(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    if get(row, 0)? {
        return Ok(());
    }
    let role: String = get(row, 1)?;
    let message = format!(
        "--max-replica-lag: the role {role} may not see in pg_stat_replication how far replicas are; as a superuser, \
         GRANT pg_monitor TO it"
    );
    Err(Error::new(ErrorKind::Config, message))
}

/// All that are connected.
///
/// # Errors
/// Those of the target.
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
