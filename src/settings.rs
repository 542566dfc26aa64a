//! Flags, environment and config file become validated [`Settings`]; the only part that reads the environment.
//!
//! Precedence, for every setting: flag, then `SHARDFERRY_<FLAG>`, then the key of that name in `--config`. An empty
//! variable counts as absent. Nothing here talks to a server; URLs are parsed and forgotten, so that no message can
//! show them.

mod command;
mod copying;
mod environment;
mod file;
mod flag_values;
mod layers;
pub mod login;
mod mistakes;
mod outputs;
mod parts;
mod planning;
mod retries;
pub mod source;
mod tables;
pub mod target;
mod telemetry;
mod times;
mod unknown_variables;
mod yaml;

pub use crate::cli::OnExisting;
pub use command::Command;
pub use copying::{Consistency, Rejects, Throttle, Truncate};
pub use environment::Environment;
pub use layers::message_of;
pub use outputs::{LogSettings, OutputSettings, ScreenSettings, fallback_log_format};
pub use planning::policies;
pub use retries::RetryPolicy;
pub use telemetry::{Collector, TelemetrySettings};

use crate::cli::{Cli, SourceArgs, TargetArgs};
use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use crate::limits::memory::{self, Workers};
use crate::model::location::{CheckpointUrl, RunId};
use crate::model::names::TableName;
use crate::model::plan::PlanOptions;
use crate::model::selection::Selection;
use crate::settings::source::SourceSettings;
use crate::settings::target::TargetSettings;
use clap::FromArgMatches;
use file::TablesSection;
use mistakes::{Given, Mistakes};
use parts::Parts;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More chunks at once than this rarely help, and each holds two connections.
const MOST_DEFAULT_JOBS: usize = 8;
/// A job mostly waits for one server or the other: a row costs it well below a microsecond of CPU, and each server
/// several times that. Two jobs fill the pauses between chunks and tables, and still leave a CPU half idle.
const JOBS_PER_CPU: usize = 2;
/// A chunk is redone as a whole, and is a transaction of its own: seconds of work, far above the cost of a commit.
const DEFAULT_CHUNK: u64 = 128 * 1024 * 1024;
const LEAST_CHUNK: u64 = 1024;
const LEAST_MEMORY: u64 = 16 * 1024 * 1024;

/// Everything that was asked for, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub command: Command,
    /// Present for the commands that need it (all but `status` and `reset`; `schema` may do without).
    pub source: Option<SourceSettings>,
    /// Present for the commands that need it (all but `plan` and `status`, which look at it if it is given).
    pub target: Option<TargetSettings>,
    /// None for `plan --dry-run` alone, which has none.
    pub checkpoint: Option<CheckpointUrl>,
    pub run_id: RunId,
    pub pod: String,
    pub claim_timeout: Duration,
    pub selection: Selection,
    /// Chunks at once.
    pub jobs: NonZeroUsize,
    /// A run without a checkpoint is an error.
    pub resume: bool,
    pub start_from_table: Option<TableName>,
    /// Forget what was done for the chosen tables first.
    pub reset: bool,
    pub truncate: Truncate,
    pub on_existing: OnExisting,
    pub retry_failed: bool,
    /// What is grouped is listed as well.
    pub verbose: bool,
    pub consistency: Consistency,
    /// Bytes of source data that make a chunk.
    pub chunk_size: u64,
    /// Bytes for all buffers together; None: by the memory limit of the container.
    pub memory: Option<u64>,
    /// Of `plan` and `run`; empty otherwise.
    pub plan: PlanOptions,
    /// `--policy` as it was given, for `replan`: what is not named stays as it is.
    pub policy_choices: Vec<String>,
    /// Where rows go that cannot be converted; None: they fail their table.
    pub rejects: Option<Rejects>,
    /// Tables are created UNLOGGED, and set LOGGED when all their rows are there.
    pub unlogged: bool,
    pub throttle: Throttle,
    pub retry: RetryPolicy,
    /// From SIGTERM until what is under way must have ended.
    pub grace: Duration,
    pub log: LogSettings,
    pub screen: ScreenSettings,
    pub telemetry: TelemetrySettings,
    pub outputs: OutputSettings,
}

impl Settings {
    /// The source, for a command that needs it.
    ///
    /// # Errors
    /// Kind Config, naming the flags, if none was given.
    pub fn source(&self) -> Result<&SourceSettings> {
        self.source.as_ref().ok_or_else(missing_source)
    }

    /// The checkpoints, for a command that needs them.
    ///
    /// # Errors
    /// Kind Config, naming the flag, if none was given.
    pub fn checkpoint(&self) -> Result<&CheckpointUrl> {
        self.checkpoint.as_ref().ok_or_else(missing_checkpoint)
    }

    /// The target, for a command that needs it.
    ///
    /// # Errors
    /// Kind Config, naming the flags, if none was given.
    pub fn target(&self) -> Result<&TargetSettings> {
        self.target.as_ref().ok_or_else(missing_target)
    }
}

