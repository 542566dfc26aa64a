//! LIKE: `%`, `_`, `[a-f]`, `[^x]`, ESCAPE.

use crate::query::error::error;
use crate::results::SqlError;
use crate::storage::compare_text;
use crate::types::{Collation, SqlType};
use crate::value::Value;

use super::Step;

enum Part {
    Any,
    One,
    Is(char),
    Set(bool, Vec<(char, char)>),
}

pub(super) fn run(step: &Step, args: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Text(pattern), rest @ ..] = args else { return Ok(Value::Null) };
    let escape = match rest {
        [Value::Text(e)] => {
            let mut chars = chars(e).into_iter();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Some(c),
                _ => {
                    return Err(error(
                        506,
                        "The invalid escape character was specified in a LIKE predicate.",
                    ));
                }
            }
        }
        [Value::Null] => return Ok(Value::Null),
        _ => None,
    };
    let parts = parse(&chars(pattern), escape);
    let text = chars(text);
    let found = matches(&text, &parts, &step.collation)
        // Trailing blanks of char values do not matter, unless the pattern is Unicode.
        || (matches!(step.args[0], SqlType::Char(_)) && {
            let end = text.iter().rposition(|c| *c != ' ').map_or(0, |i| i + 1);
            matches(&text[..end], &parts, &step.collation)
        });
    Ok(Value::Bit(found))
}

fn chars(text: &[u8]) -> Vec<char> {
    String::from_utf8_lossy(text).chars().collect()
}

fn parse(pattern: &[char], escape: Option<char>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut i = 0;
    while let Some(&c) = pattern.get(i) {
        i += 1;
        parts.push(match c {
            c if Some(c) == escape && i < pattern.len() => {
                i += 1;
                Part::Is(pattern[i - 1])
            }
            '%' => Part::Any,
            '_' => Part::One,
            '[' => match pattern[i..].iter().skip(1).position(|c| *c == ']') {
                Some(end) => {
                    let inside = &pattern[i..=i + end];
                    i += end + 2;
                    set(inside)
                }
                None => Part::Is('['),
            },
            c => Part::Is(c),
        });
    }
    parts
}

fn set(inside: &[char]) -> Part {
    let (negated, inside) = match inside {
        ['^', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < inside.len() {
        if i + 2 < inside.len() && inside[i + 1] == '-' {
            ranges.push((inside[i], inside[i + 2]));
            i += 3;
        } else {
            ranges.push((inside[i], inside[i]));
            i += 1;
        }
    }
    Part::Set(negated, ranges)
}

fn matches(text: &[char], parts: &[Part], collation: &Collation) -> bool {
    let Some((first, rest)) = parts.split_first() else { return text.is_empty() };
    if let Part::Any = first {
        return (0..=text.len()).any(|n| matches(&text[n..], rest, collation));
    }
    let Some((c, tail)) = text.split_first() else { return false };
    let order = |a: char, b: char| {
        // A blank equals nothing under the rule of trailing blanks: compare it as a character.
        if a == ' ' || b == ' ' {
            return a.cmp(&b);
        }
        compare_text(collation, a.encode_utf8(&mut [0; 4]), b.encode_utf8(&mut [0; 4]))
    };
    let fits = match first {
        Part::Any | Part::One => true,
        Part::Is(p) => order(*c, *p).is_eq(),
        Part::Set(negated, ranges) => {
            ranges.iter().any(|(low, high)| order(*c, *low).is_ge() && order(*c, *high).is_le()) != *negated
        }
    };
    fits && matches(tail, rest, collation)
}
