//! What is said of everything that stands on and beside the tables: what `finish` will do, by the function that it asks.

use super::{Finding, Material, Name, ObjectFindings, Verdict};
use crate::model::names::{LONGEST, RenameReason, folded, rename_reason};
use crate::model::objects::ObjectKind;
use crate::postgres::ddl::Statement;
use crate::postgres::names::Names;
use crate::postgres::objects::{ObjectName, PlannedObject, Step, statements};

/// The server that is meant if the target is not known.
const VERSION: u32 = 15_00_00;

pub(super) fn add(material: &Material<'_>, findings: &mut Vec<Finding>) {
    let (plan, objects) = (material.plan, material.objects);
    let version = plan.target.as_ref().map_or(VERSION, |target| target.version);
    let names = Names::for_plan(plan, objects);
    for planned in statements(plan, objects, version, &names) {
        // Proofs and statistics are no objects.
        let silent =
            matches!(planned.step, Step::ChecksValidated | Step::ForeignKeysValidated | Step::Analyze);
        // These are said of the table and of the column.
        let elsewhere = planned.object.kind == ObjectKind::Partitions
            || (planned.step == Step::NothingToRun && planned.object.kind == ObjectKind::Identity);
        if silent || elsewhere {
            continue;
        }
        let alias =
            objects.types.iter().any(|ty| ty.base.is_some() && ty.name.to_string() == planned.object.name);
        add_object(&planned, alias && planned.object.kind == ObjectKind::Type, findings);
    }
    renamed(material, &names, findings);
    primary_keys(material, findings);
}

/// Indexes, constraints and sequences that get another name than --name-case alone gives them.
fn renamed(material: &Material<'_>, names: &Names, findings: &mut Vec<Finding>) {
    let (objects, case) = (material.objects, material.plan.options.name_case());
    let mut say = |kind: ObjectKind, object: String, source: &str, target: &str| {
        let (name, why) = match rename_reason(source, target, case, false) {
            None | Some(RenameReason::Case | RenameReason::Chosen) => return,
            Some(RenameReason::TooLong) => {
                let bytes = folded(source, case).len();
                (Name::NameTooLong, format!("its own has {bytes} bytes, PostgreSQL takes {LONGEST}"))
            }
            Some(RenameReason::Taken | RenameReason::System) => {
                (Name::NameTaken, "names are unique in a schema there, and another one has it".to_owned())
            }
        };
        let reason = format!("is called {target} instead of {source}: {why}");
        ObjectFindings { kind, object, findings }.say(name, Verdict::Changed, reason);
    };
    for table in &material.plan.tables {
        let on = |target: &str| format!("{target} on {}", table.source);
        if let Some(key) = objects.primary_keys.get(&table.source).filter(|_| !table.primary_key.is_empty()) {
            let target = names.index(&table.target, &key.name);
            say(ObjectKind::PrimaryKey, on(target), &key.name, target);
        }
        for index in objects.indexes.iter().filter(|index| index.table == table.source) {
            let kind = if index.constraint { ObjectKind::UniqueConstraint } else { ObjectKind::Index };
            let target = names.index(&table.target, &index.name);
            say(kind, on(target), &index.name, target);
        }
        let checks = objects.checks.iter().map(|check| (ObjectKind::Check, &check.table, &check.name));
        let keys = objects.foreign_keys.iter().map(|key| (ObjectKind::ForeignKey, &key.table, &key.name));
        for (kind, _, name) in checks.chain(keys).filter(|(_, of, _)| **of == table.source) {
            let target = names.constraint(&table.target, name);
            say(kind, on(target), name, target);
        }
    }
    for sequence in &objects.sequences {
        if let Some(target) = names.sequence(&sequence.name) {
            say(ObjectKind::Sequence, sequence.name.to_string(), &sequence.name.name, &target.name);
        }
    }
}

/// `alias`: a type of users that stands for another one, whose columns are copied.
fn add_object(planned: &PlannedObject, alias: bool, findings: &mut Vec<Finding>) {
    let kind = &planned.object.kind;
    let unread = *kind == ObjectKind::MayBeThere;
    let object = bare(&planned.object);
    let mut said =
        ObjectFindings { kind: if unread { ObjectKind::Unread } else { kind.clone() }, object, findings };
    let name = match &planned.statement {
        _ if unread => Name::Unread,
        _ if *kind == ObjectKind::SystemVersioning => Name::Temporal,
        _ if alias => Name::MadeOtherwise,
        Statement::Sql(_) => Name::AsIs,
        Statement::Changed { .. } => Name::MadeOtherwise,
        Statement::Skipped { .. } => Name::NoCounterpart,
    };
    match &planned.statement {
        Statement::Sql(_) => {
            said.say(name, Verdict::Converted, "as in the source");
        }
        Statement::Changed { what, .. } => {
            said.say(name, Verdict::Changed, what.clone());
        }
        Statement::Skipped { reason, advice } => {
            // Rows arrive; what is lost is that the server keeps old ones, or the name of their type.
            let verdict = if name == Name::Temporal || alias { Verdict::Changed } else { Verdict::Refused };
            said.say(name, verdict, reason.clone()).advice.clone_from(advice);
        }
    }
}

/// Those that nothing was said of: the schema step makes them with their tables.
fn primary_keys(material: &Material<'_>, findings: &mut Vec<Finding>) {
    for table in material.plan.tables.iter().filter(|table| !table.primary_key.is_empty()) {
        let object = table.source.to_string();
        let end = format!(" on {object}");
        if findings
            .iter()
            .any(|finding| finding.kind == ObjectKind::PrimaryKey && finding.object.ends_with(&end))
        {
            continue;
        }
        let name = material.objects.primary_keys.get(&table.source).map(|key| key.name.as_str());
        let object = name.map_or_else(|| object.clone(), |name| format!("{name}{end}"));
        ObjectFindings { kind: ObjectKind::PrimaryKey, object, findings }.say(
            Name::AsIs,
            Verdict::Converted,
            "as in the source",
        );
    }
}

/// Without its kind: `IX_Orders on dbo.Orders`.
fn bare(object: &ObjectName) -> String {
    match &object.table {
        Some(table) if object.name.is_empty() => table.to_string(),
        Some(table) => format!("{} on {table}", object.name),
        None => object.name.clone(),
    }
}
