use super::*;
use crate::error::{Error, ErrorKind};
use crate::model::checkpoint::{LockWait, Owner, UnderWay};
use crate::model::identity::DatabaseIdentity;
use crate::model::loss::{Loss, LossRecord};
use crate::model::names::TableName;
use crate::model::phase::{PhaseError, PhaseProgress, PhaseWork};
use crate::model::plan::{PlanOptions, PlannedSource, PlannedTable};
use std::collections::BTreeMap;

fn at(second: u32) -> Timestamp {
    format!("2026-11-22T20:00:{second:02}Z").parse().unwrap()
}

fn plan(tables: &[&str]) -> Plan {
    let table = |(index, name): (u32, &&str)| PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index,
        source: TableName::new("dbo", *name),
        target: TableName::new("dbo", *name),
        columns: Vec::new(),
        unsupported: Vec::new(),
        primary_key: Vec::new(),
        chunk_key: None,
        rows: 0,
        bytes: 0,
        long_keys: Vec::new(),
        column_fingerprint: String::new(),
        in_memory: false,
    };
    Plan {
        target: None,
        version: 1,
        fingerprint: "f".to_owned(),
        operation: String::new(),
        digest: String::new(),
        created_at: at(0),
        source: PlannedSource {
            server: "s".to_owned(),
            database: "d".to_owned(),
            product_version: "16".to_owned(),
            identity: DatabaseIdentity::default(),
            log_position: None,
        },
        options: PlanOptions::default(),
        tables: (1..).zip(tables).map(table).collect(),
    }
}

fn phase(status: Status) -> Phase {
    let attempts = u32::from(status != Status::Pending);
    let work = PhaseWork { started_at: (attempts > 0).then(|| at(1)), attempts, ..PhaseWork::default() };
    match status {
        Status::Pending => Phase::Pending { work },
        Status::InProgress => Phase::InProgress { work },
        Status::Completed => Phase::Completed { work, completed_at: at(5) },
        Status::Failed => Phase::Failed {
            work,
            failed_at: at(6),
            error: PhaseError {
                code: "value".to_owned(),
                message: "a \"completed\"\nrow that PostgreSQL cannot hold".to_owned(),
            },
        },
    }
}

fn view(states: &[(Status, Status)], finish: Status) -> StatusView {
    let names = ["completed", "Orders", "Größe", "odd.name", "E", "F"];
    let plan = plan(&names[..states.len()]);
    let mut tables: Vec<_> = plan
        .tables
        .iter()
        .zip(states)
        .map(|(table, (schema, data))| {
            let mut document = TableDocument::pending(&plan, table);
            (document.schema, document.data) = (phase(*schema), phase(*data));
            if *data == Status::InProgress {
                document.owner = Some(Owner { pod: "pod-7".to_owned(), epoch: 1, heartbeat: at(9) });
            }
            if *data == Status::Completed {
                let done = PhaseProgress { rows: 1_234_567, ..PhaseProgress::default() };
                document.data = Phase::Completed {
                    work: PhaseWork { done, ..*document.data.work() },
                    completed_at: at(5),
                };
            }
            document
        })
        .collect();
    tables.reverse();
    let mut document = FinishDocument::pending(&plan);
    document.status = phase(finish);
    document.steps = BTreeMap::new();
    StatusView::new("default", &plan, tables, Some(document))
}

const MIXED: [(Status, Status); 6] = [
    (Status::Completed, Status::Completed),
    (Status::Completed, Status::InProgress),
    (Status::Completed, Status::Failed),
    (Status::Completed, Status::Pending),
    (Status::Failed, Status::Pending),
    (Status::Pending, Status::Pending),
];

/// What `grep -c '"completed"'` prints.
fn grep(text: &str) -> usize {
    text.lines().filter(|line| line.contains("\"completed\"")).count()
}

#[test]
fn the_json_is_reviewed() {
    insta::assert_snapshot!("status-json", view(&MIXED, Status::Completed).json(None));
}

