//! What is listed beside the tables: properties, partitions, temporal tables, modules, synonyms.

use super::reader::Reader;
use super::row::Record;
use super::versions::SQL_SERVER_2016;
use crate::error::Result;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{
    DynamicMask, ExtendedProperty, Module, ModuleKind, PartitionedTable, PropertyOf, SecurityPolicy,
    SourceObjects, Synonym, TemporalTable,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn read(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let rows = reader.rows("extended properties", 0, include_str!("../sql/properties.sql")).await?;
    reader.each("extended properties", &rows, |row| {
        objects.properties.push(ExtendedProperty {
            of: property_of(row)?,
            name: row.text("property_name")?,
            value: row.text_or_null("property_value")?,
        });
        Ok(())
    });
    read_partitions(reader, objects).await?;
    read_temporal(reader, objects).await?;
    read_modules(reader, objects).await?;
    let masks =
        reader.rows("dynamic masks", SQL_SERVER_2016, include_str!("../sql/dynamic_masks.sql")).await?;
    reader.each("dynamic masks", &masks, |row| {
        let column = ColumnName::new(row.text("column_name")?);
        objects.masks.push(DynamicMask { table: row.table()?, column });
        Ok(())
    });
    read_security(reader, objects).await?;
    let rows = reader.rows("synonyms", 0, include_str!("../sql/synonyms.sql")).await?;
    reader.each("synonyms", &rows, |row| {
        objects.synonyms.push(Synonym {
            name: TableName::new(row.text("schema_name")?, row.text("synonym_name")?),
            stands_for: row.text_or_null("stands_for")?.unwrap_or_default(),
        });
        Ok(())
    });
    Ok(())
}

/// Row-level security. A login that may not see the policies is told of none, and its rows may be filtered nevertheless: that
/// is written down.
async fn read_security(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let seen =
        reader.rows("security policies", SQL_SERVER_2016, include_str!("../sql/security_seen.sql")).await?;
    let Some(seen) = seen.first().map(Record) else { return Ok(()) };
    let number = |column: &str| seen.int_or_null(column).ok().flatten().unwrap_or(0);
    if number("sees_definitions") == 0 && number("alters_policies") == 0 {
        reader.note(
            "security policies",
            "the login has no VIEW DEFINITION on the database: a policy may hide rows of a table from it, and nothing here would show that",
        );
    }
    if number("policies") == 0 {
        return Ok(());
    }
    let rows = reader
        .rows("security policies", SQL_SERVER_2016, include_str!("../sql/security_policies.sql"))
        .await?;
    reader.each("security policies", &rows, |row| {
        let policy = SecurityPolicy {
            name: TableName::new(row.text("policy_schema")?, row.text("policy_name")?),
            table: row.table()?,
            enabled: row.flag("is_enabled")?,
        };
        // A table may have a predicate for each kind of statement.
        if objects.security_policies.last() != Some(&policy) {
            objects.security_policies.push(policy);
        }
        Ok(())
    });
    Ok(())
}

/// What the property is about: by class and kind of object (`sys.extended_properties.class`).
fn property_of(row: &Record<'_>) -> Result<PropertyOf> {
    let object = row.table_or_null("schema_name", "object_name")?;
    let parent = row.table_or_null("parent_schema", "parent_name")?;
    let kind = row.text_or_null("object_kind")?.unwrap_or_default().to_uppercase();
    Ok(match (row.int("class")?, object) {
        (0, _) => PropertyOf::Database,
        (3, _) => match row.text_or_null("schema_of_class")? {
            Some(schema) => PropertyOf::Schema(schema),
            None => PropertyOf::Other("a schema that is not there".to_owned()),
        },
        (7, Some(table)) if kind == "USER_TABLE" => match row.text_or_null("index_name")? {
            Some(index) => PropertyOf::Index(table, index),
            None => PropertyOf::Other(format!("an index of {table}")),
        },
        (1, Some(name)) => match (kind.as_str(), row.text_or_null("column_name")?, parent) {
            ("USER_TABLE", Some(column), _) => PropertyOf::Column(name, ColumnName::new(column)),
            ("USER_TABLE", None, _) => PropertyOf::Table(name),
            ("SEQUENCE_OBJECT", ..) => PropertyOf::Sequence(name),
            (kind, None, Some(table)) if kind.ends_with("_CONSTRAINT") => {
                PropertyOf::Constraint(table, name.name)
            }
            (kind, column, _) => {
                let column = column.map_or_else(String::new, |column| format!(", column {column}"));
                PropertyOf::Other(format!("{} {name}{column}", kind.to_lowercase().replace('_', " ")))
            }
        },
        (2, Some(name)) => PropertyOf::Other(format!("a parameter of {name}")),
        (class, _) => PropertyOf::Other(match row.text_or_null("class_name")? {
            Some(class) => format!("a {}", class.to_lowercase().replace('_', " ")),
            None => format!("an object of class {class}"),
        }),
    })
}

async fn read_partitions(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let rows = reader.rows("partitions", 0, include_str!("../sql/partitions.sql")).await?;
    reader.each("partitions", &rows, |row| {
        let table = row.table()?;
        if objects.partitions.last().is_none_or(|last| last.table != table) {
            objects.partitions.push(PartitionedTable {
                table,
                scheme: row.text("scheme_name")?,
                function: row.text("function_name")?,
                column: ColumnName::new(row.text("column_name")?),
                right: row.flag("is_right")?,
                bounds: Vec::new(),
            });
        }
        if let Some(last) = objects.partitions.last_mut()
            && row.int_or_null("boundary_id")?.is_some()
        {
            last.bounds.push(row.text_or_null("bound")?);
        }
        Ok(())
    });
    objects.partitions.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(())
}

async fn read_temporal(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let mut periods = BTreeMap::new();
    let rows = reader
        .rows("periods of temporal tables", SQL_SERVER_2016, include_str!("../sql/periods.sql"))
        .await?;
    reader.each("periods of temporal tables", &rows, |row| {
        let columns = (ColumnName::new(row.text("start_column")?), ColumnName::new(row.text("end_column")?));
        periods.insert(row.table()?, columns);
        Ok(())
    });
    let rows = reader.rows("temporal tables", SQL_SERVER_2016, include_str!("../sql/temporal.sql")).await?;
    reader.each("temporal tables", &rows, |row| {
        let table = row.table()?;
        objects.temporal.push(TemporalTable {
            history: row.table_or_null("history_schema", "history_name")?,
            period: periods.get(&table).cloned(),
            table,
        });
        Ok(())
    });
    Ok(())
}

async fn read_modules(reader: &mut Reader<'_>, objects: &mut SourceObjects) -> Result<()> {
    let rows =
        reader.rows("views, procedures, functions and triggers", 0, include_str!("../sql/modules.sql"));
    let rows = rows.await?;
    let triggers = reader.rows("triggers", 0, include_str!("../sql/triggers.sql")).await?;
    let mut texts = BTreeMap::new();
    if !(rows.is_empty() && triggers.is_empty()) {
        let found = reader.rows("texts of modules", 0, include_str!("../sql/module_texts.sql")).await?;
        reader.each("texts of modules", &found, |row| {
            texts.insert(row.int("object_id")?, row.text_or_null("module_text")?);
            Ok(())
        });
    }
    let mut disabled = BTreeSet::new();
    reader.each("triggers", &triggers, |row| {
        let id = row.int("object_id")?;
        if row.flag_or_null("is_disabled")? == Some(true) {
            disabled.insert(id);
        }
        if row.int("parent_class")? == 0 {
            objects.modules.push(Module {
                kind: ModuleKind::Trigger,
                name: TableName::new("", row.text("trigger_name")?),
                table: None,
                text: texts.remove(&id).flatten(),
                disabled: disabled.contains(&id),
            });
        }
        Ok(())
    });
    reader.each("views, procedures, functions and triggers", &rows, |row| {
        let id = row.int("object_id")?;
        let kind = match row.text("module_type")?.trim_end().to_uppercase().as_str() {
            "V" => ModuleKind::View,
            "P" | "PC" | "RF" | "X" => ModuleKind::Procedure,
            "TR" | "TA" => ModuleKind::Trigger,
            "R" | "D" => ModuleKind::Rule,
            _ => ModuleKind::Function,
        };
        objects.modules.push(Module {
            kind,
            name: TableName::new(row.text("schema_name")?, row.text("module_name")?),
            table: row.table_or_null("parent_schema", "parent_name")?,
            text: texts.remove(&id).flatten(),
            disabled: disabled.contains(&id),
        });
        Ok(())
    });
    objects.modules.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(())
}
