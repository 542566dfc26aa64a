//! sys.databases, schemas, types, objects, tables, views, sequences, synonyms, modules, extended properties.

use super::{Depends, NULL, Source, View, at, row};
use crate::catalog::{Graph, Object, Temporal};
use crate::results::SqlError;
use crate::types::SqlType;
use crate::value::Value;
use crate::views::columns::{decimal_size, type_id};

type Rows = Result<Vec<Vec<Value>>, SqlError>;

const OBJECT: &str = "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), \
    type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit";

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "databases",
        depends: Depends::Data,
        columns: "name sysname, database_id int, source_database_id int null, owner_sid varbinary(85) null, create_date datetime, \
            compatibility_level tinyint, collation_name sysname null, user_access tinyint null, user_access_desc nvarchar(60) null, \
            is_read_only bit null, state tinyint null, state_desc nvarchar(60) null, snapshot_isolation_state tinyint null, \
            snapshot_isolation_state_desc nvarchar(60) null, is_read_committed_snapshot_on bit null, recovery_model tinyint null, \
            recovery_model_desc nvarchar(60) null, is_cdc_enabled bit, is_encrypted bit null, service_broker_guid uniqueidentifier",
        rows: databases,
    },
    View {
        schema: "sys",
        name: "database_recovery_status",
        depends: Depends::Data,
        columns: "database_id int, database_guid uniqueidentifier null, family_guid uniqueidentifier null, \
            last_log_backup_lsn decimal(25, 0) null, recovery_fork_guid uniqueidentifier null, \
            first_recovery_fork_guid uniqueidentifier null, fork_point_lsn decimal(25, 0) null",
        rows: recovery_status,
    },
    View {
        schema: "sys",
        name: "schemas",
        depends: Depends::Catalog,
        columns: "name sysname, schema_id int, principal_id int null",
        rows: |s| {
            Ok(s.catalog
                .schemas
                .iter()
                .map(|k| row![&k.name, k.id, if k.id > 4 { 1 } else { k.id }])
                .collect())
        },
    },
    View {
        schema: "sys",
        name: "types",
        depends: Depends::Catalog,
        columns: "name sysname, system_type_id tinyint, user_type_id int, schema_id int, principal_id int null, max_length smallint, \
            precision tinyint, scale tinyint, collation_name sysname null, is_nullable bit null, is_user_defined bit, is_assembly_type bit, \
            default_object_id int, rule_object_id int, is_table_type bit",
        rows: super::types::types,
    },
    View {
        schema: "sys",
        name: "objects",
        depends: Depends::Catalog,
        columns: OBJECT,
        rows: |s| Ok(objects(s, |_| true, |_| vec![])),
    },
    View {
        schema: "sys",
        name: "all_objects",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int null, parent_object_id int, type char(2) null, \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit null, is_published bit null, is_schema_published bit null",
        rows: all_objects,
    },
    View {
        schema: "sys",
        name: "tables",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, \
            lob_data_space_id int, filestream_data_space_id int null, max_column_id_used int, lock_on_bulk_load bit, uses_ansi_nulls bit null, \
            is_replicated bit null, has_replication_filter bit null, is_merge_published bit null, is_sync_tran_subscribed bit null, \
            has_unchecked_assembly_data bit, text_in_row_limit int null, large_value_types_out_of_row bit null, is_tracked_by_cdc bit null, \
            lock_escalation tinyint null, lock_escalation_desc nvarchar(60) null, is_filetable bit null, is_memory_optimized bit null, \
            durability tinyint null, durability_desc nvarchar(60) null, temporal_type tinyint null, temporal_type_desc nvarchar(60) null, \
            history_table_id int null, is_remote_data_archive_enabled bit null, is_external bit, history_retention_period int null, \
            history_retention_period_unit int null, history_retention_period_unit_desc nvarchar(10) null, is_node bit, is_edge bit, \
            ledger_type tinyint null, ledger_type_desc nvarchar(60) null, ledger_view_id int null, is_dropped_ledger_table bit null",
        rows: tables,
    },
    View {
        schema: "sys",
        name: "views",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, \
            is_replicated bit null, has_replication_filter bit null, has_opaque_metadata bit, has_unchecked_assembly_data bit, \
            with_check_option bit, is_date_correlation_view bit",
        rows: |s| Ok(objects(s, |o| o.kind.0 == "V ", |_| row![false, false, false, false, false, false])),
    },
    View {
        schema: "sys",
        name: "synonyms",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60) null, \
            create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, base_object_name nvarchar(1035) null",
        rows: |s| {
            let base =
                |o: &Object| s.catalog.synonyms.iter().find(|k| k.object_id == o.object_id).map(|k| &k.base);
            Ok(objects(s, |o| o.kind.0 == "SN", |o| row![base(o)]))
        },
    },
    View {
        schema: "sys",
        name: "sequences",
        depends: Depends::Data,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60) null, \
            create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, start_value sql_variant, \
            increment sql_variant, minimum_value sql_variant null, maximum_value sql_variant null, is_cycling bit null, is_cached bit null, \
            cache_size int null, system_type_id tinyint, user_type_id int, precision tinyint, scale tinyint null, current_value sql_variant, \
            is_exhausted bit, last_used_value sql_variant null",
        rows: sequences,
    },
    View {
        schema: "sys",
        name: "extended_properties",
        depends: Depends::Catalog,
        columns: "class tinyint, class_desc nvarchar(60) null, major_id int, minor_id int, name sysname, value sql_variant null",
        rows: |s| {
            let class = |n: u8| match n {
                0 => "DATABASE",
                2 => "PARAMETER",
                4 => "DATABASE_PRINCIPAL",
                10 => "XML_SCHEMA_COLLECTION",
                20 => "DATASPACE",
                21 => "PARTITION_FUNCTION",
                3 => "SCHEMA",
                6 => "TYPE",
                7 => "INDEX",
                _ => "OBJECT_OR_COLUMN",
            };
            let one = |p: &crate::catalog::ExtendedProperty| {
                row![p.class, class(p.class), p.major_id, p.minor_id, &p.name, text_variant(&p.value)]
            };
            Ok(s.catalog.properties.iter().map(one).collect())
        },
    },
];

