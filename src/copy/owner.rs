//! Who owns a table (or the finish step): asking for it ([`ask`], [`claim`]), keeping it (`heartbeat`, [`session`]),
//! giving it back; what heartbeats say of rows under way (`under_way`); does another owner live ([`alive`]); what a
//! lost write means (`lost`); which run a target table belongs to ([`holder`]); and what pods write of tables that they
//! do not own ([`record`]).

pub mod alive;
pub mod ask;
pub mod claim;
pub mod claimable;
pub mod claims;
pub mod connections;
mod heartbeat;
pub mod holder;
mod lost;
pub mod record;
mod session;
pub(in crate::copy) mod under_way;
