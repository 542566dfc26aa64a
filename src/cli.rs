//! The command line as typed: fields only. `settings` adds the environment and the config file, checks and converts.
//!
//! Every value stays optional here, so that a lower layer can fill it. Long flag names are also the names of the
//! environment variables (`SHARDFERRY_<FLAG>`) and the keys of the config file.

mod completions;
mod copying;
#[cfg(test)]
mod documented;
mod examples;
mod numbers;
mod planning;

pub use completions::{COMPLETIONS, completions};
pub use copying::{CopyArgs, OnExisting, ThrottleArgs};
pub use planning::{CollationsChoice, NameCaseChoice, PartitionsChoice, PlanChoiceArgs};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Copies a shard of SQL Server tables into PostgreSQL; checkpoints are JSON objects in S3.
#[derive(Debug, Clone, Parser)]
#[command(name = "shardferry", version, arg_required_else_help = true)]
#[command(max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: CliCommand,
}

/// Flags that a command takes and that change nothing of it: its help does not show them. Those of `schema` are the
/// contract (DESIGN section 2), and one environment serves all commands.
const WITHOUT_MEANING: [(&str, &[&str]); 4] = [
    ("plan", &["grace_period"]),
    (
        "schema",
        &[
            "jobs",
            "resume",
            "no_truncate",
            "truncate",
            "on_existing",
            "retry_failed",
            "verbose",
            "chunk_size",
            "memory",
            "rejects",
            "rejects_quota",
            "max_rows_per_second",
            "max_mb_per_second",
            "max_replica_lag",
        ],
    ),
    ("sync", &["unlogged"]),
    ("status", &["grace_period", "pod_name", "retries", "retry_max_wait"]),
];

/// The whole command line: the commands with examples, and `completions`, which needs no settings.
#[must_use]
pub fn command() -> clap::Command {
    let mut command =
        Cli::command().subcommand(completions::subcommand()).after_help(examples::of("shardferry"));
    let names: Vec<String> = command.get_subcommands().map(|of| of.get_name().to_owned()).collect();
    for name in names {
        let after = examples::of(&name);
        let hidden = WITHOUT_MEANING.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, hidden)| hidden);
        command = command.mut_subcommand(name, |of| {
            of.after_help(after).mut_args(|arg| {
                let is_hidden = hidden.contains(&arg.get_id().as_str());
                arg.hide(is_hidden)
            })
        });
    }
    command
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum CliCommand {
    /// Pin the run's tables and their order in plan.json
    Plan(PlanArgs),
    /// Create schemas, tables and primary keys in the target
    Schema(WorkArgs),
    /// Copy the data
    Sync(WorkArgs),
    /// After all data: indexes, unique and foreign keys, identity positions, ANALYZE
    Finish(FinishArgs),
    /// Plan if there is none, schema, sync, and finish by the last pod: the container's default
    Run(RunArgs),
    /// Show the progress of all pods from the checkpoints
    Status(StatusArgs),
    /// Take up changed columns, policies, masks, maps and filters of named tables; only they begin anew
    Replan(ReplanArgs),
    /// Clear the checkpoints and the ledger of a shard or of named tables
    Reset(ResetArgs),
}

/// Where the checkpoints are, and how the process reports. On every command.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArguments {
    /// YAML file with defaults for these flags
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub config: Option<PathBuf>,
    /// Where the checkpoints are: s3://bucket/prefix or file:///dir
    #[arg(long, value_name = "URL", help_heading = "Run")]
    pub checkpoint: Option<String>,
    /// Name of the run; all its pods give the same [default: default]
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub run_id: Option<String>,
    /// Name of this pod [default: POD_NAME, or the host name]
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub pod_name: Option<String>,
    /// Tries after a transient error [default: 8]
    #[arg(long, value_name = "N", help_heading = "Run", allow_negative_numbers = true, value_parser = numbers::retries)]
    pub retries: Option<usize>,
    /// Longest pause between tries [default: 30s]
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    pub retry_max_wait: Option<String>,
    /// Time to finish what is under way after SIGTERM [default: 25s]
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    pub grace_period: Option<String>,
    /// Form of the log on stderr [default: text on a terminal, else json]
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Run")]
    pub log_format: Option<LogFormat>,
    /// Say only warnings, errors and the final summary
    #[arg(long, help_heading = "Run")]
    pub quiet: bool,
    /// Draw no live bars on a terminal; lines say how far it is
    #[arg(long, help_heading = "Run")]
    pub no_progress: bool,
    /// Write a JSON result here [default: /airflow/xcom/return.json if that folder exists]
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub result_file: Option<PathBuf>,
    /// Write a summary of at most 4 KiB here [default: /dev/termination-log if that is a file]
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub termination_log: Option<PathBuf>,
}