fn missing_source() -> Error {
    missing_url("source-url", "SQL Server, for example mssql://user@host:1433/db")
}

fn missing_target() -> Error {
    missing_url("target-url", "PostgreSQL, for example postgres://user@host:5432/db")
}

fn missing_checkpoint() -> Error {
    let message = "--checkpoint is missing: give s3://bucket/prefix or file:///dir, as --checkpoint or SHARDFERRY_CHECKPOINT";
    Error::new(ErrorKind::Config, message)
}

fn missing_url(flag: &str, what: &str) -> Error {
    let variable = flag.replace('-', "_").to_uppercase();
    let message =
        format!("--{flag} is missing: give {what}, as SHARDFERRY_{variable}, --{flag}-file or --{flag}");
    Error::new(ErrorKind::Config, message)
}

/// Why there are no settings.
#[derive(Debug)]
pub enum Failure {
    /// clap's own answer: a usage error, or the text of `--help` and `--version`.
    Clap(Box<clap::Error>),
    /// What was asked of the program itself, for stdout: no settings are needed for it.
    Answer(Vec<u8>),
    /// What the layers below or the checks found.
    Error(Box<Error>),
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Clap(Box::new(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// The settings of this process. `arguments` begin with the program's name.
///
/// # Errors
/// [`Failure::Clap`] for what clap answers itself, else kind Usage or Config, naming the flag and what is accepted.
pub fn load(arguments: Vec<OsString>, environment: &Environment) -> Result<Settings, Failure> {
    let merged = layers::merge(arguments, environment)?;
    let cli = Cli::from_arg_matches(&merged.matches)?;
    Ok(settings(cli, merged.tables.as_ref(), environment)?)
}

/// Where to report a failure of [`load`]: the defaults of the machine, and what the environment says.
#[must_use]
pub fn fallback_outputs(environment: &Environment) -> OutputSettings {
    let path = |name: &str| environment.get(name).map(PathBuf::from);
    outputs::outputs(path("SHARDFERRY_RESULT_FILE"), path("SHARDFERRY_TERMINATION_LOG"))
}

fn settings(cli: Cli, tables: Option<&TablesSection>, environment: &Environment) -> Result<Settings> {
    let (command, parts) = parts::of_command(cli.command);
    let Parts { source, target, choice, selection, copy, run, confirmed, verbose } = parts;
    let mut mistakes = Mistakes::default();
    let selection = mistakes.keep_given(flag_values::selection(&selection, environment).map(Some));
    if !confirmed && matches!(selection, Given::Read(Selection::All)) {
        let message =
            "reset without --range, --shard or --table clears the whole run; add --yes if that is meant";
        mistakes.note::<()>(Err(Error::new(ErrorKind::Usage, message)));
    }
    if matches!(command, Command::Replan) && matches!(selection, Given::Read(Selection::All)) {
        let message = "--table is missing: name each table that begins anew, as SHARDFERRY_TABLE or --table";
        mistakes.note::<()>(Err(Error::new(ErrorKind::Usage, message)));
    }
    let selection = selection.read().unwrap_or(Selection::All);
    let consistency = mistakes.keep(flag_values::consistency(&copy.consistency), Consistency::default());
    let servers = servers(source, target, &consistency, &mut mistakes);
    let checkpoint = mistakes.keep_given(run.checkpoint.as_deref().map(CheckpointUrl::parse).transpose());
    check(&command, &servers, &checkpoint, &mut mistakes);
    let planning = matches!(command, Command::Plan { .. } | Command::Replan | Command::Run);
    let policy_choices = choice.policy.clone();
    let mut plan = planning::options(choice, &mut mistakes);
    // Read whatever the command is: a mistake is told at the first one that sees it.
    let choices = tables.map(|section| tables::choices(section, plan.policies)).transpose();
    let choices = mistakes.keep(choices, None);
    if planning {
        plan.tables = choices.unwrap_or_default();
    }
    let rejects = mistakes.keep(copying::rejects(copy.rejects.as_deref(), copy.rejects_quota), None);
    let memory = copy.memory.as_deref().map(|text| flag_values::size("memory", text, LEAST_MEMORY));
    let memory = mistakes.keep(memory.transpose(), None);
    let chunk_size =
        copy.chunk_size.as_deref().map(|text| flag_values::size("chunk-size", text, LEAST_CHUNK));
    let start_from_table =
        copy.start_from_table.map(|name| flag_values::table("start-from-table", &name)).transpose();
    let telemetry = telemetry::telemetry(environment, copy.metrics_address.as_deref());
    let settings = Settings {
        log: outputs::log(&run, environment),
        source: servers.source.read(),
        target: servers.target.read(),
        checkpoint: checkpoint.read(),
        run_id: mistakes.keep(run_id(run.run_id.as_deref()), RunId::unnamed()),
        pod: mistakes.keep(flag_values::pod_name(run.pod_name, environment), String::new()),
        claim_timeout: time(&times::CLAIM_TIMEOUT, copy.claim_timeout.as_deref(), &mut mistakes),
        selection,
        jobs: copy.jobs.unwrap_or_else(|| default_jobs(memory, rejects.is_some(), Path::new("/"))),
        resume: copy.resume,
        start_from_table: mistakes.keep(start_from_table, None),
        reset: copy.reset,
        on_existing: copy.on_existing.unwrap_or_default(),
        truncate: match (copy.truncate, copy.no_truncate) {
            (true, _) => Truncate::Always,
            (false, true) => Truncate::Never,
            (false, false) => Truncate::Default,
        },
        retry_failed: copy.retry_failed,
        verbose,
        consistency,
        chunk_size: mistakes.keep(chunk_size.transpose(), None).unwrap_or(DEFAULT_CHUNK),
        memory,
        plan,
        policy_choices,
        rejects,
        unlogged: copy.unlogged,
        throttle: mistakes.keep(copying::throttle(&copy.throttle), Throttle::default()),
        retry: retry_policy(run.retries, run.retry_max_wait.as_deref(), &mut mistakes),
        grace: time(&times::GRACE_PERIOD, run.grace_period.as_deref(), &mut mistakes),
        screen: outputs::screen(environment),
        telemetry: mistakes.keep(telemetry, TelemetrySettings::default()),
        outputs: outputs::outputs(run.result_file, run.termination_log),
        command,
    };
    mistakes.told()?;
    Ok(settings)
}

/// The two databases, as far as they were given.
struct GivenServers {
    source: Given<SourceSettings>,
    target: Given<TargetSettings>,
}

fn servers(
    source: SourceArgs,
    target: TargetArgs,
    consistency: &Consistency,
    mistakes: &mut Mistakes,
) -> GivenServers {
    let (source_file, target_file) = (source.source_url_file, target.target_url_file);
    let source = flag_values::url("source-url", source.source_url, source_file.as_deref());
    let source = source.and_then(|url| url.as_deref().map(SourceSettings::parse).transpose());
    let source = source.map(|source| {
        let mut source = source?.from_file(source_file);
        if let Consistency::DatabaseSnapshot(name) = consistency {
            source.snapshot = Some(name.clone());
        }
        Some(source)
    });
    let target = flag_values::url("target-url", target.target_url, target_file.as_deref());
    let target = target.and_then(|url| url.as_deref().map(TargetSettings::parse).transpose());
    let target = target.map(|target| Some(target?.from_file(target_file)));
    GivenServers { source: mistakes.keep_given(source), target: mistakes.keep_given(target) }
}

/// What a command cannot do without.
fn check(
    command: &Command,
    servers: &GivenServers,
    checkpoint: &Given<CheckpointUrl>,
    mistakes: &mut Mistakes,
) {
    let (needs_source, needs_target) = match command {
        Command::Plan { .. } => (true, false),
        Command::Schema | Command::Reset => (false, true),
        Command::Sync | Command::Finish { .. } | Command::Replan | Command::Run => (true, true),
        Command::Status { .. } => (false, false),
    };
    if needs_source && servers.source.is_missing() {
        mistakes.note::<()>(Err(missing_source()));
    }
    if needs_target && servers.target.is_missing() {
        mistakes.note::<()>(Err(missing_target()));
    }
    if checkpoint.is_missing() && !matches!(command, Command::Plan { dry_run: true, .. }) {
        mistakes.note::<()>(Err(missing_checkpoint()));
    }
    if matches!(command, Command::Plan { shards: None, shards_file: Some(_), .. }) {
        let wrong = flag_values::usage("shards-file", "needs --shards, the number of shards");
        mistakes.note::<()>(Err(wrong));
    }
}

fn run_id(given: Option<&str>) -> Result<RunId> {
    given.map_or_else(|| Ok(RunId::unnamed()), RunId::parse)
}

fn time(setting: &times::TimeSetting, given: Option<&str>, mistakes: &mut Mistakes) -> Duration {
    mistakes.keep(setting.read_or_default(given), setting.default)
}

/// By the CPUs of the container: see [`JOBS_PER_CPU`]. Never more than the memory is enough for.
fn default_jobs(memory: Option<u64>, rejects: bool, root: &Path) -> NonZeroUsize {
    let wanted = usize::try_from(limits::cpus(root)).unwrap_or(MOST_DEFAULT_JOBS);
    let wanted = wanted.saturating_mul(JOBS_PER_CPU).clamp(1, MOST_DEFAULT_JOBS);
    let jobs = NonZeroUsize::new(wanted).unwrap_or(NonZeroUsize::MIN);
    memory::fitting(memory, Workers { jobs, rejects }, root)
}

fn retry_policy(retries: Option<usize>, max_wait: Option<&str>, mistakes: &mut Mistakes) -> RetryPolicy {
    let default = RetryPolicy::default();
    let max_wait = time(&times::RETRY_MAX_WAIT, max_wait, mistakes);
    RetryPolicy { retries: retries.unwrap_or(default.retries), max_wait, ..default }
}

#[cfg(test)]
#[path = "settings/tests.rs"]
mod tests;
