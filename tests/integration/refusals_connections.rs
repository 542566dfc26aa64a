//! Servers: wrong addresses, passwords, names and permissions of the source, the target and the store.

use super::{SHOP, answers, prepared, refuses_call, rows, world};
use crate::harness::{World, environment};
use mssim::engine::Denial;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// A port on which nobody listens.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn source_urls() {
    let world = prepared();
    let good = world.source_url();
    let dead = dead_port();
    for (url, code, text) in [
        (
            "nonsense".to_owned(),
            2,
            "the source URL is not a URL; use mssql://user:password@host:1433/database [config]",
        ),
        ("mysql://u:p@h/db".to_owned(), 2, "the source URL is of an unknown kind; use mssql://"),
        (
            "mssql://sa:x@127.0.0.1:port/testdb".to_owned(),
            2,
            "the source URL has a port that is not a number",
        ),
        (
            format!("mssql://sa:x@127.0.0.1:{dead}/testdb?encrypt=off"),
            4,
            "cannot be reached: Connection refused",
        ),
        ("mssql://sa:x@host.invalid/testdb?encrypt=off".to_owned(), 4, "host.invalid"),
        (
            good.replace("Passw0rd!", "wrong"),
            2,
            "error 18456, state 1: Login failed for user 'sa'. [source_login]; check user and password of the source URL",
        ),
        (
            good.replace("/testdb", "/nothing"),
            2,
            "Cannot open database \"nothing\" requested by the login. The login failed. [source_missing]; check the database name",
        ),
    ] {
        for command in ["plan", "schema", "sync", "run"] {
            refuses_call(&world, world.command(&[command]).env("SHARDFERRY_SOURCE_URL", &url), code, &[text]);
        }
    }
}

#[test]
fn target_urls() {
    let world = prepared();
    let good = world.target_url();
    let dead = dead_port();
    for (url, code, text) in [
        (
            "nonsense".to_owned(),
            2,
            "target URL: neither postgres://user:password@host:5432/database nor key=value pairs",
        ),
        ("postgres://u:p@127.0.0.1:port/db".to_owned(), 2, "target URL: host and port cannot be read"),
        (
            format!("postgres://u:p@127.0.0.1:{dead}/db"),
            4,
            "Connection refused (os error 111) [target_unavailable]",
        ),
        ("postgres://u:p@host.invalid/db".to_owned(), 4, "no connection to the target at host.invalid:5432"),
        (
            good.replace(":postgres@", ":wrong@"),
            2,
            "password authentication failed for user \"postgres\" (SQLSTATE 28P01) [target_login]; check user and password of the target URL",
        ),
        (
            format!("{good}_nothing"),
            2,
            "does not exist (SQLSTATE 3D000) [target_missing]; create the target database or correct its name",
        ),
    ] {
        for command in ["schema", "sync", "reset"] {
            let arguments: &[&str] = if command == "reset" { &["reset", "--yes"] } else { &[command] };
            refuses_call(&world, world.command(arguments).env("SHARDFERRY_TARGET_URL", &url), code, &[text]);
        }
    }
}

#[test]
fn checkpoint_urls() {
    let world = prepared();
    for (url, text) in [
        ("nonsense", "checkpoint URL `nonsense`: write s3://bucket/prefix or file:///dir [config]"),
        ("s3://", "checkpoint URL `s3://`: the bucket is missing"),
        ("ftp://x/y", "checkpoint URL `ftp://x/y`: write s3://"),
        ("s3://key:hunter2@bucket/x", "the checkpoint URL: only a bucket and a prefix may follow s3://"),
        ("file:///proc/nothing/x", "cannot make the directory /proc/nothing/x"),
    ] {
        for command in ["plan", "sync", "status"] {
            let call = world.command(&[command]).env("SHARDFERRY_CHECKPOINT", url);
            refuses_call(&world, call, 2, &[text]).hides("hunter2");
        }
    }
}

#[test]
fn stores_that_are_wrong_or_away() {
    let world = prepared();
    let bucket = environment("SHARDFERRY_TEST_BUCKET");
    let place = format!("s3://{bucket}/refusals-{:016x}", rand::random::<u64>());
    let call = |command: &str| world.command(&[command]).env("SHARDFERRY_CHECKPOINT", &place);
    let nowhere = "s3://shardferry-no-such-bucket/x";
    let text = "NoSuchBucket: The specified bucket does not exist (HTTP 404) [store_refused]; check bucket, region, endpoint and credentials";
    let missing = refuses_call(&world, call("run").env("SHARDFERRY_CHECKPOINT", nowhere), 2, &[text]);
    assert_eq!(missing.lines_with("NoSuchBucket").len(), 1, "said once:\n{}", missing.stderr);
    refuses_call(
        &world,
        call("run").env("AWS_SECRET_ACCESS_KEY", "Pl4nted-secret"),
        2,
        &["SignatureDoesNotMatch", "(HTTP 403) [store_refused]"],
    )
    .hides("Pl4nted-secret");
    let nobody = call("run").without_env("AWS_ACCESS_KEY_ID").without_env("AWS_SECRET_ACCESS_KEY");
    refuses_call(
        &world,
        nobody,
        2,
        &["no AWS credentials found (tried environment, profile,", "[store_refused]"],
    );
    let away = format!("http://127.0.0.1:{}", dead_port());
    refuses_call(
        &world,
        call("plan").env("AWS_ENDPOINT_URL_S3", &away),
        4,
        &["[store_unavailable]", "then rerun"],
    );
}

