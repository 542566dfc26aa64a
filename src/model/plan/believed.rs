//! What of a plan is believed: its texts become SQL, and whoever may write checkpoints must not own the target by that.
//!
//! Names are quoted wherever they are used, and are held to the lengths that both servers keep. Types are held to a
//! list, expressions and predicates to what cannot leave their parentheses. That the plan is the one that the run was
//! begun with is the ledger's to say (its SHA-256).

use super::{Plan, PlannedColumn, PlannedTable};
use crate::model::names::{LONGEST, TableName};
use crate::model::predicate;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

/// Types of PostgreSQL, and of the extensions that a plan may use, without arguments.
const TYPES: [&str; 27] = [
    "bigint",
    "boolean",
    "bytea",
    "char",
    "citext",
    "date",
    "double precision",
    "geography",
    "geometry",
    "halfvec",
    "integer",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "time without time zone",
    "timestamp",
    "timestamp with time zone",
    "timestamp without time zone",
    "timestamptz",
    "uuid",
    "varchar",
    "vector",
    "xml",
];
/// Characters of a name of SQL Server (`sysname`).
const LONGEST_SOURCE_NAME: usize = 128;

/// # Errors
/// The first text that no plan of shardferry has, with its place.
pub fn check(plan: &Plan) -> Result<(), String> {
    plan.tables
        .iter()
        .try_for_each(|table| check_table(table).map_err(|wrong| format!("table {}: {wrong}", table.source)))
}

fn check_table(table: &PlannedTable) -> Result<(), String> {
    check_source_name(&table.source)?;
    for name in [&table.target.schema, &table.target.name] {
        check_target_name(name)?;
    }
    if let Some(filter) = &table.filter {
        predicate::check(filter).map_err(|wrong| format!("its filter {wrong}"))?;
    }
    for column in &table.columns {
        check_column(column).map_err(|wrong| format!("column {}: {wrong}", column.source))?;
    }
    for column in &table.generated {
        let checked = check_target_name(column.target.as_str())
            .and_then(|()| check_type(&column.target_type))
            .and_then(|()| check_expression(&column.expression));
        checked.map_err(|wrong| format!("column {}: {wrong}", column.source))?;
    }
    Ok(())
}

fn check_column(column: &PlannedColumn) -> Result<(), String> {
    check_target_name(column.target.as_str())?;
    check_type(&column.target_type)?;
    if let Some(collation) = &column.collation {
        check_target_name(collation)?;
    }
    if let Some(identity) = &column.identity
        && [&identity.seed, &identity.increment].iter().any(|text| text.parse::<i128>().is_err())
    {
        return Err("its identity has no whole numbers".to_owned());
    }
    Ok(())
}

fn check_source_name(name: &TableName) -> Result<(), String> {
    let wrong =
        |part: &&String| part.is_empty() || part.chars().count() > LONGEST_SOURCE_NAME || part.contains('\0');
    match [&name.schema, &name.name].into_iter().find(wrong) {
        Some(part) => Err(format!("`{}` is no name of SQL Server", part.escape_debug())),
        None => Ok(()),
    }
}

/// PostgreSQL cuts longer names silently: they would name something else.
fn check_target_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST || name.contains('\0') {
        return Err(format!("`{}` is no name of PostgreSQL", name.escape_debug()));
    }
    Ok(())
}

/// A type of the list, with arguments (numbers, or a kind of geometry) and perhaps `[]`.
fn check_type(text: &str) -> Result<(), String> {
    let wrong = || format!("`{}` is no type that a plan can have", text.escape_debug());
    let element = text.strip_suffix("[]").unwrap_or(text);
    let (name, arguments) = match element.split_once('(') {
        None => (element.to_owned(), ""),
        Some((name, rest)) => {
            let (arguments, suffix) = rest.split_once(')').ok_or_else(wrong)?;
            (format!("{name}{suffix}"), arguments)
        }
    };
    let is_argument = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let well_argued = arguments.is_empty() || arguments.split(',').map(str::trim).all(is_argument);
    if TYPES.contains(&name.as_str()) && well_argued { Ok(()) } else { Err(wrong()) }
}

/// It stands between parentheses, which it must not leave; no comment, no second statement.
fn check_expression(text: &str) -> Result<(), String> {
    let wrong = || "its expression is none that a plan can have".to_owned();
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().map_err(|_| wrong())?;
    let mut depth = 0_u32;
    for token in &tokens {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.checked_sub(1).ok_or_else(wrong)?,
            Token::SemiColon
            | Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
            | Token::Char('\0') => return Err(wrong()),
            _ => {}
        }
    }
    if depth == 0 { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_a_plan_are_those_of_the_list() {
        for good in [
            "text",
            "numeric(38,10)",
            "numeric(19, 4)",
            "varchar(50)",
            "timestamp(3)",
            "double precision",
            "real[]",
            "geometry(Point,4326)",
            "vector(3)",
            "timestamp(3) without time zone",
        ] {
            assert_eq!(check_type(good), Ok(()), "{good}");
        }
        for bad in [
            "text); DROP TABLE public.victim; --",
            "text) , x text default (lo_unlink(1)",
            "text DEFAULT now()",
            "text PRIMARY KEY",
            "numeric(1,2",
            "numeric(1;2)",
            "numeric()()",
            "varchar(50) COLLATE \"C\"",
            "\"text\"",
            "",
            "pg_catalog.text",
            "text[3]",
        ] {
            assert!(check_type(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expression_cannot_leave_its_parentheses() {
        for good in [
            "(\"a\" + 1)",
            "round((\"x\")::numeric, 2)",
            "'it''s ; -- ) fine' || \"b\"",
            "CASE WHEN \"a\" IS NULL THEN 0 ELSE 1 END",
        ] {
            assert_eq!(check_expression(good), Ok(()), "{good}");
        }
        for bad in [
            "1) STORED); DROP TABLE t; --",
            "1) STORED, (2",
            "1; SELECT 2",
            "1 -- x",
            "1 /* x */",
            "'open",
            "((1)",
        ] {
            assert!(check_expression(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_a_server_would_cut_are_refused() {
        assert_eq!(check_target_name(&"ä".repeat(31)), Ok(()));
        assert!(check_target_name(&"ä".repeat(32)).is_err());
        assert!(check_target_name("a\0b").is_err() && check_target_name("").is_err());
        assert_eq!(check_source_name(&TableName::new("a b;]", "ä".repeat(128))), Ok(()));
        assert!(check_source_name(&TableName::new("dbo", "ä".repeat(129))).is_err());
    }
}
