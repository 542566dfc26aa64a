//! The binary as a child process: its environment, its output, its end, signals, its memory.

use super::{PATIENCE, until};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A call that was not made yet.
pub(crate) struct Invocation {
    command: Command,
    label: String,
    /// Counts the processes that are started.
    runs: Arc<AtomicU64>,
}

impl Invocation {
    /// The program with an empty environment.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shardferry-with-failpoints"));
        // Usage and messages name the program as it is called.
        command.arg0("shardferry").env_clear().env("AWS_EC2_METADATA_DISABLED", "true").args(arguments);
        Self { command, label: arguments.join(" "), runs: Arc::default() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    pub(super) fn counted_by(self, runs: &Arc<AtomicU64>) -> Self {
        Self { runs: Arc::clone(runs), ..self }
    }

    /// Arms failpoints, as in `SHARDFERRY_FAILPOINTS`.
    pub(crate) fn failpoints(self, armed: &str) -> Self {
        self.env("SHARDFERRY_FAILPOINTS", armed)
    }

    pub(crate) fn pod(self, name: &str) -> Self {
        self.env("SHARDFERRY_POD_NAME", name)
    }

    /// Runs it in a control group, from its first instruction on: `procs` is the group's file of processes.
    pub(crate) fn in_group(self, procs: &std::path::Path) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(procs);
        command.arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command, ..self }
    }

    pub(crate) fn run(self) -> Finished {
        self.spawn().wait()
    }

    /// Starts it with stderr somewhere else, and nowhere for the rest.
    pub(super) fn spawn_with_stderr(&mut self, stderr: Stdio) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let child = self.command.spawn().unwrap();
        self.runs.fetch_add(1, Ordering::Relaxed);
        child
    }

    pub(crate) fn spawn(mut self) -> Running {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        self.runs.fetch_add(1, Ordering::Relaxed);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (mut stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let written = Arc::clone(&lines);
        let stderr = std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n') {
                let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
                written.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        Running { child, label: self.label, lines, stdout: Some(stdout), stderr: Some(stderr), peak: 0 }
    }
}

/// A call under way. Killed where the test forgets it.
pub(crate) struct Running {
    child: Child,
    label: String,
    lines: Arc<Mutex<Vec<String>>>,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<()>>,
    peak: u64,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stderr so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first line of stderr with this text; a failure where it ends without one.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let what = format!("`{text}` from `{}`", self.label);
        until(&what, || {
            let ended = self.child.try_wait().unwrap().is_some();
            let found = self.lines().into_iter().find(|line| line.contains(text));
            assert!(!(ended && found.is_none()), "ended without {what}:\n{}", self.lines().join("\n"));
            found
        })
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill(mut self) -> Finished {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Sends a signal by its name: `TERM`, `STOP`, `CONT`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(sent.success(), "SIG{name}");
    }

    /// Peak resident memory so far, in KiB, by the kernel; 0 before the first look.
    pub(crate) fn peak_kib(&mut self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        self.peak = peak.unwrap_or(self.peak);
        self.peak
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, looking at its memory meanwhile; a failure after a minute.
    #[track_caller]
    pub(crate) fn wait(self) -> Finished {
        self.wait_within(PATIENCE)
    }

    #[track_caller]
    pub(crate) fn wait_within(mut self, patience: Duration) -> Finished {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            self.peak_kib();
            if began.elapsed() > patience {
                panic!(
                    "`{}` (process {}) does not end:\n{}\nThreads of the tests and of the test server:\n{}\n{}",
                    self.label,
                    self.pid(),
                    threads(&self.pid().to_string()),
                    threads("self"),
                    self.lines().join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.stderr.take().unwrap().join().unwrap();
        let stdout = self.stdout.take().unwrap().join().unwrap();
        Finished {
            status,
            stdout,
            stderr: self.lines().join("\n"),
            label: self.label.clone(),
            peak_kib: self.peak,
        }
    }
}

/// What each thread of a process does, by the kernel: for the message of one that does not end.
fn threads(process: &str) -> String {
    let entries = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let thread = |path: std::path::PathBuf| {
        let read = |name: &str| std::fs::read_to_string(path.join(name)).unwrap_or_default();
        let status = read("status");
        let state = status.lines().find_map(|line| line.strip_prefix("State:")).unwrap_or_default();
        format!("{}: {}, {} [{}]", read("comm").trim(), state.trim(), read("wchan"), read("syscall").trim())
    };
    entries.map(|entry| thread(entry.path())).collect::<Vec<_>>().join("\n")
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    label: String,
    /// Peak resident memory while it was looked at.
    pub(crate) peak_kib: u64,
}

impl Finished {
    /// `shardferry run --jobs 0`
    pub(crate) fn call(&self) -> String {
        format!("$ shardferry {}", self.label)
    }

    /// None where a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.status)
    }

    /// It must have this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "`{}`\n{}\n{}", self.label, self.stdout, self.stderr);
        self
    }

    /// Lines of stderr with this text.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains(text)).collect()
    }

    /// stderr or stdout must have this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let found = self.stderr.contains(text) || self.stdout.contains(text);
        assert!(found, "`{}` does not say `{text}`:\n{}\n{}", self.label, self.stdout, self.stderr);
        self
    }

    /// Neither stderr nor stdout may have this text.
    #[track_caller]
    pub(crate) fn hides(self, text: &str) -> Self {
        let found = self.stderr.contains(text) || self.stdout.contains(text);
        assert!(!found, "`{}` says `{text}`:\n{}\n{}", self.label, self.stdout, self.stderr);
        self
    }
}
