//! What the statements of a build wait for: a lock that another session holds, and who that is.
//!
//! A statement runs in a session that has a name of its own for the time of its transaction, so another connection
//! finds it again, also behind a pooler. That connection asks `pg_blocking_pids` while statements take their time.

use super::events::{ObjectEvent, ObjectWatcher};
use super::queue::Job;
use crate::clock;
use crate::error::Result;
use crate::model::checkpoint::LockWait;
use crate::model::names::TableName;
use crate::postgres::client::{Client, get};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look that takes longer is given up.
pub(super) const LOOK_FOR: Duration = Duration::from_secs(5);
/// A wait is told when it has lasted this long.
const TOLD_AFTER: Duration = Duration::from_secs(3);

/// A statement that the target has not answered yet.
#[derive(Debug)]
struct Building {
    since: Instant,
    /// Objects and the tables that they lock.
    objects: Vec<(String, Vec<TableName>)>,
    /// Cancelled when its answer is not waited for any more.
    given_up: CancellationToken,
}

/// The statements that the target has not answered yet, by the names of their sessions.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// What the names begin with; no other build has it.
    prefix: String,
    building: Mutex<BTreeMap<String, Building>>,
}

impl UnderWay {
    pub(super) fn new() -> Self {
        Self {
            prefix: format!("shardferry-finish {:08x}", rand::random::<u32>()),
            building: Mutex::default(),
        }
    }

    fn building(&self) -> MutexGuard<'_, BTreeMap<String, Building>> {
        // Plain entries: they stay right after a panic of another task.
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The jobs are sent to the target; the name that their session takes, and what is cancelled if they are given up.
    pub(super) fn begin(&self, jobs: &[Job]) -> (String, CancellationToken) {
        let place = jobs.first().map_or(0, |job| job.place);
        let name = format!("{} {place}", self.prefix);
        let objects = jobs.iter().map(|job| (job.object.clone(), job.locks.clone())).collect();
        let given_up = CancellationToken::new();
        let building = Building { since: Instant::now(), objects, given_up: given_up.clone() };
        self.building().insert(name.clone(), building);
        (name, given_up)
    }

    /// The target has answered.
    pub(super) fn end(&self, name: &str) {
        self.building().remove(name);
    }

    /// The answer is not waited for any more.
    pub(super) fn give_up(&self, name: &str) {
        if let Some(building) = self.building().get(name) {
            building.given_up.cancel();
        }
    }

    /// The sessions of the statements that take their time.
    pub(super) fn slow(&self) -> BTreeSet<String> {
        let building = self.building();
        let slow = building.iter().filter(|(_, building)| building.since.elapsed() >= LOOK_EVERY);
        slow.map(|(name, _)| name.clone()).collect()
    }

    /// Which object of a session waits for that table.
    fn object(&self, session: &str, table: Option<&TableName>) -> Option<(String, String)> {
        let building = self.building();
        let Building { objects, .. } = building.get(session)?;
        let locks =
            |(_, tables): &&(String, Vec<TableName>)| table.is_some_and(|table| tables.contains(table));
        let (object, tables) = objects.iter().find(locks).or(objects.first())?;
        let table = table.or(tables.first()).map_or_else(|| "a table".to_owned(), ToString::to_string);
        Some((object.clone(), table))
    }
}

/// What was seen at the looks before.
#[derive(Debug, Default)]
pub(super) struct LockWatch {
    /// Since when an object waits.
    since: BTreeMap<String, (Instant, Timestamp)>,
    told: BTreeSet<String>,
}

