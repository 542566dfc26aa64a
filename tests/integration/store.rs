//! Checkpoints on a real S3 server (`eval "$(tests/env/seaweed.sh env)"` starts one and names it).

use futures_util::future::join_all;
use shardferry::checkpoint::s3::{S3Options, S3Store};
use shardferry::checkpoint::store::{PutOutcome, Store, Tag};
use shardferry::checkpoint::{Checkpoints, Written};
use shardferry::error::ErrorKind;
use shardferry::model::identity::DatabaseIdentity;
use shardferry::model::location::{CheckpointUrl, RunId};
use shardferry::model::names::TableName;
use shardferry::model::phase::{Phase, PhaseProgress, PhaseWork};
use shardferry::model::plan::{Plan, PlanOptions, PlannedSource, PlannedTable};
use std::process::{Command, Stdio};
use std::sync::Arc;

#[path = "../../src/checkpoint/store/contract.rs"]
mod contract;

#[expect(clippy::disallowed_methods, reason = "the runner of the tests names the server")]
fn env(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `eval \"$(tests/env/seaweed.sh env)\"` first"))
}

fn options() -> S3Options {
    S3Options {
        endpoint: Some(env("SHARDFERRY_TEST_S3_ENDPOINT")),
        region: None,
        credentials: Some((env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"))),
    }
}

#[expect(clippy::disallowed_methods, reason = "the runner of the tests may name another bucket")]
fn bucket() -> String {
    std::env::var("SHARDFERRY_TEST_BUCKET").unwrap_or_else(|_| "shardferry-test".to_owned())
}

/// A prefix that no other test and no earlier run has used.
fn fresh(name: &str) -> String {
    format!("{name}-{:016x}", rand::random::<u64>())
}

async fn store(prefix: &str) -> Arc<dyn Store> {
    Arc::new(S3Store::open_with(&bucket(), prefix, options()).await.unwrap())
}

async fn checkpoints(prefix: &str, pod: &str) -> Checkpoints {
    let place = format!("s3://{}/{prefix}", bucket());
    Checkpoints::with_store(store(prefix).await, place, RunId::parse("run-1").unwrap(), pod)
}

fn plan(tables: u32) -> Plan {
    let table = |index| PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index,
        source: TableName::new("my schema", format!("Größe.{index}")),
        target: TableName::new("public", format!("t{index}")),
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
        fingerprint: "ab".repeat(32),
        operation: String::new(),
        digest: String::new(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        source: PlannedSource {
            server: "sql1".to_owned(),
            database: "Sales".to_owned(),
            product_version: "16.0".to_owned(),
            identity: DatabaseIdentity::default(),
            log_position: None,
        },
        options: PlanOptions::default(),
        tables: (1..=tables).map(table).collect(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s3_keeps_the_contract() {
    contract::holds(store(&fresh("contract")).await, "root").await;
    // And at the bucket's root.
    contract::holds(store("").await, &fresh("contract")).await;
}

#[tokio::test]
async fn the_probe_passes_and_leaves_nothing() {
    let prefix = fresh("probe");
    checkpoints(&prefix, "pod-1").await.probe().await.unwrap();
    assert_eq!(store(&prefix).await.list("").await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_pods_plan_and_claim_at_once() {
    let prefix = fresh("claims");
    let pods = (0..20).map(|number: i64| {
        let prefix = prefix.clone();
        tokio::spawn(async move {
            let pod = format!("pod-{number}");
            let checkpoints = checkpoints(&prefix, &pod).await;
            let mut own = plan(5);
            own.created_at = jiff::Timestamp::from_second(number).unwrap();
            let (plan, ours) = checkpoints.create_plan(&own).await.unwrap();
            let mut entry = checkpoints.table(&plan, &plan.tables[0]).await.unwrap();
            // The claim of the first epoch only: one pod may have it.
            let claimed = if entry.document.epoch == 0 {
                entry.document.epoch = 1;
                checkpoints.write(&mut entry).await.unwrap() == Written::Stored
            } else {
                false
            };
            (plan, ours, claimed)
        })
    });
    let answers: Vec<_> = join_all(pods).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|(_, ours, _)| *ours).count(), 1);
    assert_eq!(answers.iter().filter(|(_, _, claimed)| *claimed).count(), 1);
    assert!(answers.iter().all(|(plan, _, _)| *plan == answers[0].0));
}

#[tokio::test]
async fn tables_heartbeats_and_finish_on_s3() {
    let checkpoints = checkpoints(&fresh("tables"), "pod-1").await;
    let (plan, _) = checkpoints.create_plan(&plan(40)).await.unwrap();
    for index in [2usize, 39] {
        let mut entry = checkpoints.table(&plan, &plan.tables[index - 1]).await.unwrap();
        for rows in 1..=3 {
            let done = PhaseProgress { rows, ..PhaseProgress::default() };
            let work = PhaseWork { done, attempts: 1, ..PhaseWork::default() };
            entry.document.data = Phase::InProgress { work };
            assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
        }
    }
    let entries = checkpoints.tables(&plan).await.unwrap();
    let begun: Vec<_> = entries.iter().filter(|entry| entry.document.data.done().rows == 3).collect();
    assert_eq!(begun.iter().map(|entry| entry.document.index).collect::<Vec<_>>(), [2, 39]);
    assert!(begun.iter().all(|entry| entry.age().unwrap().as_secs() < 60));
    let mut finish = checkpoints.finish(&plan).await.unwrap();
    assert_eq!(checkpoints.write(&mut finish).await.unwrap(), Written::Stored);
    checkpoints.delete_finish().await.unwrap();
    assert!(!checkpoints.finish(&plan).await.unwrap().is_stored());
}

/// What take-overs rest on: a write renews Last-Modified (to the second), and reading does not.
#[tokio::test]
async fn a_heartbeat_renews_the_age_of_a_claim() {
    let checkpoints = checkpoints(&fresh("heartbeat"), "pod-1").await;
    let plan = plan(1);
    let table = &plan.tables[0];
    let mut entry = checkpoints.table(&plan, table).await.unwrap();
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    let first = checkpoints.table(&plan, table).await.unwrap();
    // Ages by itself while nobody writes …
    let aged = loop {
        let entry = checkpoints.table(&plan, table).await.unwrap();
        if entry.age().unwrap().as_secs() >= 2 {
            break entry;
        }
    };
    assert_eq!(aged.modified, first.modified);
    // … and is young again after a write.
    assert_eq!(checkpoints.write(&mut entry).await.unwrap(), Written::Stored);
    let renewed = checkpoints.table(&plan, table).await.unwrap();
    assert!(renewed.modified > first.modified, "{:?} {:?}", renewed.modified, first.modified);
    assert!(renewed.age() < aged.age());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_listing_has_more_than_one_page() {
    let store = store(&fresh("pages")).await;
    let keys: Vec<String> = (0..1100).map(|number| format!("run/tables/{number:05}.json")).collect();
    for some in keys.chunks(50) {
        let puts = some.iter().map(|key| store.create(key, bytes::Bytes::from_static(b"{}")));
        for outcome in join_all(puts).await {
            assert_ne!(outcome.unwrap(), PutOutcome::Conflict);
        }
    }
    assert_eq!(store.list("run/tables/").await.unwrap(), keys);
}

#[tokio::test]
async fn a_missing_bucket_is_refused_by_name() {
    let missing = fresh("missing");
    let store = S3Store::open_with(&missing, "p", options()).await.unwrap();
    for error in [
        store.get("plan.json").await.unwrap_err(),
        store.create("plan.json", bytes::Bytes::new()).await.unwrap_err(),
        store.list("tables/").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::StoreRefused, "{error}");
        assert!(
            error.to_string().contains(&missing) && error.to_string().contains("NoSuchBucket"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_not_repeated() {
    let known = env("AWS_ACCESS_KEY_ID");
    for (access_key, code) in [(known.as_str(), "SignatureDoesNotMatch"), ("nobody", "InvalidAccessKeyId")] {
        let credentials = Some((access_key.to_owned(), "hunter2hunter2".to_owned()));
        let store = S3Store::open_with(&bucket(), "p", S3Options { credentials, ..options() }).await.unwrap();
        for error in [
            store.get("plan.json").await.unwrap_err(),
            store.create("plan.json", bytes::Bytes::new()).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::StoreRefused, "{error}");
            assert!(error.to_string().contains(code), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}

const CHILD: &str = "SHARDFERRY_TEST_STORE_CHILD";

/// Does nothing by itself: the tests below run it as a process with another environment.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent test says what to do")]
async fn a_child_opens_the_store_by_its_environment() {
    let Ok(prefix) = std::env::var(CHILD) else { return };
    let url = CheckpointUrl::parse(&format!("s3://{}/{prefix}", bucket())).unwrap();
    let answer = match Checkpoints::open(&url, RunId::parse("r").unwrap(), "pod").await {
        Ok(checkpoints) => checkpoints.create_plan(&plan(1)).await.map(|(_, ours)| ours),
        Err(error) => Err(error),
    };
    match answer {
        Ok(ours) => assert!(ours),
        Err(error) => panic!("{error}"),
    }
}

/// Runs the child with only these variables; answers whether it succeeded, and what it said.
fn child(prefix: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["store::a_child_opens_the_store_by_its_environment", "--exact", "--nocapture"]);
    command.env_clear().env(CHILD, prefix).env("SHARDFERRY_TEST_BUCKET", bucket());
    // No instance metadata outside AWS: the chain would wait for it.
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // A name that fits no test is a success as well.
    assert!(out.contains("running 1 test"), "{out}");
    (output.status.success(), err.into_owned())
}

#[tokio::test]
async fn the_environment_gives_endpoint_and_credentials() {
    let (endpoint, key, secret) =
        (env("SHARDFERRY_TEST_S3_ENDPOINT"), env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"));
    let credentials = [("AWS_ACCESS_KEY_ID", key.as_str()), ("AWS_SECRET_ACCESS_KEY", secret.as_str())];
    let prefix = fresh("environment");
    // An endpoint without a region: us-east-1.
    let (good, said) = child(&prefix, &[credentials[0], credentials[1], ("AWS_ENDPOINT_URL_S3", &endpoint)]);
    assert!(good, "{said}");
    assert_eq!(store(&prefix).await.list("").await.unwrap(), ["r/plan.json"]);

    let (good, said) = child(&fresh("environment"), &credentials);
    assert!(!good && said.contains("[config]") && said.contains("set AWS_REGION"), "{said}");

    let (good, said) = child(&fresh("environment"), &[("AWS_ENDPOINT_URL_S3", &endpoint)]);
    assert!(!good && said.contains("[store_refused]"), "{said}");
}
