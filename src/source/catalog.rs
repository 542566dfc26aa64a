//! What the source consists of: set queries over `sys.*`, never one query per table.
//!
//! The queries stand in `sql/*.sql`. Each is run once and its rows are put together here, by object and column number.
//! Statistics, hidden columns, external tables and the log position are asked for in queries of their own, since a
//! server may be too old for them or a login not allowed to see them; a plan never fails for one of these.

mod row;
mod sizes;
#[cfg(test)]
mod tests;

use super::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{
    ColumnName, ForeignKey, Identity, Index, Key, KeyColumn, ReferentialAction, SourceColumn, SourceTable,
    SourceType, TableName,
};
use row::Record;
use std::collections::{BTreeMap, BTreeSet};

/// A column by object_id and column_id.
type ColumnId = (i32, i32);

/// The server and the database of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `@@SERVERNAME`, or the host of the connection.
    pub name: String,
    pub database: String,
    /// The database that this one is a database snapshot of.
    pub snapshot_of: Option<String>,
    pub product_version: String,
    pub edition: Option<String>,
    /// `ALLOW_SNAPSHOT_ISOLATION` is on.
    pub snapshot_isolation: bool,
    /// LSN, where the login may read it: of change data capture where that is on, else the end of the log.
    pub log_position: Option<String>,
}

/// Describes server and database.
///
/// # Errors
/// As [`Client::rows`].
pub async fn server(client: &mut Client) -> Result<Server> {
    let rows = client.rows(include_str!("sql/server.sql")).await?;
    let row =
        rows.first().map(Record).ok_or_else(|| unreadable("the current database is not in sys.databases"))?;
    let mut server = Server {
        name: row.text_or_null("server_name")?.unwrap_or_else(|| client.host().to_owned()),
        database: row.text("database_name")?,
        snapshot_of: row.text_or_null("base_database")?,
        product_version: row.text("product_version")?,
        edition: row.text_or_null("edition")?,
        snapshot_isolation: row.int("snapshot_isolation_state")? == 1,
        log_position: None,
    };
    for sql in [include_str!("sql/log_position_cdc.sql"), include_str!("sql/log_position_log.sql")] {
        if let Ok(rows) = client.try_rows(sql).await?
            && let Some(row) = rows.first()
        {
            server.log_position = Record(row).text_or_null("log_position")?;
        }
        if server.log_position.is_some() {
            break;
        }
    }
    Ok(server)
}

