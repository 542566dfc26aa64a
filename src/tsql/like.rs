//! LIKE and PATINDEX, as LIKE or a regular expression.
//!
//! A set without ranges and a range of digits mean the same letter by letter. A range of letters is the collation's
//! (`[a-c]` has `á` and `B`): under a collation that does not tell cases apart, it is the same for ASCII letters, and
//! every character beyond ASCII passes ([`Gap::Range`]), so that no row of the source fails for its accents. Under one
//! that tells cases apart, its capitals are the collation's: refused, but for `_BIN` and `_BIN2`. Of a varchar, trailing
//! blanks that the pattern does not name are not seen; of an nvarchar they are.

use super::collation::Collation;
use super::compare::Comparison;
use super::constant::quote;
use super::node::{Level, Node};
use super::types::{Text, Ty};
use super::walk::{Gap, Walk};
use super::{Result, refuse};
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

/// A piece of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// `%`
    Any,
    /// `_`
    One,
    Char(char),
    /// `[abc]`, `[^0-9]`: first and last of each range.
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn pieces(pattern: &str, escape: Option<char>) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        pieces.push(match c {
            c if Some(c) == escape => Piece::Char(rest.next()?),
            '%' => Piece::Any,
            '_' => Piece::One,
            '[' => {
                let mut inside = String::new();
                loop {
                    match rest.next()? {
                        ']' => break,
                        c if Some(c) == escape || c == '[' && !inside.is_empty() => return None,
                        c => inside.push(c),
                    }
                }
                set(&inside)?
            }
            c => Piece::Char(c),
        });
    }
    Some(pieces)
}

fn set(inside: &str) -> Option<Piece> {
    let (negated, members) = inside.strip_prefix('^').map_or((false, inside), |rest| (true, rest));
    let members: Vec<char> = members.chars().collect();
    let mut ranges = Vec::new();
    let mut rest = members.as_slice();
    loop {
        rest = match rest {
            [] => break,
            [first, '-', last, tail @ ..] if first <= last && *first != '-' && *last != '-' => {
                ranges.push((*first, *last));
                tail
            }
            // A hyphen is itself at an end only.
            ['-', tail @ ..] if !ranges.is_empty() && !tail.is_empty() => return None,
            [_, '-', _, ..] => return None,
            [one, tail @ ..] => {
                ranges.push((*one, *one));
                tail
            }
        };
    }
    (!ranges.is_empty()).then_some(Piece::Set { negated, ranges })
}

impl Walk<'_> {
    pub(super) fn like(
        &mut self,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
    ) -> Result<Node> {
        let (value, pattern) = (self.value(expr)?, self.value(pattern)?);
        let escape = escape.map(|escape| self.value(escape)).transpose()?;
        let escape = match escape.as_ref().map(|escape| escape.literal().map(str::chars)) {
            None => None,
            Some(Some(mut chars)) => match (chars.next(), chars.next()) {
                (Some(escape), None) => Some(escape),
                _ => return refuse("ESCAPE is not one character"),
            },
            Some(None) => return refuse("ESCAPE is no constant text"),
        };
        self.matches(&value, &pattern, escape, negated)
    }

    /// `patindex(pattern, x)` and `charindex` against 0 is a question of whether, not of where.
    pub(super) fn search_as_match(
        &mut self,
        left: &Expr,
        how: Comparison,
        right: &Expr,
    ) -> Result<Option<Node>> {
        let Expr::Function(function) = left else { return Ok(None) };
        let FunctionArguments::List(list) = &function.args else { return Ok(None) };
        let [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(pattern)),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)),
        ] = list.args.as_slice()
        else {
            return Ok(None);
        };
        if !function.name.to_string().eq_ignore_ascii_case("patindex") {
            return Ok(None);
        }
        let negated = match (how, self.value(right)?.whole()) {
            (Comparison::Greater | Comparison::Unequal, Some(0)) | (Comparison::GreaterOrEqual, Some(1)) => {
                false
            }
            (Comparison::Equal | Comparison::LessOrEqual, Some(0)) | (Comparison::Less, Some(1)) => true,
            _ => return Ok(None),
        };
        let (value, pattern) = (self.value(value)?, self.value(pattern)?);
        if !pattern.literal().is_some_and(|pattern| pattern.ends_with('%')) {
            return refuse("PATINDEX of a pattern that does not end with %");
        }
        self.matches(&value, &pattern, None, negated).map(Some)
    }

    fn matches(&mut self, value: &Node, pattern: &Node, escape: Option<char>, negated: bool) -> Result<Node> {
        let (Ty::Text(text), Ty::Text(own)) = (&value.ty, &pattern.ty) else {
            return refuse("LIKE of what is no text");
        };
        let Some(collation) = text.collation_with(own)? else {
            return refuse("LIKE without a column: the collation of the source's database decides");
        };
        let Some(pattern_text) = pattern.literal() else {
            return refuse("LIKE with a pattern that is no constant");
        };
        let Some(pieces) = pieces(pattern_text, escape) else {
            return refuse(format!("the pattern '{pattern_text}' is not known for sure"));
        };
        let fold = self.checked(&pieces, &collation)?;
        // A match makes it pass, or none does.
        let passes = negated == self.negated;
        let beyond = (!collation.binary).then_some(passes);
        let unicode = text.unicode || own.unicode;
        let text = Text { collation: Some(collation), ..text.clone() };
        if text.counts_units() && pieces.iter().any(|piece| matches!(piece, Piece::One | Piece::Set { .. })) {
            self.gap(Gap::Units)?;
        }
        let open = pieces.last() == Some(&Piece::Any);
        if value.cased && !pattern_text.is_ascii() {
            return refuse("UPPER and LOWER of letters beyond ASCII depend on the target's locale");
        }
        let exact = self.text(&Node { cased: false, ..value.clone() })?;
        let bytes = format!("{} COLLATE \"C\"", exact.at(Level::Collate));
        let left = if fold { format!("lower({bytes})") } else { bytes };
        let letters = |c: char| if fold { c.to_ascii_lowercase() } else { c };
        let simple = pieces.iter().all(|piece| !matches!(piece, Piece::Set { .. }));
        let (op, right) = if simple && (open || unicode) {
            (if negated { "NOT LIKE" } else { "LIKE" }, pattern_of(&pieces, letters))
        } else {
            (if negated { "!~" } else { "~" }, expression_of(&pieces, letters, !open && !unicode, beyond))
        };
        let level = if simple && (open || unicode) { Level::Range } else { Level::Operator };
        let sql = format!("{left} {op} {}", quote(&right));
        Ok(Node::new(sql, level, Ty::Predicate).from(&[value, pattern]))
    }

    /// Whether letters are compared as lower case.
    fn checked(&mut self, pieces: &[Piece], collation: &Collation) -> Result<bool> {
        let mut named = String::new();
        let mut range = false;
        for piece in pieces {
            match piece {
                Piece::Char(c) => named.push(*c),
                Piece::Set { ranges, .. } => {
                    for (first, last) in ranges {
                        let digits = first.is_ascii_digit() && last.is_ascii_digit();
                        if first == last || digits || collation.binary {
                            named.extend([*first, *last]);
                        } else if is_letters(*first, *last)
                            && !collation.case_sensitive
                            && collation.english()
                        {
                            range = true;
                        } else {
                            return refuse(format!(
                                "[{first}-{last}] is a range of {}, which holds more than these letters",
                                collation.name
                            ));
                        }
                    }
                }
                Piece::Any | Piece::One => {}
            }
        }
        if range {
            self.gap(Gap::Range)?;
        }
        if named.is_empty() {
            return Ok(range);
        }
        Ok(self.folds(collation, &named)? || range)
    }
}

