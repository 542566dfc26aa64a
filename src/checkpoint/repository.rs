//! The objects of one run as documents: what the rest of the program works with.

use super::damage::of_table;
mod plans;

use super::file::FileStore;
use super::put::{Put, operation_id, put};
use super::s3::S3Store;
use super::store::{ListedObject, Object, Store, Tag};
use super::{keys, probe};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::Document;
use crate::model::checkpoint::FinishDocument;
use crate::model::checkpoint::PodDocument;
use crate::model::checkpoint::TableDocument;
use crate::model::checkpoint::VERSION;
use crate::model::checkpoint::damaged;
use crate::model::checkpoint::decode;
use crate::model::checkpoint::encode;
use crate::model::checkpoint::same_plan;
use crate::model::location::CheckpointUrl;
use crate::model::location::RunId;
use crate::model::plan::{Plan, PlannedTable};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

/// Objects read at once: 300 tables take some five round trips.
const READS_AT_ONCE: usize = 64;

/// A document as it was last seen in the store, to be changed and written back.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub document: T,
    key: String,
    /// None: there was no object.
    tag: Option<Tag>,
    /// Ids of writes since `tag` was seen whose end is not known.
    operations: Vec<String>,
    /// When the object was last written, by the store's clock; None if there was none.
    pub modified: Option<Timestamp>,
    /// The store's clock when it answered; None if there was no object.
    pub now: Option<Timestamp>,
}

impl<T> Entry<T> {
    /// How long ago the object was last written, by the store's own clock; None if there was none.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let age = self.now?.duration_since(self.modified?);
        Some(Duration::try_from(age).unwrap_or_default())
    }

    /// Is there an object?
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.tag.is_some()
    }
}

/// What became of [`Checkpoints::write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The store has it; the entry can be changed and written again.
    Stored,
    /// Somebody else wrote since the entry was read, or removed it. Nothing was written; read it again.
    Lost,
}

/// The checkpoints of one run, for one pod. Cheap to clone.
#[derive(Clone)]
pub struct Checkpoints {
    store: Arc<dyn Store>,
    run: RunId,
    pod: String,
    /// The store's root, for messages.
    place: String,
    /// Table objects as this process last read or wrote them, by key: what a listing shows under the same tag need
    /// not be read again. Never what a write is based on: that is the tag alone, which the store compares.
    known: Arc<Mutex<HashMap<String, (Tag, Bytes)>>>,
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkpoints({} for {})", self.shown(self.run.as_str()), self.pod)
    }
}

/// The store of a URL. Reaches no server yet, but finds region and credentials.
///
/// # Errors
/// `Config` if no region is known, `StoreRefused` if a folder cannot be made or used.
pub async fn open_store(url: &CheckpointUrl) -> Result<Arc<dyn Store>> {
    Ok(match url {
        CheckpointUrl::S3 { bucket, prefix } => Arc::new(S3Store::open(bucket, prefix).await?),
        CheckpointUrl::File { directory } => Arc::new(FileStore::open(directory)?),
    })
}

impl Checkpoints {
    /// Reaches no server yet, but finds region and credentials. Errors: `Config`, `StoreRefused`, `StoreUnavailable`.
    pub async fn open(url: &CheckpointUrl, run: RunId, pod: &str) -> Result<Self> {
        Ok(Self::with_store(open_store(url).await?, url.to_string(), run, pod))
    }

    /// On a store of one's own, named `place` in messages.
    pub fn with_store(store: Arc<dyn Store>, place: String, run: RunId, pod: &str) -> Self {
        Self { store, run, pod: pod.to_owned(), place, known: Arc::default() }
    }

    #[must_use]
    pub const fn run(&self) -> &RunId {
        &self.run
    }

    #[must_use]
    pub fn pod(&self) -> &str {
        &self.pod
    }

    /// Proves that the store honours conditional writes; leaves nothing behind. Errors: `StoreUnconditional`.
    pub async fn probe(&self) -> Result<()> {
        probe::probe(&*self.store, &keys::probe(&self.run, &operation_id())).await
    }

    /// The state of one table; pending if there is no object yet.
    pub async fn table(&self, plan: &Plan, table: &PlannedTable) -> Result<Entry<TableDocument>> {
        let key = keys::table(&self.run, table);
        let object = self.get_and_remember(&key).await?;
        self.table_entry(plan, table, key, object)
    }

