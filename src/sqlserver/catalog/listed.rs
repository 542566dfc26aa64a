//! What is counted and named, and PostgreSQL gets nothing of: rights, roles, statistics, indexes of views and more.
//!
//! Each kind is one query of its own: what cannot be read is written down, and no plan ends for it.

use super::reader::Reader;
use super::versions::SQL_SERVER_2022;
use crate::error::Result;
use crate::model::listed::{Ledger, Listed, PermissionOn, Permissions, Role, UserStatistics, ViewIndex};
use crate::model::names::{ColumnName, quote_source};
use std::collections::BTreeMap;

pub(super) async fn read(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    indexes(reader, listed).await?;
    statistics(reader, listed).await?;
    roles(reader, listed).await?;
    permissions(reader, listed).await?;
    others(reader, listed).await
}

async fn indexes(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    let rows = reader.rows("IGNORE_DUP_KEY", 0, include_str!("../sql/ignoring_duplicates.sql")).await?;
    reader.each("IGNORE_DUP_KEY", &rows, |row| {
        if let Some(table) = row.table_or_null("schema_name", "table_name")? {
            listed.ignoring_duplicates.push((table, row.text("index_name")?));
        }
        Ok(())
    });
    let rows = reader.rows("indexes of views", 0, include_str!("../sql/view_indexes.sql")).await?;
    reader.each("indexes of views", &rows, |row| {
        if let Some(view) = row.table_or_null("schema_name", "table_name")? {
            let name = row.text_or_null("index_name")?.unwrap_or_default();
            listed.view_indexes.push(ViewIndex {
                view,
                name,
                unique: row.flag_or_null("is_unique")? == Some(true),
            });
        }
        Ok(())
    });
    Ok(())
}

async fn statistics(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    let rows = reader.rows("created statistics", 0, include_str!("../sql/user_statistics.sql")).await?;
    reader.each("created statistics", &rows, |row| {
        let Some(table) = row.table_or_null("schema_name", "table_name")? else { return Ok(()) };
        let name = row.text("statistics_name")?;
        let column = row.text_or_null("column_name")?.map(ColumnName::new);
        match listed.statistics.last_mut().filter(|last| last.table == table && last.name == name) {
            Some(last) => last.columns.extend(column),
            None => listed.statistics.push(UserStatistics {
                table,
                name,
                columns: column.into_iter().collect(),
                filtered: row.flag_or_null("has_filter")? == Some(true),
            }),
        }
        Ok(())
    });
    Ok(())
}

async fn roles(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    let rows = reader.rows("roles", 0, include_str!("../sql/roles.sql")).await?;
    reader.each("roles", &rows, |row| {
        let name = row.text("role_name")?;
        let member = row.text_or_null("member_name")?;
        match listed.roles.last_mut().filter(|last| last.name == name) {
            Some(last) => last.members.extend(member),
            None => listed.roles.push(Role { name, members: member.into_iter().collect() }),
        }
        Ok(())
    });
    Ok(())
}

async fn permissions(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    let rows = reader.rows("permissions", 0, include_str!("../sql/permissions.sql")).await?;
    let mut by_object: BTreeMap<PermissionOn, Vec<String>> = BTreeMap::new();
    reader.each("permissions", &rows, |row| {
        let class = row.text_or_null("class_name")?.unwrap_or_default().to_lowercase().replace('_', " ");
        let object = row.table_or_null("schema_name", "object_name")?;
        let on = match (row.int("class")?, object, row.text_or_null("schema_of_class")?) {
            (0, ..) => PermissionOn::Database,
            (1, Some(object), _) => PermissionOn::Object(object),
            (3, _, Some(schema)) => PermissionOn::Schema(schema),
            _ => PermissionOn::Other(class),
        };
        let text = |name: &str| {
            Ok::<_, crate::error::Error>(row.text_or_null(name)?.unwrap_or_else(|| "?".to_owned()))
        };
        let column = row.text_or_null("column_name")?;
        let written = statement(
            &on,
            &text("state_name")?,
            &text("permission_name")?,
            column.as_deref(),
            &text("grantee_name")?,
        );
        by_object.entry(on).or_default().push(written);
        Ok(())
    });
    listed.permissions =
        by_object.into_iter().map(|(on, statements)| Permissions { on, statements }).collect();
    Ok(())
}

/// As T-SQL writes it.
fn statement(on: &PermissionOn, state: &str, right: &str, column: Option<&str>, to: &str) -> String {
    let on = match on {
        PermissionOn::Database => String::new(),
        PermissionOn::Schema(schema) => format!(" ON SCHEMA::{}", quote_source(schema)),
        PermissionOn::Object(name) => format!(" ON OBJECT::{}", name.source_sql()),
        PermissionOn::Other(what) => format!(" ON a {what}"),
    };
    let column = column.map(|column| format!(" ({})", quote_source(column))).unwrap_or_default();
    let (verb, end) = match state.to_ascii_uppercase().as_str() {
        "GRANT_WITH_GRANT_OPTION" => ("GRANT".to_owned(), " WITH GRANT OPTION"),
        other => (other.to_owned(), ""),
    };
    format!("{verb} {right}{on}{column} TO {}{end}", quote_source(to))
}

async fn others(reader: &mut Reader<'_>, listed: &mut Listed) -> Result<()> {
    let rows = reader.rows("xml schema collections", 0, include_str!("../sql/xml_schemas.sql")).await?;
    reader.each("xml schema collections", &rows, |row| {
        listed.xml_schemas.extend(row.table_or_null("schema_name", "table_name")?);
        Ok(())
    });
    let rows = reader.rows("ledger tables", SQL_SERVER_2022, include_str!("../sql/ledgers.sql")).await?;
    reader.each("ledger tables", &rows, |row| {
        if let Some(table) = row.table_or_null("schema_name", "table_name")? {
            let kind = row.text_or_null("ledger_kind")?.unwrap_or_default();
            listed.ledgers.push(Ledger { table, kind });
        }
        Ok(())
    });
    Ok(())
}
