//! `status --watch`: the same view again and again, until there is nothing left to wait for.

use crate::error::{Error, ErrorKind, Result};
use crate::report::status::StatusView;
use crate::stop::Stop;
use std::io::Write;
use std::time::Duration;

/// Cursor to the top left, then clear to the end of the screen: no flicker of an emptied screen.
const REPAINT: &str = "\x1b[H\x1b[J";

/// Between two looks.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// Paints what `load` finds until all is done. On a terminal each view replaces the one before.
///
/// # Errors
/// The error of `load`, unchanged; `Terminated` or `Interrupted` after a signal; `Config` if `out` cannot be written (a
/// closed pipe ends quietly).
pub async fn watch(
    interval: Duration,
    stop: &Stop,
    terminal: bool,
    out: &mut impl Write,
    mut load: impl AsyncFnMut() -> Result<(StatusView, String)>,
) -> Result<()> {
    loop {
        let (view, text) = load().await?;
        let repaint = if terminal { REPAINT } else { "" };
        match write!(out, "{repaint}{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => {
                return Err(
                    Error::new(ErrorKind::Config, "the view cannot be written to stdout").because(error)
                );
            }
            Ok(()) => {}
        }
        if view.is_done() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = stop.token().cancelled() => return stop.error().map_or(Ok(()), Err),
        }
    }
}
