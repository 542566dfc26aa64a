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
use crate::report::status::StatusView;
use crate::report::watch::{INTERVAL, watch};
use crate::settings::Settings;
use crate::stop::Stop;
use std::collections::BTreeMap;
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
        let status = load(&settings, &checkpoints, &plan).await?;
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

/// By the target's ledger: which tables another run has begun since, by their indexes. A target that cannot be asked changes
/// nothing of what the checkpoints say.
async fn replaced(settings: &Settings, plan: &Plan) -> BTreeMap<u32, String> {
    let Ok(target) = settings.target() else { return BTreeMap::new() };
    let asked = tokio::time::timeout(LEDGER_WAIT, async {
        let client = Client::connect(target, "shardferry status").await?;
        if !ledger::installed(&client).await? {
            return Ok(BTreeMap::new());
        }
        let tallies = ledger::tallies(&client, settings.run_id.as_str()).await?;
        let begun = |table: &&PlannedTable| tallies.get(&table.index).is_some_and(ledger::Tally::is_replaced);
        let lost: Vec<&PlannedTable> = plan.tables.iter().filter(begun).collect();
        let names: Vec<_> = lost.iter().map(|table| table.target.clone()).collect();
        let held = ledger::holders(&client, &names).await?;
        let by = |table: &&PlannedTable| {
            let holder = held.get(&table.target).and_then(Option::as_ref);
            let run = holder.map(|holder| holder.run.clone()).filter(|run| run != settings.run_id.as_str());
            (table.index, run.map_or_else(|| "a table made anew".to_owned(), |run| format!("run {run}")))
        };
        Ok::<_, Error>(lost.iter().map(by).collect())
    });
    match asked.await {
        Ok(Ok(replaced)) => replaced,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the target's ledger cannot be asked which tables other runs have begun since");
            BTreeMap::new()
        }
        Err(_) => {
            tracing::warn!(
                "the target does not answer, so it is not known which tables other runs have begun since"
            );
            BTreeMap::new()
        }
    }
}

async fn load(settings: &Settings, checkpoints: &Checkpoints, plan: &Plan) -> Result<StatusView> {
    let (entries, damaged) = apart(&plan.tables, checkpoints.some_tables(plan, &plan.tables).await?)?;
    let finish = checkpoints.finish(plan).await?;
    let mut documents: Vec<TableDocument> = entries.into_values().map(|entry| entry.document).collect();
    for table in &plan.tables {
        if let Some(error) = damaged.get(&table.index) {
            documents.push(TableDocument::damaged(plan, table, error));
        }
    }
    let finish = finish.is_stored().then_some(finish.document);
    let replaced = replaced(settings, plan).await;
    Ok(StatusView::new(settings.run_id.as_str(), plan, documents, finish).with_replaced(replaced))
}
