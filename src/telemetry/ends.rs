//! The first and the last event of a process: what it was asked to do, and what ended it.

use crate::cli::LogFormat;
use crate::error::Error;
use crate::limits;
use crate::settings::Settings;
use std::path::Path;

/// Says who works on what, with which means: hosts and names, no user, no password.
pub fn started(settings: &Settings) {
    if settings.log.format != LogFormat::Json {
        return;
    }
    let memory = settings.memory.or_else(|| limits::memory(Path::new("/")));
    tracing::info!(
        target: "shardferry",
        version = env!("CARGO_PKG_VERSION"),
        command = settings.command.name(),
        tables = %settings.selection,
        jobs = settings.jobs.get(),
        memory_bytes = memory,
        source_database = settings.source.as_ref().map(tracing::field::display),
        target_database = settings.target.as_ref().map(tracing::field::display),
        checkpoint = settings.checkpoint.as_ref().map(tracing::field::display),
        "shardferry {} begins: {}",
        env!("CARGO_PKG_VERSION"),
        settings.command.name()
    );
}

/// Says what ends the process, as an event with its code; false if the log is for people, or leaves errors out.
#[must_use]
pub fn ended(settings: &Settings, error: &Error) -> bool {
    if settings.log.format != LogFormat::Json
        || !tracing::enabled!(target: "shardferry", tracing::Level::ERROR)
    {
        return false;
    }
    let policy = error.policy();
    let (code, exit_code, remedy) = (policy.code, policy.exit, policy.remedy);
    tracing::error!(target: "shardferry", code, exit_code, remedy, "{}", error.detail());
    true
}
