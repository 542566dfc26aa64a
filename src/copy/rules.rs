//! How the rows of a run are copied: what a user chose, and what was found out once at the start.

use crate::copy::chunk::reject_files::RejectFiles;
use crate::settings::{Consistency, OnExisting, Truncate};

/// The same for all tables of the process.
pub struct CopyRules {
    pub run: String,
    pub truncate: Truncate,
    pub on_existing: OnExisting,
    /// Bytes of source data that make a chunk.
    pub chunk_size: u64,
    /// Decided once: SNAPSHOT is used only if the database allows it.
    pub consistency: Consistency,
    /// The files of refused rows; None: a refused row fails its table.
    pub rejects: Option<RejectFiles>,
}
