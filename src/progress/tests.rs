use super::*;
use crate::cli::LogFormat;
use crate::error::ErrorKind;
use crate::model::outcome::Outcome;

/// What was written, shared with the progress that writes it.
#[derive(Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Written {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push(text.to_vec());
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    pub(super) fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().concat()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Each is what one call wrote.
    fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|text| String::from_utf8(text.clone()).unwrap()).collect()
    }
}

fn table(index: u32, name: &str) -> PlannedTable {
    PlannedTable {
        index,
        source: self::name(name),
        target: self::name(name),
        columns: Vec::new(),
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        unsupported: Vec::new(),
        primary_key: Vec::new(),
        chunk_key: None,
        rows: 0,
        bytes: 0,
        long_keys: Vec::new(),
        column_fingerprint: String::new(),
        in_memory: false,
    }
}

fn name(table: &str) -> TableName {
    TableName::new("dbo", table)
}

#[test]
fn the_lines_are_those_of_the_scripts() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(3, 0);
    progress.table_skipped(1, 300, &name("Customers"), 0, "already completed");
    progress.table_started(300, &PlannedTable { rows: 1_200_000, ..table(45, "Orders") });
    progress.table_started(
        300,
        &PlannedTable { target: TableName::new("sales", "odd_name"), ..table(46, "odd.name") },
    );
    progress.chunk_committed(45, 1_234_567, 99);
    progress.table_completed(45);
    progress.table_failed(46, &Error::new(ErrorKind::SourceRefused, "no such column"));
    let lines = written.lines();
    assert_eq!(lines[0], "Skipping dbo.Customers (already completed) [1/300]");
    assert_eq!(lines[1], "[45/300] Processing: dbo.Orders");
    assert_eq!(lines[2], "[46/300] Processing: dbo.[odd.name] -> sales.odd_name");
    assert_eq!(lines[3], "[45/300] Completed: dbo.Orders (1,234,567 rows in 0.0s)");
    assert_eq!(
        lines[4],
        "[46/300] Failed: dbo.[odd.name]: no such column [source_refused]; read the source's message, correct the table or exclude it, then rerun"
    );
    assert_eq!(lines.len(), 5);
    let early = Error::new(ErrorKind::TargetMismatch, "column A is missing").table("dbo.B");
    progress.table_failed(47, &early);
    let said = format!("Failed before it started: {early}");
    assert_eq!(written.lines()[5..], [said]);
    assert_eq!(progress.totals().failed, 2);
}

#[test]
fn rows_under_way_are_not_counted_and_seldom_said() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(1, 0);
    progress.table_started(1, &PlannedTable { rows: 2000, ..table(1, "A") });
    for rows in 0..1000 {
        progress.rows(1, 0, rows, rows);
    }
    assert_eq!(written.lines().len(), 1);
    let long_ago = Instant::now().checked_sub(ROWS_EVERY).unwrap();
    progress.state().running.get_mut(&1).unwrap().last_line = long_ago;
    progress.rows(1, 0, 1500, 1);
    progress.rows(1, 0, 1600, 1);
    assert_eq!(written.lines()[1..], ["[1/1] dbo.A: 1,500 of about 2,000 rows so far"]);
    assert_eq!(progress.totals().rows, 0);
}

#[test]
fn a_summary_follows_every_tenth_finished_table() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(40, 0);
    for index in 1..=5 {
        progress.table_skipped(index, 40, &name("S"), 0, "already completed");
    }
    for index in 6..=25 {
        progress.table_started(40, &table(index, "T"));
    }
    for index in 6..=26 {
        match index {
            7 => progress.table_failed(index, &Error::new(ErrorKind::Value, "no")),
            _ => {
                progress.chunk_committed(index, 10, 1);
                progress.table_completed(index);
            }
        }
    }
    let summaries: Vec<_> = written.lines().into_iter().filter(|line| line.starts_with("Progress")).collect();
    assert_eq!(
        summaries,
        [
            "Progress: total 40, completed 14, failed 1, in progress 10, remaining 15 (35.0%)",
            "Progress: total 40, completed 24, failed 1, in progress 0, remaining 15 (60.0%)",
        ]
    );
}

