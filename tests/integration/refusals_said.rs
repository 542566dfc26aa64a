//! What every refusal of the suite says, in one file that people read: `refusals_said.txt`. A message that changes
//! fails its test; `INSTA_UPDATE=always` writes the file anew, test by test.

use super::super::harness::Finished;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One test at a time writes the file.
static FILE: Mutex<()> = Mutex::new(());

thread_local! {
    /// Refusals of this test so far: a test is a thread.
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/refusals_said.txt")
}

/// The pairs by their names: `test 1` and what stands below it.
fn pairs() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let blocks = text.split("\n== ").map(|block| block.trim_start_matches("== "));
    blocks
        .filter_map(|block| block.split_once('\n'))
        .map(|(name, said)| (name.to_owned(), said.trim_end().to_owned()))
        .collect()
}

/// Holds what is said to what was reviewed.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "as insta's own snapshots are written")]
pub(super) fn is_reviewed(finished: &Finished) {
    let number = COUNT.with(|count| {
        count.set(count.get() + 1);
        count.get()
    });
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default().trim_start_matches("refusals::");
    let name = format!("{test} {number}");
    let said = format!("{}\n{}", plain(&finished.call()), said(&finished.stderr)).trim_end().to_owned();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let _one = FILE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = pairs();
        pairs.insert(name, said);
        let text: String = pairs.iter().map(|(name, said)| format!("== {name}\n{said}\n")).collect();
        std::fs::write(path(), text).unwrap();
        return;
    }
    let reviewed = pairs().remove(&name).unwrap_or_default();
    // Tables fail in any order.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&said),
        sorted(&reviewed),
        "{name}: look at it, and run the test with INSTA_UPDATE=always"
    );
}

/// The error as a person reads it, without what is another at each run.
fn said(stderr: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut within = false;
    for line in stderr.lines() {
        let is_error = ["shardferry: ", "error: ", "Failed before", "Not copied: "];
        let begins = is_error.iter().any(|begin| line.starts_with(begin)) || line.contains("] Failed: ");
        within = begins || (within && line.starts_with("  "));
        if within {
            lines.push(plain(line));
        }
    }
    lines.join("\n")
}

/// Ports, folders, names and identities of this run become words.
fn plain(line: &str) -> String {
    type IsPart = fn(char) -> bool;
    // Each begins with a text that is always the same, and ends where its characters end.
    let varying: [(&str, &str, IsPart); 7] = [
        ("127.0.0.1:", "PORT", |c| c.is_ascii_digit()),
        ("localhost:", "PORT", |c| c.is_ascii_digit()),
        ("/tmp/", "FOLDER", |c| c.is_ascii_alphanumeric() || c == '.'),
        ("this run's plan is ", "FINGERPRINT", |c| c.is_ascii_hexdigit()),
        ("/refusals-", "ID", |c| c.is_ascii_hexdigit()),
        ("/.probe-", "ID", |c| c.is_ascii_hexdigit()),
        ("it_", "NAME", |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')),
    ];
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    'text: while let Some(first) = rest.chars().next() {
        for (begin, word, is_part) in varying {
            if let Some(tail) = rest.strip_prefix(begin) {
                plain.push_str(begin);
                plain.push_str(word);
                rest = tail.trim_start_matches(is_part);
                continue 'text;
            }
        }
        if let Some(tail) = behind_guid(rest) {
            plain.push_str("GUID");
            rest = tail;
            continue;
        }
        plain.push(first);
        rest = &rest[first.len_utf8()..];
    }
    plain
}

/// What follows a GUID, if the text begins with one.
fn behind_guid(text: &str) -> Option<&str> {
    let (guid, tail) = text.split_at_checked(36)?;
    let is_part = |(place, c): (usize, char)| match place {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    };
    guid.chars().enumerate().all(is_part).then_some(tail)
}
