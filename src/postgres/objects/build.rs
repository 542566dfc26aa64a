//! Working the list of statements off, step by step. Every step looks first at what exists, so it can be repeated;
//! what fails does not stop the rest.

use super::events::{ObjectEvent, ObjectWatcher};
use super::locks::{LOOK_EVERY, LockWatch, UnderWay};
use super::lost_answers::{self, LostAnswers};
use super::queue::{Job, Queue, at_once};
use super::{Makes, PlannedObject, Step, queries};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::counts::counted;
use crate::model::names::TableName;
use crate::model::phase::Status;
use crate::postgres::catalog;
use crate::postgres::catalog::ExistingObject;
use crate::postgres::client::Client;
use crate::postgres::ddl::SEARCH_PATH;
use crate::settings::target::TargetSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What became of the statements.
#[derive(Debug, Default)]
pub struct Report {
    pub built: usize,
    /// There already.
    pub present: usize,
    /// For good, in this attempt or an earlier one: [`RunBefore::take_failed`].
    pub failed: Vec<(String, Error)>,
    /// What the target refused for now, as it was busy or short of something: to be tried again.
    pub deferred: Vec<(String, Error)>,
    /// By step name, for the checkpoint.
    pub steps: BTreeMap<String, Status>,
}

type ExistingByTable = BTreeMap<TableName, Vec<ExistingObject>>;

/// What an earlier attempt of this process has run, by place in the list: what leaves nothing with a name is not run
/// again. And what was told of its waits.
#[derive(Debug, Default)]
pub struct RunBefore {
    built: BTreeSet<usize>,
    /// What failed for good, which was told: a later attempt does not run it again, and must not forget it.
    failed: BTreeMap<usize, (String, Error)>,
    waits: LockWatch,
}

impl RunBefore {
    /// The objects that failed for good in any attempt, for the report.
    pub fn take_failed(&mut self) -> Vec<(String, Error)> {
        std::mem::take(&mut self.failed).into_values().collect()
    }
}

/// Builds everything of `planned` on `tables` (of the target), `jobs` statements at once if they do not lock each
/// other out.
///
/// # Errors
/// `TargetUnavailable`, `TargetLogin` or `TargetPermission` if the target cannot be asked; what becomes of one object
/// is in the report.
pub async fn build(
    settings: &TargetSettings,
    tables: &[TableName],
    planned: &[PlannedObject],
    jobs: usize,
    before: &mut RunBefore,
    watcher: &ObjectWatcher,
) -> Result<Report> {
    let client = Client::connect(settings, "shardferry finish").await?;
    let mut report = Report::default();
    let tuning = queries::tuning(&client, jobs).await?;
    let (watcher, under_way) = (Arc::clone(watcher), Arc::new(UnderWay::new()));
    let builder = Builder { client, settings, jobs, tuning, idle: Arc::default(), watcher, under_way };
    let objects = planned.iter().filter(|planned| planned.statement.sql().is_some()).count();
    (builder.watcher)(&ObjectEvent::Begun { objects });
    failpoint!("finish.before_indexes");
    for step in Step::ALL {
        // Read anew: a proof is for what the step before it has made.
        let there = match step {
            Step::Indexes
            | Step::Checks
            | Step::ChecksValidated
            | Step::ForeignKeys
            | Step::ForeignKeysValidated => catalog::existing(&builder.client, tables).await?,
            _ => ExistingByTable::new(),
        };
        let (mut waiting, mut were_there, mut has_failed) = (Vec::new(), 0, false);
        for (place, planned) in planned.iter().enumerate().filter(|(_, planned)| planned.step == step) {
            let Some(sql) = planned.statement.sql() else { continue };
            were_there += 1;
            if before.failed.contains_key(&place) {
                has_failed = true;
                continue;
            }
            match is_there(&planned.makes, &there) {
                true if matches!(planned.makes, Makes::Proof(..)) => {}
                true if before.built.contains(&place) => report.built += 1,
                true => report.present += 1,
                false if planned.makes == Makes::Nothing && before.built.contains(&place) => {
                    report.built += 1
                }
                false => {
                    were_there -= 1;
                    waiting.push(job(place, planned, sql));
                }
            }
        }
        (builder.watcher)(&ObjectEvent::WereThere { objects: were_there });
        if step == Step::Sequences {
            builder.refuse_taken_names(&mut waiting, before).await?;
        }
        builder.step(step, waiting, &mut report, before).await?;
        if has_failed {
            report.steps.insert(step.name().to_owned(), Status::Failed);
        }
        after(step)?;
    }
    builder.close().await;
    Ok(report)
}

