//! The account of a test: what was lost, doubled or changed by the faults that were injected. Each account is a line in
//! a file (`SHARDFERRY_TEST_ACCOUNT`, else `target/test-account.jsonl`); `tests/env/account.py` adds them up.

use super::compare::Row;
use super::{RUN, World, repository};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Rows of the target against rows of the source, as multisets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    /// Rows of the source that the target lacks.
    lost: u64,
    /// Rows of the source that the target has too often.
    doubled: u64,
    /// Rows of the target that the source never had; each stands for a lost one, as long as there are some.
    changed: u64,
}

fn difference(there: &[Row], here: &[Row]) -> Difference {
    let mut counts: BTreeMap<&Row, (u64, u64)> = BTreeMap::new();
    for row in there {
        counts.entry(row).or_default().0 += 1;
    }
    for row in here {
        counts.entry(row).or_default().1 += 1;
    }
    let mut found = Difference::default();
    for (there, here) in counts.into_values() {
        found.lost += there.saturating_sub(here);
        match there {
            0 => found.changed += here,
            _ => found.doubled += here.saturating_sub(there),
        }
    }
    found.lost = found.lost.saturating_sub(found.changed);
    found
}

impl World {
    /// Compares every table of the plan, writes the line, and fails where anything is lost, doubled or changed, where a
    /// table of the source is not in the plan, or where the ledger counts other rows than the target has.
    #[track_caller]
    pub(crate) fn account(&self, category: &str, faults: u64) -> u64 {
        let plan = self.object("plan.json").expect("a plan");
        let tables = plan["tables"].as_array().unwrap();
        let catalog = self.engine.catalog(self.engine.default_database()).unwrap();
        assert_eq!(tables.len(), catalog.tables.len(), "tables of the plan and of the source");
        let (mut rows, mut sum, mut wrong) = (0, Difference::default(), Vec::new());
        let ledger = self.ledger();
        for table in tables {
            let (there, here) = self.both(table);
            let found = difference(&there, &here);
            let here = u64::try_from(here.len()).unwrap();
            let committed = ledger.get(&table["index"].as_u64().unwrap()).copied();
            if found != Difference::default() || committed != Some(here) {
                wrong.push(format!(
                    "{}: {found:?}, {here} rows, the ledger says {committed:?}",
                    table["source"]
                ));
            }
            rows += here;
            sum.lost += found.lost;
            sum.doubled += found.doubled;
            sum.changed += found.changed;
        }
        write(&json!({
            "category": category, "faults": faults, "runs": self.runs.swap(0, Ordering::Relaxed), "tables": tables.len(),
            "rows": rows, "lost": sum.lost, "doubled": sum.doubled, "changed": sum.changed,
        }));
        assert!(wrong.is_empty(), "{category}: {}", wrong.join("\n"));
        rows
    }

    /// Committed rows by table index.
    fn ledger(&self) -> BTreeMap<u64, u64> {
        let sql = format!(
            "SELECT table_index, sum(rows) FROM shardferry.chunk WHERE run_id = '{RUN}' AND committed_at IS NOT NULL GROUP BY 1"
        );
        let number = |text: &Option<String>| text.as_ref().unwrap().parse().unwrap();
        self.target(&sql).iter().map(|row| (number(&row[0]), number(&row[1]))).collect()
    }
}

fn write(line: &Json) {
    #[expect(clippy::disallowed_methods, reason = "the runner of the tests may name the file")]
    let path = std::env::var("SHARDFERRY_TEST_ACCOUNT");
    let path = path.map_or_else(|_| repository().join("target/test-account.jsonl"), PathBuf::from);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    // One write, so that lines of tests at work side by side stay whole.
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[test]
fn lost_doubled_and_changed_rows_are_told_apart() {
    let rows = |text: &str| -> Vec<Row> {
        text.split_whitespace().map(|value| vec![Some(value.to_owned())]).collect()
    };
    for (there, here, lost, doubled, changed) in [
        ("a b b", "b a b", 0, 0, 0),
        ("a b b", "a b", 1, 0, 0),
        ("a b", "a a b b b", 0, 3, 0),
        ("a b c", "a b x", 0, 0, 1),
        ("a b c", "x", 2, 0, 1),
        ("", "x", 0, 0, 1),
    ] {
        let found = difference(&rows(there), &rows(here));
        assert_eq!(found, Difference { lost, doubled, changed }, "{there} against {here}");
    }
}
