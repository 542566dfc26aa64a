//! `status`: all shards' progress, from the checkpoints alone. Reads only; needs neither source nor target.

use crate::checkpoint::{Checkpoints, Entry};
use crate::cli::{Format, PhaseChoice};
use crate::error::{Error, ErrorKind, Result};
use crate::model::outcome::Outcome;
use crate::model::plan::Plan;
use crate::report::status::StatusView;
use crate::report::watch::{INTERVAL, watch};
use crate::settings::Settings;
use crate::stop::Stop;
use std::io::{IsTerminal, Write};

/// What the flags of `status` ask for.
pub(super) struct View {
    pub watch: bool,
    pub verbose: bool,
    pub format: Format,
    pub phase: Option<PhaseChoice>,
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
    let mut stdout = std::io::stdout();
    if view.watch {
        let terminal = stdout.is_terminal();
        watch(INTERVAL, &stop, terminal, &mut stdout, load).await?;
        return Ok(Outcome::default());
    }
    let (_, text) = load().await?;
    match stdout.write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Bug, "cannot write to stdout").because(error))
        }
        _ => Ok(Outcome::default()),
    }
}

async fn load(settings: &Settings, checkpoints: &Checkpoints, plan: &Plan) -> Result<StatusView> {
    let entries: Vec<Entry<_>> = checkpoints.tables(plan).await?;
    let finish = checkpoints.finish(plan).await?;
    let documents = entries.into_iter().map(|entry| entry.document).collect();
    let finish = finish.is_stored().then_some(finish.document);
    Ok(StatusView::new(settings.run_id.as_str(), plan, documents, finish))
}
