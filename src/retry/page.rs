//! The tables of `docs/reference/retries.md` are made from those that decide what is tried again.

use crate::checkpoint::s3::failure::{CODES, Meaning, STATUSES};
use crate::error::ErrorKind;
use crate::postgres::errors::STATES;
use crate::settings::RetryPolicy;
use crate::sqlserver::connection_errors::io_error;
use crate::sqlserver::errors::{FATAL_CLASS, NUMBERS};
use std::fmt::Write;
use std::io;

fn effect(kind: ErrorKind) -> String {
    let retry = if kind.policy().retry { "transient" } else { "final" };
    format!("{retry} | `{}`", kind.policy().code)
}

fn numbers(page: &mut String) {
    page.push_str("| number | means | | kind |\n|---|---|---|---|\n");
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
    page.push_str("| SQLSTATE | means | | kind |\n|---|---|---|---|\n");
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
    page.push_str("| code or status | means | | kind |\n|---|---|---|---|\n");
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
    page.push_str("| what | | kind |\n|---|---|---|\n");
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

fn pauses() -> String {
    let RetryPolicy { retries, first_wait, max_wait, .. } = RetryPolicy::default();
    format!(
        "| what | by default |\n|---|---|\n| attempts after the first one (`--retries`) | {retries} |\n\
         | the first pause | {first_wait:?} |\n| the longest pause (`--retry-max-wait`) | {max_wait:?} |\n"
    )
}

/// What a function writes.
fn table(write: fn(&mut String)) -> String {
    let mut table = String::new();
    write(&mut table);
    table
}

#[test]
fn the_page_of_retries_is_that_of_the_tables() {
    crate::generated::assert_parts(
        "reference/retries.md",
        &[
            ("pauses", pauses()),
            ("sqlserver", table(numbers)),
            ("postgres", table(states)),
            ("store", table(store)),
            ("connections", table(connections)),
        ],
    );
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
