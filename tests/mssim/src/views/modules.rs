//! sys.sql_modules, procedures, triggers, trigger_events: what is kept as text.

use super::objects::objects;
use super::{Depends, NULL, Source, View, at, row};
use crate::catalog::{ModuleKind, TriggerDef};
use crate::results::SqlError;
use crate::value::Value;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "sql_modules",
        depends: Depends::Catalog,
        columns: "object_id int, definition nvarchar(max) null, uses_ansi_nulls bit null, uses_quoted_identifier bit null, is_schema_bound bit null, \
            uses_database_collation bit null, is_recompiled bit null, null_on_null_input bit null, execute_as_principal_id int null, \
            uses_native_compilation bit null, inline_type bit null, is_inlineable bit null",
        rows: |s| {
            let row = |id: i32, text: &String, bound: bool| {
                row![id, text, true, true, bound, false, false, false, NULL, false, false, false]
            };
            let views = s.catalog.views.iter().map(|v| row(v.object_id, &v.definition, false));
            let modules = s.catalog.modules.iter().map(|m| row(m.object_id, &m.definition, m.schema_bound));
            let bound = s.catalog.bound.iter().map(|b| row(b.object_id, &b.definition, false));
            let ddl = s.catalog.more.triggers.iter().map(|t| row(t.object_id, &t.definition, false));
            Ok(views.chain(modules).chain(bound).chain(ddl).collect())
        },
    },
    View {
        schema: "sys",
        name: "procedures",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60) null, \
            create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, is_auto_executed bit, \
            is_execution_replicated bit null, is_repl_serializable_only bit null, skips_repl_constraints bit null",
        rows: |s| {
            let is = |kind: &str| kind == ModuleKind::Procedure.object_type().0;
            Ok(objects(s, |o| is(o.kind.0), |_| row![false, false, false, false]))
        },
    },
    View {
        schema: "sys",
        name: "triggers",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, parent_class tinyint, parent_class_desc nvarchar(60) null, parent_id int, type char(2), \
            type_desc nvarchar(60) null, create_date datetime, modify_date datetime, is_ms_shipped bit, is_disabled bit, \
            is_not_for_replication bit, is_instead_of_trigger bit",
        rows: |s| {
            let one = |m: &crate::catalog::ModuleDef, t: &TriggerDef| {
                let (kind, desc) = m.kind.object_type();
                row![
                    &m.name,
                    m.object_id,
                    1,
                    "OBJECT_OR_COLUMN",
                    t.parent,
                    kind,
                    desc,
                    at(m.created),
                    at(m.created),
                    false,
                    t.disabled,
                    false,
                    t.instead_of
                ]
            };
            let ddl = s.catalog.more.triggers.iter().map(|t| {
                row![
                    &t.name,
                    t.object_id,
                    0,
                    "DATABASE",
                    0,
                    "TR",
                    "SQL_TRIGGER",
                    at(t.created),
                    at(t.created),
                    false,
                    t.disabled,
                    false,
                    false
                ]
            });
            let dml = s.catalog.modules.iter().filter_map(|m| Some(one(m, m.trigger.as_ref()?)));
            Ok(dml.chain(ddl).collect())
        },
    },
    View {
        schema: "sys",
        name: "trigger_events",
        depends: Depends::Catalog,
        columns: "object_id int, type int, type_desc nvarchar(60), is_first bit null, is_last bit null, event_group_type int null, \
            event_group_type_desc nvarchar(60) null, is_trigger_event bit null",
        rows: trigger_events,
    },
];

fn trigger_events(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for m in &s.catalog.modules {
        for event in m.trigger.iter().flat_map(|t| &t.events) {
            let desc = match event {
                1 => "INSERT",
                2 => "UPDATE",
                _ => "DELETE",
            };
            out.push(row![m.object_id, *event, desc, false, false, NULL, NULL, true]);
        }
    }
    for t in &s.catalog.more.triggers {
        out.extend(t.events.iter().map(|e| row![t.object_id, 0, e, false, false, NULL, NULL, true]));
    }
    Ok(out)
}
