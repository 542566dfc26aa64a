use super::*;
use crate::settings::source::SourceSettings;
use crate::settings::target::TargetSettings;
use crate::settings::{Environment, Failure, load};
use std::collections::BTreeSet;
use std::ffi::OsString;

const SYNC: [&str; 7] = [
    "shardferry",
    "sync",
    "--checkpoint=file:///c",
    "--source-url",
    "mssql://sa:pw@h/d",
    "--target-url",
    "postgres://jo@h/d",
];

/// Where a user gives a time, and in which unit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Flag,
    SourceUrl { millis_each: u64 },
    TargetUrl { millis_each: u64 },
    Variable,
}

/// Every time that a user may give: its name, its place, its floor in milliseconds, and whether 0 is accepted.
const FLOORS: [(&str, Place, u64, bool); 13] = [
    ("claim-timeout", Place::Flag, 1_000, false),
    ("retry-max-wait", Place::Flag, 10, false),
    ("grace-period", Place::Flag, 1, true),
    ("max-replica-lag", Place::Flag, 1_000, false),
    ("connectTimeout", Place::SourceUrl { millis_each: 1000 }, 1_000, true),
    ("readTimeout", Place::SourceUrl { millis_each: 1000 }, 1_000, true),
    ("socketTimeout", Place::SourceUrl { millis_each: 1 }, 500, true),
    ("connect_timeout", Place::TargetUrl { millis_each: 1000 }, 1_000, true),
    ("tcp_user_timeout", Place::TargetUrl { millis_each: 1 }, 1_000, true),
    ("keepalives_idle", Place::TargetUrl { millis_each: 1000 }, 1_000, true),
    ("keepalives_interval", Place::TargetUrl { millis_each: 1000 }, 1_000, true),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", Place::Variable, 100, false),
    ("OTEL_METRIC_EXPORT_INTERVAL", Place::Variable, 10, false),
];

/// Gives the time to the program: Ok, or what it says.
fn give(name: &str, place: Place, millis: u64) -> Result<(), String> {
    let in_unit = |each: u64| format!("{name}={}", millis / each);
    match place {
        Place::Flag => {
            let flag = format!("--{name}={millis}ms");
            let arguments = SYNC.iter().copied().chain([flag.as_str()]).map(OsString::from).collect();
            match load(arguments, &Environment::default()) {
                Ok(_) => Ok(()),
                Err(Failure::Error(error)) => Err(error.to_string()),
                Err(Failure::Clap(error)) => panic!("{error}"),
                Err(Failure::Answer(_)) => panic!("no settings were asked for"),
            }
        }
        Place::SourceUrl { millis_each } => {
            let url = format!("mssql://sa:pw@h/d?{}", in_unit(millis_each));
            SourceSettings::parse(&url).map(drop).map_err(|error| error.to_string())
        }
        Place::TargetUrl { millis_each } => {
            let url = format!("postgres://jo@h/d?{}", in_unit(millis_each));
            TargetSettings::parse(&url).map(drop).map_err(|error| error.to_string())
        }
        Place::Variable => {
            let millis = millis.to_string();
            let environment =
                Environment::from_pairs(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), (name, &millis)]);
            let arguments = SYNC.iter().map(OsString::from).collect();
            let warnings = load(arguments, &environment).unwrap().telemetry.warnings;
            if warnings.is_empty() { Ok(()) } else { Err(warnings.join(", ")) }
        }
    }
}

#[test]
fn a_time_that_spins_or_never_succeeds_is_refused_with_its_floor() {
    for (name, place, floor, zero) in FLOORS {
        assert_eq!(give(name, place, floor), Ok(()), "{name}");
        assert_eq!(give(name, place, 0).is_ok(), zero, "{name}: {:?}", give(name, place, 0));
        let unit = match place {
            Place::SourceUrl { millis_each } | Place::TargetUrl { millis_each } => millis_each,
            Place::Flag | Place::Variable => 1,
        };
        let shorter = floor.saturating_sub(unit);
        if shorter > 0 || !zero {
            let said = give(name, place, shorter).expect_err(name);
            let accepted = format!("the shortest is {}", AsFlagValue(Duration::from_millis(floor)));
            assert!(
                said.contains(name) && said.contains("is too short") && said.contains(&accepted),
                "{said}"
            );
        }
        let most = if name.starts_with("keepalives") { 32_767_000 } else { 168 * 3_600_000 };
        assert_eq!(give(name, place, most), Ok(()), "{name}");
        let said = give(name, place, most + 1000).expect_err(name);
        assert!(said.contains(name) && said.contains("is too long"), "{said}");
    }
}

#[test]
fn the_table_of_floors_has_every_flag_that_takes_a_time() {
    let mut command = crate::cli::command();
    command.build();
    let is_time = |arg: &&clap::Arg| {
        arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "TIME"))
    };
    let flags: BTreeSet<&str> = command
        .get_subcommands()
        .flat_map(|subcommand| subcommand.get_arguments().filter(is_time).filter_map(clap::Arg::get_long))
        .collect();
    let table: BTreeSet<&str> =
        FLOORS.iter().filter(|(_, place, ..)| *place == Place::Flag).map(|(name, ..)| *name).collect();
    assert_eq!(table, flags);
}

#[test]
fn times_have_units() {
    for (text, millis) in
        [("500ms", 500), ("60s", 60_000), ("60", 60_000), ("5m", 300_000), ("1h", 3_600_000), ("0", 0)]
    {
        assert_eq!(GRACE_PERIOD.read(Some(text)).unwrap(), Some(Duration::from_millis(millis)), "{text}");
    }
    for text in ["", "s", "5d", "1.5s", "-1s", "60 s", "169h", "99999999999999999999s", "5é"] {
        let detail = GRACE_PERIOD.read(Some(text)).unwrap_err().detail();
        assert!(detail.starts_with("--grace-period: ") && detail.contains("168h"), "{text}: {detail}");
    }
    assert_eq!(GRACE_PERIOD.read(None).unwrap(), None);
}

#[test]
fn a_refused_zero_says_what_is_accepted() {
    let said = CLAIM_TIMEOUT.read(Some("0s")).unwrap_err().detail();
    assert_eq!(said, "--claim-timeout: 0s is too short: the shortest is 1s");
    let said = SOURCE_READ_TIMEOUT.accepted(Duration::from_millis(1)).unwrap_err();
    assert_eq!(said, "1ms is too short: the shortest is 500ms, or 0: the default");
}
