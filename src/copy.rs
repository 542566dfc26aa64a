//! Copying: which table next, who owns it, and the pump that moves its rows.
//!
//! - [`state`]: the moves of a phase, pure
//! - [`claim`]: becoming the one owner of a table (or of the finish step), staying it, giving it back
//! - [`worker`]: one table, one target transaction: truncate, COPY, epoch check, marker, commit
//! - [`budget`]: the memory that all of it may take
//! - [`scheduler`]: the work list of a pod, largest first, `--jobs` at once
//!
//! Exactly once: a table's rows, the check that this pod still owns it and the ledger's marker commit together, so a
//! killed pod leaves either all or nothing, and a pod that was overtaken commits nothing (`docs/ARCHITECTURE.md`).

pub mod budget;
pub mod claim;
pub mod context;
mod pump;
pub mod scheduler;
pub mod state;
pub mod worker;
