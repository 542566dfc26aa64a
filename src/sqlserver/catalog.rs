//! What the source consists of: set queries over `sys.*`, never one query per table.
//!
//! The queries stand in `sql/*.sql`. Each is run once and its rows are put together here, by object and column number.
//! Guaranteed: no view, column, row or value that a server lacks or hides ends a plan. What could not be read is written down
//! ([`SourceCatalog::unread`], [`SourceObjects::unread`](crate::model::objects::SourceObjects::unread)); only a lost connection
//! is an error. The types of columns are those that the server sends ([`described`]); the catalog adds to them
//! (docs/adr/0027).

mod beside_tables;
mod bound;
mod columns;
mod described;
mod identity;
mod keys;
mod listed;
mod objects;
mod reader;
mod row;
mod sizes;
#[cfg(test)]
mod tests;
mod types;
mod versions;

use super::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::identity::DatabaseIdentity;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::UnreadObjects;
use crate::model::table::{Identity, Index, Key, KeyColumn, SourceTable};
pub use described::Unreadable;
pub use objects::objects;
use reader::{Reader, allowed};
use row::Record;
use std::collections::{BTreeMap, BTreeSet};

/// A column by object_id and column_id.
type ColumnId = (i32, i32);

/// The server and the database of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `@@SERVERNAME`, or the host of the connection. A failover changes it.
    pub name: String,
    pub database: String,
    /// Of the database, whatever its server is called.
    pub identity: DatabaseIdentity,
    /// The database that this one is a database snapshot of.
    pub snapshot_of: Option<String>,
    pub product_version: String,
    pub edition: Option<String>,
    /// `ALLOW_SNAPSHOT_ISOLATION` is on.
    pub snapshot_isolation: bool,
    /// LSN, if the login may read it: of change data capture if that is on, else the end of the log.
    pub log_position: Option<String>,
}

/// What a database has of tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCatalog {
    /// All user tables that hold rows of their own, sorted by schema and name.
    pub tables: Vec<SourceTable>,
    /// Their secondary indexes and unique constraints, sorted by table and name.
    pub indexes: Vec<Index>,
    /// What could not be looked at.
    pub unread: Vec<UnreadObjects>,
    /// Tables and columns that the server refuses to send to this login.
    pub unreadable: Vec<Unreadable>,
}

/// Describes server and database.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks; `SourceRefused` if the server does not even name its database.
pub async fn server(client: &mut Client) -> Result<Server> {
    let mut found = None;
    for sql in [include_str!("sql/server.sql"), include_str!("sql/server_alone.sql")] {
        found = allowed(client, sql).await?.unwrap_or_default().into_iter().next();
        if found.is_some() {
            break;
        }
    }
    let row =
        found.as_ref().map(Record).ok_or_else(|| unreadable("it does not say which database this is"))?;
    let mut server = Server {
        name: row.text_or_null("server_name")?.unwrap_or_else(|| client.host().to_owned()),
        database: row.text("database_name")?,
        identity: DatabaseIdentity::default(),
        snapshot_of: row.text_or_null("base_database")?,
        product_version: row.text_or_null("product_version")?.unwrap_or_else(|| "unknown".to_owned()),
        edition: row.text_or_null("edition")?,
        snapshot_isolation: row.int_or_null("snapshot_isolation_state")? == Some(1),
        log_position: None,
    };
    server.identity = identity::read(client).await?;
    for sql in [include_str!("sql/log_position_cdc.sql"), include_str!("sql/log_position_log.sql")] {
        if let Ok(rows) = allowed(client, sql).await?
            && let Some(row) = rows.first()
        {
            server.log_position = Record(row).text_or_null("log_position").ok().flatten();
        }
        if server.log_position.is_some() {
            break;
        }
    }
    Ok(server)
}

