//! The text of the bulk SELECT: explicit columns, never `*`, names quoted by their own types. Pure.
//!
//! A range of the chunk key becomes predicates that only the source evaluates: every bound is cast to the type and the
//! collation of its column, so that the column itself is never converted and its index can be used. T-SQL has no row
//! values: a composite bound is written out, behind a bare comparison of the first column that an index can seek.

use crate::error::{Error, ErrorKind, Result};
use crate::model::base_type::BaseType;
use crate::model::bound::{Bound, KeyRange, Literal};
use crate::model::names::{ColumnName, TableName};
use crate::model::types::SourceType;
use std::fmt::Write as _;

/// How a column is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectForm {
    /// The column itself.
    AsIs,
    /// An expression in which every `{}` stands for the quoted column: `CAST({} AS nvarchar(max))`.
    Cast(&'static str),
}

/// One column of the chunk key, in index order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    pub name: ColumnName,
    pub descending: bool,
    pub ty: SourceType,
}

/// The rows that are wanted of a table.
#[derive(Debug, Clone, Copy)]
pub struct WantedRows<'a> {
    pub range: &'a KeyRange,
    /// The user's predicate.
    pub filter: Option<&'a str>,
    /// The table is memory-optimised, which has its own way to read one moment.
    pub in_memory: bool,
}

/// `SELECT [a], CAST([b] AS …) AS [b] FROM … WHERE` the filter holds, behind `range.after` and up to `range.through`
/// `ORDER BY` the key as its index has it; no predicate for an open end, no order if it is not asked for (or there is
/// no key).
///
/// # Errors
/// `TableDamaged` for a bound that has not one literal for each column of the key.
pub fn select_range(
    table: &TableName,
    columns: &[(ColumnName, SelectForm)],
    key: &[KeyPart],
    wanted: WantedRows<'_>,
    ordered: bool,
) -> Result<String> {
    let mut sql = list(table, columns);
    sql.push_str(if wanted.in_memory { " WITH (SNAPSHOT)" } else { "" });
    sql.push_str(&where_range(key, wanted)?);
    if ordered {
        sql.push_str(&order_by(key));
    }
    Ok(sql)
}

/// ` WHERE …` of a filter and a range; empty for the whole table. The filter stands in parentheses, behind it a line
/// end: a comment at its end takes nothing of ours along.
///
/// # Errors
/// `TableDamaged` for a bound that has not one literal for each column of the key.
pub(super) fn where_range(key: &[KeyPart], wanted: WantedRows<'_>) -> Result<String> {
    let WantedRows { range, filter, in_memory: _ } = wanted;
    let mut sql = where_all([filter]);
    let ends = [(range.after.as_ref(), Side::Behind), (range.through.as_ref(), Side::UpTo)];
    for (bound, side) in ends {
        let Some(bound) = bound else { continue };
        sql.push_str(if sql.is_empty() { " WHERE " } else { " AND " });
        sql.push_str(&predicate(key, bound, side)?);
    }
    Ok(sql)
}

/// ` WHERE …` of the predicates that there are, all of them; empty for none. A comment at the end of one takes nothing of ours along.
pub(super) fn where_all<'p>(predicates: impl IntoIterator<Item = Option<&'p str>>) -> String {
    let all: Vec<String> =
        predicates.into_iter().flatten().map(|predicate| format!("({predicate}\n)")).collect();
    if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
}

/// ` ORDER BY [a], [b] DESC`; empty without a key.
pub(super) fn order_by(key: &[KeyPart]) -> String {
    let mut sql = String::new();
    for (position, part) in key.iter().enumerate() {
        sql.push_str(if position == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&part.name.source_sql());
        sql.push_str(if part.descending { " DESC" } else { "" });
    }
    sql
}

fn list(table: &TableName, columns: &[(ColumnName, SelectForm)]) -> String {
    let mut sql = String::from("SELECT ");
    for (position, (column, form)) in columns.iter().enumerate() {
        if position > 0 {
            sql.push_str(", ");
        }
        let name = column.source_sql();
        match form {
            SelectForm::AsIs => sql.push_str(&name),
            SelectForm::Cast(pattern) => {
                // Writing to a String cannot fail.
                let _ = write!(sql, "{} AS {name}", pattern.replace("{}", &name));
            }
        }
    }
    sql.push_str(" FROM ");
    sql.push_str(&table.source_sql());
    sql
}

/// On which side of a bound the rows are, in the order of the index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Not with the bound itself.
    Behind,
    /// With the bound itself.
    UpTo,
}

