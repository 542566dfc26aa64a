//! What the source consists of: set queries over `sys.*`, never one query per table.
//!
//! The queries stand in `sql/*.sql`. Each is run once and its rows are put together here, by object and column number.
//! Statistics, hidden columns, external tables, the log position and everything around the tables ([`objects`]) are asked for
//! in queries of their own, since a server may be too old for them or a login not allowed to see them; a plan never fails for
//! one of these.

mod beside_tables;
mod identity;
mod keys;
mod objects;
mod row;
mod sizes;
#[cfg(test)]
mod tests;
mod types;

use super::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::identity::DatabaseIdentity;
use crate::model::names::{ColumnName, TableName};
use crate::model::table::{Identity, Key, KeyColumn, SourceColumn, SourceTable};
use crate::model::types::SourceType;
pub use keys::{foreign_keys, indexes};
pub use objects::objects;
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

/// Describes server and database.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks; else what the server's error number means: `SourcePermission`,
/// `SourceRefused`, `SourceUnavailable`.
pub async fn server(client: &mut Client) -> Result<Server> {
    let rows = client.rows(include_str!("sql/server.sql")).await?;
    let row =
        rows.first().map(Record).ok_or_else(|| unreadable("the current database is not in sys.databases"))?;
    let mut server = Server {
        name: row.text_or_null("server_name")?.unwrap_or_else(|| client.host().to_owned()),
        database: row.text("database_name")?,
        identity: DatabaseIdentity::default(),
        snapshot_of: row.text_or_null("base_database")?,
        product_version: row.text("product_version")?,
        edition: row.text_or_null("edition")?,
        snapshot_isolation: row.int("snapshot_isolation_state")? == 1,
        log_position: None,
    };
    server.identity = identity::read(client).await?;
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
/// `SourceUnavailable` if the connection breaks; else what the server's error number means: `SourcePermission`,
/// `SourceRefused`, `SourceUnavailable`.
pub async fn tables(client: &mut Client) -> Result<Vec<SourceTable>> {
    let external: BTreeSet<i32> =
        optional(client, "external tables", include_str!("sql/external_tables.sql"))
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
            let table = SourceTable {
                name,
                object_id,
                columns: Vec::new(),
                primary_key: None,
                rows: 0,
                bytes: 0,
                filtered_by: None,
            };
            tables.insert(object_id, table);
        }
    }
    for row in &optional(client, "security policies", include_str!("sql/filtered_tables.sql")).await? {
        let row = Record(row);
        if let Some(table) = tables.get_mut(&row.int("object_id")?) {
            let policy = TableName::new(row.text("schema_name")?, row.text("policy_name")?);
            table.filtered_by = Some(policy.to_string());
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
    let hidden = marked(client, "hidden columns", include_str!("sql/hidden_columns.sql")).await?;
    let periods = marked(client, "period columns", include_str!("sql/period_columns.sql")).await?;
    let withheld = marked(client, "masked columns", include_str!("sql/withheld_columns.sql")).await?;
    let mut identities = BTreeMap::new();
    for row in &optional(client, "identities", include_str!("sql/identities.sql")).await? {
        identities.insert(Record(row).column_id()?, identity_column(&Record(row))?);
    }
    let types = types::load(client).await?;
    let mut computed = BTreeMap::new();
    for row in &optional(client, "computed columns", include_str!("sql/computed_columns.sql")).await? {
        computed.insert(Record(row).column_id()?, Record(row).text_or_null("expression")?);
    }
    let each = |row: &tiberius::Row| {
        let row = Record(row);
        let id = row.column_id()?;
        let Some(table) = tables.get_mut(&id.0) else { return Ok(()) };
        let expression = computed.remove(&id).flatten();
        table.columns.push(SourceColumn {
            name: ColumnName::new(row.text("column_name")?),
            ordinal: id.1,
            ty: source_type(&row, &types)?,
            nullable: row.flag("is_nullable")?,
            identity: identities.remove(&id),
            // Without VIEW DEFINITION the column is known to be computed, and no more.
            computed: row.flag("is_computed")?.then(|| expression.unwrap_or_default()),
            hidden: hidden.contains(&id),
            period: periods.contains(&id),
            withheld: withheld.contains(&id),
        });
        Ok(())
    };
    client.each_row(include_str!("sql/columns.sql"), each).await?;
    for table in tables.values_mut() {
        table.columns.sort_by_key(|column| column.ordinal);
    }
    Ok(())
}

/// The columns that a query names.
async fn marked(client: &mut Client, what: &str, sql: &str) -> Result<BTreeSet<ColumnId>> {
    optional(client, what, sql).await?.iter().map(|row| Record(row).column_id()).collect()
}

fn identity_column(row: &Record<'_>) -> Result<Identity> {
    Ok(Identity {
        seed: row.text("seed_value")?,
        increment: row.text("increment_value")?,
        last_value: row.text_or_null("last_value")?,
    })
}

fn source_type(row: &Record<'_>, types: &types::Types) -> Result<SourceType> {
    let (name, alias) = types.by_id(row.int("type_id")?)?;
    Ok(SourceType {
        name,
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
            clustered: kind.eq_ignore_ascii_case("CLUSTERED"),
        });
        key.columns.push(key_column(&row)?);
    }
    Ok(())
}

fn key_column(row: &Record<'_>) -> Result<KeyColumn> {
    Ok(KeyColumn { name: ColumnName::new(row.text("column_name")?), descending: row.flag("is_descending")? })
}

/// What a server or a login may keep from us: none then, and a word in the log. [`objects`] reports what matters.
async fn optional(client: &mut Client, what: &str, sql: &str) -> Result<Vec<tiberius::Row>> {
    match objects::allowed(client, sql).await? {
        Ok(rows) => Ok(rows),
        Err(why) => {
            tracing::debug!(why, "the source does not show its {what}");
            Ok(Vec::new())
        }
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::SourceRefused, format!("the source's catalog cannot be read: {what}"))
}
