//! The plan of a run in its store.

use super::{Checkpoints, keys};
use crate::checkpoint::put::{Put, operation_id, put};
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{damaged, decode};
use crate::model::plan::{self, Plan, believed};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The plan with an operation of its own and its digest, and the object that it is written as.
fn stamped(plan: &Plan) -> Result<(Plan, Bytes)> {
    #[derive(Serialize)]
    struct Stamped<'a> {
        operation: &'a str,
        #[serde(flatten)]
        plan: &'a Plan,
    }
    let operation = operation_id();
    // One line: a plan of thousands of tables has megabytes.
    let body = serde_json::to_vec(&Stamped { operation: &operation, plan })
        .map_err(|error| Error::new(ErrorKind::Bug, "the plan cannot be written as JSON").because(error))?;
    Ok((Plan { operation, digest: digest(&body), ..plan.clone() }, body.into()))
}

/// SHA-256 of an object, in hex.
fn digest(body: &[u8]) -> String {
    format!("{:x}", Sha256::digest(body))
}

impl Checkpoints {
    /// Writes the plan if the run has none; answers the run's plan and whether it is this one.
    ///
    /// Of pods that plan at once all get the first one's, which may be for something else: the caller compares.
    pub async fn create_plan(&self, plan: &Plan) -> Result<(Plan, bool)> {
        let (plan, body) = stamped(plan)?;
        let key = keys::plan(&self.run);
        match put(&*self.store, &key, &body, std::slice::from_ref(&plan.operation), None).await? {
            Put::Stored { .. } => Ok((plan, true)),
            Put::Lost => Ok((self.plan().await?, false)),
        }
    }

    /// Puts a plan in the place of the run's, if that still is `old`; `announce` is told of it before it is written.
    /// The plan as it was written.
    ///
    /// # Errors
    /// `Fenced` if somebody else has written it meanwhile; `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`;
    /// those of `announce`.
    pub async fn replace_plan(
        &self,
        old: &Plan,
        plan: &Plan,
        announce: impl AsyncFnOnce(&Plan) -> Result<()>,
    ) -> Result<Plan> {
        let other =
            || Error::new(ErrorKind::Fenced, "another process has changed the plan of this run meanwhile");
        let key = keys::plan(&self.run);
        let Some(object) = self.get(&key).await? else { return Err(other()) };
        if digest(&object.body) != old.digest {
            return Err(other());
        }
        let (plan, body) = stamped(plan)?;
        announce(&plan).await?;
        match put(&*self.store, &key, &body, std::slice::from_ref(&plan.operation), Some(&object.tag)).await?
        {
            Put::Stored { .. } => Ok(plan),
            Put::Lost => Err(other()),
        }
    }

    /// The run's plan. Errors: `PlanMissing`, `CheckpointDamaged`, `CheckpointNewer`.
    pub async fn plan(&self) -> Result<Plan> {
        let missing = || {
            Error::new(ErrorKind::PlanMissing, format!("there is no {}", self.shown(&keys::plan(&self.run))))
        };
        self.plan_if_any().await?.ok_or_else(missing)
    }

    /// The run's plan, if it has one.
    pub async fn plan_if_any(&self) -> Result<Option<Plan>> {
        let key = keys::plan(&self.run);
        let Some(object) = self.get(&key).await? else { return Ok(None) };
        let plan: Plan = decode(&self.shown(&key), &object.body, plan::VERSION)?;
        if (1u32..).zip(&plan.tables).any(|(index, table)| table.index != index) {
            return Err(damaged(&self.shown(&key), "its tables are not numbered 1, 2, 3 …"));
        }
        believed::check(&plan).map_err(|wrong| damaged(&self.shown(&key), &wrong))?;
        Ok(Some(Plan { digest: digest(&object.body), ..plan }))
    }
}
