//! Types of columns by the server's own description of the SELECT that will be sent.

use super::SourceCatalog;
use crate::error::{Error, Result};
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::UnreadObjects;
use crate::model::table::{Identity, NoData, SourceColumn, SourceTable};
use crate::sqlserver::client::Client;
use crate::sqlserver::describe::{Statement, describe};
use crate::sqlserver::sent_type;
use crate::sqlserver::wire::WireColumn;
use std::collections::BTreeSet;

/// What the source will not send to this login, or cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub table: TableName,
    /// None: nothing of the table.
    pub column: Option<ColumnName>,
    pub why: String,
}

/// Gives every column the type that the server sends. A table that cannot be described keeps what the catalog says of it,
/// and is named in [`SourceCatalog::unreadable`].
///
/// # Errors
/// `SourceUnavailable` if the connection breaks, and whatever else is worth a retry.
pub(super) async fn add(client: &mut Client, seen: &mut SourceCatalog) -> Result<()> {
    let statements: Vec<Statement> =
        seen.tables.iter().map(|table| select_all(&table.name, &names(table))).collect();
    let described = describe(client, &statements).await?;
    for (table, described) in seen.tables.iter_mut().zip(described) {
        match described {
            Ok(sent) => take(table, sent, &mut seen.unread),
            Err(error) => seen.unreadable.extend(column_by_column(client, table, &error).await?),
        }
    }
    Ok(())
}

/// Those that a query may name.
fn names(table: &SourceTable) -> Vec<ColumnName> {
    table.columns.iter().filter(|column| is_selectable(column)).map(|column| column.name.clone()).collect()
}

fn is_selectable(column: &SourceColumn) -> bool {
    column.no_data != Some(NoData::GraphInternal)
}

/// A guess at the columns of a table of which the catalog names none.
const MANY_COLUMNS: usize = 100;

/// The columns that are named, behind all that the server shows by itself: a column that the catalog does not name must
/// not get lost.
fn select_all(table: &TableName, columns: &[ColumnName]) -> Statement {
    let named: String = columns.iter().map(|column| format!(", {}", column.source_sql())).collect();
    let sql = format!("SELECT TOP (0) *{named} FROM {}", table.source_sql());
    Statement { sql, columns: if columns.is_empty() { MANY_COLUMNS } else { 2 * columns.len() } }
}

fn select_column(table: &TableName, column: &ColumnName) -> Statement {
    Statement {
        sql: format!("SELECT TOP (0) {} FROM {}", column.source_sql(), table.source_sql()),
        columns: 1,
    }
}

/// The types of a table's columns, and the columns that the catalog does not name.
fn take(table: &mut SourceTable, sent: Vec<WireColumn>, unread: &mut Vec<UnreadObjects>) {
    let shown = sent.len().saturating_sub(names(table).len());
    let mut sent = sent;
    let named = sent.split_off(shown);
    for (column, sent) in table.columns.iter_mut().filter(|column| is_selectable(column)).zip(&named) {
        type_of(column, sent, &table.name);
        unread.extend(identity_of(column, sent, &table.name));
    }
    let known: BTreeSet<String> =
        table.columns.iter().map(|column| column.name.as_str().to_owned()).collect();
    // A catalog may write a name in another case: it is the same column, unless the server shows one of that very name too.
    let shown: BTreeSet<&str> = sent.iter().map(|sent| sent.name.as_str()).collect();
    let folded: BTreeSet<String> =
        known.iter().filter(|name| !shown.contains(name.as_str())).map(|name| name.to_lowercase()).collect();
    let is_new =
        |sent: &WireColumn| !known.contains(&sent.name) && !folded.contains(&sent.name.to_lowercase());
    let new: Vec<(i32, WireColumn)> =
        (1..).zip(sent.iter().cloned()).filter(|(_, sent)| is_new(sent)).collect();
    if !new.is_empty() {
        let names: Vec<&str> = new.iter().map(|(_, sent)| sent.name.as_str()).collect();
        let what = match names.as_slice() {
            [name] => format!("column {name} of {}", table.name),
            _ if known.is_empty() => format!("columns of {}", table.name),
            names => format!("columns {} of {}", names.join(", "), table.name),
        };
        let why =
            "the catalog does not name what the server sends: its type is known, and nothing else of it";
        unread.push(UnreadObjects { what, why: why.to_owned() });
        table.columns.extend(new.into_iter().map(|(place, sent)| column(place, sent)));
    }
    table.columns.sort_by_key(|column| column.ordinal);
}

fn type_of(column: &mut SourceColumn, sent: &WireColumn, table: &TableName) {
    let ty = sent_type::described(Some(&column.ty), &sent.ty);
    if ty != column.ty {
        tracing::debug!(%table, column = %column.name, "the catalog says {}, the source sends {}", column.ty, sent.ty);
        column.ty = ty;
    }
}

/// A server that says that a column is an identity, and a catalog that does not: the numbers are those of IDENTITY alone.
fn identity_of(column: &mut SourceColumn, sent: &WireColumn, table: &TableName) -> Option<UnreadObjects> {
    if !sent.identity || column.identity.is_some() {
        return None;
    }
    column.identity = Some(plain_identity());
    Some(UnreadObjects {
        what: format!("identity {} of {table}", column.name),
        why: "the catalog does not tell its seed, increment and last value: IDENTITY(1,1) is taken"
            .to_owned(),
    })
}

fn plain_identity() -> Identity {
    Identity { seed: "1".to_owned(), increment: "1".to_owned(), last_value: None }
}

fn column(ordinal: i32, sent: WireColumn) -> SourceColumn {
    SourceColumn {
        identity: sent.identity.then(plain_identity),
        ty: sent_type::described(None, &sent.ty),
        name: ColumnName::new(sent.name),
        ordinal,
        nullable: sent.nullable,
        computed: None,
        hidden: false,
        period: false,
        withheld: false,
        no_data: None,
    }
}

/// Which of its columns keep a table from being read. The others get their types.
async fn column_by_column(
    client: &mut Client,
    table: &mut SourceTable,
    error: &Error,
) -> Result<Vec<Unreadable>> {
    let unreadable = |column: Option<&ColumnName>, error: &Error| Unreadable {
        table: table.name.clone(),
        column: column.cloned(),
        why: error.detail(),
    };
    let names = names(table);
    if names.is_empty() {
        return Ok(vec![unreadable(None, error)]);
    }
    let statements: Vec<Statement> = names.iter().map(|name| select_column(&table.name, name)).collect();
    let described = describe(client, &statements).await?;
    // If no column can be read, the table cannot: one word, and not one a column.
    if described.iter().all(Result::is_err) {
        return Ok(vec![unreadable(None, error)]);
    }
    let failed: Vec<Unreadable> = names
        .iter()
        .zip(&described)
        .filter_map(|(name, described)| Some(unreadable(Some(name), described.as_ref().err()?)))
        .collect();
    for (column, described) in table.columns.iter_mut().filter(|column| is_selectable(column)).zip(described)
    {
        if let Ok([sent]) = described.as_deref() {
            type_of(column, sent, &table.name);
        }
    }
    if failed.is_empty() {
        // Each column alone can be read, and all of them together cannot.
        return Ok(vec![Unreadable { table: table.name.clone(), column: None, why: error.detail() }]);
    }
    Ok(failed)
}

impl Unreadable {
    /// `dbo.Orders`, `dbo.Orders.Total`
    #[must_use]
    pub fn name(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.table),
            None => self.table.to_string(),
        }
    }
}
