//! What exists in the target. Set queries: one round trip for any number of tables.

use super::client::{Client, get};
use crate::error::Result;
use crate::model::names::TableName;
use crate::model::plan::PlannedTable;
use std::collections::BTreeMap;

/// What a relation is (`pg_class.relkind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Table,
    Partitioned,
    View,
    Foreign,
}

/// A table that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    pub kind: Kind,
    /// It, or a partition of it: a crash of the server would empty it.
    pub unlogged: bool,
    /// Other tables inherit from it (never true of a plain table that was created here).
    pub inherited: bool,
    /// It is a partition of another table.
    pub partition: bool,
    /// Enabled user triggers that COPY would fire.
    pub triggers: Vec<String>,
    /// In key order; empty: none.
    pub primary_key: Vec<String>,
    /// In column order.
    pub columns: Vec<TargetColumn>,
}

/// A column that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// `format_type`: `character varying(50)`, `timestamp(3) without time zone`.
    pub ty: String,
    pub not_null: bool,
    pub identity: bool,
    /// GENERATED ALWAYS AS (expression).
    pub generated: bool,
    pub has_default: bool,
}

/// A constraint, or an index that no constraint made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingObject {
    pub name: String,
    pub constraint: bool,
    /// A foreign key or check that is validated; an index that is complete.
    pub valid: bool,
    /// As PostgreSQL prints it (`pg_get_constraintdef`, `pg_get_indexdef`).
    pub definition: String,
}

fn split(tables: &[TableName]) -> (Vec<&str>, Vec<&str>) {
    tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip()
}

/// Those of `wanted` that exist.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn tables(client: &Client, wanted: &[TableName]) -> Result<BTreeMap<TableName, TargetTable>> {
    let (schemas, names) = split(wanted);
    let mut found = BTreeMap::new();
    for row in client.query(include_str!("sql/tables.sql"), &[&schemas, &names]).await? {
        let name = TableName::new(get::<String>(&row, 0)?, get::<String>(&row, 1)?);
        let kind = match u8::try_from(get::<i8>(&row, 2)?) {
            Ok(b'r') => Kind::Table,
            Ok(b'p') => Kind::Partitioned,
            Ok(b'f') => Kind::Foreign,
            _ => Kind::View,
        };
        let column: Option<String> = get(&row, 6)?;
        let table = match found.entry(name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(TargetTable {
                kind,
                unlogged: get(&row, 12)?,
                inherited: get(&row, 3)?,
                partition: get(&row, 13)?,
                triggers: get(&row, 4)?,
                primary_key: get(&row, 5)?,
                columns: Vec::new(),
            }),
        };
        if let Some(name) = column {
            table.columns.push(TargetColumn {
                name,
                ty: get(&row, 7)?,
                not_null: get(&row, 8)?,
                identity: get(&row, 9)?,
                generated: get(&row, 10)?,
                has_default: get(&row, 11)?,
            });
        }
    }
    Ok(found)
}

/// Constraints and indexes of those tables that exist.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn existing(
    client: &Client,
    wanted: &[TableName],
) -> Result<BTreeMap<TableName, Vec<ExistingObject>>> {
    let (schemas, names) = split(wanted);
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in client.query(include_str!("sql/existing.sql"), &[&schemas, &names]).await? {
        let table = TableName::new(get::<String>(&row, 0)?, get::<String>(&row, 1)?);
        found.entry(table).or_default().push(ExistingObject {
            name: get(&row, 2)?,
            constraint: get::<&str>(&row, 3)? == "constraint",
            valid: get(&row, 4)?,
            definition: get(&row, 5)?,
        });
    }
    Ok(found)
}

/// A schema in which this role may create no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedSchema {
    pub name: String,
    pub exists: bool,
    pub role: String,
    pub database: String,
}

/// Those of `wanted` in which this role may create no table, or which it may not create.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn closed_schemas(client: &Client, wanted: &[String]) -> Result<Vec<ClosedSchema>> {
    let rows = client.query(include_str!("sql/rights.sql"), &[&wanted]).await?;
    let closed = |row| {
        Ok(ClosedSchema {
            name: get(row, 0)?,
            exists: get(row, 1)?,
            role: get(row, 2)?,
            database: get(row, 3)?,
        })
    };
    rows.iter().map(closed).collect()
}

