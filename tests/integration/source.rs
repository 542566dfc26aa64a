//! The source's connection against the test server's wire layer: encryption, login, control, bulk rows, faults.

#[path = "source_catalog.rs"]
mod catalog;
#[path = "source_script.rs"]
mod script;

use mssim::faults::{Fault, FaultKind};
use mssim::{Options, Server, TlsMode};
use script::Script;
use shardferry::error::{Error, ErrorKind, Result};
use shardferry::settings::source::SourceSettings;
use shardferry::sqlserver::client::Client;
use shardferry::sqlserver::rows::FillOutcome;
use shardferry::sqlserver::wire::RowEncoder;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

fn start(tls: TlsMode, max_packet: u16) -> Server {
    let mut options = Options::new(Arc::new(Script::default()));
    (options.tls, options.max_packet) = (tls, max_packet);
    Server::start(options).unwrap()
}

fn settings(server: &Server, rest: &str) -> SourceSettings {
    SourceSettings::parse(&format!("mssql://reader:secret@127.0.0.1:{}/shop?{rest}", server.port())).unwrap()
}

async fn plain() -> (Server, Client) {
    let server = start(TlsMode::Off, 32767);
    let client = Client::connect(&settings(&server, "encrypt=off")).await.unwrap();
    (server, client)
}

/// Counts rows and sums their first column, an int.
#[derive(Default)]
struct Sum {
    rows: u64,
    sum: i64,
    /// Rows until it is full.
    limit: Option<u64>,
}

impl RowEncoder for Sum {
    fn begin_row(&mut self) {}

    fn null(&mut self, _column: usize) -> Result<()> {
        Ok(())
    }

    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        if column == 0 {
            self.sum += i64::from(i32::from_le_bytes(raw.try_into().unwrap()));
        }
        Ok(())
    }

    fn long_begin(&mut self, _column: usize, _length: Option<u64>) -> Result<()> {
        Ok(())
    }

    fn long_piece(&mut self, _column: usize, _piece: &[u8]) -> Result<()> {
        Ok(())
    }

    fn long_end(&mut self, _column: usize) -> Result<()> {
        Ok(())
    }

    fn end_row(&mut self) {
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.rows.is_multiple_of(limit))
    }
}

/// Reads `count` numbered rows to the end; rows and their sum.
async fn read(client: &mut Client, count: u32) -> Result<(u64, i64)> {
    let mut rows = Sum::default();
    let mut stream = client.read(&format!("SELECT number {count}")).await?;
    assert_eq!(stream.columns().len(), 2);
    while stream.fill(&mut rows).await? == FillOutcome::More {}
    assert!(stream.bytes_read() > u64::from(count) * 100);
    Ok((rows.rows, rows.sum))
}

/// A catalog-like query through tiberius and bulk rows through our own reader, one after the other.
async fn works(client: &mut Client) {
    for _ in 0..2 {
        let rows = client.rows("SELECT name").await.unwrap();
        assert_eq!(rows[0].try_get::<&str, _>("name").unwrap(), Some("Größe"));
        assert_eq!(read(client, 5000).await.unwrap(), (5000, 12_497_500));
        client.execute("SET LOCK_TIMEOUT 1000").await.unwrap();
    }
}

