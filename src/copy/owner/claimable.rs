//! The documents that can have an owner, and what in them is the owner's to write.

use crate::model::checkpoint::{Document, FinishDocument, Owner, TableDocument, UnderWay};
use crate::model::phase::Phase;
use crate::settings::Consistency;

/// A document that can have an owner.
pub trait Claimable: Document + 'static {
    fn owner(&self) -> Option<&Owner>;
    fn set_owner(&mut self, owner: Option<Owner>);
    /// The highest epoch that this document ever had.
    fn epoch(&self) -> u64;
    fn set_epoch(&mut self, epoch: u64);
    fn plan_fingerprint(&self) -> &str;
    /// The phase that the claim is for.
    fn phase(&self) -> &Phase;
    fn set_phase(&mut self, phase: Phase);
    /// Takes from `stored` what others than the owner may write.
    fn take_what_others_write(&mut self, stored: Self);
    /// Notes what the new owner's reads will see, if the document has a place for it.
    fn set_consistency(&mut self, _consistency: &Consistency) {}
    /// Notes what is written and not committed, if the document has a place for it.
    fn set_under_way(&mut self, _under_way: Option<UnderWay>) {}
}

macro_rules! claimable {
    ($document:ty, $phase:ident, { $($more:item)* }) => {
        impl Claimable for $document {
            fn owner(&self) -> Option<&Owner> {
                self.owner.as_ref()
            }
            fn set_owner(&mut self, owner: Option<Owner>) {
                self.owner = owner;
            }
            fn epoch(&self) -> u64 {
                self.epoch
            }
            fn set_epoch(&mut self, epoch: u64) {
                self.epoch = epoch;
            }
            fn plan_fingerprint(&self) -> &str {
                &self.plan_fingerprint
            }
            fn phase(&self) -> &Phase {
                &self.$phase
            }
            fn set_phase(&mut self, phase: Phase) {
                self.$phase = phase;
            }
            $($more)*
        }
    };
}
claimable!(TableDocument, data, {
    fn take_what_others_write(&mut self, stored: Self) {
        // The schema step of any pod.
        self.schema = stored.schema;
        self.verify = stored.verify;
    }
    fn set_consistency(&mut self, consistency: &Consistency) {
        self.consistency = Some(consistency.to_string());
    }
    fn set_under_way(&mut self, under_way: Option<UnderWay>) {
        self.under_way = under_way;
    }
});
claimable!(FinishDocument, status, {
    fn take_what_others_write(&mut self, _stored: Self) {}
});
