//! Tables are settled in tasks of their own, so that no worker waits for the store; only so many at once.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

/// Tables that are settled at once; a worker that ends another one waits.
const AT_ONCE: usize = 16;

/// The tables that are being settled.
pub(in crate::copy) struct Settling {
    tasks: Mutex<JoinSet<()>>,
    places: Arc<Semaphore>,
}

impl Default for Settling {
    fn default() -> Self {
        Self { tasks: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Settling {
    /// Waits until there is a place for one more; None never, for places are not closed.
    pub(in crate::copy) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Settles one in a task; answers those that ended badly before.
    pub(in crate::copy) fn begin(&self, settle: impl Future<Output = ()> + Send + 'static) -> Vec<JoinError> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bad = Vec::new();
        while let Some(ended) = tasks.try_join_next() {
            bad.extend(ended.err());
        }
        tasks.spawn(settle.in_current_span());
        bad
    }

    /// Waits for all of them; answers those that ended badly.
    pub(in crate::copy) async fn all(&self) -> Vec<JoinError> {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let mut bad = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            bad.extend(ended.err());
        }
        bad
    }
}
