//! Checkpoints: who works on which table of a run, and how far it has come, as JSON objects in a store.
//!
//! # Objects
//!
//! Below `<root>/<run-id>/`, where the root is the URL of `--checkpoint` (docs/reference/checkpoint.md shows each):
//!
//! | object | written | holds |
//! |---|---|---|
//! | `plan.json` | once, create-if-absent; changed by `replan` alone | the run's tables in order |
//! | `tables/<index>-<schema>.<table>.json` | by the table's owner | owner, epoch, state of schema, data, verify |
//! | `finish.json` | by the owner of the finish step | the same for that step |
//! | `pods/<pod>-<attempt>.json` | once, at a pod's end | what that pod did |
//! | `.probe-<random>` | at a start, removed at once | nothing |
//!
//! An absent table object means that nothing was begun. There is one object a table and none a shard, so a run can be
//! stopped with ten pods and go on with seven.
//!
//! # Protocol
//!
//! 1. Every write is conditional: `If-None-Match: *` if no object was seen, else `If-Match` with the tag that was
//!    read ([`store::Store`]). So no write ever undoes one it has not seen; of concurrent writers exactly one
//!    wins, the others get [`Written::Lost`] and read again. A store that ignores conditions is found by
//!    [`Checkpoints::probe`] and refused.
//! 2. A pod claims a table by writing its name and the next epoch; the epoch never falls. Then it raises the epoch in
//!    the target's ledger, and only then copies. It writes the object again every few seconds (a heartbeat is a
//!    write like any other: one round trip).
//! 3. Another pod's claim may be taken over when its object is older than the claim timeout *by the store's own
//!    clock*: [`Entry::age`] is the difference of Date and Last-Modified of one answer. No two pods' clocks are
//!    compared; the times inside documents are for people.
//! 4. A pod that was taken over gets [`Written::Lost`] at its next write, and its next commit in the target finds a
//!    higher epoch: it stops.
//! 5. A write whose answer was lost (timeout, 5xx, cut connection) may have taken effect, and may yet do so. Each
//!    write carries a fresh random `operation`. After any answer but success the object is read back:
//!    our operation means that it was stored; an earlier one of ours is written over; the tag we expected
//!    means that nobody has written; anything else means lost (`put.rs`).
//!
//! # The whole of it
//!
//! Where the target takes part (`docs/background/exactly-once.md` has each step, its proof, and what was observed
//! only):
//!
//! 1. *Claim* (`copy::claim`): advisory lock, compare-and-swap of the table's object, end of older sessions, epoch
//!    raised in the ledger.
//! 2. *Begin* (`copy::begin`): truncate the table and pin its chunks in the ledger, in one transaction; or go on with
//!    the chunks that have no marker.
//! 3. *Chunk* (`copy::worker`), several at once: COPY, epoch check under a shared row lock, marker, commit.
//! 4. *Settle* (`copy::settle`): state and counts into the table's object, the owner out of it, the lock freed. In a
//!    task of its own, while the next table is copied; always behind the table's last commit, and before the pod ends.
//! 5. *Start again* (`command::sync`): the ledger says which chunks and tables are done; the objects are mended from
//!    it.
//!
//! # Guaranteed, and why
//!
//! - One owner an epoch: the claim is a compare-and-swap, and the epoch is in what is swapped.
//! - No lost update: see 1. A write that lands late, after its writer gave up, is conditional too, and so can only
//!   land if nobody else has written.
//! - Never mistaken: an object of a newer version, of another plan, of another table or with damage is an error that
//!   names it (`CheckpointNewer`, `PlanForeign`, `CheckpointDamaged`, `TableDamaged`); it is not overwritten and not
//!   taken for absent. An answer that does not prove absence (a 404 without `NoSuchKey`) is not taken for absence.
//! - Not guaranteed here: that data was copied. S3 holds ownership and status; the ledger in the target is the truth
//!   about data, and a start reconciles the one from the other.

mod damage;
pub mod file;
mod keys;
mod probe;
mod put;
pub mod repository;
pub mod s3;
pub mod store;

pub use keys::table_folder;

pub use damage::apart;
pub use repository::{Checkpoints, Entry, Written, open_store};

#[cfg(test)]
pub(crate) mod tests;
