//! What schemas, tables and columns are called in the target. Pure and deterministic: the same source and the same
//! options always give the same names.
//!
//! - `preserve` keeps a name. `lower` writes it in lower case. `snake` too, with `_` where a word begins: before an
//!   upper case letter that follows a lower case letter or a digit, before the last of several upper case letters that
//!   a lower case letter follows, and in place of blanks and punctuation (one for several, none at the ends).
//! - A name of more than 63 bytes is cut between two characters, and gets `_` and 8 hex digits of a hash of the source's
//!   name; so does a name that another one of the same place has already, and a column called like one of PostgreSQL's
//!   system columns. Names that can stay come first, in the order of the plan and of the columns: a made-up name never
//!   pushes out a real one.
//! - What the user named is taken as written. It is an error where it cannot be had.

mod reserved;

use super::document::NameCase;
use crate::schema::TableName;
pub use reserved::is_reserved;
use std::collections::BTreeSet;
use twox_hash::XxHash3_64;

/// PostgreSQL cuts longer identifiers silently (`NAMEDATALEN` - 1).
pub const LONGEST: usize = 63;
/// `_` and 8 hex digits.
const SUFFIX: usize = 9;
/// Columns that every table has (PostgreSQL documentation, 5.5 "System Columns").
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Why a name is not the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renamed {
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
pub fn why(source: &str, target: &str, case: NameCase, chosen: bool) -> Option<Renamed> {
    let wanted = folded(source, case);
    match () {
        () if source == target => None,
        () if chosen => Some(Renamed::Chosen),
        () if wanted == target => Some(Renamed::Case),
        () if wanted.len() > LONGEST => Some(Renamed::TooLong),
        () if is_system_column(&wanted) => Some(Renamed::System),
        () => Some(Renamed::Taken),
    }
}

fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.contains(&name)
}

/// The name in the chosen case.
#[must_use]
pub fn folded(name: &str, case: NameCase) -> String {
    match case {
        NameCase::Preserve => name.to_owned(),
        NameCase::Lower => name.to_lowercase(),
        NameCase::Snake => snake(name),
    }
}

fn snake(name: &str) -> String {
    // What is no letter and no digit is punctuation; beyond ASCII only blanks are (combining marks are parts of letters).
    let parts = |c: char| if c.is_ascii() { !c.is_ascii_alphanumeric() } else { c.is_whitespace() };
    let characters: Vec<char> = name.chars().collect();
    let mut words = String::with_capacity(name.len() + 8);
    for (place, &c) in characters.iter().enumerate() {
        if parts(c) {
            if !words.is_empty() && !words.ends_with('_') {
                words.push('_');
            }
            continue;
        }
        let before = place.checked_sub(1).map(|before| characters[before]);
        let lower_after = characters.get(place + 1).is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_numeric() || (before.is_uppercase() && lower_after)
            });
        if begins && !words.is_empty() && !words.ends_with('_') {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    let words = words.trim_end_matches('_');
    if words.is_empty() { name.to_lowercase() } else { words.to_owned() }
}

