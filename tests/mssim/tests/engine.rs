//! The engine behind the wire: Attention, transactions and their descriptors, isolation between connections.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its client has failed")]

#[path = "wire/client.rs"]
mod client;

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, PASSWORD, Reply, USER};
use mssim::engine::{Engine, EngineOptions};
use mssim::faults::{Fault, FaultKind};
use mssim::session::EngineBackend;
use mssim::{Options, Server};

const COUNT: &str = "SELECT COUNT_BIG(*) AS n FROM dbo.t";
/// ENVCHANGE kinds (MS-TDS 2.2.7.9).
const BEGIN: u8 = 8;
const COMMIT: u8 = 9;
const ROLLBACK: u8 = 10;

/// A table `dbo.t` of `rows` rows, snapshot isolation allowed.
fn start(rows: u32) -> Server {
    let options = EngineOptions {
        user: USER.to_owned(),
        password: PASSWORD.to_owned(),
        database: "matrix".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).unwrap();
    let values: Vec<String> = (1..=rows).map(|n| format!("({n})")).collect();
    let script = format!(
        "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
         CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY);
         INSERT INTO dbo.t (id) VALUES {};",
        values.join(", ")
    );
    engine.load_script(&script).unwrap();
    Server::start(Options::new(Arc::new(EngineBackend::new(engine)))).unwrap()
}

fn login(server: &Server) -> Client {
    Client::login(server, 4096).0
}

/// The number of the ERROR token that a reply starts with; 0 without one.
fn error(reply: &Reply) -> i32 {
    match reply.body[0] {
        0xAA => i32::from_le_bytes(reply.body[3..7].try_into().unwrap()),
        _ => 0,
    }
}

/// The descriptor in the ENVCHANGE of that kind: the new one of BEGIN, the old one of the others.
fn changed(reply: &Reply, kind: u8) -> Option<u64> {
    let head: &[u8] = if kind == BEGIN { &[0xE3, 11, 0, kind, 8] } else { &[0xE3, 11, 0, kind, 0, 8] };
    let at = reply.body.windows(head.len()).position(|w| w == head)? + head.len();
    Some(u64::from_le_bytes(reply.body[at..at + 8].try_into().unwrap()))
}

fn done(client: &mut Client, sql: &str) {
    let reply = client.ask(sql).unwrap();
    assert_eq!(error(&reply), 0, "{sql}");
}

/// Begins a transaction, which every later request of the client names.
fn begin(client: &mut Client) -> u64 {
    let reply = client.ask("BEGIN TRANSACTION").unwrap();
    client.transaction = changed(&reply, BEGIN).unwrap();
    assert_ne!(client.transaction, 0);
    client.transaction
}

/// The bigint that is the last value of the last row.
fn count(client: &mut Client, sql: &str) -> i64 {
    let reply = client.ask(sql).unwrap();
    assert_eq!(error(&reply), 0, "{sql}");
    let end = reply.body.len() - 13;
    i64::from_le_bytes(reply.body[end - 8..end].try_into().unwrap())
}

