//! The rows of a bulk query: network on one side, [`Decoder`](super::wire::Decoder) and encoder on the other.

use super::client::Client;
use super::wire::{Event, NoRows, RowEncoder, WireColumn};
use crate::error::{Error, ErrorKind, Result};

/// Why [`RowStream::fill`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillOutcome {
    /// The encoder is full; take its bytes and call again.
    More,
    /// The result is complete, and the client free for its next call.
    End,
}

/// A bulk query under way. Dropped before [`FillOutcome::End`], or after an error, it closes the client's connection.
#[derive(Debug)]
pub struct RowStream<'c> {
    client: &'c mut Client,
    bytes: u64,
    ended: bool,
}

impl<'c> RowStream<'c> {
    /// Reads up to the columns.
    pub(super) async fn open(client: &'c mut Client) -> Result<Self> {
        let mut stream = Self { client, bytes: 0, ended: false };
        loop {
            match stream.client.decoder.advance(&mut NoRows::new())? {
                Event::Columns => return Ok(stream),
                Event::NeedMore => stream.receive().await?,
                Event::Full | Event::End => {
                    return Err(Error::new(
                        ErrorKind::SourceRefused,
                        "the source answers a bulk query without columns",
                    ));
                }
            }
        }
    }

    /// What the result consists of.
    #[must_use]
    pub fn columns(&self) -> &[WireColumn] {
        self.client.decoder.columns()
    }

    /// Decodes rows into the encoder until it is full or the result ends, reading from the network as needed.
    ///
    /// # Errors
    /// The server's error, the encoder's, or `SourceUnavailable`; the stream is of no use after it.
    pub async fn fill<E: RowEncoder>(&mut self, rows: &mut E) -> Result<FillOutcome> {
        if self.ended {
            return Ok(FillOutcome::End);
        }
        loop {
            match self.client.decoder.advance(rows)? {
                Event::NeedMore => self.receive().await?,
                Event::Columns => {}
                Event::Full => return Ok(FillOutcome::More),
                Event::End => {
                    self.ended = true;
                    self.client.end();
                    return Ok(FillOutcome::End);
                }
            }
        }
    }

    /// Bytes received so far, with the framing.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.bytes
    }

    async fn receive(&mut self) -> Result<()> {
        let count = self.client.receive_rows().await?;
        self.bytes += u64::try_from(count).unwrap_or(u64::MAX);
        Ok(())
    }
}

impl Drop for RowStream<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.client.close();
        }
    }
}
