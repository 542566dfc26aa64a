//! What Airflow, Argo and Kubernetes read when the process has ended: a result file and the termination log.
//!
//! Both are written on success and on failure; failing to write them is logged and changes nothing else.

use crate::model::outcome::Outcome;
use crate::model::shown;
use crate::settings::{OutputSettings, Settings};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kubernetes keeps this much of a termination message.
pub const TERMINATION_LIMIT: usize = 4096;

/// Who reports.
#[derive(Debug, Clone, Default)]
pub struct Reporter {
    /// None if the settings could not be read.
    command: Option<&'static str>,
    run_id: Option<String>,
    pod: Option<String>,
    outputs: OutputSettings,
}

/// The result file. Fields are added, never renamed.
#[derive(Debug, Serialize)]
struct ResultDocument<'a> {
    command: Option<&'a str>,
    run_id: Option<&'a str>,
    pod: Option<&'a str>,
    status: &'a str,
    exit_code: u8,
    tables_processed: u64,
    tables_skipped: u64,
    tables_failed: u64,
    rows: u64,
    bytes: u64,
    lossy_rows: u64,
    seconds: f64,
    shards: &'a [String],
    message: Option<&'a str>,
    error: Option<ResultError<'a>>,
}

#[derive(Debug, Serialize)]
struct ResultError<'a> {
    code: &'a str,
    message: String,
    remedy: &'a str,
}

impl Reporter {
    /// Reports for these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            command: Some(settings.command.name()),
            run_id: Some(settings.run_id.to_string()),
            pod: Some(settings.pod.clone()),
            outputs: settings.outputs.clone(),
        }
    }

    /// Reports that the settings themselves are wrong.
    #[must_use]
    pub fn without_settings(outputs: OutputSettings) -> Self {
        Self { outputs, ..Self::default() }
    }

    /// Writes the result file and the termination log. Never fails; what cannot be written is logged.
    pub fn report(&self, outcome: &Outcome, elapsed: Duration) {
        if let Some(path) = &self.outputs.result_file {
            warn_on_error("--result-file", path, replace(path, self.result(outcome, elapsed).as_bytes()));
        }
        if let Some(path) = &self.outputs.termination_log {
            // A mount of a single file: it can be written, but not replaced.
            warn_on_error(
                "--termination-log",
                path,
                std::fs::write(path, self.termination(outcome, elapsed)),
            );
        }
    }

    fn result(&self, outcome: &Outcome, elapsed: Duration) -> String {
        let document = ResultDocument {
            command: self.command,
            run_id: self.run_id.as_deref(),
            pod: self.pod.as_deref(),
            status: outcome.status(),
            exit_code: outcome.exit_code(),
            tables_processed: outcome.tables_processed,
            tables_skipped: outcome.tables_skipped,
            tables_failed: outcome.tables_failed,
            rows: outcome.rows,
            bytes: outcome.bytes,
            lossy_rows: outcome.lossy_rows,
            seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            shards: &outcome.shards,
            message: outcome.message.as_deref(),
            error: outcome.error.as_ref().map(|error| {
                let policy = error.policy();
                ResultError { code: policy.code, message: error.detail(), remedy: policy.remedy }
            }),
        };
        let mut text = serde_json::to_string_pretty(&document)
            .unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        text.push('\n');
        text
    }

    fn termination(&self, outcome: &Outcome, elapsed: Duration) -> String {
        let mut text = format!("{} {}", self.command.unwrap_or("shardferry"), outcome.status());
        if let Some(run_id) = &self.run_id {
            text.push_str(&format!(" (run {run_id})"));
        }
        text.push_str(&format!(
            ": {} processed, {} skipped, {} failed, {} rows in {:.1} s\n",
            outcome.tables_processed,
            outcome.tables_skipped,
            outcome.tables_failed,
            outcome.rows,
            elapsed.as_secs_f64()
        ));
        if let Some(message) = &outcome.message {
            text.push_str(&shown::with_lists(message));
            text.push('\n');
        }
        if let Some(error) = &outcome.error {
            let error = shown::with_lists(&error.to_string());
            text.push_str(&format!("{error}\nexit code {}\n", outcome.exit_code()));
        }
        cut(&mut text, TERMINATION_LIMIT);
        text
    }
}