/// SQL Server.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// SQL Server: mssql://user@host:1433/db?encrypt=on, an ADO.NET or a JDBC string
    #[arg(long, value_name = "URL", help_heading = "Source and target", conflicts_with = "source_url_file")]
    pub source_url: Option<String>,
    /// File with the source URL, for a mounted secret
    #[arg(long, value_name = "FILE", help_heading = "Source and target")]
    pub source_url_file: Option<PathBuf>,
}

/// PostgreSQL.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// PostgreSQL: postgres://user@host:5432/db?sslmode=verify-full, or a keyword string
    #[arg(long, value_name = "URL", help_heading = "Source and target", conflicts_with = "target_url_file")]
    pub target_url: Option<String>,
    /// File with the target URL, for a mounted secret
    #[arg(long, value_name = "FILE", help_heading = "Source and target")]
    pub target_url_file: Option<PathBuf>,
}

/// Which tables; none of these means all. One way at a time.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectionArgs {
    /// Tables A to B of the plan, 1-based and inclusive
    #[arg(long, value_name = "A-B", help_heading = "Choosing tables", conflicts_with_all = ["shard", "shard_count", "shard_index", "table"])]
    pub range: Option<String>,
    /// The I-th of N shards balanced by bytes, 1-based
    #[arg(long, value_name = "I/N", help_heading = "Choosing tables", conflicts_with_all = ["shard_count", "shard_index", "table"])]
    pub shard: Option<String>,
    /// Number of shards, with --shard-index
    #[arg(long, value_name = "N", help_heading = "Choosing tables", conflicts_with = "table", allow_negative_numbers = true, value_parser = numbers::shards)]
    pub shard_count: Option<u32>,
    /// 0-based number of the shard [default: JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "I", help_heading = "Choosing tables", conflicts_with = "table", allow_negative_numbers = true, value_parser = numbers::shard_index)]
    pub shard_index: Option<u32>,
    /// This table; repeatable
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Choosing tables")]
    pub table: Vec<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub choice: PlanChoiceArgs,
    /// Write nothing: say what would become of every object, and how much there is
    #[arg(long, help_heading = "Output", conflicts_with_all = ["shards", "shards_file"])]
    pub dry_run: bool,
    /// List every object of what is grouped: with --dry-run, and of columns that are left out
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    /// Print the ranges of N shards balanced by bytes, with their tables, rows and bytes
    #[arg(long, value_name = "N", help_heading = "Output", allow_negative_numbers = true, value_parser = numbers::shards)]
    pub shards: Option<u32>,
    /// Write the ranges of the shards that are not empty here, as a JSON list for a fan-out
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub shards_file: Option<PathBuf>,
    /// Form of the output on stdout [default: table]
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output")]
    pub format: Option<Format>,
    #[command(flatten)]
    pub run: RunArguments,
}

