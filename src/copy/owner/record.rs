//! What pods write of a table that they do not own: its schema, a refusal, what the ledger proves, a reset.
//!
//! Every such write is a change of what stands in the store: if it is lost, the object is read again and the change
//! is made on top of it. What an owner writes ([`super::lost`]) survives that, and an owner that lives is left alone.

use crate::checkpoint::{Checkpoints, Entry, Written};
use crate::clock;
use crate::copy::owner::alive;
use crate::copy::owner::lost::TRIES;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::{TableDocument, next_epoch};
use crate::model::loss::LossRecord;
use crate::model::phase::PhaseError;
use crate::model::phase::{self, Event, PhaseProgress};
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::ledger::Tally;
use crate::settings::Settings;
use std::time::Duration;

/// The objects of a run's tables, for whoever owns none of them.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    pub checkpoints: &'a Checkpoints,
    pub plan: &'a Plan,
    /// The name of this pod.
    pod: &'a str,
    /// `--claim-timeout`
    timeout: Duration,
}

impl<'a> Records<'a> {
    /// Of the run that `settings` name.
    #[must_use]
    pub fn new(settings: &'a Settings, checkpoints: &'a Checkpoints, plan: &'a Plan) -> Self {
        Self { checkpoints, plan, pod: &settings.pod, timeout: settings.claim_timeout }
    }

    /// Changes the object of `table`, which was last seen as `entry`. `change` answers false if nothing is to be
    /// written.
    ///
    /// # Errors
    /// What the change answers; `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`; also
    /// `StoreUnavailable` if others write the object all the time.
    async fn change(
        &self,
        table: &PlannedTable,
        mut entry: Entry<TableDocument>,
        mut change: impl FnMut(&mut Entry<TableDocument>) -> Result<bool>,
    ) -> Result<()> {
        for _ in 0..TRIES {
            if !change(&mut entry)? {
                return Ok(());
            }
            if self.checkpoints.write(&mut entry).await? == Written::Stored {
                return Ok(());
            }
            entry = self.checkpoints.table(self.plan, table).await?;
        }
        let message = "others write the checkpoint of this table all the time";
        Err(Error::new(ErrorKind::StoreUnavailable, message).table(&table.source))
    }

    /// Records what became of the table's schema, whoever owns the table. The finding of now counts: a table that was
    /// there once may be gone or changed.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn schema(
        &self,
        table: &PlannedTable,
        entry: Entry<TableDocument>,
        event: Event,
    ) -> Result<()> {
        failpoint!("schema.before_checkpoint");
        let completed = matches!(event, Event::Completed(_));
        self.change(table, entry, |entry| {
            let known = &entry.document.schema;
            match (known.is_completed(), completed) {
                (true, true) => return Ok(false),
                (true, false) => {
                    entry.document.schema = phase::next(known, Event::Reset, clock::now())?;
                }
                (false, _) => {}
            }
            entry.document.schema = phase::next(&entry.document.schema, event.clone(), clock::now())?;
            Ok(true)
        })
        .await?;
        failpoint!("schema.after_checkpoint");
        Ok(())
    }

    /// Writes down what the ledger proves of a table whose owner does not live: the commit happened, the checkpoint
    /// was not written. Nothing is written if another pod has claimed the table since `entry` was read.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn mend(
        &self,
        table: &PlannedTable,
        entry: Entry<TableDocument>,
        proved: &Tally,
        losses: &[LossRecord],
    ) -> Result<()> {
        let epoch = entry.document.epoch;
        self.change(table, entry, |entry| {
            let document = &mut entry.document;
            let done = PhaseProgress {
                rows: proved.rows,
                bytes: proved.bytes,
                chunks: proved.committed,
                of: proved.chunks,
            };
            let mended = document.data.is_completed() && document.losses == losses;
            if document.epoch != epoch || mended {
                return Ok(false);
            }
            document.data = phase::next(&document.data, Event::Completed(done), clock::now())?;
            document.owner = None;
            document.under_way = None;
            losses.clone_into(&mut document.losses);
            Ok(true)
        })
        .await
    }

    /// Records that a table cannot be copied as it is. A living owner of another pod finds that out by itself, and what
    /// another pod has completed meanwhile stays.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn refused(
        &self,
        table: &PlannedTable,
        entry: Entry<TableDocument>,
        error: &Error,
    ) -> Result<()> {
        self.change(table, entry, |entry| {
            let document = &entry.document;
            let theirs = document.owner.as_ref().is_some_and(|owner| owner.pod != self.pod);
            let lives = theirs && alive::has_fresh_heartbeat(entry, self.timeout);
            if lives || document.data.is_completed() {
                return Ok(false);
            }
            let failed = Event::Failed(PhaseError::from(error));
            entry.document.data = phase::next(&document.data, failed, clock::now())?;
            Ok(true)
        })
        .await
    }

    /// Back to pending, with the epoch kept so that a zombie stays fenced. An object that cannot be read (None) is
    /// removed.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn forget(&self, table: &PlannedTable, entry: Option<Entry<TableDocument>>) -> Result<()> {
        let Some(entry) = entry else { return self.checkpoints.delete_table(table).await };
        self.change(table, entry, |entry| {
            if !entry.is_stored() {
                return Ok(false);
            }
            // One at the end of its range is damage: the ledger's counts then.
            let epoch = next_epoch(entry.document.epoch).map_or(0, |_| entry.document.epoch);
            entry.document = TableDocument { epoch, ..TableDocument::pending(self.plan, table) };
            Ok(true)
        })
        .await
    }
}
