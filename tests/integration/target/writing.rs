//! COPY, transactions and what the server says when they fail.

use super::{Database, connect_to, one, orders, tuple};
use bytes::Bytes;
use shardferry::error::ErrorKind;
use shardferry::postgres::ledger;
use shardferry::postgres::ledger::Marker;
use shardferry::postgres::{Client, CopyWriter, ddl};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

async fn with_orders() -> (Database, Client) {
    let database = Database::create().await;
    let client = database.connect().await;
    client.batch(&ddl::create_table(&orders(), false)).await.unwrap();
    client.batch(&ddl::add_primary_key(&orders(), "orders_pk").unwrap()).await.unwrap();
    (database, client)
}

async fn count(client: &Client) -> i64 {
    one(client, "SELECT count(*) FROM public.orders").await
}

#[tokio::test]
async fn frozen_rows_after_a_truncate() {
    let (database, mut client) = with_orders().await;
    client.batch("INSERT INTO public.orders VALUES (1, 'old')").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    assert!(!transaction.is_empty(&orders().target).await.unwrap());
    transaction.truncate(&orders().target).await.unwrap();
    assert!(transaction.is_empty(&orders().target).await.unwrap());
    let mut writer = CopyWriter::start(&transaction, &orders(), true).await.unwrap();
    // Cut in the middle of a tuple: pieces are bytes, not rows.
    let whole: Vec<u8> = (0..3000).flat_map(|id| tuple(id, (id % 2 == 0).then_some("ü"))).collect();
    for piece in Bytes::from(whole).chunks(7919) {
        writer.send(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    assert_eq!(writer.finish().await.unwrap(), 3000);
    transaction.commit().await.unwrap();
    assert_eq!(count(&client).await, 3000);
    assert_eq!(one::<i64>(&client, "SELECT count(*) FROM public.orders WHERE note = 'ü'").await, 1500);
    // HEAP_XMIN_FROZEN is 0x0300 in a tuple's t_infomask.
    client.batch("CREATE EXTENSION pageinspect SCHEMA public").await.unwrap();
    let sql = "SELECT bool_and(t_infomask & 768 = 768) FROM public.heap_page_items(public.get_raw_page('public.orders', 0))";
    assert!(one::<bool>(&client, sql).await);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn freeze_without_a_truncate_is_refused_before_any_row() {
    let (database, mut client) = with_orders().await;
    let transaction = client.transaction().await.unwrap();
    let writer = CopyWriter::start(&transaction, &orders(), true).await;
    let error = match writer {
        Err(error) => error,
        Ok(writer) => writer.finish().await.unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::TargetRefused, "{error}");
    drop(transaction);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_writer_that_is_dropped_leaves_nothing() {
    let (database, mut client) = with_orders().await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    for id in 0..1000 {
        writer.send(tuple(id, Some("x"))).await.unwrap();
    }
    drop(writer);
    transaction.batch("SELECT 1").await.unwrap_err();
    // Committing an aborted transaction is a rollback for the server.
    let _ = transaction.commit().await;
    assert_eq!(count(&client).await, 0);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn dropping_the_client_midway_leaves_nothing() {
    let (database, mut client) = with_orders().await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    writer.send(tuple(1, None)).await.unwrap();
    drop(writer);
    drop(transaction);
    drop(client);
    let client = database.connect().await;
    // Waits until the old session's transaction has ended.
    client.batch("BEGIN; LOCK TABLE public.orders; COMMIT").await.unwrap();
    assert_eq!(count(&client).await, 0);
    drop(client);
    database.drop().await;
}

/// What it is, what is sent, the error's kind, a part of its text, its column.
type Case = (&'static str, Vec<Bytes>, ErrorKind, &'static str, Option<&'static str>);

#[tokio::test]
async fn the_servers_error_comes_out_whatever_is_sent_after_it() {
    let (database, mut client) = with_orders().await;
    client.batch("ALTER TABLE public.orders ADD CONSTRAINT positive CHECK (id >= 0)").await.unwrap();
    let secret = "secret-value";
    let cases: [Case; 5] = [
        ("too long", vec![tuple(1, Some(secret))], ErrorKind::Value, "22001", Some("column note")),
        ("duplicate", vec![tuple(1, None), tuple(1, None)], ErrorKind::TargetData, "23505", None),
        ("check", vec![tuple(-7, None)], ErrorKind::TargetData, "positive", None),
        (
            "not UTF-8",
            vec![Bytes::from_static(b"\0\x02\0\0\0\x04\0\0\0\x01\0\0\0\x01\xff")],
            ErrorKind::Value,
            "22021",
            Some("column note"),
        ),
        ("no tuple", vec![Bytes::from_static(b"\0\x07garbage")], ErrorKind::Bug, "22P04", None),
    ];
    for (what, tuples, kind, text, column) in cases {
        let transaction = client.transaction().await.unwrap();
        let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
        for tuple in tuples {
            writer.send(tuple).await.unwrap();
        }
        // Much more than any buffer on the way holds, so that the server has long aborted when the COPY ends.
        let more: Vec<u8> = (10..2000).flat_map(|id| tuple(id, Some("x"))).collect();
        let more = Bytes::from(more);
        for _ in 0..200 {
            writer.send(more.clone()).await.unwrap();
        }
        let error = writer.finish().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
        let told = error.to_string();
        assert!(told.contains(text), "{what}: {told}");
        assert!(!told.contains(secret) && !told.contains("-7"), "{what}: {told}");
        assert!(column.is_none_or(|column| told.contains(column)), "{what}: {told}");
        transaction.rollback().await.unwrap();
        assert_eq!(count(&client).await, 0, "{what}");
    }
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_null_where_none_may_be_is_told_with_its_column() {
    let (database, mut client) = with_orders().await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    writer.send(Bytes::from_static(b"\0\x02\xff\xff\xff\xff\xff\xff\xff\xff")).await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetData);
    assert!(error.to_string().starts_with("column id: "), "{error}");
    drop(transaction);
    drop(client);
    database.drop().await;
}

#[tokio::test]
async fn a_session_that_is_terminated_during_copy_is_transient() {
    let (database, mut client) = with_orders().await;
    let killer = database.connect().await;
    let pid: i32 = one(&client, "SELECT pg_backend_pid()").await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    writer.send(tuple(1, None)).await.unwrap();
    killer.query("SELECT pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    let more = Bytes::from((10..2000).flat_map(|id| tuple(id, Some("x"))).collect::<Vec<u8>>());
    let mut result = Ok(());
    for _ in 0..1000 {
        result = writer.send(more.clone()).await;
        if result.is_err() {
            break;
        }
    }
    let error = match result {
        Err(error) => error,
        Ok(()) => writer.finish().await.unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable, "{error}");
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable);
    assert!(error.to_string().contains("COMMIT"), "{error}");
    assert_eq!(count(&killer).await, 0);
    drop((client, killer));
    database.drop().await;
}

/// A network that passes everything on until it is held; then it takes nothing more, and stays connected.
struct Network {
    port: u16,
    hold: Arc<Notify>,
    held: Arc<Notify>,
}

impl Network {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hold, held): (Arc<Notify>, Arc<Notify>) = Default::default();
        let (told, tells) = (Arc::clone(&hold), Arc::clone(&held));
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(server).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            tokio::select! {
                passed = tokio::io::copy(&mut from_client, &mut to_server) => drop(passed),
                () = told.notified() => {
                    tells.notify_one();
                    std::future::pending().await
                }
            }
        });
        Self { port, hold, held }
    }

    async fn hold(&self) {
        self.hold.notify_one();
        self.held.notified().await;
    }
}

/// Linux alone takes about 15 minutes for it.
#[tokio::test]
async fn a_target_that_vanishes_under_copy_data_is_noticed_after_tcp_user_timeout() {
    let (database, admin) = with_orders().await;
    let url = database.url();
    let address = url.rsplit_once('@').unwrap().1.split('/').next().unwrap().to_owned();
    let network = Network::before(address.clone()).await;
    let url = url.replace(&address, &format!("127.0.0.1:{}", network.port));
    let mut client = connect_to(&format!("{url}?tcp_user_timeout=1000")).await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    writer.send(tuple(1, None)).await.unwrap();
    network.hold().await;
    let megabyte = Bytes::from(vec![0; 1024 * 1024]);
    let until_refused = async {
        loop {
            if let Err(error) = writer.send(megabyte.clone()).await {
                break error;
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(300), until_refused).await.expect("noticed");
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable, "{error}");
    drop(writer);
    drop(transaction);
    drop(client);
    assert_eq!(count(&admin).await, 0);
    drop(admin);
    database.drop().await;
}

#[tokio::test]
async fn a_truncate_that_a_foreign_key_forbids_touches_nothing() {
    let (database, mut client) = with_orders().await;
    client
        .batch("INSERT INTO public.orders VALUES (1); CREATE TABLE public.lines (o int REFERENCES public.orders); INSERT INTO public.lines VALUES (1)")
        .await
        .unwrap();
    let transaction = client.transaction().await.unwrap();
    let error = transaction.truncate(&orders().target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetData, "{error}");
    drop(transaction);
    assert_eq!(count(&client).await, 1);
    assert_eq!(one::<i64>(&client, "SELECT count(*) FROM public.lines").await, 1);
    drop(client);
    database.drop().await;
}

/// Passes bytes on, until the server reports a COMMIT as done: that answer is swallowed and the client cut off. Waiting
/// for the command tag itself matters: the driver's Close of a statement is answered in between, before any COMMIT.
async fn cutting_proxy(server: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let requests = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
            if buffer[..n].windows(7).any(|tag| tag == b"COMMIT\0") {
                break;
            }
            to_client.write_all(&buffer[..n]).await.unwrap();
        }
        requests.abort();
    });
    port
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_told_by_its_marker() {
    let database = Database::create().await;
    let mut watcher = database.connect().await;
    ledger::install(&mut watcher).await.unwrap();
    let direct = url::Url::parse(&database.url()).unwrap();
    let server = format!("{}:{}", direct.host_str().unwrap(), direct.port().unwrap_or(5432));
    let mut through = direct.clone();
    through.set_port(Some(cutting_proxy(server).await)).unwrap();
    through.set_host(Some("127.0.0.1")).unwrap();
    let mut client = super::connect_to(through.as_str()).await;

    let transaction = client.transaction().await.unwrap();
    let marker = Marker { run: "r".to_owned(), table: 1, chunk: 0, epoch: 1, rows: 1, bytes: 1, checksum: 1 };
    ledger::insert_marker(&transaction, &marker).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable, "{error}");
    assert!(error.to_string().contains("COMMIT"), "{error}");
    assert_eq!(super::markers(&watcher, "r").await, [marker]);
    drop((client, watcher));
    database.drop().await;
}

