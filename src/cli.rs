//! The command line as typed: fields only. `settings` adds the environment and the config file, checks and converts.
//!
//! Every value stays optional here, so that a lower layer can fill it. Long flag names are also the names of the
//! environment variables (`SHARDFERRY_<FLAG>`) and the keys of the config file.

use clap::builder::RangedI64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

const LAYERS: &str = "Every flag also reads SHARDFERRY_<FLAG>, for example SHARDFERRY_CLAIM_TIMEOUT, and the key of its \
name in the file given by --config. A flag wins over the environment, the environment over the file.";

/// Copies a shard of SQL Server tables into PostgreSQL; checkpoints are JSON objects in S3.
#[derive(Debug, Clone, Parser)]
#[command(name = "shardferry", version, arg_required_else_help = true, after_help = LAYERS)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: CliCommand,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum CliCommand {
    /// Pin the run's tables and their order in plan.json
    #[command(after_help = LAYERS)]
    Plan(PlanArgs),
    /// Create schemas, tables and primary keys in the target
    #[command(after_help = LAYERS)]
    Schema(WorkArgs),
    /// Copy the data
    #[command(after_help = LAYERS)]
    Sync(WorkArgs),
    /// After all data: indexes, unique and foreign keys, identity positions, ANALYZE
    #[command(after_help = LAYERS)]
    Finish(FinishArgs),
    /// Plan if there is none, schema, sync, and finish by the last pod: the container's default
    #[command(after_help = LAYERS)]
    Run(RunArgs),
    /// Show the progress of all pods from the checkpoints
    #[command(after_help = LAYERS)]
    Status(StatusArgs),
    /// Clear the checkpoints and the ledger of a shard or of named tables
    #[command(after_help = LAYERS)]
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
    #[arg(long, value_name = "N", help_heading = "Run")]
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
    /// Write a JSON result here [default: /airflow/xcom/return.json where that folder exists]
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub result_file: Option<PathBuf>,
    /// Write a summary of at most 4 KiB here [default: /dev/termination-log where that is a file]
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
    #[arg(long, value_name = "N", help_heading = "Choosing tables", conflicts_with = "table")]
    pub shard_count: Option<u32>,
    /// 0-based number of the shard [default: JOB_COMPLETION_INDEX]
    #[arg(long, value_name = "I", help_heading = "Choosing tables", conflicts_with = "table")]
    pub shard_index: Option<u32>,
    /// This table; repeatable
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Choosing tables")]
    pub table: Vec<String>,
}

/// How tables are worked on.
#[derive(Debug, Clone, Default, Args)]
pub struct CopyArgs {
    /// Chunks at once, of one table or of several [default: two for each CPU of the container, at most 8]
    #[arg(long, value_name = "N", help_heading = "Copying")]
    pub jobs: Option<NonZeroUsize>,
    /// Go on with an earlier run, which must exist (going on happens anyway)
    #[arg(long, help_heading = "Copying", conflicts_with = "reset")]
    pub resume: bool,
    /// Leave out the tables before this one in the plan
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Copying")]
    pub start_from_table: Option<String>,
    /// Forget what was done for the chosen tables and start them over
    #[arg(long, help_heading = "Copying")]
    pub reset: bool,
    /// Never truncate a target table; fail it where it cannot be continued
    #[arg(long, help_heading = "Copying", conflicts_with = "truncate")]
    pub no_truncate: bool,
    /// Truncate partial tables and start them over
    #[arg(long, help_heading = "Copying")]
    pub truncate: bool,
    /// Only work on tables that failed before
    #[arg(long, help_heading = "Copying")]
    pub retry_failed: bool,
    /// Split tables into chunks of this size, each committed on its own [default: 128MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Copying")]
    pub chunk_size: Option<String>,
    /// What all buffers may take together [default: by the memory limit of the container]
    #[arg(long, value_name = "SIZE", help_heading = "Copying")]
    pub memory: Option<String>,
    /// snapshot, read-committed, or database-snapshot NAME [default: snapshot where allowed]
    #[arg(long, value_name = "HOW", help_heading = "Copying", num_args = 1..=2)]
    pub consistency: Vec<String>,
    /// Age after which another pod's claim may be taken over [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Copying")]
    pub claim_timeout: Option<String>,
    /// Put rows that cannot be converted here, instead of failing their table: s3://bucket/prefix or file:///dir
    #[arg(long, value_name = "URL", help_heading = "Copying")]
    pub rejects: Option<String>,
    /// Fail a table after so many rejected rows [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Copying")]
    pub rejects_quota: Option<u64>,
    /// Where `schema` or `run` creates tables: UNLOGGED; each is set LOGGED when all its rows are there
    #[arg(long, help_heading = "Copying")]
    pub unlogged: bool,
    #[command(flatten)]
    pub throttle: ThrottleArgs,
}

