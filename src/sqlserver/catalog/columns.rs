//! The columns of tables, as the catalog tells of them.

use super::reader::Reader;
use super::row::Record;
use super::versions::{SQL_SERVER_2016, SQL_SERVER_2017};
use super::{ColumnId, SourceCatalog, identity_column, types};
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::names::ColumnName;
use crate::model::objects::UnreadObjects;
use crate::model::table::{NoData, SourceColumn, SourceTable};
use crate::model::types::SourceType;
use crate::sqlserver::client::Client;
use crate::sqlserver::connection_errors::tiberius_error;
use std::collections::{BTreeMap, BTreeSet};

const IDENTITIES: &str = include_str!("../sql/identities.sql");

/// Puts the columns into their tables, in column order. Columns that are not named keep no table from being planned: the server
/// is asked for them again when it describes the table.
///
/// # Errors
/// Transient ones.
pub(super) async fn add(reader: &mut Reader<'_>, tables: &mut BTreeMap<i32, SourceTable>) -> Result<()> {
    let sql = include_str!("../sql/hidden_columns.sql");
    let hidden = marked(reader, "hidden columns", SQL_SERVER_2016, sql).await?;
    let sql = include_str!("../sql/period_columns.sql");
    let periods = marked(reader, "period columns", SQL_SERVER_2016, sql).await?;
    let sql = include_str!("../sql/withheld_columns.sql");
    let withheld = marked(reader, "masked columns", SQL_SERVER_2016, sql).await?;
    let graph = graph_columns(reader).await?;
    let no_data = no_data(reader).await?;
    let mut identities = BTreeMap::new();
    let rows = reader.rows("identities", 0, IDENTITIES).await?;
    reader.each("identities", &rows, |row| {
        identities.insert(row.column_id()?, identity_column(row)?);
        Ok(())
    });
    let types = types::load(reader).await?;
    let mut computed = BTreeMap::new();
    let rows = reader.rows("computed columns", 0, include_str!("../sql/computed_columns.sql")).await?;
    reader.each("computed columns", &rows, |row| {
        computed.insert(row.column_id()?, row.text_or_null("expression")?);
        Ok(())
    });
    let mut refused = Vec::new();
    let mut take = |row: &Record<'_>| -> Result<()> {
        let id = row.column_id()?;
        let Some(table) = tables.get_mut(&id.0) else { return Ok(()) };
        let of_graph = graph.get(&id);
        let internal = of_graph == Some(&GraphColumn::Internal);
        let expression = computed.remove(&id);
        let is_computed = row.flag_or_null("is_computed")?.unwrap_or(expression.is_some());
        table.columns.push(SourceColumn {
            name: ColumnName::new(row.text("column_name")?),
            ordinal: id.1,
            ty: source_type(row, &types)?,
            nullable: row.flag_or_null("is_nullable")?.unwrap_or(true),
            identity: identities.remove(&id),
            // Without VIEW DEFINITION the column is known to be computed, and no more.
            computed: (is_computed && of_graph.is_none()).then(|| expression.flatten().unwrap_or_default()),
            hidden: hidden.contains(&id) && of_graph.is_none(),
            period: periods.contains(&id),
            withheld: withheld.contains(&id),
            no_data: if internal { Some(NoData::GraphInternal) } else { no_data.get(&id).copied() },
        });
        Ok(())
    };
    let walk = |row: &tiberius::Row| {
        if let Err(error) = take(&Record(row)) {
            refused.push(error.detail());
        }
    };
    let answer = reader.client.each_row(include_str!("../sql/columns.sql"), walk).await?;
    if let Err(token) = answer {
        let error = tiberius_error(tiberius::error::Error::Server(token));
        if error.policy().retry {
            return Err(error);
        }
        reader.note("columns", &error.detail());
    }
    if let Some(first) = refused.first() {
        reader.note("columns", &format!("{first} ({} columns)", refused.len()));
    }
    for table in tables.values_mut() {
        table.columns.sort_by_key(|column| column.ordinal);
    }
    Ok(())
}

