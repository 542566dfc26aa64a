//! `plan`: discover, filter, order, map, write once; print the shards. With `--dry-run`: say what would become of
//! everything, and write nothing.

pub(super) mod long_keys;
mod rights;

use super::connect;
use super::source_view::{self, SourceTables, SourceView};
use super::stdout;
use crate::assessment::{self, Finding, Name, SourceAnswers, Verdict};
use crate::checkpoint::Checkpoints;
use crate::cli::Format;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::counts::{counted, thousands, verb};
use crate::model::objects::{ObjectKind, SourceObjects, UnreadObjects};
use crate::model::outcome::Outcome;
use crate::model::plan::{Partitions, Plan, PlanOptions, PlannedTarget};
use crate::model::table::{Index, SourceTable};
use crate::orchestrator;
use crate::plan::build::Inputs;
use crate::plan::{build, shards};
use crate::postgres::extensions;
use crate::report::planned;
use crate::settings::Settings;
use crate::sqlserver::catalog;
use crate::sqlserver::catalog::{Server, SourceCatalog, Unreadable};
use crate::sqlserver::client::Client as SourceClient;
use crate::sqlserver::collisions::differences;
use crate::sqlserver::{collisions, filters};
use crate::stop::Stop;
use crate::telemetry::notices::{Notice, Notices};
use crate::telemetry::{RunPhase, phase};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What is said besides the log.
pub(super) struct Output {
    pub(super) dry_run: bool,
    pub(super) shards: Option<u32>,
    pub(super) shards_file: Option<PathBuf>,
    pub(super) format: Format,
}

/// # Errors
/// `SourceUnavailable`, `SourceLogin`, `SourcePermission`; `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`,
/// `CheckpointNewer`; `PlanForeign`; `Unsupported` with everything that cannot be copied.
pub(super) async fn run(settings: Settings, stop: Stop, output: Output) -> Result<Outcome> {
    if output.dry_run {
        return phase(RunPhase::Plan, assess(&settings, &stop, output.format)).await;
    }
    let checkpoints = connect::checkpoints(&settings).await?;
    let (MadePlan { plan, .. }, ours) = phase(RunPhase::Plan, make(&settings, &stop, &checkpoints)).await?;
    let ranges = output.shards.map_or_else(Vec::new, |count| ranges(&plan, count));
    if let Some(file) = &output.shards_file {
        write_shards(file, &ranges)?;
    }
    let text = match output.format {
        Format::Json => as_json(&plan, ours, settings.chunk_size, &ranges)?,
        Format::Table => match output.shards {
            Some(count) => planned::shards(&plan, count),
            None => planned::tables(&plan),
        },
    };
    stdout::print(format!("{text}\n"))?;
    let said = if ours { "made" } else { "was there already" };
    if settings.target.is_some() {
        rights::warn(&settings, &stop, &plan).await;
    }
    let tables = counted(plan.tables.len() as u64, "table");
    let message = format!("the plan of run {} {said}: {tables}", settings.run_id);
    tracing::info!(tables = plan.tables.len(), ours, "{message}");
    let several = chunked(&plan, settings.chunk_size);
    if several > 0 {
        tracing::info!(
            tables = several,
            "{} {} larger than a chunk of {} bytes; each chunk is read as of its own moment. To read one moment, use \
             --consistency database-snapshot NAME or --consistency snapshot-table (docs/reference/connections.md)",
            counted(several as u64, "table"),
            verb(several as u64, "is", "are"),
            thousands(settings.chunk_size)
        );
    }
    Ok(Outcome { shards: ranges, message: Some(message), ..Outcome::default() })
}

/// The run's plan.
pub(super) struct MadePlan {
    pub(super) plan: Plan,
    /// What it was made from, if it was made now.
    pub(super) seen: Option<SourceView>,
}

/// The plan of the run, made now or found; true if this process made it.
///
/// # Errors
/// As [`run`].
pub(super) async fn make(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
) -> Result<(MadePlan, bool)> {
    let (mut source, server) = connect::source(settings, stop).await?;
    if let Some(plan) = checkpoints.plan_if_any().await? {
        source_view::same_plan(&plan, &server, Some(&settings.plan))?;
        return Ok((MadePlan { plan, seen: None }, false));
    }
    let partitions = settings.plan.partitions == Partitions::Declarative;
    let material = Material::read(settings, stop, &mut source, &settings.plan, partitions).await?;
    let mut plan = build::build(material.inputs(settings, &server))?;
    if plan.source.identity.strongest().is_none() {
        tracing::warn!(
            server = server.name,
            "the login cannot see the source database's own identity: the run is tied to the server's name, and does not go on \
             after a failover"
        );
    }
    filters::prove(&mut source, &plan).await?;
    long_keys::ask(&mut source, &mut plan, &material.indexes).await?;
    refuse_collisions(&mut source, &plan, &material.indexes).await?;
    failpoint!("plan.before_write");
    let (plan, ours) = checkpoints.create_plan(&plan).await?;
    failpoint!("plan.after_write");
    source_view::same_plan(&plan, &server, Some(&settings.plan))?;
    say_left_out(settings, &plan);
    say_unread(settings, &plan, &material);
    let tables = SourceTables::new(material.tables, material.unread);
    let seen = SourceView { server, tables, indexes: material.indexes, client: source };
    Ok((MadePlan { plan, seen: Some(seen) }, ours))
}

