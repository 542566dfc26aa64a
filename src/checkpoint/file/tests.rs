use super::super::store::Store;
use super::super::store::contract;
use super::*;
use std::process::{Command, Stdio};
use std::sync::Arc;

fn store() -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(&folder.path().join("new/checkpoints")).unwrap();
    (folder, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_keep_the_contract() {
    let (_folder, store) = store();
    contract::holds(Arc::new(store.clone()), "root").await;
    let files = fs::read_dir(store.path("root/e")).unwrap();
    assert_eq!(files.count(), 1, "a temporary file was left");
}

#[tokio::test]
async fn what_a_killed_process_left_is_not_listed() {
    let (_folder, store) = store();
    store.create("run/plan.json", Bytes::from_static(b"{}")).await.unwrap();
    store.delete("run/none.json").await.unwrap();
    fs::write(store.path("run/.tmp-left"), "x").unwrap();
    assert_eq!(store.list("").await.unwrap(), ["run/plan.json"]);
}

const CHILD: &str = "SHARDFERRY_TEST_FILE_STORE";

/// Does nothing by itself: the test below runs it as several processes.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent test names the folder")]
async fn a_child_creates_once_and_counts_to_ten() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let store = FileStore::open(Path::new(&folder)).unwrap();
    let pid = std::process::id().to_string();
    if store.create("winner", pid.clone().into()).await.unwrap() != PutOutcome::Conflict {
        store.create(&format!("won/{pid}"), Bytes::new()).await.unwrap();
    }
    contract::count(&store, "counter", 10).await;
}

#[tokio::test]
async fn processes_share_a_directory() {
    let (_folder, store) = store();
    store.create("counter", Bytes::from_static(b"0")).await.unwrap();
    let this = std::env::current_exe().unwrap();
    let name = "checkpoint::file::tests::a_child_creates_once_and_counts_to_ten";
    let children: Vec<_> = (0..5)
        .map(|_| {
            Command::new(&this)
                .args([name, "--exact"])
                .env(CHILD, &store.directory)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let counter = store.get("counter").await.unwrap().unwrap();
    assert_eq!(counter.body, Bytes::from_static(b"50"));
    assert_eq!(store.list("won/").await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let error = FileStore::open(&folder.path().join("file")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreRefused);
    assert!(error.to_string().contains("make the directory"), "{error}");
    let store = FileStore::open(folder.path()).unwrap();
    fs::create_dir(folder.path().join("plan.json")).unwrap();
    assert_eq!(store.get("plan.json").await.unwrap_err().kind(), ErrorKind::StoreRefused);
}

#[tokio::test]
async fn a_process_that_stands_still_with_the_lock_is_said_and_not_waited_for() {
    let (_folder, store) = store();
    let store = FileStore { patience: Duration::from_millis(50), ..store };
    let PutOutcome::Stored { tag, .. } = store.create("a", Bytes::from_static(b"1")).await.unwrap() else {
        panic!("created")
    };
    let held = store.lock().unwrap();
    let error = store.replace("a", Bytes::from_static(b"2"), &tag).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    assert!(error.to_string().contains(".lock") && error.to_string().contains("does not go on"), "{error}");
    assert_eq!(store.delete("a").await.unwrap_err().kind(), ErrorKind::StoreUnavailable);
    drop(held);
    let replaced = store.replace("a", Bytes::from_static(b"2"), &tag).await.unwrap();
    assert!(matches!(replaced, PutOutcome::Stored { .. }));
}
