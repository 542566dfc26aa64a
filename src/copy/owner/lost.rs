//! What a lost write means, decided here once.
//!
//! A compare-and-swap of an owner is lost if anybody wrote the object since. That is not yet a take-over: the schema
//! step of another pod writes the same object, and a start that takes an owner for dead may mend it. So the object is
//! read again. The same owner and epoch, or a mended object that nobody has claimed since: the owner goes on with
//! what stands there now. Anything else: another pod has taken the claim over, and this one writes nothing more.

use crate::checkpoint::{Checkpoints, Entry, Written};
use crate::copy::owner::claimable::Claimable;
use crate::error::{Error, ErrorKind, Result};

/// Lost writes in a row after which an object is left to those who write it all the time.
pub(super) const TRIES: usize = 8;

/// Is the claim of `pod` by `epoch` still its own, by the object that stands in the store now?
fn still_owned<T: Claimable>(ours: &T, stored: &T, pod: &str, epoch: u64) -> bool {
    if stored.epoch() != epoch || stored.plan_fingerprint() != ours.plan_fingerprint() {
        return false;
    }
    match stored.owner() {
        Some(owner) => owner.pod == pod && owner.epoch == epoch,
        // A reset leaves `pending` behind, and its ledger knows no epoch any more.
        None => stored.phase().is_completed(),
    }
}

/// May the claim that was asked for by `seen` still be taken, by the object that stands in the store now? It may if
/// whoever wrote that has claimed nothing, completed nothing and belongs to the same plan.
pub(super) fn still_unclaimed<T: Claimable>(seen: &ClaimState, stored: &T) -> bool {
    ClaimState::of(stored) == *seen && !stored.phase().is_completed()
}

/// What tells a claim from every other one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClaimState {
    plan_fingerprint: String,
    epoch: u64,
    owner: Option<u64>,
}

impl ClaimState {
    /// That of the document.
    pub(super) fn of<T: Claimable>(document: &T) -> Self {
        Self {
            plan_fingerprint: document.plan_fingerprint().to_owned(),
            epoch: document.epoch(),
            owner: document.owner().map(|owner| owner.epoch),
        }
    }
}

/// Writes the document of a claim that `pod` has by `epoch`. `Lost`: another pod has taken it over.
///
/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`; also `StoreUnavailable` if others
/// write the object all the time.
pub(super) async fn write_owned<T: Claimable>(
    checkpoints: &Checkpoints,
    entry: &mut Entry<T>,
    pod: &str,
    epoch: u64,
) -> Result<Written> {
    for _ in 0..TRIES {
        if checkpoints.write(entry).await? == Written::Stored {
            return Ok(Written::Stored);
        }
        let Some(stored) = checkpoints.read_again(entry).await? else { return Ok(Written::Lost) };
        if !still_owned(&entry.document, &stored.document, pod, epoch) {
            return Ok(Written::Lost);
        }
        tracing::debug!(pod, epoch, "another pod wrote beside this claim; writing on top of it");
        let ours = std::mem::replace(entry, stored).document;
        let theirs = std::mem::replace(&mut entry.document, ours);
        entry.document.take_what_others_write(theirs);
    }
    Err(Error::new(ErrorKind::StoreUnavailable, "others write this checkpoint all the time"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::{plan, table};
    use crate::clock;
    use crate::model::checkpoint::{Owner, TableDocument};
    use crate::model::phase::{self, Event, PhaseProgress};

    fn claimed(pod: &str, epoch: u64) -> TableDocument {
        let plan = plan(1);
        let mut document = TableDocument::pending(&plan, table(&plan, 1));
        document.owner = Some(Owner { pod: pod.to_owned(), epoch, heartbeat: clock::now() });
        document.epoch = epoch;
        document.data = phase::next(&document.data, Event::Started, clock::now()).unwrap();
        document
    }

    #[test]
    fn the_same_owner_and_epoch_go_on_whoever_wrote() {
        let ours = claimed("a", 3);
        let mut stored = claimed("a", 3);
        stored.schema =
            phase::next(&stored.schema, Event::Completed(PhaseProgress::STEP), clock::now()).unwrap();
        assert!(still_owned(&ours, &stored, "a", 3));
    }

    #[test]
    fn what_was_mended_without_a_claim_is_still_the_owners() {
        let ours = claimed("a", 3);
        let mut mended = claimed("a", 3);
        mended.owner = None;
        mended.data = phase::next(&mended.data, Event::Completed(PhaseProgress::STEP), clock::now()).unwrap();
        assert!(still_owned(&ours, &mended, "a", 3));
    }

    #[test]
    fn a_claim_is_taken_although_the_schema_step_wrote_and_not_although_another_pod_claimed() {
        let plan = plan(1);
        let seen = TableDocument::pending(&plan, table(&plan, 1));
        let state = ClaimState::of(&seen);
        let mut stored = seen.clone();
        stored.schema =
            phase::next(&stored.schema, Event::Completed(PhaseProgress::STEP), clock::now()).unwrap();
        assert!(still_unclaimed(&state, &stored));
        assert!(!still_unclaimed(&state, &claimed("b", 1)));
        let mut completed = seen.clone();
        completed.data =
            phase::next(&completed.data, Event::Completed(PhaseProgress::STEP), clock::now()).unwrap();
        assert!(!still_unclaimed(&state, &completed));
        let foreign = TableDocument { plan_fingerprint: "other".to_owned(), ..seen };
        assert!(!still_unclaimed(&state, &foreign));
    }

    #[test]
    fn another_owner_another_epoch_a_reset_and_another_plan_are_a_take_over() {
        let ours = claimed("a", 3);
        assert!(!still_owned(&ours, &claimed("b", 3), "a", 3));
        assert!(!still_owned(&ours, &claimed("a", 4), "a", 3));
        let mut reset = claimed("a", 3);
        reset.owner = None;
        reset.data = phase::next(&reset.data, Event::Reset, clock::now()).unwrap();
        assert!(!still_owned(&ours, &reset, "a", 3));
        let mut foreign = claimed("a", 3);
        foreign.plan_fingerprint = "other".to_owned();
        assert!(!still_owned(&ours, &foreign, "a", 3));
    }
}