/// Says which columns are not copied.
fn say_left_out(settings: &Settings, plan: &Plan) {
    let notices = Notices::new(settings);
    for table in &plan.tables {
        for column in &table.unsupported {
            notices.add(Notice {
                kind: "column_left_out".to_owned(),
                what: "column".to_owned(),
                said: ["is not copied".to_owned(), "are not copied".to_owned()],
                object: format!("{}.{}", table.source, column.column),
                reason: column.reason.clone(),
                rows: 0,
            });
        }
    }
    notices.say();
}

/// Says what the source did not show, and which tables it refuses to send: the plan holds, and such a table fails in the run.
fn say_unread(settings: &Settings, plan: &Plan, material: &Material) {
    let notices = Notices::new(settings);
    for unread in &material.unread {
        notices.add(Notice {
            kind: "unread".to_owned(),
            what: "part".to_owned(),
            said: ["of the source's catalog was not read", "of the source's catalog were not read"]
                .map(str::to_owned),
            object: unread.what.clone(),
            reason: unread.why.clone(),
            rows: 0,
        });
    }
    for unreadable in material.unreadable.iter().filter(|unreadable| is_copied(plan, unreadable)) {
        notices.add(Notice {
            kind: "unreadable".to_owned(),
            what: "object".to_owned(),
            said: [
                "of the plan cannot be read with this login",
                "of the plan cannot be read with this login",
            ]
            .map(str::to_owned),
            object: unreadable.name(),
            reason: unreadable.why.clone(),
            rows: 0,
        });
    }
    notices.say();
}

/// Would the run read it?
fn is_copied(plan: &Plan, unreadable: &Unreadable) -> bool {
    let table = plan.tables.iter().find(|table| table.source == unreadable.table);
    table.is_some_and(|table| match &unreadable.column {
        None => true,
        Some(name) => table.columns.iter().any(|column| column.source == *name),
    })
}

/// What a plan is made of.
pub(super) struct Material {
    tables: Vec<SourceTable>,
    indexes: Vec<Index>,
    /// What the source did not show of its tables.
    unread: Vec<UnreadObjects>,
    unreadable: Vec<Unreadable>,
    objects: SourceObjects,
    target: Option<PlannedTarget>,
}

impl Material {
    /// Asks both servers; the target only if it was given, for the objects of the tables only if they matter.
    pub(super) async fn read(
        settings: &Settings,
        stop: &Stop,
        source: &mut SourceClient,
        options: &PlanOptions,
        objects: bool,
    ) -> Result<Self> {
        let target = match &settings.target {
            None => None,
            Some(_) => {
                let client = connect::target(settings, stop).await?;
                let target = extensions::describe(&client).await?;
                client.close().await;
                Some(target)
            }
        };
        let SourceCatalog { tables, indexes, unread, unreadable } = catalog::read(source).await?;
        let objects = match objects || build::needs_foreign_keys(options, &tables) {
            true => catalog::objects(source).await?,
            false => SourceObjects::default(),
        };
        Ok(Self { tables, indexes, unread, unreadable, objects, target })
    }

    pub(super) fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    pub(super) fn inputs(&self, settings: &Settings, server: &Server) -> Inputs<'_> {
        Inputs {
            source: source_view::planned_source(server),
            target: self.target.clone(),
            options: settings.plan.clone().settled(),
            tables: &self.tables,
            indexes: &self.indexes,
            foreign_keys: &self.objects.foreign_keys,
            partitions: &self.objects.partitions,
            now: clock::now(),
        }
    }
}