/// Can a user's name be had?
///
/// # Errors
/// What is wrong with it.
pub fn check(name: &str) -> Result<(), String> {
    match name {
        "" => Err("the name is empty".to_owned()),
        name if name.contains('\0') => Err("a name may not hold U+0000".to_owned()),
        name if name.len() > LONGEST => {
            Err(format!("the name {name} has {} bytes, PostgreSQL takes {LONGEST}", name.len()))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// Where PostgreSQL keeps the name for itself.
pub fn check_schema(name: &str) -> Result<(), String> {
    check(name)?;
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(format!("the schema {name} is PostgreSQL's own; choose another with --schema-map"));
    }
    Ok(())
}

/// A user's name of a table: `name` or `schema.name`, parts in brackets where they hold a dot.
///
/// # Errors
/// What is wrong with it.
pub fn parse_target(text: &str) -> Result<(Option<String>, String), String> {
    let table = |text: &str| text.parse::<TableName>().ok();
    let parsed = match table(text) {
        Some(table) => (Some(table.schema), table.name),
        None => match table(&format!("x.{text}")) {
            Some(table) => (None, table.name),
            None => return Err(format!("`{text}` is no name; write name or schema.name")),
        },
    };
    if let Some(schema) = &parsed.0 {
        check_schema(schema)?;
    }
    check(&parsed.1)?;
    Ok(parsed)
}

/// One name to give, in an order that decides who keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    /// Names are unique within this: a schema; empty for columns and schemas.
    pub(super) place: String,
    /// Folded, or as the user wrote it.
    pub(super) name: String,
    /// Of the source, for the hash.
    pub(super) source: String,
    pub(super) chosen: bool,
    pub(super) column: bool,
}

/// The names in the order of `wanted`, unique and of at most 63 bytes; `Err` for a chosen one that another chosen one has.
pub(super) fn assign(wanted: &[Wanted]) -> Vec<Result<String, String>> {
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
    let mut hash = |wanted: &Wanted| {
        let mut attempt = 0_u32;
        loop {
            let name = hashed(&wanted.name, &wanted.source, attempt);
            if taken.insert((wanted.place.clone(), name.clone())) {
                return Ok(name);
            }
            attempt += 1;
        }
    };
    names.into_iter().zip(wanted).map(|(name, wanted)| name.unwrap_or_else(|| hash(wanted))).collect()
}

/// At most 63 bytes: the beginning, cut between two characters, `_`, and 8 hex digits.
fn hashed(name: &str, source: &str, attempt: u32) -> String {
    let hash = XxHash3_64::oneshot(format!("{source}\0{attempt}").as_bytes());
    let mut end = name.len().min(LONGEST - SUFFIX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{:08x}", &name[..end], hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snake_begins_a_word_where_a_reader_would() {
        for (name, snake) in [
            ("OrderLine", "order_line"),
            ("HTTPServer2", "http_server2"),
            ("CustomerID", "customer_id"),
            ("Line2Item", "line2_item"),
            ("order_line", "order_line"),
            ("Order Line", "order_line"),
            ("  Order - Line! ", "order_line"),
            ("_id", "id"),
            ("a__b", "a_b"),
            ("ORDERS", "orders"),
            ("x", "x"),
            ("X", "x"),
            ("GrößeÄndern", "größe_ändern"),
            ("注文 明細", "注文_明細"),
            ("e\u{301}Te\u{301}", "e\u{301}te\u{301}"),
            ("$$$", "$$$"),
            ("2ndAddress", "2nd_address"),
        ] {
            assert_eq!(folded(name, NameCase::Snake), snake, "{name}");
        }
        assert_eq!(folded("Order Line", NameCase::Lower), "order line");
        assert_eq!(folded("Order Line", NameCase::Preserve), "Order Line");
    }

    fn wanted(name: &str, source: &str) -> Wanted {
        Wanted {
            place: String::new(),
            name: name.to_owned(),
            source: source.to_owned(),
            chosen: false,
            column: true,
        }
    }

    fn names(wanted: &[Wanted]) -> Vec<String> {
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
        let table = Wanted { column: false, ..wanted("xmin", "xmin") };
        assert_eq!(names(&[table]), ["xmin"]);
        assert_eq!(names(&[wanted("Xmin", "Xmin"), wanted("oid", "oid")]), ["Xmin", "oid"]);
    }

    #[test]
    fn a_chosen_name_comes_first_and_two_of_them_are_an_error() {
        let chosen = |source| Wanted { chosen: true, ..wanted("a", source) };
        let found = assign(&[wanted("a", "first"), chosen("second"), chosen("third")]);
        assert_eq!(found[1], Ok("a".to_owned()));
        assert!(found[0].as_ref().unwrap().starts_with("a_"));
        assert!(found[2].is_err());
    }

    #[test]
    fn a_change_of_name_has_its_reason() {
        let snake = NameCase::Snake;
        assert_eq!(why("a", "a", snake, true), None);
        assert_eq!(why("OrderLine", "order_line", snake, false), Some(Renamed::Case));
        assert_eq!(why("OrderLine", "lines", snake, true), Some(Renamed::Chosen));
        assert_eq!(why("OrderLine", "order_line_00000000", snake, false), Some(Renamed::Taken));
        assert_eq!(why("ctid", "ctid_00000000", snake, false), Some(Renamed::System));
        assert_eq!(why(&"n".repeat(64), "n_00000000", snake, false), Some(Renamed::TooLong));
    }

    #[test]
    fn a_users_name_is_checked() {
        assert_eq!(parse_target("orders"), Ok((None, "orders".to_owned())));
        assert_eq!(parse_target("sales.orders"), Ok((Some("sales".to_owned()), "orders".to_owned())));
        assert_eq!(parse_target("[a.b]"), Ok((None, "a.b".to_owned())));
        for wrong in ["", "a.b.c", "pg_catalog.x", "information_schema.x", &"n".repeat(64)] {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }
}
