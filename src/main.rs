//! Parse, start, run, and turn the outcome into an exit code; nothing else.

use shardferry::command;
use shardferry::error::{Error, ErrorKind, Result};
use shardferry::model::outcome::Outcome;
use shardferry::model::shown;
use shardferry::orchestrator::Reporter;
use shardferry::settings::{self, Environment, Failure, Settings};
use shardferry::stop::Stop;
use shardferry::telemetry;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let started = Instant::now();
    let environment = Environment::read();
    let outcome = match settings::load(std::env::args_os().collect(), &environment) {
        Ok(settings) => {
            let reporter = Reporter::new(&settings);
            let asked = settings.clone();
            let report = |outcome: &Outcome| {
                let unsaid = outcome.error.iter().filter(|error| !telemetry::ends::ended(&asked, error));
                unsaid.for_each(render);
                reporter.report(outcome, started.elapsed());
            };
            start(settings, &report).unwrap_or_else(|error| {
                let outcome = Outcome::from(error);
                report(&outcome);
                outcome
            })
        }
        Err(failure) => {
            let Some(error) = answer(failure) else { return ExitCode::SUCCESS };
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
        telemetry::ends::started(&settings);
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
fn answer(failure: Failure) -> Option<Error> {
    match failure {
        Failure::Error(error) => {
            render(&error);
            Some(*error)
        }
        Failure::Answer(text) => {
            let error = command::print(&text).err()?;
            render(&error);
            Some(error)
        }
        Failure::Clap(error) => {
            // clap shows usage and suggestions too; a reader that closed the pipe has seen enough.
            let _ = error.print();
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            error.use_stderr().then(|| Error::new(ErrorKind::Usage, first))
        }
    }
}

/// What happened, where, what to do, and the code: one line on stderr, whatever the form of the log.
fn render(error: &Error) {
    let _ = writeln!(std::io::stderr(), "shardferry: {}", shown::with_lists(&error.to_string()));
}