/// How fast a pod may be.
#[derive(Debug, Clone, Default, Args)]
pub struct ThrottleArgs {
    /// Write at most so many rows a second, all chunks of this pod together
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = up_to(MOST_ROWS))]
    pub max_rows_per_second: Option<u64>,
    /// Write at most so many MB (1,000,000 bytes of COPY data) a second, all chunks of this pod together
    #[arg(long, value_name = "N", help_heading = "Copying", allow_negative_numbers = true, value_parser = up_to(MOST_MB))]
    pub max_mb_per_second: Option<u64>,
    /// Wait while a replica of the target is further behind than this
    #[arg(long, value_name = "TIME", help_heading = "Copying", allow_negative_numbers = true)]
    pub max_replica_lag: Option<String>,
}

/// More than this a second is no limit, but a mistake.
const MOST_ROWS: i64 = 1_000_000_000;
const MOST_MB: i64 = 1_000_000;

fn up_to(most: i64) -> RangedI64ValueParser<u64> {
    RangedI64ValueParser::new().range(1..=most)
}

/// What the plan is made of.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanChoiceArgs {
    /// Only tables matching this pattern of schema.table (* and ?); repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Planning")]
    pub include: Vec<String>,
    /// Not the tables matching this pattern; repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Planning")]
    pub exclude: Vec<String>,
    /// Put the tables of source schema A into target schema B; repeatable
    #[arg(long, value_name = "A=B", help_heading = "Planning")]
    pub schema_map: Vec<String>,
    /// Leave out columns of unsupported types instead of refusing the plan
    #[arg(long, help_heading = "Planning")]
    pub skip_unsupported: bool,
    /// Copy tables whose rows a security policy filters: this login sees all rows, or those it sees are wanted
    #[arg(long, help_heading = "Planning")]
    pub allow_row_filters: bool,
    /// How names are written in the target [default: preserve]
    #[arg(long, value_enum, value_name = "CASE", help_heading = "Planning")]
    pub name_case: Option<NameCaseChoice>,
    /// Turn this source type into another target type than by default, like datetimeoffset=text; repeatable
    #[arg(long, value_name = "TYPE=TARGET", help_heading = "Planning")]
    pub map: Vec<String>,
    /// What becomes of values that PostgreSQL cannot hold, like nul=strip or fraction=round; repeatable
    #[arg(long, value_name = "KIND=WHAT", help_heading = "Planning")]
    pub policy: Vec<String>,
    /// Collations that ignore case or accents become the database's own, ICU's, or citext [default: database]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Planning")]
    pub collations: Option<CollationsChoice>,
    /// Partitioned tables become plain ones, or partitioned ones [default: plain]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Planning")]
    pub partitions: Option<PartitionsChoice>,
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
    /// Print the ranges of N shards balanced by bytes
    #[arg(long, value_name = "N", help_heading = "Output")]
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
    /// Statements at once [default: two for each CPU of the container, at most 8]
    #[arg(long, value_name = "N", help_heading = "Copying")]
    pub jobs: Option<NonZeroUsize>,
    /// As for the copy: what database-snapshot NAME names is asked for indexes and keys [default: the database]
    #[arg(long, value_name = "HOW", help_heading = "Copying", num_args = 1..=2)]
    pub consistency: Vec<String>,
    /// Age after which another pod's claim may be taken over [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Copying")]
    pub claim_timeout: Option<String>,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// Repaint every two seconds until every table is completed or failed
    #[arg(long, help_heading = "Output")]
    pub watch: bool,
    /// List every table, not only those running and failed
    #[arg(long, help_heading = "Output")]
    pub verbose: bool,
    /// Form of the output on stdout [default: table]
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output")]
    pub format: Option<Format>,
    /// Phases in the JSON [default: both, a completed schema only once the data is completed]
    #[arg(long, value_enum, value_name = "PHASE", help_heading = "Output")]
    pub phase: Option<PhaseChoice>,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Clear the whole run, where no tables are chosen
    #[arg(long, help_heading = "Choosing tables")]
    pub yes: bool,
    #[command(flatten)]
    pub run: RunArguments,
}

/// How names are written in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NameCaseChoice {
    Preserve,
    Lower,
    Snake,
}

/// What becomes of collations that ignore case or accents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CollationsChoice {
    Database,
    Icu,
    Citext,
}

/// What becomes of partitioned tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartitionsChoice {
    Plain,
    Declarative,
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
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    /// The help of the program and of every command, as a terminal of 100 columns shows it.
    #[test]
    fn help_is_reviewed() {
        let mut command = Cli::command().term_width(100);
        command.build();
        insta::assert_snapshot!("help", command.render_help().to_string());
        for subcommand in command.get_subcommands_mut() {
            let name = format!("help-{}", subcommand.get_name());
            let help = subcommand.clone().term_width(100).render_help().to_string();
            insta::assert_snapshot!(name, help);
        }
    }
}
