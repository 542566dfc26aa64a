//! The words that all other rooms speak, the ground floor of the house. Pure: nothing here talks to a server, a store or
//! a terminal, and nothing here imports another room than `error`.
//!
//! - [`names`]: quoting, `--name-case`, 63 bytes, reserved words
//! - [`types`], [`base_type`], [`table`], [`objects`], [`listed`]: what the source has
//! - [`code_page`]: which texts a collation's code page holds
//! - [`bound`]: keys of rows, and where a chunk begins and ends
//! - [`plan`]: `plan.json`; [`selection`]: which of its tables a pod works on; [`predicate`]: a user's filter
//! - [`checkpoint`]: the other documents of a run; [`phase`]: the states of their phases and the moves between them
//! - [`policy`], [`loss`]: what becomes of a value that PostgreSQL cannot hold, and what is counted
//! - [`identity`]: who a source database is
//! - [`location`]: the checkpoint URL and the run id
//! - [`likeness`]: "did you mean"; [`shown`]: texts without control characters
//! - [`outcome`], [`counts`]: what a process has done

pub mod base_type;
pub mod bound;
pub mod checkpoint;
pub mod code_page;
pub mod collation;
pub mod counts;
pub mod identity;
pub mod likeness;
pub mod listed;
pub mod location;
pub mod loss;
pub mod names;
pub mod objects;
mod open_enum;
pub mod outcome;
pub mod phase;
pub mod plan;
pub mod policy;
pub mod predicate;
pub mod selection;
pub mod shown;
pub mod table;
pub mod types;
