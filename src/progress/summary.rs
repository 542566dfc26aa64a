//! The final summary: the last lines of a process that copied tables or built objects.

use super::lines;
use crate::cli::LogFormat;
use crate::model::counts::Totals;
use crate::model::outcome::Outcome;
use crate::settings::LogSettings;
use crate::telemetry::Console;

/// Says what was done, how the process ends and what is left to do, if the outcome has a summary. Nothing is said after
/// it.
pub fn final_summary(log: &LogSettings, outcome: &Outcome) {
    let Some(summary) = &outcome.summary else { return };
    let error = outcome.error.as_ref();
    if log.format == LogFormat::Text {
        let mut text = lines::final_summary(summary, error).join("\n");
        text.push('\n');
        return Console::of_process().write_event(&text);
    }
    let line = lines::final_sentence(summary);
    let (exit_code, code) = (outcome.exit_code(), error.map(|error| error.policy().code));
    let (go_on, finish) = (lines::go_on(summary, error), summary.finish.as_deref());
    let seconds = summary.took.as_secs_f64();
    let Some(totals) = summary.copied else {
        tracing::info!(target: "shardferry::summary", exit_code, code, seconds, finish, go_on, "{line}");
        return;
    };
    let Totals { completed: processed, skipped, failed, rows, bytes, .. } = totals;
    let rows_per_second = lines::per_second(rows, summary.took);
    let [throttled_seconds, replica_lag_seconds] = summary.held_back.map(|held| held.as_secs_f64());
    tracing::info!(
        target: "shardferry::summary",
        processed,
        skipped,
        failed,
        rows,
        bytes,
        seconds,
        rows_per_second,
        throttled_seconds,
        replica_lag_seconds,
        exit_code,
        code,
        finish,
        go_on,
        "{line}"
    );
}
