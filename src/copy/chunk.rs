//! One chunk, one target transaction: what the source is asked for ([`statement`]), what the transaction begins with
//! ([`transaction`]), the pump that moves the rows ([`pump`]), the rows that are left out ([`rejects`],
//! [`reject_files`]), and the attempts that hold it together ([`copy`]).

pub mod copier;
pub(in crate::copy) mod copy;
pub(in crate::copy) mod pump;
pub mod reject_files;
pub(in crate::copy) mod rejects;
pub(in crate::copy) mod statement;
pub(in crate::copy) mod transaction;
