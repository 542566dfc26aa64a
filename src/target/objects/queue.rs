//! Statements that wait for their turn: no two run at once whose locks would make one wait for the other, so that none waits
//! inside of the server, where a wait may end in a timeout or a deadlock.

use super::Makes;
use crate::schema::TableName;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One statement to run.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) object: String,
    pub(super) sql: String,
    pub(super) makes: Makes,
    pub(super) locks: Vec<TableName>,
    /// Others of its kind may work on the same tables.
    pub(super) shared: bool,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// How many work on a table; of an exclusive one, one.
    busy: BTreeMap<TableName, (usize, bool)>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

impl Queue {
    pub(super) fn new(jobs: Vec<Job>) -> Self {
        Self { state: Mutex::new(State { waiting: jobs.into(), ..State::default() }), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first job whose tables are free, which are busy until [`Self::done`]; None where no job waits.
    pub(super) async fn take(&self) -> Option<Job> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if state.waiting.is_empty() {
                    return None;
                }
                if let Some(job) = state.take() {
                    return Some(job);
                }
            }
            changed.await;
        }
    }

    /// The job has ended, well or not.
    pub(super) fn done(&self, job: &Job) {
        let mut state = self.state();
        for table in &job.locks {
            let left = state.busy.get_mut(table).map_or(0, |(count, _)| {
                *count = count.saturating_sub(1);
                *count
            });
            if left == 0 {
                state.busy.remove(table);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Nothing more is to be begun.
    pub(super) fn stop(&self) {
        self.state().waiting.clear();
        self.changed.notify_waiters();
    }
}

impl State {
    fn take(&mut self) -> Option<Job> {
        let free = |job: &Job| {
            job.locks.iter().all(|table| match self.busy.get(table) {
                None => true,
                Some((_, exclusive)) => job.shared && !exclusive,
            })
        };
        let place = self.waiting.iter().position(free)?;
        let mut job = self.waiting.remove(place)?;
        job.locks.sort();
        job.locks.dedup();
        for table in &job.locks {
            self.busy.entry(table.clone()).or_insert((0, !job.shared)).0 += 1;
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(object: &str, locks: &[&str], shared: bool) -> Job {
        Job {
            object: object.to_owned(),
            sql: String::new(),
            makes: Makes::Nothing,
            locks: locks.iter().map(|name| TableName::new("s", *name)).collect(),
            shared,
        }
    }

    #[tokio::test]
    async fn no_two_jobs_lock_each_other_out() {
        let queue = Queue::new(vec![
            job("ix1", &["a"], true),
            job("ix2", &["a"], true),
            job("uq", &["a"], false),
            job("fk", &["b", "b"], false),
            job("fk2", &["b", "c"], false),
        ]);
        let mut taken = Vec::new();
        for expected in ["ix1", "ix2", "fk"] {
            let job = queue.take().await.unwrap();
            assert_eq!(job.object, expected);
            taken.push(job);
        }
        assert!(queue.state().take().is_none(), "the rest waits for a or b");
        queue.done(&taken[2]);
        assert_eq!(queue.take().await.unwrap().object, "fk2");
        queue.done(&taken[0]);
        assert!(queue.state().take().is_none());
        queue.done(&taken[1]);
        assert_eq!(queue.take().await.unwrap().object, "uq");
        assert!(queue.take().await.is_none());
    }
}
