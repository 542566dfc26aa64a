//! The tables of `docs/reference/expressions.md` are made from the table of functions, with what [`super::translate`] answers to
//! its examples.

use super::functions::{FUNCTIONS, REFUSED};
use super::*;
use crate::model::types::SourceType;
use std::fmt::Write as _;

/// The example's value, as a check if it is a comparison or good for nothing else.
fn answer(example: &str) -> Translated {
    let columns = [
        ("i", "int", "integer"),
        ("b", "bit", "boolean"),
        ("m", "decimal", "numeric(10,2)"),
        ("f", "float", "double precision"),
        ("v", "varchar", "varchar(20)"),
        ("d", "date", "date"),
        ("dt", "datetime", "timestamp(3)"),
    ]
    .map(|(name, ty, target)| {
        let (max_length, collation) =
            if ty == "varchar" { (20, Some("Latin1_General_BIN2".to_owned())) } else { (0, None) };
        let (name, precision, scale) = (ColumnName::new(name), 10, 2);
        (name, SourceType { name: ty.into(), alias: None, max_length, precision, scale, collation }, target)
    });
    let scope: Vec<_> = columns
        .iter()
        .map(|(name, source_type, target_type)| ScopeColumn {
            source: name,
            target: name,
            source_type,
            target_type,
            nullable: true,
        })
        .collect();
    let parsed = parse::expression(example).unwrap();
    let sequences = |name: &TableName| Some(name.clone());
    let mut walk = walk::Walk::new(Purpose::Check, &scope, &sequences);
    let node = match walk.value(&parsed) {
        Ok(node) => node,
        Err(_) => walk.predicate(&parsed).unwrap_or_else(|refused| panic!("{example}: {refused}")),
    };
    walk.finish(node)
}

fn functions() -> String {
    let mut table = String::from("| T-SQL | PostgreSQL | | remark |\n|---|---|---|---|\n");
    for function in FUNCTIONS {
        let answer = answer(function.example);
        let volatility = match answer.volatility {
            Volatility::Immutable => "immutable",
            Volatility::Stable => "stable",
            Volatility::Volatile => "volatile",
        };
        let sql = answer.sql.replace('|', "\\|");
        writeln!(table, "| `{}` | `{sql}` | {volatility} | {} |", function.example, function.remark).unwrap();
    }
    table
}

fn refused() -> String {
    let mut table = String::from("| T-SQL | why |\n|---|---|\n");
    for (name, why) in REFUSED {
        writeln!(table, "| `{name}` | {why} |").unwrap();
    }
    table
}

#[test]
fn the_page_of_expressions_is_that_of_the_table() {
    crate::generated::assert_parts(
        "reference/expressions.md",
        &[("functions", functions()), ("refused", refused())],
    );
}

#[test]
fn every_function_is_in_the_table_once_and_its_example_calls_it() {
    let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    names.extend(REFUSED.iter().map(|(name, _)| *name));
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for function in FUNCTIONS {
        assert!(function.example.to_lowercase().starts_with(function.name), "{}", function.example);
        assert!(function.arguments.0 <= function.arguments.1);
    }
}
