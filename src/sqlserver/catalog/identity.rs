//! Who the current database is. Nothing here is needed to copy rows: what cannot be read is none.

use super::reader::allowed;
use super::row::Record;
use crate::error::Result;
use crate::model::identity::DatabaseIdentity;
use crate::sqlserver::client::Client;

/// What stands in the place of an identifier that a database does not have.
const NO_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// # Errors
/// As [`Client::rows`], of a connection that was lost.
pub(super) async fn read(client: &mut Client) -> Result<DatabaseIdentity> {
    let mut identity = DatabaseIdentity::default();
    let recovery = allowed(client, include_str!("../sql/identity_recovery.sql")).await?.unwrap_or_default();
    if let Some(row) = recovery.first().map(Record) {
        identity.family = guid(&row, "family");
        identity.recovery_fork = guid(&row, "recovery_fork");
    }
    let database = allowed(client, include_str!("../sql/identity_database.sql")).await?.unwrap_or_default();
    if let Some(row) = database.first().map(Record) {
        identity.broker = guid(&row, "broker");
        identity.created_at = row.text_or_null("created_at").ok().flatten();
    }
    Ok(identity)
}

/// Servers differ in the case of the digits.
fn guid(row: &Record<'_>, column: &str) -> Option<String> {
    row.text_or_null(column).ok().flatten().map(|guid| guid.to_lowercase()).filter(|guid| guid != NO_GUID)
}