    /// The state of all tables, in plan order. A listing, and those objects that are not known in the version it shows.
    pub async fn tables(&self, plan: &Plan) -> Result<Vec<Entry<TableDocument>>> {
        self.some_tables(plan, &plan.tables).await?.into_iter().collect()
    }

    /// The state of these tables, in their order, each with an error of its own.
    ///
    /// # Errors
    /// `StoreUnavailable` or `StoreRefused` if the objects cannot be listed; that one cannot be read is its own error.
    pub async fn some_tables(
        &self,
        plan: &Plan,
        tables: &[PlannedTable],
    ) -> Result<Vec<Result<Entry<TableDocument>>>> {
        let listed = self.store.list_versions(&keys::tables(&self.run)).await?;
        let listed: BTreeMap<String, ListedObject> =
            listed.into_iter().map(|object| (object.key.clone(), object)).collect();
        let listed = &listed;
        let entries = stream::iter(tables).map(|table| async move {
            let key = keys::table(&self.run, table);
            let object = match listed.get(&key) {
                None => None,
                Some(listed) => match self.remembered(listed) {
                    Some(object) => Some(object),
                    None => self.get_aside(key.clone()).await?,
                },
            };
            self.table_entry(plan, table, key, object)
        });
        Ok(entries.buffered(READS_AT_ONCE).collect().await)
    }

    /// The object, if it was read or written before in the version that the listing shows.
    fn remembered(&self, listed: &ListedObject) -> Option<Object> {
        let version = listed.version.as_ref()?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (tag, body) = known.get(&listed.key).filter(|(tag, _)| tag.means(&version.tag))?;
        Some(Object { body: body.clone(), tag: tag.clone(), modified: version.modified, now: version.now })
    }

    fn remember(&self, key: &str, tag: &Tag, body: &Bytes) {
        if key.starts_with(&keys::tables(&self.run)) {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            // A copy of its own: a body that was read may keep a network buffer of some kilobytes alive.
            known.insert(key.to_owned(), (tag.clone(), Bytes::copy_from_slice(body)));
        }
    }

    /// The object, read in a task of its own: thousands of requests are work for more than one processor.
    async fn get_aside(&self, key: String) -> Result<Option<Object>> {
        let checkpoints = self.clone();
        let read = async move { checkpoints.get_and_remember(&key).await };
        let task = AbortOnDropHandle::new(tokio::spawn(read.in_current_span()));
        task.await.map_err(|error| {
            Error::new(ErrorKind::Bug, "a read of the checkpoint store ended early").because(error)
        })?
    }

    async fn get_and_remember(&self, key: &str) -> Result<Option<Object>> {
        let object = self.get(key).await?;
        if let Some(object) = &object {
            self.remember(key, &object.tag, &object.body);
        }
        Ok(object)
    }

    fn table_entry(
        &self,
        plan: &Plan,
        table: &PlannedTable,
        key: String,
        object: Option<Object>,
    ) -> Result<Entry<TableDocument>> {
        let entry = self
            .entry(key, object, VERSION, || TableDocument::pending(plan, table))
            .map_err(|error| of_table(error, table))?;
        let (name, found) = (self.shown(&entry.key), &entry.document);
        same_plan(&name, &found.plan_fingerprint, plan)?;
        if (found.index, &found.table) != (table.index, &table.source) {
            let why = format!("it holds table {} with index {}", found.table, found.index);
            return Err(of_table(damaged(&name, &why), table));
        }
        Ok(entry)
    }

    fn entry<T: Document>(
        &self,
        key: String,
        object: Option<Object>,
        newest: u32,
        absent: impl FnOnce() -> T,
    ) -> Result<Entry<T>> {
        let operations = Vec::new();
        let Some(Object { body, tag, modified, now }) = object else {
            return Ok(Entry { document: absent(), key, tag: None, operations, modified: None, now: None });
        };
        let document = decode(&self.shown(&key), &body, newest)?;
        Ok(Entry { document, key, tag: Some(tag), operations, modified: Some(modified), now: Some(now) })
    }

