//! What is said of everything that stands on and beside the tables.

use super::{Finding, Material, Name, Said, Verdict};
use crate::plan::document::PlannedTable;
use crate::schema::TableName;
use crate::schema::objects::ModuleKind;
use crate::target::ddl::{self, Statement};
use std::collections::BTreeMap;

/// The server that is meant where the target is not known.
const VERSION: u32 = 15_00_00;

pub(super) fn add(material: &Material<'_>, findings: &mut Vec<Finding>) {
    keys(material, findings);
    beside(material, findings);
    modules(material, findings);
    for unread in &material.objects.unread {
        let mut said = Said { kind: "unread", object: unread.what.clone(), findings };
        said.advise(
            Name::Unread,
            Verdict::Refused,
            format!("could not be looked at, so nobody knows whether there are any: {}", unread.why),
            "grant VIEW DEFINITION on the database",
        );
    }
}

fn keys(material: &Material<'_>, findings: &mut Vec<Finding>) {
    let version = material.plan.target.as_ref().map_or(VERSION, |target| target.version);
    let tables: BTreeMap<&TableName, &PlannedTable> =
        material.plan.tables.iter().map(|table| (&table.source, table)).collect();
    for index in &material.objects.indexes {
        let Some(table) = tables.get(&index.table) else { continue };
        let made = ddl::create_index(index, table, &index.name, version);
        statement("index", format!("{} on {}", index.name, index.table), made, findings);
    }
    for key in &material.objects.foreign_keys {
        let Some(table) = tables.get(&key.table) else { continue };
        let object = format!("{} on {}", key.name, key.table);
        let made = match tables.get(&key.referenced) {
            Some(referenced) => ddl::add_foreign_key(key, table, referenced),
            None => Statement::Skipped {
                reason: format!("the table it refers to, {}, is not in the plan", key.referenced),
            },
        };
        statement("foreign key", object, made, findings);
    }
}

fn statement(kind: &'static str, object: String, made: Statement, findings: &mut Vec<Finding>) {
    let mut said = Said { kind, object, findings };
    match made {
        Statement::Sql(_) => drop(said.say(Name::AsIs, Verdict::Converted, "is built by finish").advice.take()),
        Statement::Skipped { reason } => {
            said.say(Name::NoCounterpart, Verdict::Refused, reason);
        }
    }
}

fn beside(material: &Material<'_>, findings: &mut Vec<Finding>) {
    let objects = material.objects;
    for of in &objects.fulltext {
        let mut said = Said { kind: "full-text index", object: of.table.to_string(), findings };
        said.advise(
            Name::NoCounterpart,
            Verdict::Refused,
            "full-text indexes have no counterpart of the same meaning",
            "a generated tsvector column with a GIN index",
        );
    }
    for of in &objects.temporal {
        let history = of.history.as_ref().map_or_else(String::new, |name| format!(" and {name}"));
        let mut said = Said { kind: "temporal table", object: of.table.to_string(), findings };
        said.advise(
            Name::Temporal,
            Verdict::Changed,
            format!("arrives as plain tables, {}{history}; later changes are not versioned", of.table),
            "a trigger that writes the history",
        );
    }
    for synonym in &objects.synonyms {
        let mut said = Said { kind: "synonym", object: synonym.name.to_string(), findings };
        said.advise(
            Name::NoCounterpart,
            Verdict::Refused,
            format!("PostgreSQL has no synonyms; it stands for {}", synonym.stands_for),
            "a view, or search_path",
        );
    }
    for ty in &objects.types {
        let mut said = Said { kind: "type", object: ty.name.to_string(), findings };
        match &ty.base {
            Some(base) => drop(
                said.say(Name::MadeOtherwise, Verdict::Changed, format!("its columns get the type that {base} becomes"))
                    .advice
                    .take(),
            ),
            None if ty.table_type => drop(said.say(Name::NoCounterpart, Verdict::Refused, "a table type")),
            None => drop(said.say(Name::NoCounterpart, Verdict::Refused, "a CLR type")),
        }
    }
}

fn modules(material: &Material<'_>, findings: &mut Vec<Finding>) {
    for module in &material.objects.modules {
        let (kind, advice) = match module.kind {
            ModuleKind::View => ("view", "write it in PostgreSQL's SQL"),
            ModuleKind::Procedure => ("procedure", "write it in PL/pgSQL, or in the application"),
            ModuleKind::Function => ("function", "write it in SQL or PL/pgSQL"),
            ModuleKind::Trigger => ("trigger", "write it in PL/pgSQL"),
            ModuleKind::Rule => ("rule", "a check constraint or a default"),
        };
        let mut said = Said { kind, object: module.name.to_string(), findings };
        let reason = match &module.text {
            Some(text) => format!("T-SQL is listed, not converted: {}", text.trim()),
            None => "T-SQL is listed, not converted; its text is hidden from this login".to_owned(),
        };
        said.advise(Name::NoCounterpart, Verdict::Refused, reason, advice);
    }
}
