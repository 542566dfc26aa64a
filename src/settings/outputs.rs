//! How the process reports: the form of the log, and the files for an orchestrator.

use super::Environment;
use crate::cli::LogFormat;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

const XCOM_FOLDER: &str = "/airflow/xcom";
const TERMINATION_LOG: &str = "/dev/termination-log";

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub format: LogFormat,
    /// `RUST_LOG`.
    pub filter: Option<String>,
    /// Stderr is a terminal: live bars, colours.
    pub terminal: bool,
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

pub(super) fn log(format: Option<LogFormat>, environment: &Environment) -> LogSettings {
    let terminal = std::io::stderr().is_terminal();
    let default = if terminal { LogFormat::Text } else { LogFormat::Json };
    LogSettings {
        format: format.unwrap_or(default),
        filter: environment.get("RUST_LOG").map(str::to_owned),
        terminal,
    }
}

pub(super) fn outputs(result_file: Option<PathBuf>, termination_log: Option<PathBuf>) -> OutputSettings {
    let folder = Path::new(XCOM_FOLDER);
    let log = Path::new(TERMINATION_LOG);
    OutputSettings {
        result_file: result_file.or_else(|| folder.is_dir().then(|| folder.join("return.json"))),
        termination_log: termination_log.or_else(|| log.is_file().then(|| log.to_owned())),
    }
}
