//! What the ledger has of tables that are about to be called completed.

use super::losses::losses_of;
use super::{Client, Tally, stored, tally_of};
use crate::error::Result;
use crate::model::loss::LossRecord;
use crate::postgres::client::get;
use std::collections::BTreeMap;

/// What the ledger has of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proof {
    pub tally: Tally,
    /// It is noted to be UNLOGGED still.
    pub unlogged: bool,
    pub losses: Vec<LossRecord>,
}

impl Proof {
    /// Every chunk of the table is committed for good, and nothing can empty the table any more.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.tally.is_complete() && !self.unlogged
    }
}

/// Asks for these tables; none of a table that was never begun. What the answer counts is as durable as a commit is by
/// the server's own `synchronous_commit`.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn prove(client: &Client, run: &str, indexes: &[u32]) -> Result<BTreeMap<u32, Proof>> {
    let indexes =
        indexes.iter().map(|index| stored(*index, "the table index")).collect::<Result<Vec<i32>>>()?;
    // Sent at once. The losses first: of chunks that are lost in between, the second answer tells.
    let (losses, rows) = futures_util::future::join(
        client.query(include_str!("../sql/losses_of.sql"), &[&run, &indexes]),
        client.query_flushed(include_str!("../sql/proof.sql"), &[&run, &indexes]),
    )
    .await;
    let mut losses = losses_of(&losses?)?;
    let mut proofs = BTreeMap::new();
    for row in &rows? {
        let (index, tally) = tally_of(row)?;
        let unlogged = get(row, 7)?;
        proofs.insert(index, Proof { tally, unlogged, losses: losses.remove(&index).unwrap_or_default() });
    }
    Ok(proofs)
}
