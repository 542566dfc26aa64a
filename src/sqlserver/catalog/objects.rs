//! Everything that stands on the tables, beside tables and columns themselves.
//!
//! Each kind of object is one query, and none of them is needed to copy rows: what the server does not have is none, what it
//! or the login's permissions keep from us is written down in [`SourceObjects::unread`]. Only a lost connection is an error.

use super::reader::{Reader, allowed};
use super::row::Record;
use super::versions::{SQL_SERVER_2012, SQL_SERVER_2017};
use super::{add_to_key, beside_tables, bound, identity_column, keys, listed, types};
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{CheckConstraint, DefaultConstraint, FullText, Sequence, SourceObjects};
use crate::sqlserver::client::Client;
use std::collections::{BTreeMap, BTreeSet};

/// Reads all objects.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks. What the server refuses of one kind of object is no error.
pub async fn objects(client: &mut Client) -> Result<SourceObjects> {
    let mut reader = Reader::new(client).await?;
    let types = types::load(&mut reader).await?;
    let mut objects = SourceObjects { types: types.of_users(), ..SourceObjects::default() };
    read_keys(&mut reader, &mut objects).await?;
    read_constraints(&mut reader, &mut objects).await?;
    bound::read(&mut reader, &mut objects).await?;
    read_sequences(&mut reader, &types, &mut objects).await?;
    beside_tables::read(&mut reader, &mut objects).await?;
    listed::read(&mut reader, &mut objects.listed).await?;
    objects.unread = reader.unread;
    Ok(objects)
}

async fn read_keys(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let mut tables = BTreeMap::new();
    let rows = reader.rows("tables", 0, include_str!("../sql/tables.sql")).await?;
    reader.each("tables", &rows, |row| {
        tables.insert(row.int("object_id")?, row.table()?);
        Ok(())
    });
    let rows = reader.rows("primary keys", 0, include_str!("../sql/primary_keys.sql")).await?;
    let (mut keys, mut damaged) = (BTreeMap::new(), BTreeSet::new());
    reader.each("primary keys", &rows, |row| {
        let Some(table) = tables.get(&row.int("object_id")?) else { return Ok(()) };
        add_to_key(keys.entry(table.clone()).or_insert(None), row).inspect_err(|_| {
            damaged.insert(table.clone());
        })
    });
    let whole = keys.into_iter().filter(|(table, _)| !damaged.contains(table));
    objects.primary_keys = whole.filter_map(|(table, key)| Some((table, key?))).collect();
    let rows = reader.rows("identities", 0, include_str!("../sql/identities.sql")).await?;
    reader.each("identities", &rows, |row| {
        let Some(table) = tables.get(&row.int("object_id")?) else { return Ok(()) };
        let column = ColumnName::new(row.text("column_name")?);
        objects.identities.insert((table.clone(), column), identity_column(row)?);
        Ok(())
    });
    let rows = reader.rows("indexes", 0, keys::INDEXES).await?;
    objects.indexes = keys::read_indexes(reader, &rows);
    let rows = reader.rows("foreign keys", 0, keys::FOREIGN_KEYS).await?;
    let (foreign_keys, hidden) = keys::read_foreign_keys(reader, &rows);
    objects.foreign_keys = foreign_keys;
    for (table, name) in hidden {
        reader
            .note(&format!("foreign key {name} on {table}"), "the login may not see the table it refers to");
    }
    let mut fulltext: BTreeMap<TableName, Vec<ColumnName>> = BTreeMap::new();
    let rows = reader.rows("full-text indexes", 0, include_str!("../sql/fulltext.sql")).await?;
    reader.each("full-text indexes", &rows, |row| {
        fulltext.entry(row.table()?).or_default().push(ColumnName::new(row.text("column_name")?));
        Ok(())
    });
    objects.fulltext = fulltext.into_iter().map(|(table, columns)| FullText { table, columns }).collect();
    Ok(())
}

async fn read_constraints(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let rows = reader.rows("defaults", 0, include_str!("../sql/defaults.sql")).await?;
    reader.each("defaults", &rows, |row| {
        objects.defaults.push(DefaultConstraint {
            table: row.table()?,
            column: ColumnName::new(row.text("column_name")?),
            name: row.text_or_null("default_name")?,
            expression: row.text_or_null("expression")?,
            database_collation: row.text_or_null("database_collation")?,
        });
        Ok(())
    });
    let rows = reader.rows("check constraints", 0, include_str!("../sql/checks.sql")).await?;
    reader.each("check constraints", &rows, |row| {
        objects.checks.push(CheckConstraint {
            table: row.table()?,
            name: row.text("check_name")?,
            column: row.text_or_null("column_name")?.map(ColumnName::new),
            expression: row.text_or_null("expression")?,
            disabled: row.flag_or_null("is_disabled")? == Some(true),
            not_trusted: row.flag_or_null("is_not_trusted")? == Some(true),
        });
        Ok(())
    });
    Ok(())
}

async fn read_sequences(
    reader: &mut Reader<'_>,
    types: &types::Types,
    objects: &mut SourceObjects,
) -> Result<()> {
    let rows = reader.rows("sequences", SQL_SERVER_2012, include_str!("../sql/sequences.sql")).await?;
    if rows.is_empty() {
        return Ok(());
    }
    // Older servers have no such column; then nobody knows whether the first value was ever taken.
    let mut used: Option<BTreeSet<TableName>> = None;
    if reader.product.has(SQL_SERVER_2017)
        && let Ok(rows) = allowed(reader.client, include_str!("../sql/sequences_used.sql")).await?
    {
        let mut names = BTreeSet::new();
        reader.each("sequences", &rows, |row| {
            if row.text_or_null("last_used_value")?.is_some() {
                names.insert(sequence_name(row)?);
            }
            Ok(())
        });
        used = Some(names);
    }
    reader.each("sequences", &rows, |row| {
        let name = sequence_name(row)?;
        // bigint is what CREATE SEQUENCE takes where nothing is said.
        let ty = types.by_id(row.int("type_id")?).map_or(BaseType::BigInt, |(ty, _)| ty);
        objects.sequences.push(Sequence {
            ty,
            precision: row.narrow_or_zero("numeric_precision")?,
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
        Ok(())
    });
    Ok(())
}

fn sequence_name(row: &Record<'_>) -> Result<TableName> {
    Ok(TableName::new(row.text("schema_name")?, row.text("sequence_name")?))
}
