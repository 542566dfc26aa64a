//! INFORMATION_SCHEMA.

use super::keys::action;
use super::{Depends, NULL, Source, View, row};
use crate::catalog::{IndexDef, IndexKind, TableDef};
use crate::load::convert;
use crate::load::names::type_name;
use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;
use crate::views::columns::{decimal_size, type_size};

type Rows = Result<Vec<Vec<Value>>, SqlError>;
const SCHEMA: &str = "INFORMATION_SCHEMA";

pub(super) const VIEWS: &[View] = &[
    View {
        schema: SCHEMA,
        name: "SCHEMATA",
        depends: Depends::Catalog,
        columns: "CATALOG_NAME sysname null, SCHEMA_NAME sysname, SCHEMA_OWNER sysname null, DEFAULT_CHARACTER_SET_NAME sysname null",
        rows: |s| {
            Ok(s.catalog.schemas.iter().map(|k| row![&s.catalog.database, &k.name, "dbo", "iso_1"]).collect())
        },
    },
    View {
        schema: SCHEMA,
        name: "TABLES",
        depends: Depends::Catalog,
        columns: "TABLE_CATALOG sysname null, TABLE_SCHEMA sysname null, TABLE_NAME sysname, TABLE_TYPE varchar(10) null",
        rows: |s| {
            let d = &s.catalog.database;
            let tables = s.catalog.tables.iter().map(|t| row![d, &t.schema, &t.name, "BASE TABLE"]);
            Ok(tables.chain(s.catalog.views.iter().map(|v| row![d, &v.schema, &v.name, "VIEW"])).collect())
        },
    },
    View {
        schema: SCHEMA,
        name: "COLUMNS",
        depends: Depends::Catalog,
        columns: "TABLE_CATALOG sysname null, TABLE_SCHEMA sysname null, TABLE_NAME sysname, COLUMN_NAME sysname null, ORDINAL_POSITION int null, \
            COLUMN_DEFAULT nvarchar(4000) null, IS_NULLABLE varchar(3) null, DATA_TYPE nvarchar(128) null, CHARACTER_MAXIMUM_LENGTH int null, \
            CHARACTER_OCTET_LENGTH int null, NUMERIC_PRECISION tinyint null, NUMERIC_PRECISION_RADIX smallint null, NUMERIC_SCALE int null, \
            DATETIME_PRECISION smallint null, CHARACTER_SET_CATALOG sysname null, CHARACTER_SET_SCHEMA sysname null, CHARACTER_SET_NAME sysname null, \
            COLLATION_CATALOG sysname null, COLLATION_SCHEMA sysname null, COLLATION_NAME sysname null, DOMAIN_CATALOG sysname null, \
            DOMAIN_SCHEMA sysname null, DOMAIN_NAME sysname null",
        rows: columns,
    },
    View {
        schema: SCHEMA,
        name: "TABLE_CONSTRAINTS",
        depends: Depends::Catalog,
        columns: "CONSTRAINT_CATALOG nvarchar(128) null, CONSTRAINT_SCHEMA nvarchar(128) null, CONSTRAINT_NAME sysname, TABLE_CATALOG nvarchar(128) null, \
            TABLE_SCHEMA nvarchar(128) null, TABLE_NAME sysname null, CONSTRAINT_TYPE varchar(11) null, IS_DEFERRABLE varchar(2), INITIALLY_DEFERRED varchar(2)",
        rows: constraints,
    },
    View {
        schema: SCHEMA,
        name: "KEY_COLUMN_USAGE",
        depends: Depends::Catalog,
        columns: "CONSTRAINT_CATALOG nvarchar(128) null, CONSTRAINT_SCHEMA nvarchar(128) null, CONSTRAINT_NAME nvarchar(128), \
            TABLE_CATALOG nvarchar(128) null, TABLE_SCHEMA nvarchar(128) null, TABLE_NAME nvarchar(128), COLUMN_NAME nvarchar(128) null, ORDINAL_POSITION int",
        rows: key_columns,
    },
    View {
        schema: SCHEMA,
        name: "REFERENTIAL_CONSTRAINTS",
        depends: Depends::Catalog,
        columns: "CONSTRAINT_CATALOG nvarchar(128) null, CONSTRAINT_SCHEMA nvarchar(128) null, CONSTRAINT_NAME sysname, \
            UNIQUE_CONSTRAINT_CATALOG nvarchar(128) null, UNIQUE_CONSTRAINT_SCHEMA nvarchar(128) null, UNIQUE_CONSTRAINT_NAME sysname null, \
            MATCH_OPTION varchar(7) null, UPDATE_RULE varchar(11) null, DELETE_RULE varchar(11) null",
        rows: references,
    },
    View {
        schema: SCHEMA,
        name: "CHECK_CONSTRAINTS",
        depends: Depends::Catalog,
        columns: "CONSTRAINT_CATALOG nvarchar(128) null, CONSTRAINT_SCHEMA nvarchar(128) null, CONSTRAINT_NAME sysname, CHECK_CLAUSE nvarchar(4000) null",
        rows: |s| {
            let d = &s.catalog.database;
            let of = |t: &TableDef| {
                t.checks.iter().map(|k| row![d, &t.schema, &k.name, &k.definition]).collect::<Vec<_>>()
            };
            Ok(s.catalog.tables.iter().flat_map(|t| of(t)).collect())
        },
    },
];

