//! What may be called completed: that the ledger has every chunk of a table, and that its WAL is flushed.
//!
//! The transactions that copy chunks commit without waiting for the disk. A crash of the server may therefore take back
//! chunks that this pod has seen committed, markers and all. So nobody says `completed` by what a pod remembers: the
//! ledger is asked, by a transaction whose own commit is as durable as the server makes commits, and which therefore stands
//! behind all that it has seen. Tables that end at about the same time are asked for together.

use crate::copy::context::Context;
use crate::error::Result;
use crate::postgres::ledger;
use crate::postgres::ledger::Proof;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot::{self, Sender, error::TryRecvError};

/// Those who wait for a proof.
#[derive(Default)]
pub struct Proofs {
    waiting: Mutex<Vec<(u32, Sender<Proof>)>>,
    /// One asks for all.
    turn: tokio::sync::Mutex<()>,
}

impl Proofs {
    /// What the ledger has of a table, durable by the time it is said.
    ///
    /// # Errors
    /// Those of the target.
    pub(in crate::copy) async fn of(&self, cx: &Context, index: u32) -> Result<Proof> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.lock().push((index, answer));
            let _turn = self.turn.lock().await;
            match answered.try_recv() {
                // Whoever had the turn before asked for this one too, after it had been put here.
                Ok(proof) => return Ok(proof),
                // That one has failed.
                Err(TryRecvError::Closed) => continue,
                Err(TryRecvError::Empty) => {}
            }
            let asked = std::mem::take(&mut *self.lock());
            let mut indexes: Vec<u32> = asked.iter().map(|(index, _)| *index).collect();
            indexes.sort_unstable();
            indexes.dedup();
            let mut session = cx.session.lock().await;
            let proofs = ledger::prove(session.client().await?, &cx.run, &indexes).await?;
            drop(session);
            for (index, answer) in asked {
                // Whoever does not wait any more need not know.
                drop(answer.send(proofs.get(&index).cloned().unwrap_or_default()));
            }
            if let Ok(proof) = answered.try_recv() {
                return Ok(proof);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u32, Sender<Proof>)>> {
        // A plain list: it stays right after a panic of another task.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
