//! The names of a run's objects.
//!
//! `<run-id>/plan.json`, `<run-id>/finish.json`, `<run-id>/tables/<index>-<schema>.<table>.json`,
//! `<run-id>/pods/<pod>-<attempt>.json`. The index has at least five digits, so that a listing is in plan order. In
//! names everything but `A-Z a-z 0-9 _ -` is percent-encoded as UTF-8, so that the dot between schema and table is the
//! only one; a part that gets longer than 100 bytes is cut there, after a whole escape. The index alone makes a key
//! unique and the document holds the whole name: keys are made from the plan and never parsed.

use crate::model::location::RunId;
use crate::model::plan::PlannedTable;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
const PART_LIMIT: usize = 100;

/// A part of a key, encoded and cut.
fn part(name: &str) -> String {
    let mut text = String::new();
    for piece in name.chars() {
        let mut buffer = [0; 4];
        let encoded = utf8_percent_encode(piece.encode_utf8(&mut buffer), ENCODED).to_string();
        if text.len() + encoded.len() > PART_LIMIT {
            break;
        }
        text.push_str(&encoded);
    }
    text
}

pub(super) fn plan(run: &RunId) -> String {
    format!("{run}/plan.json")
}

pub(super) fn finish(run: &RunId) -> String {
    format!("{run}/finish.json")
}

/// What the keys of all table documents begin with.
pub(super) fn tables(run: &RunId) -> String {
    format!("{run}/tables/")
}

pub(super) fn table(run: &RunId, table: &PlannedTable) -> String {
    format!("{run}/tables/{}.json", table_folder(table))
}

/// What an object or a folder of a table is called: `00045-dbo.Orders`.
#[must_use]
pub fn table_folder(table: &PlannedTable) -> String {
    format!("{:05}-{}.{}", table.index, part(&table.source.schema), part(&table.source.name))
}

/// What the keys of all pod documents begin with.
pub(super) fn pods(run: &RunId) -> String {
    format!("{run}/pods/")
}

pub(super) fn pod(run: &RunId, pod: &str, attempt: u32) -> String {
    format!("{run}/pods/{}-{attempt}.json", part(pod))
}

/// The attempt that a key of this pod stands for; None for another pod's key.
pub(super) fn attempt(run: &RunId, pod: &str, key: &str) -> Option<u32> {
    key.strip_prefix(&format!("{run}/pods/{}-", part(pod)))?.strip_suffix(".json")?.parse().ok()
}

pub(super) fn probe(run: &RunId, operation: &str) -> String {
    format!("{run}/.probe-{operation}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::plan as a_plan;
    use crate::model::names::TableName;

    fn key(index: u32, schema: &str, name: &str) -> String {
        let mut planned = a_plan(1).tables.remove(0);
        planned.index = index;
        planned.source = TableName::new(schema, name);
        table(&RunId::parse("r").unwrap(), &planned)
    }

    #[test]
    fn table_keys_are_encoded_sorted_and_short() {
        assert_eq!(key(45, "dbo", "Orders_2-x"), "r/tables/00045-dbo.Orders_2-x.json");
        assert_eq!(key(1, "my schema", "a.b/ü"), "r/tables/00001-my%20schema.a%2Eb%2F%C3%BC.json");
        assert_eq!(key(123_456, "dbo", "T"), "r/tables/123456-dbo.T.json");
        let long = key(1, &"ü".repeat(128), &"漢".repeat(128));
        assert_eq!(long, format!("r/tables/00001-{}.{}.json", "%C3%BC".repeat(16), "%E6%BC%A2".repeat(11)));
        assert!(key(2, "dbo", "T") < key(10, "dbo", "A"));
    }

    #[test]
    fn attempts_are_told_apart_from_pods_with_longer_names() {
        let run = RunId::parse("r").unwrap();
        assert_eq!(attempt(&run, "copy", &pod(&run, "copy", 12)), Some(12));
        assert_eq!(attempt(&run, "copy", &pod(&run, "copy-1", 2)), None);
        assert_eq!(pod(&run, "host/1", 1), "r/pods/host%2F1-1.json");
    }
}
