//! The subcommands, one file each; each reads like the list of its steps.

mod chosen_tables;
mod connect;
mod findings;
mod finish;
mod guard;
mod plan;
mod replan;
mod reset;
mod run;
mod schema;
mod source_view;
mod status;
mod stdout;
mod sync;
mod worklist;

pub use stdout::print;

use crate::error::Result;
use crate::model::outcome::Outcome;
use crate::settings::{Command, Settings};
use crate::stop::Stop;

/// Runs the command that the settings name.
///
/// # Errors
/// Whatever stops the command before it has anything to count; what stops it later is in the outcome.
pub async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let (grace, of_command) = (settings.grace, stop.clone());
    match settings.command.clone() {
        // Whatever they wait for, nothing of theirs has to be undone.
        Command::Plan { dry_run, shards, shards_file, format } => {
            let output = plan::Output { dry_run, shards, shards_file, format };
            stop.race(Box::pin(plan::run(settings, of_command, output))).await
        }
        Command::Status { watch, verbose, format, phase, exit_code } => {
            let view = status::View { watch, verbose, format, phase, exit_code };
            stop.race(Box::pin(status::run(settings, of_command, view))).await
        }
        Command::Replan => stop.bound(grace, Box::pin(replan::run(settings, of_command))).await,
        Command::Reset => stop.bound(grace, Box::pin(reset::run(settings, of_command))).await,
        Command::Schema => stop.bound(grace, Box::pin(schema::run(settings, of_command))).await,
        Command::Sync => stop.bound(grace, Box::pin(sync::run(settings, of_command))).await,
        Command::Finish { .. } => stop.bound(grace, Box::pin(finish::run(settings, of_command))).await,
        Command::Run => stop.bound(grace, Box::pin(run::run(settings, of_command))).await,
    }
}
