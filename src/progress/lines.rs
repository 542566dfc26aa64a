//! The exact texts. Users grep for them: change none.

use crate::error::Error;
use crate::model::counts::{Left, Summary, Totals, duration, thousands};
use std::time::Duration;

/// Whole rows a second; all of them if no time passed.
pub(super) fn per_second(rows: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(rows) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// Completed tables, by whom ever, of the chosen ones; 100 if none was chosen. Tenths, rounded down: 100 is all.
pub(super) fn percent(totals: &Totals) -> f64 {
    let done = totals.completed + totals.skipped;
    let tenths = (done * 1000).checked_div(totals.tables).unwrap_or(1000);
    f64::from(u32::try_from(tenths).unwrap_or(1000)) / 10.0
}

pub(super) fn under_way(index: u32, total: u32, name: &str, rows: u64, estimate: u64) -> String {
    let rows = thousands(rows);
    match estimate {
        0 => format!("[{index}/{total}] {name}: {rows} rows so far"),
        _ => format!("[{index}/{total}] {name}: {rows} of about {} rows so far", thousands(estimate)),
    }
}

pub(super) fn summary(totals: &Totals) -> String {
    format!(
        "Progress: total {}, completed {}, failed {}, in progress {}, remaining {} ({:.1}%)",
        totals.tables,
        totals.completed + totals.skipped,
        totals.failed,
        totals.in_progress,
        totals.remaining(),
        percent(totals)
    )
}

/// The detail of an error behind the name of its table, which need not be said twice.
pub(super) fn detail_of(table: &str, error: &Error) -> String {
    let detail = error.detail();
    let rest = detail.strip_prefix("table ").and_then(|rest| rest.strip_prefix(table));
    let rest = rest.and_then(|rest| rest.strip_prefix(": ").or_else(|| rest.strip_prefix(", ")));
    rest.map(str::to_owned).unwrap_or(detail)
}

/// What is left to do.
pub(super) fn go_on(summary: &Summary, error: Option<&Error>) -> &'static str {
    let totals = summary.copied.unwrap_or_default();
    let open = totals.tables > totals.completed + totals.skipped + totals.failed;
    match (error, summary.left) {
        _ if totals.failed > 0 && !open => {
            "`shardferry status` lists the failed tables; correct them and rerun with --retry-failed"
        }
        (Some(error), _) => error.policy().remedy,
        _ if open => "rerun the same command; completed tables are skipped",
        (None, Left::Nothing) => "nothing is left to do for this run",
        (None, Left::Finish) => {
            "the chosen tables are copied; `shardferry finish` builds indexes and keys when all tables are"
        }
        (None, Left::OtherTables) => {
            "the chosen tables are copied; the pod that copies the last table of the run finishes it"
        }
        (None, Left::FinishOfAnotherPod) => "the tables are copied; another pod does the finish step",
    }
}

pub(super) fn final_sentence(summary: &Summary) -> String {
    let mut parts = Vec::new();
    if let Some(totals) = &summary.copied {
        parts.push(format!(
            "{} processed, {} skipped, {} failed, {} rows in {}, {} rows/second",
            totals.completed,
            totals.skipped,
            totals.failed,
            thousands(totals.rows),
            duration(summary.took),
            thousands(per_second(totals.rows, summary.took))
        ));
    }
    parts.extend(summary.finish.iter().map(|finish| format!("finish: {finish}")));
    format!("Final summary: {}", parts.join("; "))
}

pub(super) fn final_summary(summary: &Summary, error: Option<&Error>) -> Vec<String> {
    let mut lines = vec!["Final summary".to_owned()];
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<12} {text}"));
    if let Some(totals) = &summary.copied {
        say("Processed:", totals.completed.to_string());
        say("Skipped:", totals.skipped.to_string());
        say("Failed:", totals.failed.to_string());
        say("Total rows:", thousands(totals.rows));
    }
    say("Duration:", duration(summary.took));
    if let Some(totals) = &summary.copied {
        say("Rows/second:", thousands(per_second(totals.rows, summary.took)));
    }
    for held in held_back(summary.held_back) {
        say("Throttled:", held);
    }
    if let Some(finish) = &summary.finish {
        say("Finish:", finish.clone());
    }
    if let Some(error) = error {
        let policy = error.policy();
        say("Exit code:", format!("{} [{}]", policy.exit, policy.code));
    }
    say("To go on:", go_on(summary, error).to_owned());
    lines
}

