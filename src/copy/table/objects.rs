//! What stands on the tables of the target, or will: indexes, checks and foreign keys, from what the source has.
//!
//! It takes a dozen queries on the source, and most tables never need it before their last row is there: so it is read
//! beside the copying, on the connection that the start has made. Who needs it earlier waits for it: a table on which an
//! earlier load left something. Where it cannot be read, the next who needs it tries again with a connection of its own.

use crate::copy::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::objects::SourceObjects;
use crate::postgres::names::Names;
use crate::postgres::objects;
use crate::postgres::objects::StandingObjects;
use crate::sqlserver::catalog;
use crate::sqlserver::client::Client as SourceClient;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

/// Under way, or known.
#[derive(Default)]
pub struct TableObjects {
    known: OnceCell<StandingObjects>,
    reading: Mutex<Option<JoinHandle<Result<SourceObjects>>>>,
    /// Target tables on which nothing stood when this process began, and to which nothing pointed.
    untouched: BTreeSet<TableName>,
    /// The target's `server_version_num`.
    version: u32,
    jobs: usize,
}

impl TableObjects {
    /// Nothing at all, for a command that copies nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { known: OnceCell::new_with(Some(StandingObjects::default())), ..Self::default() }
    }

    /// Begins to read on `source`, which is closed afterwards.
    #[must_use]
    pub fn begin(
        mut source: SourceClient,
        untouched: BTreeSet<TableName>,
        version: u32,
        jobs: usize,
    ) -> Self {
        let reading = tokio::spawn(async move { catalog::objects(&mut source).await });
        Self { known: OnceCell::new(), reading: Mutex::new(Some(reading)), untouched, version, jobs }
    }

    /// Stood nothing on the table when this process began? Later only owners of the table put something there.
    #[must_use]
    pub fn left_alone(&self, table: &TableName) -> bool {
        self.untouched.contains(table)
    }

    /// What stands, or will stand, on the plan's tables.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn standing(&self, cx: &Context) -> Result<&StandingObjects> {
        self.known
            .get_or_try_init(async || {
                let around = self.objects(cx).await?;
                let names = Names::of(&cx.plan, &around);
                let planned = objects::statements(&cx.plan, &around, self.version, &names);
                Ok(StandingObjects::new(&cx.plan, &planned, self.jobs))
            })
            .await
    }

    async fn objects(&self, cx: &Context) -> Result<SourceObjects> {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner).take();
        match reading {
            Some(reading) => reading.await.map_err(|error| {
                Error::new(ErrorKind::Bug, "reading the source's objects ended badly").because(error)
            })?,
            None => catalog::objects(&mut SourceClient::connect(&cx.source).await?).await,
        }
    }
}
