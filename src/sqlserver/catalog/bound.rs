//! Defaults and rules that are objects of their own, bound to columns: what they say of a column.

use super::reader::Reader;
use crate::error::Result;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{CheckConstraint, SourceObjects};
use std::collections::BTreeMap;

/// Gives the defaults of columns the expressions of the objects that are bound to them, and adds the checks that rules are.
pub(super) async fn read(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let mut texts: BTreeMap<(TableName, ColumnName), String> = BTreeMap::new();
    if objects.defaults.iter().any(|default| default.name.is_none()) {
        let rows = reader.rows("bound defaults", 0, include_str!("../sql/bound_defaults.sql")).await?;
        reader.each("bound defaults", &rows, |row| {
            if let Some(text) = row.text_or_null("bound_text")? {
                texts.insert((row.table()?, ColumnName::new(row.text("column_name")?)), text);
            }
            Ok(())
        });
    }
    for default in objects.defaults.iter_mut().filter(|default| default.name.is_none()) {
        let text = texts.remove(&(default.table.clone(), default.column.clone()));
        default.expression = text.map(|text| expression(&text).map_or(text.clone(), str::to_owned));
    }
    let rows = reader.rows("bound rules", 0, include_str!("../sql/bound_rules.sql")).await?;
    reader.each("bound rules", &rows, |row| {
        let (table, column) = (row.table()?, ColumnName::new(row.text("column_name")?));
        let rule = row.text_or_null("rule_name")?.unwrap_or_else(|| "rule".to_owned());
        let text = row.text_or_null("bound_text")?;
        let mut name = format!("{rule}_{column}");
        while objects.checks.iter().any(|check| check.table == table && check.name == name) {
            name.push_str("_rule");
        }
        objects.checks.push(CheckConstraint {
            name,
            expression: text.map(|text| match expression(&text) {
                Some(condition) => of_column(condition, &column),
                None => text,
            }),
            table,
            column: Some(column),
            disabled: false,
            // The source asks new rows alone.
            not_trusted: true,
        });
        Ok(())
    });
    Ok(())
}

/// A piece of T-SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Letters, digits and what else a name without quotes may have.
    Word,
    /// Text, quoted name or comment: nothing in it means anything.
    Closed,
    Other,
}

/// The pieces of a text, each with its end; blanks and signs one by one.
fn pieces(text: &str) -> Vec<(Piece, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let until = |end: &str| {
            let begin = first.len_utf8().max(if end == "*/" { 2 } else { 1 });
            rest.get(begin..)
                .and_then(|inner| inner.find(end))
                .map_or(rest.len(), |at| begin + at + end.len())
        };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$');
        let (piece, end) = match first {
            '\'' => (Piece::Closed, until("'")),
            '"' => (Piece::Closed, until("\"")),
            '[' => (Piece::Closed, until("]")),
            '-' if rest.starts_with("--") => (Piece::Closed, until("\n")),
            '/' if rest.starts_with("/*") => (Piece::Closed, until("*/")),
            c if is_word(c) => (Piece::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
            c => (Piece::Other, c.len_utf8()),
        };
        let (taken, left) = rest.split_at(end);
        found.push((piece, taken));
        rest = left;
    }
    found
}

/// What follows AS in `CREATE DEFAULT name AS …` and `CREATE RULE name AS …`.
fn expression(text: &str) -> Option<&str> {
    let mut end = 0;
    for (piece, part) in pieces(text) {
        end += part.len();
        if piece == Piece::Word && part.eq_ignore_ascii_case("AS") {
            let expression = text.get(end..)?.trim().trim_end_matches(';').trim_end();
            return (!expression.is_empty()).then_some(expression);
        }
    }
    None
}

/// The condition of a rule about this column: it is written about a variable of any name.
fn of_column(condition: &str, column: &ColumnName) -> String {
    pieces(condition)
        .into_iter()
        .map(|(piece, part)| match piece {
            Piece::Word if part.starts_with('@') && !part.starts_with("@@") => column.source_sql(),
            _ => part.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_as_is_the_expression() {
        for (text, expected) in [
            ("CREATE DEFAULT dbo.NoneYet AS 0", Some("0")),
            ("create default [a AS b].[x] as 'it''s AS'; ", Some("'it''s AS'")),
            ("CREATE DEFAULT d -- AS 7\n /* AS 8 */ AS\n  getdate()\n", Some("getdate()")),
            ("CREATE DEFAULT d(1)", None),
            ("CREATE DEFAULT d AS ", None),
            ("CREATE DEFAULT [d", None),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn the_variable_of_a_rule_is_the_column() {
        let column = ColumnName::new("a]b");
        let rule = "@value > 0 AND @VALUE <> LEN('@value') -- @value";
        assert_eq!(of_column(rule, &column), "[a]]b] > 0 AND [a]]b] <> LEN('@value') -- @value");
        assert_eq!(of_column("@list IN (@@rowcount, /*", &column), "[a]]b] IN (@@rowcount, /*");
    }
}
