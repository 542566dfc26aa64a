//! Counts of a process, and how numbers, times and nouns are written for people.

use std::time::Duration;

/// The counts of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tables chosen.
    pub tables: u64,
    /// Completed by this process.
    pub completed: u64,
    /// Completed before.
    pub skipped: u64,
    pub failed: u64,
    pub in_progress: u64,
    /// Committed by this process.
    pub rows: u64,
    pub bytes: u64,
}

impl Totals {
    /// Tables this process has ended with, one way or the other.
    #[must_use]
    pub const fn finished(&self) -> u64 {
        self.completed + self.failed
    }

    /// Tables not begun.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.tables.saturating_sub(self.completed + self.skipped + self.failed + self.in_progress)
    }
}

/// What a process did, for its last lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Of the copy; None: this command copies nothing.
    pub copied: Option<Totals>,
    /// The time of the copy, or of the finish step if there was no copy.
    pub took: Duration,
    /// By the limits of `--max-rows-per-second` and its like, and by replicas of the target.
    pub held_back: [Duration; 2],
    /// What the finish step came to: `41 objects built, …`
    pub finish: Option<String>,
    pub left: Left,
}

/// What is left to do for the run, if nothing failed and no chosen table is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Nothing,
    /// `shardferry finish`, when all tables of the run are copied.
    Finish,
    /// Other tables of the run are not copied yet; the pod that copies the last one finishes the run.
    OtherTables,
    /// Another pod does the finish step.
    FinishOfAnotherPod,
}

/// `0.4s`, `12.3s`, `4m 05s`, `1h 02m 03s`
#[must_use]
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => format!("{:.1}s", time.as_secs_f64()),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

/// `1,234,567`
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long, as people say it: `90 s`, `4 min`, `3 h`.
#[must_use]
pub fn about(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// `12.5 MB`
#[must_use]
pub fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().si().to_string()
}

/// `1 table`, `2,000 tables`.
#[must_use]
pub fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {}", thousands(count), plural(what)) }
}

/// The verb of a count: `1 table is`, `2 tables are`.
#[must_use]
pub const fn verb<'w>(count: u64, of_one: &'w str, of_many: &'w str) -> &'w str {
    if count == 1 { of_one } else { of_many }
}

/// `columns`, `primary keys`, `indexes`, `identities`.
#[must_use]
pub fn plural(what: &str) -> String {
    match what {
        "statistics" | "partitions" | "system versioning" | "unread" => what.to_owned(),
        _ if what.ends_with('x') => format!("{what}es"),
        _ if what.ends_with("ty") || what.ends_with("cy") => format!("{}ies", &what[..what.len() - 1]),
        _ => format!("{what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_plural() {
        let said = [0, 1, 2, 2000].map(|count| counted(count, "table"));
        assert_eq!(said, ["0 tables", "1 table", "2 tables", "2,000 tables"]);
    }

    #[test]
    fn a_verb_goes_with_its_count() {
        assert_eq!([0, 1, 2].map(|count| verb(count, "is", "are")), ["are", "is", "are"]);
    }

    #[test]
    fn objects_have_their_plural() {
        let words =
            ["column", "index", "foreign key", "identity", "security policy", "type", "system versioning"];
        assert_eq!(
            words.map(plural),
            [
                "columns",
                "indexes",
                "foreign keys",
                "identities",
                "security policies",
                "types",
                "system versioning"
            ]
        );
    }
}
