//! Names of indexes and constraints in the target (pure).
//!
//! SQL Server's index names are unique in a table, PostgreSQL's in a schema, together with its tables; and PostgreSQL
//! cuts names at 63 bytes. A name that is too long or taken gets a new one: its beginning, `_`, and the first 8 hex
//! digits of a hash of table and name. The same input always gives the same names, so a step that is repeated finds
//! what it made.

use crate::schema::TableName;
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_64;

/// What PostgreSQL keeps of a name (NAMEDATALEN - 1), in bytes.
pub const LONGEST: usize = 63;

/// Final names by target table and wanted name.
pub type Names = BTreeMap<(TableName, String), String>;

/// Gives every index (primary keys and unique constraints are indexes too) of the run its name. `tables` are all
/// target tables of the plan: an index may not have a table's name. Give all wanted names of the run at once: which
/// of two equal names stays is decided by the order of tables, then of names.
#[must_use]
pub fn index_names<'a>(
    tables: impl IntoIterator<Item = &'a TableName>,
    wanted: impl IntoIterator<Item = (&'a TableName, &'a str)>,
) -> Names {
    let mut taken: BTreeSet<(String, String)> =
        tables.into_iter().map(|table| (table.schema.clone(), table.name.clone())).collect();
    let wanted: BTreeSet<(&TableName, &str)> = wanted.into_iter().collect();
    // Names that can stay come first, so that a made-up name never pushes out a real one.
    let mut names = Names::new();
    let mut renamed = Vec::new();
    for (table, name) in wanted {
        if name.len() <= LONGEST && taken.insert((table.schema.clone(), name.to_owned())) {
            names.insert((table.clone(), name.to_owned()), name.to_owned());
        } else {
            renamed.push((table, name));
        }
    }
    for (table, name) in renamed {
        let mut attempt = 0;
        let new = loop {
            let new = hashed(table, name, attempt);
            if taken.insert((table.schema.clone(), new.clone())) {
                break new;
            }
            attempt += 1;
        };
        names.insert((table.clone(), name.to_owned()), new);
    }
    names
}

/// A foreign key's or check constraint's name, which only has to be unique in its table.
#[must_use]
pub fn constraint_name(table: &TableName, name: &str) -> String {
    if name.len() <= LONGEST { name.to_owned() } else { hashed(table, name, 0) }
}

fn hashed(table: &TableName, name: &str, attempt: u32) -> String {
    let hash = XxHash3_64::oneshot(format!("{}\0{}\0{name}\0{attempt}", table.schema, table.name).as_bytes());
    let mut end = name.len().min(LONGEST - 9);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{:08x}", &name[..end], hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_where_they_can() {
        let (a, b) = (TableName::new("dbo", "a"), TableName::new("dbo", "b"));
        let other = TableName::new("sales", "a");
        let names =
            index_names([&a, &b, &other], [(&b, "IX"), (&a, "IX"), (&other, "IX"), (&b, "a"), (&b, "IX_b")]);
        assert_eq!(names[&(a.clone(), "IX".to_owned())], "IX");
        assert_eq!(names[&(other, "IX".to_owned())], "IX");
        assert_eq!(names[&(b.clone(), "IX_b".to_owned())], "IX_b");
        let (collided, as_table) =
            (&names[&(b.clone(), "IX".to_owned())], &names[&(b.clone(), "a".to_owned())]);
        assert!(collided.starts_with("IX_") && collided.len() == 11, "{collided}");
        assert!(as_table.starts_with("a_") && as_table.len() == 10, "{as_table}");
        let again = index_names([&b, &a], [(&a, "IX"), (&b, "IX")]);
        assert_eq!(again[&(b, "IX".to_owned())], *collided, "the order of the input does not matter");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let table = TableName::new("dbo", "t");
        let name = "ü".repeat(40);
        let short = constraint_name(&table, &name);
        assert!(short.len() <= LONGEST && short.starts_with("üüü"), "{short}");
        assert_ne!(short, constraint_name(&table, &format!("{name}x")));
        assert_eq!(constraint_name(&table, "FK"), "FK");
        let long = index_names([], [(&table, name.as_str())]);
        assert_eq!(long[&(table, name)], short);
    }
}
