//! `status`: all shards' progress, from the checkpoints. Reads only; needs neither source nor target. If the target is
//! named, its ledger tells which tables another run has begun since.

use super::stdout;
use crate::checkpoint::{Checkpoints, apart};
use crate::cli::{Format, PhaseChoice};
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::outcome::Outcome;
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::client::Client;
use crate::postgres::ledger;
use crate::report::status::{Doubt, Heartbeats, Screen, StatusView};
use crate::report::watch::{INTERVAL, watch};
use crate::settings::Settings;
use crate::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};
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
    // Kept from one look of `--watch` to the next.
    let mut target = None;
    let mut load = async || {
        let look = Look { checkpoints: &checkpoints, plan: &plan, strict: view.exit_code };
        let status = look.load(&settings, &mut target).await?;
        let text = match view.format {
            Format::Json => status.json(view.phase),
            Format::Table => status.text(view.verbose, &screen(&settings, view.watch)),
        };
        Ok((status, text))
    };
    if view.watch {
        let mut stdout = std::io::stdout();
        watch(INTERVAL, &stop, settings.screen.terminal, &mut stdout, load).await?;
        return Ok(Outcome::default());
    }
    let (status, text) = load().await?;
    stdout::print(&text)?;
    if view.exit_code { verdict(&status).map(|()| Outcome::default()) } else { Ok(Outcome::default()) }
}

/// A view that is repainted must fit; one that stays is as long as it is.
fn screen(settings: &Settings, watch: bool) -> Screen {
    let is_repainted = watch && settings.screen.terminal;
    let size = is_repainted.then(terminal_size::terminal_size).flatten();
    let size = size.map(|(columns, lines)| (usize::from(columns.0), usize::from(lines.0)));
    Screen { size, colours: settings.screen.colours }
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

/// Where the progress stands.
struct Look<'l> {
    checkpoints: &'l Checkpoints,
    plan: &'l Plan,
    /// A target that is named and cannot be asked is an error, and else a warning.
    strict: bool,
}

impl Look<'_> {
    /// The run as it is now. `target`: the connection of an earlier look, if that went well.
    async fn load(&self, settings: &Settings, target: &mut Option<Client>) -> Result<StatusView> {
        let Self { checkpoints, plan, strict } = self;
        let (entries, damaged) = apart(&plan.tables, checkpoints.some_tables(plan, &plan.tables).await?)?;
        let finish = checkpoints.finish(plan).await?;
        let ages = entries.iter().filter_map(|(index, entry)| Some((*index, entry.age()?)));
        let heartbeats =
            Heartbeats { tables: ages.collect(), finish: finish.age(), silent_after: settings.claim_timeout };
        let mut documents: Vec<TableDocument> = entries.into_values().map(|entry| entry.document).collect();
        for table in &plan.tables {
            if let Some(error) = damaged.get(&table.index) {
                documents.push(TableDocument::damaged(plan, table, error));
            }
        }
        let finish = finish.is_stored().then_some(finish.document);
        let completed = documents.iter().filter(|document| document.data.is_completed());
        let completed: BTreeSet<u32> = completed.map(|document| document.index).collect();
        let asked = tokio::time::timeout(LEDGER_WAIT, self.doubts(settings, &completed, target.take()));
        let doubts = match asked.await.unwrap_or_else(|_| Err(silent())) {
            Ok((doubts, client)) => {
                *target = client;
                doubts
            }
            Err(error) if *strict => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the target's ledger cannot be asked; what follows is by the checkpoints alone");
                BTreeMap::new()
            }
        };
        let view = StatusView::new(settings.run_id.as_str(), plan, documents, finish);
        Ok(view.with_heartbeats(heartbeats).with_doubts(doubts))
    }

    /// What the target's ledger says against documents that call their tables completed, by the tables' indexes, and
    /// the connection; nothing without a target.
    ///
    /// # Errors
    /// `TargetUnavailable`, and what else asking the target may end in.
    async fn doubts(
        &self,
        settings: &Settings,
        completed: &BTreeSet<u32>,
        connected: Option<Client>,
    ) -> Result<(BTreeMap<u32, Doubt>, Option<Client>)> {
        let Ok(target) = settings.target() else { return Ok((BTreeMap::new(), None)) };
        let client = match connected {
            Some(client) => client,
            None => Client::connect(target, "shardferry status").await?,
        };
        let mut doubts: BTreeMap<u32, Doubt> =
            completed.iter().map(|index| (*index, Doubt::Unproven)).collect();
        if !ledger::installed(&client).await? {
            return Ok((doubts, Some(client)));
        }
        let tallies = ledger::tallies(&client, settings.run_id.as_str()).await?;
        doubts.retain(|index, _| !tallies.get(index).is_some_and(ledger::Tally::is_complete));
        let is_begun =
            |table: &&PlannedTable| tallies.get(&table.index).is_some_and(ledger::Tally::is_replaced);
        let lost: Vec<&PlannedTable> = self.plan.tables.iter().filter(is_begun).collect();
        let names: Vec<_> = lost.iter().map(|table| table.target.clone()).collect();
        let held = ledger::holders(&client, &names).await?;
        for table in lost {
            let other = held.get(&table.target).map(|holder| {
                let other = holder.as_ref().filter(|holder| holder.run != settings.run_id.as_str());
                other.map_or_else(|| "a table made anew".to_owned(), |holder| format!("run {}", holder.run))
            });
            // One that is gone is made and copied by the next run.
            if let Some(other) = other {
                doubts.insert(table.index, Doubt::Replaced(other));
            }
        }
        Ok((doubts, Some(client)))
    }
}

fn silent() -> Error {
    let message = format!("the target did not answer in {} s", LEDGER_WAIT.as_secs());
    Error::new(ErrorKind::TargetUnavailable, message)
}