/// Those of the schemas that do not exist: only these are created, since even CREATE SCHEMA IF NOT EXISTS needs CREATE
/// on the database.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn missing_schemas(client: &Client, wanted: &[String]) -> Result<Vec<String>> {
    let rows = client.query(include_str!("sql/missing_schemas.sql"), &[&wanted]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Can the server have ICU collations?
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn has_icu(client: &Client) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')";
    client.query(sql, &[]).await?.first().map_or(Ok(false), |row| get(row, 0))
}

/// What keeps the table from being the plan's, in sentences; empty: nothing. More columns than planned are fine if
/// they can stay NULL or have a default, and so is a missing primary key (it is added, or was left out on purpose).
#[must_use]
pub fn differences(planned: &PlannedTable, actual: &TargetTable) -> Vec<String> {
    let mut told = Vec::new();
    match actual.kind {
        Kind::Table | Kind::Partitioned => {}
        Kind::View => told.push("it is a view, not a table".to_owned()),
        Kind::Foreign => told.push("it is a foreign table".to_owned()),
    }
    if actual.kind == Kind::Table && actual.inherited {
        told.push("other tables inherit from it, and would be truncated with it".to_owned());
    }
    if actual.partition {
        told.push(
            "it is a partition of another table, and would be emptied with that table's rows".to_owned(),
        );
    }
    for trigger in &actual.triggers {
        told.push(format!("its trigger {trigger} is enabled and would see or change the rows"));
    }
    for column in &planned.columns {
        let name = column.target.as_str();
        let Some(found) = actual.columns.iter().find(|found| found.name == name) else {
            told.push(format!("column {name} is missing"));
            continue;
        };
        if canonical(&column.target_type) != canonical(&found.ty) {
            told.push(format!("column {name} is {}, the plan says {}", found.ty, column.target_type));
        }
        if found.not_null && column.nullable {
            told.push(format!("column {name} is NOT NULL, the source's may be NULL"));
        }
        if found.generated {
            told.push(format!("column {name} is generated from an expression and cannot be written"));
        }
    }
    for column in &planned.generated {
        let name = column.target.as_str();
        match actual.columns.iter().find(|found| found.name == name) {
            None => told.push(format!("column {name} is missing")),
            Some(found) if !found.generated => {
                told.push(format!("column {name} is not generated, the plan says it is"));
            }
            Some(_) => {}
        }
    }
    for found in &actual.columns {
        let known = planned.columns.iter().any(|column| column.target.as_str() == found.name);
        if !known && found.not_null && !found.has_default && !found.identity && !found.generated {
            told.push(format!("column {} is not in the plan, NOT NULL and without a default", found.name));
        }
    }
    let key = super::ddl::primary_key(planned);
    if !actual.primary_key.is_empty() && !key.is_empty() && actual.primary_key != key {
        told.push(format!(
            "its primary key is ({}), the plan says ({})",
            actual.primary_key.join(", "),
            key.join(", ")
        ));
    }
    told
}