/// `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`; of one column `a > 1`.
fn predicate(key: &[KeyPart], bound: &Bound, side: Side) -> Result<String> {
    if key.is_empty() || key.len() != bound.0.len() {
        let message = format!("a chunk's bound has {} values, its key {} columns", bound.0.len(), key.len());
        return Err(Error::new(ErrorKind::TableDamaged, message));
    }
    let values: Vec<String> =
        key.iter().zip(&bound.0).map(|(part, literal)| cast(literal, &part.ty)).collect();
    let last = key.len() - 1;
    let compare = |place: usize, with_equal: bool| {
        let forward = (side == Side::Behind) != key[place].descending;
        let operator = match (forward, with_equal) {
            (true, false) => ">",
            (true, true) => ">=",
            (false, false) => "<",
            (false, true) => "<=",
        };
        format!("{} {operator} {}", key[place].name.source_sql(), values[place])
    };
    if last == 0 {
        return Ok(compare(0, side == Side::UpTo));
    }
    let mut sql = format!("{} AND (", compare(0, true));
    for place in 0..=last {
        if place > 0 {
            sql.push_str(" OR (");
            for equal in 0..place {
                let _ = write!(sql, "{} = {} AND ", key[equal].name.source_sql(), values[equal]);
            }
        }
        sql.push_str(&compare(place, place == last && side == Side::UpTo));
        sql.push_str(if place > 0 { ")" } else { "" });
    }
    sql.push(')');
    Ok(sql)
}

/// A literal as a value of exactly this type and collation.
fn cast(literal: &Literal, ty: &SourceType) -> String {
    // A code page's text comes from Unicode.
    let literal = literal.as_str();
    cast_value(literal, literal.starts_with("0x"), ty)
}

