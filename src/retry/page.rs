//! `docs/retries.md`, made from the tables that decide what is tried again.

use crate::checkpoint::s3::failure::{CODES, Meaning, STATUSES};
use crate::error::ErrorKind;
use crate::postgres::errors::STATES;
use crate::settings::RetryPolicy;
use crate::sqlserver::connection_errors::io_error;
use crate::sqlserver::errors::{FATAL_CLASS, NUMBERS};
use std::fmt::Write;
use std::io;

const HEAD: &str = "\
# What is tried again

A transient error is tried again after a pause; a final one is not, because it would only come again. Which is which is
decided by numbers, never by texts: SQL Server error numbers, SQLSTATEs, HTTP statuses and S3 codes, kinds of I/O errors.
This page is made from the tables in the code that decide (`src/sqlserver/errors.rs`, `src/postgres/errors.rs`,
`src/checkpoint/s3/failure.rs`), and a test keeps the two equal (`SHARDFERRY_UPDATE_DOCS=1 cargo test --lib
page_of_retries` rewrites it). The kinds and their exit codes are on [their own page](exit-codes.md).
";

const STEPS: &str = "\
What a retry does not repeat: rows that were committed. The ledger in the target is asked before each attempt, so a commit
whose answer was lost is found there, and the table (or chunk) is not read again. Each attempt at a table has fresh
connections; a stream that broke off is never read on. A write to the checkpoint store whose answer was lost is read back
and recognised by its operation id. The S3 client itself sends a request up to four times; an attempt without an answer is
given up after 5 seconds (longer for large bodies), and credentials that the store calls expired are fetched anew.

After a signal nothing is tried again: the pod ends with 143 or 130.
";

fn effect(kind: ErrorKind) -> String {
    let retry = if kind.policy().retry { "transient" } else { "final" };
    format!("{retry} | `{}`", kind.policy().code)
}

fn numbers(page: &mut String) {
    page.push_str("\n## SQL Server error numbers\n\n| number | means | | kind |\n|---|---|---|---|\n");
    for (first, last, kind, why) in NUMBERS {
        let range = if first == last { first.to_string() } else { format!("{first}–{last}") };
        writeln!(page, "| {range} | {why} | {} |", effect(*kind)).unwrap();
    }
    writeln!(
        page,
        "| any other, severity {FATAL_CLASS} and above | the server gave the connection up | {} |",
        effect(crate::sqlserver::errors::server_error(i32::MAX, 1, FATAL_CLASS, "").kind())
    )
    .unwrap();
    writeln!(page, "| any other | | {} |", effect(crate::sqlserver::errors::kind_of(i32::MAX))).unwrap();
}

fn states(page: &mut String) {
    page.push_str("\n## SQLSTATEs of PostgreSQL\n\nFive characters are one state, two a whole class; the longer entry decides.\n");
    page.push_str("\n| SQLSTATE | means | | kind |\n|---|---|---|---|\n");
    for (state, kind, why) in STATES {
        let shown = if state.len() == 2 { format!("class {state}") } else { (*state).to_owned() };
        writeln!(page, "| {shown} | {why} | {} |", effect(*kind)).unwrap();
    }
    writeln!(page, "| any other | | {} |", effect(crate::postgres::errors::kind("XX000"))).unwrap();
}

fn store_effect(meaning: Meaning) -> String {
    match meaning {
        Meaning::Absent => "no error | ".to_owned(),
        Meaning::Conflict => "read back, then decided | ".to_owned(),
        Meaning::Expired => {
            format!("transient, with fresh credentials | `{}`", ErrorKind::StoreUnavailable.policy().code)
        }
        Meaning::Transient => effect(ErrorKind::StoreUnavailable),
        Meaning::Final => effect(ErrorKind::StoreRefused),
    }
}

fn store(page: &mut String) {
    page.push_str("\n## S3\n\nThe error code decides; where it is not listed, the HTTP status.\n");
    page.push_str("\n| code or status | means | | kind |\n|---|---|---|---|\n");
    for (code, meaning, why) in CODES {
        writeln!(page, "| `{code}` | {why} | {} |", store_effect(*meaning)).unwrap();
    }
    for (first, last, meaning, why) in STATUSES {
        let range = if first == last { first.to_string() } else { format!("{first}–{last}") };
        writeln!(page, "| {range} | {why} | {} |", store_effect(*meaning)).unwrap();
    }
    writeln!(page, "| any other | | {} |", store_effect(Meaning::Final)).unwrap();
    writeln!(
        page,
        "| no credentials | none found, or their provider refuses | {} |",
        effect(ErrorKind::StoreRefused)
    )
    .unwrap();
    writeln!(
        page,
        "| no answer | no connection, a reset, a timeout; also of the credentials' provider | {} |",
        effect(ErrorKind::StoreUnavailable)
    )
    .unwrap();
}

fn connections(page: &mut String) {
    page.push_str("\n## Connections\n\n| what | | kind |\n|---|---|---|\n");
    let kinds = [
        ("refused", io::ErrorKind::ConnectionRefused),
        ("reset", io::ErrorKind::ConnectionReset),
        ("aborted", io::ErrorKind::ConnectionAborted),
        ("broken pipe", io::ErrorKind::BrokenPipe),
        ("closed in the middle of an answer", io::ErrorKind::UnexpectedEof),
        ("timed out", io::ErrorKind::TimedOut),
        ("host unreachable", io::ErrorKind::HostUnreachable),
        ("name not resolved", io::ErrorKind::Other),
    ];
    for (what, kind) in kinds {
        writeln!(page, "| {what} | {} |", effect(io_error("", kind.into()).kind())).unwrap();
    }
    let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let versions = rustls::Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered);
    let garbled = rustls::Error::DecryptError;
    for (what, error) in [
        ("TLS: the certificate is refused", certificate),
        ("TLS: no common version or cipher", versions),
        ("TLS: the stream is garbled", garbled),
    ] {
        writeln!(page, "| {what} | {} |", effect(io_error("", io::Error::other(error)).kind())).unwrap();
    }
}

fn page() -> String {
    let policy = RetryPolicy::default();
    let mut page = format!(
        "{HEAD}\n## How often\n\n`--retries` times ({}), with pauses from {:?} to `--retry-max-wait` ({:?}), each twice the one before, plus a \
         random part of up to its own\nlength: pods that lost the same server do not come back all at once. Each table and each claim \
         counts its own.\n\n{STEPS}",
        policy.retries, policy.first_wait, policy.max_wait
    );
    numbers(&mut page);
    states(&mut page);
    store(&mut page);
    connections(&mut page);
    page
}

#[test]
fn the_page_of_retries_is_that_of_the_tables() {
    crate::generated::assert_page("retries.md", &page());
}

/// No number and no state stands twice, so that the order of the rows does not matter.
#[test]
fn no_entry_hides_another() {
    for (at, (first, last, ..)) in NUMBERS.iter().enumerate() {
        assert!(first <= last, "{first}");
        for (other, until, ..) in &NUMBERS[at + 1..] {
            assert!(last < other || until < first, "{first}-{last} and {other}-{until}");
        }
    }
    for (at, (state, ..)) in STATES.iter().enumerate() {
        assert!(STATES[at + 1..].iter().all(|(other, ..)| other != state), "{state}");
    }
    for (at, (code, ..)) in CODES.iter().enumerate() {
        assert!(CODES[at + 1..].iter().all(|(other, ..)| other != code), "{code}");
    }
}
