//! How far the finish step is, for its document: the owner's next heartbeat writes it down, and `status` shows it.

use crate::clock;
use crate::copy::owner::claim::Claim;
use crate::error::Error;
use crate::model::checkpoint::{FinishDocument, FinishUnderWay};
use crate::postgres::objects::{ObjectEvent, ObjectWatcher};
use crate::progress::ObjectsProgress;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Default)]
struct State {
    /// Objects that the target has not answered for, by their place in the list.
    building: BTreeMap<usize, (Timestamp, String)>,
    shown: FinishUnderWay,
}

impl State {
    fn take(&mut self, event: &ObjectEvent<'_>) {
        match event {
            ObjectEvent::Begun { objects } => {
                *self = Self::default();
                self.shown.objects_total = *objects;
            }
            ObjectEvent::WereThere { objects } => self.shown.objects_done += objects,
            ObjectEvent::Started { place, object, .. } => {
                self.building.insert(*place, (clock::now(), (*object).to_owned()));
            }
            ObjectEvent::Ended { place } => drop(self.building.remove(place)),
            ObjectEvent::Built { .. } | ObjectEvent::Failed { .. } => self.shown.objects_done += 1,
            ObjectEvent::Waits { .. } => {}
            ObjectEvent::Looked { waits } => self.shown.waits_for = waits.first().cloned(),
        }
        let oldest = self.building.values().min();
        self.shown.object = oldest.map(|(_, object)| object.clone());
        self.shown.since = oldest.map(|(since, _)| *since);
        if self.building.is_empty() {
            self.shown.waits_for = None;
        }
    }
}

/// What happens, shown and kept.
pub(super) struct UnderWay {
    progress: ObjectsProgress,
    state: watch::Sender<State>,
}

impl UnderWay {
    pub(super) fn new(progress: ObjectsProgress) -> Arc<Self> {
        Arc::new(Self { progress, state: watch::Sender::default() })
    }

    /// Who is told by the building of objects.
    pub(super) fn watcher(self: &Arc<Self>) -> ObjectWatcher {
        let under_way = Arc::clone(self);
        Arc::new(move |event| {
            under_way.progress.show(event);
            under_way.state.send_modify(|state| state.take(event));
        })
    }

    /// Keeps the claim's document up to date, for its next heartbeat; never ends.
    pub(super) async fn keep(&self, claim: &Claim<FinishDocument>) -> Error {
        let mut state = self.state.subscribe();
        loop {
            let shown = state.borrow_and_update().shown.clone();
            claim.change(move |document| document.under_way = Some(shown)).await;
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checkpoint::LockWait;

    #[test]
    fn the_oldest_object_and_the_first_wait_are_shown() {
        let mut state = State::default();
        let wait = LockWait::example("b");
        let waits = [wait];
        state.take(&ObjectEvent::Begun { objects: 4 });
        state.take(&ObjectEvent::WereThere { objects: 1 });
        state.take(&ObjectEvent::Started { place: 9, object: "a", each: &["a"] });
        state.take(&ObjectEvent::Started { place: 3, object: "b", each: &["b"] });
        state.building.insert(9, (Timestamp::UNIX_EPOCH, "a".to_owned()));
        state.take(&ObjectEvent::Looked { waits: &waits });
        assert_eq!((state.shown.objects_done, state.shown.objects_total), (1, 4));
        assert_eq!(state.shown.object.as_deref(), Some("a"));
        assert_eq!(state.shown.waits_for.as_ref(), Some(&waits[0]));
        for place in [9, 3] {
            state.take(&ObjectEvent::Ended { place });
            state.take(&ObjectEvent::Built { object: "x", took: None });
        }
        let done = FinishUnderWay { objects_done: 3, objects_total: 4, ..FinishUnderWay::default() };
        assert_eq!(state.shown, done);
    }
}