/// One spelling for each type, whether it comes from DDL (`varchar(50)`, `timestamp(3)`) or from `format_type`.
fn canonical(ty: &str) -> String {
    let ty = ty.trim().to_lowercase();
    let (base, arguments, suffix) = match ty.split_once('(') {
        Some((base, rest)) => {
            let (arguments, suffix) = rest.split_once(')').unwrap_or((rest, ""));
            (base.trim(), arguments.replace(' ', ""), suffix.trim())
        }
        None => (ty.as_str(), String::new(), ""),
    };
    let (array, suffix) = match suffix.strip_suffix("[]") {
        Some(rest) => ("[]", rest.trim()),
        None => ("", suffix),
    };
    let (base, array) = base.strip_suffix("[]").map_or((base, array), |base| (base, "[]"));
    let name = match (base, suffix) {
        ("character varying", _) => "varchar",
        ("character" | "char" | "bpchar", _) => "char",
        ("timestamp", "with time zone") | ("timestamp with time zone", _) => "timestamptz",
        ("timestamp" | "timestamp without time zone", _) => "timestamp",
        ("time", "with time zone") | ("time with time zone", _) => "timetz",
        ("time" | "time without time zone", _) => "time",
        ("int" | "int4", _) => "integer",
        ("int2", _) => "smallint",
        ("int8", _) => "bigint",
        ("float8" | "float", _) => "double precision",
        ("float4", _) => "real",
        ("decimal", _) => "numeric",
        ("bool", _) => "boolean",
        // Types of extensions are in a schema of their own.
        (name, _) => name.rsplit('.').next().unwrap_or(name),
    };
    let arguments = match (name, arguments.as_str()) {
        ("char", "") if base != "bpchar" => "1".to_owned(),
        // What the type without an argument means.
        ("timestamp" | "timestamptz" | "time" | "timetz", "6") => String::new(),
        ("numeric", one) if !one.is_empty() && !one.contains(',') => format!("{one},0"),
        _ => arguments,
    };
    if arguments.is_empty() { format!("{name}{array}") } else { format!("{name}({arguments}){array}") }
}

#[cfg(test)]
mod tests {
    use super::super::ddl::tests::planned;
    use super::*;

    fn actual() -> TargetTable {
        let column = |name: &str, ty: &str, not_null, identity| TargetColumn {
            name: name.to_owned(),
            ty: ty.to_owned(),
            not_null,
            identity,
            generated: false,
            has_default: false,
        };
        TargetTable {
            kind: Kind::Table,
            unlogged: false,
            inherited: false,
            partition: false,
            triggers: vec![],
            primary_key: vec!["id".to_owned()],
            columns: vec![
                column("id", "integer", true, true),
                column("note", "character varying(50)", false, false),
                column("at", "timestamp(3) without time zone", true, false),
            ],
        }
    }

    #[test]
    fn the_planned_table_is_no_different() {
        assert_eq!(differences(&planned(), &actual()), Vec::<String>::new());
        let mut keyless = actual();
        keyless.primary_key.clear();
        assert_eq!(differences(&planned(), &keyless), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_told() {
        let mut table = actual();
        table.triggers.push("audit".to_owned());
        table.columns[1].ty = "text".to_owned();
        table.columns[1].not_null = true;
        table.columns[2].name = "when".to_owned();
        table.primary_key = vec!["note".to_owned()];
        assert_eq!(
            differences(&planned(), &table),
            [
                "its trigger audit is enabled and would see or change the rows",
                "column note is text, the plan says varchar(50)",
                "column note is NOT NULL, the source's may be NULL",
                "column at is missing",
                "column when is not in the plan, NOT NULL and without a default",
                "its primary key is (note), the plan says (id)",
            ]
        );
        table = actual();
        table.kind = Kind::View;
        assert_eq!(differences(&planned(), &table), ["it is a view, not a table"]);
    }

    #[test]
    fn spellings_of_one_type_are_one() {
        for (ddl, catalog) in [
            ("varchar(50)", "character varying(50)"),
            ("varchar", "character varying"),
            ("char(3)", "character(3)"),
            ("timestamp(3)", "timestamp(3) without time zone"),
            ("timestamptz", "timestamp with time zone"),
            ("timestamp(6)", "timestamp without time zone"),
            ("timestamptz(0)", "timestamp(0) with time zone"),
            ("time(0)", "time(0) without time zone"),
            ("int", "integer"),
            ("numeric(18, 4)", "numeric(18,4)"),
            ("numeric(18)", "numeric(18,0)"),
            ("float8", "double precision"),
            ("text[]", "text[]"),
            ("boolean", "bool"),
        ] {
            assert_eq!(canonical(ddl), canonical(catalog), "{ddl}");
        }
        for (one, other) in [
            ("varchar(50)", "varchar"),
            ("timestamp", "timestamptz"),
            ("numeric(18,4)", "numeric"),
            ("bpchar", "char(1)"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one}");
        }
    }
}
