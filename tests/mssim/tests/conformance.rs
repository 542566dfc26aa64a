//! Real clients against mssim: each logs in, is refused with a wrong password, and reads the table of all types to
//! exact values. `tests/env/install.sh` installs them; without them these tests fail.
//!
//! The expected values stand in `conformance/*.json`, one file per client, written for what that client makes of the
//! type (FreeTDS cuts to microseconds, JavaScript's numbers are doubles, …).

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its client has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use mssim::engine::{Engine, EngineOptions};
use mssim::session::EngineBackend;
use mssim::{Options, Server, TlsMode};
use serde_json::{Value, json};

const MATRIX: &str = "SELECT * FROM dbo.type_matrix ORDER BY id";
const PASSWORD: &str = "Sh4rd-ferry!";
const WRONG: &str = "not the password";

fn start(tls: TlsMode) -> Server {
    let options = EngineOptions {
        password: PASSWORD.to_owned(),
        database: "matrix".to_owned(),
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).expect("the engine starts");
    engine.load_script(include_str!("conformance/type_matrix.sql")).expect("the matrix is loaded");
    Server::start(Options { tls, ..Options::new(Arc::new(EngineBackend::new(engine))) })
        .expect("mssim starts")
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// A path below `target/test-clients`.
fn client(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-clients").join(path);
    assert!(path.exists(), "{} is missing: run tests/env/install.sh", path.display());
    path
}

fn expected(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(here().join(file)).unwrap()).unwrap()
}

