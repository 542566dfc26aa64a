//! sys.indexes, index_columns, key_constraints, foreign_keys and their columns, check_constraints.

use super::objects::objects;
use super::spaces::PRIMARY;
use super::{Depends, NULL, Source, View, row};
use crate::catalog::{Action, IndexDef, IndexForm, IndexKind, Partitioned};
use crate::results::SqlError;
use crate::value::Value;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "indexes",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, index_id int, type tinyint, type_desc nvarchar(60) null, is_unique bit null, data_space_id int null, \
            ignore_dup_key bit null, is_primary_key bit null, is_unique_constraint bit null, fill_factor tinyint, is_padded bit null, \
            is_disabled bit null, is_hypothetical bit null, is_ignored_in_optimization bit null, allow_row_locks bit null, \
            allow_page_locks bit null, has_filter bit null, filter_definition nvarchar(max) null, compression_delay int null, \
            suppress_dup_key_messages bit null, auto_created bit null, optimize_for_sequential_key bit null",
        rows: indexes,
    },
    View {
        schema: "sys",
        name: "hash_indexes",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, index_id int, type tinyint, type_desc nvarchar(60) null, is_unique bit null, \
            ignore_dup_key bit null, is_primary_key bit null, is_unique_constraint bit null, is_disabled bit null, bucket_count int",
        rows: |s| {
            let mut out = Vec::new();
            for t in &s.catalog.tables {
                for i in &t.indexes {
                    let IndexForm::Hash(buckets) = i.form else { continue };
                    let row = index_row(t.object_id, i);
                    let mut kept: Vec<Value> =
                        [0, 1, 2, 3, 4, 5, 7, 8, 9, 12].map(|n| row[n].clone()).to_vec();
                    kept.push(Value::Int(buckets));
                    out.push(kept);
                }
            }
            Ok(out)
        },
    },
    View {
        schema: "sys",
        name: "index_columns",
        depends: Depends::Catalog,
        columns: "object_id int, index_id int, index_column_id int, column_id int, key_ordinal tinyint, partition_ordinal tinyint, \
            is_descending_key bit null, is_included_column bit null, column_store_order_ordinal tinyint",
        rows: index_columns,
    },
    View {
        schema: "sys",
        name: "key_constraints",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2) null, \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, \
            is_schema_published bit, unique_index_id int null, is_system_named bit, is_enforced bit null",
        rows: |s| {
            Ok(objects(
                s,
                |o| matches!(o.kind.0, "PK" | "UQ"),
                |o| {
                    let table = s.catalog.table_by_id(o.parent);
                    let index =
                        table.into_iter().flat_map(|t| &t.indexes).find(|i| i.object_id == o.object_id);
                    index.map_or_else(Vec::new, |i| row![i.id, i.system_named, true])
                },
            ))
        },
    },
    View {
        schema: "sys",
        name: "foreign_keys",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2) null, \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, \
            is_schema_published bit, referenced_object_id int null, key_index_id int null, is_disabled bit, is_not_for_replication bit, \
            is_not_trusted bit, delete_referential_action tinyint null, delete_referential_action_desc nvarchar(60) null, \
            update_referential_action tinyint null, update_referential_action_desc nvarchar(60) null, is_system_named bit",
        rows: foreign_keys,
    },
    View {
        schema: "sys",
        name: "foreign_key_columns",
        depends: Depends::Catalog,
        columns: "constraint_object_id int, constraint_column_id int, parent_object_id int, parent_column_id int, referenced_object_id int, \
            referenced_column_id int",
        rows: |s| {
            let mut out = Vec::new();
            for t in &s.catalog.tables {
                for f in &t.foreign_keys {
                    for (n, (here, there)) in (1..).zip(&f.columns) {
                        out.push(row![f.object_id, n, t.object_id, *here, f.referenced, *there]);
                    }
                }
            }
            Ok(out)
        },
    },
    View {
        schema: "sys",
        name: "check_constraints",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2) null, \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, \
            is_schema_published bit, is_disabled bit, is_not_for_replication bit, is_not_trusted bit, parent_column_id int, \
            definition nvarchar(max) null, uses_database_collation bit null, is_system_named bit",
        rows: |s| {
            Ok(objects(
                s,
                |o| o.kind.0 == "C ",
                |o| {
                    let table = s.catalog.table_by_id(o.parent);
                    let check =
                        table.into_iter().flat_map(|t| &t.checks).find(|k| k.object_id == o.object_id);
                    check.map_or_else(Vec::new, |k| {
                        row![
                            k.disabled,
                            false,
                            k.not_trusted,
                            k.parent_column_id,
                            &k.definition,
                            true,
                            k.system_named
                        ]
                    })
                },
            ))
        },
    },
];