/// What made it slower than it could have been; nothing if nothing did.
fn held_back([rate, replicas]: [Duration; 2]) -> Vec<String> {
    let least = Duration::from_millis(100);
    let mut lines = Vec::new();
    if rate >= least {
        lines.push(format!("{} by the limits of rows or MB per second", duration(rate)));
    }
    if replicas >= least {
        lines.push(format!("{} by replicas that were too far behind", duration(replicas)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn rows_have_thousands_separators() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn durations_are_short() {
        for (millis, text) in [
            (0, "0.0s"),
            (12_345, "12.3s"),
            (59_900, "59.9s"),
            (245_000, "4m 05s"),
            (3_723_000, "1h 02m 03s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn all_is_said_only_of_all() {
        let of = |tables, completed| percent(&Totals { tables, completed, ..Totals::default() });
        for (tables, completed, percent) in [(300, 299, 99.6), (300, 300, 100.0), (0, 0, 100.0), (3, 1, 33.3)]
        {
            assert!((of(tables, completed) - percent).abs() < 1e-9, "{completed} of {tables}");
        }
    }

    fn summary(totals: Totals) -> Summary {
        Summary {
            copied: Some(totals),
            took: Duration::from_secs(83),
            held_back: [Duration::ZERO; 2],
            finish: None,
            left: Left::Finish,
        }
    }

    #[test]
    fn the_final_summary_says_how_to_go_on() {
        let totals = Totals { tables: 100, completed: 95, skipped: 5, rows: 1_234_567, ..Totals::default() };
        let done = summary(totals);
        insta::assert_snapshot!(final_summary(&done, None).join("\n"), @"
        Final summary
          Processed:   95
          Skipped:     5
          Failed:      0
          Total rows:  1,234,567
          Duration:    1m 23s
          Rows/second: 14,874
          To go on:    the chosen tables are copied; `shardferry finish` builds indexes and keys when all tables are
        ");
        insta::assert_snapshot!(final_sentence(&done), @"Final summary: 95 processed, 5 skipped, 0 failed, 1,234,567 rows in 1m 23s, 14,874 rows/second");
        let open = summary(Totals { tables: 101, ..totals });
        assert_eq!(go_on(&open, None), "rerun the same command; completed tables are skipped");
        let failed = summary(Totals { failed: 1, tables: 101, ..totals });
        let error = Error::new(ErrorKind::Value, "no");
        assert!(go_on(&failed, Some(&error)).ends_with("rerun with --retry-failed"));
        let stopped = Error::new(ErrorKind::Terminated, "stopped by SIGTERM");
        assert_eq!(go_on(&open, Some(&stopped)), "rerun to go on; the checkpoint is saved");
        let other = Summary { left: Left::OtherTables, ..done };
        assert!(go_on(&other, None).ends_with("the pod that copies the last table of the run finishes it"));
    }

    #[test]
    fn the_final_summary_tells_of_the_finish_step_and_of_the_exit_code() {
        let totals = Totals { tables: 1, completed: 1, rows: 5, ..Totals::default() };
        let finish =
            Some("41 objects built, 0 were there, 0 changed, 0 lossy, 2 left out, 1 failed".to_owned());
        let run = Summary { finish, left: Left::Nothing, ..summary(totals) };
        let error = Error::new(ErrorKind::TargetData, "1 objects failed");
        insta::assert_snapshot!(final_summary(&run, Some(&error)).join("\n"), @"
        Final summary
          Processed:   1
          Skipped:     0
          Failed:      0
          Total rows:  5
          Duration:    1m 23s
          Rows/second: 0
          Finish:      41 objects built, 0 were there, 0 changed, 0 lossy, 2 left out, 1 failed
          Exit code:   3 [target_data]
          To go on:    remove the rows or constraints that stand in the way, then rerun
        ");
        insta::assert_snapshot!(final_sentence(&run), @"Final summary: 1 processed, 0 skipped, 0 failed, 5 rows in 1m 23s, 0 rows/second; finish: 41 objects built, 0 were there, 0 changed, 0 lossy, 2 left out, 1 failed");
        let finish = Summary { copied: None, ..run };
        insta::assert_snapshot!(final_summary(&finish, None).join("\n"), @"
        Final summary
          Duration:    1m 23s
          Finish:      41 objects built, 0 were there, 0 changed, 0 lossy, 2 left out, 1 failed
          To go on:    nothing is left to do for this run
        ");
    }

    #[test]
    fn the_table_of_an_error_is_said_once() {
        let error = |kind| Error::new(kind, "no").table("dbo.A");
        assert_eq!(detail_of("dbo.A", &error(ErrorKind::Value)), "no");
        assert_eq!(detail_of("dbo.A", &error(ErrorKind::Value).column("Note")), "column Note: no");
        assert_eq!(detail_of("dbo.AB", &error(ErrorKind::Value)), "table dbo.A: no");
        assert_eq!(detail_of("dbo", &error(ErrorKind::Value)), "table dbo.A: no");
        assert_eq!(
            error(ErrorKind::Fenced).told("no"),
            "no [fenced]; another pod works on this table; rerun when it has ended"
        );
    }

    #[test]
    fn what_held_it_back_is_said_where_something_did() {
        let lines = |rate, replicas| held_back([rate, replicas].map(Duration::from_millis)).join("\n");
        assert_eq!(lines(99, 0), "");
        assert_eq!(lines(185_000, 50), "3m 05s by the limits of rows or MB per second");
        assert_eq!(lines(0, 100), "0.1s by replicas that were too far behind");
        assert_eq!(lines(1000, 1000).lines().count(), 2);
    }
}
