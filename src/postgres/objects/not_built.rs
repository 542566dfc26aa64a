//! Objects that are listed with a reason and never built.

use super::comments::comments;
use super::listed::listed;
use super::{Makes, ObjectName, PlannedObject, Step};
use crate::model::counts::counted;
use crate::model::names::TableName;
use crate::model::objects::{ExtendedProperty, Module, ModuleKind, ObjectKind, PropertyOf, SourceObjects};
use crate::model::plan::Plan;
use crate::postgres::ddl::Statement;
use std::collections::BTreeSet;

/// Longer views are cut in the report.
const LONGEST_TEXT: usize = 16 * 1024;

pub(super) fn not_built(
    kind: ObjectKind,
    table: Option<&TableName>,
    name: impl Into<String>,
    reason: impl Into<String>,
    advice: Option<String>,
) -> PlannedObject {
    PlannedObject {
        object: ObjectName { kind, table: table.cloned(), name: name.into() },
        statement: Statement::Skipped { reason: reason.into(), advice },
        step: Step::NothingToRun,
        makes: Makes::Nothing,
        locks: Vec::new(),
    }
}

/// All of them, of the schemas and tables of the plan.
pub(super) fn not_built_objects(plan: &Plan, objects: &SourceObjects) -> Vec<PlannedObject> {
    let tables: BTreeSet<&TableName> = plan.tables.iter().map(|table| &table.source).collect();
    let schemas: BTreeSet<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let mut list = Vec::new();
    for unread in &objects.unread {
        let advice = "look there by hand, with a login that may see them".to_owned();
        list.push(not_built(
            ObjectKind::MayBeThere,
            None,
            &unread.what,
            format!("could not be read: {}", unread.why),
            Some(advice),
        ));
    }
    not_built_on_tables(plan, objects, &tables, &mut list);
    let views: BTreeSet<&TableName> = objects
        .modules
        .iter()
        .filter(|module| module.kind == ModuleKind::View)
        .map(|view| &view.name)
        .collect();
    for module in &objects.modules {
        let here = module.name.schema.is_empty() || schemas.contains(module.name.schema.as_str());
        let on = module.table.as_ref().is_none_or(|on| tables.contains(on) || views.contains(on));
        if here && on {
            list.push(not_built_module(module));
        }
    }
    for synonym in objects.synonyms.iter().filter(|synonym| schemas.contains(synonym.name.schema.as_str())) {
        let reason = format!("PostgreSQL has no synonyms; it stands for {}", synonym.stands_for);
        let advice = "a view, or search_path".to_owned();
        list.push(not_built(ObjectKind::Synonym, None, synonym.name.to_string(), reason, Some(advice)));
    }
    for ty in &objects.types {
        let (reason, advice) = match (&ty.base, ty.table_type) {
            (Some(base), _) => {
                (format!("columns of it have the type that {base} becomes"), Some("CREATE DOMAIN".to_owned()))
            }
            (None, true) => ("table types are parameters of procedures".to_owned(), None),
            (None, false) => ("it is made of CLR code".to_owned(), None),
        };
        list.push(not_built(ObjectKind::Type, None, ty.name.to_string(), reason, advice));
    }
    list.extend(listed(plan, objects));
    list
}

fn not_built_on_tables(
    plan: &Plan,
    objects: &SourceObjects,
    tables: &BTreeSet<&TableName>,
    list: &mut Vec<PlannedObject>,
) {
    for index in objects.fulltext.iter().filter(|index| tables.contains(&index.table)) {
        let columns: Vec<_> = index.columns.iter().map(crate::model::names::ColumnName::as_str).collect();
        let advice = format!("a generated tsvector column of {} with a GIN index", columns.join(", "));
        list.push(not_built(
            ObjectKind::FullTextIndex,
            Some(&index.table),
            "",
            "it has no counterpart",
            Some(advice),
        ));
    }
    for partitioned in &objects.partitions {
        let Some(table) = plan.tables.iter().find(|table| table.source == partitioned.table) else {
            continue;
        };
        if table.partitioning.is_none() {
            let reason = format!(
                "the target is one table; {} spreads it by {} over {}",
                partitioned.function,
                partitioned.column,
                counted(partitioned.bounds.len() as u64 + 1, "range")
            );
            let advice = match crate::postgres::ddl::partition::partitioning(partitioned, table) {
                Ok(_) => "--partitions declarative".to_owned(),
                Err(why) => format!("--partitions declarative would not do: {why}"),
            };
            list.push(not_built(ObjectKind::Partitions, Some(&table.source), "", reason, Some(advice)));
        }
    }
    for temporal in objects.temporal.iter().filter(|temporal| tables.contains(&temporal.table)) {
        let history = temporal.history.as_ref();
        let copied = history.filter(|history| tables.contains(history));
        let reason = match (copied, history) {
            (Some(history), _) => format!("{history} holds its history, copied as a table of its own"),
            (None, Some(history)) => format!("{history} holds its history, and is not copied"),
            (None, None) => "the login may not see where its history is".to_owned(),
        };
        let advice = "a trigger, if changes in PostgreSQL are to be kept too".to_owned();
        let reason = format!("nothing keeps old versions of its rows in PostgreSQL; {reason}");
        list.push(not_built(ObjectKind::SystemVersioning, Some(&temporal.table), "", reason, Some(advice)));
    }
    not_built_protections(objects, tables, list);
    not_built_properties(plan, objects, tables, list);
}

