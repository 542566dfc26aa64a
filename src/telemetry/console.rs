//! Stderr, which logs, progress lines and bars share. On a terminal the log is written above the live bars.

use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, Write};
use std::sync::LazyLock;
use tracing_subscriber::fmt::MakeWriter;

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

pub(super) struct Writers(pub(super) Console);

impl MakeWriter<'_> for Writers {
    type Writer = Console;

    fn make_writer(&self) -> Console {
        self.0.clone()
    }
}
