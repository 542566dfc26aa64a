use super::*;
use crate::checkpoint::tests::{plan, table};
use crate::model::phase::{PhaseProgress, PhaseWork};
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn busy() -> TableDocument {
    let plan = plan(1);
    TableDocument {
        operation: "0123456789abcdef0123456789abcdef".to_owned(),
        owner: Some(Owner { pod: "copy-3".to_owned(), epoch: 2, heartbeat: at(60) }),
        epoch: 2,
        schema: Phase::Completed {
            work: PhaseWork { started_at: Some(at(0)), attempts: 1, ..PhaseWork::default() },
            completed_at: at(1),
        },
        data: Phase::InProgress {
            work: PhaseWork {
                started_at: Some(at(2)),
                done: PhaseProgress { rows: 1_500_000, bytes: 123_456_789, chunks: 3, of: 8 },
                attempts: 2,
                rows_before: None,
            },
        },
        ..TableDocument::pending(&plan, table(&plan, 1))
    }
}

#[test]
fn the_shape_of_a_table_document() {
    insta::assert_snapshot!(text(&busy()));
}

#[test]
fn the_shape_of_a_failed_table() {
    let plan = plan(1);
    let error =
        Error::new(ErrorKind::Value, "a character PostgreSQL cannot hold").table("dbo.T1").column("Note");
    let mut document = TableDocument::pending(&plan, table(&plan, 1));
    document.data = Phase::Failed {
        work: PhaseWork { started_at: Some(at(2)), attempts: 1, ..PhaseWork::default() },
        failed_at: at(9),
        error: PhaseError::from(&error),
    };
    insta::assert_snapshot!(text(&document.data));
}

#[test]
fn the_shape_of_finish_and_pod_documents() {
    let mut finish = FinishDocument::pending(&plan(1));
    finish.stamp("0123456789abcdef0123456789abcdef");
    finish.steps = BTreeMap::from([
        ("indexes".to_owned(), Status::Completed),
        ("foreign_keys".to_owned(), Status::InProgress),
    ]);
    insta::assert_snapshot!("finish", text(&finish));
    insta::assert_snapshot!("pod", text(&pod()));
}

pub(crate) fn pod() -> PodDocument {
    PodDocument {
        version: VERSION,
        plan_fingerprint: plan(1).fingerprint,
        operation: String::new(),
        pod: "copy-3".to_owned(),
        namespace: Some("loads".to_owned()),
        node: Some("node-7".to_owned()),
        attempt: 1,
        command: "run".to_owned(),
        started_at: at(0),
        ended_at: at(90),
        exit_code: 0,
        error: None,
        tables: vec![PodTable {
            index: 1,
            table: TableName::new("dbo", "T1"),
            phase: PhaseName::Data,
            status: Status::Completed,
            started_at: at(1),
            ended_at: at(80),
            rows: 1_500_000,
            bytes: 123_456_789,
            chunks: 8,
            lossy_rows: 0,
        }],
    }
}

#[test]
fn a_document_reads_back_as_it_was_written() {
    let body = encode(&busy()).unwrap();
    assert_eq!(decode::<TableDocument>("x", &body, VERSION).unwrap(), busy());
}

/// What a program of version 2 wrote before this one reads, and writes again byte for byte.
#[test]
fn golden_documents_of_every_state_are_read() {
    let states = [
        ("pending", Status::Pending, include_str!("../../../tests/golden/v2/pending.json")),
        ("in_progress", Status::InProgress, include_str!("../../../tests/golden/v2/in_progress.json")),
        ("released", Status::Pending, include_str!("../../../tests/golden/v2/released.json")),
        ("completed", Status::Completed, include_str!("../../../tests/golden/v2/completed.json")),
        ("failed", Status::Failed, include_str!("../../../tests/golden/v2/failed.json")),
    ];
    for (name, status, golden) in states {
        let document: TableDocument = decode(name, golden.as_bytes(), VERSION).unwrap();
        assert_eq!(document.data.status(), status, "{name}");
        let written: serde_json::Value = serde_json::from_str(&text(&document)).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(golden).unwrap(), "{name}");
        assert_eq!(text(&document), golden, "{name}");
    }
}

#[test]
fn unknown_fields_are_ignored_and_missing_phases_are_pending() {
    let text = json!({
        "version": 1, "plan_fingerprint": "f", "index": 7, "operation": "o",
        "table": {"schema": "dbo", "name": "T", "later": 1},
        "data": {"status": "in_progress", "rows_synced": 5, "later": true}, "later": [1, 2]
    });
    let document: TableDocument = decode("x", text.to_string().as_bytes(), VERSION).unwrap();
    assert_eq!(
        (document.index, document.data.done().rows, document.schema.status()),
        (7, 5, Status::Pending)
    );
}

#[test]
fn an_older_version_is_read_and_a_newer_one_refused() {
    let mut text = serde_json::to_value(busy()).unwrap();
    text["version"] = json!(0);
    assert!(decode::<TableDocument>("x", text.to_string().as_bytes(), VERSION).is_ok());
    // Nothing else of a newer document need be understood.
    let newer = json!({"version": 3, "table": 5});
    let error =
        decode::<TableDocument>("run/tables/1.json", newer.to_string().as_bytes(), VERSION).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CheckpointNewer);
    assert!(error.to_string().contains("run/tables/1.json has version 3"), "{error}");
}

#[test]
fn a_damaged_document_names_its_object() {
    for body in [
        "",
        "not json",
        "{\"version\": 1}",
        "{}",
        "[]",
        "{\"version\": -1}",
        "\u{0}",
        "{\"version\": 1, \"index\":",
    ] {
        let error = decode::<TableDocument>("run/tables/1.json", body.as_bytes(), VERSION).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CheckpointDamaged, "{body}");
        assert!(error.to_string().contains("run/tables/1.json is damaged"), "{error}");
    }
}

#[test]
fn a_long_error_is_cut_between_characters() {
    let error = Error::new(ErrorKind::TargetRefused, "ü".repeat(5000));
    let stored = PhaseError::from(&error);
    assert_eq!((stored.code.as_str(), stored.message.chars().count()), ("target_refused", 2001));
}

/// Blocks marked ```json table and so on are what they say.
#[test]
fn the_examples_of_the_documentation_are_read() {
    let page = include_str!("../../../docs/reference/checkpoint.md");
    let mut kinds = Vec::new();
    for block in page.split("\n```json ").skip(1) {
        let (kind, rest) = block.split_once('\n').unwrap();
        let body = rest.split("\n```").next().unwrap().as_bytes();
        match kind {
            "plan" => {
                let plan = decode::<Plan>(kind, body, crate::model::plan::VERSION).unwrap();
                assert_eq!((plan.version, plan.tables.len()), (crate::model::plan::VERSION, 1));
            }
            "table" => {
                assert_ne!(
                    decode::<TableDocument>(kind, body, VERSION).unwrap().data.status(),
                    Status::Pending
                )
            }
            "finish" => assert_eq!(decode::<FinishDocument>(kind, body, VERSION).unwrap().steps.len(), 5),
            "pod" => assert_eq!(decode::<PodDocument>(kind, body, VERSION).unwrap().tables.len(), 1),
            _ => panic!("{kind}"),
        }
        kinds.push(kind);
    }
    assert_eq!(kinds, ["plan", "table", "table", "finish", "pod"]);
}

fn text<T: Serialize>(document: &T) -> String {
    String::from_utf8(encode(document).unwrap().to_vec()).unwrap()
}
