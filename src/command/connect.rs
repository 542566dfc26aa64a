//! What a command opens before its first step: the checkpoints, the source, the target, and the run in the target's
//! ledger.

use crate::checkpoint::Checkpoints;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::plan::Plan;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger;
use crate::retry::retry;
use crate::settings::Settings;
use crate::settings::source::SourceSettings;
use crate::sqlserver::catalog;
use crate::sqlserver::catalog::Server;
use crate::sqlserver::client::Client as SourceClient;
use crate::stop::Stop;

/// What a session that copies nothing is called in the target.
const APPLICATION: &str = "shardferry";

/// Opens the checkpoints and makes sure that the store keeps its promises.
///
/// # Errors
/// `Config` if no store is named or no region is known, `StoreRefused`, `StoreUnavailable`, and `StoreUnconditional` if
/// the store does not honour conditions.
pub(super) async fn checkpoints(settings: &Settings) -> Result<Checkpoints> {
    let checkpoints =
        Checkpoints::open(settings.checkpoint()?, settings.run_id.clone(), &settings.pod).await?;
    checkpoints.probe().await?;
    Ok(checkpoints)
}

/// Connects to the source, trying again while it is away, and asks who it is.
///
/// # Errors
/// `SourceUnavailable` after all retries, `SourceLogin`, `SourceMissing`, `SourcePermission`, `SourceRefused`; `Config`
/// if the connection cannot be made as configured, or a database snapshot is not one of the source's database.
pub(super) async fn source(settings: &Settings, stop: &Stop) -> Result<(SourceClient, Server)> {
    let source = settings.source()?;
    retry(settings.retry, stop, "connecting to the source", async || {
        let mut client = SourceClient::connect(source).await?;
        let server = check_snapshot(source, catalog::server(&mut client).await?)?;
        Ok((client, server))
    })
    .await
}

/// If a database snapshot is to be read: makes sure that it is one of the source's database, under whose name the plan
/// knows the source.
fn check_snapshot(source: &SourceSettings, server: Server) -> Result<Server> {
    let Some(name) = &source.snapshot else { return Ok(server) };
    let wanted = &source.database;
    let found = match &server.snapshot_of {
        Some(base) if base.to_lowercase() == wanted.to_lowercase() => {
            return Ok(Server { database: base.clone(), ..server });
        }
        Some(base) => format!("is a database snapshot of {base}, not of {wanted}"),
        None => format!("is no database snapshot (of {wanted}), but a database of its own"),
    };
    Err(Error::new(ErrorKind::Config, format!("--consistency database-snapshot: {name} {found}")))
}

/// Connects to the target, trying again while it is away.
///
/// # Errors
/// `TargetUnavailable` after all retries, `TargetLogin`, `TargetMissing`, `TargetPermission`; `Config` if the server
/// cannot be a target.
pub(super) async fn target(settings: &Settings, stop: &Stop) -> Result<TargetClient> {
    let target = settings.target()?;
    retry(settings.retry, stop, "connecting to the target", async || {
        TargetClient::connect(target, APPLICATION).await
    })
    .await
}

/// Connects to the target and makes sure that its ledger knows this run by this plan.
///
/// # Errors
/// Those of [`target`]; `PlanForeign` if the ledger knows this run by another plan.
pub(super) async fn target_of_plan(settings: &Settings, stop: &Stop, plan: &Plan) -> Result<TargetClient> {
    let mut target = target(settings, stop).await?;
    bind(&mut target, settings, plan).await?;
    Ok(target)
}

/// Makes sure that the target's ledger knows this run by this plan; the first write to a target.
///
/// # Errors
/// `TargetPermission`, `TargetRefused` or `TargetUnavailable` if the ledger cannot be installed or asked; `PlanForeign`
/// if it knows this run by another plan.
pub(super) async fn bind(target: &mut TargetClient, settings: &Settings, plan: &Plan) -> Result<()> {
    ledger::install(target).await?;
    failpoint!("ledger.after_install");
    ledger::adopt(target, settings.run_id.as_str(), &settings.pod, plan).await?;
    failpoint!("ledger.after_adopt");
    Ok(())
}