#[test]
fn the_text_is_reviewed() {
    insta::assert_snapshot!("status-text", view(&MIXED, Status::Failed).text(false, &Screen::default()));
    insta::assert_snapshot!("status-text-all", view(&MIXED, Status::Pending).text(true, &Screen::default()));
}

/// Every pair of states for three tables, and every state of the finish step.
#[test]
fn grep_counts_the_completed_tables() {
    let every = [Status::Pending, Status::InProgress, Status::Completed, Status::Failed];
    let pairs: Vec<_> = every.iter().flat_map(|schema| every.map(|data| (*schema, data))).collect();
    for first in &pairs {
        for second in &pairs {
            for finish in every {
                let states = [*first, *second, (Status::Completed, Status::Completed)];
                let view = view(&states, finish);
                let completed = states.iter().filter(|(_, data)| *data == Status::Completed).count();
                assert_eq!(grep(&view.json(None)), completed, "{states:?}");
                assert_eq!(grep(&view.json(Some(PhaseChoice::Data))), completed, "{states:?}");
                let schemas = states.iter().filter(|(schema, _)| *schema == Status::Completed).count();
                assert_eq!(grep(&view.json(Some(PhaseChoice::Schema))), schemas, "{states:?}");
                assert_eq!(view.totals().completed, u64::try_from(completed).unwrap());
            }
        }
    }
}

#[test]
fn the_json_has_every_field_of_the_scripts() {
    let read = |phases| -> serde_json::Value {
        serde_json::from_str(&view(&MIXED, Status::Pending).json(phases)).unwrap()
    };
    let json = read(None);
    assert_eq!(
        (&json["session_start"], &json["last_updated"]),
        (&"2026-11-22T20:00:01Z".into(), &"2026-11-22T20:00:09Z".into())
    );
    let tables = json["tables"].as_object().unwrap();
    assert_eq!(tables.len(), 6);
    let done = &tables["dbo.completed"];
    assert_eq!(
        (&done["schema"]["status"], &done["data"]["status"]),
        (&"completed".into(), &"completed".into())
    );
    assert_eq!((&done["data"]["rows_synced"], &done["data"]["error"]), (&1_234_567.into(), &().into()));
    assert!(done["data"]["started_at"].is_string() && done["data"]["completed_at"].is_string());
    let failed = &tables["dbo.Größe"]["data"];
    assert_eq!((&failed["status"], &failed["error_code"]), (&"failed".into(), &"value".into()));
    assert!(failed["failed_at"].is_string() && failed["error"].as_str().unwrap().contains("cannot hold"));
    assert_eq!(tables["dbo.Orders"]["pod"], "pod-7");
    for (_, table) in read(Some(PhaseChoice::All))["tables"].as_object().unwrap() {
        assert!(table["schema"]["status"].is_string() && table["data"]["status"].is_string());
    }
}