/// Shortens to at most `limit` bytes, at a character boundary, with an ellipsis that counts.
fn cut(text: &mut String, limit: usize) {
    const ELLIPSIS: &str = "…";
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit.saturating_sub(ELLIPSIS.len())));
        text.push_str(ELLIPSIS);
    }
}

/// Writes a file at once: a reader sees the old one or the whole new one.
///
/// # Errors
/// Those of the file system; the old file stays as it was.
pub fn replace(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary: PathBuf = path.with_file_name(name);
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(body).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn warn_on_error(flag: &str, path: &Path, written: io::Result<()>) {
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "{flag}: cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    fn reporter(outputs: OutputSettings) -> Reporter {
        let text = |text: &str| Some(text.to_owned());
        Reporter { command: Some("sync"), run_id: text("nightly"), pod: text("pod-7"), outputs }
    }

    fn failed() -> Outcome {
        Outcome {
            tables_processed: 95,
            tables_skipped: 4,
            tables_failed: 1,
            rows: 1_234_567,
            bytes: 99,
            error: Some(Error::new(ErrorKind::TablesFailed, "1 of 100 tables failed")),
            ..Outcome::default()
        }
    }

    #[test]
    fn the_result_says_everything() {
        let elapsed = Duration::from_micros(83_123_456);
        insta::assert_snapshot!(reporter(OutputSettings::default()).result(&failed(), elapsed), @r#"
        {
          "command": "sync",
          "run_id": "nightly",
          "pod": "pod-7",
          "status": "failed",
          "exit_code": 3,
          "tables_processed": 95,
          "tables_skipped": 4,
          "tables_failed": 1,
          "rows": 1234567,
          "bytes": 99,
          "lossy_rows": 0,
          "seconds": 83.123,
          "shards": [],
          "message": null,
          "error": {
            "code": "tables_failed",
            "message": "1 of 100 tables failed",
            "remedy": "`shardferry status` lists the failed tables; correct them and rerun"
          }
        }
        "#);
    }

    #[test]
    fn both_files_are_written_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let outputs = OutputSettings {
            result_file: Some(folder.path().join("return.json")),
            termination_log: Some(folder.path().join("termination-log")),
        };
        let reporter = reporter(outputs);
        reporter.report(&failed(), Duration::from_secs(83));
        reporter
            .report(&Outcome { tables_processed: 2, rows: 7, ..Outcome::default() }, Duration::from_secs(1));
        let result: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("return.json")).unwrap()).unwrap();
        assert_eq!(
            (&result["status"], &result["exit_code"], &result["error"]),
            (&"completed".into(), &0.into(), &().into())
        );
        let log = std::fs::read_to_string(folder.path().join("termination-log")).unwrap();
        assert_eq!(log, "sync completed (run nightly): 2 processed, 0 skipped, 0 failed, 7 rows in 1.0 s\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file stayed");
    }

    #[test]
    fn a_termination_message_is_cut_at_a_character() {
        let long = Outcome::from(Error::new(ErrorKind::Bug, "größer ".repeat(2000)));
        let text = reporter(OutputSettings::default()).termination(&long, Duration::ZERO);
        assert!(text.len() <= TERMINATION_LIMIT && text.len() > TERMINATION_LIMIT - 8, "{}", text.len());
        assert!(text.ends_with('…'));
    }

    #[test]
    fn a_place_that_cannot_be_written_changes_nothing() {
        let outputs = OutputSettings {
            result_file: Some("/nowhere/return.json".into()),
            termination_log: Some("/nowhere/log".into()),
        };
        reporter(outputs).report(&failed(), Duration::ZERO);
        assert_eq!(failed().exit_code(), 3);
    }

    #[test]
    fn a_signal_is_no_failure() {
        let stopped = Outcome::from(Error::new(ErrorKind::Terminated, "stopped by SIGTERM"));
        assert_eq!((stopped.status(), stopped.exit_code()), ("stopped", 143));
    }
}
