//! The life of a table under way, in this order: [`open`] claims it, [`begin`] pins its chunks or goes on with those
//! that are left, [`books`] counts them, [`end`] builds its indexes, [`proof`] asks the ledger for all of it,
//! [`settle`] writes down what became of it. If the target has lost its rows, [`again`] puts it back into the queue.

pub(in crate::copy) mod again;
pub(in crate::copy) mod begin;
pub(in crate::copy) mod books;
pub(in crate::copy) mod end;
pub(in crate::copy) mod logged;
pub mod objects;
pub(in crate::copy) mod open;
pub mod proof;
pub(in crate::copy) mod settle;
pub(in crate::copy) mod settling;
