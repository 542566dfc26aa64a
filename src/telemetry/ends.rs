//! The first and the last event of a process: what it was asked to do, and what ended it.

use super::console::Console;
use crate::cli::LogFormat;
use crate::clock;
use crate::error::Error;
use crate::limits;
use crate::model::shown;
use crate::settings::Settings;
use serde_json::json;
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

/// Says what ends the process, with its code, exit code and remedy: a line for people, an event in a log of JSON.
pub fn ended(settings: &Settings, error: &Error) {
    let logged = settings.log.format == LogFormat::Json
        && tracing::enabled!(target: "shardferry", tracing::Level::ERROR);
    if !logged {
        return unlogged(settings.log.format, error);
    }
    let policy = error.policy();
    let (code, exit_code, remedy) = (policy.code, policy.exit, policy.remedy);
    tracing::error!(target: "shardferry", code, exit_code, remedy, "{}", error.detail());
}

/// The same if there is no log (yet), or it leaves errors out.
pub fn unlogged(format: LogFormat, error: &Error) {
    Console::of_process().write_event(&last_line(format, error));
}

/// What happened, where, what to do, and the code.
fn last_line(format: LogFormat, error: &Error) -> String {
    if format == LogFormat::Text {
        return format!("shardferry: {}\n", shown::with_lists(&error.to_string()));
    }
    let policy = error.policy();
    let event = json!({
        "timestamp": clock::now(), "level": "ERROR", "message": error.detail(), "target": "shardferry",
        "code": policy.code, "exit_code": policy.exit, "remedy": policy.remedy,
    });
    format!("{event}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_error_that_no_log_can_tell_has_the_form_of_the_log() {
        let error = Error::new(ErrorKind::Usage, "--range: 9-1 ends before it begins");
        let line = last_line(LogFormat::Text, &error);
        assert!(line.starts_with("shardferry: --range: 9-1 ends before it begins [usage]; "), "{line}");
        let line = last_line(LogFormat::Json, &error);
        assert!(line.ends_with("}\n") && line.lines().count() == 1, "{line}");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&event["level"], &event["code"], &event["exit_code"], &event["message"]),
            (&"ERROR".into(), &"usage".into(), &2.into(), &"--range: 9-1 ends before it begins".into())
        );
    }
}
