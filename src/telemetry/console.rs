//! Stderr, which logs, progress lines and bars share. On a terminal the log is written above the live bars.
//!
//! An event is one call of [`Console::write_event`], with all of its lines and their ends: the bars are taken away
//! before it and drawn again behind it, so nothing of them can come between two parts of one event.

use console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, Write};
use std::sync::LazyLock;
use tracing_subscriber::fmt::MakeWriter;

/// Of a terminal that does not say.
const WIDTH: usize = 80;

static CONSOLE: LazyLock<Console> =
    LazyLock::new(|| Console { bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()) });

/// There is one in a process.
#[derive(Debug, Clone)]
pub struct Console {
    bars: MultiProgress,
}

impl Console {
    /// The console of this process; its bars are hidden until [`super::init`] finds a terminal.
    #[must_use]
    pub fn of_process() -> Self {
        CONSOLE.clone()
    }

    /// Where bars are added.
    #[must_use]
    pub const fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// The columns of the terminal just now.
    #[must_use]
    pub fn width() -> usize {
        Term::stderr().size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns))
    }

    /// Writes one event of whole lines. What cannot be shown does not stop the work.
    pub fn write_event(&self, lines: &str) {
        drop(self.write_above(lines.as_bytes()));
    }

    /// Takes all bars away for good: what follows are the last lines of the process.
    pub fn end_bars(&self) {
        drop(self.bars.clear());
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
    }

    fn write_above(&self, text: &[u8]) -> io::Result<()> {
        self.bars.suspend(|| io::stderr().lock().write_all(text))
    }
}

/// Writes above the bars; each call is one whole event.
impl Write for Console {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.write_above(text)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

pub(super) struct Writers(pub(super) Console);

impl MakeWriter<'_> for Writers {
    type Writer = Console;

    fn make_writer(&self) -> Console {
        self.0.clone()
    }
}
