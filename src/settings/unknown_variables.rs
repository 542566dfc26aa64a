//! A variable `SHARDFERRY_…` that nothing reads is an error: a misspelled one must not be forgotten in silence.
//!
//! Known are the flags of all commands, as one environment serves several of them. Two kinds of others are let through:
//!
//! - what Kubernetes sets in every pod of a namespace that has a Service called `shardferry` or `shardferry-…`: nobody
//!   wrote these, and a pod that does not say `enableServiceLinks: false` has them
//! - what the tests, the benchmarks and the compose file of the program say to each other

use super::Environment;
use super::layers::variable;
use crate::error::{Error, ErrorKind, Result};
use crate::model::likeness::{closest, did_you_mean};
use std::collections::BTreeSet;

const PREFIX: &str = "SHARDFERRY_";
/// Read by the tests, by the benchmarks, by a program with the feature `failpoints`, and by `deploy/compose`.
const OF_OTHERS: [&str; 5] = ["TEST_", "BENCH_", "FAILPOINTS", "UPDATE_DOCS", "IMAGE"];

/// # Errors
/// Kind Config with every variable that is unknown, and the closest known ones. No value is shown: it may be a secret.
pub(super) fn refuse(environment: &Environment, flags: &BTreeSet<String>) -> Result<()> {
    let known: BTreeSet<String> = flags.iter().map(|flag| variable(flag)).collect();
    let is_known = |name: &str, value: &str| {
        let rest = name.strip_prefix(PREFIX).unwrap_or_default();
        known.contains(name)
            || OF_OTHERS.iter().any(|begin| rest.starts_with(begin))
            || is_service_link(rest, value)
    };
    let unknown: Vec<String> = environment
        .beginning_with(PREFIX)
        .filter(|(name, value)| !is_known(name, value))
        .map(|(name, _)| complaint(name, flags))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, unknown.join("; ")))
}

fn complaint(name: &str, flags: &BTreeSet<String>) -> String {
    // As a flag: all variables begin alike, which would make all of them similar.
    let written = name.strip_prefix(PREFIX).unwrap_or(name).replace('_', "-");
    let close: Vec<String> =
        closest(&written, flags.iter().map(String::as_str)).into_iter().map(variable).collect();
    let question = did_you_mean(&close)
        .unwrap_or_else(|| "each flag that --help lists has one, and there are no others".to_owned());
    format!("{name} is not a variable that shardferry reads; {question}")
}

/// What Kubernetes makes of a Service (`k8s.io/kubernetes/pkg/kubelet/envvars`), behind `SHARDFERRY_`: of one that is
/// called `shardferry`, or of one whose name goes on behind `shardferry-`.
///
/// `…SERVICE_HOST`, `…SERVICE_PORT`, `…SERVICE_PORT_<NAME>`, `…PORT`, `…PORT_<N>_<PROTOCOL>`, and of these
/// `_PROTO`, `_PORT` and `_ADDR`.
fn is_service_link(rest: &str, value: &str) -> bool {
    let behind = |mark: &str| {
        if let Some(behind) = rest.strip_prefix(mark) {
            return Some(behind);
        }
        rest.split_once(&format!("_{mark}")).map(|(_, behind)| behind)
    };
    if let Some(behind) = behind("SERVICE_HOST") {
        return behind.is_empty();
    }
    if let Some(behind) = behind("SERVICE_PORT") {
        return behind.is_empty() || behind.starts_with('_');
    }
    match behind("PORT") {
        // tcp://10.0.0.1:443; a number is what somebody wrote by hand.
        Some("") => value.contains("://"),
        Some(behind) => {
            let mut words = behind.trim_start_matches('_').split('_');
            words
                .next()
                .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
                && matches!(words.next(), Some("TCP" | "UDP" | "SCTP"))
                && matches!(words.next(), None | Some("PROTO" | "PORT" | "ADDR"))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> Option<String> {
        let flags = ["no-truncate", "truncate", "jobs", "source-url", "run-id"].map(str::to_owned).into();
        refuse(&Environment::from_pairs(pairs), &flags).err().map(|error| error.to_string())
    }

    #[test]
    fn every_misspelled_variable_is_named_with_the_closest_ones_and_without_its_value() {
        let said = said(&[
            ("SHARDFERRY_NO_TRUNCAT", "true"),
            ("SHARDFERRY_SOURCEURL", "mssql://sa:s3cret@h/db"),
            ("SHARDFERRY_JOBS", "3"),
            ("SHARDFERRY_ZZZ", "1"),
            ("SHARDFERRY_job", "1"),
        ])
        .unwrap();
        for part in [
            "SHARDFERRY_NO_TRUNCAT is not a variable that shardferry reads; did you mean SHARDFERRY_NO_TRUNCATE?",
            "SHARDFERRY_SOURCEURL is not a variable that shardferry reads; did you mean SHARDFERRY_SOURCE_URL?",
            "SHARDFERRY_job is not a variable that shardferry reads; did you mean SHARDFERRY_JOBS?",
            "SHARDFERRY_ZZZ is not a variable that shardferry reads; each flag that --help lists has one",
            "[config]",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("s3cret") && !said.contains("SHARDFERRY_JOBS is"), "{said}");
    }

    #[test]
    fn what_is_empty_and_what_others_set_is_let_through() {
        assert_eq!(
            said(&[
                ("SHARDFERRY_NO_TRUNCAT", ""),
                ("SHARDFERRYX", "1"),
                ("SHARDFERRY_TEST_PG_URL", "postgres://h/db"),
                ("SHARDFERRY_FAILPOINTS", "x=exit"),
                ("SHARDFERRY_IMAGE", "shardferry:dev"),
                // A Service `shardferry`, and one `shardferry-metrics`.
                ("SHARDFERRY_SERVICE_HOST", "10.0.0.1"),
                ("SHARDFERRY_SERVICE_PORT", "443"),
                ("SHARDFERRY_SERVICE_PORT_HTTPS", "443"),
                ("SHARDFERRY_PORT", "tcp://10.0.0.1:443"),
                ("SHARDFERRY_PORT_443_TCP", "tcp://10.0.0.1:443"),
                ("SHARDFERRY_PORT_443_TCP_PROTO", "tcp"),
                ("SHARDFERRY_PORT_443_TCP_PORT", "443"),
                ("SHARDFERRY_PORT_443_TCP_ADDR", "10.0.0.1"),
                ("SHARDFERRY_METRICS_SERVICE_HOST", "10.0.0.1"),
                ("SHARDFERRY_METRICS_SERVICE_PORT_WEB", "80"),
                ("SHARDFERRY_METRICS_PORT", "udp://10.0.0.1:53"),
                ("SHARDFERRY_METRICS_PORT_53_UDP_ADDR", "10.0.0.1"),
            ]),
            None
        );
        for name in ["SHARDFERRY_SOURCE_PORT", "SHARDFERRY_PORT_TCP", "SHARDFERRY_SERVICE_HOSTS"] {
            assert!(said(&[(name, "1433")]).is_some(), "{name}");
        }
    }
}
