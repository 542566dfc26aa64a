//! The pump: rows from the source's wire into the target's COPY. Reader and writer overlap through a channel of two
//! batches, so memory is bounded by a few batches whatever the table's size; see [`super::budget`] for how large they are.

use super::context::Context;
use crate::convert::encode::CopyEncoder;
use crate::error::Result;
use crate::plan::document::PlannedTable;
use crate::source::rows::{Filled, RowStream};
use crate::target::writer::CopyWriter;
use bytes::Bytes;
use tokio::sync::mpsc;

/// Encoded bytes that make a batch, where the budget has room for it.
pub(super) const BATCH_BYTES: usize = 256 * 1024;
/// Batches between the reader and the writer.
const BATCHES_UNDER_WAY: usize = 2;

/// Reads, encodes and writes at once; the rows that the target counted.
pub(super) async fn pump(
    cx: &Context,
    table: &PlannedTable,
    rows: &mut RowStream<'_>,
    encoder: &mut CopyEncoder,
    mut writer: CopyWriter,
) -> Result<u64> {
    let mut allowance = cx.budget.allowance(encoder);
    let (batches, mut arrived) = mpsc::channel::<Bytes>(BATCHES_UNDER_WAY);
    let read = async move {
        loop {
            let filled = rows.fill(encoder).await?;
            let batch = allowance.take(encoder);
            if !batch.is_empty() {
                cx.progress.rows(table.index, encoder.rows(), encoder.bytes());
                if batches.send(batch).await.is_err() {
                    // The writer failed; its error is the one to report.
                    std::future::pending::<()>().await;
                }
            }
            if filled == Filled::End {
                return Ok(());
            }
            allowance.refill(encoder).await?;
        }
    };
    let write = async move {
        while let Some(batch) = arrived.recv().await {
            writer.send(batch).await?;
        }
        Ok(writer)
    };
    let ((), writer) = tokio::try_join!(read, write)?;
    writer.finish().await
}
