//! What is said of everything that stands on and beside the tables: what `finish` will do, by the function that it asks.

use super::{Finding, Material, Name, ObjectFindings, Verdict};
use crate::model::objects::ObjectKind;
use crate::postgres::ddl::Statement;
use crate::postgres::names::Names;
use crate::postgres::objects::{ObjectName, PlannedObject, Step, statements};

/// The server that is meant if the target is not known.
const VERSION: u32 = 15_00_00;

pub(super) fn add(material: &Material<'_>, findings: &mut Vec<Finding>) {
    let (plan, objects) = (material.plan, material.objects);
    let version = plan.target.as_ref().map_or(VERSION, |target| target.version);
    for planned in statements(plan, objects, version, &Names::for_plan(plan, objects)) {
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
    primary_keys(material, findings);
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
