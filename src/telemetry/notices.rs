//! What is worth knowing and is no failure, gathered and said once a kind: hundreds of tables have hundreds of such
//! facts, and a log in which each has a line hides the one line that matters.

use crate::cli::LogFormat;
use crate::model::counts::{counted, thousands};
use crate::model::shown;
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Objects that are named in a line; `--verbose` names all.
const NAMED: usize = 3;

/// One fact about one object.
#[derive(Debug, Clone)]
pub struct Notice {
    /// For machines: `loss_offset`.
    pub kind: String,
    /// What the object is, in the singular: `column`.
    pub what: String,
    /// What is said of one such object, and of several: `["is left out", "are left out"]`.
    pub said: [String; 2],
    /// The object's name.
    pub object: String,
    /// Why; empty if there is nothing to say.
    pub reason: String,
    /// How many rows it is about; the worst come first. 0 if it is not about rows.
    pub rows: u64,
}

/// All facts of one kind.
#[derive(Debug)]
struct Group {
    kind: String,
    what: String,
    said: [String; 2],
    /// By object: reason and rows. An object that is told of again counts once.
    members: BTreeMap<String, (String, u64)>,
}

/// The facts of a process that are not said yet. Clones gather into the same place.
#[derive(Debug, Clone)]
pub struct Notices {
    groups: Arc<Mutex<Vec<Group>>>,
    /// Each fact is said as well.
    verbose: bool,
    format: LogFormat,
}

impl Notices {
    /// None yet; said in the form of the log.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { groups: Arc::default(), verbose: settings.verbose, format: settings.log.format }
    }

    /// Keeps the fact for [`Self::say`].
    pub fn add(&self, notice: Notice) {
        let Notice { kind, what, said, object, reason, rows } = notice;
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let place = groups.iter().position(|group| group.kind == kind).unwrap_or_else(|| {
            groups.push(Group { kind, what, said, members: BTreeMap::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            match group.members.get_mut(&object) {
                None => drop(group.members.insert(object, (reason, rows))),
                Some((earlier, sum)) if *earlier == reason => *sum = rows,
                // Two facts of one kind about one object.
                Some((earlier, sum)) if !earlier.split("; ").any(|part| part == reason) => {
                    earlier.push_str("; ");
                    earlier.push_str(&reason);
                    *sum += rows;
                }
                Some(_) => {}
            }
        }
    }

    /// Says everything that was gathered, one warning a kind, and forgets it.
    pub fn say(&self) {
        let groups = std::mem::take(&mut *self.groups.lock().unwrap_or_else(PoisonError::into_inner));
        for group in groups {
            let (kind, count, rows) = (group.kind.as_str(), group.members.len(), group.rows());
            let (line, tables) = (group.line(self.verbose), group.names(|_| String::new()));
            match self.format {
                LogFormat::Text => tracing::warn!("{line}"),
                LogFormat::Json => tracing::warn!(kind, count, rows, tables, "{line}"),
            }
            if !self.verbose {
                continue;
            }
            for (object, (reason, rows)) in group.worst_first() {
                let line = described(object, reason, *rows);
                match self.format {
                    LogFormat::Text => tracing::info!("{line}"),
                    LogFormat::Json => tracing::info!(kind, object, rows, reason, "{line}"),
                }
            }
        }
    }
}

/// `dbo.Orders.Note: 12 rows: why`
fn described(object: &str, reason: &str, rows: u64) -> String {
    let rows = if rows > 0 { format!(": {}", counted(rows, "row")) } else { String::new() };
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    shown::one_line(&format!("  {object}{rows}{reason}")).into_owned()
}

impl Group {
    fn rows(&self) -> u64 {
        self.members.values().map(|(_, rows)| rows).sum()
    }

    fn worst_first(&self) -> Vec<(&String, &(String, u64))> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|(_, (_, rows))| std::cmp::Reverse(*rows));
        members
    }

    /// `dbo.A, dbo.B, dbo.C and 66 more`
    fn names(&self, suffix: impl Fn(u64) -> String) -> String {
        let worst = self.worst_first();
        let named: Vec<String> = worst
            .iter()
            .take(NAMED)
            .map(|(object, (_, rows))| format!("{object}{}", suffix(*rows)))
            .collect();
        let more = worst.len() - named.len();
        let more = if more > 0 { format!(" and {} more", thousands(more as u64)) } else { String::new() };
        format!("{}{more}", named.join(", "))
    }

    /// `69 columns are changed: why (dbo.A, dbo.B, dbo.C and 66 more; --verbose lists all)`
    fn line(&self, verbose: bool) -> String {
        let count = self.members.len();
        let said = &self.said[usize::from(count != 1)];
        let mut reasons: Vec<&str> = self.members.values().map(|(reason, _)| reason.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let reason = match reasons.as_slice() {
            [] | [""] => String::new(),
            [one] => format!(": {one}"),
            _ => match self.worst_first().first() {
                Some((object, (reason, _))) => format!("; {object}, for example: {reason}"),
                None => String::new(),
            },
        };
        let rows = |rows| if rows > 0 { format!(" {}", counted(rows, "row")) } else { String::new() };
        let list = if count > NAMED && !verbose { "; --verbose lists all" } else { "" };
        let what = counted(count as u64, &self.what);
        let line = format!("{what} {said}{reason} ({}{list})", self.names(rows));
        shown::one_line(&line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notices(columns: &[(&str, &str, u64)]) -> Group {
        let notices = Notices { groups: Arc::default(), verbose: false, format: LogFormat::Text };
        for (object, reason, rows) in columns {
            notices.add(Notice {
                kind: "changed_default".to_owned(),
                what: "default".to_owned(),
                said: ["is otherwise".to_owned(), "are otherwise".to_owned()],
                object: (*object).to_owned(),
                reason: (*reason).to_owned(),
                rows: *rows,
            });
        }
        notices.groups.lock().unwrap().pop().unwrap()
    }

    #[test]
    fn one_line_a_kind_names_the_worst() {
        let group = notices(&[("a", "", 5), ("b", "", 2000), ("c", "", 7), ("d", "", 6), ("a", "", 5)]);
        assert_eq!(
            group.line(false),
            "4 defaults are otherwise (b 2,000 rows, c 7 rows, d 6 rows and 1 more; --verbose lists all)"
        );
        assert_eq!(group.names(|_| String::new()), "b, c, d and 1 more");
        assert_eq!(group.rows(), 2018);
    }

    #[test]
    fn two_facts_about_one_object_are_both_said() {
        let group = notices(&[("a", "one", 5), ("a", "two", 7), ("a", "two", 7)]);
        assert_eq!(group.rows(), 12);
        assert_eq!(group.line(false), "1 default is otherwise: one; two (a 12 rows)");
    }

    #[test]
    fn a_reason_that_is_the_same_for_all_is_said_of_all() {
        assert_eq!(notices(&[("a", "why", 0)]).line(false), "1 default is otherwise: why (a)");
        assert_eq!(
            notices(&[("a", "why", 0), ("b", "why", 0)]).line(false),
            "2 defaults are otherwise: why (a, b)"
        );
        assert_eq!(
            notices(&[("a", "one", 0), ("b", "two", 0)]).line(false),
            "2 defaults are otherwise; a, for example: one (a, b)"
        );
    }
}