fn text_variant(text: &str) -> Value {
    let units = u16::try_from(text.encode_utf16().count().clamp(1, 4000)).unwrap_or(4000);
    let ty = SqlType::NVarChar(crate::types::Len::Limited(units));
    Value::Variant(ty, Box::new(Value::Text(text.as_bytes().to_vec())))
}

fn databases(s: &Source<'_>) -> Rows {
    Ok(s.engine
        .all()
        .iter()
        .map(|d| {
            let k = d.catalog();
            // master and msdb allow snapshots from the start.
            let (state, desc) =
                if k.snapshot_isolation || d.id == 1 || d.id == 4 { (1, "ON") } else { (0, "OFF") };
            row![
                &d.name,
                d.id,
                k.source_database_id,
                Value::Bytes(vec![1]),
                at(0),
                160,
                k.collation.name,
                0,
                "MULTI_USER",
                k.read_only,
                0,
                "ONLINE",
                state,
                desc,
                k.read_committed_snapshot,
                3,
                "SIMPLE",
                false,
                false,
                Value::Guid(k.identity.broker),
            ]
        })
        .collect())
}

fn recovery_status(s: &Source<'_>) -> Rows {
    let row = |d: &std::sync::Arc<crate::engine::Database>| {
        let identity = d.catalog().identity;
        let fork = Value::Guid(identity.recovery_fork);
        let (database, family) = (Value::Guid(identity.database), Value::Guid(identity.family));
        row![d.id, database, family, NULL, fork.clone(), fork, NULL]
    };
    Ok(s.engine.all().iter().map(row).collect())
}

