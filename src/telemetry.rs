//! Logs on stderr: one JSON object a line, or text for people. Secrets are never passed to a log call.
//!
//! On a terminal the log is written above the live bars of [`crate::progress`], which share this module's console.

use crate::cli::LogFormat;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::LogSettings;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, Write};
use std::sync::LazyLock;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What is logged where `RUST_LOG` is not set. tiberius repeats every server error that we handle, and warns about TLS
/// that it cannot see below itself.
const DEFAULT_FILTER: &str =
    "info,aws_config=warn,aws_sdk_s3=warn,aws_smithy_runtime=warn,tiberius=off,rustls=warn";

static CONSOLE: LazyLock<Console> =
    LazyLock::new(|| Console { bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()) });

/// Stderr, which logs, progress lines and bars share. There is one in a process.
#[derive(Debug, Clone)]
pub struct Console {
    bars: MultiProgress,
}

impl Console {
    /// The console of this process; its bars are hidden until [`init`] finds a terminal.
    #[must_use]
    pub fn of_process() -> Self {
        CONSOLE.clone()
    }

    /// Where bars are added.
    #[must_use]
    pub const fn bars(&self) -> &MultiProgress {
        &self.bars
    }
}

/// Writes above the bars; each call is one whole event.
impl Write for Console {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().lock().write_all(text))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

struct Writers(Console);

impl MakeWriter<'_> for Writers {
    type Writer = Console;

    fn make_writer(&self) -> Console {
        self.0.clone()
    }
}

/// Starts the log. Once in a process.
///
/// # Errors
/// Kind Config where `RUST_LOG` cannot be understood, kind Bug where a log was started before.
pub fn init(settings: &LogSettings) -> Result<()> {
    let console = Console::of_process();
    let text = settings.format == LogFormat::Text;
    if settings.terminal && text {
        console.bars.set_draw_target(ProgressDrawTarget::stderr());
    }
    let filter =
        EnvFilter::try_new(settings.filter.as_deref().unwrap_or(DEFAULT_FILTER)).map_err(|error| {
            let message = "RUST_LOG is not understood; accepted is for example info or shardferry=debug,info";
            Error::new(ErrorKind::Config, message).because(error)
        })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Writers(console));
    let started = if text {
        builder.with_ansi(settings.terminal).with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    started.map_err(|error| Error::new(ErrorKind::Bug, "the log was started twice").because(error))
}
