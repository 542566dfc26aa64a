//! Counts of a process, and how numbers and their nouns are written for people.

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
