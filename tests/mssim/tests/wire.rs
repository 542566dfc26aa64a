//! The wire by hand: a client of a hundred lines, for what real clients cannot be made to show.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its client has failed")]

#[path = "wire/client.rs"]
mod client;
#[path = "wire/fixed.rs"]
mod fixed;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, utf16};
use fixed::Fixed;
use mssim::faults::{Fault, FaultKind};
use mssim::{Options, Server};

const ROWS: &str = "SELECT n FROM dbo.numbers WHERE n <= 100000";
const ENDLESS: &str = "SELECT n FROM dbo.numbers WHERE n <= 4000000000000";
/// COMMAND, DONE with a row count: how a reply to ROWS ends.
const DONE_COUNT: [u8; 5] = [0xFD, 0x10, 0x00, 0xC1, 0x00];

fn start(replay: bool) -> Server {
    Server::start(Options { replay, ..Options::new(Arc::new(Fixed)) }).unwrap()
}

/// The numbers of the rows of a reply to ROWS, and the status of its DONE.
fn numbers(body: &[u8]) -> (Vec<u64>, u16) {
    // COLMETADATA of one bigint NOT NULL named "n" has 13 bytes.
    let mut rest = &body[13..];
    let mut numbers = Vec::new();
    while rest[0] == 0xD1 {
        numbers.push(u64::from_le_bytes(rest[1..9].try_into().unwrap()));
        rest = &rest[9..];
    }
    assert_eq!(rest[0], 0xFD, "DONE comes last");
    assert_eq!(rest.len(), 13, "nothing follows");
    (numbers, u16::from_le_bytes([rest[1], rest[2]]))
}

#[test]
fn rows_cross_packets_of_every_size() {
    let server = start(false);
    for (wish, largest) in [(512, 512), (0, 4096), (4096, 4096), (32767, 32767), (1 << 20, 32767)] {
        let (mut client, login) = Client::login(&server, wish);
        let told = utf16(&largest.to_string());
        assert!(login.body.windows(told.len()).any(|w| w == told), "ENVCHANGE names {largest}");
        let reply = client.ask(ROWS).unwrap();
        assert_eq!(reply.largest, largest);
        let (rows, status) = numbers(&reply.body);
        assert!(rows.iter().copied().eq(1..=100_000));
        assert_eq!(status, 0x10);
    }
    assert_eq!(server.stats().rows(), 500_000);
    assert_eq!(server.stats().batches_containing("dbo.numbers"), 5);
}

#[test]
fn an_attention_stops_a_running_batch() {
    let server = start(false);
    let (mut client, _) = Client::login(&server, 4096);
    client.batch(ENDLESS);
    client.packet(&mut Vec::new()).unwrap();
    client.send(0x06, &[]);
    let mut body = Vec::new();
    while !client.packet(&mut body).unwrap().1 {
        let keep = body.len().saturating_sub(13);
        body.drain(..keep);
    }
    assert_eq!(body[body.len() - 13..][..3], [0xFD, 0x20, 0x00]);
    // The connection is usable afterwards, also after an Attention that came too late.
    assert_eq!(numbers(&client.ask(ROWS).unwrap().body).0.len(), 100_000);
    client.send(0x06, &[]);
    assert_eq!(client.reply().unwrap().body[..3], [0xFD, 0x20, 0x00]);
    assert_eq!(server.stats().attentions(), 2);
}

#[test]
fn a_client_that_goes_away_stops_its_batch() {
    let server = start(false);
    let (mut client, _) = Client::login(&server, 4096);
    client.batch(ENDLESS);
    client.packet(&mut Vec::new()).unwrap();
    drop(client);
    // The session's thread counts its rows when it has stopped.
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.stats().rows() == 0 {
        assert!(Instant::now() < deadline, "the batch still runs");
        std::thread::yield_now();
    }
}

#[test]
fn errors_and_unknown_requests_are_answered() {
    let server = start(false);
    let (mut client, _) = Client::login(&server, 4096);
    let reply = client.ask("SELECT * FROM dbo.missing").unwrap();
    assert_eq!((reply.body[0], reply.body[3..7].to_vec()), (0xAA, 208_i32.to_le_bytes().to_vec()));
    let done = &reply.body[reply.body.len() - 13..];
    assert_eq!(done[..3], [0xFD, 0x02, 0x00]);
    // Bulk load is refused, the connection stays.
    client.send(0x07, &[1, 2, 3]);
    assert_eq!(client.reply().unwrap().body[0], 0xAA);
    assert_eq!(numbers(&client.ask(ROWS).unwrap().body).0.len(), 100_000);
}

