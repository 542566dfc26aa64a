use super::*;
use crate::cli::Format;
use std::io::Write;
use std::num::NonZeroU64;

const SYNC: &[&str] = &[
    "sync",
    "--checkpoint",
    "file:///tmp/c",
    "--source-url",
    "mssql://sa:s3cret@h/db",
    "--target-url",
    "postgres://u:s3cret@h/db",
];

fn loaded(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, Failure> {
    let arguments = ["shardferry"].iter().chain(arguments).map(OsString::from).collect();
    load(arguments, &Environment::from_pairs(environment))
}

fn sync(more: &[&str], environment: &[(&str, &str)]) -> Settings {
    loaded(&[SYNC, more].concat(), environment).unwrap()
}

fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    match loaded(arguments, environment) {
        Ok(settings) => panic!("accepted: {settings:?}"),
        Err(Failure::Answer(_)) => panic!("no settings were asked for"),
        Err(Failure::Clap(error)) => {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        }
        Err(Failure::Error(error)) => {
            assert_eq!(error.policy().exit, 2);
            error.to_string()
        }
    }
}

fn config(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_defaults_suit_one_machine() {
    let settings = sync(&[], &[]);
    assert_eq!(settings.selection, Selection::All);
    assert_eq!(settings.claim_timeout, Duration::from_secs(60));
    assert_eq!(settings.grace, Duration::from_secs(25));
    assert_eq!(
        (settings.truncate, settings.consistency.clone()),
        (Truncate::Default, Consistency::SnapshotIfAllowed)
    );
    assert_eq!((settings.retry.retries, settings.retry.max_wait), (8, Duration::from_secs(30)));
    assert!(settings.jobs.get() <= 8);
    assert_eq!(settings.run_id, RunId::parse("default").unwrap());
    assert!(!settings.resume && !settings.reset && !settings.retry_failed);
}

/// One flag of every shape, on each pair of layers.
#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let file = config(
        "jobs: 1\nclaim_timeout: 10\nretry-failed: true\ntable: [dbo.A, dbo.B]\nconsistency: read-committed\n",
    );
    let path = file.path().to_str().unwrap();
    let of = |more: &[&str], environment: &[(&str, &str)]| {
        let settings = sync(&[&["--config", path], more].concat(), environment);
        (
            settings.jobs.get(),
            settings.claim_timeout.as_secs(),
            settings.retry_failed,
            settings.selection.to_string(),
            settings.consistency,
        )
    };
    assert_eq!(of(&[], &[]), (1, 10, true, "tables dbo.A, dbo.B".to_owned(), Consistency::ReadCommitted));
    let environment = [
        ("SHARDFERRY_JOBS", "2"),
        ("SHARDFERRY_CLAIM_TIMEOUT", "20s"),
        ("SHARDFERRY_RETRY_FAILED", "false"),
        ("SHARDFERRY_TABLE", "dbo.C,dbo.D"),
        ("SHARDFERRY_CONSISTENCY", "snapshot"),
    ];
    assert_eq!(
        of(&[], &environment),
        (2, 20, false, "tables dbo.C, dbo.D".to_owned(), Consistency::Snapshot)
    );
    let flags = [
        "--jobs=3",
        "--claim-timeout=30s",
        "--retry-failed",
        "--table=dbo.E",
        "--consistency",
        "read-committed",
    ];
    assert_eq!(
        of(&flags, &environment),
        (3, 30, true, "tables dbo.E".to_owned(), Consistency::ReadCommitted)
    );
}

#[test]
fn the_config_file_may_be_named_by_the_environment() {
    let file = config("range: 3-4\n");
    let settings = sync(&[], &[("SHARDFERRY_CONFIG", file.path().to_str().unwrap())]);
    assert_eq!(settings.selection, Selection::Range { first: 3, last: 4 });
}

#[test]
fn a_choice_on_a_higher_layer_replaces_another_below() {
    let file = config("shard-count: 10\ntruncate: true\n");
    let path = ["--config", file.path().to_str().unwrap()];
    let settings =
        sync(&[&path[..], &["--range", "1-2", "--no-truncate"]].concat(), &[("SHARDFERRY_SHARD_INDEX", "3")]);
    assert_eq!(
        (settings.selection, settings.truncate),
        (Selection::Range { first: 1, last: 2 }, Truncate::Never)
    );
    let settings = sync(&path, &[("SHARDFERRY_SHARD_INDEX", "3")]);
    assert_eq!(
        (settings.selection, settings.truncate),
        (Selection::Shard { number: 4, count: 10 }, Truncate::Always)
    );
}

