//! What stands on the tables once their rows are there: indexes, unique constraints, foreign keys, identity positions,
//! statistics. Every step looks first at what exists, so it can be repeated; what fails does not stop the rest.

use super::catalog::{self, Existing};
use super::client::Client;
use super::ddl::{self, Statement};
use super::names::{Names, constraint_name};
use super::settings::TargetSettings;
use crate::checkpoint::document::Status;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::plan::document::PlannedTable;
use crate::schema::{ColumnName, ForeignKey, Identity, Index, TableName};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Mutex;

/// What the source has, and what it is called here.
pub struct Objects {
    /// All tables of the plan.
    pub tables: Vec<PlannedTable>,
    pub names: Names,
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    /// By source table and column.
    pub identities: BTreeMap<(TableName, ColumnName), Identity>,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Report {
    pub built: usize,
    /// There already.
    pub present: usize,
    /// Object and reason.
    pub skipped: Vec<(String, String)>,
    pub failed: Vec<(String, Error)>,
    /// By step name, for the checkpoint.
    pub steps: BTreeMap<String, Status>,
}

/// One statement about one object.
struct Job {
    object: String,
    sql: String,
    /// The table and name of an index or constraint that it makes.
    makes: Option<(TableName, String)>,
}

/// Builds everything, `jobs` statements at once where they do not lock each other out.
///
/// # Errors
/// Those of reaching the target; what one object does wrong is in the report.
pub async fn build(settings: &TargetSettings, objects: &Objects, jobs: usize) -> Result<Report> {
    let client = Client::connect(settings, "shardferry finish").await?;
    let mut report = Report::default();
    let wanted: Vec<TableName> = objects.tables.iter().map(|table| table.target.clone()).collect();
    let existing = catalog::existing(&client, &wanted).await?;

    failpoint!("finish.before_indexes");
    let indexes = index_jobs(objects, &existing, client.version(), &mut report);
    step(settings, "indexes", indexes, jobs, &mut report).await?;
    failpoint!("finish.after_indexes");
    // Adding one takes locks on two tables: one after the other, so that no two wait for each other.
    let keys = foreign_key_jobs(objects, &existing, &mut report);
    step(settings, "foreign_keys", keys, 1, &mut report).await?;
    failpoint!("finish.after_foreign_keys");
    let existing = catalog::existing(&client, &wanted).await?;
    step(settings, "foreign_keys_validated", validate_jobs(objects, &existing), jobs, &mut report).await?;
    failpoint!("finish.after_validation");
    step(settings, "identities", identity_jobs(objects), 1, &mut report).await?;
    failpoint!("finish.after_identities");
    let analyze = objects
        .tables
        .iter()
        .map(|table| Job {
            object: format!("statistics of {}", table.target),
            sql: ddl::analyze(&table.target),
            makes: None,
        })
        .collect();
    step(settings, "analyze", analyze, jobs, &mut report).await?;
    failpoint!("finish.after_analyze");
    client.close().await;
    Ok(report)
}

fn exists(existing: &BTreeMap<TableName, Vec<Existing>>, table: &TableName, name: &str) -> bool {
    existing.get(table).is_some_and(|there| there.iter().any(|object| object.name == name && object.valid))
}

fn index_jobs(
    objects: &Objects,
    existing: &BTreeMap<TableName, Vec<Existing>>,
    version: u32,
    report: &mut Report,
) -> VecDeque<Job> {
    let tables = by_source(objects);
    let mut jobs = VecDeque::new();
    for index in &objects.indexes {
        let Some(table) = tables.get(&index.table) else { continue };
        let name = objects.names.get(&(table.target.clone(), index.name.clone())).unwrap_or(&index.name);
        let object = format!("index {name} on {}", table.target);
        if exists(existing, &table.target, name) {
            report.present += 1;
            continue;
        }
        match ddl::create_index(index, table, name, version) {
            Statement::Sql(sql) => {
                let makes = Some((table.target.clone(), name.clone()));
                jobs.push_back(Job { object, sql, makes });
            }
            Statement::Skipped { reason } => report.skipped.push((object, reason)),
        }
    }
    jobs
}

fn by_source(objects: &Objects) -> BTreeMap<&TableName, &PlannedTable> {
    objects.tables.iter().map(|table| (&table.source, table)).collect()
}

fn foreign_key_object(key: &ForeignKey, table: &PlannedTable) -> String {
    format!("foreign key {} on {}", constraint_name(&table.target, &key.name), table.target)
}

fn foreign_key_jobs(
    objects: &Objects,
    existing: &BTreeMap<TableName, Vec<Existing>>,
    report: &mut Report,
) -> VecDeque<Job> {
    let tables = by_source(objects);
    let mut jobs = VecDeque::new();
    for key in &objects.foreign_keys {
        let Some(table) = tables.get(&key.table) else { continue };
        let (object, name) = (foreign_key_object(key, table), constraint_name(&table.target, &key.name));
        let there =
            existing.get(&table.target).is_some_and(|there| there.iter().any(|object| object.name == name));
        match tables.get(&key.referenced) {
            _ if there => report.present += 1,
            None => {
                let reason = format!("the table it refers to, {}, is not in the plan", key.referenced);
                report.skipped.push((object, reason));
            }
            Some(referenced) => match ddl::add_foreign_key(key, table, referenced) {
                Statement::Sql(sql) => {
                    jobs.push_back(Job { object, sql, makes: Some((table.target.clone(), name)) });
                }
                Statement::Skipped { reason } => report.skipped.push((object, reason)),
            },
        }
    }
    jobs
}

/// Those that are there, are not validated yet, and that the source vouches for.
fn validate_jobs(objects: &Objects, existing: &BTreeMap<TableName, Vec<Existing>>) -> VecDeque<Job> {
    let tables = by_source(objects);
    let job = |key: &ForeignKey| {
        let table = tables.get(&key.table)?;
        let name = constraint_name(&table.target, &key.name);
        let open = existing.get(&table.target)?.iter().any(|object| object.name == name && !object.valid);
        let sql = ddl::validate_foreign_key(key, table)?;
        open.then(|| Job {
            object: format!("validation of {}", foreign_key_object(key, table)),
            sql,
            makes: None,
        })
    };
    objects.foreign_keys.iter().filter_map(job).collect()
}

fn identity_jobs(objects: &Objects) -> VecDeque<Job> {
    let mut jobs = VecDeque::new();
    for table in &objects.tables {
        for column in &table.columns {
            let key = (table.source.clone(), column.source.clone());
            let position = objects
                .identities
                .get(&key)
                .and_then(|identity| ddl::identity_position(&table.target, column, identity));
            if let Some(sql) = position {
                jobs.push_back(Job {
                    object: format!("identity of {}.{}", table.target, column.target),
                    sql,
                    makes: None,
                });
            }
        }
    }
    jobs
}

/// Works the jobs off with `workers` connections.
async fn step(
    settings: &TargetSettings,
    name: &str,
    jobs: VecDeque<Job>,
    workers: usize,
    report: &mut Report,
) -> Result<()> {
    let workers = workers.min(jobs.len());
    let queue = Arc::new(Mutex::new(jobs));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let (settings, queue) = (settings.clone(), Arc::clone(&queue));
        tasks.spawn(async move { work_off(&settings, &queue).await });
    }
    let failed_before = report.failed.len();
    while let Some(ended) = tasks.join_next().await {
        let ended = ended
            .map_err(|error| Error::new(ErrorKind::Bug, "a finish worker ended badly").because(error))?;
        let (built, failed) = ended?;
        report.built += built;
        report.failed.extend(failed);
    }
    let status = if report.failed.len() == failed_before { Status::Completed } else { Status::Failed };
    report.steps.insert(name.to_owned(), status);
    Ok(())
}

