//! sys.columns, computed_columns, identity_columns, default_constraints; ids and sizes of types.

use super::objects::objects;
use super::{Depends, NULL, Source, View, row};
use crate::catalog::{ColumnDef, Generated, TableDef, graph};
use crate::load::convert;
use crate::results::SqlError;
use crate::types::{Len, SqlType, UdtKind};
use crate::value::Value;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "columns",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, column_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, \
            scale tinyint, collation_name sysname null, is_nullable bit null, is_ansi_padded bit, is_rowguidcol bit, is_identity bit, \
            is_computed bit, is_filestream bit, is_replicated bit null, is_non_sql_subscribed bit null, is_merge_published bit null, \
            is_dts_replicated bit null, is_xml_document bit, xml_collection_id int, default_object_id int, rule_object_id int, \
            is_sparse bit null, is_column_set bit null, generated_always_type tinyint null, generated_always_type_desc nvarchar(60) null, \
            encryption_type int null, encryption_type_desc nvarchar(64) null, encryption_algorithm_name sysname null, \
            column_encryption_key_id int null, column_encryption_key_database_name sysname null, is_hidden bit, is_masked bit, graph_type int null, graph_type_desc nvarchar(60) null",
        rows: |s| Ok(each(s, |_, _| true, |_, _, row| row)),
    },
    View {
        schema: "sys",
        name: "computed_columns",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, column_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, \
            scale tinyint, collation_name sysname null, is_nullable bit null, definition nvarchar(max) null, uses_database_collation bit, \
            is_persisted bit, is_computed bit",
        rows: |s| {
            Ok(each(
                s,
                |_, c| c.computed.is_some(),
                |_, c, mut row| {
                    row.truncate(10);
                    let definition = c.computed.as_ref().map(|k| &k.definition);
                    row.extend(row![
                        definition,
                        true,
                        c.computed.as_ref().is_some_and(|k| k.persisted),
                        true
                    ]);
                    row
                },
            ))
        },
    },
    View {
        schema: "sys",
        name: "identity_columns",
        depends: Depends::Data,
        columns: "object_id int, name sysname null, column_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, \
            scale tinyint, collation_name sysname null, is_nullable bit null, is_identity bit, seed_value sql_variant null, \
            increment_value sql_variant null, last_value sql_variant null, is_not_for_replication bit null",
        rows: identities,
    },
    View {
        schema: "sys",
        name: "default_constraints",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60) null, \
            create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, parent_column_id int, \
            definition nvarchar(max) null, is_system_named bit",
        rows: |s| {
            Ok(objects(
                s,
                |o| o.kind.0 == "D " && o.parent != 0,
                |o| {
                    let table = s.catalog.table_by_id(o.parent);
                    let hit = table.into_iter().flat_map(|t| &t.columns).find_map(|c| {
                        c.default.as_ref().filter(|d| d.object_id == o.object_id).map(|d| (c.id, d))
                    });
                    hit.map_or_else(Vec::new, |(id, d)| row![id, &d.definition, d.system_named])
                },
            ))
        },
    },
];

fn each(
    s: &Source<'_>,
    keep: impl Fn(&TableDef, &ColumnDef) -> bool,
    shape: impl Fn(&TableDef, &ColumnDef, Vec<Value>) -> Vec<Value>,
) -> Vec<Vec<Value>> {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        for c in t.columns.iter().filter(|c| keep(t, c)) {
            out.push(shape(t, c, column(t, c)));
        }
    }
    // The columns of the system views themselves are in sys.all_columns, which is not served.
    out
}

/// A row of sys.columns.
pub(super) fn column(t: &TableDef, c: &ColumnDef) -> Vec<Value> {
    let (system, user) = type_id(&c.ty);
    let (precision, scale) = decimal_size(&c.ty);
    let padded = matches!(
        c.ty,
        SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::Binary(_)
            | SqlType::VarBinary(_)
            | SqlType::SqlVariant
    );
    let (generated, generated_desc) = match c.generated {
        None => (0, "NOT_APPLICABLE"),
        Some(Generated::Start) => (1, "AS_ROW_START"),
        Some(Generated::End) => (2, "AS_ROW_END"),
        Some(Generated::TransactionStart) => (7, "AS_TRANSACTION_ID_START"),
        Some(Generated::TransactionEnd) => (8, "AS_TRANSACTION_ID_END"),
        Some(Generated::SequenceStart) => (9, "AS_SEQUENCE_NUMBER_START"),
        Some(Generated::SequenceEnd) => (10, "AS_SEQUENCE_NUMBER_END"),
    };
    let default = c.default.as_ref().map_or(c.bound_default, |d| d.object_id);
    row![
        t.object_id,
        &c.name,
        c.id,
        system,
        c.alias.unwrap_or(user),
        type_size(&c.ty),
        precision,
        scale,
        c.collation.map(|k| k.name),
        c.nullable,
        padded,
        c.rowguidcol,
        c.identity.is_some(),
        c.computed.is_some(),
        c.filestream,
        false,
        false,
        false,
        false,
        c.xml_collection.is_some_and(|(_, document)| document),
        c.xml_collection.map_or(0, |(id, _)| id),
        default,
        c.bound_rule,
        c.sparse,
        c.column_set,
        generated,
        generated_desc,
        c.encryption.map(|e| if e.deterministic { 1 } else { 2 }),
        c.encryption.map(|e| if e.deterministic { "DETERMINISTIC" } else { "RANDOMIZED" }),
        c.encryption.map(|_| "AEAD_AES_256_CBC_HMAC_SHA_256"),
        c.encryption.map(|e| e.key),
        NULL,
        c.hidden,
        c.masked.is_some(),
        (c.graph_type != 0).then_some(c.graph_type),
        graph::describe(c.graph_type),
    ]
}

