//! The way from the session's thread to the socket: payload bytes, cut into packets, through a bounded channel.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::packet::{Framer, REPLY};
use crate::results::Flow;

/// Payload that is collected before it goes to the socket.
const BATCH: usize = 128 << 10;
/// Batches that wait for the socket: what a slow client may make the server hold.
pub(crate) const QUEUE: usize = 4;

/// What the socket's task is told.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Framed bytes, and the bytes per second that they may take.
    Bytes(Bytes, Option<u64>),
    /// A whole reply that was kept.
    Kept(Arc<[Bytes]>),
    /// Close with RST.
    Reset,
    /// Close in order.
    Close,
}

/// The writer's side of one connection.
#[derive(Debug)]
pub(crate) struct Output {
    body: Vec<u8>,
    framer: Framer,
    queue: mpsc::Sender<Outgoing>,
    cancelled: Arc<AtomicBool>,
    gone: bool,
    /// Payload bytes since [`Output::start`], without those in `body`.
    passed: u64,
    pub(crate) throttle: Option<u64>,
    record: Option<Vec<Bytes>>,
}

impl Output {
    pub(crate) fn new(queue: mpsc::Sender<Outgoing>, cancelled: Arc<AtomicBool>, packet_size: usize) -> Self {
        Self {
            body: Vec::with_capacity(BATCH + (64 << 10)),
            framer: Framer::new(REPLY, packet_size),
            queue,
            cancelled,
            gone: false,
            passed: 0,
            throttle: None,
            record: None,
        }
    }

    /// Where tokens are written; call [`Output::pass`] from time to time.
    #[inline]
    pub(crate) fn body(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }

    /// Starts a reply; `record` keeps a copy of what is sent.
    pub(crate) fn start(&mut self, record: bool) {
        self.passed = 0;
        self.throttle = None;
        self.record = record.then(Vec::new);
    }

    /// The copy of the reply, once it has ended.
    pub(crate) fn recorded(&mut self) -> Option<Vec<Bytes>> {
        self.record.take()
    }

    /// Payload bytes of the reply so far.
    pub(crate) fn written(&self) -> u64 {
        self.passed + self.body.len() as u64
    }

    /// Sends what has been collected if it is enough.
    #[inline]
    pub(crate) fn pass(&mut self) -> Flow {
        if self.body.len() >= BATCH {
            let before = self.body.len();
            let mut out = Vec::with_capacity(before + before / 256 + 64);
            self.framer.full(&mut self.body, &mut out);
            self.passed += (before - self.body.len()) as u64;
            self.send(out);
        }
        self.flow()
    }

    /// Whether the client still wants the reply.
    pub(crate) fn flow(&self) -> Flow {
        if self.gone || self.cancelled.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }

    /// Sends all of the payload, ends no message.
    pub(crate) fn flush(&mut self) {
        self.passed += self.body.len() as u64;
        let mut out = Vec::new();
        self.framer.flush(&mut self.body, &mut out);
        self.send(out);
    }

    /// Sends all of the payload and ends the message.
    pub(crate) fn end(&mut self) {
        self.passed += self.body.len() as u64;
        let mut out = Vec::with_capacity(self.body.len() + 64);
        self.framer.end(&mut self.body, &mut out);
        self.send(out);
    }

    /// Sends a kept reply: all connections share its bytes.
    pub(crate) fn replay(&mut self, reply: Arc<[Bytes]>) {
        self.tell(Outgoing::Kept(reply));
    }

    /// Sends the payload as half of the packet that its header announces.
    pub(crate) fn truncate(&mut self) {
        self.body.resize(self.framer.room(), 0);
        let mut out = Vec::new();
        self.framer.flush(&mut self.body, &mut out);
        out.truncate(out.len() / 2);
        self.send(out);
    }

    /// Closes the connection; nothing is sent any more.
    pub(crate) fn close(&mut self, how: Outgoing) {
        self.tell(how);
        self.gone = true;
        self.body.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.gone
    }

    /// The socket's task has ended: the client is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.queue.is_closed()
    }

    fn send(&mut self, framed: Vec<u8>) {
        if framed.is_empty() || self.gone {
            return;
        }
        let framed = Bytes::from(framed);
        if let Some(record) = &mut self.record {
            record.push(framed.clone());
        }
        self.tell(Outgoing::Bytes(framed, self.throttle));
    }

    fn tell(&mut self, what: Outgoing) {
        self.gone = self.gone || self.queue.blocking_send(what).is_err();
    }
}

/// The socket's task: writes until the queue ends; `true` when the connection is to be reset.
///
/// # Errors
/// Whatever writing to the socket gives.
pub(crate) async fn write_all(
    mut queue: mpsc::Receiver<Outgoing>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<bool> {
    while let Some(outgoing) = queue.recv().await {
        match outgoing {
            Outgoing::Bytes(bytes, None) => to.write_all(&bytes).await?,
            Outgoing::Bytes(bytes, Some(rate)) => {
                // Twenty times a second, so that a slow stream is slow evenly.
                let step = usize::try_from(rate / 20).unwrap_or(usize::MAX).max(1);
                for part in bytes.chunks(step) {
                    to.write_all(part).await?;
                    to.flush().await?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Outgoing::Kept(reply) => {
                // All of it, be there an Attention or not: a piece may end inside a packet.
                for bytes in reply.iter() {
                    to.write_all(bytes).await?;
                }
            }
            Outgoing::Reset => return Ok(true),
            Outgoing::Close => return Ok(false),
        }
        to.flush().await?;
    }
    Ok(false)
}