/// The columns of sys.objects, then those of a view built on it.
pub(super) fn objects(
    s: &Source<'_>,
    keep: impl Fn(&Object) -> bool,
    more: impl Fn(&Object) -> Vec<Value>,
) -> Vec<Vec<Value>> {
    s.catalog
        .objects()
        .iter()
        .filter(|o| keep(o))
        .map(|o| {
            let schema = s.catalog.schema_id(&o.schema);
            let mut row = row![
                &o.name,
                o.object_id,
                NULL,
                schema,
                o.parent,
                o.kind.0,
                o.kind.1,
                at(o.created),
                at(o.modified),
                false,
                false,
                false
            ];
            row.extend(more(o));
            row
        })
        .collect()
}

fn all_objects(s: &Source<'_>) -> Rows {
    let mut out = objects(s, |_| true, |_| vec![]);
    for r in super::relations(s.catalog.collation) {
        let schema = s.catalog.schema_id(&r.schema);
        let name = r.name;
        out.push(row![name, r.object_id, NULL, schema, 0, "V ", "VIEW", at(0), at(0), true, false, false]);
    }
    Ok(out)
}

fn tables(s: &Source<'_>) -> Rows {
    Ok(objects(
        s,
        |o| o.kind.0 == "U ",
        |o| {
            let table = s.catalog.table_by_id(o.object_id);
            let max = table.map_or(0, |t| t.max_column_id);
            let (temporal, temporal_desc, history) = match table.map_or(Temporal::No, |t| t.temporal) {
                Temporal::No => (0, "NON_TEMPORAL_TABLE", None),
                Temporal::History => (1, "HISTORY_TABLE", None),
                Temporal::Versioned(id) => (2, "SYSTEM_VERSIONED_TEMPORAL_TABLE", Some(id)),
            };
            let (ledger, ledger_desc, ledger_history, ledger_view) = crate::load::ledger::shown(table);
            let graph = table.and_then(|t| t.graph);
            let schema_only = table.and_then(|t| t.memory).is_some_and(|m| m.schema_only);
            let lob = table.is_some_and(|t| t.columns.iter().any(|c| super::sizes::is_lob(&c.ty)));
            row![
                i32::from(lob),
                NULL,
                max,
                false,
                true,
                false,
                false,
                false,
                false,
                false,
                0,
                false,
                false,
                0,
                "TABLE",
                false,
                table.is_some_and(|t| t.memory.is_some()),
                i32::from(schema_only),
                if schema_only { "SCHEMA_ONLY" } else { "SCHEMA_AND_DATA" },
                temporal,
                temporal_desc,
                history.or(ledger_history),
                false,
                false,
                NULL,
                NULL,
                NULL,
                graph == Some(Graph::Node),
                graph == Some(Graph::Edge),
                ledger,
                ledger_desc,
                ledger_view,
                false,
            ]
        },
    ))
}

fn sequences(s: &Source<'_>) -> Rows {
    Ok(objects(
        s,
        |o| o.kind.0 == "SO",
        |o| {
            let Some(q) = s.catalog.sequences.iter().find(|q| q.object_id == o.object_id) else {
                return vec![];
            };
            let last = s.database.counters().sequences.get(&q.object_id).copied();
            let of = |v: i128| {
                let inner = match q.ty {
                    SqlType::Decimal { .. } | SqlType::Numeric { .. } => Value::Decimal(v),
                    _ => Value::Int(i64::try_from(v).unwrap_or(i64::MAX)),
                };
                Value::Variant(q.ty, Box::new(inner))
            };
            let (system, user) = type_id(&q.ty);
            let (precision, scale) = decimal_size(&q.ty);
            let cached = q.cache.is_some();
            let size = q.cache.filter(|n| *n > 0);
            // What is past the end is not given out again.
            let exhausted =
                !q.cycle && last.is_some_and(|v| !(q.minimum..=q.maximum).contains(&(v + q.increment)));
            row![
                of(q.start),
                of(q.increment),
                of(q.minimum),
                of(q.maximum),
                q.cycle,
                cached,
                size,
                system,
                user,
                precision,
                scale,
                of(last.unwrap_or(q.start)),
                exhausted,
                last.map(of),
            ]
        },
    ))
}
