//! Changing the plan of named tables: their columns as the source has them now, and other choices for them. All other
//! tables stay as they are, and so does what tells the run from every other one (the fingerprint).

use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::{Plan, PlanOptions, PlannedTable};
use crate::model::policy::Policies;
use crate::plan::build;
use crate::plan::build::Draft;

/// The plan's choices, with those of `given` that are about the `named` tables: what the config file says of them, and
/// `policies`, which adds what a flag says to what held before.
///
/// # Errors
/// `PlanForeign` for a choice about the whole run that is not the plan's; `Usage` for one about a table that is not
/// named.
pub fn options(
    plan: &Plan,
    given: &PlanOptions,
    named: &[PlannedTable],
    policies: impl Fn(Policies) -> Result<Policies>,
) -> Result<PlanOptions> {
    let of_run =
        PlanOptions { policies: plan.options.policies, tables: plan.options.tables.clone(), ..given.clone() };
    let foreign = build::other_choices(&plan.options, &of_run);
    if !foreign.is_empty() {
        let message = format!("replan changes no choice about the whole run: {}", foreign.join("; "));
        return Err(Error::new(ErrorKind::PlanForeign, message));
    }
    let mut options = plan.options.clone();
    if !given.tables.is_empty() {
        let names: Vec<String> = named.iter().map(|table| table.source.to_string()).collect();
        let keys = given.tables.keys().chain(plan.options.tables.keys());
        for key in keys.filter(|key| !names.contains(key)) {
            if given.tables.get(key) != plan.options.tables.get(key) {
                let message = format!(
                    "the config file changes the choices for {key} too: add --table {key}, or take them back"
                );
                return Err(Error::new(ErrorKind::Usage, message));
            }
        }
        for name in names {
            let policies =
                |options: &PlanOptions| options.tables.get(&name).and_then(|choice| choice.policies);
            if policies(given) != policies(&options) {
                // What the file says now is newer than an earlier flag.
                options.replanned.remove(&name);
            }
            match given.tables.get(&name) {
                Some(choice) => drop(options.tables.insert(name, choice.clone())),
                None => drop(options.tables.remove(&name)),
            }
        }
    }
    for table in named {
        let name = table.source.to_string();
        let before = options.replanned.get(&name).copied();
        let of_table = || options.tables.get(&name).and_then(|choice| choice.policies);
        let held = before.or_else(of_table).unwrap_or(options.policies);
        let wanted = policies(held)?;
        if wanted != held || before.is_some() {
            options.replanned.insert(name, wanted);
        }
    }
    Ok(options)
}

/// The plan with the `named` tables as the draft has them.
///
/// # Errors
/// `SourceChanged` if one of them is not in the source any more; `Unsupported` with all that cannot be copied of them;
/// `Usage` if one would be another target table.
pub fn replaced(plan: &Plan, draft: Draft, named: &[PlannedTable]) -> Result<Plan> {
    let is_named =
        |source: &crate::model::names::TableName| named.iter().any(|table| table.source == *source);
    let refused: Vec<String> =
        draft.refused.iter().filter(|refused| is_named(&refused.table)).map(ToString::to_string).collect();
    if !refused.is_empty() {
        let message = format!("these objects cannot be copied:\n  {}", refused.join("\n  "));
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let mut changed = Plan { options: draft.plan.options, ..plan.clone() };
    for old in named {
        let found = draft.plan.tables.iter().find(|table| table.source == old.source);
        let Some(found) = found else {
            let message = "the table is not in the source any more, or the plan's filters leave it out";
            return Err(Error::new(ErrorKind::SourceChanged, message).table(&old.source));
        };
        if found.target != old.target {
            let message = format!(
                "it would become {} instead of {}; that needs another --run-id",
                found.target, old.target
            );
            return Err(Error::new(ErrorKind::Usage, message).table(&old.source));
        }
        if let Some(place) = changed.tables.iter_mut().find(|table| table.index == old.index) {
            *place = PlannedTable { index: old.index, ..found.clone() };
        }
    }
    Ok(changed)
}
