use super::super::store::memory::{Fault, MemoryStore};
use super::super::tests::{plan, table};
use super::*;
use crate::model::checkpoint::Owner;
use crate::model::phase::{Phase, PhaseProgress, PhaseWork, Status};
use futures_util::future::join_all;

const TABLE: &str = "r/tables/00001-dbo.T1.json";

fn of_pod(store: &Arc<MemoryStore>, pod: &str) -> Checkpoints {
    let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
    Checkpoints::with_store(store, "s3://bucket/prefix".to_owned(), RunId::parse("r").unwrap(), pod)
}

fn new() -> (Arc<MemoryStore>, Checkpoints) {
    let store = Arc::new(MemoryStore::default());
    let checkpoints = of_pod(&store, "pod-1");
    (store, checkpoints)
}

fn claim(entry: &mut Entry<TableDocument>, pod: &str) {
    entry.document.epoch += 1;
    let epoch = entry.document.epoch;
    entry.document.owner = Some(Owner { pod: pod.to_owned(), epoch, heartbeat: Timestamp::UNIX_EPOCH });
}

#[tokio::test]
async fn pods_that_plan_at_once_agree_on_the_first_plan() {
    let (store, checkpoints) = new();
    assert_eq!(checkpoints.plan().await.unwrap_err().kind(), ErrorKind::PlanMissing);
    assert_eq!(checkpoints.plan_if_any().await.unwrap(), None);
    let plans = (0..20).map(|second| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut own = plan(3);
            own.created_at = Timestamp::from_second(second).unwrap();
            of_pod(&store, "pod").create_plan(&own).await.unwrap()
        })
    });
    let answers: Vec<_> = join_all(plans).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|(_, ours)| *ours).count(), 1);
    let stored = checkpoints.plan().await.unwrap();
    assert!(answers.iter().all(|(plan, _)| *plan == stored));
}

#[tokio::test]
async fn a_plan_whose_answer_was_lost_is_known_as_ours() {
    let (store, checkpoints) = new();
    store.fail_writes(&[Fault::After]);
    let (made, ours) = checkpoints.create_plan(&plan(2)).await.unwrap();
    assert!(ours && !made.operation.is_empty());
    assert_eq!(made, Plan { operation: made.operation.clone(), digest: made.digest.clone(), ..plan(2) });
    assert_eq!(made.digest.len(), 64);
    assert_eq!(checkpoints.create_plan(&plan(2)).await.unwrap(), (made, false));
}

#[tokio::test]
async fn the_first_plan_stays_whatever_a_second_pod_wants() {
    let (_store, checkpoints) = new();
    let (made, _) = checkpoints.create_plan(&plan(2)).await.unwrap();
    let mut other = plan(2);
    other.fingerprint = "ff".repeat(32);
    other.source.database = "Sales2".to_owned();
    assert_eq!(checkpoints.create_plan(&other).await.unwrap(), (made.clone(), false));
    assert_eq!(checkpoints.plan().await.unwrap(), made);
}

#[tokio::test]
async fn a_plan_that_is_newer_or_damaged_is_refused() {
    let (store, checkpoints) = new();
    for (body, kind) in [
        ("{\"version\": 99}".to_owned(), ErrorKind::CheckpointNewer),
        ("{".to_owned(), ErrorKind::CheckpointDamaged),
        (
            serde_json::to_string(&plan(2)).unwrap().replace("\"index\":2", "\"index\":3"),
            ErrorKind::CheckpointDamaged,
        ),
    ] {
        store.overwrite("r/plan.json", body.clone());
        let error = checkpoints.create_plan(&plan(2)).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("s3://bucket/prefix/r/plan.json"), "{error}");
        assert_eq!(store.text("r/plan.json"), body);
    }
}

/// A phase under way with so many rows.
fn begun(rows: u64) -> Phase {
    let done = PhaseProgress { rows, ..PhaseProgress::default() };
    Phase::InProgress { work: PhaseWork { done, attempts: 1, ..PhaseWork::default() } }
}

#[tokio::test]
async fn an_absent_table_is_pending_and_a_written_one_reads_back() {
    let (store, checkpoints) = new();
    let plan = plan(1);
    let mut entry = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
    assert_eq!(
        (entry.document.data.status(), entry.age(), entry.is_stored()),
        (Status::Pending, None, false)
    );
    claim(&mut entry, "pod-1");
    entry.document.data = begun(0);
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    assert_eq!(store.keys(), [TABLE]);
    store.advance(75);
    let read = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
    assert_eq!(read.document, entry.document);
    assert_eq!(read.age(), Some(Duration::from_secs(75)));
    // A heartbeat renews the age.
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    assert_eq!(entry.age(), Some(Duration::ZERO));
    assert_ne!(
        checkpoints.table(&plan, table(&plan, 1)).await.unwrap().document.operation,
        read.document.operation
    );
}

