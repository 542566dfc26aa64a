//! What a run ends with: everything that is not, or not quite, as it is in the source. The assessment made beforehand
//! says the same, since both ask the same functions.

use crate::assessment::{self, Finding, Material, Verdict};
use crate::error::Error;
use crate::model::checkpoint::{FinishFinding, FinishVerdict};
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::SourceTable;
use crate::postgres::ddl::Statement;
use crate::postgres::objects::{CHANGED_ADVICE, PlannedObject, Step};
use crate::telemetry::notices::{Notice, Notices};
use std::collections::BTreeSet;

/// Kinds of objects that have a line each; more are told together.
const MOST_KINDS: usize = 4;

/// Of the objects that `planned` is about, and of tables and columns.
pub(super) fn of(
    plan: &Plan,
    tables: &[SourceTable],
    objects: &SourceObjects,
    planned: &[PlannedObject],
) -> Vec<FinishFinding> {
    // What was read is read: how many moments it had stands in the record of each table.
    let material = Material { plan, refused: &[], chunk_size: u64::MAX, tables, objects };
    let of_tables = assessment::of_tables(&material).into_iter().filter_map(of_table);
    of_tables.chain(planned.iter().filter_map(of_object)).collect()
}

/// Gathers for the log what is worth a warning. What has no counterpart in any target (`planned` has nothing to run for
/// it), and columns that compare otherwise, stand in the assessment and in `finish.json`.
pub(super) fn note(findings: &[FinishFinding], planned: &[PlannedObject], notices: &Notices) {
    let nothing_to_run: BTreeSet<String> = planned
        .iter()
        .filter(|planned| planned.step == Step::NothingToRun)
        .filter(|planned| matches!(planned.statement, Statement::Skipped { .. }))
        .map(|planned| planned.object.to_string())
        .collect();
    let of_table = |finding: &FinishFinding| matches!(finding.kind, ObjectKind::Table | ObjectKind::Column);
    let told: Vec<&FinishFinding> = findings
        .iter()
        .filter(|finding| !nothing_to_run.contains(&finding.object))
        .filter(|finding| finding.verdict != FinishVerdict::Changed || !of_table(finding))
        .collect();
    let kinds: BTreeSet<_> = told.iter().map(|finding| (word(finding.verdict), &finding.kind)).collect();
    for finding in told {
        let what = if kinds.len() > MOST_KINDS { "object" } else { finding.kind.as_str() };
        let said = match finding.verdict {
            FinishVerdict::Changed => ["is not quite as in the source", "are not quite as in the source"],
            FinishVerdict::Lossy => ["may have changed values, which are counted"; 2],
            FinishVerdict::Refused => ["is left out", "are left out"],
        };
        let object = if what == "object" {
            finding.object.as_str()
        } else {
            finding.object.strip_prefix(what).map_or(finding.object.as_str(), str::trim_start)
        };
        notices.add(Notice {
            kind: format!("{}_{}", word(finding.verdict), what.replace(' ', "_")),
            what: what.to_owned(),
            said: said.map(str::to_owned),
            object: object.to_owned(),
            reason: finding.reason.clone(),
            rows: 0,
        });
    }
}

const fn word(verdict: FinishVerdict) -> &'static str {
    match verdict {
        FinishVerdict::Changed => "changed",
        FinishVerdict::Lossy => "lossy",
        FinishVerdict::Refused => "left_out",
    }
}

/// Of a table of the source that changed since the plan was made: nothing is built on its copy.
pub(super) fn of_changed(table: &PlannedTable, error: &Error) -> FinishFinding {
    FinishFinding {
        kind: ObjectKind::Table,
        object: format!("table {}", table.source),
        verdict: FinishVerdict::Refused,
        reason: format!(
            "{}; its indexes, constraints, defaults, comments, identity positions and statistics are not built",
            error.detail()
        ),
        advice: Some(CHANGED_ADVICE.to_owned()),
    }
}

fn of_table(finding: Finding) -> Option<FinishFinding> {
    let verdict = match finding.verdict {
        Verdict::Converted => return None,
        Verdict::Changed => FinishVerdict::Changed,
        Verdict::Lossy => FinishVerdict::Lossy,
        Verdict::Refused => FinishVerdict::Refused,
    };
    let object = format!("{} {}", finding.kind, finding.object);
    Some(FinishFinding {
        kind: finding.kind,
        object,
        verdict,
        reason: finding.reason,
        advice: finding.advice,
    })
}

fn of_object(planned: &PlannedObject) -> Option<FinishFinding> {
    let (verdict, reason, advice) = match &planned.statement {
        Statement::Sql(_) => return None,
        Statement::Changed { what, .. } => (FinishVerdict::Changed, what, &None),
        Statement::Skipped { reason, advice } => (FinishVerdict::Refused, reason, advice),
    };
    let object = planned.object.to_string();
    let kind = planned.object.kind.clone();
    Some(FinishFinding { kind, object, verdict, reason: reason.clone(), advice: advice.clone() })
}
