//! Claims, epochs, markers and races.

use super::{Database, markers, one, orders};
use shardferry::error::ErrorKind;
use shardferry::model::bound::{Bound, KeyRange, Literal};
use shardferry::model::names::TableName;
use shardferry::model::plan::PlannedTable;
use shardferry::postgres::client::Client;
use shardferry::postgres::ledger;
use shardferry::postgres::ledger::{Chunk, Marker, Tally, Writes};
use std::collections::BTreeMap;

fn name() -> TableName {
    TableName::new("dbo", "Orders")
}

fn marker(table: u32, chunk: u32, epoch: u64) -> Marker {
    Marker { run: "r".to_owned(), table, chunk, epoch, rows: 7, bytes: 99, checksum: u64::MAX - 1 }
}

/// A target table that stands empty.
async fn stands(client: &Client) -> PlannedTable {
    let table = PlannedTable { index: 1, target: TableName::new("public", "t"), ..orders() };
    client.batch("CREATE TABLE public.t (a int)").await.unwrap();
    table
}

/// A target table that run `r` has begun.
async fn begun(client: &mut Client) -> PlannedTable {
    let table = stands(client).await;
    begin(client, "r", &table, None).await;
    table
}

/// `run` takes the table from `from` and begins it under epoch 1.
async fn begin(client: &mut Client, run: &str, table: &PlannedTable, from: Option<&str>) {
    assert_eq!(ledger::hold_table(client, run, table, "a", from).await.unwrap(), None);
    ledger::raise_epoch(client, run, 1, &name(), 1, "a").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    ledger::check_epoch(&transaction, run, table, 1, Writes::Begins).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_target_table_belongs_to_the_run_that_began_it_last() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    let table = begun(&mut client).await;
    let names = std::slice::from_ref(&table.target);
    let holder = |held: &BTreeMap<TableName, Option<ledger::Holder>>| held[&table.target].clone().unwrap();
    // Another run does not have it for the asking.
    let other = ledger::hold_table(&client, "s", &table, "b", None).await.unwrap().unwrap();
    assert_eq!((other.run.as_str(), other.pod.as_str(), other.writer()), ("r", "a", Some("r")));
    assert_eq!(ledger::hold_table(&client, "s", &table, "b", Some("q")).await.unwrap().unwrap().run, "r");
    // Taken but not emptied: the rows are still the first run's, which may have them back.
    assert_eq!(ledger::hold_table(&client, "s", &table, "b", Some("r")).await.unwrap(), None);
    let held = holder(&ledger::holders(&client, names).await.unwrap());
    assert_eq!((held.run.as_str(), held.emptied, held.writer()), ("s", false, Some("r")));
    assert_eq!(ledger::hold_table(&client, "r", &table, "a", Some("s")).await.unwrap(), None);
    let held = holder(&ledger::holders(&client, names).await.unwrap());
    assert_eq!((held.run.as_str(), held.emptied, held.rows_of), ("r", true, None));
    // Taken and emptied: the first run can neither write nor prove any more.
    begin(&mut client, "s", &table, Some("r")).await;
    let transaction = client.transaction().await.unwrap();
    let error = ledger::check_epoch(&transaction, "r", &table, 1, Writes::Continues).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Replaced);
    transaction.rollback().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let error = ledger::check_epoch(&transaction, "r", &table, 1, Writes::Begins).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Replaced);
    transaction.rollback().await.unwrap();
    assert_eq!(holder(&ledger::holders(&client, names).await.unwrap()).run, "s");
    assert_eq!(ledger::hold_table(&client, "r", &table, "a", Some("s")).await.unwrap(), None);
    let held = holder(&ledger::holders(&client, names).await.unwrap());
    assert_eq!((held.emptied, held.writer()), (false, Some("s")), "the rows are the second run's");
    // A table that is made anew is nobody's.
    client.batch("DROP TABLE public.t; CREATE TABLE public.t (a int)").await.unwrap();
    assert_eq!(ledger::holders(&client, names).await.unwrap()[&table.target], None);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_taker_waits_for_the_chunk_that_has_passed_its_check() {
    let database = Database::create().await;
    let (mut owner, taker, watcher) =
        (database.connect().await, database.connect().await, database.connect().await);
    ledger::install(&mut owner).await.unwrap();
    let table = begun(&mut owner).await;
    let pid: i32 = one(&taker, "SELECT pg_backend_pid()").await;
    let transaction = owner.transaction().await.unwrap();
    ledger::check_epoch(&transaction, "r", &table, 1, Writes::Continues).await.unwrap();
    let wanted = table.clone();
    let take = tokio::spawn(async move { ledger::hold_table(&taker, "s", &wanted, "b", Some("r")).await });
    while !one::<bool>(&watcher, &format!("SELECT cardinality(pg_blocking_pids({pid})) > 0")).await {
        assert!(!take.is_finished(), "the taker did not wait");
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    assert_eq!(take.await.unwrap().unwrap(), None);
    drop((owner, watcher));
    database.drop().await;
}

#[tokio::test]
async fn a_run_lives_while_a_session_of_it_holds_a_lock_or_is_in_a_transaction() {
    let database = Database::create().await;
    let asker = database.connect().await;
    let long = "a run id that is longer than twenty bytes";
    for run in ["r", long] {
        assert_eq!(ledger::living_pod(&asker, run).await.unwrap(), None);
        let pod = database.connect_as(&ledger::pod_application_name(run, "p1")).await;
        // Behind a pooler an idle session may still have the name of a pod that has ended.
        assert_eq!(ledger::living_pod(&asker, run).await.unwrap(), None);
        assert!(ledger::hold(&pod, run, 1).await.unwrap());
        assert_eq!(ledger::living_pod(&asker, run).await.unwrap().unwrap().pod.as_deref(), Some("p1"));
        assert_eq!(ledger::living_pod(&asker, "rr").await.unwrap(), None);
        assert!(ledger::release(&pod, run, 1).await.unwrap());
        let mut copier = database.connect_as(&ledger::application_name(run, 3, 1)).await;
        let transaction = copier.transaction().await.unwrap();
        assert_eq!(ledger::living_pod(&asker, run).await.unwrap().unwrap().pod, None);
        transaction.rollback().await.unwrap();
        assert_eq!(ledger::living_pod(&asker, run).await.unwrap(), None);
    }
    drop(asker);
    database.drop().await;
}

#[tokio::test]
async fn twenty_pods_install_at_once() {
    let database = Database::create().await;
    let mut pods = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = database.connect().await;
        pods.spawn(async move { ledger::install(&mut client).await });
    }
    let results = pods.join_all().await;
    assert_eq!(results.len(), 20);
    for result in results {
        result.unwrap();
    }
    let client = database.connect().await;
    assert!(ledger::installed(&client).await.unwrap());
    assert_eq!(markers(&client, "r").await, []);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn epochs_only_go_up() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    for (epoch, pod, expected) in [
        (2, "a", None),
        (2, "a", None),
        (2, "b", Some(ErrorKind::Fenced)),
        (1, "a", Some(ErrorKind::Fenced)),
        (3, "b", None),
        (2, "a", Some(ErrorKind::Fenced)),
    ] {
        let result = ledger::raise_epoch(&client, "r", 1, &name(), epoch, pod).await;
        assert_eq!(result.err().map(|error| error.kind()), expected, "{epoch} {pod}");
    }
    ledger::raise_epoch(&client, "r", 2, &name(), 1, "a").await.unwrap();
    ledger::raise_epoch(&client, "other", 1, &name(), 9, "a").await.unwrap();
    assert_eq!(ledger::epochs(&client, "r").await.unwrap(), BTreeMap::from([(1, 3), (2, 1)]));
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn of_many_pods_with_one_epoch_one_gets_it() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    let mut pods = tokio::task::JoinSet::new();
    for pod in 0..10 {
        let client = database.connect().await;
        pods.spawn(async move {
            ledger::raise_epoch(&client, "r", 1, &name(), 1, &format!("pod-{pod}")).await.is_ok()
        });
    }
    assert_eq!(pods.join_all().await.into_iter().filter(|won| *won).count(), 1);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_zombies_commit_is_fenced_and_leaves_nothing() {
    let database = Database::create().await;
    let (mut zombie, mut heir) = (database.connect().await, database.connect().await);
    ledger::install(&mut heir).await.unwrap();
    let table = begun(&mut heir).await;
    let transaction = zombie.transaction().await.unwrap();
    transaction.batch("INSERT INTO public.t VALUES (1)").await.unwrap();
    ledger::raise_epoch(&heir, "r", 1, &name(), 2, "heir").await.unwrap();
    let error = ledger::check_epoch(&transaction, "r", &table, 1, Writes::Continues).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    assert_eq!(ledger::expect_epoch(&heir, "r", 1, 1).await.unwrap_err().kind(), ErrorKind::Fenced);
    ledger::expect_epoch(&heir, "r", 1, 2).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(one::<i64>(&heir, "SELECT count(*) FROM public.t").await, 0);

    // A cleared claim fences too.
    let transaction = zombie.transaction().await.unwrap();
    ledger::clear(&mut heir, "r", &[1]).await.unwrap();
    let error = ledger::check_epoch(&transaction, "r", &table, 2, Writes::Continues).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    drop(transaction);
    drop((zombie, heir));
    database.drop().await;
}

#[tokio::test]
async fn a_raise_waits_for_the_chunk_that_has_passed_its_check() {
    let database = Database::create().await;
    let (mut owner, heir, watcher) =
        (database.connect().await, database.connect().await, database.connect().await);
    ledger::install(&mut owner).await.unwrap();
    let table = begun(&mut owner).await;
    let heir_pid: i32 = one(&heir, "SELECT pg_backend_pid()").await;
    let transaction = owner.transaction().await.unwrap();
    ledger::check_epoch(&transaction, "r", &table, 1, Writes::Continues).await.unwrap();
    ledger::insert_marker(&transaction, &marker(1, 0, 1)).await.unwrap();
    let raise = tokio::spawn(async move {
        ledger::raise_epoch(&heir, "r", 1, &TableName::new("dbo", "Orders"), 2, "heir").await.unwrap();
        markers(&heir, "r").await
    });
    // Until the server itself says that the heir waits for a lock.
    while !one::<bool>(&watcher, &format!("SELECT cardinality(pg_blocking_pids({heir_pid})) > 0")).await {
        assert!(!raise.is_finished(), "the raise did not wait");
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    assert_eq!(
        raise.await.unwrap(),
        [marker(1, 0, 1)],
        "the heir sees the chunk that was committed before it took over"
    );
    drop((owner, watcher));
    database.drop().await;
}

#[tokio::test]
async fn markers_come_back_as_they_were_written() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    for marker in [marker(2, 0, 1), marker(1, 1, 3), marker(1, 0, 1)] {
        let transaction = client.transaction().await.unwrap();
        ledger::insert_marker(&transaction, &marker).await.unwrap();
        transaction.commit().await.unwrap();
    }
    let transaction = client.transaction().await.unwrap();
    let error = ledger::insert_marker(&transaction, &marker(1, 0, 4)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    drop(transaction);
    assert_eq!(markers(&client, "r").await, [marker(1, 0, 1), marker(1, 1, 3), marker(2, 0, 1)]);
    assert_eq!(markers(&client, "other").await, []);
    let transaction = client.transaction().await.unwrap();
    ledger::forget_chunks(&transaction, "r", 1).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(markers(&client, "r").await, [marker(2, 0, 1)]);
    ledger::clear(&mut client, "r", &[1, 2]).await.unwrap();
    assert_eq!(markers(&client, "r").await, []);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_held_claim_is_seen_and_is_free_when_its_session_ends() {
    let database = Database::create().await;
    let (owner, other) = (database.connect().await, database.connect().await);
    assert!(!ledger::is_held(&other, "r", 1).await.unwrap());
    assert!(ledger::hold(&owner, "r", 1).await.unwrap());
    assert!(ledger::is_held(&other, "r", 1).await.unwrap());
    assert!(!ledger::is_held(&other, "r", 2).await.unwrap());
    assert!(!ledger::hold(&other, "r", 1).await.unwrap());
    assert!(ledger::hold(&other, "r", 2).await.unwrap());
    assert!(ledger::release(&owner, "r", 1).await.unwrap());
    assert!(!ledger::release(&owner, "r", 1).await.unwrap());
    assert!(!ledger::is_held(&other, "r", 1).await.unwrap());
    assert!(ledger::hold(&owner, "r", 1).await.unwrap());
    let pid: i32 = one(&owner, "SELECT pg_backend_pid()").await;
    other.query("SELECT pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    assert!(!ledger::is_held(&other, "r", 1).await.unwrap());
    drop((owner, other));
    database.drop().await;
}

#[tokio::test]
async fn a_take_over_ends_the_sessions_of_older_epochs_only() {
    let database = Database::create().await;
    let run = "a run id that is longer than twenty bytes";
    let old = database.connect_as(&ledger::application_name(run, 1, 9)).await;
    let same = database.connect_as(&ledger::application_name(run, 1, 10)).await;
    let other_table = database.connect_as(&ledger::application_name(run, 11, 9)).await;
    let other_run = database.connect_as(&ledger::application_name("r", 1, 1)).await;
    assert_eq!(ledger::terminate_older(&same, run, 1, 10).await.unwrap(), 1);
    assert_eq!(old.query("SELECT 1", &[]).await.unwrap_err().kind(), ErrorKind::TargetUnavailable);
    for client in [&same, &other_table, &other_run] {
        assert_eq!(one::<i32>(client, "SELECT 1").await, 1);
    }
    drop((old, same, other_table, other_run));
    database.drop().await;
}

#[tokio::test]
async fn a_session_of_another_role_is_left_alone() {
    let database = Database::create().await;
    let admin = database.connect_as(&ledger::application_name("r", 1, 1)).await;
    let role = format!("poor_{}", database.name);
    admin.batch(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let poor = super::connect_to(&database.url().replace("postgres:postgres@", &format!("{role}:x@"))).await;
    assert_eq!(ledger::terminate_older(&poor, "r", 1, 2).await.unwrap(), 0);
    drop(poor);
    admin.batch(&format!("DROP ROLE {role}")).await.unwrap();
    drop(admin);
    database.drop().await;
}

#[tokio::test]
async fn chunks_of_one_table_commit_side_by_side() {
    let database = Database::create().await;
    let (mut one, mut two) = (database.connect().await, database.connect().await);
    ledger::install(&mut one).await.unwrap();
    let table = begun(&mut one).await;
    let (first, second) = (one.transaction().await.unwrap(), two.transaction().await.unwrap());
    for (transaction, chunk) in [(&first, 0), (&second, 1)] {
        // The shared lock of the first does not keep the second waiting.
        ledger::check_epoch(transaction, "r", &table, 1, Writes::Continues).await.unwrap();
        ledger::insert_marker(transaction, &marker(1, chunk, 1)).await.unwrap();
    }
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(markers(&one, "r").await, [marker(1, 0, 1), marker(1, 1, 1)]);
    drop((one, two));
    database.drop().await;
}

fn range(after: Option<&str>, through: Option<&str>) -> KeyRange {
    let bound = |text: &str| Bound(vec![Literal::parse(text).unwrap(), Literal::unicode("ä'b")]);
    KeyRange { after: after.map(bound), through: through.map(bound) }
}

#[tokio::test]
async fn chunks_are_pinned_filled_and_cut() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    assert_eq!(ledger::chunks(&client, "r", 1).await.unwrap(), []);
    begun(&mut client).await;
    let transaction = client.transaction().await.unwrap();
    ledger::pin(&transaction, "r", 1, 0, &range(None, Some("7"))).await.unwrap();
    ledger::pin(&transaction, "r", 1, 1, &range(Some("7"), None)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(markers(&client, "r").await, []);
    let tally = ledger::tallies(&client, "r").await.unwrap()[&1];
    assert_eq!(tally, Tally { chunks: 2, held: true, chain: true, ..Tally::default() });
    assert!(!tally.is_complete());

    // Chunk 1 is cut at 9: 2 takes the rest.
    let transaction = client.transaction().await.unwrap();
    ledger::fill_marker(&transaction, &marker(1, 1, 3)).await.unwrap();
    ledger::cut(&transaction, "r", 1, 1, range(None, Some("9")).through.as_ref().unwrap()).await.unwrap();
    ledger::pin(&transaction, "r", 1, 2, &range(Some("9"), None)).await.unwrap();
    transaction.commit().await.unwrap();
    let chunk = |number, range, marker| Chunk { number, range, marker };
    assert_eq!(
        ledger::chunks(&client, "r", 1).await.unwrap(),
        [
            chunk(0, range(None, Some("7")), None),
            chunk(1, range(Some("7"), Some("9")), Some(marker(1, 1, 3))),
            chunk(2, range(Some("9"), None), None),
        ]
    );
    // A second marker of one chunk, and one of a chunk that was never pinned: somebody else was here.
    for number in [1, 7] {
        let transaction = client.transaction().await.unwrap();
        let error = ledger::fill_marker(&transaction, &marker(1, number, 3)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fenced);
    }
    for number in [0, 2] {
        let transaction = client.transaction().await.unwrap();
        ledger::fill_marker(&transaction, &marker(1, number, 4)).await.unwrap();
        transaction.commit().await.unwrap();
    }
    let tally = ledger::tallies(&client, "r").await.unwrap()[&1];
    assert_eq!(tally, Tally { chunks: 3, committed: 3, rows: 21, bytes: 297, held: true, chain: true });
    assert!(tally.is_complete() && !tally.is_replaced());
    // Each row that is gone is missed: in the middle, and at either end.
    for number in 0..3 {
        let sql = "WITH gone AS (DELETE FROM shardferry.chunk WHERE chunk = $1 RETURNING *)
                   INSERT INTO shardferry.chunk SELECT 'kept', table_index, chunk, lower_bound, upper_bound, epoch, rows, bytes,
                   checksum, committed_at FROM gone";
        client.execute(sql, &[&number]).await.unwrap();
        let (tally, proof) = (
            ledger::tallies(&client, "r").await.unwrap()[&1],
            ledger::prove(&client, "r", &[1]).await.unwrap()[&1].tally,
        );
        assert_eq!((tally.chunks, tally.committed, tally.chain), (2, 2, false), "{number}");
        assert_eq!(proof, tally);
        assert!(!tally.is_complete() && !ledger::is_chain(&ledger::chunks(&client, "r", 1).await.unwrap()));
        client.execute("UPDATE shardferry.chunk SET run_id = 'r'", &[]).await.unwrap();
        assert!(ledger::tallies(&client, "r").await.unwrap()[&1].is_complete());
    }
    client.batch("DROP TABLE public.t; CREATE TABLE public.t (a int)").await.unwrap();
    let tally = ledger::tallies(&client, "r").await.unwrap()[&1];
    assert!(!tally.is_complete() && tally.is_replaced());
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_bound_that_is_no_literal_is_refused() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    ledger::install(&mut client).await.unwrap();
    for bound in ["x", "[1]", r#"["1; DROP TABLE t"]"#] {
        let sql = "INSERT INTO shardferry.chunk (run_id, table_index, chunk, lower_bound, committed_at) VALUES ('r', 1, 0, $1, NULL) \
                   ON CONFLICT (run_id, table_index, chunk) DO UPDATE SET lower_bound = $1";
        client.execute(sql, &[&bound]).await.unwrap();
        let error = ledger::chunks(&client, "r", 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableDamaged, "{bound}");
    }
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_ledger_of_version_0_1_is_brought_up_to_date() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    client.batch(include_str!("../../golden/v1/ledger.sql")).await.unwrap();
    assert!(!ledger::installed(&client).await.unwrap());
    ledger::install(&mut client).await.unwrap();
    assert!(ledger::installed(&client).await.unwrap());
    // A table that was copied as a whole then is complete as soon as its run is looked at.
    let table = PlannedTable { index: 3, ..stands(&client).await };
    let plan = super::plan(vec![table]);
    ledger::adopt(&mut client, "nightly", "a", &plan).await.unwrap();
    let tally = ledger::tallies(&client, "nightly").await.unwrap()[&3];
    assert_eq!(tally, Tally { chunks: 1, committed: 1, rows: 7, bytes: 99, held: true, chain: true });
    let transaction = client.transaction().await.unwrap();
    ledger::pin(&transaction, "nightly", 4, 0, &range(None, Some("7"))).await.unwrap();
    transaction.commit().await.unwrap();
    drop(client);
    database.drop().await;
}