/// An expression as a value of exactly this type and collation. `unicode`: the expression of a text is, or holds, an
/// nvarchar. The collation names the code page, so it stands inside.
pub(super) fn cast_value(value: &str, unicode: bool, ty: &SourceType) -> String {
    let collate = ty.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
    match &ty.name {
        BaseType::Char | BaseType::VarChar if unicode => {
            let units = ty.max_length.clamp(1, 4000);
            format!("CAST(CAST({value} AS nvarchar({units})){collate} AS {ty})")
        }
        BaseType::Char | BaseType::VarChar => format!("CAST({value}{collate} AS {ty})"),
        _ => format!("CAST({value} AS {ty}){collate}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: SelectForm = SelectForm::Cast("CAST({} AS nvarchar(max))");

    fn column(name: &str) -> ColumnName {
        ColumnName::new(name)
    }

    fn part(name: &str, ty: &str) -> KeyPart {
        let (ty, max_length, collation) = match ty.split_once(' ') {
            Some((sized, collation)) => {
                let (name, length) = sized.split_once(':').unwrap();
                (name, length.parse().unwrap(), Some(collation.to_owned()))
            }
            None => (ty, 4, None),
        };
        let ty = SourceType { name: ty.into(), alias: None, max_length, precision: 18, scale: 4, collation };
        KeyPart { name: column(name), descending: false, ty }
    }

    fn descending(part: KeyPart) -> KeyPart {
        KeyPart { descending: true, ..part }
    }

    fn bound(literals: &[&str]) -> Option<Bound> {
        Some(Bound(literals.iter().map(|text| Literal::parse(text).unwrap()).collect()))
    }

    fn ranged(key: &[KeyPart], after: Option<Bound>, through: Option<Bound>, ordered: bool) -> String {
        let columns = [(column("a"), SelectForm::AsIs)];
        let range = KeyRange { after, through };
        let wanted = WantedRows { range: &range, filter: None, in_memory: false };
        let sql = select_range(&TableName::new("dbo", "t"), &columns, key, wanted, ordered).unwrap();
        sql.strip_prefix("SELECT [a] FROM [dbo].[t]").unwrap().to_owned()
    }

    fn all(table: &TableName, columns: &[(ColumnName, SelectForm)]) -> String {
        let wanted = WantedRows { range: &KeyRange::default(), filter: None, in_memory: false };
        select_range(table, columns, &[], wanted, false).unwrap()
    }

    #[test]
    fn columns_are_named_and_quoted() {
        let table = TableName::new("dbo", "Order Details");
        let columns = [(column("Id"), SelectForm::AsIs), (column("a]b"), SelectForm::AsIs)];
        assert_eq!(all(&table, &columns), "SELECT [Id], [a]]b] FROM [dbo].[Order Details]");
    }

    #[test]
    fn a_cast_keeps_the_column_name() {
        let table = TableName::new("s]x", "t");
        assert_eq!(
            all(&table, &[(column("v{}"), WIDE)]),
            "SELECT CAST([v{}] AS nvarchar(max)) AS [v{}] FROM [s]]x].[t]"
        );
    }

    #[test]
    fn a_pattern_may_name_the_column_more_than_once() {
        let twice = SelectForm::Cast("CONVERT(binary(4), {}.STSrid) + {}.AsBinaryZM()");
        assert_eq!(
            all(&TableName::new("dbo", "t"), &[(column("g{}"), twice)]),
            "SELECT CONVERT(binary(4), [g{}].STSrid) + [g{}].AsBinaryZM() AS [g{}] FROM [dbo].[t]"
        );
    }

    #[test]
    fn the_order_is_that_of_the_key() {
        let key = [part("b", "int"), descending(part("a]", "int"))];
        assert_eq!(ranged(&key, None, None, true), " ORDER BY [b], [a]]] DESC");
    }

    #[test]
    fn an_open_end_has_no_predicate() {
        let key = [part("k", "bigint")];
        assert_eq!(ranged(&key, None, None, false), "");
        assert_eq!(ranged(&[], None, None, true), "");
        assert_eq!(ranged(&key, bound(&["-5"]), None, false), " WHERE [k] > CAST(-5 AS bigint)");
        assert_eq!(ranged(&key, None, bound(&["7"]), true), " WHERE [k] <= CAST(7 AS bigint) ORDER BY [k]");
        assert_eq!(
            ranged(&key, bound(&["1"]), bound(&["7"]), false),
            " WHERE [k] > CAST(1 AS bigint) AND [k] <= CAST(7 AS bigint)"
        );
    }

    #[test]
    fn a_descending_column_turns_the_comparison() {
        let key = [descending(part("k", "int"))];
        assert_eq!(
            ranged(&key, bound(&["9"]), bound(&["3"]), true),
            " WHERE [k] < CAST(9 AS int) AND [k] >= CAST(3 AS int) ORDER BY [k] DESC"
        );
    }

    #[test]
    fn a_composite_bound_is_written_out() {
        let key = [part("a", "int"), descending(part("b", "date")), part("c", "uniqueidentifier")];
        assert_eq!(
            ranged(&key, bound(&["1", "'2024-01-31'", "'g'"]), None, false),
            " WHERE [a] >= CAST(1 AS int) AND ([a] > CAST(1 AS int) OR ([a] = CAST(1 AS int) AND [b] < CAST('2024-01-31' AS date)) \
             OR ([a] = CAST(1 AS int) AND [b] = CAST('2024-01-31' AS date) AND [c] > CAST('g' AS uniqueidentifier)))"
        );
        let key = [part("a", "int"), part("b", "int")];
        assert_eq!(
            ranged(&key, bound(&["1", "2"]), bound(&["3", "4"]), true),
            " WHERE [a] >= CAST(1 AS int) AND ([a] > CAST(1 AS int) OR ([a] = CAST(1 AS int) AND [b] > CAST(2 AS int))) \
             AND [a] <= CAST(3 AS int) AND ([a] < CAST(3 AS int) OR ([a] = CAST(3 AS int) AND [b] <= CAST(4 AS int))) \
             ORDER BY [a], [b]"
        );
    }

    #[test]
    fn a_text_is_cast_to_the_type_and_the_collation_of_its_column() {
        for (ty, literal, expected) in [
            (
                "nvarchar:40 Latin1_General_CI_AS",
                "N'o''k'",
                "CAST(N'o''k' AS nvarchar(20)) COLLATE Latin1_General_CI_AS",
            ),
            ("nchar:8 Latin1_General_BIN2", "0x3DD8", "CAST(0x3DD8 AS nchar(4)) COLLATE Latin1_General_BIN2"),
            ("varchar:20 Greek_CI_AS", "N'é'", "CAST(N'é' COLLATE Greek_CI_AS AS varchar(20))"),
            (
                "char:5 Greek_CI_AS",
                "0x0900",
                "CAST(CAST(0x0900 AS nvarchar(5)) COLLATE Greek_CI_AS AS char(5))",
            ),
            (
                "varchar:8000 Greek_CI_AS",
                "0x0900",
                "CAST(CAST(0x0900 AS nvarchar(4000)) COLLATE Greek_CI_AS AS varchar(8000))",
            ),
        ] {
            assert_eq!(
                ranged(&[part("k", ty)], bound(&[literal]), None, false),
                format!(" WHERE [k] > {expected}")
            );
        }
        assert_eq!(
            ranged(&[part("k", "decimal")], bound(&["'1.5'"]), None, false),
            " WHERE [k] > CAST('1.5' AS decimal(18,4))"
        );
    }

    #[test]
    fn a_filter_stands_apart_from_the_range() {
        let range = KeyRange { after: bound(&["1"]), through: None };
        let whole = KeyRange::default();
        let key = [part("k", "int")];
        let filtered = |range| {
            where_range(&key, WantedRows { range, filter: Some("a = 1 OR b = 2 -- both"), in_memory: false })
                .unwrap()
        };
        assert_eq!(filtered(&range), " WHERE (a = 1 OR b = 2 -- both\n) AND [k] > CAST(1 AS int)");
        assert_eq!(filtered(&whole), " WHERE (a = 1 OR b = 2 -- both\n)");
    }

    #[test]
    fn a_bound_that_does_not_fit_the_key_is_refused() {
        let table = TableName::new("dbo", "t");
        let range = KeyRange { after: bound(&["1", "2"]), through: None };
        for key in [&[][..], &[part("a", "int")], &[part("a", "int"), part("b", "int"), part("c", "int")]] {
            let error = select_range(
                &table,
                &[],
                key,
                WantedRows { range: &range, filter: None, in_memory: false },
                false,
            )
            .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TableDamaged);
        }
    }
}