/// `data_space_id` of what lies there.
fn space(partitioned: Option<Partitioned>) -> i32 {
    partitioned.map_or(PRIMARY, |p| p.scheme)
}

/// A row of sys.indexes.
pub(super) fn index_row(object_id: i32, i: &IndexDef) -> Vec<Value> {
    let (kind, desc) = match (&i.form, i.clustered) {
        (IndexForm::Rows, true) => (1, "CLUSTERED"),
        (IndexForm::Rows, false) => (2, "NONCLUSTERED"),
        (IndexForm::Xml(_), _) => (3, "XML"),
        (IndexForm::Spatial(_), _) => (4, "SPATIAL"),
        (IndexForm::Hash(_), _) => (7, "NONCLUSTERED HASH"),
        (IndexForm::Columnstore, true) => (5, "CLUSTERED COLUMNSTORE"),
        (IndexForm::Columnstore, false) => (6, "NONCLUSTERED COLUMNSTORE"),
    };
    row![
        object_id,
        &i.name,
        i.id,
        kind,
        desc,
        i.unique,
        space(i.partitioned),
        i.ignore_dup_key,
        i.kind == IndexKind::PrimaryKey,
        i.kind == IndexKind::UniqueConstraint,
        i.fill_factor,
        false,
        i.disabled,
        false,
        false,
        true,
        true,
        i.filter.is_some(),
        i.filter.as_ref(),
        NULL,
        false,
        false,
        false,
    ]
}

fn indexes(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        if !t.indexes.iter().any(|i| i.clustered) {
            out.push(row![
                t.object_id,
                NULL,
                0,
                0,
                "HEAP",
                false,
                space(t.partitioned),
                false,
                false,
                false,
                0,
                false,
                false,
                false,
                false,
                true,
                true,
                false,
                NULL,
                NULL,
                false,
                false,
                false
            ]);
        }
        out.extend(t.indexes.iter().map(|i| index_row(t.object_id, i)));
    }
    for v in &s.catalog.views {
        out.extend(v.indexes.iter().map(|i| index_row(v.object_id, i)));
    }
    Ok(out)
}

fn index_columns(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        let heap = !t.indexes.iter().any(|i| i.clustered);
        if let Some(p) = t.partitioned.filter(|_| heap) {
            out.push(row![t.object_id, 0, 1, p.column_id, 0, 1, false, false, 0]);
        }
        for i in &t.indexes {
            let by = i.partitioned.map(|p| p.column_id);
            let ordinal = |column: i32| i32::from(by == Some(column));
            let mut n = 0;
            for k in &i.keys {
                n += 1;
                let part = ordinal(k.column_id);
                out.push(row![t.object_id, i.id, n, k.column_id, n, part, k.descending, false, 0]);
            }
            // The one column of an xml or spatial index is neither key nor included.
            let included = !matches!(i.form, IndexForm::Xml(_) | IndexForm::Spatial(_));
            for c in &i.included {
                n += 1;
                out.push(row![t.object_id, i.id, n, *c, 0, ordinal(*c), false, included, 0]);
            }
            // The partitioning column belongs to every index that lies on the scheme.
            let named = |id: i32| i.keys.iter().any(|k| k.column_id == id) || i.included.contains(&id);
            if let Some(column) = by.filter(|id| !named(*id)) {
                out.push(row![t.object_id, i.id, n + 1, column, 0, 1, false, false, 0]);
            }
        }
    }
    Ok(out)
}

pub(super) fn action(a: Action) -> (i32, &'static str) {
    match a {
        Action::NoAction => (0, "NO_ACTION"),
        Action::Cascade => (1, "CASCADE"),
        Action::SetNull => (2, "SET_NULL"),
        Action::SetDefault => (3, "SET_DEFAULT"),
    }
}

fn foreign_keys(s: &Source<'_>) -> Rows {
    Ok(objects(
        s,
        |o| o.kind.0 == "F ",
        |o| {
            let table = s.catalog.table_by_id(o.parent);
            let key = table.into_iter().flat_map(|t| &t.foreign_keys).find(|f| f.object_id == o.object_id);
            key.map_or_else(Vec::new, |f| {
                let ((d, delete), (u, update)) = (action(f.on_delete), action(f.on_update));
                row![
                    f.referenced,
                    f.key_index_id,
                    f.disabled,
                    f.not_for_replication,
                    f.not_trusted,
                    d,
                    delete,
                    u,
                    update,
                    f.system_named
                ]
            })
        },
    ))
}