/// `--dry-run`: says what would become of everything, and writes nothing.
async fn assess(settings: &Settings, stop: &Stop, format: Format) -> Result<Outcome> {
    let (mut source, server) = connect::source(settings, stop).await?;
    let mut material = Material::read(settings, stop, &mut source, &settings.plan, true).await?;
    let unread = std::mem::take(&mut material.unread);
    material.objects.unread.extend(unread);
    material.objects.unread.sort_by(|a, b| (&a.what, &a.why).cmp(&(&b.what, &b.why)));
    material.objects.unread.dedup();
    let mut draft = build::draft(material.inputs(settings, &server))?;
    filters::prove(&mut source, &draft.plan).await?;
    long_keys::ask(&mut source, &mut draft.plan, &material.indexes).await?;
    let refused = material.unreadable.iter().filter(|unreadable| is_copied(&draft.plan, unreadable));
    let asked = SourceAnswers {
        compared: differences::compared(&mut source, &draft.plan, &material.objects).await?,
        collisions: collisions::find(&mut source, &draft.plan, &material.indexes).await?,
        others: refused.map(unreadable_finding).collect(),
    };
    let assessment = assessment::assess(
        &assessment::Material {
            plan: &draft.plan,
            refused: &draft.refused,
            chunk_size: settings.chunk_size,
            tables: &material.tables,
            objects: &material.objects,
        },
        settings.jobs.get(),
        &asked,
    );
    let text = match format {
        Format::Table => assessment::render(&assessment, settings.verbose),
        Format::Json => serde_json::to_string_pretty(&assessment).map_err(|error| {
            Error::new(ErrorKind::Bug, "cannot write the assessment as JSON").because(error)
        })?,
    };
    stdout::print(format!("{}\n", text.trim_end()))?;
    let totals = assessment.totals;
    let message = format!(
        "dry run: {} converted, {} changed, {} lossy, {} refused; nothing was written",
        counted(totals.converted, "object"),
        totals.changed,
        totals.lossy,
        totals.refused
    );
    tracing::info!("{message}");
    Ok(Outcome { message: Some(message), ..Outcome::default() })
}

/// What the source refuses to send, before the run meets it.
fn unreadable_finding(unreadable: &Unreadable) -> Finding {
    let column = unreadable.column.is_some();
    let advice = match column {
        true => "GRANT SELECT on it, or leave the column out (exclude)",
        false => {
            "GRANT SELECT on it, or leave the table out (--exclude); else this table alone fails in the run"
        }
    };
    Finding {
        name: Name::Unreadable,
        kind: if column { ObjectKind::Column } else { ObjectKind::Table },
        object: unreadable.name(),
        verdict: Verdict::Refused,
        reason: format!("the source does not send it: {}", unreadable.why),
        advice: Some(advice.to_owned()),
    }
}

/// # Errors
/// `Unsupported` with every key whose values the target would take for equal.
async fn refuse_collisions(source: &mut SourceClient, plan: &Plan, indexes: &[Index]) -> Result<()> {
    let found = collisions::find(source, plan, indexes).await?;
    if found.is_empty() {
        return Ok(());
    }
    let list: Vec<String> =
        found.iter().map(|one| format!("{} on {}: {}", one.index, one.table, one.reason())).collect();
    let message = format!("unique keys would collide in the target:\n  {}", list.join("\n  "));
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// The fan-out of an orchestrator: a pod for each element. An empty shard needs none.
fn write_shards(file: &Path, ranges: &[String]) -> Result<()> {
    let shards: Vec<&String> = ranges.iter().filter(|range| !range.is_empty()).collect();
    orchestrator::replace(file, json!(shards).to_string().as_bytes()).map_err(|error| {
        let message = format!("--shards-file: cannot write {}", file.display());
        Error::new(ErrorKind::Config, message).because(error)
    })
}

/// `A-B` for each shard, an empty text for an empty one.
fn ranges(plan: &Plan, count: u32) -> Vec<String> {
    let text =
        |range: Option<(u32, u32)>| range.map_or_else(String::new, |(first, last)| format!("{first}-{last}"));
    shards::ranges(&plan.tables, count).into_iter().map(text).collect()
}

/// Tables that are read in several chunks.
fn chunked(plan: &Plan, chunk_size: u64) -> usize {
    plan.tables.iter().filter(|table| shards::is_chunked(table, chunk_size)).count()
}

fn as_json(plan: &Plan, ours: bool, chunk_size: u64, ranges: &[String]) -> Result<String> {
    let rows: u64 = plan.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = plan.tables.iter().map(|table| table.bytes).sum();
    let document = json!({
        "fingerprint": plan.fingerprint, "created": ours, "tables": plan.tables.len(), "rows": rows, "bytes": bytes,
        "shards": ranges, "tables_of_several_moments": chunked(plan, chunk_size),
    });
    serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new(ErrorKind::Bug, "cannot write the plan as JSON").because(error))
}
