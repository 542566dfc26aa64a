//! How the process reports: the form of the log, and the files for an orchestrator.

use super::Environment;
use crate::cli::{LogFormat, RunArguments};
use clap::ValueEnum;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

const XCOM_FOLDER: &str = "/airflow/xcom";
const TERMINATION_LOG: &str = "/dev/termination-log";

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub format: LogFormat,
    /// `RUST_LOG`.
    pub filter: Option<String>,
    /// Live bars: stderr is a terminal that can move its cursor, and nobody has said that there shall be none.
    pub bars: bool,
    /// Stderr is a terminal with colours, and `NO_COLOR` does not say otherwise.
    pub colours: bool,
    /// Only warnings, errors and the final summary.
    pub quiet: bool,
}

/// What stdout is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScreenSettings {
    /// A terminal that understands control sequences.
    pub terminal: bool,
    /// It may be coloured: `NO_COLOR` is not set.
    pub colours: bool,
}

pub(super) fn screen(environment: &Environment) -> ScreenSettings {
    let terminal = std::io::stdout().is_terminal() && environment.get("TERM") != Some("dumb");
    ScreenSettings { terminal, colours: terminal && environment.get("NO_COLOR").is_none() }
}

/// Where an orchestrator looks for the result. Known even if the other settings are wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputSettings {
    pub result_file: Option<PathBuf>,
    pub termination_log: Option<PathBuf>,
}

pub(super) fn log(run: &RunArguments, environment: &Environment) -> LogSettings {
    of_terminal(run, environment, std::io::stderr().is_terminal())
}

fn of_terminal(run: &RunArguments, environment: &Environment, terminal: bool) -> LogSettings {
    let default = if terminal { LogFormat::Text } else { LogFormat::Json };
    let format = run.log_format.unwrap_or(default);
    // A terminal that has no name is one of which nothing is known.
    let able =
        terminal && format == LogFormat::Text && environment.get("TERM").is_some_and(|name| name != "dumb");
    LogSettings {
        format,
        filter: environment.get("RUST_LOG").map(str::to_owned),
        bars: able && !run.quiet && !run.no_progress,
        colours: able && environment.get("NO_COLOR").is_none(),
        quiet: run.quiet,
    }
}

/// The form of an error that keeps the settings from being read: as the command line or the environment names it, else
/// as without a name. The config file is not read for it.
#[must_use]
pub fn fallback_log_format(arguments: &[OsString], environment: &Environment) -> LogFormat {
    let unnamed = if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
    named_log_format(arguments, environment).unwrap_or(unnamed)
}

fn named_log_format(arguments: &[OsString], environment: &Environment) -> Option<LogFormat> {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let apart = texts.windows(2).find(|pair| pair[0] == "--log-format").map(|pair| pair[1].to_string());
    let joined = texts.iter().find_map(|text| text.strip_prefix("--log-format=").map(str::to_owned));
    let named = apart.or(joined).or_else(|| environment.get("SHARDFERRY_LOG_FORMAT").map(str::to_owned));
    named.and_then(|name| LogFormat::from_str(&name, false).ok())
}

pub(super) fn outputs(result_file: Option<PathBuf>, termination_log: Option<PathBuf>) -> OutputSettings {
    let folder = Path::new(XCOM_FOLDER);
    let log = Path::new(TERMINATION_LOG);
    OutputSettings {
        result_file: result_file.or_else(|| folder.is_dir().then(|| folder.join("return.json"))),
        termination_log: termination_log.or_else(|| log.is_file().then(|| log.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(run: &RunArguments, environment: &[(&str, &str)], terminal: bool) -> (bool, bool) {
        let log = of_terminal(run, &Environment::from_pairs(environment), terminal);
        (log.bars, log.colours)
    }

    #[test]
    fn bars_and_colours_are_for_terminals_that_have_them() {
        let plain = RunArguments::default();
        let named = [("TERM", "xterm-256color")];
        assert_eq!(shown(&plain, &named, true), (true, true));
        assert_eq!(shown(&plain, &named, false), (false, false));
        assert_eq!(shown(&plain, &[("TERM", "dumb")], true), (false, false));
        assert_eq!(shown(&plain, &[], true), (false, false));
        assert_eq!(shown(&plain, &[("TERM", "xterm"), ("NO_COLOR", "1")], true), (true, false));
        assert_eq!(shown(&plain, &[("TERM", "xterm"), ("NO_COLOR", "")], true), (true, true));
        let quiet = RunArguments { quiet: true, ..RunArguments::default() };
        assert_eq!(shown(&quiet, &named, true), (false, true));
        let without = RunArguments { no_progress: true, ..RunArguments::default() };
        assert_eq!(shown(&without, &named, true), (false, true));
        let json = RunArguments { log_format: Some(LogFormat::Json), ..RunArguments::default() };
        assert_eq!(shown(&json, &named, true), (false, false));
    }

    #[test]
    fn an_error_of_the_settings_has_the_form_that_was_asked_for() {
        let form = |arguments: &[&str], pairs: &[(&str, &str)]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            named_log_format(&arguments, &Environment::from_pairs(pairs))
        };
        let json = [("SHARDFERRY_LOG_FORMAT", "json")];
        assert_eq!(form(&["shardferry", "sync"], &[]), None);
        assert_eq!(form(&["shardferry", "sync"], &json), Some(LogFormat::Json));
        assert_eq!(form(&["shardferry", "sync", "--log-format", "json"], &[]), Some(LogFormat::Json));
        assert_eq!(form(&["shardferry", "sync", "--log-format=text"], &json), Some(LogFormat::Text));
        assert_eq!(form(&["shardferry", "--log-format"], &[]), None);
    }
}
