//! What schemas, tables and columns are called in the target. Pure and deterministic: the same source and the same
//! options always give the same names.
//!
//! - `preserve` keeps a name. `lower` writes it in lower case. `snake` too, with `_` where a word begins: before an
//!   upper case letter that follows a lower case letter or a digit, before the last of several upper case letters that
//!   a lower case letter follows, and in place of blanks and punctuation (one for several, none at the ends).
//! - A name of more than 63 bytes is cut between two characters, and gets `_` and 8 hex digits of a hash of the
//!   source's name; so does a name that another one of the same place has already, and a column called like one of
//!   PostgreSQL's system columns. Names that can stay come first, in the order of the plan and of the columns: a
//!   made-up name never pushes out a real one.
//! - What the user named is taken as written. It is an error if it cannot be had.

use super::{LONGEST, NameCase, folded, shortened};
use std::collections::BTreeSet;

/// Columns that every table has (PostgreSQL documentation, 5.5 "System Columns").
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Why a name is not the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RenameReason {
    /// The user chose it.
    Chosen,
    /// By `--name-case`.
    Case,
    TooLong,
    /// Another one has it.
    Taken,
    /// A system column of PostgreSQL has it.
    System,
}

/// Why `target` is called so, when `chosen` says whether the user named it; None: as the source has it.
#[must_use]
pub fn rename_reason(source: &str, target: &str, case: NameCase, chosen: bool) -> Option<RenameReason> {
    let wanted = folded(source, case);
    match () {
        () if source == target => None,
        () if chosen => Some(RenameReason::Chosen),
        () if wanted == target => Some(RenameReason::Case),
        () if wanted.len() > LONGEST => Some(RenameReason::TooLong),
        () if is_system_column(&wanted) => Some(RenameReason::System),
        () => Some(RenameReason::Taken),
    }
}

fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.contains(&name)
}

/// One name to give, in an order that decides who keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameRequest {
    /// Names are unique within this: a schema; empty for columns and schemas.
    pub place: String,
    /// Folded, or as the user wrote it.
    pub name: String,
    /// Of the source, for the hash.
    pub source: String,
    pub chosen: bool,
    pub column: bool,
}

/// The names in the order of `wanted`, unique and of at most 63 bytes; `Err` for a chosen one that another chosen one
/// has.
pub fn assign(wanted: &[NameRequest]) -> Vec<Result<String, String>> {
    let mut taken = BTreeSet::new();
    let mut names: Vec<Option<Result<String, String>>> = vec![None; wanted.len()];
    for chosen in [true, false] {
        for (name, wanted) in names.iter_mut().zip(wanted).filter(|(_, wanted)| wanted.chosen == chosen) {
            let free = wanted.name.len() <= LONGEST && !(wanted.column && is_system_column(&wanted.name));
            if free && taken.insert((wanted.place.clone(), wanted.name.clone())) {
                *name = Some(Ok(wanted.name.clone()));
            } else if chosen {
                *name = Some(Err(format!("the name {} cannot be had: another one has it", wanted.name)));
            }
        }
    }
    let mut hash = |wanted: &NameRequest| {
        let mut attempt = 0_u32;
        loop {
            let name = shortened(&wanted.name, &format!("{}\0{attempt}", wanted.source));
            if taken.insert((wanted.place.clone(), name.clone())) {
                return Ok(name);
            }
            attempt += 1;
        }
    };
    names.into_iter().zip(wanted).map(|(name, wanted)| name.unwrap_or_else(|| hash(wanted))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, source: &str) -> NameRequest {
        NameRequest {
            place: String::new(),
            name: name.to_owned(),
            source: source.to_owned(),
            chosen: false,
            column: true,
        }
    }

    fn names(wanted: &[NameRequest]) -> Vec<String> {
        assign(wanted).into_iter().map(Result::unwrap).collect()
    }

    #[test]
    fn the_first_keeps_the_name_and_a_made_up_one_pushes_nobody_out() {
        let first = names(&[wanted("orders", "Orders"), wanted("orders", "ORDERS"), wanted("x", "x")]);
        assert_eq!((first[0].as_str(), first[2].as_str()), ("orders", "x"));
        assert!(first[1].starts_with("orders_") && first[1].len() == "orders_".len() + 8, "{}", first[1]);
        // Somebody's real name is what would be made up.
        let again =
            names(&[wanted("orders", "Orders"), wanted("orders", "ORDERS"), wanted(&first[1], "real")]);
        assert_eq!(again[2], first[1]);
        assert_ne!(again[1], first[1]);
        assert_eq!(first, names(&[wanted("orders", "Orders"), wanted("orders", "ORDERS"), wanted("x", "x")]));
    }

    #[test]
    fn long_names_are_cut_between_characters_by_bytes() {
        let long = "ü".repeat(32);
        let found = names(&[wanted(&long, &long), wanted(&"n".repeat(63), "n")]);
        assert_eq!(found[0].len(), 54 + 9);
        assert!(found[0].starts_with(&"ü".repeat(27)));
        assert_eq!(found[1].len(), 63, "63 bytes are taken as they are");
        let odd = names(&[wanted(&format!("a{long}"), "b")]);
        assert_eq!(odd[0].len(), 53 + 9, "an ü is not cut in two");
    }

    #[test]
    fn a_system_column_is_renamed_and_a_table_of_that_name_is_not() {
        let column = names(&[wanted("xmin", "xmin")]);
        assert!(column[0].starts_with("xmin_"), "{}", column[0]);
        let table = NameRequest { column: false, ..wanted("xmin", "xmin") };
        assert_eq!(names(&[table]), ["xmin"]);
        assert_eq!(names(&[wanted("Xmin", "Xmin"), wanted("oid", "oid")]), ["Xmin", "oid"]);
    }

    #[test]
    fn a_chosen_name_comes_first_and_two_of_them_are_an_error() {
        let chosen = |source| NameRequest { chosen: true, ..wanted("a", source) };
        let found = assign(&[wanted("a", "first"), chosen("second"), chosen("third")]);
        assert_eq!(found[1], Ok("a".to_owned()));
        assert!(found[0].as_ref().unwrap().starts_with("a_"));
        assert!(found[2].is_err());
    }

    #[test]
    fn a_change_of_name_has_its_reason() {
        let snake = NameCase::Snake;
        assert_eq!(rename_reason("a", "a", snake, true), None);
        assert_eq!(rename_reason("OrderLine", "order_line", snake, false), Some(RenameReason::Case));
        assert_eq!(rename_reason("OrderLine", "lines", snake, true), Some(RenameReason::Chosen));
        assert_eq!(
            rename_reason("OrderLine", "order_line_00000000", snake, false),
            Some(RenameReason::Taken)
        );
        assert_eq!(rename_reason("ctid", "ctid_00000000", snake, false), Some(RenameReason::System));
        assert_eq!(rename_reason(&"n".repeat(64), "n_00000000", snake, false), Some(RenameReason::TooLong));
    }
}