/// Failpoints of the steps.
fn after(step: Step) -> Result<()> {
    match step {
        Step::Indexes => {
            failpoint!("finish.after_indexes");
        }
        Step::Sequences => {
            failpoint!("finish.after_sequences");
        }
        Step::Defaults => {
            failpoint!("finish.after_defaults");
        }
        Step::ChecksValidated => {
            failpoint!("finish.after_checks");
        }
        Step::ForeignKeys => {
            failpoint!("finish.after_foreign_keys");
        }
        Step::ForeignKeysValidated => {
            failpoint!("finish.after_validation");
        }
        Step::Identities => {
            failpoint!("finish.after_identities");
        }
        Step::Comments => {
            failpoint!("finish.after_comments");
        }
        Step::Analyze => {
            failpoint!("finish.after_analyze");
        }
        Step::NothingToRun | Step::Checks => {}
    }
    Ok(())
}

fn job(place: usize, planned: &PlannedObject, sql: &str) -> Job {
    let object = match planned.makes {
        Makes::Proof(..) => format!("validation of {}", planned.object),
        _ => planned.object.to_string(),
    };
    // Index builds share a table; what adds a constraint locks it.
    let shared = planned.step == Step::Indexes && sql.starts_with("CREATE");
    let (makes, locks) = (planned.makes.clone(), planned.locks.clone());
    Job { place, object, sql: sql.to_owned(), makes, locks, shared }
}

/// Is what the statement makes there already (or, of a proof, what it would prove not)?
fn is_there(makes: &Makes, there: &ExistingByTable) -> bool {
    let find = |table: &TableName, name: &str| {
        there.get(table).and_then(|there| there.iter().find(|object| object.name == name))
    };
    match makes {
        Makes::Nothing | Makes::Sequence(_) => false,
        Makes::Index(table, name) => find(table, name).is_some_and(|object| object.valid),
        Makes::Constraint(table, name) => find(table, name).is_some(),
        Makes::Proof(table, name) => find(table, name).is_none_or(|object| object.valid),
    }
}

struct Builder<'s> {
    /// Looks at what exists, and at who waits for whom.
    client: Client,
    settings: &'s TargetSettings,
    jobs: usize,
    /// Settings of transactions that build indexes.
    tuning: String,
    idle: Idle,
    watcher: ObjectWatcher,
    under_way: Arc<UnderWay>,
}

/// Connections of workers, kept from step to step.
type Idle = Arc<Mutex<Vec<Client>>>;

fn idle(clients: &Mutex<Vec<Client>>) -> MutexGuard<'_, Vec<Client>> {
    // A plain list: it stays right after a panic of another task.
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Builder<'_> {
    async fn close(self) {
        let clients = std::mem::take(&mut *idle(&self.idle));
        for client in clients {
            client.close().await;
        }
        self.client.close().await;
    }

    /// A sequence whose name another object has must not be positioned: that would move an identity, for example.
    async fn refuse_taken_names(&self, waiting: &mut Vec<Job>, before: &mut RunBefore) -> Result<()> {
        let name = |job: &Job| match &job.makes {
            Makes::Sequence(name) => Some(name.clone()),
            _ => None,
        };
        let wanted: Vec<TableName> = waiting.iter().filter_map(name).collect();
        let taken = queries::not_sequences(&self.client, &wanted.iter().collect::<Vec<_>>()).await?;
        waiting.retain(|job| {
            let Some(name) = name(job).filter(|name| taken.contains(name)) else { return true };
            let message = format!("{name} is the name of another object in the target");
            let error = Error::new(ErrorKind::TargetMismatch, message);
            (self.watcher)(&ObjectEvent::Failed { object: &job.object, error: &error });
            before.failed.insert(job.place, (job.object.clone(), error));
            false
        });
        Ok(())
    }

    /// Works the jobs off with as many connections as there is work for.
    async fn step(
        &self,
        step: Step,
        waiting: Vec<Job>,
        report: &mut Report,
        before: &mut RunBefore,
    ) -> Result<()> {
        let most = at_once(step).min(waiting.len().div_ceil(self.jobs.max(1))).max(1);
        let workers = self.jobs.min(waiting.len());
        let unbuilt_before = before.failed.len() + report.deferred.len();
        let queue = Arc::new(Queue::new(waiting));
        let preamble = match step {
            Step::Indexes => format!("{SEARCH_PATH};\n{}", self.tuning),
            _ => format!("{SEARCH_PATH};\n"),
        };
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..workers {
            let worker = Worker {
                settings: self.settings.clone(),
                clients: Arc::clone(&self.idle),
                queue: Arc::clone(&queue),
                preamble: preamble.clone(),
                watcher: Arc::clone(&self.watcher),
                under_way: Arc::clone(&self.under_way),
            };
            tasks.spawn(async move {
                let ended = worker.work_off(most).await;
                if ended.is_err() {
                    worker.queue.stop();
                }
                ended
            });
        }
        let mut lost = LostAnswers::default();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let ended = tokio::select! {
                ended = tasks.join_next() => ended,
                _ = looks.tick() => {
                    before.waits.look(&self.client, &self.under_way, &self.watcher).await;
                    lost.look(self.settings, &self.under_way).await;
                    continue;
                }
            };
            let Some(ended) = ended else { break };
            let ended = ended
                .map_err(|error| Error::new(ErrorKind::Bug, "a finish worker ended badly").because(error))?;
            let ended = ended?;
            report.built += ended.built.len();
            before.failed.extend(ended.failed);
            report.deferred.extend(ended.deferred);
            before.built.extend(ended.built);
        }
        let unbuilt = before.failed.len() + report.deferred.len();
        let status = if unbuilt == unbuilt_before { Status::Completed } else { Status::Failed };
        report.steps.insert(step.name().to_owned(), status);
        Ok(())
    }
}

