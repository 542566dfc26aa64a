//! `status`: all shards' progress, from the checkpoints. Reads only; needs neither source nor target. If the target is named, its
//! ledger tells which tables another run has begun since.

use super::stdout;
use crate::checkpoint::{Checkpoints, apart};
use crate::cli::{Format, PhaseChoice};
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::outcome::Outcome;
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::client::Client;
use crate::postgres::ledger;
use crate::report::status::{Doubt, StatusView};
use crate::report::watch::{INTERVAL, watch};
use crate::settings::Settings;
use crate::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::Duration;

/// How long the target's ledger is waited for.
const LEDGER_WAIT: Duration = Duration::from_secs(5);

/// What the flags of `status` ask for.
pub(super) struct View {
    pub watch: bool,
    pub verbose: bool,
    pub format: Format,
    pub phase: Option<PhaseChoice>,
    pub exit_code: bool,
}

/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`, `PlanMissing`, `PlanForeign`.
pub(super) async fn run(settings: Settings, stop: Stop, view: View) -> Result<Outcome> {
    let checkpoints =
        Checkpoints::open(settings.checkpoint()?, settings.run_id.clone(), &settings.pod).await?;
    let plan = checkpoints.plan().await?;
    let load = async || {
        let status = load(&settings, &checkpoints, &plan, view.exit_code).await?;
        let text = match view.format {
            Format::Json => status.json(view.phase),
            Format::Table => status.text(view.verbose),
        };
        Ok((status, text))
    };
    if view.watch {
        let mut stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        watch(INTERVAL, &stop, terminal, &mut stdout, load).await?;
        return Ok(Outcome::default());
    }
    let (status, text) = load().await?;
    stdout::print(&text)?;
    if view.exit_code { verdict(&status).map(|()| Outcome::default()) } else { Ok(Outcome::default()) }
}

/// # Errors
/// `TablesFailed` if something failed or was replaced, `Unfinished` if something is missing.
fn verdict(status: &StatusView) -> Result<()> {
    let missing = status.missing();
    if status.has_failed() {
        return Err(Error::new(ErrorKind::TablesFailed, missing));
    }
    if status.is_completed() { Ok(()) } else { Err(Error::new(ErrorKind::Unfinished, missing)) }
}

/// What the target's ledger says against documents that call their tables completed, by the tables' indexes; nothing without a
/// target.
///
/// # Errors
/// `TargetUnavailable` if the target does not answer in time, and what else asking it may end in.
async fn doubts(settings: &Settings, plan: &Plan, completed: &BTreeSet<u32>) -> Result<BTreeMap<u32, Doubt>> {
    let Ok(target) = settings.target() else { return Ok(BTreeMap::new()) };
    let asked = tokio::time::timeout(LEDGER_WAIT, async {
        let client = Client::connect(target, "shardferry status").await?;
        let mut doubts: BTreeMap<u32, Doubt> =
            completed.iter().map(|index| (*index, Doubt::Unproven)).collect();
        if !ledger::installed(&client).await? {
            return Ok(doubts);
        }
        let tallies = ledger::tallies(&client, settings.run_id.as_str()).await?;
        doubts.retain(|index, _| !tallies.get(index).is_some_and(ledger::Tally::is_complete));
        let is_begun =
            |table: &&PlannedTable| tallies.get(&table.index).is_some_and(ledger::Tally::is_replaced);
        let lost: Vec<&PlannedTable> = plan.tables.iter().filter(is_begun).collect();
        let names: Vec<_> = lost.iter().map(|table| table.target.clone()).collect();
        let held = ledger::holders(&client, &names).await?;
        for table in lost {
            let holder = held.get(&table.target).and_then(Option::as_ref);
            let other = holder.filter(|holder| holder.run != settings.run_id.as_str());
            match (other, held.contains_key(&table.target)) {
                (Some(other), _) => {
                    doubts.insert(table.index, Doubt::Replaced(format!("run {}", other.run)));
                }
                (None, true) => {
                    doubts.insert(table.index, Doubt::Replaced("a table made anew".to_owned()));
                }
                // Gone: the next run makes and copies it again.
                (None, false) => {}
            }
        }
        Ok(doubts)
    });
    asked.await.unwrap_or_else(|_| {
        let message = format!("the target did not answer in {} s", LEDGER_WAIT.as_secs());
        Err(Error::new(ErrorKind::TargetUnavailable, message))
    })
}

/// `strict`: a target that is named and cannot be asked is an error, and else a warning.
async fn load(
    settings: &Settings,
    checkpoints: &Checkpoints,
    plan: &Plan,
    strict: bool,
) -> Result<StatusView> {
    let (entries, damaged) = apart(&plan.tables, checkpoints.some_tables(plan, &plan.tables).await?)?;
    let finish = checkpoints.finish(plan).await?;
    let mut documents: Vec<TableDocument> = entries.into_values().map(|entry| entry.document).collect();
    for table in &plan.tables {
        if let Some(error) = damaged.get(&table.index) {
            documents.push(TableDocument::damaged(plan, table, error));
        }
    }
    let finish = finish.is_stored().then_some(finish.document);
    let completed = documents.iter().filter(|document| document.data.is_completed());
    let completed: BTreeSet<u32> = completed.map(|document| document.index).collect();
    let doubts = match doubts(settings, plan, &completed).await {
        Ok(doubts) => doubts,
        Err(error) if strict => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "the target's ledger cannot be asked; what follows is by the checkpoints alone");
            BTreeMap::new()
        }
    };
    Ok(StatusView::new(settings.run_id.as_str(), plan, documents, finish).with_doubts(doubts))
}