/// All user tables with their columns, keys, sizes and secondary indexes.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks, and whatever else is worth a retry.
pub async fn read(client: &mut Client) -> Result<SourceCatalog> {
    let mut reader = Reader::new(client).await?;
    let mut tables = tables(&mut reader).await?;
    columns::add(&mut reader, &mut tables).await?;
    add_primary_keys(&mut reader, &mut tables).await?;
    sizes::add(&mut reader, &mut tables).await?;
    let rows = reader.rows("indexes", 0, keys::INDEXES).await?;
    let indexes = keys::read_indexes(&mut reader, &rows);
    let Reader { unread, .. } = reader;
    let mut tables: Vec<SourceTable> = tables.into_values().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let mut seen = SourceCatalog { tables, indexes, unread, unreadable: Vec::new() };
    described::add(client, &mut seen).await?;
    columns::identities_by_name(client, &mut seen).await?;
    Ok(seen)
}

/// The tables by object_id, still without columns.
async fn tables(reader: &mut Reader<'_>) -> Result<BTreeMap<i32, SourceTable>> {
    let mut external = BTreeSet::new();
    let sql = include_str!("sql/external_tables.sql");
    let rows = reader.rows("external tables", versions::SQL_SERVER_2016, sql).await?;
    reader.each("external tables", &rows, |row| {
        external.insert(row.int("object_id")?);
        Ok(())
    });
    let queries = [
        include_str!("sql/tables.sql"),
        include_str!("sql/tables_objects.sql"),
        include_str!("sql/tables_information.sql"),
    ];
    let rows = reader.first_rows("tables", &queries).await?;
    let mut tables = BTreeMap::new();
    reader.each("tables", &rows, |row| {
        let object_id = row.int("object_id")?;
        if !external.contains(&object_id) {
            tables.insert(object_id, SourceTable::new(row.table()?, object_id));
        }
        Ok(())
    });
    let sql = include_str!("sql/memory_tables.sql");
    let rows = reader.rows("memory-optimised tables", versions::SQL_SERVER_2014, sql).await?;
    reader.each("memory-optimised tables", &rows, |row| {
        tables.entry(row.int("object_id")?).and_modify(|table| table.in_memory = true);
        Ok(())
    });
    let sql = include_str!("sql/filtered_tables.sql");
    let rows = reader.rows("security policies", versions::SQL_SERVER_2016, sql).await?;
    reader.each("security policies", &rows, |row| {
        if let Some(table) = tables.get_mut(&row.int("object_id")?) {
            let policy = TableName::new(row.text("schema_name")?, row.text("policy_name")?);
            table.filtered_by = Some(policy.to_string());
        }
        Ok(())
    });
    Ok(tables)
}

async fn add_primary_keys(reader: &mut Reader<'_>, tables: &mut BTreeMap<i32, SourceTable>) -> Result<()> {
    let rows = reader.rows("primary keys", 0, include_str!("sql/primary_keys.sql")).await?;
    let mut damaged = BTreeSet::new();
    reader.each("primary keys", &rows, |row| {
        let id = row.int("object_id")?;
        let Some(table) = tables.get_mut(&id) else { return Ok(()) };
        add_to_key(&mut table.primary_key, row).inspect_err(|_| {
            damaged.insert(id);
        })
    });
    // Half a key is worse than none.
    for id in damaged {
        tables.entry(id).and_modify(|table| table.primary_key = None);
    }
    Ok(())
}

/// One more column of a key, which is made with its first one.
fn add_to_key(key: &mut Option<Key>, row: &Record<'_>) -> Result<()> {
    let column = key_column(row)?;
    let name = row.text("key_name")?;
    let clustered =
        row.text_or_null("index_kind")?.is_some_and(|kind| kind.eq_ignore_ascii_case("CLUSTERED"));
    key.get_or_insert_with(|| Key { name, columns: Vec::new(), clustered }).columns.push(column);
    Ok(())
}

fn identity_column(row: &Record<'_>) -> Result<Identity> {
    // What a server does not tell is what IDENTITY without numbers means.
    let one = || "1".to_owned();
    Ok(Identity {
        seed: row.text_or_null("seed_value")?.unwrap_or_else(one),
        increment: row.text_or_null("increment_value")?.unwrap_or_else(one),
        last_value: row.text_or_null("last_value")?,
    })
}

fn key_column(row: &Record<'_>) -> Result<KeyColumn> {
    let descending = row.flag_or_null("is_descending")? == Some(true);
    Ok(KeyColumn { name: ColumnName::new(row.text("column_name")?), descending })
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::SourceRefused, format!("the source's catalog cannot be read: {what}"))
}