#[tokio::test]
async fn of_pods_that_claim_at_once_one_wins() {
    let (store, _) = new();
    let plan = plan(1);
    let claims = (0..20).map(|number| {
        let (store, plan) = (Arc::clone(&store), plan.clone());
        tokio::spawn(async move {
            let pod = format!("pod-{number}");
            let checkpoints = of_pod(&store, &pod);
            let mut entry = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
            tokio::task::yield_now().await;
            claim(&mut entry, &pod);
            checkpoints.write(&mut entry).await.unwrap()
        })
    });
    let answers: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
    // A later pod may have read the winner's claim and raised it: as many epochs as winners.
    let winners = answers.iter().filter(|written| **written == Written::Stored).count();
    let entry = of_pod(&store, "x").table(&plan, table(&plan, 1)).await.unwrap();
    assert_eq!(u64::try_from(winners).unwrap(), entry.document.epoch);
}

#[tokio::test]
async fn an_owner_that_was_taken_over_loses_its_next_write() {
    let (store, checkpoints) = new();
    let plan = plan(1);
    let mut mine = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
    claim(&mut mine, "pod-1");
    checkpoints.write(&mut mine).await.unwrap();
    let other = of_pod(&store, "pod-2");
    let mut theirs = other.table(&plan, table(&plan, 1)).await.unwrap();
    claim(&mut theirs, "pod-2");
    assert_eq!(other.write(&mut theirs).await.unwrap(), Written::Stored);
    let before = store.text(TABLE);
    for _ in 0..2 {
        assert_eq!(checkpoints.write(&mut mine).await.unwrap(), Written::Lost);
    }
    assert_eq!(store.text(TABLE), before);
}

/// A retry loop around `write` while the store fails: the write ends as stored, and as one's own.
#[tokio::test]
async fn a_write_repeated_by_its_caller_knows_its_own_earlier_one() {
    let (store, checkpoints) = new();
    let plan = plan(1);
    let mut entry = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
    store.fail_writes(&[Fault::After, Fault::Before]);
    store.fail_reads(&[Fault::Before, Fault::Before]);
    for rows in [10, 20] {
        entry.document.data = begun(rows);
        assert_eq!(checkpoints.write(&mut entry).await.unwrap_err().kind(), ErrorKind::StoreUnavailable);
    }
    entry.document.data = begun(30);
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    assert_eq!(checkpoints.table(&plan, table(&plan, 1)).await.unwrap().document, entry.document);
}

#[tokio::test]
async fn all_tables_come_in_plan_order_with_the_absent_ones_pending() {
    let (_store, checkpoints) = new();
    let plan = plan(200);
    for index in [3, 150, 7] {
        let mut entry = checkpoints.table(&plan, table(&plan, index)).await.unwrap();
        entry.document.schema = begun(0);
        checkpoints.write(&mut entry).await.unwrap();
    }
    let entries = checkpoints.tables(&plan).await.unwrap();
    assert!((1u32..=200).eq(entries.iter().map(|entry| entry.document.index)));
    let done: Vec<_> =
        entries.iter().filter(|entry| entry.is_stored()).map(|entry| entry.document.index).collect();
    assert_eq!(done, [3, 7, 150]);
    checkpoints.delete_table(table(&plan, 7)).await.unwrap();
    assert!(!checkpoints.tables(&plan).await.unwrap()[6].is_stored());
}

#[tokio::test]
async fn what_this_process_wrote_or_read_is_read_again_only_where_somebody_else_wrote() {
    let (store, checkpoints) = new();
    let plan = plan(3);
    for index in [1, 2] {
        let mut entry = checkpoints.table(&plan, table(&plan, index)).await.unwrap();
        checkpoints.write(&mut entry).await.unwrap();
    }
    let before = store.reads();
    let mut entries = checkpoints.tables(&plan).await.unwrap();
    assert_eq!(store.reads(), before, "the listing says enough");
    // A claim by what the listing said is a compare-and-swap like any other.
    let mut ours = entries.swap_remove(0);
    let of_other = of_pod(&store, "pod-2");
    let mut theirs = of_other.tables(&plan).await.unwrap().swap_remove(1);
    assert_eq!(store.reads(), before + 2, "a new process reads what there is, and not what is absent");
    claim(&mut theirs, "pod-2");
    assert_eq!(of_other.write(&mut theirs).await.unwrap(), Written::Stored);
    claim(&mut ours, "pod-1");
    assert_eq!(checkpoints.write(&mut ours).await.unwrap(), Written::Stored);
    store.advance(7);
    let entries = checkpoints.tables(&plan).await.unwrap();
    assert_eq!(store.reads(), before + 3, "the one that the other pod wrote");
    assert_eq!(entries[0].document, ours.document);
    assert_eq!(entries[1].document, theirs.document);
    assert_eq!(entries[0].age(), Some(Duration::from_secs(7)), "by the store's clock, of the listing too");
    let mut lost = entries.into_iter().next().unwrap();
    store.overwrite(TABLE, store.text(TABLE));
    assert_eq!(checkpoints.write(&mut lost).await.unwrap(), Written::Lost);
}

