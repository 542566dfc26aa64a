//! Which servers a connection string reaches: IPv6, a port in the name, a named instance by SQL Browser, a gateway that
//! redirects under TLS, a listener that sends readers elsewhere. The whole program each time. That a listener's silent
//! addresses do not hide the one that answers is tested beside the code (`sqlserver/tcp.rs`).
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failure")]

use crate::harness::World;
use mssim::faults::{Fault, FaultKind};
use mssim::session::EngineBackend;
use mssim::{Options, Server, TlsMode};
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;

fn world() -> World {
    let world = World::with_files();
    world.load(
        "ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON;
         CREATE TABLE dbo.T (Id int NOT NULL PRIMARY KEY, Name nvarchar(20) NULL);
         INSERT INTO dbo.T VALUES (1, N'one'), (2, NULL);",
    );
    world
}

/// One more server of the same databases.
fn another(world: &World, host: &str, tls: TlsMode) -> Server {
    let backend = EngineBackend::new(Arc::clone(&world.engine));
    let host: IpAddr = host.parse().unwrap();
    Server::start(Options { host, tls, ..Options::new(Arc::new(backend)) }).unwrap()
}

/// The whole run by this connection string.
#[track_caller]
fn copies(world: &World, url: &str) {
    world.command(&["run"]).env("SHARDFERRY_SOURCE_URL", url).run().exits(0);
    assert_eq!(world.assert_equal(), 2);
}

#[test]
fn a_server_by_its_ipv6_address() {
    let world = world();
    let server = another(&world, "::1", TlsMode::Full);
    let trusted = world.folder.path().join("ca.pem");
    std::fs::write(&trusted, server.certificate_pem().unwrap()).unwrap();
    let port = server.port();
    copies(
        &world,
        &format!("mssql://sa:Passw0rd!@[::1]:{port}/testdb?serverCertificate={}", trusted.display()),
    );
    assert!(server.stats().logins() > 0);
}

#[test]
fn a_port_in_the_name_of_the_server() {
    let mut world = world();
    let port = world.server.port();
    for text in [
        format!("Server=tcp:127.0.0.1,{port};Database=testdb;User ID=sa;Password=Passw0rd!;Encrypt=False"),
        // With a port nobody is asked for the instance's.
        format!("Server=127.0.0.1\\SQL2,{port};Database=testdb;User ID=sa;Password=Passw0rd!;Encrypt=False"),
        format!(
            "jdbc:sqlserver://127.0.0.1:{port};databaseName=testdb;user=sa;password=Passw0rd!;encrypt=false"
        ),
    ] {
        copies(&world, &text);
        world.renew();
    }
}

/// SQL Browser answers on UDP 1434 of the server's own address (MS-SQLR 2.2.5).
#[test]
fn a_named_instance_by_its_browser() {
    const HOST: &str = "127.0.14.34";
    let world = world();
    let server = another(&world, HOST, TlsMode::Off);
    let browser = UdpSocket::bind((HOST, 1434)).unwrap();
    let said = format!(
        "ServerName;DB1;InstanceName;SQL2;IsClustered;No;Version;16.0.1000.6;tcp;{};;",
        server.port()
    );
    std::thread::spawn(move || {
        let mut question = [0; 64];
        // It ends with the process.
        while let Ok((count, from)) = browser.recv_from(&mut question) {
            if question[..count] == *b"\x04SQL2\0" {
                let length = u16::try_from(said.len()).unwrap().to_le_bytes();
                let answer = [&[0x05], &length[..], said.as_bytes()].concat();
                browser.send_to(&answer, from).unwrap();
            }
        }
    });
    copies(
        &world,
        &format!("Server={HOST}\\SQL2;Database=testdb;User ID=sa;Password=Passw0rd!;Encrypt=False"),
    );
    assert!(server.stats().logins() > 0);
}

/// As Azure SQL's gateway does: the login succeeds, and says where the database is. Both certificates are checked, each
/// for the name that was connected to.
#[test]
fn a_gateway_that_redirects_under_tls() {
    let world = world();
    let (gateway, server) =
        (another(&world, "127.0.0.1", TlsMode::Full), another(&world, "127.0.0.1", TlsMode::Full));
    let route =
        gateway.faults().set(FaultKind::Routing { host: "localhost".to_owned(), port: server.port() });
    let trusted = world.folder.path().join("both.pem");
    let both = [gateway.certificate_pem().unwrap(), server.certificate_pem().unwrap()].concat();
    std::fs::write(&trusted, both).unwrap();
    let url = format!(
        "mssql://sa:Passw0rd!@127.0.0.1:{}/testdb?encrypt=on&serverCertificate={}",
        gateway.port(),
        trusted.display()
    );
    copies(&world, &url);
    assert!(gateway.faults().happened(route) > 0);
    assert_eq!(
        gateway.stats().batches_containing("[T]"),
        0,
        "the rows come from the server behind the gateway"
    );
    assert!(server.stats().batches_containing("[T]") > 0);
}

/// The listener of an availability group routes those who only read to a readable replica.
#[test]
fn a_listener_sends_readers_to_a_replica() {
    let mut world = world();
    let (listener, replica) =
        (another(&world, "127.0.0.1", TlsMode::Off), another(&world, "127.0.0.1", TlsMode::Off));
    let route = FaultKind::Routing { host: "127.0.0.1".to_owned(), port: replica.port() };
    listener.faults().set(Fault::from(route).containing("ReadOnly"));
    let url = |keys: &str| {
        format!(
            "Server=127.0.0.1,{};Database=testdb;User ID=sa;Password=Passw0rd!;Encrypt=False;{keys}",
            listener.port()
        )
    };
    copies(&world, &url("MultiSubnetFailover=True"));
    assert_eq!(replica.stats().logins(), 0, "who may write stays at the primary");
    world.renew();
    let before = listener.stats().batches_containing("[T]");
    copies(&world, &url("MultiSubnetFailover=True;ApplicationIntent=ReadOnly"));
    assert!(replica.stats().batches_containing("[T]") > 0);
    assert_eq!(listener.stats().batches_containing("[T]"), before, "the rows come from the replica");
}