#[test]
fn a_retried_table_counts_once_and_a_stopped_one_stays_open() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(2, 0);
    progress.table_started(2, &table(1, "A"));
    progress.table_started(2, &table(1, "A"));
    progress.table_started(2, &table(2, "B"));
    progress.table_stopped(2, "SIGTERM", None);
    progress.chunk_committed(1, 5, 50);
    progress.table_completed(1);
    progress.chunk_committed(1, 5, 50);
    progress.table_completed(1);
    let totals = progress.totals();
    assert_eq!(totals, Totals { tables: 2, completed: 1, rows: 5, bytes: 50, ..Totals::default() });
    assert_eq!(totals.remaining(), 1);
    assert_eq!(progress.end(Left::Finish).copied, Some(totals));
    let lines = written.lines();
    assert!(lines.contains(&"[2/2] Stopped: dbo.B (SIGTERM)".to_owned()), "{lines:?}");
}

#[test]
fn an_event_is_one_write_of_a_whole_line() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(2, 0);
    progress.table_skipped(1, 2, &name("A"), 0, "already completed");
    progress.table_started(2, &table(2, "two\nlines"));
    progress.table_failed(2, &Error::new(ErrorKind::Value, "no\n  list"));
    progress.error(&Error::new(ErrorKind::Fenced, "pod b owns this table"));
    progress.summary();
    let writes = written.writes();
    assert_eq!(writes.len(), 5, "{writes:?}");
    assert!(writes.iter().all(|text| text.ends_with('\n') && text.lines().count() == 1), "{writes:?}");
}

#[test]
fn one_error_is_one_event() {
    let written = Written::default();
    let progress = Progress::to_writer(written.clone());
    progress.begin(3, 0);
    progress.table_started(3, &table(1, "A"));
    progress.table_started(3, &table(2, "B"));
    let failed = || Error::new(ErrorKind::Value, "no").table("dbo.A").column("Note");
    let away = || Error::new(ErrorKind::TargetUnavailable, "the target is away").table("dbo.B");
    let fenced = || Error::new(ErrorKind::Fenced, "pod b owns this table").table("dbo.C");
    progress.table_failed(1, &failed());
    progress.table_stopped(2, &away().detail(), Some(&away()));
    assert!(!progress.has_told(&fenced()));
    for error in [failed(), fenced(), fenced()] {
        progress.error(&error);
        assert!(progress.has_told(&error));
    }
    // Its line has neither remedy nor exit code: the end of the process tells it.
    progress.error(&away());
    assert!(!progress.has_told(&away()));
    let lines = written.lines();
    assert_eq!(
        lines[2..],
        [
            format!("[1/3] Failed: dbo.A: column Note: no [value]; {}", failed().policy().remedy),
            "[2/3] Stopped: dbo.B (table dbo.B: the target is away [target_unavailable])".to_owned(),
            format!("Not copied: {}", fenced()),
        ]
    );
}

#[test]
fn quiet_leaves_the_news_out_and_no_trouble() {
    let written = Written::default();
    let progress = Progress::with(Lines::to_writer(written.clone()).quiet(), Bars::none());
    progress.begin(3, 0);
    progress.table_skipped(1, 3, &name("A"), 0, "already completed");
    progress.table_started(3, &table(2, "B"));
    progress.table_completed(2);
    progress.table_started(3, &table(3, "C"));
    progress.table_stopped(3, "SIGTERM", None);
    progress.summary();
    assert_eq!(written.lines(), ["[3/3] Stopped: dbo.C (SIGTERM)"]);
}

#[test]
fn in_json_logs_the_facts_are_fields() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let progress = Progress::with(Lines::events(), Bars::none());
        progress.begin(1, 0);
        progress.table_started(300, &table(45, "Orders"));
        progress.chunk_committed(45, 1000, 99);
        progress.table_completed(45);
        progress.summary();
        let log =
            LogSettings { format: LogFormat::Json, filter: None, bars: false, colours: false, quiet: false };
        let summary = Some(progress.end(Left::Finish));
        final_summary(&log, &Outcome { summary, ..Outcome::default() });
    });
    let events: Vec<serde_json::Value> =
        written.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(events[0]["message"], "[45/300] Processing: dbo.Orders");
    assert_eq!(
        (&events[0]["table"], &events[0]["index"], &events[0]["total"]),
        (&"dbo.Orders".into(), &45.into(), &300.into())
    );
    assert_eq!((&events[1]["rows"], &events[1]["bytes"]), (&1000.into(), &99.into()));
    assert_eq!(
        (&events[2]["completed"], &events[2]["remaining"], &events[2]["percent"]),
        (&1.into(), &0.into(), &100.0.into())
    );
    for field in
        ["processed", "skipped", "failed", "rows", "seconds", "rows_per_second", "exit_code", "go_on"]
    {
        assert!(!events[3][field].is_null(), "{field}");
    }
}
