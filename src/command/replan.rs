//! `replan`: takes up changed columns, policies, masks, maps and filters of named tables. Only they begin anew.
//!
//! The ledger is told of the new plan before it is written: whoever finds it completes the change, and a process that
//! is killed in between leaves the old plan or the new one, never one that the ledger does not know.

use super::chosen_tables;
use super::connect;
use super::plan::{Material, long_keys};
use super::source_view;
use crate::checkpoint::Checkpoints;
use crate::copy::owner::record::Records;
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::outcome::Outcome;
use crate::model::plan::{Partitions, Plan, PlannedTable};
use crate::plan::{build, replan};
use crate::postgres::client::Client as TargetClient;
use crate::postgres::{catalog, ledger};
use crate::settings::{Settings, policies};
use crate::sqlserver::{collisions, filters};
use crate::stop::Stop;
use crate::telemetry::{RunPhase, phase};

/// # Errors
/// `Fenced` while a pod of the run lives; `SourceChanged`, `Unsupported`, `PlanForeign` or `Usage` for what cannot be
/// taken up; those of both servers and of the store.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    phase(RunPhase::Plan, change(&settings, &stop, &checkpoints, &plan)).await
}

async fn change(settings: &Settings, stop: &Stop, checkpoints: &Checkpoints, plan: &Plan) -> Result<Outcome> {
    let named = chosen_tables::selected(settings, plan)?;
    let mut target = connect::target_of_plan(settings, stop, plan).await?;
    let run = settings.run_id.as_str();
    if let Some(pod) = ledger::living_pod(&target, run).await? {
        let message = format!(
            "a pod of this run works by the plan that would be changed ({pod}); stop the run's pods first"
        );
        return Err(Error::new(ErrorKind::Fenced, message));
    }
    let wanted = wanted(settings, stop, plan, &named).await?;
    let indexes: Vec<u32> = named.iter().map(|table| table.index).collect();
    let changed = checkpoints
        .replace_plan(plan, &wanted, async |next: &Plan| {
            ledger::announce_plan(&mut target, run, next, &indexes).await?;
            Ok(())
        })
        .await?;
    ledger::adopt(&mut target, run, &settings.pod, &changed).await?;
    let records = Records::new(settings, checkpoints, &changed);
    for (table, entry) in named.iter().zip(checkpoints.some_tables(&changed, &named).await?) {
        records.forget(table, entry.ok()).await?;
    }
    checkpoints.delete_finish().await?;
    say_what_stands(&target, &changed, &indexes).await?;
    let names: Vec<String> = named.iter().map(|table| table.source.to_string()).collect();
    let message = format!("planned anew: {}; `shardferry run` copies only these again", names.join(", "));
    tracing::info!("{message}");
    Ok(Outcome { tables_processed: named.len() as u64, message: Some(message), ..Outcome::default() })
}

/// The plan with the named tables as the source and the user want them now.
async fn wanted(settings: &Settings, stop: &Stop, plan: &Plan, named: &[PlannedTable]) -> Result<Plan> {
    let choices = &settings.policy_choices;
    let policies = |held| {
        policies(held, choices)
            .map_err(|wrong| Error::new(ErrorKind::Usage, format!("--policy: {}", wrong.join("; "))))
    };
    let options = replan::options(plan, &settings.plan, named, policies)?;
    let (mut source, server) = connect::source(settings, stop).await?;
    source_view::same_plan(plan, &server, None)?;
    let partitions = options.partitions == Partitions::Declarative;
    let material = Material::read(settings, stop, &mut source, &options, partitions).await?;
    let mut inputs = material.inputs(settings, &server);
    inputs.options = options;
    inputs.target = plan.target.clone();
    let mut changed = replan::replaced(plan, build::draft(inputs)?, named)?;
    let is_named = |table: &PlannedTable| named.iter().any(|named| named.index == table.index);
    let mut alone = Plan {
        tables: changed.tables.iter().filter(|table| is_named(table)).cloned().collect(),
        ..changed.clone()
    };
    filters::prove(&mut source, &alone).await?;
    long_keys::ask(&mut source, &mut alone, material.indexes()).await?;
    for table in &alone.tables {
        if let Some(changed) = changed.tables.iter_mut().find(|changed| changed.index == table.index) {
            changed.long_keys.clone_from(&table.long_keys);
        }
    }
    let found = collisions::find(&mut source, &alone, material.indexes()).await?;
    if let Some(collision) = found.first() {
        let message =
            format!("a unique key would collide in the target: {}: {}", collision.index, collision.reason());
        return Err(Error::new(ErrorKind::Unsupported, message).table(&collision.table));
    }
    Ok(changed)
}

/// Nothing in the target is dropped unasked: a table that is not the new plan's is named, with what to do.
async fn say_what_stands(target: &TargetClient, plan: &Plan, indexes: &[u32]) -> Result<()> {
    let tables: Vec<&PlannedTable> =
        plan.tables.iter().filter(|table| indexes.contains(&table.index)).collect();
    let names: Vec<TableName> = tables.iter().map(|table| table.target.clone()).collect();
    let there = catalog::tables(target, &names).await?;
    for table in tables {
        let Some(found) = there.get(&table.target) else { continue };
        let differences = catalog::differences(table, found);
        if !differences.is_empty() {
            tracing::warn!(
                table = %table.source,
                "the target table {} is not the new plan's: {}; drop it, or change it by hand, before `shardferry run` \
                 (its rows are copied again in any case)",
                table.target,
                differences.join("; ")
            );
        }
    }
    Ok(())
}
