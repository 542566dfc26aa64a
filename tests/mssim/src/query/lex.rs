//! T-SQL tokens, each with its place in the text.

use crate::results::SqlError;

use super::error::{error, syntax};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A bare word: keyword or identifier, as written.
    Word(String),
    /// `[name]` or `"name"`, unquoted.
    Quoted(String),
    /// `'text'` (false) or `N'text'` (true), unescaped.
    Text(String, bool),
    /// Digits with optional point and exponent, as written; `$1.5` keeps its `$`.
    Number(String),
    /// `0x…`
    Hex(Vec<u8>),
    /// `@name` or `@@name`, with the `@`.
    Variable(String),
    /// Operator or punctuation.
    Op(&'static str),
    End,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Byte offsets into the text.
    pub start: usize,
    pub end: usize,
    /// 1-based.
    pub line: i32,
    /// First on its line.
    pub first: bool,
}

const OPERATORS: [&str; 29] = [
    "<>", "!=", "<=", ">=", "!<", "!>", "+=", "-=", "::", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-",
    "*", "/", "%", "&", "|", "^", "~", "{", "}", ":",
];

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: i32,
    first: bool,
}

/// Splits `text` into tokens; the last one is [`Kind::End`].
///
/// # Errors
/// 105 for an unclosed string, 113 for an unclosed comment, 102 for a character that T-SQL does not have.
pub fn lex(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut lexer = Lexer { text, at: 0, line: 1, first: true };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let end = token.kind == Kind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '#'
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | '@' | '$')
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|&c| test(c)).collect();
        self.at += taken.len();
        taken
    }

    fn skip_blank(&mut self) -> Result<(), SqlError> {
        loop {
            if self.rest().starts_with("--") {
                self.take_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.skip_comment()?;
            } else {
                match self.peek() {
                    Some('\n') => {
                        self.line += 1;
                        self.first = true;
                        self.at += 1;
                    }
                    Some(c) if c.is_whitespace() || c == '\u{feff}' || c == '\0' => self.at += c.len_utf8(),
                    _ => return Ok(()),
                }
            }
        }
    }

    /// Comments nest in T-SQL.
    fn skip_comment(&mut self) -> Result<(), SqlError> {
        let mut depth = 0_u32;
        loop {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                let Some(c) = self.peek() else {
                    return Err(error(113, "Missing end comment mark '*/'."));
                };
                self.line += i32::from(c == '\n');
                self.at += c.len_utf8();
            }
        }
    }

    fn next(&mut self) -> Result<Token, SqlError> {
        self.skip_blank()?;
        let (start, line, first) = (self.at, self.line, self.first);
        self.first = false;
        let kind = self.kind()?;
        Ok(Token { kind, start, end: self.at, line, first })
    }

    fn kind(&mut self) -> Result<Kind, SqlError> {
        let Some(c) = self.peek() else { return Ok(Kind::End) };
        let next = self.rest().chars().nth(1);
        match c {
            'N' | 'n' if next == Some('\'') => {
                self.at += 1;
                Ok(Kind::Text(self.quoted('\'')?, true))
            }
            '\'' => Ok(Kind::Text(self.quoted('\'')?, false)),
            '"' => Ok(Kind::Quoted(self.quoted('"')?)),
            '[' => Ok(Kind::Quoted(self.quoted(']')?)),
            '@' => Ok(Kind::Variable(self.take_while(is_part))),
            '0' if matches!(next, Some('x' | 'X')) => self.hex(),
            '$' if next.is_some_and(|n| n.is_ascii_digit()) => {
                self.at += 1;
                Ok(Kind::Number(format!("${}", self.number())))
            }
            '.' if next.is_some_and(|n| n.is_ascii_digit()) => Ok(Kind::Number(self.number())),
            c if c.is_ascii_digit() => Ok(Kind::Number(self.number())),
            c if is_start(c) || c == '$' => Ok(Kind::Word(self.take_while(is_part))),
            _ => {
                let found = OPERATORS.iter().find(|op| self.rest().starts_with(**op));
                let op = found.ok_or_else(|| syntax(&c.to_string()))?;
                self.at += op.len();
                Ok(Kind::Op(op))
            }
        }
    }

    /// The current character opens; `close` ends unless doubled.
    fn quoted(&mut self, close: char) -> Result<String, SqlError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(error(
                    105,
                    format!("Unclosed quotation mark after the character string '{text}'."),
                ));
            };
            self.at += c.len_utf8();
            self.line += i32::from(c == '\n');
            if c == close {
                if self.peek() != Some(close) {
                    return Ok(text);
                }
                self.at += c.len_utf8();
            }
            text.push(c);
        }
    }

    fn hex(&mut self) -> Result<Kind, SqlError> {
        self.at += 2;
        let mut digits = self.take_while(|c| c.is_ascii_hexdigit());
        if digits.len() % 2 == 1 {
            digits.insert(0, '0');
        }
        let bytes = (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16));
        bytes.collect::<Result<Vec<u8>, _>>().map(Kind::Hex).map_err(|_| syntax(&digits))
    }

    fn number(&mut self) -> String {
        let mut text = self.take_while(|c| c.is_ascii_digit());
        if self.peek() == Some('.') {
            self.at += 1;
            text.push('.');
            text += &self.take_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let mut tail = self.rest().chars().skip(1).peekable();
            let sign = tail.next_if(|c| matches!(c, '+' | '-'));
            let exponent: String = tail.take_while(char::is_ascii_digit).collect();
            self.at += 1 + sign.map_or(0, char::len_utf8) + exponent.len();
            text.push('e');
            text.extend(sign);
            text += if exponent.is_empty() { "0" } else { &exponent };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_every_kind() {
        let kinds: Vec<Kind> = lex("SELECT [a]]b], N'it''s' /* x /* y */ */ , 0xABC, 1.5e-3 <> @@x -- end")
            .expect("lexes")
            .into_iter()
            .map(|t| t.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                Kind::Word("SELECT".into()),
                Kind::Quoted("a]b".into()),
                Kind::Op(","),
                Kind::Text("it's".into(), true),
                Kind::Op(","),
                Kind::Hex(vec![0x0a, 0xbc]),
                Kind::Op(","),
                Kind::Number("1.5e-3".into()),
                Kind::Op("<>"),
                Kind::Variable("@@x".into()),
                Kind::End
            ]
        );
    }

    #[test]
    fn an_open_string_is_105() {
        assert_eq!(lex("PRINT 'abc").expect_err("open").number, 105);
    }
}
