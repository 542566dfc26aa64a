//! The exact texts. Users grep for them: change none.

use crate::model::counts::{Totals, thousands};
use std::time::Duration;

/// `0.4s`, `12.3s`, `4m 05s`, `1h 02m 03s`
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.1}s", time.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

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

pub(super) fn go_on(totals: &Totals) -> &'static str {
    let open = totals.tables > totals.completed + totals.skipped + totals.failed;
    match (totals.failed > 0, open) {
        (false, false) => "nothing is left to do for the chosen tables",
        (false, true) => "rerun the same command; completed tables are skipped",
        (true, _) => "`shardferry status` lists the failed tables; mend them and rerun with --retry-failed",
    }
}

pub(super) fn final_sentence(totals: &Totals, took: Duration) -> String {
    format!(
        "Final summary: {} processed, {} skipped, {} failed, {} rows in {}, {} rows/second",
        totals.completed,
        totals.skipped,
        totals.failed,
        thousands(totals.rows),
        duration(took),
        thousands(per_second(totals.rows, took))
    )
}

pub(super) fn final_summary(totals: &Totals, took: Duration) -> Vec<String> {
    vec![
        "Final summary".to_owned(),
        format!("  Processed:   {}", totals.completed),
        format!("  Skipped:     {}", totals.skipped),
        format!("  Failed:      {}", totals.failed),
        format!("  Total rows:  {}", thousands(totals.rows)),
        format!("  Duration:    {}", duration(took)),
        format!("  Rows/second: {}", thousands(per_second(totals.rows, took))),
        format!("  To go on:    {}", go_on(totals)),
    ]
}

/// Lines about what made it slower than it could have been; none if nothing did.
pub(super) fn held_back([rate, replicas]: [Duration; 2]) -> Vec<String> {
    let least = Duration::from_millis(100);
    let mut lines = Vec::new();
    if rate >= least {
        lines.push(format!("  Throttled:   {} by the limits of rows or MB per second", duration(rate)));
    }
    if replicas >= least {
        lines.push(format!("  Throttled:   {} by replicas that were too far behind", duration(replicas)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_final_summary_says_how_to_go_on() {
        let totals = Totals { tables: 100, completed: 95, skipped: 5, rows: 1_234_567, ..Totals::default() };
        insta::assert_snapshot!(final_summary(&totals, Duration::from_secs(83)).join("\n"), @"
        Final summary
          Processed:   95
          Skipped:     5
          Failed:      0
          Total rows:  1,234,567
          Duration:    1m 23s
          Rows/second: 14,874
          To go on:    nothing is left to do for the chosen tables
        ");
        insta::assert_snapshot!(final_sentence(&totals, Duration::from_secs(83)), @"Final summary: 95 processed, 5 skipped, 0 failed, 1,234,567 rows in 1m 23s, 14,874 rows/second");
        let open = Totals { tables: 101, ..totals };
        assert_eq!(go_on(&open), "rerun the same command; completed tables are skipped");
        let failed = Totals { failed: 1, ..open };
        assert!(go_on(&failed).ends_with("rerun with --retry-failed"));
    }

    #[test]
    fn what_held_it_back_is_said_where_something_did() {
        let lines = |rate, replicas| held_back([rate, replicas].map(Duration::from_millis)).join("\n");
        assert_eq!(lines(99, 0), "");
        assert_eq!(lines(185_000, 50), "  Throttled:   3m 05s by the limits of rows or MB per second");
        assert_eq!(lines(0, 100), "  Throttled:   0.1s by replicas that were too far behind");
        assert_eq!(lines(1000, 1000).lines().count(), 2);
    }
}
