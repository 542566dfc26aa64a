//! sys.security_policies, security_predicates. A login without the right sees neither ([`Oddities::no_view_definition`]).
//!
//! [`Oddities::no_view_definition`]: crate::engine::Oddities

use super::{Depends, NULL, Source, View, at, row};
use crate::catalog::SecurityPolicyDef;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "security_policies",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type varchar(2), \
            type_desc nvarchar(60), create_date datetime, modify_date datetime, is_ms_shipped bit, is_enabled bit, \
            is_not_for_replication bit, uses_database_collation bit null, is_schema_bound bit null",
        rows: |s| {
            let one = |p: &SecurityPolicyDef| {
                row![
                    &p.name,
                    p.object_id,
                    NULL,
                    s.catalog.schema_id(&p.schema),
                    0,
                    "SP",
                    "SECURITY_POLICY",
                    at(p.created),
                    at(p.created),
                    false,
                    p.enabled,
                    false,
                    false,
                    true
                ]
            };
            Ok(seen(s).iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "security_predicates",
        depends: Depends::Catalog,
        columns: "object_id int, security_predicate_id int, target_object_id int, predicate_definition nvarchar(max), predicate_type int, \
            predicate_type_desc nvarchar(60), operation int null, operation_desc nvarchar(60) null",
        rows: |s| {
            let mut out = Vec::new();
            for p in seen(s) {
                for (id, r) in (1..).zip(&p.predicates) {
                    let kind = if r.filter { (0, "FILTER") } else { (1, "BLOCK") };
                    out.push(row![p.object_id, id, r.table, &r.definition, kind.0, kind.1, NULL, NULL]);
                }
            }
            Ok(out)
        },
    },
];

fn seen<'s>(s: &'s Source<'_>) -> &'s [SecurityPolicyDef] {
    if s.catalog.oddities.no_view_definition { &[] } else { &s.catalog.security_policies }
}