/// Two ASCII letters of one case.
const fn is_letters(first: char, last: char) -> bool {
    first.is_ascii_lowercase() && last.is_ascii_lowercase()
        || first.is_ascii_uppercase() && last.is_ascii_uppercase()
}

fn pattern_of(pieces: &[Piece], letters: impl Fn(char) -> char) -> String {
    let mut pattern = String::new();
    for piece in pieces {
        match piece {
            Piece::Any => pattern.push('%'),
            Piece::One => pattern.push('_'),
            Piece::Char(c) => {
                if matches!(c, '%' | '_' | '\\') {
                    pattern.push('\\');
                }
                pattern.push(letters(*c));
            }
            Piece::Set { .. } => {}
        }
    }
    pattern
}

/// `blanks`: any number of them may follow. `beyond`: characters beyond ASCII match where there is a range of letters,
/// or do not; None: a range has nothing but itself.
fn expression_of(
    pieces: &[Piece],
    letters: impl Fn(char) -> char,
    blanks: bool,
    beyond: Option<bool>,
) -> String {
    let escaped = |c: char| {
        let c = letters(c);
        if c.is_ascii_alphanumeric() || !c.is_ascii() || c == ' ' { c.to_string() } else { format!("\\{c}") }
    };
    let mut expression = "^".to_owned();
    for piece in pieces {
        match piece {
            Piece::Any => expression.push_str(".*"),
            Piece::One => expression.push('.'),
            Piece::Char(c) => expression.push_str(&escaped(*c)),
            Piece::Set { negated, ranges } => {
                expression.push_str(if *negated { "[^" } else { "[" });
                for (first, last) in ranges {
                    expression.push_str(&escaped(*first));
                    if first != last {
                        expression.push('-');
                        expression.push_str(&escaped(*last));
                    }
                }
                if beyond == Some(!*negated)
                    && ranges.iter().any(|(first, last)| first != last && is_letters(*first, *last))
                {
                    expression.push_str("\\u0080-\\U0010FFFF");
                }
                expression.push(']');
            }
        }
    }
    match expression.strip_suffix(".*") {
        Some(open) if !blanks => open.to_owned(),
        _ if blanks => expression + " *$",
        _ => expression + "$",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_apart() {
        let set = |negated, ranges: &[(char, char)]| Piece::Set { negated, ranges: ranges.to_vec() };
        for (pattern, escape, expected) in [
            ("a%", None, vec![Piece::Char('a'), Piece::Any]),
            ("[0-9]_", None, vec![set(false, &[('0', '9')]), Piece::One]),
            ("[^a-cx-]", None, vec![set(true, &[('a', 'c'), ('x', 'x'), ('-', '-')])]),
            ("[-a]", None, vec![set(false, &[('-', '-'), ('a', 'a')])]),
            ("[[]x", None, vec![set(false, &[('[', '[')]), Piece::Char('x')]),
            ("10!%", Some('!'), vec![Piece::Char('1'), Piece::Char('0'), Piece::Char('%')]),
            ("a]", None, vec![Piece::Char('a'), Piece::Char(']')]),
        ] {
            assert_eq!(pieces(pattern, escape), Some(expected), "{pattern}");
        }
        for (pattern, escape) in
            [("[a", None), ("[]", None), ("[c-a]", None), ("a!", Some('!')), ("[a-b-c]", None)]
        {
            assert_eq!(pieces(pattern, escape), None, "{pattern}");
        }
    }
}