fn identities(s: &Source<'_>) -> Rows {
    Ok(each(
        s,
        |_, c| c.identity.is_some(),
        |t, c, mut row| {
            row.truncate(10);
            let last = s.database.counters().identities.get(&t.object_id).copied();
            let of = |v: i128| {
                let exact = matches!(c.ty, SqlType::Decimal { .. } | SqlType::Numeric { .. });
                let inner =
                    if exact { Value::Decimal(v) } else { Value::Int(i64::try_from(v).unwrap_or(i64::MAX)) };
                Value::Variant(c.ty, Box::new(inner))
            };
            let identity = c.identity;
            row.extend(row![
                true,
                identity.map(|i| of(i.seed)),
                identity.map(|i| of(i.increment)),
                last.map(of),
                false
            ]);
            row
        },
    ))
}

/// `system_type_id` and `user_type_id`.
pub(super) fn type_id(ty: &SqlType) -> (i32, i32) {
    let id = match ty {
        SqlType::Image => 34,
        SqlType::Text => 35,
        SqlType::UniqueIdentifier => 36,
        SqlType::Date => 40,
        SqlType::Time(_) => 41,
        SqlType::DateTime2(_) => 42,
        SqlType::DateTimeOffset(_) => 43,
        SqlType::TinyInt => 48,
        SqlType::SmallInt => 52,
        SqlType::Int => 56,
        SqlType::SmallDateTime => 58,
        SqlType::Real => 59,
        SqlType::Money => 60,
        SqlType::DateTime => 61,
        SqlType::Float => 62,
        SqlType::SqlVariant => 98,
        SqlType::NText => 99,
        SqlType::Bit => 104,
        SqlType::Decimal { .. } => 106,
        SqlType::Numeric { .. } => 108,
        SqlType::SmallMoney => 122,
        SqlType::BigInt => 127,
        SqlType::Udt(UdtKind::HierarchyId) => return (240, 128),
        SqlType::Udt(UdtKind::Geometry) => return (240, 129),
        SqlType::Udt(UdtKind::Geography) => return (240, 130),
        SqlType::Udt(UdtKind::User) => 240,
        SqlType::VarBinary(_) => 165,
        SqlType::VarChar(_) => 167,
        SqlType::Binary(_) => 173,
        SqlType::Char(_) => 175,
        SqlType::RowVersion => 189,
        SqlType::NVarChar(_) => 231,
        SqlType::NChar(_) => 239,
        SqlType::Xml => 241,
        SqlType::Json => 244,
        // Its base is varbinary.
        SqlType::Vector(_) => return (165, 255),
    };
    (id, id)
}

/// `max_length`: bytes, -1 for max types.
pub(super) fn type_size(ty: &SqlType) -> i32 {
    let limit = convert::limit(ty).map(|n| i32::try_from(n).unwrap_or(8000));
    match ty {
        SqlType::Bit | SqlType::TinyInt => 1,
        SqlType::SmallInt => 2,
        SqlType::Int | SqlType::Real | SqlType::SmallMoney | SqlType::SmallDateTime => 4,
        SqlType::BigInt | SqlType::Float | SqlType::Money | SqlType::DateTime | SqlType::RowVersion => 8,
        SqlType::Decimal { precision, .. } | SqlType::Numeric { precision, .. } => match precision {
            0..=9 => 5,
            10..=19 => 9,
            20..=28 => 13,
            _ => 17,
        },
        SqlType::Date => 3,
        SqlType::Time(s) => fraction_size(*s),
        SqlType::DateTime2(s) => fraction_size(*s) + 3,
        SqlType::DateTimeOffset(s) => fraction_size(*s) + 5,
        SqlType::UniqueIdentifier | SqlType::Text | SqlType::NText | SqlType::Image => 16,
        SqlType::NChar(_) | SqlType::NVarChar(Len::Limited(_)) => limit.map_or(-1, |n| n * 2),
        SqlType::SqlVariant => 8016,
        SqlType::Udt(UdtKind::HierarchyId) => 892,
        SqlType::Vector(n) => 8 + 4 * i32::from(*n),
        SqlType::Xml | SqlType::Json | SqlType::Udt(_) => -1,
        _ => limit.unwrap_or(-1),
    }
}

fn fraction_size(scale: u8) -> i32 {
    match scale {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    }
}

/// `precision` and `scale`.
pub(super) fn decimal_size(ty: &SqlType) -> (i32, i32) {
    let fraction = |s: u8, base: i32| (if s == 0 { base } else { base + 1 + i32::from(s) }, i32::from(s));
    match ty {
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Int => (10, 0),
        SqlType::BigInt => (19, 0),
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => {
            (i32::from(*precision), i32::from(*scale))
        }
        SqlType::Money => (19, 4),
        SqlType::SmallMoney => (10, 4),
        SqlType::Real => (24, 0),
        SqlType::Float => (53, 0),
        SqlType::Date => (10, 0),
        SqlType::DateTime => (23, 3),
        SqlType::SmallDateTime => (16, 0),
        SqlType::Time(s) => fraction(*s, 8),
        SqlType::DateTime2(s) => fraction(*s, 19),
        SqlType::DateTimeOffset(s) => fraction(*s, 26),
        _ => (0, 0),
    }
}
