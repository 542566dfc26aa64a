//! A store in memory that misbehaves when told to: the same operations, with faults queued per operation.

use super::{
    BoxFuture, Bytes, ListedObject, ListedVersion, Object, PutOutcome, Result, Store, Tag, Timestamp,
};
use crate::error::{Error, ErrorKind};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

/// What happens to one operation instead of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None: this one passes.
    Pass,
    /// Unavailable, and nothing was done.
    Before,
    /// Unavailable, although the write took effect.
    After,
    /// A conflict (409) that nobody caused; nothing was done.
    FalseConflict,
    /// The write took effect, and yet a conflict is answered: what an SDK reports that repeated a put of its own.
    ConflictAfter,
    /// Refused for good.
    Refused,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Bytes, u64, Timestamp)>,
    writes: u64,
    reads: u64,
    clock: Timestamp,
    write_faults: VecDeque<Fault>,
    read_faults: VecDeque<Fault>,
    ignores_conditions: bool,
    deletes_refused: bool,
}

#[derive(Default)]
pub(crate) struct MemoryStore(Mutex<State>);

impl MemoryStore {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next writes meet these, in order.
    pub(crate) fn fail_writes(&self, faults: &[Fault]) {
        self.state().write_faults.extend(faults);
    }

    /// The next reads meet these, in order.
    pub(crate) fn fail_reads(&self, faults: &[Fault]) {
        self.state().read_faults.extend(faults);
    }

    /// Every put is stored, as some S3-compatible stores do.
    pub(crate) fn ignore_conditions(&self) {
        self.state().ignores_conditions = true;
    }

    pub(crate) fn refuse_deletes(&self) {
        self.state().deletes_refused = true;
    }

    /// Moves the store's clock.
    pub(crate) fn advance(&self, seconds: i64) {
        let mut state = self.state();
        state.clock += jiff::SignedDuration::from_secs(seconds);
    }

    /// Writes past every condition: another pod, or a person.
    pub(crate) fn overwrite(&self, key: &str, body: impl Into<Bytes>) {
        self.state().write(key, body.into());
    }

    /// How often an object was asked for.
    pub(crate) fn reads(&self) -> u64 {
        self.state().reads
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        String::from_utf8(self.state().objects[key].0.to_vec()).unwrap()
    }

    fn put(&self, key: &str, body: Bytes, condition: impl Fn(Option<u64>) -> bool) -> Result<PutOutcome> {
        let mut state = self.state();
        let fault = state.write_faults.pop_front().unwrap_or(Fault::Pass);
        match fault {
            Fault::Before => return Err(unavailable()),
            Fault::Refused => return Err(Error::new(ErrorKind::StoreRefused, "refused on purpose")),
            Fault::FalseConflict => return Ok(PutOutcome::Conflict),
            Fault::Pass | Fault::After | Fault::ConflictAfter => {}
        }
        let present = state.objects.get(key).map(|object| object.1);
        if !condition(present) && !state.ignores_conditions {
            return Ok(PutOutcome::Conflict);
        }
        let version = state.write(key, body);
        match fault {
            Fault::After => Err(unavailable()),
            Fault::ConflictAfter => Ok(PutOutcome::Conflict),
            _ => Ok(PutOutcome::Stored { tag: Tag(version.to_string()), now: state.clock }),
        }
    }
}

impl State {
    fn write(&mut self, key: &str, body: Bytes) -> u64 {
        self.writes += 1;
        self.objects.insert(key.to_owned(), (body, self.writes, self.clock));
        self.writes
    }
}

fn unavailable() -> Error {
    Error::new(ErrorKind::StoreUnavailable, "unavailable on purpose")
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>>> {
        Box::pin(async move {
            let mut state = self.state();
            state.reads += 1;
            match state.read_faults.pop_front().unwrap_or(Fault::Pass) {
                Fault::Pass => {}
                Fault::Refused => return Err(Error::new(ErrorKind::StoreRefused, "refused on purpose")),
                _ => return Err(unavailable()),
            }
            let now = state.clock;
            Ok(state.objects.get(key).map(|(body, version, modified)| Object {
                body: body.clone(),
                tag: Tag(version.to_string()),
                modified: *modified,
                now,
            }))
        })
    }

    fn create<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(async move { self.put(key, body, |present| present.is_none()) })
    }

    fn replace<'a>(&'a self, key: &'a str, body: Bytes, tag: &'a Tag) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(
            async move { self.put(key, body, |present| present.is_some_and(|it| it.to_string() == tag.0)) },
        )
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { Ok(self.keys().into_iter().filter(|key| key.starts_with(prefix)).collect()) })
    }

    fn list_versions<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<ListedObject>>> {
        Box::pin(async move {
            let state = self.state();
            let found = state.objects.iter().filter(|(key, _)| key.starts_with(prefix));
            let listed = |(key, (_, version, modified)): (&String, &(Bytes, u64, Timestamp))| ListedObject {
                key: key.clone(),
                // Quoted, as the listing of a real store may be while its other answers are not.
                version: Some(ListedVersion {
                    tag: Tag(format!("\"{version}\"")),
                    modified: *modified,
                    now: state.clock,
                }),
            };
            Ok(found.map(listed).collect())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.deletes_refused {
                return Err(Error::new(ErrorKind::StoreRefused, "deletes are refused"));
            }
            state.objects.remove(key);
            Ok(())
        })
    }
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    super::contract::holds(std::sync::Arc::new(MemoryStore::default()), "root").await;
}