fn ca_file(server: &Server) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(server.certificate_pem().unwrap().as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn every_kind_of_encryption_works_with_a_certificate_that_is_checked() {
    for (tls, encrypt, packet_size) in [
        (TlsMode::Off, "off", 32767),
        (TlsMode::LoginOnly, "login", 32767),
        (TlsMode::LoginOnly, "on", 16383),
        (TlsMode::Full, "login", 16383),
        (TlsMode::Full, "on", 16383),
        (TlsMode::Full, "strict", 16383),
        (TlsMode::Strict, "strict", 16383),
    ] {
        let server = start(tls, 32767);
        let ca = server.certificate_pem().map(|_| ca_file(&server));
        let trust = ca.as_ref().map_or(String::new(), |file| format!("&ca-file={}", file.path().display()));
        let settings = settings(&server, &format!("encrypt={encrypt}{trust}"));
        let mut client =
            Client::connect(&settings).await.unwrap_or_else(|error| panic!("{tls:?} {encrypt}: {error}"));
        assert_eq!(client.packet_size(), packet_size, "{tls:?} {encrypt}");
        works(&mut client).await;
    }
}

#[tokio::test]
async fn a_certificate_is_trusted_on_request_only_and_its_name_must_fit() {
    let server = start(TlsMode::Full, 32767);
    let ca = ca_file(&server);
    let path = ca.path().display();
    for (rest, accepted) in [
        ("encrypt=on".to_owned(), false),
        ("encrypt=on&trustServerCertificate=true".to_owned(), true),
        (format!("encrypt=on&ca-file={path}&hostNameInCertificate=other.example"), false),
        (format!("encrypt=on&ca-file={path}&hostNameInCertificate=localhost"), true),
        (format!("encrypt=strict&ca-file={path}&hostNameInCertificate=other.example"), false),
        ("encrypt=on&ca-file=/nonexistent".to_owned(), false),
    ] {
        match Client::connect(&settings(&server, &rest)).await {
            Ok(mut client) => {
                assert!(accepted, "{rest}");
                works(&mut client).await;
            }
            Err(error) => {
                assert!(!accepted, "{rest}: {error}");
                assert_eq!(error.kind(), ErrorKind::Config, "{rest}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn encryption_that_cannot_be_agreed_on_is_configuration() {
    for (tls, encrypt) in [(TlsMode::Full, "off"), (TlsMode::Off, "on"), (TlsMode::Off, "login")] {
        let server = start(tls, 32767);
        let error = Client::connect(&settings(&server, &format!("encrypt={encrypt}"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{tls:?} {encrypt}: {error}");
        assert_eq!(server.stats().logins() + server.stats().failed_logins(), 0, "no password was sent");
    }
}

#[tokio::test]
async fn login_errors_are_told_apart() {
    let server = start(TlsMode::Off, 32767);
    let connect = |login: &str, database: &str| {
        let text = format!("mssql://{login}@127.0.0.1:{}/{database}?encrypt=off", server.port());
        async move { Client::connect(&SourceSettings::parse(&text).unwrap()).await.unwrap_err() }
    };
    let wrong: Error = connect("reader:hunter2", "shop").await;
    assert_eq!(wrong.kind(), ErrorKind::SourceLogin);
    assert!(wrong.to_string().contains("18456") && !wrong.to_string().contains("hunter2"), "{wrong}");
    assert_eq!(connect("reader:secret", "nowhere").await.kind(), ErrorKind::SourceMissing);
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let text = format!("mssql://reader:secret@127.0.0.1:{port}/shop?encrypt=off");
    let error = Client::connect(&SourceSettings::parse(&text).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceUnavailable, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!("mssql://reader:secret@127.0.0.1:{port}/shop?encrypt=on&connect-timeout=1");
    let error = Client::connect(&SourceSettings::parse(&text).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceUnavailable, "{error}");
}

#[tokio::test]
async fn what_is_no_sql_server_is_configuration() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let http = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let text = format!("mssql://reader:secret@127.0.0.1:{port}/shop?encrypt=on");
    let settings = SourceSettings::parse(&text).unwrap();
    let (_stream, result) = tokio::join!(http, Client::connect(&settings));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn redirects_are_followed() {
    let (first, second) = (start(TlsMode::Off, 32767), start(TlsMode::Off, 32767));
    first.faults().set(FaultKind::Routing { host: "127.0.0.1".to_owned(), port: second.port() });
    let mut client = Client::connect(&settings(&first, "encrypt=off")).await.unwrap();
    works(&mut client).await;
    assert_eq!(second.stats().logins(), 1);
    second.faults().set(FaultKind::Routing { host: "127.0.0.1".to_owned(), port: first.port() });
    let error = Client::connect(&settings(&first, "encrypt=off")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceUnavailable, "{error}");
}

#[tokio::test]
async fn the_packet_size_is_what_the_server_grants() {
    for (granted, asked) in [(512, 32767), (4096, 32767), (32767, 1000)] {
        let server = start(TlsMode::Off, granted);
        let settings = settings(&server, &format!("encrypt=off&packet-size={asked}"));
        let mut client = Client::connect(&settings).await.unwrap();
        assert_eq!(client.packet_size(), usize::from(granted).min(asked));
        works(&mut client).await;
        // A request of many packets.
        let long = format!("SELECT number 5000 -- {}", "x".repeat(40_000));
        let mut stream = client.read(&long).await.unwrap();
        let mut rows = Sum::default();
        assert_eq!(stream.fill(&mut rows).await.unwrap(), FillOutcome::End);
        assert_eq!(rows.rows, 5000);
        assert!(server.stats().batch_texts().contains(&long));
    }
}

#[tokio::test]
async fn rows_come_in_portions() {
    let (_server, mut client) = plain().await;
    let mut rows = Sum { limit: Some(700), ..Sum::default() };
    let mut stream = client.read("SELECT number 5000").await.unwrap();
    let mut portions = 0;
    while stream.fill(&mut rows).await.unwrap() == FillOutcome::More {
        portions += 1;
        assert_eq!(rows.rows, portions * 700);
    }
    assert_eq!((portions, rows.rows, rows.sum), (7, 5000, 12_497_500));
    assert_eq!(stream.fill(&mut rows).await.unwrap(), FillOutcome::End);
    drop(stream);
    works(&mut client).await;
}

#[tokio::test]
async fn an_abandoned_stream_closes_the_connection() {
    let (_server, mut client) = plain().await;
    let mut rows = Sum { limit: Some(10), ..Sum::default() };
    let mut stream = client.read("SELECT number 100000").await.unwrap();
    assert_eq!(stream.fill(&mut rows).await.unwrap(), FillOutcome::More);
    drop(stream);
    assert_eq!(client.rows("SELECT name").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
    assert_eq!(client.execute("SET LOCK_TIMEOUT 1").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
    assert_eq!(client.read("SELECT number 1").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
}

#[tokio::test]
async fn an_error_of_a_statement_leaves_the_connection_usable() {
    let (_server, mut client) = plain().await;
    for _ in 0..2 {
        let denied = client.rows("FAIL 229").await.unwrap_err();
        assert_eq!(denied.kind(), ErrorKind::SourcePermission);
        assert!(denied.to_string().contains("error 229"), "{denied}");
        assert_eq!(client.execute("FAIL 1222").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
        works(&mut client).await;
    }
    assert_eq!(client.read("FAIL 208").await.unwrap_err().kind(), ErrorKind::SourceChanged);
    assert_eq!(client.rows("SELECT name").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
}

#[tokio::test]
async fn rows_where_none_are_expected_and_none_where_rows_are() {
    let (_server, mut client) = plain().await;
    assert_eq!(client.execute("SELECT name").await.unwrap_err().kind(), ErrorKind::SourceRefused);
    assert_eq!(client.execute("SET LOCK_TIMEOUT 1").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
    let (_server, mut client) = plain().await;
    assert_eq!(client.read("SET LOCK_TIMEOUT 1").await.unwrap_err().kind(), ErrorKind::SourceRefused);
}

/// That requests name the open transaction is tested beside the transport; the test server does not look.
#[tokio::test]
async fn a_snapshot_transaction_spans_both_ways_of_asking() {
    let (server, mut client) = plain().await;
    client.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT").await.unwrap();
    client.execute("BEGIN TRANSACTION").await.unwrap();
    works(&mut client).await;
    client.execute("COMMIT TRANSACTION").await.unwrap();
    works(&mut client).await;
    assert_eq!(server.stats().batches_containing("TRANSACTION"), 3);
}

#[tokio::test]
async fn a_broken_stream_is_unavailable_and_closes_the_connection() {
    for kind in [
        FaultKind::ResetAfterRows(1000),
        FaultKind::TruncatedPacket { rows: 1000 },
        FaultKind::Deadlock { rows: 1000 },
        FaultKind::Stall { rows: 1000, time: None },
    ] {
        let server = start(TlsMode::Off, 32767);
        let mut client = Client::connect(&settings(&server, "encrypt=off&read-timeout=1")).await.unwrap();
        server.faults().set(Fault::from(kind.clone()).containing("number"));
        let error = read(&mut client, 5000).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceUnavailable, "{kind:?}: {error}");
        assert_eq!(client.rows("SELECT name").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
        server.faults().clear();
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_closes_the_connection() {
    let (server, mut client) = plain().await;
    server.faults().set(Fault::from(FaultKind::Stall { rows: 0, time: None }).containing("name"));
    let cut = tokio::time::timeout(Duration::from_millis(50), client.rows("SELECT name")).await;
    assert!(cut.is_err());
    assert_eq!(client.execute("SET LOCK_TIMEOUT 1").await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
    server.faults().clear();
}

/// tiberius takes such an answer for a whole one: a catalog that lacks tables would make a plan that lacks them.
#[tokio::test]
async fn a_statement_that_fails_without_a_word_is_an_error_for_every_way_of_asking() {
    let (server, mut client) = plain().await;
    for (query, rows) in [("SELECT name", 0), ("SELECT number 5000", 0), ("SELECT number 5000", 4000)] {
        server.faults().set(Fault::from(FaultKind::Unexplained { rows }).times(1).containing(query));
        let error = client.rows(query).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceRefused, "{error}");
        assert!(error.detail().contains("did not explain"), "{error}");
        // What came of the answer is not to be trusted.
        assert_eq!(client.rows(query).await.unwrap_err().kind(), ErrorKind::SourceUnavailable);
        client = Client::connect(&settings(&server, "encrypt=off")).await.unwrap();
        works(&mut client).await;
    }
}