#[test]
fn a_damaged_object_is_shown_whole_with_what_to_do() {
    let plan = plan(&["Orders", "Customers"]);
    let place =
        format!("s3://bucket/{}/tables/1-dbo.Orders.json is damaged: it cannot be read", "long/".repeat(30));
    let error = Error::new(ErrorKind::TableDamaged, place.as_str()).table("dbo.Orders");
    let tables = vec![
        TableDocument::damaged(&plan, &plan.tables[0], &error),
        TableDocument::pending(&plan, &plan.tables[1]),
    ];
    let view = StatusView::new("default", &plan, tables, None);
    let text = view.text(false, &Screen::default());
    assert!(text.contains("2 tables: 0 completed, 1 failed, 0 in progress, 1 pending"), "{text}");
    assert!(
        text.contains(&format!(
            "Damaged: table dbo.Orders: {place} [table_damaged]; restore what is named above, or"
        )),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    let data = &json["tables"]["dbo.Orders"]["data"];
    assert_eq!((&data["status"], &data["error_code"]), (&"failed".into(), &"table_damaged".into()));
    assert!(data["error"].as_str().unwrap().contains(&place));
}

#[test]
fn a_run_that_nobody_began_has_the_time_of_its_plan() {
    let view = StatusView::new("default", &plan(&[]), Vec::new(), None);
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    assert_eq!(
        (&json["session_start"], &json["tables"]),
        (&"2026-11-22T20:00:00Z".into(), &serde_json::json!({}))
    );
    assert!(view.is_done());
}

#[tokio::test]
async fn a_watch_ends_when_every_table_is_completed_or_failed() {
    let mut out = Vec::new();
    let mut looks = 0;
    let stop = crate::stop::Stop::new();
    crate::report::watch::watch(std::time::Duration::ZERO, &stop, true, &mut out, async || {
        looks += 1;
        let data = [Status::Pending, Status::InProgress, Status::Failed][looks - 1];
        let view = view(&[(Status::Completed, data)], Status::Pending);
        Ok((view, format!("look {looks}\n")))
    })
    .await
    .unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\x1b[H\x1b[Jlook 1\n\x1b[H\x1b[Jlook 2\n\x1b[H\x1b[Jlook 3\n"
    );
}

#[test]
fn a_table_that_another_run_has_begun_since_is_not_completed() {
    let completed = [(Status::Completed, Status::Completed); 2];
    let view = view(&completed, Status::Completed);
    assert!(view.is_completed() && !view.has_failed());
    let view = view.with_doubts(BTreeMap::from([(2, Doubt::Replaced("run night2".to_owned()))]));
    assert!(!view.is_completed() && view.has_failed());
    assert_eq!(view.missing(), "1 of 2 tables is completed, 1 failed; the finish step is completed");
    let text = view.text(false, &Screen::default());
    assert!(text.contains("replaced") && text.contains("replaced by run night2"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    let table = &json["tables"]["dbo.Orders"];
    assert_eq!(
        (&table["data"]["status"], &table["data"]["error_code"]),
        (&"failed".into(), &"replaced".into())
    );
    assert_eq!(
        (&table["data"]["error"], &table["replaced_by"]),
        (&"replaced by run night2".into(), &"run night2".into())
    );
    assert_eq!(
        view.json(None).matches("\"completed\"").count(),
        2,
        "of the other table alone: {}",
        view.json(None)
    );
}

#[test]
fn a_table_that_the_ledger_does_not_know_is_missing() {
    let completed = [(Status::Completed, Status::Completed); 2];
    let view = view(&completed, Status::Completed).with_doubts(BTreeMap::from([(1, Doubt::Unproven)]));
    assert!(!view.is_completed() && !view.has_failed());
    assert!(
        view.text(false, &Screen::default()).contains("Not proven: dbo.completed: "),
        "{}",
        view.text(false, &Screen::default())
    );
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    let data = &json["tables"]["dbo.completed"]["data"];
    assert_eq!((&data["status"], &data["error_code"]), (&"pending".into(), &"unfinished".into()));
}

/// Two pods, of which one is silent, three tables that run, failures, rejected rows, and many pending ones.
fn busy() -> StatusView {
    let names: Vec<String> = (1..=40).map(|number| format!("Table{number}")).collect();
    let mut plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for table in &mut plan.tables {
        (table.rows, table.bytes) = (1000, 100_000_000);
    }
    let mut tables: Vec<TableDocument> =
        plan.tables.iter().map(|table| TableDocument::pending(&plan, table)).collect();
    let work = |rows, chunks| PhaseWork {
        started_at: Some(at(0)),
        done: PhaseProgress { rows, bytes: rows * 50, chunks, of: 4 },
        attempts: 1,
        rows_before: None,
    };
    for (place, table) in tables.iter_mut().enumerate() {
        let owner = |pod: &str, second| Some(Owner { pod: pod.to_owned(), epoch: 1, heartbeat: at(second) });
        match place {
            0..=9 => table.data = Phase::Completed { work: work(1000, 4), completed_at: at(20) },
            10..=11 => {
                table.data = Phase::InProgress { work: work(500, 2) };
                table.owner = owner("pod-1", 40);
            }
            12..=16 => {
                table.data = Phase::InProgress { work: work(250, 1) };
                table.owner = owner("pod-2", 10);
            }
            17 => table.data = phase(Status::Failed),
            _ => {}
        }
    }
    let loss = |column: &str, loss, files: &[&str]| LossRecord {
        column: column.to_owned(),
        loss,
        rows: 12,
        samples: Vec::new(),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    };
    tables[0].losses =
        vec![loss("Note", Loss::Nul, &[]), loss("Price", Loss::Rejected, &["rejects/1-dbo.Table1/1.jsonl"])];
    for table in &mut tables[1..8] {
        table.losses = vec![loss("At", Loss::Offset, &[])];
    }
    let ages = (11..=12).map(|index| (index, Duration::from_secs(3)));
    let ages = ages.chain((13..=17).map(|index| (index, Duration::from_secs(200))));
    let heartbeats =
        Heartbeats { tables: ages.collect(), finish: None, silent_after: Duration::from_secs(60) };
    StatusView::new("default", &plan, tables, None).with_heartbeats(heartbeats)
}

#[test]
fn failures_and_silent_pods_stand_in_front_of_what_runs() {
    let text = busy().text(false, &Screen::default());
    insta::assert_snapshot!("status-busy", text);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no `{part}` in {text}"));
    assert!(place("Failed: 1 table") < place("Silent: 1 pod"));
    assert!(place("Silent: 1 pod") < place("In progress: 2 tables of 1 living pod"));
    assert!(text.lines().filter(|line| !line.starts_with("   18")).all(|line| line.chars().count() <= 100));
}

#[test]
fn rejected_rows_are_missing_and_name_their_file() {
    let text = busy().text(true, &Screen::default());
    assert!(
        text.contains(
            "Missing in dbo.Table1: 12 rows were rejected (Price 12); see rejects/1-dbo.Table1/1.jsonl"
        ),
        "{text}"
    );
    assert!(text.contains("Changed in dbo.Table1: Note nul 12 rows\n"), "{text}");
    assert!(!text.contains("rejected 12 rows"), "{text}");
}

#[test]
fn a_view_that_is_repainted_fits_the_screen() {
    for (columns, lines) in [(80, 24), (80, 12), (40, 16), (200, 100), (10, 3)] {
        let text = busy().text(false, &Screen { size: Some((columns, lines)), colours: false });
        assert!(text.lines().count() < lines, "{columns}x{lines}: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}x{lines}: {text}");
    }
    insta::assert_snapshot!(
        "status-watch-80x24",
        busy().text(false, &Screen { size: Some((80, 24)), colours: false })
    );
    let text = busy().text(true, &Screen { size: Some((80, 30)), colours: false });
    assert!(text.contains("more"), "{text}");
}

#[test]
fn colours_are_used_only_if_they_are_asked_for() {
    let coloured = busy().text(false, &Screen { size: None, colours: true });
    assert!(coloured.contains("\u{1b}[31mFailed: 1 table\u{1b}[0m\n"), "{coloured}");
    assert!(coloured.contains("\u{1b}[33mSilent"), "{coloured}");
    let plain = busy().text(false, &Screen::default());
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn the_rest_is_estimated_by_bytes() {
    let view = busy();
    let pace = pace::of_run(&view);
    // 10 tables, 2 halves, 5 quarters and no row of the failed one, of 100 MB each; 40 s between first and last word.
    assert_eq!((pace.done, pace.planned), (1_225_000_000, 4_000_000_000));
    assert_eq!(pace.bytes_per_second, Some(30_625_000));
    // The failed table is not waited for.
    assert_eq!(pace.seconds_left, Some(2_675_000_000_u64.div_ceil(30_625_000)));
    let table = pace::of_table(&view, &view.tables[10]);
    assert_eq!((table.percent, table.bytes_per_second), (50, Some(1_250_000)));
    assert_eq!(table.seconds_left, Some(40));
    let silent = pace::of_table(&view, &view.tables[12]);
    assert_eq!((silent.percent, silent.bytes_per_second, silent.seconds_left), (25, None, None));
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    assert_eq!(json["progress"]["percent"], 30);
    assert_eq!(
        (&json["pods"][0]["pod"], &json["pods"][0]["silent"], &json["pods"][1]["silent"]),
        (&"pod-2".into(), &true.into(), &false.into())
    );
    assert_eq!(json["tables"]["dbo.Table13"]["pod_is_silent"], true);
    assert_eq!(json["tables"]["dbo.Table11"]["heartbeat_age_seconds"], 3);
    assert_eq!(grep(&view.json(None)), 10);
}

#[test]
fn nobody_who_lives_means_no_time_left() {
    let mut view = busy();
    view.heartbeats.tables.values_mut().for_each(|age| *age = Duration::from_secs(3600));
    let pace = pace::of_run(&view);
    assert_eq!((pace.bytes_per_second, pace.seconds_left), (None, None));
    assert!(view.text(false, &Screen::default()).contains("Silent: 2 pods"));
}

#[test]
fn rows_under_way_count_until_they_are_committed() {
    let mut view = busy();
    let table = &mut view.tables[10];
    table.data = Phase::InProgress { work: PhaseWork { attempts: 1, ..*phase(Status::InProgress).work() } };
    table.under_way = Some(UnderWay { rows: 400, bytes: 20_000 });
    let pace = pace::of_table(&view, &view.tables[10]);
    assert_eq!(pace.percent, 40);
    let json: serde_json::Value = serde_json::from_str(&view.json(None)).unwrap();
    assert_eq!(json["tables"]["dbo.Table11"]["rows_under_way"], 400);
    let text = view.text(false, &Screen::default());
    assert!(text.lines().any(|line| line.contains("dbo.Table11") && line.contains(" 400 ")), "{text}");
}

#[test]
fn a_resumed_table_is_as_fast_as_its_last_attempt() {
    let mut view = busy();
    let begun = *phase(Status::InProgress).work();
    let done = PhaseProgress { rows: 500, ..begun.done };
    let speed = |view: &mut StatusView, attempts, rows_before| {
        view.tables[10].data = Phase::InProgress { work: PhaseWork { attempts, rows_before, done, ..begun } };
        pace::of_table(view, &view.tables[10]).bytes_per_second
    };
    let first = speed(&mut view, 1, None).unwrap();
    assert_eq!(speed(&mut view, 3, None), None, "nobody knows what earlier attempts did");
    assert_eq!(speed(&mut view, 3, Some(0)), Some(first));
    assert_eq!(speed(&mut view, 3, Some(250)), Some(first / 2));
    assert_eq!(speed(&mut view, 3, Some(500)), None, "nothing has moved yet");
}

#[test]
fn a_finish_step_that_waits_for_a_lock_says_so() {
    let plan = plan(&["Orders"]);
    let mut document = FinishDocument::pending(&plan);
    document.status = phase(Status::InProgress);
    document.under_way = Some(FinishUnderWay {
        objects_done: 3,
        objects_total: 41,
        object: Some("index IX on dbo.Orders".to_owned()),
        since: Some(at(2)),
        waits_for: None,
    });
    let shown =
        |document: &FinishDocument| StatusView::new("default", &plan, Vec::new(), Some(document.clone()));
    let line = |text: String| text.lines().find(|line| line.starts_with("Finishing")).map(str::to_owned);
    assert_eq!(
        line(shown(&document).text(false, &Screen::default())).as_deref(),
        Some("Finishing: 3 of 41 objects; index IX on dbo.Orders since 2026-11-22 20:00:02Z")
    );
    document.under_way.as_mut().unwrap().waits_for =
        Some(LockWait { since: at(3), ..LockWait::example("foreign key FK on dbo.Orders") });
    assert_eq!(
        line(shown(&document).text(false, &Screen::default())).as_deref(),
        Some(
            "Finishing: 3 of 41 objects; foreign key FK on dbo.Orders waits for a lock on sales.orders held by \
             pid 123 (psql, idle in transaction for 5m 03s), since 2026-11-22 20:00:03Z"
        )
    );
    let json: serde_json::Value = serde_json::from_str(&shown(&document).json(None)).unwrap();
    assert_eq!(json["finish"]["under_way"]["waits_for"]["pid"], 123);
    // Left behind by a pod that was killed, and released since.
    document.status = phase(Status::Pending);
    assert_eq!(line(shown(&document).text(false, &Screen::default())), None);
}