/// What became of the statements that a worker took.
#[derive(Debug, Default)]
struct WorkedOff {
    /// By place in the list.
    built: Vec<usize>,
    /// With their places.
    failed: Vec<(usize, (String, Error))>,
    deferred: Vec<(String, Error)>,
}

/// Who works the statements of a step off, with others.
struct Worker {
    settings: TargetSettings,
    clients: Idle,
    queue: Arc<Queue>,
    /// What every transaction begins with.
    preamble: String,
    watcher: ObjectWatcher,
    under_way: Arc<UnderWay>,
}

impl Worker {
    /// Takes `most` statements at once, and runs each alone if one of them fails.
    ///
    /// # Errors
    /// Those of reaching the target: they end the step. An object that the target refuses for now (a lock, a full disk)
    /// is set aside, and the others are built.
    async fn work_off(&self, most: usize) -> Result<WorkedOff> {
        let kept = idle(&self.clients).pop();
        let client = match kept {
            Some(client) if !client.is_closed() => client,
            _ => Client::connect(&self.settings, "shardferry finish").await?,
        };
        let mut worked = WorkedOff::default();
        loop {
            let jobs = self.queue.take(most).await;
            if jobs.is_empty() {
                break;
            }
            let together = if jobs.len() > 1 { self.run(&client, &jobs).await.is_ok() } else { false };
            for job in jobs {
                let began = Instant::now();
                let outcome =
                    if together { Ok(()) } else { self.run(&client, std::slice::from_ref(&job)).await };
                self.queue.done(&job);
                let took = (!together).then(|| began.elapsed());
                let built = ObjectEvent::Built { object: &job.object, took };
                match outcome {
                    Ok(()) => {
                        (self.watcher)(&built);
                        worked.built.push(job.place);
                    }
                    Err(error) if error.policy().retry && client.batch("SELECT 1").await.is_err() => {
                        return Err(error);
                    }
                    Err(error) if error.policy().retry => worked.deferred.push((job.object, error)),
                    Err(_) if was_made(&client, &job).await? => {
                        (self.watcher)(&built);
                        worked.built.push(job.place);
                    }
                    Err(error) => {
                        (self.watcher)(&ObjectEvent::Failed { object: &job.object, error: &error });
                        worked.failed.push((job.place, (job.object, error)));
                    }
                }
            }
        }
        idle(&self.clients).push(client);
        Ok(worked)
    }

    /// All of them or none.
    async fn run(&self, client: &Client, jobs: &[Job]) -> Result<()> {
        let Some(first) = jobs.first() else { return Ok(()) };
        let object = match jobs.len() - 1 {
            0 => first.object.clone(),
            others => format!("{} and {}", first.object, counted(others as u64, "other")),
        };
        failpoint!("finish.before_object");
        let (session, given_up) = self.under_way.begin(jobs);
        let each: Vec<&str> = jobs.iter().map(|job| job.object.as_str()).collect();
        (self.watcher)(&ObjectEvent::Started { place: first.place, object: &object, each: &each });
        // The transaction's name alone: behind a pooler the session is somebody else's afterwards.
        let name = format!("SET LOCAL application_name = '{session}';\n");
        let statements: Vec<&str> = jobs.iter().map(|job| job.sql.as_str()).collect();
        let sql = format!("{name}{}{}", self.preamble, statements.join(";\n"));
        let ran = tokio::select! {
            ran = client.batch_of_hours(&sql) => ran,
            () = given_up.cancelled() => {
                client.abandon();
                Err(lost_answers::given_up(self.settings.socket_timeout()))
            }
        };
        self.under_way.end(&session);
        (self.watcher)(&ObjectEvent::Ended { place: first.place });
        ran?;
        failpoint!("finish.after_object");
        Ok(())
    }
}

/// Did somebody else make it meanwhile? A pod that was overtaken in its finish step may still end a statement.
async fn was_made(client: &Client, job: &Job) -> Result<bool> {
    let (Makes::Index(table, name) | Makes::Constraint(table, name)) = &job.makes else { return Ok(false) };
    let existing = catalog::existing(client, std::slice::from_ref(table)).await?;
    Ok(existing.get(table).is_some_and(|there| there.iter().any(|object| &object.name == name)))
}
