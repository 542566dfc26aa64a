//! Comparison of character values: an approximation of SQL Server's linguistic order in three levels, letters before
//! accents before case, with digits below letters and other signs below digits. Trailing spaces do not count.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `_BIN2`: by UTF-16 unit, the shorter value padded with spaces.
pub(super) fn binary(a: &str, b: &str) -> Ordering {
    a.trim_end_matches(' ').encode_utf16().cmp(b.trim_end_matches(' ').encode_utf16())
}

pub(super) fn linguistic(a: &str, b: &str, fold_case: bool, fold_accents: bool) -> Ordering {
    let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
    if a.is_ascii() && b.is_ascii() {
        return ascii(a.as_bytes(), b.as_bytes(), fold_case);
    }
    let mut order = letters(a).cmp(letters(b));
    if order.is_eq() && !fold_accents {
        order = accents(a).cmp(accents(b));
    }
    if order.is_eq() && !fold_case {
        order = cases(a).cmp(cases(b));
    }
    order
}

fn ascii(a: &[u8], b: &[u8], fold_case: bool) -> Ordering {
    let key = |c: &u8| (class(char::from(*c)), c.to_ascii_lowercase());
    let order = a.iter().map(key).cmp(b.iter().map(key));
    if order.is_eq() && !fold_case {
        // Lower case sorts first.
        return a.iter().map(u8::is_ascii_uppercase).cmp(b.iter().map(u8::is_ascii_uppercase));
    }
    order
}

fn class(c: char) -> u8 {
    match c {
        c if c.is_alphabetic() => 2,
        c if c.is_numeric() => 1,
        _ => 0,
    }
}

fn letters(s: &str) -> impl Iterator<Item = (u8, char)> {
    s.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(|c| (class(c), c))
}

fn accents(s: &str) -> impl Iterator<Item = char> {
    s.nfd().filter(|c| is_combining_mark(*c) || c.is_alphabetic()).flat_map(char::to_lowercase)
}

fn cases(s: &str) -> impl Iterator<Item = bool> {
    s.nfd().map(char::is_uppercase)
}