    /// Writes the entry's document if nobody else has since it was read (or last written); every write, even of an
    /// unchanged document, renews the object's age. One round trip when nothing goes wrong.
    ///
    /// After `StoreUnavailable` the write may still take effect: call again with the same entry, which knows its own
    /// earlier writes, or read the table anew.
    pub async fn write<T: Document>(&self, entry: &mut Entry<T>) -> Result<Written> {
        let operation = operation_id();
        entry.document.stamp(&operation);
        entry.operations.push(operation);
        let body = encode(&entry.document)?;
        match put(&*self.store, &entry.key, &body, &entry.operations, entry.tag.as_ref()).await? {
            Put::Lost => Ok(Written::Lost),
            Put::Stored { tag, modified, now } => {
                self.remember(&entry.key, &tag, &body);
                entry.tag = Some(tag);
                entry.operations.clear();
                entry.modified = Some(modified);
                entry.now = Some(now);
                Ok(Written::Stored)
            }
        }
    }

    /// The entry as the store has it now; None if the object is gone.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn read_again<T: Document>(&self, entry: &Entry<T>) -> Result<Option<Entry<T>>> {
        let object = self.get_and_remember(&entry.key).await?;
        let absent = || entry.document.clone();
        let stored = self.entry(entry.key.clone(), object, VERSION, absent)?;
        Ok(stored.is_stored().then_some(stored))
    }

    /// Forgets a table's state, whoever owns it.
    pub async fn delete_table(&self, table: &PlannedTable) -> Result<()> {
        self.store.delete(&keys::table(&self.run, table)).await
    }

    /// The state of the finish step; pending if there is no object yet.
    pub async fn finish(&self, plan: &Plan) -> Result<Entry<FinishDocument>> {
        let key = keys::finish(&self.run);
        let object = self.get(&key).await?;
        let entry = self.entry(key, object, VERSION, || FinishDocument::pending(plan))?;
        same_plan(&self.shown(&entry.key), &entry.document.plan_fingerprint, plan)?;
        Ok(entry)
    }

    /// Forgets the state of the finish step.
    pub async fn delete_finish(&self) -> Result<()> {
        self.store.delete(&keys::finish(&self.run)).await
    }

    /// Writes what this pod did under the next free attempt of its name, and answers that attempt.
    pub async fn write_pod(&self, document: &PodDocument) -> Result<u32> {
        let listed = self.store.list(&keys::pods(&self.run)).await?;
        let last = listed.iter().filter_map(|key| keys::attempt(&self.run, &document.pod, key)).max();
        let mut attempt = last.unwrap_or(0).saturating_add(1);
        loop {
            let operation = operation_id();
            let mut document = document.clone();
            document.stamp(&operation);
            document.attempt = attempt;
            let key = keys::pod(&self.run, &document.pod, attempt);
            failpoint!("pod.before_put");
            let written = put(&*self.store, &key, &encode(&document)?, &[operation], None).await?;
            failpoint!("pod.after_put");
            match written {
                Put::Stored { .. } => return Ok(attempt),
                Put::Lost => attempt = attempt.saturating_add(1),
            }
        }
    }

    /// What the pods of the run did, by name and attempt.
    pub async fn pods(&self) -> Result<Vec<PodDocument>> {
        let listed = self.store.list(&keys::pods(&self.run)).await?;
        let mut pods: Vec<PodDocument> = stream::iter(listed)
            .map(|key| async move {
                let object = self.store.get(&key).await?;
                object.map(|object| decode(&self.shown(&key), &object.body, VERSION)).transpose()
            })
            .buffered(READS_AT_ONCE)
            .try_filter_map(|pod| async move { Ok(pod) })
            .try_collect()
            .await?;
        pods.sort_by(|a, b| (&a.pod, a.attempt).cmp(&(&b.pod, b.attempt)));
        Ok(pods)
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        failpoint!("store.before_get");
        self.store.get(key).await
    }

    /// The object of an entry, as a person finds it.
    #[must_use]
    pub fn place_of<T>(&self, entry: &Entry<T>) -> String {
        self.shown(&entry.key)
    }

    /// An object as a person finds it.
    fn shown(&self, key: &str) -> String {
        format!("{}/{key}", self.place)
    }
}

#[cfg(test)]
mod tests;
