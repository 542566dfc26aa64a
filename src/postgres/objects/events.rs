//! What happens while objects are built, told to whoever shows it. The building knows nobody who listens.

use crate::error::Error;
use crate::model::checkpoint::LockWait;
use std::sync::Arc;
use std::time::Duration;

/// One thing that happened. `place` is that of an object in the list of statements.
#[derive(Debug)]
pub enum ObjectEvent<'a> {
    /// An attempt begins; so many objects are to be there at its end.
    Begun { objects: usize },
    /// So many more of them are there already.
    WereThere { objects: usize },
    /// The target is asked for an object, or for several at once: `object` names them together.
    Started { place: usize, object: &'a str, each: &'a [&'a str] },
    /// The target has answered.
    Ended { place: usize },
    /// `took` is unknown for one of several that were built at once.
    Built { object: &'a str, took: Option<Duration> },
    /// For good. What the target refuses for now is no event: it is tried again.
    Failed { object: &'a str, error: &'a Error },
    /// Told once for an object, after some seconds.
    Waits { wait: &'a LockWait },
    /// All that wait just now. Told about once a second.
    Looked { waits: &'a [LockWait] },
}

/// Who is told. It is called by the workers, so it must not wait.
pub type ObjectWatcher = Arc<dyn Fn(&ObjectEvent<'_>) + Send + Sync>;
