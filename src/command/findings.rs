//! What a run ends with: everything that is not, or not quite, as it is in the source. The assessment made beforehand says the
//! same, since both ask the same functions.

use crate::assessment::{self, Finding, Material, Verdict};
use crate::error::Error;
use crate::model::checkpoint::{FinishFinding, FinishVerdict};
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::SourceTable;
use crate::postgres::ddl::Statement;
use crate::postgres::objects::{CHANGED_ADVICE, PlannedObject, Step};

/// Of the objects that `planned` is about, and of tables and columns; also said in the log, if it is not said of every column.
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
    let reason = &finding.reason;
    match verdict {
        FinishVerdict::Changed => tracing::debug!(object, reason, "not quite as in the source"),
        FinishVerdict::Lossy => tracing::warn!(object, reason, "values may have changed, and were counted"),
        FinishVerdict::Refused => tracing::warn!(object, reason, "left out"),
    }
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
    match (planned.step, verdict) {
        (Step::NothingToRun, FinishVerdict::Refused) => tracing::info!(object, reason, "is not converted"),
        (_, FinishVerdict::Refused) => tracing::warn!(object, reason, "left out"),
        _ => tracing::warn!(object, reason, "not quite as in the source"),
    }
    let kind = planned.object.kind.clone();
    Some(FinishFinding { kind, object, verdict, reason: reason.clone(), advice: advice.clone() })
}
