//! T-SQL text to tokens, and a cursor over them. Also the division of a script by GO lines.

use crate::engine::{error, unknown};
use crate::results::SqlError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: keyword or name.
    Word,
    /// `[name]` or `"name"`.
    Quoted,
    /// `'text'`.
    Text,
    /// `N'text'`.
    National,
    /// `0x…`, the digits.
    Hex,
    /// A number without sign; `$` stands first in a money literal.
    Number,
    /// `@name`.
    Variable,
    Symbol,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The value: unquoted, unescaped.
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// 102 at a place.
fn syntax(near: &str) -> SqlError {
    error(102, 15, format!("Incorrect syntax near '{near}'."))
}

fn tokens(sql: &str) -> Result<Vec<Token>, (usize, SqlError)> {
    let bytes = sql.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &sql[at..];
        let c = bytes[at];
        if c.is_ascii_whitespace() || rest.starts_with('\u{FEFF}') || rest.starts_with('\u{A0}') {
            at += rest.chars().next().map_or(1, char::len_utf8);
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += comment(rest).ok_or((at, error(113, 15, "Missing end comment mark '*/'.".to_owned())))?;
        } else {
            let token = token(sql, at).map_err(|e| (at, e))?;
            at = token.end;
            out.push(token);
        }
    }
    Ok(out)
}

/// Length of a block comment; they nest.
fn comment(s: &str) -> Option<usize> {
    let bytes = s.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn token(sql: &str, start: usize) -> Result<Token, SqlError> {
    let rest = &sql[start..];
    let made = |kind, text: String, len: usize| Token { kind, text, start, end: start + len };
    let c = rest.chars().next().unwrap_or(' ');
    if let Some(quoted) = rest.strip_prefix(['N', 'n']).filter(|r| r.starts_with('\'')) {
        let (text, len) = delimited(quoted, '\'')?;
        return Ok(made(Kind::National, text, len + 1));
    }
    match c {
        '\'' => delimited(rest, '\'').map(|(text, len)| made(Kind::Text, text, len)),
        '"' => delimited(rest, '"').map(|(text, len)| made(Kind::Quoted, text, len)),
        '[' => delimited(rest, ']').map(|(text, len)| made(Kind::Quoted, text, len)),
        '0' if rest[1..].starts_with(['x', 'X']) => {
            let digits = rest[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
            Ok(made(Kind::Hex, rest[2..2 + digits].to_owned(), 2 + digits))
        }
        '0'..='9' => Ok(made(Kind::Number, rest[..number(rest)].to_owned(), number(rest))),
        '.' if rest[1..].starts_with(|d: char| d.is_ascii_digit()) => {
            Ok(made(Kind::Number, rest[..number(rest)].to_owned(), number(rest)))
        }
        '$' if rest[1..].starts_with(|d: char| d.is_ascii_alphabetic()) => Ok(word(rest, Kind::Word, start)),
        '$' => {
            let len = number(&rest[1..]);
            Ok(made(Kind::Number, rest[..=len].to_owned(), 1 + len))
        }
        '@' | '#' | '_' => Ok(word(rest, if c == '@' { Kind::Variable } else { Kind::Word }, start)),
        c if c.is_alphabetic() => Ok(word(rest, Kind::Word, start)),
        _ => {
            let two = rest.get(..2).unwrap_or_default();
            let len =
                if ["<>", "<=", ">=", "!=", "!<", "!>", "::"].contains(&two) { 2 } else { c.len_utf8() };
            Ok(made(Kind::Symbol, rest[..len].to_owned(), len))
        }
    }
}

fn word(rest: &str, kind: Kind, start: usize) -> Token {
    let len = rest
        .char_indices()
        .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')))
        .map_or(rest.len(), |(i, _)| i);
    Token { kind, text: rest[..len].to_owned(), start, end: start + len }
}

/// Length of digits, point, digits, exponent.
fn number(s: &str) -> usize {
    let digits = |from: usize| s[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(0);
    if s[len..].starts_with('.') {
        len += 1 + digits(len + 1);
    }
    if s[len..].starts_with(['e', 'E']) {
        let sign = usize::from(s[len + 1..].starts_with(['+', '-']));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    len
}

/// Contents (doubled ends unescaped) and length of a delimited token.
fn delimited(s: &str, end: char) -> Result<(String, usize), SqlError> {
    let mut text = String::new();
    let mut chars = s.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != end {
            text.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == end) {
            text.push(end);
            chars.next();
        } else {
            return Ok((text, i + 1));
        }
    }
    Err(error(105, 15, "Unclosed quotation mark after the character string.".to_owned()))
}

/// A place in a list of tokens.
pub(crate) struct Cursor<'a> {
    pub(crate) sql: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(sql: &'a str) -> Result<Self, SqlError> {
        let tokens = tokens(sql).map_err(|(at, e)| SqlError { line: line_of(sql, at), ..e })?;
        Ok(Self { sql, tokens, at: 0 })
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(crate) fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    pub(crate) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Line of the next token, from 1.
    pub(crate) fn line(&self) -> i32 {
        line_of(self.sql, self.peek().or(self.tokens.last()).map_or(0, |t| t.start))
    }

    /// Whether the tokens ahead are these keywords or symbols.
    pub(crate) fn is(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(i, w)| {
            self.peek_at(i).is_some_and(|t| {
                matches!(t.kind, Kind::Word | Kind::Symbol) && t.text.eq_ignore_ascii_case(w)
            })
        })
    }

    /// Takes these keywords or symbols if they are next.
    pub(crate) fn accept(&mut self, words: &str) -> bool {
        let is = self.is(words);
        if is {
            self.at += words.split(' ').count();
        }
        is
    }

    pub(crate) fn expect(&mut self, words: &str) -> Result<(), SqlError> {
        if self.accept(words) { Ok(()) } else { Err(self.wrong()) }
    }

    /// 102 near the next token.
    pub(crate) fn wrong(&self) -> SqlError {
        syntax(self.peek().map_or("end of statement", |t| &t.text))
    }

    /// One identifier.
    pub(crate) fn name(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(t) if matches!(t.kind, Kind::Word | Kind::Quoted) => {
                let text = t.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong()),
        }
    }

    /// `[schema.]name`; a database part is an error.
    pub(crate) fn object(&mut self) -> Result<(Option<String>, String), SqlError> {
        let first = self.name()?;
        if !self.accept(".") {
            return Ok((None, first));
        }
        let second = self.name()?;
        if self.is(".") {
            return Err(unknown("a name with a database in a statement that writes"));
        }
        Ok((Some(first), second))
    }

    /// A list of names in parentheses.
    pub(crate) fn names(&mut self) -> Result<Vec<String>, SqlError> {
        self.expect("(")?;
        let mut out = vec![self.name()?];
        while self.accept(",") {
            out.push(self.name()?);
        }
        self.expect(")")?;
        Ok(out)
    }

    /// A whole number with an optional sign.
    pub(crate) fn integer(&mut self) -> Result<i128, SqlError> {
        let negative = self.accept("-");
        let text = match self.peek() {
            Some(t) if t.kind == Kind::Number => t.text.clone(),
            _ => return Err(self.wrong()),
        };
        let value: i128 = text.parse().map_err(|_| self.wrong())?;
        self.at += 1;
        Ok(if negative { -value } else { value })
    }

    /// `'text'` or `N'text'`.
    pub(crate) fn string(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(t) if matches!(t.kind, Kind::Text | Kind::National) => {
                let text = t.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong()),
        }
    }

    /// Skips a parenthesised group whose content does not matter.
    pub(crate) fn skip_group(&mut self) -> Result<(), SqlError> {
        self.expect("(")?;
        let mut depth = 1;
        while depth > 0 {
            if self.accept("(") {
                depth += 1;
            } else if self.accept(")") {
                depth -= 1;
            } else if self.take().is_none() {
                return Err(self.wrong());
            }
        }
        Ok(())
    }

    /// Whether a bare word stands anywhere.
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.tokens.iter().any(|t| t.kind == Kind::Word && t.text.eq_ignore_ascii_case(word))
    }

    /// Byte offset of the next token.
    pub(crate) fn offset(&self) -> usize {
        self.peek().map_or(self.sql.len(), |t| t.start)
    }

    /// Goes to the end; the text from `start` on.
    pub(crate) fn rest(&mut self, start: usize) -> &'a str {
        self.at = self.tokens.len();
        self.sql[start..].trim_end()
    }
}

