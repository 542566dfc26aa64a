//! T-SQL text to a syntax tree, within bounds: no text makes it panic, overflow the stack or take long.

use super::{Result, Untranslatable, refuse};
use sqlparser::ast::Expr;
use sqlparser::dialect::MsSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

const BYTES: usize = 1 << 20;
/// A filter of some thousand values has so many tokens.
const TOKENS: usize = 20_000;
/// The parser counts the nesting of parentheses, but not that of `NOT NOT NOT`.
const PREFIXES: usize = 16;
/// The function that stands for NEXT VALUE FOR, which the parser does not know. No name of T-SQL has a blank unquoted.
pub(super) const NEXT_VALUE: &str = "next value for";

fn unparsed(error: impl std::fmt::Display) -> Untranslatable {
    Untranslatable { reason: format!("it cannot be parsed: {error}") }
}

/// The expression that the whole text is.
pub(super) fn expression(text: &str) -> Result<Expr> {
    let dialect = MsSqlDialect {};
    let too_long = "it cannot be parsed: it is too long";
    if text.len() > BYTES {
        return refuse(too_long);
    }
    let tokens = Tokenizer::new(&dialect, text).tokenize().map_err(unparsed)?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    if tokens.len() > TOKENS {
        return refuse(too_long);
    }
    if prefixes(&tokens) > PREFIXES {
        return refuse("it cannot be parsed: too many operators before one operand");
    }
    let mut parser = Parser::new(&dialect).with_tokens(sequences(tokens));
    let parsed = parser.parse_expr().map_err(unparsed)?;
    match parser.peek_token().token {
        Token::EOF => Ok(parsed),
        other => refuse(format!("it cannot be parsed: `{other}` follows a whole expression")),
    }
}

/// The longest run of operators that stand before an operand.
fn prefixes(tokens: &[Token]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for token in tokens {
        let prefix = match token {
            Token::Word(word) => word.quote_style.is_none() && word.keyword == Keyword::NOT,
            token => matches!(token, Token::Minus | Token::Plus | Token::Tilde | Token::ExclamationMark),
        };
        run = if prefix { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// `NEXT VALUE FOR [s].[q]` becomes a call with the name as its argument.
fn sequences(tokens: Vec<Token>) -> Vec<Token> {
    let says = |token: &Token, text: &str| matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text));
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let [next, value, other, ..] = rest else {
            kept.extend_from_slice(rest);
            break;
        };
        if !(says(next, "next") && says(value, "value") && says(other, "for")) {
            kept.push(first.clone());
            rest = tail;
            continue;
        }
        let name = &rest[3..];
        let mut end = 0;
        while matches!((end % 2, name.get(end)), (0, Some(Token::Word(_))) | (1, Some(Token::Period))) {
            end += 1;
        }
        kept.push(Token::Word(Word {
            value: NEXT_VALUE.to_owned(),
            quote_style: None,
            keyword: Keyword::NoKeyword,
        }));
        kept.push(Token::LParen);
        kept.extend_from_slice(&name[..end]);
        kept.push(Token::RParen);
        rest = &name[end..];
    }
    kept
}
