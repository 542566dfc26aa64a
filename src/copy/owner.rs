//! Who owns a table (or the finish step): asking for it, keeping it, giving it back.

pub mod ask;
pub mod claim;
pub(in crate::copy) mod connections;
pub mod session;
