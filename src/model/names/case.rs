//! `--name-case`: how a name of the source is written in the target. The one rule for schemas, tables, columns,
//! indexes, constraints and sequences.

use serde::{Deserialize, Serialize};

/// How names of schemas, tables and columns are written in the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameCase {
    Preserve,
    /// `OrderLine` becomes `orderline`.
    #[default]
    Lower,
    /// `OrderLine` becomes `order_line`.
    Snake,
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
    // What is no letter and no digit is punctuation; beyond ASCII only blanks are (combining marks are parts of
    // letters).
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
}
