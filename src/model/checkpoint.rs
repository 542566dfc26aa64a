//! The JSON documents of a run besides `plan.json` (docs/reference/checkpoint.md shows an example of each).
//!
//! Every document has `version` (older ones are read, newer ones refused), `plan_fingerprint` (that of another plan is
//! refused) and `operation`, a fresh random id for each write: by it a writer whose answer was lost knows its own write
//! again. Fields that this version does not know are ignored, and lost by its next write. Times named `*_at` and
//! `heartbeat` are a pod's clock, for people; decisions use the store's clock (`Entry::age`).

use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::duration;
use crate::model::loss::LossRecord;
use crate::model::names::TableName;
use crate::model::objects::ObjectKind;
use crate::model::phase::{Phase, PhaseError, PhaseWork, Status};
use crate::model::plan::{Plan, PlannedTable};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The highest epoch that is ever given: the ledger can still count one further, which a reset does.
const LAST_EPOCH: u64 = i64::MAX.cast_unsigned() - 1;

/// The epoch of the next claim; None if `highest` is at the end of the range, which no number of claims ever reaches.
#[must_use]
pub const fn next_epoch(highest: u64) -> Option<u64> {
    if highest < LAST_EPOCH { Some(highest + 1) } else { None }
}

/// The version this program writes.
pub const VERSION: u32 = 2;

/// The pod that works on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub pod: String,
    /// The fencing number of this ownership.
    pub epoch: u64,
    /// The owner's own clock at its last write. For people: a take-over goes by the store's clock.
    pub heartbeat: Timestamp,
}

/// `tables/<index>-<schema>.<table>.json`: the state of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDocument {
    pub version: u32,
    pub plan_fingerprint: String,
    /// 1-based place in the plan.
    pub index: u32,
    /// Name in the source.
    pub table: TableName,
    /// Random id of the last write.
    pub operation: String,
    /// None while no pod works on it.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// The highest epoch ever given; the next claim takes the next one.
    #[serde(default)]
    pub epoch: u64,
    /// What the last owner's reads of the rows saw: `snapshot`, `snapshot of each chunk`, `snapshot-table`, `read-
    /// committed`, `database-snapshot NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<String>,
    #[serde(default)]
    pub schema: Phase,
    #[serde(default)]
    pub data: Phase,
    #[serde(default)]
    pub verify: Phase,
    /// What the owner has written and not committed, as of its last heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<UnderWay>,
    /// What was changed in values of committed rows, as the ledger has it when the table is settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<LossRecord>,
}

/// Rows and bytes that are written and not committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    pub rows: u64,
    pub bytes: u64,
}

impl TableDocument {
    /// What an absent object stands for: nothing has been begun.
    #[must_use]
    pub fn pending(plan: &Plan, table: &PlannedTable) -> Self {
        Self {
            version: VERSION,
            plan_fingerprint: plan.fingerprint.clone(),
            index: table.index,
            table: table.source.clone(),
            operation: String::new(),
            owner: None,
            epoch: 0,
            consistency: None,
            schema: Phase::default(),
            data: Phase::default(),
            verify: Phase::default(),
            under_way: None,
            losses: Vec::new(),
        }
    }

    /// What a view shows in the place of an object that cannot be read. When it was damaged nobody knows: as old as the
    /// plan.
    #[must_use]
    pub fn damaged(plan: &Plan, table: &PlannedTable, error: &Error) -> Self {
        let data = Phase::Failed {
            work: PhaseWork::default(),
            failed_at: plan.created_at,
            error: PhaseError::from(error),
        };
        Self { data, ..Self::pending(plan, table) }
    }

    /// Is this the view of a damaged object?
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.data.error().is_some_and(|error| error.code == ErrorKind::TableDamaged.policy().code)
    }
}

/// `finish.json`: the step after all data (indexes, constraints, sequences, ANALYZE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishDocument {
    pub version: u32,
    pub plan_fingerprint: String,
    pub operation: String,
    #[serde(default)]
    pub owner: Option<Owner>,
    #[serde(default)]
    pub epoch: u64,
    #[serde(default)]
    pub status: Phase,
    /// By the name of a step: `indexes`, `foreign_keys` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, Status>,
    /// What is not, or not quite, as it is in the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FinishFinding>,
    /// How far its owner is, as of the last heartbeat; None if nobody is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<FinishUnderWay>,
}

/// How far the finish step is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishUnderWay {
    /// Objects that are there or failed.
    pub objects_done: usize,
    pub objects_total: usize,
    /// The object that is being built for the longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What it, or another object, waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<LockWait>,
}

/// An object that cannot be built before another session gives a lock back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockWait {
    pub object: String,
    /// The table of the target that is locked.
    pub table: String,
    pub since: Timestamp,
    /// The server process that holds the lock; 0 is a prepared transaction.
    pub pid: i32,
    /// Its name and state, as far as this role may see them: `psql, idle in transaction`.
    pub session: String,
    /// How long its query runs, or it has been idle for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_age_seconds: Option<u64>,
}

