//! Everything that stands on the tables, beside tables and columns themselves.
//!
//! Each kind of object is one query, and none of them is needed to copy rows: what the server does not have is none, what it
//! or the login's permissions keep from us is written down in [`SourceObjects::unread`]. Only a lost connection is an error.

use super::row::Record;
use super::{beside_tables, identity_column, key_column, keys, types};
use crate::error::{ErrorKind, Result};
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{
    CheckConstraint, DefaultConstraint, FullText, Sequence, SourceObjects, UnreadObjects,
};
use crate::model::table::Key;
use crate::sqlserver::client::Client;
use crate::sqlserver::connection_errors::tiberius_error;
use crate::sqlserver::errors::kind_of;
use std::collections::{BTreeMap, BTreeSet};

/// Product versions.
const SQL_SERVER_2012: u32 = 11;
pub(super) const SQL_SERVER_2016: u32 = 13;
const SQL_SERVER_2017: u32 = 14;
/// What Azure SQL Database says of itself (and SQL Server 2014), whatever it has.
const AZURE: u32 = 12;

/// Reads all objects.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks. What the server refuses of one kind of object is no error.
pub async fn objects(client: &mut Client) -> Result<SourceObjects> {
    let mut reader = Reader::new(client).await?;
    let types = match types::load(reader.client).await {
        Ok(types) => Some(types),
        Err(error) if error.policy().retry => return Err(error),
        Err(error) => {
            reader.note("alias types", &error.detail());
            None
        }
    };
    let mut objects = SourceObjects {
        types: types.as_ref().map(types::Types::of_users).unwrap_or_default(),
        ..SourceObjects::default()
    };
    let read = read_keys(&mut reader, &mut objects).await;
    reader.survive("keys and indexes", read)?;
    let read = read_constraints(&mut reader, &mut objects).await;
    reader.survive("defaults and check constraints", read)?;
    let read = read_sequences(&mut reader, types.as_ref(), &mut objects).await;
    reader.survive("sequences", read)?;
    let read = beside_tables::read(&mut reader, &mut objects).await;
    reader.survive("properties, partitions, history, modules and synonyms", read)?;
    objects.unread = reader.unread;
    Ok(objects)
}

/// The rows of a query, or why there are none: an object or a column that the server does not have (207, 208), a permission,
/// a statement that it does not take.
///
/// # Errors
/// Transient ones.
pub(super) async fn allowed(client: &mut Client, sql: &str) -> Result<Result<Vec<tiberius::Row>, String>> {
    let token = match client.try_rows(sql).await? {
        Ok(rows) => return Ok(Ok(rows)),
        Err(token) => token,
    };
    let number = i32::try_from(token.code()).unwrap_or(i32::MAX);
    match kind_of(number) {
        ErrorKind::SourceChanged | ErrorKind::SourcePermission | ErrorKind::SourceRefused => {
            Ok(Err(format!("error {number}: {}", token.message().trim_end())))
        }
        _ => Err(tiberius_error(tiberius::error::Error::Server(token))),
    }
}

/// Runs the queries, and notes what could not be read.
pub(super) struct Reader<'c> {
    pub(super) client: &'c mut Client,
    /// Major version of the product; 0: not known.
    version: u32,
    unread: Vec<UnreadObjects>,
}

impl<'c> Reader<'c> {
    async fn new(client: &'c mut Client) -> Result<Self> {
        let mut version = 0;
        if let Ok(rows) = allowed(client, include_str!("../sql/server.sql")).await?
            && let Some(row) = rows.first()
            && let Some(text) = Record(row).text_or_null("product_version")?
        {
            version = text.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        }
        Ok(Self { client, version, unread: Vec::new() })
    }

    /// The rows of the query of `what`, which the server has since version `since`; none if it refuses.
    pub(super) async fn rows(&mut self, what: &str, since: u32, sql: &str) -> Result<Vec<tiberius::Row>> {
        match allowed(self.client, sql).await? {
            Ok(rows) => Ok(rows),
            Err(_) if self.version > 0 && self.version < since => Ok(Vec::new()),
            Err(why) => {
                self.note(what, &why);
                Ok(Vec::new())
            }
        }
    }

    /// Rows that cannot be read as they should be cost their kind of objects, not the plan.
    fn survive(&mut self, what: &str, read: Result<()>) -> Result<()> {
        match read {
            Err(error) if !error.policy().retry => {
                self.note(what, &error.detail());
                Ok(())
            }
            read => read,
        }
    }

    pub(super) fn note(&mut self, what: &str, why: &str) {
        tracing::debug!(why, "the source does not show its {what}");
        self.unread.push(UnreadObjects { what: what.to_owned(), why: why.to_owned() });
    }
}