#[test]
fn an_attention_ends_a_statement_that_has_no_row_yet() {
    let server = start(1000);
    let mut client = login(&server);
    let before = server.stats().batches();
    client.batch(
        "SELECT COUNT_BIG(*) AS n FROM dbo.t a CROSS JOIN dbo.t b CROSS JOIN dbo.t c CROSS JOIN dbo.t d",
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.stats().batches() == before {
        assert!(Instant::now() < deadline, "the batch does not start");
        std::thread::yield_now();
    }
    client.send(0x06, &[]);
    // No row, no error: the DONE of the Attention alone.
    let reply = client.reply().unwrap();
    assert_eq!((reply.body.len(), &reply.body[..3]), (13, &[0xFD, 0x20, 0x00][..]));
    assert_eq!(count(&mut client, COUNT), 1000);
}

#[test]
fn requests_name_their_transaction() {
    let server = start(1);
    let mut client = login(&server);
    let transaction = begin(&mut client);
    assert_eq!(count(&mut client, COUNT), 1);
    for wrong in [0, transaction + 1] {
        client.transaction = wrong;
        assert_eq!(error(&client.ask(COUNT).unwrap()), 3989);
    }
    client.transaction = transaction;
    done(&mut client, "INSERT INTO dbo.t (id) VALUES (2)");
    assert_eq!(changed(&client.ask("COMMIT TRANSACTION").unwrap(), COMMIT), Some(transaction));
    assert_eq!(error(&client.ask(COUNT).unwrap()), 3971, "it is over");
    client.transaction = 0;
    assert_eq!(count(&mut client, COUNT), 2);
}

#[test]
fn a_transaction_is_rolled_back_only_if_there_is_one() {
    const IF_ANY: &str = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";
    let server = start(1);
    let mut client = login(&server);
    let reply = client.ask(IF_ANY).unwrap();
    assert_eq!((error(&reply), changed(&reply, ROLLBACK)), (0, None));
    let transaction = begin(&mut client);
    done(&mut client, "INSERT INTO dbo.t (id) VALUES (2)");
    assert_eq!(changed(&client.ask(IF_ANY).unwrap(), ROLLBACK), Some(transaction));
    client.transaction = 0;
    assert_eq!(count(&mut client, COUNT), 1);
    assert_eq!(count(&mut client, "SELECT CONVERT(bigint, @@TRANCOUNT) AS n"), 0);
}

#[test]
fn the_victim_of_a_deadlock_learns_that_its_transaction_is_gone() {
    let server = start(10);
    let mut client = login(&server);
    let transaction = begin(&mut client);
    done(&mut client, "INSERT INTO dbo.t (id) VALUES (11)");
    server.faults().set(Fault::from(FaultKind::Deadlock { rows: 5 }).times(1));
    let reply = client.ask("SELECT id FROM dbo.t").unwrap();
    let number = 1205_i32.to_le_bytes();
    assert!(reply.body.windows(4).any(|w| w == number));
    assert_eq!(changed(&reply, ROLLBACK), Some(transaction));
    let end = &reply.body[reply.body.len() - 13..];
    assert_eq!(end[..3], [0xFD, 0x02, 0x00]);
    client.transaction = 0;
    assert_eq!(count(&mut client, COUNT), 10);
}

#[test]
fn snapshot_isolation_shows_one_instant_and_read_committed_does_not() {
    let server = start(3);
    let (mut reader, mut writer) = (login(&server), login(&server));
    for (level, later) in [("SNAPSHOT", 3), ("READ COMMITTED", 5)] {
        done(&mut reader, &format!("SET TRANSACTION ISOLATION LEVEL {level}"));
        begin(&mut reader);
        let first = count(&mut reader, COUNT);
        done(&mut writer, &format!("INSERT INTO dbo.t (id) VALUES ({})", first + 1));
        assert_eq!(count(&mut reader, COUNT), later, "{level}");
        done(&mut reader, "COMMIT TRANSACTION");
        reader.transaction = 0;
        assert_eq!(count(&mut reader, COUNT), first + 1, "{level}: afterwards");
    }
    // The instant is that of the first read, not of BEGIN.
    done(&mut reader, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT");
    begin(&mut reader);
    done(&mut writer, "INSERT INTO dbo.t (id) VALUES (6)");
    assert_eq!(count(&mut reader, COUNT), 6);
    done(&mut writer, "DELETE FROM dbo.t WHERE id = 1");
    assert_eq!(count(&mut reader, COUNT), 6);
    done(&mut reader, "COMMIT TRANSACTION");
    reader.transaction = 0;
    assert_eq!(count(&mut reader, COUNT), 5);
}

#[test]
fn snapshot_isolation_must_be_allowed() {
    let server = start(1);
    let mut client = login(&server);
    done(&mut client, "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION OFF");
    done(&mut client, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT");
    begin(&mut client);
    assert_eq!(error(&client.ask(COUNT).unwrap()), 3952);
}
