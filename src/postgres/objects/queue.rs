//! Statements that wait for their turn: no two run at once whose locks would make one wait for the other, so that none
//! waits inside of the server, where a wait may end in a timeout or a deadlock.

use super::Makes;
use super::Step;
use crate::model::names::TableName;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One statement to run.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// In the list of statements.
    pub(super) place: usize,
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

    /// Up to `most` jobs whose tables are free, which are busy until [`Self::done`]; none if no job waits. Several jobs
    /// on one table may be among them.
    pub(super) async fn take(&self, most: usize) -> Vec<Job> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if state.waiting.is_empty() {
                    return Vec::new();
                }
                let jobs = state.take(most);
                if !jobs.is_empty() {
                    return jobs;
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
    fn take(&mut self, most: usize) -> Vec<Job> {
        let (mut taken, mut own): (Vec<Job>, BTreeSet<TableName>) = (Vec::new(), BTreeSet::new());
        let mut place = 0;
        while let Some(job) = self.waiting.get(place).filter(|_| taken.len() < most) {
            let free = job.locks.iter().all(|table| match self.busy.get(table) {
                None => true,
                Some((_, exclusive)) => own.contains(table) || (job.shared && !exclusive),
            });
            let Some(mut job) = free.then(|| self.waiting.remove(place)).flatten() else {
                place += 1;
                continue;
            };
            job.locks.sort();
            job.locks.dedup();
            for table in &job.locks {
                let of_table = self.busy.entry(table.clone()).or_insert((0, !job.shared));
                // A table that others work on is theirs as well.
                if of_table.0 == 0 {
                    own.insert(table.clone());
                }
                of_table.0 += 1;
            }
            taken.push(job);
        }
        taken
    }
}

/// How many statements of a step share a transaction, and with it a round trip and a flush. What takes its time is
/// run alone.
pub(super) const fn at_once(step: Step) -> usize {
    match step {
        Step::NothingToRun | Step::Indexes | Step::ChecksValidated | Step::ForeignKeysValidated => 1,
        Step::Analyze => 8,
        Step::Sequences
        | Step::Defaults
        | Step::Checks
        | Step::ForeignKeys
        | Step::Identities
        | Step::Comments => 50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(object: &str, locks: &[&str], shared: bool) -> Job {
        Job {
            place: 0,
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
            let job = queue.take(1).await;
            assert_eq!(names(&job), [expected]);
            taken.extend(job);
        }
        assert!(queue.state().take(9).is_empty(), "the rest waits for a or b");
        queue.done(&taken[2]);
        assert_eq!(names(&queue.take(9).await), ["fk2"]);
        queue.done(&taken[0]);
        assert!(queue.state().take(9).is_empty());
        queue.done(&taken[1]);
        assert_eq!(names(&queue.take(9).await), ["uq"]);
        assert!(queue.take(1).await.is_empty());
    }

    fn names(jobs: &[Job]) -> Vec<&str> {
        jobs.iter().map(|job| job.object.as_str()).collect()
    }

    #[tokio::test]
    async fn a_batch_has_what_is_free_and_several_of_one_table() {
        let queue = Queue::new(vec![
            job("a1", &["a"], false),
            job("b1", &["b"], false),
            job("a2", &["a"], false),
            job("c1", &["c"], false),
            job("ab", &["a", "b"], false),
        ]);
        let first = queue.take(3).await;
        assert_eq!(names(&first), ["a1", "b1", "a2"]);
        assert_eq!(names(&queue.take(3).await), ["c1"], "a and b are another worker's");
        queue.done(&first[0]);
        queue.done(&first[1]);
        assert!(queue.state().take(3).is_empty(), "a2 is not done");
        queue.done(&first[2]);
        assert_eq!(names(&queue.take(3).await), ["ab"]);
    }
}