async fn read_keys(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let mut tables = BTreeMap::new();
    for row in &reader.rows("tables", 0, include_str!("../sql/tables.sql")).await? {
        tables.insert(Record(row).int("object_id")?, Record(row).table()?);
    }
    for row in &reader.rows("primary keys", 0, include_str!("../sql/primary_keys.sql")).await? {
        let row = Record(row);
        let Some(table) = tables.get(&row.int("object_id")?) else { continue };
        let key = Key {
            name: row.text("key_name")?,
            columns: Vec::new(),
            clustered: row.text("index_kind")?.eq_ignore_ascii_case("CLUSTERED"),
        };
        objects.primary_keys.entry(table.clone()).or_insert(key).columns.push(key_column(&row)?);
    }
    for row in &reader.rows("identities", 0, include_str!("../sql/identities.sql")).await? {
        let row = Record(row);
        let Some(table) = tables.get(&row.int("object_id")?) else { continue };
        let column = ColumnName::new(row.text("column_name")?);
        objects.identities.insert((table.clone(), column), identity_column(&row)?);
    }
    objects.indexes = keys::read_indexes(&reader.rows("indexes", 0, keys::INDEXES).await?)?;
    let rows = reader.rows("foreign keys", 0, keys::FOREIGN_KEYS).await?;
    let (foreign_keys, hidden) = keys::read_foreign_keys(&rows)?;
    objects.foreign_keys = foreign_keys;
    for (table, name) in hidden {
        reader
            .note(&format!("foreign key {name} on {table}"), "the login may not see the table it refers to");
    }
    let mut fulltext: BTreeMap<TableName, Vec<ColumnName>> = BTreeMap::new();
    for row in &reader.rows("full-text indexes", 0, include_str!("../sql/fulltext.sql")).await? {
        let row = Record(row);
        fulltext.entry(row.table()?).or_default().push(ColumnName::new(row.text("column_name")?));
    }
    objects.fulltext = fulltext.into_iter().map(|(table, columns)| FullText { table, columns }).collect();
    Ok(())
}

async fn read_constraints(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    for row in &reader.rows("defaults", 0, include_str!("../sql/defaults.sql")).await? {
        let row = Record(row);
        objects.defaults.push(DefaultConstraint {
            table: row.table()?,
            column: ColumnName::new(row.text("column_name")?),
            name: row.text_or_null("default_name")?,
            expression: row.text_or_null("expression")?,
        });
    }
    for row in &reader.rows("check constraints", 0, include_str!("../sql/checks.sql")).await? {
        let row = Record(row);
        objects.checks.push(CheckConstraint {
            table: row.table()?,
            name: row.text("check_name")?,
            column: row.text_or_null("column_name")?.map(ColumnName::new),
            expression: row.text_or_null("expression")?,
            disabled: row.flag("is_disabled")?,
            not_trusted: row.flag("is_not_trusted")?,
        });
    }
    Ok(())
}

async fn read_sequences(
    reader: &mut Reader<'_>,
    types: Option<&types::Types>,
    objects: &mut SourceObjects,
) -> Result<()> {
    let rows = reader.rows("sequences", SQL_SERVER_2012, include_str!("../sql/sequences.sql")).await?;
    let Some(types) = types else {
        if !rows.is_empty() {
            reader.note("sequences", "their types are not known");
        }
        return Ok(());
    };
    if rows.is_empty() {
        return Ok(());
    }
    // Older servers have no such column; then nobody knows whether the first value was ever taken.
    let mut used: Option<BTreeSet<TableName>> = None;
    if (reader.version >= SQL_SERVER_2017 || reader.version == 0 || reader.version == AZURE)
        && let Ok(rows) = allowed(reader.client, include_str!("../sql/sequences_used.sql")).await?
    {
        let mut names = BTreeSet::new();
        for row in &rows {
            if Record(row).text_or_null("last_used_value")?.is_some() {
                names.insert(sequence_name(&Record(row))?);
            }
        }
        used = Some(names);
    }
    for row in &rows {
        let row = Record(row);
        let name = sequence_name(&row)?;
        objects.sequences.push(Sequence {
            ty: types.by_id(row.int("type_id")?)?.0,
            precision: row.narrow("numeric_precision")?,
            start: row.text("start_value")?,
            increment: row.text("increment_value")?,
            minimum: row.text("minimum_value")?,
            maximum: row.text("maximum_value")?,
            cycle: row.flag_or_null("is_cycling")? == Some(true),
            cache: row.int_or_null("cache_size")?,
            current: row.text("current_value")?,
            used: used.as_ref().map(|used| used.contains(&name)),
            name,
        });
    }
    Ok(())
}

fn sequence_name(row: &Record<'_>) -> Result<TableName> {
    Ok(TableName::new(row.text("schema_name")?, row.text("sequence_name")?))
}