/// An S3 server that says yes to every write and has nothing to read.
fn careless_store() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            std::thread::spawn(move || drop(say_yes(stream)));
        }
    });
    port
}

fn say_yes(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = request.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|n| n.trim().parse::<usize>().ok());
    while request.len() < end + length.unwrap_or(0) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let status = if head.starts_with("get") { "404 Not Found" } else { "200 OK" };
    let answer = format!(
        "HTTP/1.1 {status}\r\nETag: \"abc\"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())
}

#[test]
fn a_store_that_ignores_conditions_is_found_before_anything_is_written() {
    let world = prepared();
    let endpoint = format!("http://127.0.0.1:{}", careless_store());
    for command in ["plan", "sync", "run"] {
        let call = world
            .command(&[command])
            .env("SHARDFERRY_CHECKPOINT", "s3://careless/x")
            .env("AWS_ENDPOINT_URL_S3", &endpoint);
        let text = "the checkpoint store ignores If-None-Match: * (a second create of one object succeeded); two pods would copy the same table [store_unconditional]; use a store that honours If-None-Match and If-Match";
        refuses_call(&world, call, 2, &[text]);
    }
}

/// A role that may log in and nothing else.
struct Role {
    name: String,
}

impl Role {
    fn create(world: &World) -> Self {
        let name = format!("{}_role", world.database);
        world.admin(&format!("CREATE ROLE {name} LOGIN PASSWORD 'Pl4nted-secret'"));
        Self { name }
    }

    fn url(&self, world: &World) -> String {
        world.target_url().replace("postgres:postgres@", &format!("{}:Pl4nted-secret@", self.name))
    }

    fn drop(self, world: &World) {
        world.target(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name));
    }
}

#[test]
fn a_target_role_without_create_or_without_the_tables() {
    let world = world(SHOP);
    let role = Role::create(&world);
    let plan = world.command(&["plan"]).env("SHARDFERRY_TARGET_URL", &role.url(&world)).run().exits(0);
    plan.says(&format!("the target's role {} may not create the schemas dbo", role.name))
        .says("GRANT CREATE ON DATABASE");
    for command in ["schema", "run"] {
        let call = world.command(&[command]).env("SHARDFERRY_TARGET_URL", &role.url(&world));
        let texts = [
            "permission denied for database",
            "(SQLSTATE 42501)",
            "[target_permission]; grant the role CREATE",
        ];
        refuses_call(&world, call, 2, &texts).hides("Pl4nted-secret");
    }
    // The tables are there, but another's.
    world.succeed(&["schema"]);
    let before = super::photograph(&world).target;
    let call = world.command(&["sync"]).env("SHARDFERRY_TARGET_URL", &role.url(&world));
    answers(call, 2, &["[target_permission]", "permission denied"]).hides("Pl4nted-secret");
    assert_eq!(super::photograph(&world).target, before);
    role.drop(&world);
    world.succeed(&["sync"]);
}

#[test]
fn a_source_table_that_the_login_may_not_read_fails_alone() {
    let world = prepared();
    world.engine.deny_view("dbo.Orders", Some(Denial::Denied));
    let texts = [
        "Failed: dbo.Orders: ",
        "The SELECT permission was denied on the object 'Orders'",
        "[source_permission]; grant the login SELECT and VIEW DEFINITION on the source",
    ];
    answers(world.command(&["sync"]), 2, &texts);
    assert_eq!(
        (world.data_status("dbo.Orders").as_str(), rows(&world, "dbo.\"Orders\"")),
        ("failed", "0".to_owned())
    );
    assert_eq!(
        (world.data_status("dbo.Customers").as_str(), rows(&world, "dbo.\"Customers\"")),
        ("completed", "2".to_owned())
    );
    world.engine.deny_view("dbo.Orders", None);
    world.succeed(&["sync", "--retry-failed"]);
    assert_eq!(rows(&world, "dbo.\"Orders\""), "1");
}

#[test]
fn a_source_whose_catalog_is_closed() {
    let world = prepared();
    // Tables are found by other views too; what a table is made of is not.
    for view in ["sys.columns", "sys.indexes"] {
        world.engine.deny_view(view, Some(Denial::Denied));
        for command in ["schema", "run"] {
            let call = world.command(&[command]);
            refuses_call(
                &world,
                call,
                2,
                &["The SELECT permission was denied on the object", "[source_permission]"],
            );
        }
        world.engine.deny_view(view, None);
    }
    // SQL Server shows a login without VIEW DEFINITION an empty catalog, not an error.
    world.engine.create_database("bare").unwrap();
    let call = world
        .command(&["plan"])
        .env("SHARDFERRY_RUN_ID", "bare")
        .env("SHARDFERRY_SOURCE_URL", &world.source_url().replace("/testdb", "/bare"));
    let text = "database bare has no table that this login can see [source_permission]; grant the login SELECT and VIEW DEFINITION";
    refuses_call(&world, call, 2, &[text]);
    // Sizes are only estimates: without them the plan is made all the same.
    world.engine.deny_view("sys.dm_db_partition_stats", Some(Denial::Denied));
    let call = world.command(&["plan"]).env("SHARDFERRY_RUN_ID", "other");
    answers(call, 0, &["dbo.Customers"]);
}