/// `schema` and `sync`.
#[derive(Debug, Clone, Default, Args)]
pub struct WorkArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub copy: CopyArgs,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub choice: PlanChoiceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub copy: CopyArgs,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct FinishArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    /// Go on without failed tables: nothing is built on them, and the exit code is 3 until a later `finish` completes
    /// them
    #[arg(long, help_heading = "Choosing tables")]
    pub without_failed: bool,
    /// Statements at once [default: two for each CPU of the container, at most 8]
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = numbers::jobs)]
    pub jobs: Option<NonZeroUsize>,
    /// As for the copy: what database-snapshot NAME names is asked for indexes and keys [default: the database]
    #[arg(long, value_name = "HOW", help_heading = "Copying", num_args = 1..=2)]
    pub consistency: Vec<String>,
    /// Age after which another pod's claim may be taken over [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Copying")]
    pub claim_timeout: Option<String>,
    /// Serve metrics for Prometheus at http://ADDRESS:PORT/metrics while it runs, like 0.0.0.0:9464 [default: off]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Run")]
    pub metrics_address: Option<String>,
    /// List every object that a grouped warning counts
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// Repaint every two seconds until every table is completed or failed
    #[arg(long, help_heading = "Output")]
    pub watch: bool,
    /// List every table, not only those that run, failed or are silent
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    /// Form of the output on stdout [default: table]
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output")]
    pub format: Option<Format>,
    /// Phases in the JSON [default: both, a completed schema only once the data is completed]
    #[arg(long, value_enum, value_name = "PHASE", help_heading = "Output")]
    pub phase: Option<PhaseChoice>,
    /// End with 0 if the run is completed, 3 if something of it failed, 5 if it is not completed yet
    #[arg(long, help_heading = "Output", conflicts_with = "watch")]
    pub exit_code: bool,
    /// Age of a heartbeat from which on a pod counts as silent; give that of the pods [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Output")]
    pub claim_timeout: Option<String>,
    /// The target: its ledger tells which tables another run has begun since
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ReplanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    /// This table; repeatable
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Choosing tables")]
    pub table: Vec<String>,
    /// What becomes of values of these tables that PostgreSQL cannot hold, like nul=strip; repeatable
    #[arg(long, value_name = "KIND=WHAT", help_heading = "Planning")]
    pub policy: Vec<String>,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Clear the whole run, if no tables are chosen
    #[arg(long, help_heading = "Choosing tables")]
    pub yes: bool,
    #[command(flatten)]
    pub run: RunArguments,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Form of what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
}

/// Which phases `status --format json` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhaseChoice {
    Schema,
    Data,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    /// A flag that is renamed would be shown again.
    #[test]
    fn what_is_hidden_is_a_flag_of_its_command() {
        let all = command();
        for (name, hidden) in WITHOUT_MEANING {
            let of = all.find_subcommand(name).unwrap();
            for flag in hidden {
                let arg = of.get_arguments().find(|arg| arg.get_id().as_str() == *flag);
                assert!(arg.is_some_and(clap::Arg::is_hide_set), "{name} {flag}");
            }
        }
    }

    /// Every example is a command line that is understood.
    #[test]
    fn examples_are_commands() {
        let all = command();
        let mut lines = 0;
        for name in all.get_subcommands().map(clap::Command::get_name).chain(["shardferry"]) {
            let text = examples::of(name);
            for line in text.lines().filter_map(|line| line.strip_prefix("  shardferry ")) {
                let typed = line.split("  #").next().unwrap_or_default();
                let typed = typed.split(" >").next().unwrap_or_default().replace('\'', "");
                let parsed = all
                    .clone()
                    .try_get_matches_from(std::iter::once("shardferry").chain(typed.split_whitespace()));
                // `help run` answers with a help, which is none of the errors.
                let is_understood = parsed.as_ref().map_or_else(|error| !error.use_stderr(), |_| true);
                assert!(is_understood, "{line}: {parsed:?}");
                assert!(line.len() + 13 <= 100, "{line}");
                lines += 1;
            }
        }
        assert!(lines >= 20, "{lines} examples");
    }

    /// The help of the program and of every command, as a terminal of 100 columns shows it.
    #[test]
    fn help_is_reviewed() {
        let mut command = command().term_width(100);
        command.build();
        insta::assert_snapshot!("help", command.render_help().to_string());
        for subcommand in command.get_subcommands_mut().filter(|of| of.get_name() != "help") {
            let name = format!("help-{}", subcommand.get_name());
            let help = subcommand.clone().term_width(100).render_help().to_string();
            insta::assert_snapshot!(name, help);
        }
    }
}