/// Masks and row filters: what keeps readers of the source from values and rows.
fn not_built_protections(
    objects: &SourceObjects,
    tables: &BTreeSet<&TableName>,
    list: &mut Vec<PlannedObject>,
) {
    for mask in objects.masks.iter().filter(|mask| tables.contains(&mask.table)) {
        let reason = "who may read the table sees every value in PostgreSQL, which masks nothing";
        let advice = "a view, rights on columns, or a mask in the configuration".to_owned();
        list.push(not_built(
            ObjectKind::DynamicMask,
            Some(&mask.table),
            mask.column.as_str(),
            reason,
            Some(advice),
        ));
    }
    for policy in objects.security_policies.iter().filter(|policy| tables.contains(&policy.table)) {
        let state = if policy.enabled { "" } else { "; it is off in the source" };
        let reason = format!("who may read the table sees every row of it in PostgreSQL{state}");
        let advice = "CREATE POLICY, and ALTER TABLE … ENABLE ROW LEVEL SECURITY, after the copy".to_owned();
        list.push(not_built(
            ObjectKind::SecurityPolicy,
            Some(&policy.table),
            policy.name.to_string(),
            reason,
            Some(advice),
        ));
    }
}

/// Extended properties that are no comment, or of something that is not converted.
fn not_built_properties(
    plan: &Plan,
    objects: &SourceObjects,
    tables: &BTreeSet<&TableName>,
    list: &mut Vec<PlannedObject>,
) {
    let comments: BTreeSet<*const ExtendedProperty> =
        comments(plan, objects).into_iter().map(std::ptr::from_ref).collect();
    let comment = |property: &ExtendedProperty| comments.contains(&std::ptr::from_ref(property));
    let sequence = |name: &TableName| objects.sequences.iter().any(|sequence| sequence.name == *name);
    for property in &objects.properties {
        let (table, of) = match &property.of {
            PropertyOf::Database => (None, "the database".to_owned()),
            PropertyOf::Other(what) => (None, what.clone()),
            PropertyOf::Schema(schema)
                if !comment(property) && tables.iter().any(|table| table.schema == *schema) =>
            {
                (None, format!("the schema {schema}"))
            }
            PropertyOf::Sequence(name) if !comment(property) && sequence(name) => {
                (None, format!("the sequence {name}"))
            }
            PropertyOf::Table(table)
            | PropertyOf::Column(table, _)
            | PropertyOf::Index(table, _)
            | PropertyOf::Constraint(table, _)
                if tables.contains(table) && !comment(property) =>
            {
                (Some(table), String::new())
            }
            _ => continue,
        };
        let name = match (&property.of, of.is_empty()) {
            (PropertyOf::Column(_, column), _) => format!("{} of column {column}", property.name),
            (PropertyOf::Index(_, of) | PropertyOf::Constraint(_, of), _) => {
                format!("{} of {of}", property.name)
            }
            (_, true) => property.name.clone(),
            (_, false) => format!("{} of {of}", property.name),
        };
        let converted = !matches!(property.of, PropertyOf::Database | PropertyOf::Other(_));
        let (reason, advice) = match converted {
            true => (
                "PostgreSQL has room for one description only",
                Some(format!("--comment-property \"{}\" makes it the comment", property.name)),
            ),
            false => ("what it is about is not converted", None),
        };
        list.push(not_built(ObjectKind::ExtendedProperty, table, name, reason, advice));
    }
}

fn not_built_module(module: &Module) -> PlannedObject {
    let name = match module.name.schema.is_empty() {
        true => module.name.name.clone(),
        false => module.name.to_string(),
    };
    let shown = matches!(module.kind, ModuleKind::View | ModuleKind::Rule);
    let text = module.text.as_ref().filter(|_| shown);
    let advice = text.map(|text| {
        let mut end = text.len().min(LONGEST_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        format!("in T-SQL: {}", &text[..end])
    });
    let kind = match module.kind {
        ModuleKind::View => ObjectKind::View,
        ModuleKind::Procedure => ObjectKind::Procedure,
        ModuleKind::Function => ObjectKind::Function,
        ModuleKind::Trigger => ObjectKind::Trigger,
        ModuleKind::Rule => ObjectKind::Rule,
    };
    let whole = module.kind == ModuleKind::Trigger && module.name.schema.is_empty();
    let of = if whole { ", a trigger of the whole database" } else { "" };
    let disabled = if module.disabled { "; it is disabled" } else { "" };
    let reason = format!("it is not converted{of}{disabled}");
    not_built(kind, None, name, reason, advice)
}