/// What a worker built, and what failed for its own reasons.
///
/// # Errors
/// Transient ones: they end the step, and the rerun goes on.
async fn work_off(
    settings: &TargetSettings,
    queue: &Mutex<VecDeque<Job>>,
) -> Result<(usize, Vec<(String, Error)>)> {
    let client = Client::connect(settings, "shardferry finish").await?;
    let (mut built, mut failed) = (0, Vec::new());
    loop {
        let Some(job) = queue.lock().await.pop_front() else { break };
        match one(&client, &job).await {
            Ok(()) => built += 1,
            Err(error) if error.policy().retry => return Err(error),
            Err(_) if was_made(&client, &job).await? => built += 1,
            Err(error) => failed.push((job.object, error)),
        }
    }
    client.close().await;
    Ok((built, failed))
}

async fn one(client: &Client, job: &Job) -> Result<()> {
    failpoint!("finish.before_object");
    client.batch(&job.sql).await?;
    failpoint!("finish.after_object");
    Ok(())
}

/// Did somebody else make it meanwhile? A pod that was overtaken in its finish step may still end a statement.
async fn was_made(client: &Client, job: &Job) -> Result<bool> {
    let Some((table, name)) = &job.makes else { return Ok(false) };
    let existing = catalog::existing(client, std::slice::from_ref(table)).await?;
    Ok(existing.get(table).is_some_and(|there| there.iter().any(|object| &object.name == name)))
}
