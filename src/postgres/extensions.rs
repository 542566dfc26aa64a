//! What the target can do: its version and the extensions of its database, for the plan.

use super::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTarget;

/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn describe(client: &Client) -> Result<PlannedTarget> {
    let rows = client.query(include_str!("sql/extensions.sql"), &[]).await?;
    let name = |row: &tokio_postgres::Row| {
        row.try_get::<_, String>(0).map_err(|error| {
            Error::new(ErrorKind::Bug, "the target names an extension by no text").because(error)
        })
    };
    let extensions = rows.iter().map(name).collect::<Result<Vec<_>>>()?;
    Ok(PlannedTarget { version: client.version(), extensions })
}