#[test]
fn a_false_above_switches_a_true_below_off() {
    let file = config("resume: true\n");
    let path = file.path().to_str().unwrap();
    assert!(sync(&["--config", path], &[]).resume);
    let settings = sync(&["--config", path, "--reset"], &[("SHARDFERRY_RESUME", "no")]);
    assert!(settings.reset && !settings.resume);
}

#[test]
fn one_config_map_serves_all_commands() {
    let file = config("shards: 3\nrange: 1-2\nformat: json\ncheckpoint: file:///tmp/c\n");
    let path = file.path().to_str().unwrap();
    let settings = loaded(&["status", "--config", path], &[("SHARDFERRY_SERVICE_HOST", "10.0.0.1")]).unwrap();
    assert_eq!(
        settings.command,
        Command::Status { watch: false, verbose: false, format: Format::Json, phase: None, exit_code: false }
    );
}

#[test]
fn an_empty_variable_is_no_variable() {
    assert_eq!(sync(&[], &[("SHARDFERRY_RANGE", ""), ("SHARDFERRY_JOBS", "")]).selection, Selection::All);
}

#[test]
fn what_excludes_itself_on_one_layer_is_an_error() {
    for (flags, names) in [
        (&["--range", "1-2", "--shard", "1/3"][..], ["--range", "--shard"]),
        (&["--range", "1-2", "--table", "a.b"], ["--range", "--table"]),
        (&["--shard", "1/2", "--shard-count", "3"], ["--shard", "--shard-count"]),
        (&["--shard-count", "3", "--table", "a.b"], ["--shard-count", "--table"]),
        (&["--truncate", "--no-truncate"], ["--truncate", "--no-truncate"]),
        (&["--resume", "--reset"], ["--resume", "--reset"]),
        (&["--source-url-file", "f"], ["--source-url", "--source-url-file"]),
        (&["--target-url-file", "f"], ["--target-url", "--target-url-file"]),
    ] {
        let said = refused(&[SYNC, flags].concat(), &[]);
        assert!(
            said.contains("cannot be used with") && names.iter().all(|name| said.contains(name)),
            "{said}"
        );
    }
    let said = refused(SYNC, &[("SHARDFERRY_RANGE", "1-2"), ("SHARDFERRY_SHARD", "1/3")]);
    assert!(
        said.contains("SHARDFERRY_RANGE, SHARDFERRY_SHARD") && said.contains("cannot be used with"),
        "{said}"
    );
}

#[test]
fn what_excludes_itself_in_the_file_names_both_lines() {
    let file = config("range: 1-2\njobs: 2\nshard: 1/3\n");
    let path = file.path().to_str().unwrap();
    let said = refused(&[SYNC, &["--config", path]].concat(), &[]);
    let places = format!("{path}, line 1: range, {path}, line 3: shard: the argument");
    assert!(said.contains(&places) && said.contains("cannot be used with"), "{said}");
}

#[test]
fn a_lower_layer_counts_also_if_the_command_line_ends_with_two_dashes() {
    assert_eq!(sync(&["--"], &[("SHARDFERRY_JOBS", "3")]).jobs.get(), 3);
}