fn columns(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        for (n, c) in (1..).zip(&t.columns) {
            let characters = c.collation.is_some();
            let max = matches!(
                c.ty,
                SqlType::VarChar(Len::Max)
                    | SqlType::NVarChar(Len::Max)
                    | SqlType::VarBinary(Len::Max)
                    | SqlType::Xml
            );
            let limit = convert::limit(&c.ty).and_then(|l| i32::try_from(l).ok());
            let (length, bytes) = match c.ty {
                _ if max => (Some(-1), Some(-1)),
                SqlType::Text | SqlType::Image => (Some(i32::MAX), Some(i32::MAX)),
                SqlType::NText => (Some(i32::MAX / 2), Some(i32::MAX - 1)),
                _ => (limit, limit.map(|_| type_size(&c.ty))),
            };
            let (precision, scale) = decimal_size(&c.ty);
            let numeric = match c.ty {
                SqlType::Bit => None,
                SqlType::Real | SqlType::Float => Some((precision, 2, None)),
                SqlType::TinyInt
                | SqlType::SmallInt
                | SqlType::Int
                | SqlType::BigInt
                | SqlType::Money
                | SqlType::SmallMoney
                | SqlType::Decimal { .. }
                | SqlType::Numeric { .. } => Some((precision, 10, Some(scale))),
                _ => None,
            };
            let clock = match c.ty {
                SqlType::Date => Some(0),
                SqlType::Time(_)
                | SqlType::DateTime2(_)
                | SqlType::DateTimeOffset(_)
                | SqlType::DateTime
                | SqlType::SmallDateTime => Some(scale),
                _ => None,
            };
            let set = characters.then(|| if convert::is_single_byte(&c.ty) { "iso_1" } else { "UNICODE" });
            let alias = c.alias.and_then(|id| s.catalog.types.iter().find(|k| k.id == id));
            row_of(
                &mut out,
                row![
                    &s.catalog.database,
                    &t.schema,
                    &t.name,
                    &c.name,
                    n,
                    c.default.as_ref().map(|d| &d.definition),
                    if c.nullable { "YES" } else { "NO" },
                    type_name(&c.ty),
                    length,
                    bytes,
                    numeric.map(|k| k.0),
                    numeric.map(|k| k.1),
                    numeric.and_then(|k| k.2),
                    clock,
                    NULL,
                    NULL,
                    set,
                    NULL,
                    NULL,
                    c.collation.map(|k| k.name),
                    alias.map(|_| &s.catalog.database),
                    alias.map(|a| &a.schema),
                    alias.map(|a| &a.name),
                ],
            );
        }
    }
    Ok(out)
}

fn row_of(out: &mut Vec<Vec<Value>>, row: Vec<Value>) {
    out.push(row);
}

fn constraints(s: &Source<'_>) -> Rows {
    let d = &s.catalog.database;
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        let mut one = |name: &String, kind: &str| {
            out.push(row![d, &t.schema, name, d, &t.schema, &t.name, kind, "NO", "NO"])
        };
        for i in &t.indexes {
            match i.kind {
                IndexKind::PrimaryKey => one(&i.name, "PRIMARY KEY"),
                IndexKind::UniqueConstraint => one(&i.name, "UNIQUE"),
                IndexKind::Index => {}
            }
        }
        t.foreign_keys.iter().for_each(|f| one(&f.name, "FOREIGN KEY"));
        t.checks.iter().for_each(|k| one(&k.name, "CHECK"));
    }
    Ok(out)
}

fn key_columns(s: &Source<'_>) -> Rows {
    let d = &s.catalog.database;
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        let mut one = |name: &String, columns: Vec<i32>| {
            for (n, id) in (1..).zip(columns) {
                let column = t.column_by_id(id).map(|c| &c.name);
                out.push(row![d, &t.schema, name, d, &t.schema, &t.name, column, n]);
            }
        };
        let is_key = |i: &&IndexDef| i.kind != IndexKind::Index;
        for i in t.indexes.iter().filter(is_key) {
            one(&i.name, i.keys.iter().map(|k| k.column_id).collect());
        }
        for f in &t.foreign_keys {
            one(&f.name, f.columns.iter().map(|(here, _)| *here).collect());
        }
    }
    Ok(out)
}

fn references(s: &Source<'_>) -> Rows {
    let d = &s.catalog.database;
    let mut out = Vec::new();
    let rule = |a| action(a).1.replace('_', " ");
    for t in &s.catalog.tables {
        for f in &t.foreign_keys {
            let there = s.catalog.table_by_id(f.referenced);
            let key = there.into_iter().flat_map(|t| &t.indexes).find(|i| i.id == f.key_index_id);
            out.push(row![
                d,
                &t.schema,
                &f.name,
                d,
                there.map(|t| &t.schema),
                key.map(|k| &k.name),
                "SIMPLE",
                rule(f.on_update),
                rule(f.on_delete)
            ]);
        }
    }
    Ok(out)
}
