//! What stands on the tables of the target, or will: indexes, checks and foreign keys, from what the source has.
//!
//! It takes a dozen queries on the source, and most tables never need it before their last row is there: so it is
//! read beside the copying, on the connection that the start has made. Who needs it earlier waits for it: a table on
//! which an earlier load left something. If it cannot be read, the next who needs it tries again with a connection of
//! its own.

use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::objects::SourceObjects;
use crate::model::plan::Plan;
use crate::postgres::names::Names;
use crate::postgres::objects;
use crate::postgres::objects::StandingObjects;
use crate::settings::source::SourceSettings;
use crate::sqlserver::catalog;
use crate::sqlserver::client::Client as SourceClient;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

/// What this process knew of the objects when it began.
pub struct ObjectsAtStart {
    pub plan: Arc<Plan>,
    pub source: SourceSettings,
    /// Target tables on which nothing stood, and to which nothing pointed.
    pub untouched: BTreeSet<TableName>,
    /// The target's `server_version_num`.
    pub version: u32,
    pub jobs: usize,
}

/// Under way, or known.
pub struct TableObjects {
    start: ObjectsAtStart,
    known: OnceCell<StandingObjects>,
    reading: Mutex<Option<JoinHandle<Result<SourceObjects>>>>,
}

impl TableObjects {
    /// Begins to read on `source`, which is closed afterwards.
    #[must_use]
    pub fn begin(start: ObjectsAtStart, mut source: SourceClient) -> Self {
        let reading = tokio::spawn(async move { catalog::objects(&mut source).await });
        Self { start, known: OnceCell::new(), reading: Mutex::new(Some(reading)) }
    }

    /// Stood nothing on the table when this process began? Later only owners of the table put something there.
    #[must_use]
    pub fn left_alone(&self, table: &TableName) -> bool {
        self.start.untouched.contains(table)
    }

    /// What stands, or will stand, on the plan's tables.
    ///
    /// # Errors
    /// `SourceUnavailable` and what else reading the source's catalog may end in.
    pub async fn standing(&self) -> Result<&StandingObjects> {
        let ObjectsAtStart { plan, version, jobs, .. } = &self.start;
        self.known
            .get_or_try_init(async || {
                let objects = self.objects().await?;
                let names = Names::for_plan(plan, &objects);
                let planned = objects::statements(plan, &objects, *version, &names);
                Ok(StandingObjects::new(plan, &planned, *jobs))
            })
            .await
    }

    async fn objects(&self) -> Result<SourceObjects> {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner).take();
        match reading {
            Some(reading) => reading.await.map_err(|error| {
                Error::new(ErrorKind::Bug, "reading the source's objects ended badly").because(error)
            })?,
            None => catalog::objects(&mut SourceClient::connect(&self.start.source).await?).await,
        }
    }
}
