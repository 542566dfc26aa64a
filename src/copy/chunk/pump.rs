//! The pump: rows from the source's wire into the target's COPY. Reader and writer overlap through a channel of two
//! batches, so memory is bounded by a few batches whatever the table's size; see [`crate::copy::limits::budget`] for
//! how large they are. What is held back ([`crate::copy::limits::throttle`]) waits in front of the writer; the reader
//! stops when the channel is full.

use crate::convert::encode::CopyEncoder;
use crate::copy::chunk::copier::ChunkCopier;
use crate::copy::chunk::rejects::LeftOutRows;
use crate::copy::events::CopyEvent;
use crate::error::Result;
use crate::model::bound::Bound;
use crate::model::plan::PlannedTable;
use crate::postgres::writer::CopyWriter;
use crate::sqlserver::chunks::KeyCapture;
use crate::sqlserver::rows::{FillOutcome, RowStream};
use crate::telemetry::measures::InFlight;
use bytes::Bytes;
use tokio::sync::mpsc;

/// Batches between the reader and the writer.
const BATCHES_UNDER_WAY: usize = 2;

/// Tuples on their way.
struct Batch {
    tuples: Bytes,
    /// Rows that end in it.
    rows: u64,
}

/// What is pumped.
pub(in crate::copy) struct Piece<'a> {
    pub(in crate::copy) table: &'a PlannedTable,
    pub(in crate::copy) chunk: u32,
    /// Bytes after which the chunk ends behind the next complete row whose key can be told; None: never.
    pub(in crate::copy) cut_at: Option<u64>,
}

/// What was pumped.
pub(in crate::copy) struct Pumped {
    /// Rows that the target counted.
    pub(in crate::copy) written: u64,
    /// The key of the last row, if the chunk was cut behind it.
    pub(in crate::copy) cut: Option<Bound>,
}

/// Reads, encodes and writes at once.
pub(in crate::copy) async fn pump(
    copier: &ChunkCopier,
    piece: &Piece<'_>,
    rows: &mut RowStream<'_>,
    encoder: &mut KeyCapture<CopyEncoder>,
    mut writer: CopyWriter,
    left_out: &mut LeftOutRows<'_>,
) -> Result<Pumped> {
    let mut allowance = copier.budget.allowance();
    let flight = InFlight::default();
    let flight = &flight;
    let (batches, mut arrived) = mpsc::channel::<Batch>(BATCHES_UNDER_WAY);
    let (reading, looking) = (&mut *encoder, &mut *left_out);
    let read = async move {
        let (encoder, left_out) = (reading, looking);
        let mut before = 0;
        loop {
            let filled = rows.fill(encoder).await?;
            left_out.look(encoder)?;
            left_out.put_part().await?;
            let (batch, done) = (allowance.take(encoder.inner()), encoder.get().bytes());
            if !batch.is_empty() {
                copier.tell(&CopyEvent::ChunkUnderWay {
                    index: piece.table.index,
                    chunk: piece.chunk,
                    rows: encoder.get().rows(),
                    bytes: done,
                });
                flight.read(batch.len());
                let rows = encoder.get().rows();
                let batch =
                    Batch { tuples: batch, rows: rows.saturating_sub(std::mem::replace(&mut before, rows)) };
                if batches.send(batch).await.is_err() {
                    // The writer failed; its error is the one to report.
                    std::future::pending::<()>().await;
                }
            }
            if filled == FillOutcome::End {
                return Ok(None);
            }
            if piece.cut_at.is_some_and(|limit| done >= limit) {
                if !encoder.get().is_between_rows() {
                    // What was sent of a row cannot be taken back.
                    encoder.inner().pause_behind_row();
                } else if let Some(key) = encoder.last() {
                    return Ok(Some(key));
                }
            }
            allowance.refill(encoder.inner()).await?;
        }
    };
    let write = async move {
        while let Some(Batch { tuples, rows }) = arrived.recv().await {
            let bytes = tuples.len();
            copier.throttle.wait(rows, bytes).await;
            writer.send(tuples).await?;
            flight.written(bytes);
        }
        Ok(writer)
    };
    let (cut, writer) = tokio::try_join!(read, write)?;
    match writer.finish_or_line().await {
        Ok(written) => Ok(Pumped { written, cut }),
        Err(failed) => Err(left_out.refused_by_target(failed, encoder)),
    }
}
