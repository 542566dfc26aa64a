//! The bulk decoder: the bytes of one answer of SQL Server, turned into calls of a [`RowEncoder`]. Sans-IO.
//!
//! Protocol: the caller sends a SQLBatch on a logged-in connection and then repeats [`Decoder::space`] (read into it),
//! [`Decoder::filled`] and [`Decoder::advance`] until [`Event::End`]. `advance` is called again and again until it says
//! [`Event::NeedMore`]; only then is there reason to read. The first result set with columns is the one that is
//! decoded; statements before it that return none (`SET …`) are passed over; a second one is refused.
//!
//! Guaranteed: whatever the bytes are, the decoder ends, does not panic, and allocates in proportion to what was
//! received, never to a length field. After an error it refuses to go on; the connection is then of no further use.
//! A row's calls are `begin_row`, one of `null`, `value` or `long_begin`…`long_end` for each column in order, `end_row`;
//! they may be spread over several `advance`. The number of rows is checked against the server's own count.
//!
//! MS-TDS 7.4: packets 2.2.3, tokens 2.2.7, values 2.2.5.

mod collation;
mod columns;
mod cursor;
mod no_rows;
mod packets;
mod rows;
#[cfg(test)]
mod tests;
mod tokens;

pub use crate::model::code_page::CodePage;
pub use collation::code_page;
pub(in crate::sqlserver) use columns::described;
pub use columns::{Collation, WireColumn, WireType};
pub(in crate::sqlserver) use cursor::Cursor;
pub use no_rows::NoRows;
pub(in crate::sqlserver) use tokens::error_token;

use crate::error::{Error, ErrorKind, Result};
use columns::Frame;
use cursor::Stop;
use packets::Packets;
use rows::RowState;
use tokens::{NBCROW, ROW, Token};

/// The longest token that is not a row: 4096 columns with table names stay below it.
const LONGEST_TOKEN: usize = 8 * 1024 * 1024;
/// From this length on, a cut token is tried again only when half as much again has arrived.
const RETRY_EAGERLY: usize = 64 * 1024;

/// What the decoder calls for every row. Statically dispatched; an error ends the stream.
pub trait RowEncoder {
    fn begin_row(&mut self);
    /// # Errors
    /// If the column cannot be NULL, or no row is expected (`Bug`).
    fn null(&mut self, column: usize) -> Result<()>;
    /// A value in one piece: its TDS bytes without what frames them.
    ///
    /// # Errors
    /// Value: what the target cannot hold. SourceUnavailable: bytes that are no value of the column's type.
    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()>;
    /// A long value that comes in pieces, of whatever size, even of zero. `length`: of all pieces together, if the
    /// server says it beforehand; it holds then.
    ///
    /// # Errors
    /// `Value`: what the target cannot hold. `SourceUnavailable`: bytes that are no value of the column's type.
    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()>;
    /// # Errors
    /// `Value`: what the target cannot hold. `SourceUnavailable`: bytes that are no value of the column's type.
    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()>;
    /// # Errors
    /// `Value`: what the target cannot hold. `SourceUnavailable`: bytes that are no value of the column's type.
    fn long_end(&mut self, column: usize) -> Result<()>;
    fn end_row(&mut self);
    /// Enough is collected: the decoder pauses. Asked behind every row, and wherever a row is cut.
    fn is_full(&self) -> bool;
}

/// What [`Decoder::advance`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Everything received is decoded; read more.
    NeedMore,
    /// The columns are known ([`Decoder::columns`]); rows follow. Reported once.
    Columns,
    /// The encoder is full, perhaps in the middle of a row; take what it holds and advance again.
    Full,
    /// The answer is complete and everything sent was read: the connection is ready for the next batch.
    End,
}

/// Decodes one answer of the server.
#[derive(Debug)]
pub struct Decoder {
    packets: Packets,
    columns: Vec<WireColumn>,
    frames: Vec<Frame>,
    row: RowState,
    state: State,
    /// Bytes of an ignored token still to come.
    skip: u64,
    /// Payload length below which a cut token is not tried again.
    retry_at: usize,
    rows: u64,
    /// The first result set is open: rows may come.
    in_result: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Tokens,
    Row,
    /// The last DONE was read.
    Ended,
    Broken,
}