#[cfg(test)]
impl LockWait {
    /// An object that waits for an idle session of psql, for the tests of all rooms.
    pub(crate) fn example(object: &str) -> Self {
        Self {
            object: object.to_owned(),
            table: "sales.orders".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            pid: 123,
            session: "psql, idle in transaction".to_owned(),
            query_age_seconds: Some(303),
        }
    }
}

impl fmt::Display for LockWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for a lock on {} held by ", self.object, self.table)?;
        match self.pid {
            0 => f.write_str("a prepared transaction"),
            pid => write!(f, "pid {pid}"),
        }?;
        let age =
            self.query_age_seconds.map(|seconds| format!(" for {}", duration(Duration::from_secs(seconds))));
        match (self.session.as_str(), age) {
            ("", _) => Ok(()),
            (session, age) => write!(f, " ({session}{})", age.unwrap_or_default()),
        }
    }
}

/// What became of one object of the source that PostgreSQL has not, or not quite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishFinding {
    pub kind: ObjectKind,
    /// `index IX on dbo.Orders`
    pub object: String,
    pub verdict: FinishVerdict,
    /// What changed, or why it is left out.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Of a [`FinishFinding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishVerdict {
    /// There, with a difference.
    Changed,
    /// Values of it may have changed; the losses of its table have the counts.
    Lossy,
    /// Left out.
    Refused,
}

impl FinishDocument {
    #[must_use]
    pub fn pending(plan: &Plan) -> Self {
        Self {
            version: VERSION,
            plan_fingerprint: plan.fingerprint.clone(),
            operation: String::new(),
            owner: None,
            epoch: 0,
            status: Phase::default(),
            steps: BTreeMap::new(),
            findings: Vec::new(),
            under_way: None,
        }
    }
}

/// `pods/<pod>-<attempt>.json`: what one process did, written once, at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodDocument {
    pub version: u32,
    pub plan_fingerprint: String,
    /// Set when it is written.
    #[serde(default)]
    pub operation: String,
    pub pod: String,
    /// Of the pod, if Kubernetes told them (`POD_NAMESPACE`, `NODE_NAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// 1 for the first process of this name; set when it is written.
    #[serde(default)]
    pub attempt: u32,
    /// The subcommand.
    pub command: String,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub exit_code: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<PhaseError>,
    /// What it worked on, in the order of beginning.
    #[serde(default)]
    pub tables: Vec<PodTable>,
}

/// Which phase of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Schema,
    Data,
    Verify,
}

/// One piece of a pod's work: a bar of the report's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodTable {
    pub index: u32,
    pub table: TableName,
    pub phase: PhaseName,
    pub status: Status,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    /// Committed by this pod.
    pub rows: u64,
    pub bytes: u64,
    pub chunks: u32,
    /// Rows of these with a changed value, and rows left out: counted once for each column and kind of change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lossy_rows: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What all documents that are read and written again have in common.
pub trait Document: Clone + Serialize + DeserializeOwned + Send + Sync {
    fn operation(&self) -> &str;
    /// Makes the document that of a new write: its operation, and this program's version.
    fn stamp(&mut self, operation: &str);
}

macro_rules! document {
    ($($ty:ty),*) => {$(
        impl Document for $ty {
            fn operation(&self) -> &str {
                &self.operation
            }

            fn stamp(&mut self, operation: &str) {
                self.version = VERSION;
                operation.clone_into(&mut self.operation);
            }
        }
    )*};
}
document!(TableDocument, FinishDocument, PodDocument);

/// What is looked at before the rest, so that a document of a newer version is known as such.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// Reads a document. Errors: `CheckpointNewer`, `CheckpointDamaged`, both naming the object.
pub(crate) fn decode<T: DeserializeOwned>(object: &str, body: &[u8], newest: u32) -> Result<T> {
    let damaged = |why: serde_json::Error| damaged(object, &format!("it cannot be read ({why})"));
    let header: Header = serde_json::from_slice(body).map_err(damaged)?;
    if header.version > newest {
        return Err(Error::new(
            ErrorKind::CheckpointNewer,
            format!("{object} has version {}, this program knows versions up to {newest}", header.version),
        ));
    }
    serde_json::from_slice(body).map_err(damaged)
}

/// An object that is not what it should be.
pub(crate) fn damaged(object: &str, why: &str) -> Error {
    Error::new(ErrorKind::CheckpointDamaged, format!("{object} is damaged: {why}"))
}

/// Indented JSON with a newline at its end: people read these.
pub(crate) fn encode<T: Serialize>(document: &T) -> Result<bytes::Bytes> {
    let mut text = serde_json::to_vec_pretty(document).map_err(|error| {
        Error::new(ErrorKind::Bug, "a checkpoint cannot be written as JSON").because(error)
    })?;
    text.push(b'\n');
    Ok(text.into())
}

/// Refuses a document that belongs to another plan than the run's.
pub(crate) fn same_plan(object: &str, theirs: &str, plan: &Plan) -> Result<()> {
    if theirs == plan.fingerprint {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::PlanForeign,
        format!(
            "{object} belongs to plan {}, but this run's plan is {}",
            short(theirs),
            short(&plan.fingerprint)
        ),
    ))
}

/// Enough of a fingerprint to tell two apart.
fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(12).collect()
}

#[cfg(test)]
pub(crate) mod tests;