/// Of tables whose columns only the server's description names: the numbers of their identities, by names.
///
/// # Errors
/// Transient ones.
pub(super) async fn identities_by_name(client: &mut Client, seen: &mut SourceCatalog) -> Result<()> {
    if seen.unread.iter().all(|unread| unread.what != "columns") {
        return Ok(());
    }
    let mut reader = Reader::new(client).await?;
    let rows = reader.rows("identities", 0, IDENTITIES).await?;
    let tables = &mut seen.tables;
    reader.each("identities", &rows, |row| {
        let (id, name) = (row.int("object_id")?, row.text("column_name")?);
        let table = tables.iter_mut().find(|table| table.object_id == id);
        let columns = table.into_iter().flat_map(|table| &mut table.columns);
        for column in columns.filter(|column| column.name.as_str() == name) {
            column.identity = Some(identity_column(row)?);
        }
        Ok(())
    });
    let new: Vec<UnreadObjects> =
        reader.unread.into_iter().filter(|unread| !seen.unread.contains(unread)).collect();
    seen.unread.extend(new);
    Ok(())
}

/// The columns that a query names.
async fn marked(reader: &mut Reader<'_>, what: &str, since: u32, sql: &str) -> Result<BTreeSet<ColumnId>> {
    let rows = reader.rows(what, since, sql).await?;
    let mut columns = BTreeSet::new();
    reader.each(what, &rows, |row| {
        columns.insert(row.column_id()?);
        Ok(())
    });
    Ok(columns)
}

/// Columns whose values are no data to copy.
async fn no_data(reader: &mut Reader<'_>) -> Result<BTreeMap<ColumnId, NoData>> {
    let encrypted = include_str!("../sql/encrypted_columns.sql");
    let encrypted = marked(reader, "encrypted columns", SQL_SERVER_2016, encrypted).await?;
    let sets = marked(reader, "column sets", 0, include_str!("../sql/column_sets.sql")).await?;
    let mut columns: BTreeMap<_, _> = encrypted.into_iter().map(|id| (id, NoData::Encrypted)).collect();
    columns.extend(sets.into_iter().map(|id| (id, NoData::ColumnSet)));
    Ok(columns)
}

/// A column that a graph table has beside those of its user (`sys.columns.graph_type`, Microsoft Learn).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GraphColumn {
    /// GRAPH_ID, GRAPH_FROM_ID, GRAPH_FROM_OBJ_ID, GRAPH_TO_ID, GRAPH_TO_OBJ_ID: no query can read it (error 13908).
    Internal,
    /// `$node_id`, `$edge_id`, `$from_id`, `$to_id`: an identifier as JSON.
    Shown,
}

async fn graph_columns(reader: &mut Reader<'_>) -> Result<BTreeMap<ColumnId, GraphColumn>> {
    let sql = include_str!("../sql/graph_columns.sql");
    let rows = reader.rows("columns of graph tables", SQL_SERVER_2017, sql).await?;
    let mut columns = BTreeMap::new();
    reader.each("columns of graph tables", &rows, |row| {
        let kind = match row.int("graph_type")? {
            2 | 5 | 8 => GraphColumn::Shown,
            _ => GraphColumn::Internal,
        };
        columns.insert(row.column_id()?, kind);
        Ok(())
    });
    Ok(columns)
}

/// As the catalog declares it. What it does not tell is found in the description of the server.
fn source_type(row: &Record<'_>, types: &types::Types) -> Result<SourceType> {
    let known = row.int_or_null("type_id")?.and_then(|id| types.by_id(id));
    let unknown = || (BaseType::from("a type that the catalog does not name"), None);
    let (name, alias) = known.unwrap_or_else(unknown);
    Ok(SourceType {
        name,
        alias,
        max_length: row.narrow_or_zero("max_length")?,
        precision: row.narrow_or_zero("numeric_precision")?,
        scale: row.narrow_or_zero("numeric_scale")?,
        collation: row.text_or_null("collation_name")?,
    })
}