/// The stream is not what MS-TDS allows.
pub(crate) fn broken(what: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::SourceUnavailable, format!("the stream broke the TDS protocol: {}", what.as_ref()))
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    #[must_use]
    pub fn new() -> Self {
        Self {
            packets: Packets::new(),
            columns: Vec::new(),
            frames: Vec::new(),
            row: RowState::default(),
            state: State::Tokens,
            skip: 0,
            retry_at: 0,
            rows: 0,
            in_result: false,
        }
    }

    /// Makes ready for the answer to the next batch; keeps the buffer.
    pub fn reset(&mut self) {
        self.packets.reset();
        self.columns.clear();
        self.frames.clear();
        self.state = State::Tokens;
        (self.skip, self.retry_at, self.rows, self.in_result) = (0, 0, 0, false);
    }

    /// Where the next bytes from the network go: about 256 KB, never empty. To be asked for only after
    /// [`Event::NeedMore`] (or at the start).
    pub fn space(&mut self) -> &mut [u8] {
        self.packets.space()
    }

    /// `count` bytes were written to the start of [`Self::space`].
    pub fn filled(&mut self, count: usize) {
        self.packets.filled(count);
    }

    /// The columns of the result; empty before [`Event::Columns`].
    #[must_use]
    pub fn columns(&self) -> &[WireColumn] {
        &self.columns
    }

    /// Rows decoded so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Decodes what was received.
    ///
    /// # Errors
    /// What the server reported, by its number; SourceUnavailable for a stream that breaks the protocol; SourceRefused
    /// for a second result set; whatever the encoder returns. The decoder then refuses to go on.
    pub fn advance<E: RowEncoder>(&mut self, rows: &mut E) -> Result<Event> {
        let result = self.try_advance(rows);
        if result.is_err() {
            self.state = State::Broken;
        }
        result
    }

    fn try_advance<E: RowEncoder>(&mut self, rows: &mut E) -> Result<Event> {
        loop {
            match self.state {
                State::Broken => return Err(broken("it was read after an error")),
                State::Ended => return self.after_the_end(),
                State::Tokens | State::Row => {}
            }
            if let Some(event) = self.decode(rows)? {
                return Ok(event);
            }
            if self.state == State::Ended {
                continue;
            }
            if !self.packets.next()? {
                if self.packets.message_complete() {
                    return Err(broken("the answer ended before its last DONE"));
                }
                return Ok(Event::NeedMore);
            }
        }
    }

    /// Nothing but the end of the message may follow the last DONE.
    fn after_the_end(&mut self) -> Result<Event> {
        loop {
            if !self.packets.payload().is_empty() {
                return Err(broken("tokens after the last DONE"));
            }
            if self.packets.message_complete() {
                return if self.packets.at_end() {
                    Ok(Event::End)
                } else {
                    Err(broken("bytes after the answer"))
                };
            }
            if !self.packets.next()? {
                return Ok(Event::NeedMore);
            }
        }
    }

    /// Decodes the payload at hand; None: it is used up, or ends inside a token.
    fn decode<E: RowEncoder>(&mut self, rows: &mut E) -> Result<Option<Event>> {
        loop {
            if self.state == State::Row {
                let (used, complete) = self.row.decode(&self.frames, self.packets.payload(), rows)?;
                self.packets.consume(used);
                if !complete {
                    // Only after progress: an encoder that stays full does not keep the decoder from reading on.
                    return Ok((used > 0 && rows.is_full()).then_some(Event::Full));
                }
                self.state = State::Tokens;
                self.rows += 1;
                rows.end_row();
                if rows.is_full() {
                    return Ok(Some(Event::Full));
                }
            }
            if self.skip > 0 && !self.skipped() {
                return Ok(None);
            }
            match self.packets.payload().first() {
                None => return Ok(None),
                Some(&(ROW | NBCROW)) => {
                    if !self.begin_row()? {
                        return Ok(None);
                    }
                    rows.begin_row();
                }
                Some(_) => match self.other_token()? {
                    Step::On => {}
                    Step::Event(event) => return Ok(Some(event)),
                    Step::Cut => return Ok(None),
                },
            }
        }
    }

    /// Passes over an ignored token; true: all of it.
    fn skipped(&mut self) -> bool {
        let length = self.packets.payload().len();
        let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(length);
        self.packets.consume(count);
        self.skip -= count as u64;
        self.skip == 0
    }

    /// Reads a row's token byte and bitmap; false: cut.
    #[inline]
    fn begin_row(&mut self) -> Result<bool> {
        if !self.in_result {
            return Err(broken("a row outside of a result"));
        }
        let payload = self.packets.payload();
        let bitmap = if payload.first() == Some(&NBCROW) { self.frames.len().div_ceil(8) } else { 0 };
        let Some(nulls) = payload.get(1..=bitmap) else { return Ok(false) };
        self.row.begin(nulls);
        self.packets.consume(1 + bitmap);
        self.state = State::Row;
        Ok(true)
    }

    fn other_token(&mut self) -> Result<Step> {
        let payload = self.packets.payload();
        let length = payload.len();
        if length < self.retry_at && !self.packets.message_complete() {
            return Ok(Step::Cut);
        }
        let (used, token) = match tokens::token(payload) {
            Ok(read) => read,
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Cut) if length > LONGEST_TOKEN => return Err(broken("a token of more than 8 MiB")),
            Err(Stop::Cut) => {
                self.retry_at = if length < RETRY_EAGERLY { 0 } else { length + length / 2 };
                return Ok(Step::Cut);
            }
        };
        self.retry_at = 0;
        self.packets.consume(used);
        match token {
            Token::Skip(count) => {
                self.skip = count;
                Ok(Step::On)
            }
            Token::Columns(columns) => self.begin_result(columns),
            Token::Done(done) => self.done(done),
        }
    }

    fn begin_result(&mut self, columns: Vec<(WireColumn, Frame)>) -> Result<Step> {
        if columns.is_empty() {
            return Ok(Step::On);
        }
        if !self.columns.is_empty() {
            return Err(Error::new(ErrorKind::SourceRefused, "the batch returned a second result set"));
        }
        (self.columns, self.frames) = columns.into_iter().unzip();
        self.in_result = true;
        Ok(Step::Event(Event::Columns))
    }

    fn done(&mut self, done: tokens::DoneToken) -> Result<Step> {
        if done.attention() {
            return Err(broken("an attention was acknowledged that was not sent"));
        }
        if done.failed() {
            return Err(Error::new(
                ErrorKind::SourceRefused,
                "the server ended the statement with an error that it did not explain",
            ));
        }
        if std::mem::take(&mut self.in_result) && done.selected().is_some_and(|count| count != self.rows) {
            return Err(broken("the rows received are not as many as the server counted"));
        }
        if done.last() {
            self.state = State::Ended;
            return Ok(Step::Cut);
        }
        Ok(Step::On)
    }
}

/// What a token led to.
enum Step {
    On,
    Event(Event),
    Cut,
}
