//! Where the lines of progress go, and which of them are said.

use crate::cli::LogFormat;
use crate::model::shown;
use crate::settings::LogSettings;
use crate::telemetry::Console;
use std::io::Write;

/// How much somebody has to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Left out with `--quiet`.
    News,
    /// A warning or an error.
    Trouble,
}

enum Output {
    /// Bare lines.
    Lines(Box<dyn Write + Send>),
    /// Events with fields, through the log, which has a filter of its own.
    Events,
}

/// The lines of progress.
pub(super) struct Lines {
    output: Output,
    quiet: bool,
}

impl Lines {
    /// In the form of the log.
    pub(super) fn new(log: &LogSettings) -> Self {
        let output = match log.format {
            LogFormat::Json => Output::Events,
            LogFormat::Text => Output::Lines(Box::new(Console::of_process())),
        };
        Self { output, quiet: log.quiet }
    }

    /// Bare lines into a writer.
    pub(super) fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self { output: Output::Lines(Box::new(writer)), quiet: false }
    }

    /// Says one line, in one write.
    pub(super) fn say(&mut self, weight: Weight, line: &str, event: impl FnOnce(&str)) {
        match &mut self.output {
            Output::Events => event(line),
            Output::Lines(_) if self.quiet && weight == Weight::News => {}
            Output::Lines(writer) => {
                let mut text = shown::one_line(line).into_owned();
                text.push('\n');
                // Progress that cannot be shown does not stop the work.
                drop(writer.write_all(text.as_bytes()));
            }
        }
    }
}

#[cfg(test)]
impl Lines {
    pub(super) fn events() -> Self {
        Self { output: Output::Events, quiet: false }
    }

    pub(super) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }
}
