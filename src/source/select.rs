//! The text of the bulk SELECT: explicit columns, never `*`, names quoted by their own types. Pure.

use crate::schema::{ColumnName, TableName};
use std::fmt::Write as _;

/// How a column is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectForm {
    /// The column itself.
    AsIs,
    /// An expression in which `{}` stands for the quoted column: `CAST({} AS nvarchar(max))`.
    Cast(&'static str),
}

/// `SELECT [a], CAST([b] AS …) AS [b] FROM [schema].[table] ORDER BY [a]`; no order where `order_by` is empty.
#[must_use]
pub fn select(table: &TableName, columns: &[(ColumnName, SelectForm)], order_by: &[ColumnName]) -> String {
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
                let _ = write!(sql, "{} AS {name}", pattern.replacen("{}", &name, 1));
            }
        }
    }
    sql.push_str(" FROM ");
    sql.push_str(&table.source_sql());
    for (position, column) in order_by.iter().enumerate() {
        sql.push_str(if position == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&column.source_sql());
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: SelectForm = SelectForm::Cast("CAST({} AS nvarchar(max))");

    fn column(name: &str) -> ColumnName {
        ColumnName::new(name)
    }

    #[test]
    fn columns_are_named_and_quoted() {
        let table = TableName::new("dbo", "Order Details");
        let columns = [(column("Id"), SelectForm::AsIs), (column("a]b"), SelectForm::AsIs)];
        assert_eq!(select(&table, &columns, &[]), "SELECT [Id], [a]]b] FROM [dbo].[Order Details]");
    }

    #[test]
    fn a_cast_keeps_the_column_name() {
        let table = TableName::new("s]x", "t");
        assert_eq!(
            select(&table, &[(column("v{}"), WIDE)], &[]),
            "SELECT CAST([v{}] AS nvarchar(max)) AS [v{}] FROM [s]]x].[t]"
        );
    }

    #[test]
    fn the_order_is_that_of_the_key() {
        let table = TableName::new("dbo", "t");
        assert_eq!(
            select(&table, &[(column("a"), SelectForm::AsIs)], &[column("b"), column("a")]),
            "SELECT [a] FROM [dbo].[t] ORDER BY [b], [a]"
        );
    }
}