/// Passes bytes on, and puts an error between the end of a COPY and the server's readiness for the next statement.
async fn late_error_proxy(server: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let requests = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let fields = b"SERROR\0VERROR\0C55P03\0Mcanceling statement due to lock timeout\0\0";
        let mut error = vec![b'E'];
        error.extend_from_slice(&u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
        error.extend_from_slice(fields);
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
            // CommandComplete, and behind it ReadyForQuery.
            let end = buffer[..n].windows(8).position(|tag| tag == b"COPY 1\0Z").map_or(n, |at| at + 7);
            to_client.write_all(&buffer[..end]).await.unwrap();
            if end < n {
                to_client.write_all(&error).await.unwrap();
                to_client.write_all(&buffer[end..n]).await.unwrap();
            }
        }
        requests.abort();
    });
    port
}

#[tokio::test]
async fn an_error_behind_the_end_of_a_copy_is_the_one_that_is_told() {
    let (database, _admin) = with_orders().await;
    let direct = url::Url::parse(&database.url()).unwrap();
    let server = format!("{}:{}", direct.host_str().unwrap(), direct.port().unwrap_or(5432));
    let mut through = direct.clone();
    through.set_port(Some(late_error_proxy(server).await)).unwrap();
    through.set_host(Some("127.0.0.1")).unwrap();
    let mut client = super::connect_to(through.as_str()).await;
    let transaction = client.transaction().await.unwrap();
    let mut writer = CopyWriter::start(&transaction, &orders(), false).await.unwrap();
    writer.send(tuple(1, Some("x"))).await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TargetUnavailable, "{error}");
    assert!(error.detail().contains("lock timeout (SQLSTATE 55P03"), "{error}");
}
