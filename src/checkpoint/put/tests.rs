use super::super::store::memory::{Fault, MemoryStore};
use super::*;

const KEY: &str = "run/tables/1.json";

fn body(operation: &str) -> Bytes {
    Bytes::from(format!("{{\"operation\": \"{operation}\"}}"))
}

fn ids(operations: &[&str]) -> Vec<String> {
    operations.iter().map(|&operation| operation.to_owned()).collect()
}

/// Writes as the last of `operations`.
async fn write(store: &MemoryStore, operations: &[&str], tag: Option<&Tag>) -> Result<Put> {
    put(store, KEY, &body(operations.last().unwrap()), &ids(operations), tag).await
}

fn tag_of(put: Put) -> Tag {
    match put {
        Put::Stored { tag, .. } => tag,
        Put::Lost => panic!("expected the write to be stored, but it was lost"),
    }
}

#[tokio::test]
async fn a_write_that_took_effect_is_known_again_whatever_was_answered() {
    for fault in [Fault::Pass, Fault::After, Fault::ConflictAfter] {
        let store = MemoryStore::default();
        store.fail_writes(&[fault, fault]);
        let tag = tag_of(write(&store, &["a"], None).await.unwrap());
        let tag = tag_of(write(&store, &["b"], Some(&tag)).await.unwrap());
        assert_eq!(store.text(KEY), "{\"operation\": \"b\"}", "{fault:?}");
        assert_eq!(store.get(KEY).await.unwrap().unwrap().tag, tag, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_did_not_take_effect_is_unavailable() {
    let store = MemoryStore::default();
    store.fail_writes(&[Fault::Before]);
    let error = write(&store, &["a"], None).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn an_earlier_write_of_ours_is_written_over() {
    let store = MemoryStore::default();
    let first = tag_of(write(&store, &["a"], None).await.unwrap());
    // b took effect, but neither its answer nor the reading back came through.
    store.fail_writes(&[Fault::After]);
    store.fail_reads(&[Fault::Before]);
    assert!(write(&store, &["b"], Some(&first)).await.is_err());
    tag_of(write(&store, &["b", "c"], Some(&first)).await.unwrap());
    assert_eq!(store.text(KEY), "{\"operation\": \"c\"}");
}

#[tokio::test]
async fn somebody_elses_write_is_a_loss_and_stays() {
    let store = MemoryStore::default();
    let first = tag_of(write(&store, &["a"], None).await.unwrap());
    for (fault, theirs) in
        [(Fault::Pass, "{\"operation\": \"x\"}"), (Fault::Before, "{}"), (Fault::Pass, "damaged")]
    {
        store.overwrite(KEY, theirs);
        store.fail_writes(&[fault]);
        assert!(matches!(write(&store, &["b", "c"], Some(&first)).await.unwrap(), Put::Lost), "{theirs}");
        assert!(matches!(write(&store, &["d"], None).await.unwrap(), Put::Lost), "{theirs}");
        assert_eq!(store.text(KEY), theirs);
    }
}

/// b took effect and another pod wrote on top of it: b's writer has lost.
#[tokio::test]
async fn a_write_that_was_overtaken_is_a_loss() {
    let store = MemoryStore::default();
    let first = tag_of(write(&store, &["a"], None).await.unwrap());
    store.fail_writes(&[Fault::After]);
    store.fail_reads(&[Fault::Before]);
    assert!(write(&store, &["b"], Some(&first)).await.is_err());
    store.overwrite(KEY, "{\"operation\": \"x\"}");
    assert!(matches!(write(&store, &["b", "c"], Some(&first)).await.unwrap(), Put::Lost));
}

#[tokio::test]
async fn an_object_that_is_gone_is_a_loss() {
    let store = MemoryStore::default();
    let first = tag_of(write(&store, &["a"], None).await.unwrap());
    store.delete(KEY).await.unwrap();
    assert!(matches!(write(&store, &["b"], Some(&first)).await.unwrap(), Put::Lost));
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_conflict_that_nobody_caused_is_met_with_another_try_but_not_for_ever() {
    let store = MemoryStore::default();
    store.fail_writes(&[Fault::FalseConflict, Fault::FalseConflict]);
    let first = tag_of(write(&store, &["a"], None).await.unwrap());
    store.fail_writes(&[Fault::FalseConflict; ATTEMPTS as usize]);
    let error = write(&store, &["b"], Some(&first)).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    assert_eq!(store.text(KEY), "{\"operation\": \"a\"}");
}

#[tokio::test]
async fn a_refusal_is_passed_on_at_once() {
    let store = MemoryStore::default();
    store.fail_writes(&[Fault::Refused]);
    assert_eq!(write(&store, &["a"], None).await.err().unwrap().kind(), ErrorKind::StoreRefused);
}