/// All user tables that hold rows of their own, sorted by schema and name.
///
/// # Errors
/// As [`Client::rows`].
pub async fn tables(client: &mut Client) -> Result<Vec<SourceTable>> {
    let external: BTreeSet<i32> = optional(client, include_str!("sql/external_tables.sql"))
        .await?
        .iter()
        .map(|row| Record(row).int("object_id"))
        .collect::<Result<_>>()?;
    let mut tables = BTreeMap::new();
    for row in &client.rows(include_str!("sql/tables.sql")).await? {
        let row = Record(row);
        let object_id = row.int("object_id")?;
        if !external.contains(&object_id) {
            let name = TableName::new(row.text("schema_name")?, row.text("table_name")?);
            let table =
                SourceTable { name, object_id, columns: Vec::new(), primary_key: None, rows: 0, bytes: 0 };
            tables.insert(object_id, table);
        }
    }
    add_columns(client, &mut tables).await?;
    add_primary_keys(client, &mut tables).await?;
    sizes::add(client, &mut tables).await?;
    let mut tables: Vec<SourceTable> = tables.into_values().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

async fn add_columns(client: &mut Client, tables: &mut BTreeMap<i32, SourceTable>) -> Result<()> {
    let hidden: BTreeSet<ColumnId> = optional(client, include_str!("sql/hidden_columns.sql"))
        .await?
        .iter()
        .map(|row| Record(row).column_id())
        .collect::<Result<_>>()?;
    let mut identities = BTreeMap::new();
    for row in &client.rows(include_str!("sql/identities.sql")).await? {
        let row = Record(row);
        let identity = Identity {
            seed: row.text("seed_value")?,
            increment: row.text("increment_value")?,
            last_value: row.text_or_null("last_value")?,
        };
        identities.insert(row.column_id()?, identity);
    }
    let mut computed = BTreeMap::new();
    for row in &client.rows(include_str!("sql/computed_columns.sql")).await? {
        computed.insert(Record(row).column_id()?, Record(row).text_or_null("expression")?);
    }
    for row in &client.rows(include_str!("sql/columns.sql")).await? {
        let row = Record(row);
        let id = row.column_id()?;
        let Some(table) = tables.get_mut(&id.0) else { continue };
        let expression = computed.remove(&id).flatten();
        table.columns.push(SourceColumn {
            name: ColumnName::new(row.text("column_name")?),
            ordinal: id.1,
            ty: source_type(&row)?,
            nullable: row.flag("is_nullable")?,
            identity: identities.remove(&id),
            // Without VIEW DEFINITION the column is known to be computed, and no more.
            computed: row.flag("is_computed")?.then(|| expression.unwrap_or_default()),
            hidden: hidden.contains(&id),
        });
    }
    for table in tables.values_mut() {
        table.columns.sort_by_key(|column| column.ordinal);
    }
    Ok(())
}

fn source_type(row: &Record<'_>) -> Result<SourceType> {
    let (schema, declared) = (row.text("type_schema")?, row.text("type_name")?);
    let user_defined = row.flag("is_user_defined")?;
    let name = match row.text_or_null("base_name")? {
        // A system type stands for itself, vector too (its base is varbinary); sysname for nvarchar.
        Some(_) if !user_defined && !declared.eq_ignore_ascii_case("sysname") => declared.clone(),
        Some(base) => base,
        // hierarchyid, geometry and geography stand for themselves.
        None if !user_defined => declared.clone(),
        None => "clr".to_owned(),
    };
    let alias =
        (user_defined || !name.eq_ignore_ascii_case(&declared)).then(|| format!("{schema}.{declared}"));
    Ok(SourceType {
        name: name.to_lowercase(),
        alias,
        max_length: row.narrow("max_length")?,
        precision: row.narrow("numeric_precision")?,
        scale: row.narrow("numeric_scale")?,
        collation: row.text_or_null("collation_name")?,
    })
}

async fn add_primary_keys(client: &mut Client, tables: &mut BTreeMap<i32, SourceTable>) -> Result<()> {
    for row in &client.rows(include_str!("sql/primary_keys.sql")).await? {
        let row = Record(row);
        let Some(table) = tables.get_mut(&row.int("object_id")?) else { continue };
        let (name, kind) = (row.text("key_name")?, row.text("index_kind")?);
        let key = table.primary_key.get_or_insert_with(|| Key {
            name,
            columns: Vec::new(),
            clustered: kind == "CLUSTERED",
        });
        key.columns.push(key_column(&row)?);
    }
    Ok(())
}

fn key_column(row: &Record<'_>) -> Result<KeyColumn> {
    Ok(KeyColumn { name: ColumnName::new(row.text("column_name")?), descending: row.flag("is_descending")? })
}

/// Secondary indexes and unique constraints of all user tables, sorted by table and name.
///
/// # Errors
/// As [`Client::rows`].
pub async fn indexes(client: &mut Client) -> Result<Vec<Index>> {
    let mut indexes: BTreeMap<(TableName, String), Index> = BTreeMap::new();
    for row in &client.rows(include_str!("sql/indexes.sql")).await? {
        let row = Record(row);
        let table = TableName::new(row.text("schema_name")?, row.text("table_name")?);
        let name = row.text("index_name")?;
        let index = match indexes.entry((table.clone(), name.clone())) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Index {
                table,
                name,
                kind: row.text("index_kind")?,
                columns: Vec::new(),
                included: Vec::new(),
                unique: row.flag("is_unique")?,
                constraint: row.flag("is_unique_constraint")?,
                filter: row.text_or_null("filter_definition")?,
                disabled: row.flag("is_disabled")?,
            }),
        };
        if row.flag("is_included")? {
            index.included.push(ColumnName::new(row.text("column_name")?));
        } else if row.int("key_ordinal")? > 0 {
            index.columns.push(key_column(&row)?);
        }
    }
    Ok(indexes.into_values().collect())
}

/// Foreign keys between user tables, sorted by table and name.
///
/// # Errors
/// As [`Client::rows`].
pub async fn foreign_keys(client: &mut Client) -> Result<Vec<ForeignKey>> {
    let mut keys: BTreeMap<(TableName, String), ForeignKey> = BTreeMap::new();
    for row in &client.rows(include_str!("sql/foreign_keys.sql")).await? {
        let row = Record(row);
        let table = TableName::new(row.text("schema_name")?, row.text("table_name")?);
        let name = row.text("key_name")?;
        let key = match keys.entry((table.clone(), name.clone())) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(ForeignKey {
                table,
                name,
                columns: Vec::new(),
                referenced: TableName::new(row.text("referenced_schema")?, row.text("referenced_table")?),
                referenced_columns: Vec::new(),
                on_delete: action(row.int("on_delete")?)?,
                on_update: action(row.int("on_update")?)?,
                disabled: row.flag("is_disabled")?,
                not_trusted: row.flag("is_not_trusted")?,
            }),
        };
        key.columns.push(ColumnName::new(row.text("column_name")?));
        key.referenced_columns.push(ColumnName::new(row.text("referenced_column")?));
    }
    Ok(keys.into_values().collect())
}

fn action(number: i32) -> Result<ReferentialAction> {
    match number {
        0 => Ok(ReferentialAction::NoAction),
        1 => Ok(ReferentialAction::Cascade),
        2 => Ok(ReferentialAction::SetNull),
        3 => Ok(ReferentialAction::SetDefault),
        _ => Err(unreadable(&format!("a foreign key has the unknown action {number}"))),
    }
}

/// The rows of a query that an older server does not know (208: object, 207: column): none then.
async fn optional(client: &mut Client, sql: &str) -> Result<Vec<tiberius::Row>> {
    match client.try_rows(sql).await? {
        Ok(rows) => Ok(rows),
        Err(token) if matches!(token.code(), 207 | 208) => Ok(Vec::new()),
        Err(token) => Err(super::connection_errors::tiberius_error(tiberius::error::Error::Server(token))),
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::SourceRefused, format!("the source's catalog cannot be read: {what}"))
}