impl LockWatch {
    /// Looks who waits for whom, and tells it. An answer that does not come, or is an error, is left out: the
    /// statements themselves will tell what is the matter.
    pub(super) async fn look(&mut self, client: &Client, under_way: &UnderWay, watcher: &ObjectWatcher) {
        let waits = match !under_way.slow().is_empty() {
            true => tokio::time::timeout(LOOK_FOR, waits(client, under_way)).await,
            false => Ok(Ok(Vec::new())),
        };
        let waits = match waits {
            Ok(Ok(waits)) => waits,
            // What was seen before may be over.
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "the target does not say who waits for whom");
                Vec::new()
            }
            Err(_) => {
                tracing::debug!("the target does not say in time who waits for whom");
                Vec::new()
            }
        };
        let waits = self.seen(waits);
        for wait in self.untold(&waits) {
            watcher(&ObjectEvent::Waits { wait });
        }
        watcher(&ObjectEvent::Looked { waits: &waits });
    }

    /// With the time of the first look that saw each of them.
    fn seen(&mut self, waits: Vec<LockWait>) -> Vec<LockWait> {
        self.since.retain(|object, _| waits.iter().any(|wait| &wait.object == object));
        let now = Instant::now();
        let mut seen = Vec::with_capacity(waits.len());
        for wait in waits {
            let (_, since) = *self.since.entry(wait.object.clone()).or_insert((now, wait.since));
            seen.push(LockWait { since, ..wait });
        }
        seen
    }

    fn untold<'w>(&mut self, waits: &'w [LockWait]) -> Vec<&'w LockWait> {
        let (since, told) = (&self.since, &mut self.told);
        told.retain(|object| since.contains_key(object));
        let is_long = |wait: &&LockWait| {
            since.get(&wait.object).is_some_and(|(began, _)| began.elapsed() >= TOLD_AFTER)
        };
        waits.iter().filter(is_long).filter(|wait| told.insert(wait.object.clone())).collect()
    }
}

/// Who waits for whom, one entry a session.
async fn waits(client: &Client, under_way: &UnderWay) -> Result<Vec<LockWait>> {
    let rows = client.query(include_str!("../sql/lock_waits.sql"), &[&under_way.prefix.as_str()]).await?;
    let (mut waits, mut sessions) = (Vec::new(), BTreeSet::new());
    for row in &rows {
        let session: String = get(row, 0)?;
        let table = get::<Option<String>>(row, 4)?.zip(get::<Option<String>>(row, 5)?);
        let table = table.map(|(schema, name)| TableName::new(schema, name));
        let Some((object, table)) = under_way.object(&session, table.as_ref()) else { continue };
        if !sessions.insert(session) {
            continue;
        }
        let age: Option<i64> = get(row, 3)?;
        waits.push(LockWait {
            object,
            table,
            since: clock::now(),
            pid: get(row, 1)?,
            session: get(row, 2)?,
            query_age_seconds: age.and_then(|seconds| u64::try_from(seconds).ok()),
        });
    }
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use super::super::Makes;
    use super::*;

    #[test]
    fn a_wait_is_told_once_and_only_after_some_seconds() {
        let mut watch = LockWatch::default();
        let first = watch.seen(vec![LockWait::example("foreign key FK on dbo.Orders")]);
        assert!(watch.untold(&first).is_empty());
        watch.since.values_mut().for_each(|(began, _)| *began = began.checked_sub(TOLD_AFTER).unwrap());
        let later = watch.seen(vec![
            LockWait::example("foreign key FK on dbo.Orders"),
            LockWait::example("index IX on dbo.Orders"),
        ]);
        assert_eq!(later[0].since, first[0].since, "the wait is the same");
        assert_eq!(watch.untold(&later), [&later[0]]);
        assert!(watch.untold(&later).is_empty(), "told once");
        let gone = watch.seen(Vec::new());
        assert!(gone.is_empty() && watch.since.is_empty());
    }

    #[test]
    fn of_several_statements_the_one_that_locks_the_table_is_named() {
        let job = |place: usize, object: &str, locks: &[&str]| Job {
            place,
            object: object.to_owned(),
            sql: String::new(),
            makes: Makes::Nothing,
            locks: locks.iter().map(|name| TableName::new("sales", *name)).collect(),
            shared: false,
        };
        let under_way = UnderWay::new();
        let (session, _) =
            under_way.begin(&[job(7, "key a", &["lines"]), job(8, "key b", &["lines", "orders"])]);
        assert!(session.starts_with(&under_way.prefix) && session.ends_with(" 7") && session.len() < 64);
        let of = |table: Option<&TableName>| under_way.object(&session, table);
        let named = |object: &str, table: &str| Some((object.to_owned(), table.to_owned()));
        assert_eq!(of(Some(&TableName::new("sales", "orders"))), named("key b", "sales.orders"));
        assert_eq!(of(Some(&TableName::new("other", "t"))), named("key a", "other.t"));
        assert_eq!(of(None), named("key a", "sales.lines"));
        under_way.end(&session);
        assert_eq!(of(None), None);
    }
}
