//! The subcommands.

use crate::error::{Error, ErrorKind, Result};
use crate::orchestrator::Outcome;
use crate::settings::Settings;
use crate::shutdown::Shutdown;

/// Runs the command that the settings name.
///
/// # Errors
/// Whatever stops the command before it has anything to count.
pub async fn run(settings: Settings, shutdown: Shutdown) -> Result<Outcome> {
    shutdown.token().run_until_cancelled(std::future::ready(())).await;
    Err(Error::new(ErrorKind::Bug, format!("`{}` is not yet merged", settings.command.name())))
}
