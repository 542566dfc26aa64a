//! Copying: which table next, who owns it, and the pump that moves its rows.
//!
//! - [`scheduler`]: the workers of a pod; [`pod`]: the parts that they share; [`queue`]: what waits, what is open, the
//!   tally
//! - [`owner`]: who owns a table (or the finish step), and every write of its object
//! - `table`: the life of a table under way, from claim to settling
//! - `chunk`: one chunk, one target transaction: COPY, epoch check, marker, commit
//! - [`limits`]: the memory that all of it may take, and how fast it may be
//! - [`rules`]: how rows are copied; [`patience`]: how long a step is tried
//! - [`events`]: what happens, told to whoever shows it

pub mod chunk;
pub mod events;
pub mod limits;
pub mod owner;
pub mod patience;
pub mod pod;
pub mod queue;
pub mod rules;
pub mod scheduler;
pub mod table;