#[test]
fn a_wrong_value_names_its_layer() {
    let said = refused(SYNC, &[("SHARDFERRY_JOBS", "many")]);
    assert!(said.contains("SHARDFERRY_JOBS: invalid value 'many' for '--jobs <N>'"), "{said}");
    let said = refused(SYNC, &[("SHARDFERRY_RESUME", "maybe")]);
    assert!(said.contains("SHARDFERRY_RESUME: accepted are true and false"), "{said}");
    for (text, expected) in [
        ("jobs: 0\n", "line 1: jobs: invalid value '0'"),
        ("resume: [true, true]\n", "line 1: resume: accepted are true and false"),
        ("\nrange: [1-2, 3-4]\n", "line 2: range: one value is accepted"),
        ("a: b\n", "line 1: unknown key `a`"),
    ] {
        let file = config(text);
        let said = refused(&[SYNC, &["--config", file.path().to_str().unwrap()]].concat(), &[]);
        assert!(said.contains(expected), "{text:?}: {said}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_ways_to_give_it() {
    for (arguments, expected) in [
        (&["sync"][..], "--checkpoint is missing: give s3://bucket/prefix or file:///dir"),
        (&["sync", "--checkpoint", "file:///c"], "--source-url is missing: give SQL Server"),
        (
            &["run", "--checkpoint", "file:///c", "--source-url", "mssql://u:p@h/d"],
            "--target-url is missing: give PostgreSQL",
        ),
        (
            &["finish", "--checkpoint", "file:///c", "--target-url", "postgres://u@h/d"],
            "SHARDFERRY_SOURCE_URL",
        ),
        (&["plan", "--checkpoint", "file:///c"], "--source-url-file"),
        (&["schema", "--checkpoint", "file:///c"], "--target-url is missing"),
        (&["reset", "--checkpoint", "file:///c", "--yes"], "--target-url is missing"),
    ] {
        let said = refused(arguments, &[]);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn reset_of_everything_is_confirmed() {
    let reset = ["reset", "--checkpoint", "file:///c", "--target-url", "postgres://u@h/d"];
    assert!(refused(&reset, &[]).contains("add --yes"));
    assert!(loaded(&[&reset[..], &["--yes"]].concat(), &[]).is_ok());
    assert!(loaded(&[&reset[..], &["--table", "dbo.A"]].concat(), &[]).is_ok());
}

#[test]
fn a_password_is_in_no_error_and_no_debug_text() {
    assert!(!format!("{:?}", sync(&[], &[])).contains("s3cret"));
    for more in [&["--range", "0-1"][..], &["--jobs", "x"], &["--source-url-file", "f"], &["--nonsense"]] {
        assert!(!refused(&[SYNC, more].concat(), &[]).contains("s3cret"), "{more:?}");
    }
    let said = refused(
        &["sync", "--checkpoint", "file:///c"],
        &[("SHARDFERRY_SOURCE_URL", "mssql://sa:s3cret@h/db"), ("SHARDFERRY_SOURCE_URL_FILE", "f")],
    );
    assert!(
        !said.contains("s3cret") && said.contains("SHARDFERRY_SOURCE_URL, SHARDFERRY_SOURCE_URL_FILE"),
        "{said}"
    );
}

#[test]
fn shards_of_a_plan_are_counted_from_1() {
    let plan = ["plan", "--checkpoint", "file:///c", "--source-url", "mssql://u:p@h/d", "--shards"];
    assert!(
        refused(&[&plan[..], &["0"]].concat(), &[])
            .contains("for '--shards <N>': write a whole number from 1 to")
    );
    let settings = loaded(&[&plan[..], &["3"]].concat(), &[]).unwrap();
    assert_eq!(
        settings.command,
        Command::Plan { dry_run: false, shards: Some(3), shards_file: None, format: Format::Table }
    );
    assert!(
        refused(&[&plan[..5], &["--shards-file", "/s"]].concat(), &[])
            .contains("--shards-file: needs --shards")
    );
}

const PLAN: &[&str] = &["plan", "--checkpoint", "file:///tmp/c", "--source-url", "mssql://sa:s3cret@h/db"];

#[test]
fn the_choices_of_a_plan_come_reads_environment_and_file_alike() {
    let file = config(
        "policy: [nul=strip]\nname-case: snake\nmap: xml=text\ntables:\n  dbo.A:\n    columns:\n      c: {policy: fraction=round}\n",
    );
    let path = file.path().to_str().unwrap();
    let environment =
        [("SHARDFERRY_COLLATIONS", "icu"), ("SHARDFERRY_MAP", "vector=real[],datetimeoffset=text")];
    let plan = loaded(&[PLAN, &["--config", path, "--partitions", "declarative"]].concat(), &environment)
        .unwrap()
        .plan;
    assert_eq!(plan.name_case, Some(crate::model::names::NameCase::Snake));
    assert_eq!(plan.collations, crate::model::plan::Collations::Icu);
    assert_eq!(plan.partitions, crate::model::plan::Partitions::Declarative);
    assert_eq!(
        plan.maps.into_iter().collect::<Vec<_>>(),
        [("datetimeoffset".to_owned(), "text".to_owned()), ("vector".to_owned(), "real[]".to_owned())]
    );
    // A column's policies amend the run's, wherever those come from.
    let of_column = plan.tables["dbo.A"].columns["c"].policies.unwrap();
    assert_eq!(of_column.nul, crate::model::policy::NulPolicy::Strip);
    assert_eq!(of_column.fraction, crate::model::policy::FractionPolicy::Round);
    assert_eq!(plan.policies.nul, crate::model::policy::NulPolicy::Strip);
}

#[test]
fn a_mistake_in_the_tables_section_is_told_by_every_command_with_its_place() {
    let file = config("range: 1-2\ntables:\n  dbo.A:\n    where: '1=1; DROP TABLE x'\n");
    let path = file.path().to_str().unwrap();
    for command in [PLAN, SYNC] {
        let said = refused(&[command, &["--config", path]].concat(), &[]);
        assert!(said.contains(&format!("{path}, line 4: tables: dbo.A: where: holds a semicolon")), "{said}");
    }
    let file = config("tables:\n  dbo.A: {where: a = 1}\n");
    let path = file.path().to_str().unwrap();
    assert!(sync(&["--config", path], &[]).plan.tables.is_empty(), "the plan is there already");
}

#[test]
fn only_a_dry_run_needs_no_checkpoint() {
    let arguments = ["plan", "--source-url", "mssql://sa:s3cret@h/db"];
    assert!(refused(&arguments, &[]).contains("--checkpoint is missing"));
    let settings = loaded(&[&arguments[..], &["--dry-run"]].concat(), &[]).unwrap();
    assert_eq!((settings.checkpoint, settings.target.is_none()), (None, true));
    let said = refused(&[PLAN, &["--dry-run", "--shards", "3"]].concat(), &[]);
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn rejects_have_a_place_and_a_quota() {
    assert_eq!(sync(&[], &[]).rejects, None);
    let rejects = sync(&["--rejects", "s3://bucket/rejects"], &[]).rejects.unwrap();
    assert_eq!((rejects.url.to_string(), rejects.quota), ("s3://bucket/rejects".to_owned(), 1000));
    assert_eq!(sync(&["--rejects", "file:///r", "--rejects-quota", "5"], &[]).rejects.unwrap().quota, 5);
    for (more, expected) in [
        (&["--rejects-quota", "5"][..], "--rejects-quota: needs --rejects"),
        (&["--rejects", "file:///r", "--rejects-quota", "0"], "write a whole number from 1 to"),
        (&["--rejects", "/r"], "--rejects: "),
    ] {
        let said = refused(&[SYNC, more].concat(), &[]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_pod_may_be_held_back() {
    assert_eq!((sync(&[], &[]).throttle, sync(&[], &[]).unlogged), (Throttle::default(), false));
    let file = config("max-rows-per-second: 5\nmax-mb-per-second: 7\nmax-replica-lag: 1h\nunlogged: true\n");
    let more = ["--config", file.path().to_str().unwrap(), "--max-rows-per-second=1000000000"];
    let settings = sync(&more, &[("SHARDFERRY_MAX_MB_PER_SECOND", "20")]);
    assert!(settings.unlogged);
    let expected = Throttle {
        rows_per_second: NonZeroU64::new(1_000_000_000),
        bytes_per_second: NonZeroU64::new(20_000_000),
        max_replica_lag: Some(Duration::from_secs(3600)),
    };
    assert_eq!(settings.throttle, expected);
    for (flag, value, says) in [
        ("--max-rows-per-second", "0", "write a whole number from 1 to 1,000,000,000"),
        ("--max-rows-per-second", "-5", "invalid value '-5'"),
        ("--max-rows-per-second", "1000000001", "write a whole number from 1 to 1,000,000,000"),
        ("--max-rows-per-second", "99999999999999999999", "invalid value"),
        ("--max-rows-per-second", "1e6", "invalid value '1e6' for '--max-rows-per-second <N>'"),
        ("--max-mb-per-second", "0", "write a whole number from 1 to 1,000,000\n"),
        ("--max-mb-per-second", "1.5", "invalid value '1.5' for '--max-mb-per-second <N>'"),
        ("--max-mb-per-second", "1000001", "write a whole number from 1 to 1,000,000\n"),
        ("--max-replica-lag", "-5", "--max-replica-lag: -5 is not a time"),
        ("--max-replica-lag", "10 parsecs", "--max-replica-lag: \"10 parsecs\" is not a time"),
    ] {
        let said = refused(&[SYNC, &[flag, value]].concat(), &[]);
        assert!(said.contains(says), "{flag} {value}: {said}");
    }
    let said = refused(SYNC, &[("SHARDFERRY_MAX_MB_PER_SECOND", "0")]);
    assert!(said.contains("SHARDFERRY_MAX_MB_PER_SECOND: invalid value '0'"), "{said}");
}

#[test]
fn jobs_are_two_for_each_cpu_as_far_as_memory_goes() {
    let of = |cpus: &str, memory: Option<&str>| {
        let root = tempfile::tempdir().unwrap();
        let mut files = vec![
            ("proc/self/status", format!("Cpus_allowed_list:\t{cpus}\n")),
            ("proc/self/cgroup", "0::/\n".to_owned()),
        ];
        files.extend(memory.map(|limit| ("sys/fs/cgroup/memory.max", limit.to_owned())));
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        default_jobs(None, false, root.path()).get()
    };
    assert_eq!([of("0", None), of("0-1", None), of("0-3", None), of("0-63", None)], [2, 4, 8, 8]);
    // 128 MiB are enough for all of them, 64 MiB for five, and one is always tried.
    assert_eq!(["134217728", "67108864", "1048576"].map(|limit| of("0-63", Some(limit))), [8, 5, 1]);
}

/// Whatever the environment and the config file are.
#[test]
fn completions_need_no_settings() {
    let environment = [("SHARDFERRY_NO_SUCH_FLAG", "1"), ("SHARDFERRY_CONFIG", "/no/such/file")];
    match loaded(&["completions", "bash"], &environment) {
        Err(Failure::Answer(script)) => assert!(script.starts_with(b"_shardferry()")),
        other => panic!("{other:?}"),
    }
    assert!(refused(&["completions", "tcsh"], &[]).contains("possible values"));
}

#[test]
fn verbose_is_a_flag_of_those_who_group() {
    assert!(sync(&["--verbose"], &[]).verbose && !sync(&[], &[]).verbose);
    assert!(sync(&[], &[("SHARDFERRY_VERBOSE", "true")]).verbose);
}

/// The contract of the scripts: `schema` takes the flags of `sync`, though they say nothing to it.
#[test]
fn flags_that_the_help_does_not_show_are_taken() {
    let schema =
        [&["schema"], &SYNC[1..], &["--resume", "--jobs", "4", "--no-truncate", "--retry-failed"]].concat();
    assert!(loaded(&schema, &[]).unwrap().resume);
}

#[test]
fn all_mistakes_of_a_start_are_told_at_once() {
    let said = refused(
        &[
            "sync",
            "--shard",
            "4/3",
            "--claim-timeout",
            "1ms",
            "--checkpoint",
            "foo",
            "--target-url",
            "postgres://u@h/d",
        ],
        &[],
    );
    for part in [
        "4 settings are wrong:",
        "--shard: 4/3 is not a shard",
        "--source-url is missing",
        "checkpoint URL `foo`",
        "--claim-timeout: 1ms is too short: the shortest is 1s",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("--checkpoint is missing") && !said.contains("--target-url"), "{said}");
    let mistaken = [
        "--map",
        "x",
        "--map",
        "y",
        "--policy",
        "nul=x",
        "--policy",
        "z",
        "--include",
        "Orders",
        "--exclude",
        "dbo.[",
        "--exclude",
        "Customers",
        "--schema-map",
        "dbo",
    ];
    let said = refused(&[PLAN, &mistaken].concat(), &[]);
    assert!(said.contains("8 settings are wrong:"), "{said}");
    for flag in ["map", "policy", "include", "exclude", "schema-map"] {
        assert!(said.contains(&format!("\n  --{flag}: ")), "{flag} in {said}");
    }
    let said = refused(&["run"], &[]);
    for flag in ["--source-url", "--target-url", "--checkpoint"] {
        assert!(said.contains(&format!("{flag} is missing")), "{said}");
    }
}

#[test]
fn the_tables_of_replan_come_from_every_layer() {
    let replan: Vec<&str> = ["replan"].into_iter().chain(SYNC[1..].iter().copied()).collect();
    let tables = |settings: Settings| match settings.selection {
        Selection::Tables(tables) => tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    };
    let variable = [("SHARDFERRY_TABLE", "dbo.A,dbo.B")];
    assert_eq!(tables(loaded(&replan, &variable).unwrap()), "dbo.A dbo.B");
    let flag = loaded(&[&replan[..], &["--table", "dbo.C"]].concat(), &variable).unwrap();
    assert_eq!(tables(flag), "dbo.C");
    let file = config("table: [dbo.D, dbo.E]\n");
    let path = file.path().to_str().unwrap();
    assert_eq!(tables(loaded(&[&replan[..], &["--config", path]].concat(), &[]).unwrap()), "dbo.D dbo.E");
    assert!(refused(&replan, &[]).contains("--table is missing"));
}
