//! `docs/expressions.md` is made from the table of functions, with what [`super::translate`] answers to its examples.

use super::functions::{FUNCTIONS, REFUSED};
use super::*;
use crate::model::types::SourceType;
use std::fmt::Write as _;

const HEAD: &str = "\
# Expressions

Defaults, check constraints, filters of indexes and computed columns are T-SQL expressions. Each one is parsed, gets the
T-SQL type of every part, and becomes a PostgreSQL expression **of the same meaning**. What has none is refused with the
reason, which the assessment shows: then there is no default, check or index of it in the target, and a computed column
becomes a plain column with the source's values. Nothing is approximated, nothing is searched and replaced.

This page is made from the table in the code (`src/tsql/functions.rs`), and a test keeps the two equal
(`SHARDFERRY_UPDATE_DOCS=1 cargo test --lib page_of_expressions` rewrites it). All cases that are tested, with their
answers: `src/tsql/cases.txt`.

## Constants

A constant becomes what T-SQL makes of it as a value of the column's type: `((0))` of a bit is `false`, `('')` of an int is
`0` and of a datetime `1900-01-01`, `((1.25))` of a `decimal(5,1)` is `1.3`, `((0))` of a varchar is `'0'`, of a varbinary
`0x00000000`. Refused: what SQL Server itself cannot convert; dates whose meaning depends on the language of the login
(`'2020-01-02'` of a datetime is 2 January or 1 February; `'20200102'` and `'2020-01-02T00:00:00'` are not refused, nor is
`'9999-12-31'`, which can be read in one way only); fractions of a second that would be rounded; floats of more than 15
digits; letters beyond ASCII without `N`, or in a varchar, whose code page decides.

## Numbers

Whole numbers divide and overflow as in T-SQL. Sums, differences and products of decimals are taken where T-SQL keeps every
digit; a quotient only by a power of ten, since T-SQL rounds it by rules of its own; likewise products of money with money.
`decimal` to `int` cuts, as T-SQL does. `real` and `float` are IEEE 754 on both sides; `decimal` to `float` and back is refused
for columns. `bit` is `boolean`: `([active]=(1))` becomes `\"active\"`.

What SQL Server refuses at run time (an overflow, a division by zero, a text that is no number) is no meaning that is kept:
such rows are not in the source.

## Texts

SQL Server compares by the collation of the column and does not see trailing blanks; PostgreSQL compares bytes. So:

| collation | `=`, `<>`, `IN`, `LIKE`, `CHARINDEX` with a constant | two columns | `<`, `>`, `BETWEEN` |
|---|---|---|---|
| `_BIN`, `_BIN2` | the same: `rtrim(x) COLLATE \"C\" = 'A'` | the same | refused |
| `_CS_AS` | `rtrim(x) COLLATE \"C\" = 'A'` (1) | refused | refused |
| `_CI_AS` | `lower(rtrim(x) COLLATE \"C\") = 'a'`, the constant of ASCII (1) | refused | refused |
| `_AI` | constants without letters (1) | refused | refused |

(1) The same for every value but those with characters that the collation takes for others (full width `Ａ` for `A`, the
ligature `ß` for `ss`) or does not see (zero width). They count as different in PostgreSQL. A copied row with such a value
fails a check that wants the constant, so nothing passes unseen; the assessment has a note. In a computed column, where a value
would change, it is refused. Constants with letters are refused where the collation's ASCII letters are not those of English
(Turkish `i`, Hungarian `cs`, Danish `aa`, …). The forms do not depend on the collation that the column has in the
target.

LIKE becomes LIKE or a regular expression. `[abc]` and `[0-9]` mean the same; a range of letters is the collation's (`[a-c]` holds
`B` and `á`) and translated for `_BIN` and `_BIN2` only. Lengths and positions: where SQL Server counts UTF-16 units
(nvarchar without `_SC`), LEN and DATALENGTH count them here too; LEFT, SUBSTRING, `_` and others count characters, which is
noted, and refused in a computed column. `+` of texts is `||`, with NULL as in T-SQL; `char(n)` takes part with its blanks.

## Dates and times

`datetime` against `datetime2` is refused (thirds of a millisecond), against `getdate()` not. Conversions that round
fractions are refused. CONVERT to text: styles 8, 20, 21, 23, 24, 101 to 105, 108, 110 to 112, 120, 121, 126 (without
fractions).

## In an index and a computed column

PostgreSQL wants expressions whose result never changes there: nothing of the current time, users, sequences, random
numbers. The type that T-SQL gives a computed column is inferred and must be the catalog's.

## Functions

The columns of the examples: `i` int, `b` bit, `m` decimal(10,2), `f` float, `v` varchar(20), `d` date, `dt` datetime. Where the PostgreSQL
text names volatility: *immutable* may stand anywhere, *stable* and *volatile* not in an index or a computed column. NULL
in an argument gives NULL, except where it says otherwise.

| T-SQL | PostgreSQL | | remark |
|---|---|---|---|
";

const MIDDLE: &str = "
## Functions that are refused

Every function that is not in the table above is refused, functions of the user too. Those that are often asked for:

| T-SQL | why |
|---|---|
";

/// The example's value, as a check where it is a comparison or good for nothing else.
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

fn page() -> String {
    let mut page = HEAD.to_owned();
    for function in FUNCTIONS {
        let answer = answer(function.example);
        let volatility = match answer.volatility {
            Volatility::Immutable => "immutable",
            Volatility::Stable => "stable",
            Volatility::Volatile => "volatile",
        };
        let sql = answer.sql.replace('|', "\\|");
        writeln!(page, "| `{}` | `{sql}` | {volatility} | {} |", function.example, function.remark).unwrap();
    }
    page.push_str(MIDDLE);
    for (name, why) in REFUSED {
        writeln!(page, "| `{name}` | {why} |").unwrap();
    }
    page
}

#[test]
fn the_page_of_expressions_is_that_of_the_table() {
    crate::generated::assert_page("expressions.md", &page());
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
