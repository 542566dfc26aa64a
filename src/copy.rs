//! Copying: which table next, who owns it, and the pump that moves its rows.
//!
//! - [`state`]: the moves of a phase, pure
//! - [`claim`]: becoming the one owner of a table (or of the finish step), staying it, giving it back
//! - [`owner`]: asking for the claim of a table (or of the finish step) until it is had or another pod's
//! - [`around`]: what stands on the tables, or will; read beside the copying
//! - `begin`: truncating a table and pinning its chunks, or going on with those that are left
//! - `transaction`: what the transactions that fill a table begin with
//! - [`proof`]: that the ledger has all of a table, and that it lasts
//! - `logged`: what was filled UNLOGGED is made LOGGED
//! - `table`: the books of a table under way
//! - `statement`: what the source is asked for a chunk
//! - `worker`, `pump`: one chunk, one target transaction: COPY, epoch check, marker, commit
//! - [`budget`]: the memory that all of it may take
//! - [`throttle`], [`replicas`]: how fast all of it may be
//! - `rejects`: rows that are left out, and their files
//! - `opening`: the next table of the list, claimed and begun
//! - `ending`, `settle`: the indexes of a table whose rows are there; what became of it, written down beside the copying
//! - [`scheduler`]: the work list of a pod, largest table first, `--jobs` chunks at once
//!
//! Exactly once: a chunk's rows, the check that this pod still owns the table and the ledger's marker commit together, so
//! a killed pod leaves whole chunks or nothing, and a pod that was overtaken commits nothing (`docs/exactly-once.md`).

pub mod around;
mod begin;
pub mod budget;
pub mod claim;
pub mod context;
mod ending;
mod logged;
mod opening;
pub mod owner;
pub mod proof;
mod pump;
pub mod rejects;
pub mod replicas;
pub mod scheduler;
mod settle;
pub mod state;
mod statement;
mod table;
pub mod throttle;
mod transaction;
mod worker;
