//! Texts that servers and files gave, as people see them: what moves a cursor, breaks a line or turns the direction of
//! writing is written out, so that a name cannot pretend to be another line of a log or of a report.

use std::borrow::Cow;
use std::fmt::Write as _;

/// On one line: `a\nb`, `\u{1b}[31m`.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Of several lines: line ends and tabs stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// An error with lists of ours in it: a line end stays if two blanks follow it, as in front of each item.
#[must_use]
pub fn with_lists(text: &str) -> String {
    text.split("\n  ").map(one_line).collect::<Vec<_>>().join("\n  ")
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let moves = |c: char| is_control(c) && !stays(c);
    if !text.contains(moves) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            _ if !moves(c) => shown.push(c),
            '\n' | '\r' | '\t' => shown.extend(c.escape_default()),
            _ => drop(write!(shown, "{}", c.escape_unicode())),
        }
    }
    Cow::Owned(shown)
}

/// Controls (C0, DEL, C1), the two separators of lines and paragraphs, and what turns the direction of writing.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_is_written_out() {
        for (text, shown) in [
            ("dbo.Größe 日本", "dbo.Größe 日本"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\0\u{7f}\u{9b}", "\\u{0}\\u{7f}\\u{9b}"),
            ("abc\u{202e}txt", "abc\\u{202e}txt"),
        ] {
            assert_eq!(one_line(text), shown);
        }
        assert_eq!(lines("a\n\tb\u{8}"), "a\n\tb\\u{8}");
        assert_eq!(
            with_lists("two:\n  dbo.a\nshardferry: done\n  dbo.b"),
            "two:\n  dbo.a\\nshardferry: done\n  dbo.b"
        );
    }
}