/// Runs a client that prints JSON.
fn run(command: &mut Command) -> Value {
    let output = command.stdin(Stdio::null()).output().expect("the client runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("no JSON from {command:?}\n{out}\n{err}"))
}

/// Compares row by row and column by column, so that a failure names them all.
fn assert_rows(actual: &Value, expected: &Value) {
    let (Some(actual_rows), Some(expected_rows)) = (actual.as_array(), expected.as_array()) else {
        panic!("no rows: {actual}");
    };
    assert_eq!(actual_rows.len(), expected_rows.len(), "number of rows");
    let mut wrong = Vec::new();
    for (at, (actual, expected)) in actual_rows.iter().zip(expected_rows).enumerate() {
        let (actual, expected) = (actual.as_object().unwrap(), expected.as_object().unwrap());
        for name in actual.keys().chain(expected.keys().filter(|k| !actual.contains_key(*k))) {
            if actual.get(name) != expected.get(name) {
                wrong.push(format!(
                    "row {} {name}: {:?} instead of {:?}",
                    at + 1,
                    actual.get(name),
                    expected.get(name)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn pymssql(server: &Server, password: &str, query: &str) -> Value {
    let mut python = Command::new(client("venv/bin/python"));
    run(python.arg(here().join("read_pymssql.py")).args([&server.port().to_string(), password, query]))
}

fn odbc(server: &Server, password: &str, options: &str, parameters: &[&str]) -> Value {
    let mut python = Command::new(client("venv/bin/python"));
    let query = if parameters.is_empty() { MATRIX } else { "SELECT * FROM dbo.type_matrix WHERE id = ?" };
    python.arg(here().join("read_odbc.py")).args([&server.port().to_string(), password, query, options]);
    run(python.args(parameters))
}

fn tedious(server: &Server, password: &str, query: &str, encrypt: &str, id: Option<&str>) -> Value {
    client("node_modules/tedious");
    let mut node = Command::new("node");
    node.arg(here().join("read_tedious.js")).arg(client("node_modules"));
    node.args([&server.port().to_string(), password, query, encrypt]).args(id);
    let authority = server.certificate_pem().map(|pem| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, pem.as_bytes()).unwrap();
        file
    });
    if let Some(file) = &authority {
        node.env("CA_FILE", file.path());
    }
    run(&mut node)
}

fn tsql(server: &Server, password: &str, query: &str) -> String {
    let mut command = Command::new("tsql");
    command.args(["-H", "127.0.0.1", "-U", "sa", "-P", password, "-D", "matrix", "-o", "q", "-t", "|"]);
    command.args(["-p", &server.port().to_string()]).env("TDSVER", "7.4").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let missing = "tsql is missing: run tests/env/install.sh";
    let mut child = command.spawn().expect(missing);
    let script = format!("{query}\nGO\nEXIT\n");
    // A refused login closes the pipe early.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes());
    let output = child.wait_with_output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn tsql_reads_the_matrix() {
    let server = start(TlsMode::Off);
    let out = tsql(&server, PASSWORD, MATRIX);
    let lines: Vec<&str> = out.lines().filter(|l| l.contains('|')).collect();
    let rows: Vec<Value> = lines[1..]
        .iter()
        .map(|line| {
            let fields = lines[0].split('|').zip(line.split('|'));
            // tsql prints a UDT's bytes as they are.
            let fields = fields.filter(|(name, _)| *name != "c_hierarchyid");
            let shown = |v: &str| match v.chars().count() {
                0..100 => v.to_owned(),
                n => format!("{n} characters of {}", v.chars().take(2).collect::<String>()),
            };
            fields.map(|(name, value)| (name.to_owned(), Value::String(shown(value)))).collect()
        })
        .collect();
    assert_rows(&Value::Array(rows), &expected("tsql.json"));
    assert!(tsql(&server, WRONG, MATRIX).contains("Login failed for user 'sa'"), "wrong password");
    assert_eq!((server.stats().logins(), server.stats().failed_logins()), (1, 1));
}

#[test]
fn pymssql_reads_the_matrix() {
    let server = start(TlsMode::Off);
    assert_rows(&pymssql(&server, PASSWORD, MATRIX), &expected("pymssql.json"));
    assert_eq!(pymssql(&server, WRONG, MATRIX), json!({"error": true}));
    assert_eq!(server.stats().failed_logins(), 1);
}

#[test]
fn mssql_python_reads_the_matrix() {
    let server = start(TlsMode::LoginOnly);
    let plain = "Encrypt=no;TrustServerCertificate=yes";
    let matrix = expected("mssql_python.json");
    assert_rows(&odbc(&server, PASSWORD, plain, &[]), &matrix);
    // A parameter: sp_prepexec or sp_executesql.
    assert_rows(&odbc(&server, PASSWORD, plain, &["3"]), &json!([matrix[2]]));
    assert_eq!(odbc(&server, WRONG, plain, &[])["error"], json!(true));
}

#[test]
fn mssql_python_encrypts() {
    let matrix = expected("mssql_python.json");
    let server = start(TlsMode::Full);
    assert_rows(&odbc(&server, PASSWORD, "Encrypt=yes;TrustServerCertificate=yes", &[]), &matrix);
    // Without trust in the authority the certificate is refused.
    assert_eq!(odbc(&server, PASSWORD, "Encrypt=yes;TrustServerCertificate=no", &[])["error"], json!(false));
}

#[test]
fn tedious_reads_the_matrix() {
    let server = start(TlsMode::Off);
    let matrix = expected("tedious.json");
    assert_rows(&tedious(&server, PASSWORD, MATRIX, "false", None), &matrix);
    let one = "SELECT * FROM dbo.type_matrix WHERE id = @id";
    assert_rows(&tedious(&server, PASSWORD, one, "false", Some("2")), &json!([matrix[1]]));
    assert_eq!(tedious(&server, WRONG, MATRIX, "false", None)["error"], json!(true));
    let missing = tedious(&server, PASSWORD, "SELECT * FROM dbo.missing", "false", None);
    assert_eq!(missing, json!({"error": true, "number": 208}));
}

#[test]
fn tedious_encrypts() {
    let matrix = expected("tedious.json");
    for (tls, encrypt) in [
        (TlsMode::LoginOnly, "true"),
        (TlsMode::Full, "true"),
        (TlsMode::Full, "strict"),
        (TlsMode::Strict, "strict"),
    ] {
        let server = start(tls);
        assert_rows(&tedious(&server, PASSWORD, MATRIX, encrypt, None), &matrix);
    }
    let server = start(TlsMode::Strict);
    assert_ne!(tedious(&server, PASSWORD, MATRIX, "true", None).get("error"), None, "strict only");
    let server = start(TlsMode::LoginOnly);
    assert_rows(&tedious(&server, PASSWORD, MATRIX, "false", None), &matrix);
}
