//! The binary in a real pseudo-terminal, and what stands on its screen.

use super::{Invocation, PATIENCE};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::io::{ErrorKind, Read};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Lines that a terminal keeps above its screen.
const SCROLLBACK: usize = 10_000;
const ROWS: u16 = 24;

/// What the program has written, as a terminal shows it.
struct Screen {
    parser: vt100::Parser,
    /// The screen at each time that the program paused, without repetitions.
    seen: Vec<Vec<String>>,
    raw: Vec<u8>,
    ended: bool,
}

/// A call in a terminal.
pub(crate) struct InTerminal {
    child: Child,
    columns: u16,
    shared: Arc<(Mutex<Screen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

/// A call in a terminal that has ended.
pub(crate) struct TerminalEnd {
    pub(crate) status: ExitStatus,
    /// All that stands in the terminal, scrollback first: lines as the program ended them, joined where the terminal
    /// has wrapped them.
    pub(crate) lines: Vec<String>,
    /// Rows of the screen as they were drawn, all that were ever seen.
    pub(crate) seen: Vec<Vec<String>>,
    pub(crate) raw: Vec<u8>,
}

impl Invocation {
    /// Runs it with stderr in a terminal of so many columns.
    pub(crate) fn in_terminal(mut self, columns: u16) -> InTerminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let child = self.spawn_with_stderr(slave.into());
        // The command keeps a copy of the terminal's end, which would never close.
        drop(self);
        let parser = vt100::Parser::new(ROWS, columns, SCROLLBACK);
        let screen = Screen { parser, seen: Vec::new(), raw: Vec::new(), ended: false };
        let shared = Arc::new((Mutex::new(screen), Condvar::new()));
        let (written, mut from) = (Arc::clone(&shared), std::fs::File::from(master));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            loop {
                let read = match from.read(&mut buffer) {
                    Ok(0) => 0,
                    Ok(read) => read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    // EIO: nobody has the other end open any more.
                    Err(_) => 0,
                };
                let mut screen = written.0.lock().unwrap_or_else(PoisonError::into_inner);
                screen.take(&buffer[..read]);
                screen.ended = read == 0;
                drop(screen);
                written.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        InTerminal { child, columns, shared, reader: Some(reader) }
    }
}

impl Screen {
    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.raw.extend_from_slice(bytes);
        let (_, columns) = self.parser.screen().size();
        let rows: Vec<String> = self.parser.screen().rows(0, columns).collect();
        if self.seen.last() != Some(&rows) {
            self.seen.push(rows);
        }
    }

    /// Scrollback and screen.
    fn lines(&mut self) -> Vec<String> {
        let columns = self.parser.screen().size().1;
        self.parser.screen_mut().set_scrollback(SCROLLBACK);
        let above = self.parser.screen().scrollback();
        let mut rows: Vec<(String, bool)> = Vec::new();
        for back in (0..=above).rev() {
            self.parser.screen_mut().set_scrollback(back);
            let screen = self.parser.screen();
            let count = if back == 0 { ROWS } else { 1 };
            let texts: Vec<String> = screen.rows(0, columns).take(usize::from(count)).collect();
            rows.extend((0..count).zip(texts).map(|(row, text)| (text, screen.row_wrapped(row))));
        }
        let mut lines = vec![String::new()];
        for (text, wrapped) in rows {
            if let Some(line) = lines.last_mut() {
                line.push_str(&text);
            }
            if !wrapped {
                lines.push(String::new());
            }
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

impl InTerminal {
    /// Waits until a row of the screen is as asked for.
    #[track_caller]
    pub(crate) fn wait_for_row(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let (screen, changed) = &*self.shared;
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let columns = screen.parser.screen().size().1;
            let found = screen.parser.screen().rows(0, columns).find(|row| is_it(row));
            if let Some(row) = found {
                return row;
            }
            let left = PATIENCE.checked_sub(began.elapsed());
            let text = screen.parser.screen().contents();
            let Some(left) = left.filter(|_| !screen.ended) else {
                panic!("no {what} on the screen:\n{text}")
            };
            screen = changed.wait_timeout(screen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> TerminalEnd {
        let began = Instant::now();
        let shared = Arc::clone(&self.shared);
        let (screen, changed) = &*shared;
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        while !screen.ended {
            let left = PATIENCE.checked_sub(began.elapsed());
            let text = screen.parser.screen().contents();
            let Some(left) = left else { panic!("it does not end in {} columns:\n{text}", self.columns) };
            screen = changed.wait_timeout(screen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let status = self.child.wait().unwrap();
        let lines = screen.lines();
        let (seen, raw) = (std::mem::take(&mut screen.seen), std::mem::take(&mut screen.raw));
        drop(screen);
        self.reader.take().unwrap().join().unwrap();
        TerminalEnd { status, lines, seen, raw }
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
