//! Parse, start, run, and turn the outcome into an exit code; nothing else.

use shardferry::cli::LogFormat;
use shardferry::command;
use shardferry::error::{Error, ErrorKind, Result};
use shardferry::model::outcome::Outcome;
use shardferry::orchestrator::Reporter;
use shardferry::progress;
use shardferry::settings::{self, Environment, Failure, Settings};
use shardferry::stop::Stop;
use shardferry::telemetry::{self, Console, ends};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let started = Instant::now();
    let environment = Environment::read();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let outcome = match settings::load(arguments.clone(), &environment) {
        Ok(settings) => {
            let reporter = Reporter::new(&settings);
            let asked = settings.clone();
            let report = |outcome: &Outcome| {
                Console::of_process().end_bars();
                outcome.error.iter().filter(|_| !outcome.told).for_each(|error| ends::ended(&asked, error));
                reporter.report(outcome, started.elapsed());
            };
            let outcome = start(settings, &report).unwrap_or_else(|error| {
                let outcome = Outcome::from(error);
                report(&outcome);
                outcome
            });
            progress::final_summary(&asked.log, &outcome);
            outcome
        }
        Err(failure) => {
            let format = settings::fallback_log_format(&arguments, &environment);
            let Some(error) = answer(failure, format) else { return ExitCode::SUCCESS };
            let outcome = Outcome::from(error);
            Reporter::without_settings(settings::fallback_outputs(&environment))
                .report(&outcome, started.elapsed());
            outcome
        }
    };
    ExitCode::from(outcome.exit_code())
}

/// The runtime, the telemetry, then the command. `report` is called before anything waits for a collector.
fn start(settings: Settings, report: &dyn Fn(&Outcome)) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Bug, "cannot start the runtime").because(error))?;
    let telemetry = telemetry::init(&settings, runtime.handle())?;
    shardferry::failpoint::arm()?;
    let outcome = runtime.block_on(telemetry.run(async {
        ends::started(&settings);
        let stop = Stop::new();
        stop.listen()?;
        command::run(settings, stop).await
    }));
    let outcome = outcome.unwrap_or_else(Outcome::from);
    report(&outcome);
    telemetry.flush(&outcome);
    // A name that is still being looked up must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(outcome)
}

/// Says why there are no settings; None if that was asked for (`--help`, `--version`, `completions`).
fn answer(failure: Failure, format: LogFormat) -> Option<Error> {
    match failure {
        Failure::Error(error) => {
            ends::unlogged(format, &error);
            Some(*error)
        }
        Failure::Answer(text) => {
            let error = command::print(&text).err()?;
            ends::unlogged(format, &error);
            Some(error)
        }
        Failure::Clap(error) => {
            let usage = Error::new(ErrorKind::Usage, settings::message_of(&error));
            match (error.use_stderr(), format) {
                (true, LogFormat::Json) => ends::unlogged(format, &usage),
                // clap shows usage and suggestions too; a reader that closed the pipe has seen enough.
                _ => drop(error.print()),
            }
            error.use_stderr().then_some(usage)
        }
    }
}
