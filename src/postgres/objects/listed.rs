//! What PostgreSQL gets nothing of, as it is reported: rights, roles, statistics, indexes of views and more; and keys that
//! leave duplicates out on the source, which are refused here.

use super::not_built::not_built;
use super::statement_list::StatementList;
use super::{Makes, ObjectName, PlannedObject, Step};
use crate::model::counts::counted;
use crate::model::listed::PermissionOn;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::Plan;
use crate::postgres::ddl::Statement;
use std::collections::BTreeSet;

impl StatementList<'_> {
    /// Indexes and keys with IGNORE_DUP_KEY, each beside the statement that makes it.
    pub(super) fn ignoring_duplicates(&mut self) {
        for (table, index) in &self.objects.listed.ignoring_duplicates {
            let Some(table) = self.tables.get(table).copied() else { continue };
            let primary = self.objects.primary_keys.get(&table.source).is_some_and(|key| key.name == *index);
            let constraint = (self.objects.indexes.iter())
                .any(|there| there.table == table.source && there.name == *index && there.constraint);
            let kind = match (primary, constraint) {
                (true, _) => ObjectKind::PrimaryKey,
                (false, true) => ObjectKind::UniqueConstraint,
                (false, false) => ObjectKind::Index,
            };
            let name = self.names.index(&table.target, index).to_owned();
            let what = "the source leaves a duplicate out with a warning (IGNORE_DUP_KEY), PostgreSQL refuses it: INSERT … ON CONFLICT DO NOTHING leaves it out";
            let statement = Statement::Changed { sql: String::new(), what: what.to_owned() };
            let of = ObjectName { kind, table: Some(table.source.clone()), name };
            self.add(of, statement, Step::NothingToRun, Makes::Nothing, &[]);
        }
    }
}

/// All that is listed, of the tables and schemas of the plan.
pub(super) fn listed(plan: &Plan, objects: &SourceObjects) -> Vec<PlannedObject> {
    let tables: BTreeSet<&TableName> = plan.tables.iter().map(|table| &table.source).collect();
    let schemas: BTreeSet<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let listed = &objects.listed;
    let mut list = Vec::new();
    for statistics in listed.statistics.iter().filter(|statistics| tables.contains(&statistics.table)) {
        let columns: Vec<_> = statistics.columns.iter().map(ColumnName::as_str).collect();
        let some = if statistics.filtered { " for some rows" } else { "" };
        let reason = format!(
            "it is not converted: it counts {} ({}){some}",
            counted(statistics.columns.len() as u64, "column"),
            columns.join(", ")
        );
        let advice = "ANALYZE counts every column; CREATE STATISTICS counts several together".to_owned();
        let table = Some(&statistics.table);
        list.push(not_built(ObjectKind::UserStatistics, table, &statistics.name, reason, Some(advice)));
    }
    for index in listed.view_indexes.iter().filter(|index| schemas.contains(index.view.schema.as_str())) {
        let unique = if index.unique { "a unique index" } else { "an index" };
        let reason = format!("{unique} of a view, which holds the view's rows: the view is not converted");
        let advice = "a materialized view with an index, and REFRESH MATERIALIZED VIEW".to_owned();
        list.push(not_built(ObjectKind::Index, Some(&index.view), &index.name, reason, Some(advice)));
    }
    for ledger in listed.ledgers.iter().filter(|ledger| tables.contains(&ledger.table)) {
        let kind = ledger.kind.to_lowercase().replace('_', " ");
        let reason = format!("{kind}: its rows are copied, and nothing proves them in PostgreSQL");
        let advice =
            "verify the ledger on the source, and keep its digests, before it is given up".to_owned();
        list.push(not_built(ObjectKind::Ledger, Some(&ledger.table), "", reason, Some(advice)));
    }
    for name in listed.xml_schemas.iter().filter(|name| schemas.contains(name.schema.as_str())) {
        let reason = "PostgreSQL checks that xml is well formed, and no schema";
        list.push(not_built(ObjectKind::XmlSchemaCollection, None, name.to_string(), reason, None));
    }
    rights(objects, &tables, &schemas, &mut list);
    list
}

fn rights(
    objects: &SourceObjects,
    tables: &BTreeSet<&TableName>,
    schemas: &BTreeSet<&str>,
    list: &mut Vec<PlannedObject>,
) {
    for role in &objects.listed.roles {
        let members = match role.members.as_slice() {
            [] => "nobody is in it".to_owned(),
            members => format!("in it: {}", members.join(", ")),
        };
        let advice = "CREATE ROLE, and GRANT role TO its members".to_owned();
        let reason = format!("roles and users are not brought over; {members}");
        list.push(not_built(ObjectKind::Role, None, &role.name, reason, Some(advice)));
    }
    for permissions in &objects.listed.permissions {
        let (table, name) = match &permissions.on {
            PermissionOn::Database => (None, "the database".to_owned()),
            PermissionOn::Schema(schema) if schemas.contains(schema.as_str()) => {
                (None, format!("the schema {schema}"))
            }
            PermissionOn::Object(name) if tables.contains(name) => (Some(name), String::new()),
            PermissionOn::Object(name) if schemas.contains(name.schema.as_str()) => (None, name.to_string()),
            PermissionOn::Other(what) => (None, format!("each {what}")),
            PermissionOn::Schema(_) | PermissionOn::Object(_) => continue,
        };
        let reason = match permissions.statements.len() {
            1 => "1 right is not brought over".to_owned(),
            rights => format!("{} are not brought over", counted(rights as u64, "right")),
        };
        let advice = format!("in T-SQL: {}", permissions.statements.join("; "));
        list.push(not_built(ObjectKind::Permission, table, name, reason, Some(advice)));
    }
}