fn line_of(sql: &str, at: usize) -> i32 {
    i32::try_from(sql.bytes().take(at).filter(|b| *b == b'\n').count()).unwrap_or(i32::MAX - 1) + 1
}

/// A batch of a script: its text, its first line (from 1), and how often to run it (`GO n`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: i32,
    pub(crate) count: u32,
}

/// Divides a script at lines that are `GO [n]`, outside of strings and comments.
pub(crate) fn batches(script: &str) -> Vec<Batch<'_>> {
    let mut out = Vec::new();
    let (mut start, mut line, mut first) = (0, 1, 1);
    let mut state = State::Plain;
    let mut at = 0;
    for text in script.split_inclusive('\n') {
        let next = at + text.len();
        if let Some(count) = go(text).filter(|_| state == State::Plain) {
            out.push(Batch { text: &script[start..at], line: first, count });
            (start, first) = (next, line + 1);
        } else {
            state = state.after(text);
        }
        at = next;
        line += 1;
    }
    out.push(Batch { text: &script[start..], line: first, count: 1 });
    out.retain(|b| !b.text.trim().is_empty());
    out
}

fn go(line: &str) -> Option<u32> {
    let line = line.split("--").next()?.trim().trim_start_matches('\u{FEFF}').trim_end_matches(';');
    let mut words = line.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case("go") {
        return None;
    }
    let count = words.next().map_or(Some(1), |n| n.parse().ok())?;
    words.next().is_none().then_some(count)
}

/// What a line of a script begins within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Delimited(u8),
    Comment(u32),
}

impl State {
    fn after(mut self, line: &str) -> Self {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let two = bytes.get(at..at + 2);
            match self {
                Self::Delimited(end) if bytes[at] == end => self = Self::Plain,
                Self::Delimited(_) => {}
                Self::Comment(depth) if two == Some(b"*/") => {
                    self = if depth == 1 { Self::Plain } else { Self::Comment(depth - 1) };
                    at += 1;
                }
                Self::Comment(depth) if two == Some(b"/*") => {
                    self = Self::Comment(depth + 1);
                    at += 1;
                }
                Self::Comment(_) => {}
                Self::Plain if two == Some(b"--") => return self,
                Self::Plain if two == Some(b"/*") => {
                    self = Self::Comment(1);
                    at += 1;
                }
                Self::Plain => match bytes[at] {
                    b'[' => self = Self::Delimited(b']'),
                    q @ (b'\'' | b'"') => self = Self::Delimited(q),
                    _ => {}
                },
            }
            at += 1;
        }
        self
    }
}