#[tokio::test]
async fn one_damaged_object_keeps_nobody_from_the_others() {
    let (store, checkpoints) = new();
    let plan = plan(3);
    store.overwrite(TABLE, "{");
    let entries = checkpoints.some_tables(&plan, &plan.tables).await.unwrap();
    let good: Vec<bool> = entries.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, true, true]);
    let (sound, damaged) = crate::checkpoint::apart(&plan.tables, entries).unwrap();
    assert_eq!(
        (sound.into_keys().collect::<Vec<_>>(), damaged.into_keys().collect::<Vec<_>>()),
        (vec![2, 3], vec![1])
    );
}

#[tokio::test]
async fn what_is_not_this_tables_document_is_refused_by_name_and_stays() {
    let (store, checkpoints) = new();
    let plan = plan(2);
    let mut entry = checkpoints.table(&plan, table(&plan, 1)).await.unwrap();
    checkpoints.write(&mut entry).await.unwrap();
    let good = store.text(TABLE);
    for (body, kind, part) in [
        ("\u{0}garbage".to_owned(), ErrorKind::TableDamaged, "cannot be read"),
        (String::new(), ErrorKind::TableDamaged, "cannot be read"),
        (good.replace("\"version\": 2", "\"version\": 3"), ErrorKind::CheckpointNewer, "has version 3"),
        (good.replace(&"ab".repeat(32), "other"), ErrorKind::PlanForeign, "belongs to plan other"),
        (good.replace("\"T1\"", "\"T2\""), ErrorKind::TableDamaged, "it holds table dbo.T2 with index 1"),
    ] {
        assert_ne!(body, good);
        store.overwrite(TABLE, body.clone());
        for error in [
            checkpoints.table(&plan, table(&plan, 1)).await.unwrap_err(),
            checkpoints.tables(&plan).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
            let text = error.to_string();
            assert!(
                text.contains(part) && text.contains("s3://bucket/prefix/r/tables/00001-dbo.T1.json"),
                "{text}"
            );
        }
        assert_eq!(store.text(TABLE), body);
    }
}

#[tokio::test]
async fn the_finish_step_is_claimed_like_a_table() {
    let (store, checkpoints) = new();
    let plan = plan(1);
    let mut entry = checkpoints.finish(&plan).await.unwrap();
    let mut other = checkpoints.finish(&plan).await.unwrap();
    entry.document.epoch = 1;
    other.document.epoch = 1;
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    assert_eq!(checkpoints.write(&mut other).await.unwrap(), Written::Lost);
    assert_eq!(store.keys(), ["r/finish.json"]);
    checkpoints.delete_finish().await.unwrap();
    assert!(!checkpoints.finish(&plan).await.unwrap().is_stored());
}

#[tokio::test]
async fn every_process_of_a_pod_has_its_own_document() {
    let (store, checkpoints) = new();
    let document = crate::model::checkpoint::tests::pod();
    store.fail_writes(&[Fault::After]);
    assert_eq!(checkpoints.write_pod(&document).await.unwrap(), 1);
    assert_eq!(checkpoints.write_pod(&document).await.unwrap(), 2);
    let other = PodDocument { pod: "copy-3-2".to_owned(), ..document };
    assert_eq!(checkpoints.write_pod(&other).await.unwrap(), 1);
    let pods: Vec<_> =
        checkpoints.pods().await.unwrap().into_iter().map(|pod| (pod.pod, pod.attempt)).collect();
    assert_eq!(pods, [("copy-3".to_owned(), 1), ("copy-3".to_owned(), 2), ("copy-3-2".to_owned(), 1)]);
}

#[tokio::test]
async fn the_probe_leaves_nothing_behind() {
    let (store, checkpoints) = new();
    checkpoints.probe().await.unwrap();
    assert_eq!(store.keys(), Vec::<String>::new());
    store.ignore_conditions();
    assert_eq!(checkpoints.probe().await.unwrap_err().kind(), ErrorKind::StoreUnconditional);
}
