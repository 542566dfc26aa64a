//! Working the list of statements off, step by step. Every step looks first at what exists, so it can be repeated;
//! what fails does not stop the rest.

use super::queue::{Job, Queue};
use super::{Makes, PlannedObject, Step, queries};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::names::TableName;
use crate::model::phase::Status;
use crate::postgres::catalog;
use crate::postgres::catalog::ExistingObject;
use crate::postgres::client::Client;
use crate::postgres::ddl::SEARCH_PATH;
use crate::settings::target::TargetSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What became of the statements.
#[derive(Debug, Default)]
pub struct Report {
    pub built: usize,
    /// There already.
    pub present: usize,
    pub failed: Vec<(String, Error)>,
    /// What the target refused for now, as it was busy or short of something: to be tried again.
    pub deferred: Vec<(String, Error)>,
    /// By step name, for the checkpoint.
    pub steps: BTreeMap<String, Status>,
}

type ExistingByTable = BTreeMap<TableName, Vec<ExistingObject>>;

/// What an earlier attempt of this process has run, by place in the list: what leaves nothing with a name is not run
/// again.
#[derive(Debug, Default)]
pub struct RunBefore(BTreeSet<usize>);

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
) -> Result<Report> {
    let client = Client::connect(settings, "shardferry finish").await?;
    let mut report = Report::default();
    let tuning = queries::tuning(&client, jobs).await?;
    let builder = Builder { settings, jobs, tuning, idle: Arc::default() };
    failpoint!("finish.before_indexes");
    for step in Step::ALL {
        // Read anew: a proof is for what the step before it has made.
        let there = match step {
            Step::Indexes
            | Step::Checks
            | Step::ChecksValidated
            | Step::ForeignKeys
            | Step::ForeignKeysValidated => catalog::existing(&client, tables).await?,
            _ => ExistingByTable::new(),
        };
        let mut waiting = Vec::new();
        for (place, planned) in planned.iter().enumerate().filter(|(_, planned)| planned.step == step) {
            let Some(sql) = planned.statement.sql() else { continue };
            match is_there(&planned.makes, &there) {
                true if matches!(planned.makes, Makes::Proof(..)) => {}
                true if before.0.contains(&place) => report.built += 1,
                true => report.present += 1,
                false if planned.makes == Makes::Nothing && before.0.contains(&place) => report.built += 1,
                false => waiting.push(job(place, planned, sql)),
            }
        }
        if step == Step::Sequences {
            refuse_taken_names(&client, &mut waiting, &mut report).await?;
        }
        builder.step(step, waiting, &mut report, before).await?;
        after(step)?;
    }
    builder.close().await;
    client.close().await;
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

/// A sequence whose name another object has must not be positioned: that would move an identity, for example.
async fn refuse_taken_names(client: &Client, waiting: &mut Vec<Job>, report: &mut Report) -> Result<()> {
    let name = |job: &Job| match &job.makes {
        Makes::Sequence(name) => Some(name.clone()),
        _ => None,
    };
    let wanted: Vec<TableName> = waiting.iter().filter_map(name).collect();
    let taken = queries::not_sequences(client, &wanted.iter().collect::<Vec<_>>()).await?;
    waiting.retain(|job| {
        let Some(name) = name(job).filter(|name| taken.contains(name)) else { return true };
        let message = format!("{name} is the name of another object in the target");
        report.failed.push((job.object.clone(), Error::new(ErrorKind::TargetMismatch, message)));
        false
    });
    Ok(())
}

struct Builder<'s> {
    settings: &'s TargetSettings,
    jobs: usize,
    /// Settings of transactions that build indexes.
    tuning: String,
    idle: Idle,
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
        let unbuilt_before = report.failed.len() + report.deferred.len();
        let queue = Arc::new(Queue::new(waiting));
        let preamble = match step {
            Step::Indexes => format!("{SEARCH_PATH};\n{}", self.tuning),
            _ => format!("{SEARCH_PATH};\n"),
        };
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..workers {
            let (settings, queue, preamble) = (self.settings.clone(), Arc::clone(&queue), preamble.clone());
            let clients = Arc::clone(&self.idle);
            tasks.spawn(async move {
                let ended = work_off(&settings, &clients, &queue, &preamble, most).await;
                if ended.is_err() {
                    queue.stop();
                }
                ended
            });
        }
        while let Some(ended) = tasks.join_next().await {
            let ended = ended
                .map_err(|error| Error::new(ErrorKind::Bug, "a finish worker ended badly").because(error))?;
            let ended = ended?;
            report.built += ended.built.len();
            report.failed.extend(ended.failed);
            report.deferred.extend(ended.deferred);
            before.0.extend(ended.built);
        }
        let unbuilt = report.failed.len() + report.deferred.len();
        let status = if unbuilt == unbuilt_before { Status::Completed } else { Status::Failed };
        report.steps.insert(step.name().to_owned(), status);
        Ok(())
    }
}

/// How many statements of a step share a transaction, and with it a round trip and a flush. What takes its time is
/// run alone.
const fn at_once(step: Step) -> usize {
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

/// What became of the statements that a worker took.
#[derive(Debug, Default)]
struct WorkedOff {
    /// By place in the list.
    built: Vec<usize>,
    failed: Vec<(String, Error)>,
    deferred: Vec<(String, Error)>,
}

/// Takes `most` statements at once, and runs each alone if one of them fails.
///
/// # Errors
/// Those of reaching the target: they end the step. An object that the target refuses for now (a lock, a full disk)
/// is set aside, and the others are built.
async fn work_off(
    settings: &TargetSettings,
    clients: &Mutex<Vec<Client>>,
    queue: &Queue,
    before: &str,
    most: usize,
) -> Result<WorkedOff> {
    let kept = idle(clients).pop();
    let client = match kept {
        Some(client) if !client.is_closed() => client,
        _ => Client::connect(settings, "shardferry finish").await?,
    };
    let mut worked = WorkedOff::default();
    loop {
        let jobs = queue.take(most).await;
        if jobs.is_empty() {
            break;
        }
        let together = if jobs.len() > 1 { run(&client, &jobs, before).await.is_ok() } else { false };
        for job in jobs {
            let outcome =
                if together { Ok(()) } else { run(&client, std::slice::from_ref(&job), before).await };
            queue.done(&job);
            match outcome {
                Ok(()) => worked.built.push(job.place),
                Err(error) if error.policy().retry && client.batch("SELECT 1").await.is_err() => {
                    return Err(error);
                }
                Err(error) if error.policy().retry => worked.deferred.push((job.object, error)),
                Err(_) if was_made(&client, &job).await? => worked.built.push(job.place),
                Err(error) => worked.failed.push((job.object, error)),
            }
        }
    }
    idle(clients).push(client);
    Ok(worked)
}

/// All of them or none.
async fn run(client: &Client, jobs: &[Job], before: &str) -> Result<()> {
    failpoint!("finish.before_object");
    let statements: Vec<&str> = jobs.iter().map(|job| job.sql.as_str()).collect();
    client.batch_of_hours(&format!("{before}{}", statements.join(";\n"))).await?;
    failpoint!("finish.after_object");
    Ok(())
}

/// Did somebody else make it meanwhile? A pod that was overtaken in its finish step may still end a statement.
async fn was_made(client: &Client, job: &Job) -> Result<bool> {
    let (Makes::Index(table, name) | Makes::Constraint(table, name)) = &job.makes else { return Ok(false) };
    let existing = catalog::existing(client, std::slice::from_ref(table)).await?;
    Ok(existing.get(table).is_some_and(|there| there.iter().any(|object| &object.name == name)))
}
