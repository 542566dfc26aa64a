//! Is a user's WHERE one predicate and nothing else? Pure; the source has the last word, since `plan` asks it too.
//!
//! The text is put between parentheses into the statements that read a table, so whatever could end the parentheses,
//! the line or the statement is refused here: `1=1) OR (1=1`, `a = 1; DROP …`, comments.

use sqlparser::ast::{BinaryOperator as Op, Expr, UnaryOperator};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// Longer texts are no filter that somebody wrote.
const LONGEST: usize = 4000;

/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty; write a predicate, like OrderDate >= '2020-01-01'".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("has {} bytes; at most {LONGEST} are taken", text.len()));
    }
    let tokens = Tokenizer::new(&MsSqlDialect {}, text)
        .tokenize()
        .map_err(|_| "cannot be read as T-SQL: a quote or a bracket is not closed".to_owned())?;
    for token in &tokens {
        match token {
            Token::SemiColon => {
                return Err("holds a semicolon; one predicate is taken, no statement".to_owned());
            }
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
                return Err("holds a comment; write the predicate without".to_owned());
            }
            Token::Char('\0') => return Err("holds U+0000".to_owned()),
            _ => {}
        }
    }
    // What SQL Server takes for a comment wherever our tokens end; inside of a quote it does no harm to refuse it.
    if text.contains("--") || text.contains("/*") {
        return Err("holds -- or /*, which begin a comment; write the predicate without".to_owned());
    }
    let mut parser =
        Parser::new(&MsSqlDialect {}).try_with_sql(text).map_err(|_| "cannot be read as T-SQL".to_owned())?;
    let predicate = parser.parse_expr().map_err(|_| "cannot be read as a T-SQL predicate".to_owned())?;
    match parser.peek_token().token {
        Token::EOF if is_predicate(&predicate) => Ok(()),
        Token::EOF => Err("is a value, not a predicate; compare it, like IsActive = 1".to_owned()),
        token => Err(format!("goes on after the predicate, with `{token}`; one predicate is taken")),
    }
}

/// True or false, by its outermost operator.
fn is_predicate(expression: &Expr) -> bool {
    match expression {
        Expr::Nested(inner) => is_predicate(inner),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => is_predicate(expr),
        Expr::BinaryOp { op: Op::And | Op::Or, left, right } => is_predicate(left) && is_predicate(right),
        Expr::BinaryOp { op, .. } => {
            matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq)
        }
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. }
        | Expr::Exists { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_taken() {
        for text in [
            "OrderDate >= '2020-01-01'",
            "[Order Date] >= '20200101' AND (Status IN (1, 2) OR Status IS NULL)",
            "Name LIKE N'O''B%' AND NOT Deleted = 1",
            "Id BETWEEN 1 AND 10",
            "EXISTS (SELECT 1 FROM dbo.Customers c WHERE c.Id = CustomerId)",
            "CustomerId IN (SELECT Id FROM dbo.Customers)",
            "DATEDIFF(day, Created, GETDATE()) < 90",
            "(a = 1)",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn whatever_is_more_or_less_than_a_predicate_is_refused() {
        for (text, why) in [
            ("", "is empty"),
            ("1=1; DROP TABLE dbo.Orders", "semicolon"),
            ("1=1) OR (1=1", "goes on"),
            ("1=1 DROP TABLE dbo.Orders", "goes on"),
            ("1=1 -- ", "comment"),
            ("1=1 /* x", ""),
            ("Name = 'it", "not closed"),
            ("[Name = 1", ""),
            ("IsActive", "is a value"),
            ("a + 1", "is a value"),
            ("a = 1 AND b", "is a value"),
            ("SELECT 1", ""),
            ("a =", "cannot be read"),
        ] {
            let said = check(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert!(check(&format!("a = '{}'", "x".repeat(5000))).is_err());
    }
}
