//! Copying: which table next, who owns it, and the pump that moves its rows.
//!
//! - [`scheduler`]: the workers of a pod; [`queue`]: what waits, what is open, the tally
//! - [`owner`]: who owns a table (or the finish step)
//! - `table`: the life of a table under way, from claim to settling
//! - `chunk`: one chunk, one target transaction: COPY, epoch check, marker, commit
//! - [`limits`]: the memory that all of it may take, and how fast it may be
//! - [`events`]: what happens, told to whoever shows it
//! - [`context`]: what all of it needs

pub mod chunk;
pub mod context;
pub mod events;
pub mod limits;
pub mod owner;
pub mod queue;
pub mod scheduler;
pub mod table;