#[test]
fn resets_cut_rows_and_happen_as_often_as_told() {
    let server = start(false);
    let fault = Fault::from(FaultKind::ResetAfterRows(1000)).times(1).containing("dbo.numbers");
    let id = server.faults().set(fault);
    let (mut client, _) = Client::login(&server, 4096);
    client.batch(ROWS);
    let mut body = Vec::new();
    let error = loop {
        if let Err(error) = client.packet(&mut body) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(body.len() < 13 + 9 * 1001, "row 1001 is not whole");
    assert_eq!(server.faults().happened(id), 1);
    let (mut client, _) = Client::login(&server, 4096);
    assert_eq!(numbers(&client.ask(ROWS).unwrap().body).0.len(), 100_000);
}

#[test]
fn faults_of_the_stream() {
    let server = start(false);
    let faults = server.faults();
    // Error 1205 after 500 rows, set by T-SQL; the connection lives on.
    let (mut client, _) = Client::login(&server, 4096);
    let set = client.ask("EXEC mssim_fault 'deadlock', @rows = 500, @times = 1").unwrap();
    assert_eq!(set.body[..3], [0xFD, 0, 0]);
    let reply = client.ask(ROWS).unwrap();
    let at = 13 + 9 * 500;
    assert_eq!(
        (reply.body[at], reply.body[at + 3..at + 7].to_vec()),
        (0xAA, 1205_i32.to_le_bytes().to_vec())
    );
    assert_eq!(reply.body[reply.body.len() - 13..][..3], [0xFD, 0x02, 0]);
    assert_eq!(numbers(&client.ask(ROWS).unwrap().body).0.len(), 100_000);
    // A stall until released: the rows before it arrive.
    let id = faults.set(Fault::from(FaultKind::Stall { rows: 10, time: None }).times(1));
    client.batch(ROWS);
    let mut body = Vec::new();
    let (length, last) = client.packet(&mut body).unwrap();
    assert_eq!((length, last), (8 + 13 + 90, false));
    assert_eq!(faults.happened(id), 1);
    faults.release();
    body.extend(client.reply().unwrap().body);
    assert_eq!(numbers(&body).0.len(), 100_000);
    // A packet cut short, then an orderly end.
    faults.set(Fault::from(FaultKind::TruncatedPacket { rows: 10 }).times(1));
    assert_eq!(client.ask(ROWS).map(|r| r.largest).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    // Exactly so many bytes.
    faults.set(Fault::from(FaultKind::ResetAfterBytes(5000)).times(1));
    let (mut client, _) = Client::login(&server, 512);
    client.batch(ROWS);
    let mut body = Vec::new();
    while client.packet(&mut body).is_ok() {}
    assert_eq!(body.len(), 5000);
}

#[test]
fn login_faults_and_restarts() {
    let server = start(false);
    let faults = server.faults();
    faults.set(Fault::from(FaultKind::LoginFailure).times(1).containing("wire test"));
    let (mut client, refused) = Client::login(&server, 0);
    assert_eq!((refused.body[0], refused.body[3..7].to_vec()), (0xAA, 18456_i32.to_le_bytes().to_vec()));
    assert!(client.reply().is_err(), "the connection is closed");
    faults.set(Fault::from(FaultKind::Routing { host: "elsewhere".to_owned(), port: 1434 }).times(1));
    let (_, routed) = Client::login(&server, 0);
    let host = utf16("elsewhere");
    assert!(routed.body.windows(host.len()).any(|w| w == host));
    let (mut client, _) = Client::login(&server, 0);
    server.restart(Duration::ZERO);
    assert!(client.reply().is_err(), "the connection is dropped");
    let deadline = Instant::now() + Duration::from_secs(20);
    // Until the listener is the new one a connection may still be reset.
    let (mut client, _) = loop {
        match Client::try_login(&server, 0) {
            Ok(client) => break client,
            Err(e) => assert!(Instant::now() < deadline, "the server did not come back: {e}"),
        }
    };
    assert_eq!(numbers(&client.ask(ROWS).unwrap().body).0.len(), 100_000);
}

#[test]
fn a_throttled_reply_takes_its_time() {
    let server = start(false);
    server.faults().set(FaultKind::Throttle { bytes_per_second: 20_000 });
    let (mut client, _) = Client::login(&server, 4096);
    let started = Instant::now();
    client.ask("SELECT n FROM dbo.numbers WHERE n <= 1000").unwrap();
    // 9000 bytes at 20 000 a second.
    assert!(started.elapsed() > Duration::from_millis(400));
}

#[test]
fn a_replayed_reply_is_the_same_bytes() {
    let server = start(true);
    let (mut client, _) = Client::login(&server, 8000);
    let first = client.ask(ROWS).unwrap().body;
    let again = client.ask(ROWS).unwrap().body;
    assert!(first == again);
    assert_eq!(again[again.len() - 13..][..5], DONE_COUNT);
    assert_eq!(server.stats().rows(), 100_000, "the engine ran once");
    // Another packet size is another reply; errors are never kept.
    let (mut small, _) = Client::login(&server, 512);
    assert!(small.ask(ROWS).unwrap().body == first);
    assert_eq!(server.stats().rows(), 200_000);
    for _ in 0..2 {
        assert_eq!(client.ask("SELECT * FROM dbo.missing").unwrap().body[0], 0xAA);
    }
}
