//! Requests and answers that tiberius does not see: SQLBatch messages of ours, and answers without rows.
//!
//! An answer is walked token by token (MS-TDS 2.2.7) for what must be known of it: errors, the packet size that was
//! agreed at login, and the descriptor of the transaction. Rows have no place here.

use super::tls::packets;
use super::wire::{Cursor, WireColumn, described, error_token};
use crate::error::{Error, ErrorKind, Result};

const BATCH: u8 = 0x01;

/// What an answer without rows said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The first error; what follows it is of no use.
    pub(super) error: Option<Error>,
    pub(super) packet_size: Option<usize>,
    /// The descriptor after the answer, if it changed; zeros: no transaction.
    pub(super) transaction: Option<[u8; 8]>,
}

/// A SQLBatch message in packets (MS-TDS 2.2.6.7). The transport puts the transaction's descriptor in.
pub(super) fn batch(sql: &str, packet_size: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(22 + sql.len() * 2);
    message.extend_from_slice(&22u32.to_le_bytes());
    message.extend_from_slice(&18u32.to_le_bytes());
    message.extend_from_slice(&2u16.to_le_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&1u32.to_le_bytes());
    for unit in sql.encode_utf16() {
        message.extend_from_slice(&unit.to_le_bytes());
    }
    packets(BATCH, &message, packet_size)
}

/// The message in a run of whole packets: its payload, and whether it is complete. None while the bytes end inside
/// a packet or before the last one.
pub(super) fn message(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let header = rest.get(..8)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]])).max(8);
        payload.extend_from_slice(rest.get(8..length)?);
        if header[1] & 1 != 0 {
            return Some(payload);
        }
        rest = &rest[length..];
    }
}

/// Reads an answer's payload.
///
/// # Errors
/// SourceRefused: it holds rows, or is no token stream.
pub(super) fn read_answer(payload: &[u8]) -> Result<Answer> {
    let mut answer = Answer::default();
    let mut cursor = Cursor::new(payload);
    while let Ok(token) = cursor.u8() {
        answer.read_token(token, &mut cursor).ok_or_else(|| {
            let what = match token {
                0x81 | 0xD1 | 0xD2 => "the source answers with rows where none were asked for",
                _ => "the source's answer cannot be read",
            };
            Error::new(ErrorKind::SourceRefused, what)
        })?;
    }
    Ok(answer)
}

/// What an answer said of results that it has no rows of.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The columns of each result, in the order of the statements.
    pub(super) results: Vec<Vec<WireColumn>>,
    /// The first error; some statements have no result then.
    pub(super) error: Option<Error>,
}

/// Reads the payload of an answer to statements that select no rows.
///
/// # Errors
/// `SourceRefused`: it is no token stream. A row, or a column of a data type that is not known, is [`Described::error`].
pub(super) fn read_description(payload: &[u8]) -> Result<Described> {
    const COLUMNS: u8 = 0x81;
    let (mut answer, mut results) = (Answer::default(), Vec::new());
    let mut cursor = Cursor::new(payload);
    while let Ok(token) = cursor.u8() {
        let columns = (token == COLUMNS).then(|| described(&mut cursor));
        match columns {
            Some(Some(columns)) => results.push(columns),
            None if answer.read_token(token, &mut cursor).is_some() => {}
            // What follows cannot be told apart; the message was read to its end, so the connection is of use still.
            Some(None) | None => {
                let unknown = || {
                    let what = format!("its answer has a column or a token ({token:#04x}) that is not known");
                    Error::new(ErrorKind::SourceRefused, what)
                };
                answer.error.get_or_insert_with(unknown);
                break;
            }
        }
    }
    Ok(Described { results, error: answer.error })
}

impl Answer {
    /// None: it is cut, or no token of an answer without rows.
    fn read_token(&mut self, token: u8, cursor: &mut Cursor<'_>) -> Option<()> {
        match token {
            0xE3 => self.read_change(sized(cursor)?)?,
            0xAA => {
                let error = error_token(cursor).ok()?;
                self.error.get_or_insert(error);
            }
            // INFO, LOGINACK, ORDER, SSPI, TABNAME, COLINFO.
            0xAB | 0xAD | 0xA9 | 0xED | 0xA4 | 0xA5 => {
                sized(cursor)?;
            }
            // DONE, DONEPROC, DONEINPROC.
            0xFD..=0xFF => {
                let status = cursor.u16().ok()?;
                cursor.take(10).ok()?;
                if done_failed(status) {
                    self.error.get_or_insert_with(unexplained);
                }
            }
            // RETURNSTATUS.
            0x79 => {
                cursor.take(4).ok()?;
            }
            // SESSIONSTATE.
            0xE4 => long_sized(cursor)?,
            // FEATUREEXTACK.
            0xAE => {
                while cursor.u8().ok()? != 0xFF {
                    long_sized(cursor)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// ENVCHANGE (MS-TDS 2.2.7.9).
    fn read_change(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        match cursor.u8().ok()? {
            4 => self.packet_size = Some(cursor.short_text().ok()?.parse().ok()?),
            8 => {
                let length = usize::from(cursor.u8().ok()?);
                self.transaction = Some(cursor.take(length).ok()?.try_into().ok()?);
            }
            // Committed, rolled back, ended by the server.
            9 | 10 | 17 => self.transaction = Some([0; 8]),
            _ => {}
        }
        Some(())
    }
}

/// Of a DONE token (MS-TDS 2.2.7.6): DONE_ERROR, DONE_SRVERROR.
pub(super) const fn done_failed(status: u16) -> bool {
    status & (0x02 | 0x100) != 0
}

/// The statement failed, and no ERROR token says why.
pub(super) fn unexplained() -> Error {
    Error::new(
        ErrorKind::SourceRefused,
        "the server ended the statement with an error that it did not explain",
    )
}

/// A body with its length in two bytes before it.
fn sized<'b>(cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
    let length = usize::from(cursor.u16().ok()?);
    cursor.take(length).ok()
}

/// Passes over a body with its length in four bytes before it.
fn long_sized(cursor: &mut Cursor<'_>) -> Option<()> {
    let length = usize::try_from(cursor.u32().ok()?).ok()?;
    cursor.take(length).ok().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: [u8; 13] = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn sized(token: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![token];
        out.extend_from_slice(&u16::try_from(body.len()).unwrap().to_le_bytes());
        out.extend_from_slice(body);
        out
    }

    fn error(number: i32, message: &str) -> Vec<u8> {
        let mut body = number.to_le_bytes().to_vec();
        body.extend_from_slice(&[2, 16]);
        body.extend_from_slice(&u16::try_from(message.len()).unwrap().to_le_bytes());
        body.extend(utf16(message));
        body.extend_from_slice(&[0, 0, 1, 0, 0, 0]);
        sized(0xAA, &body)
    }

    #[test]
    fn a_batch_is_its_headers_and_utf16() {
        let bytes = batch("Hi", 4096);
        assert_eq!(bytes[..8], [1, 1, 0, 34, 0, 0, 1, 0]);
        assert_eq!(bytes[8..18], [22, 0, 0, 0, 18, 0, 0, 0, 2, 0]);
        assert_eq!(bytes[26..], [1, 0, 0, 0, b'H', 0, b'i', 0]);
    }

    #[test]
    fn login_and_transaction_are_learned() {
        let mut size = vec![4, 4];
        size.extend(utf16("8192"));
        size.push(4);
        size.extend(utf16("4096"));
        let mut payload = sized(0xE3, &size);
        payload.extend(sized(0xE3, &[8, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0]));
        payload.extend([0xAE, 1, 2, 0, 0, 0, 9, 9, 0xFF]);
        payload.extend(DONE);
        let answer = read_answer(&payload).unwrap();
        assert_eq!(answer.packet_size, Some(8192));
        assert_eq!(answer.transaction, Some([1, 2, 3, 4, 5, 6, 7, 8]));
        assert!(answer.error.is_none());
        let ended = read_answer(&sized(0xE3, &[10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8])).unwrap();
        assert_eq!(ended.transaction, Some([0; 8]));
    }

    #[test]
    fn the_first_error_is_kept() {
        let mut payload = error(1222, "Lock request time out");
        payload.extend(error(3621, "The statement has been terminated"));
        payload.extend(DONE);
        let first = read_answer(&payload).unwrap().error.unwrap();
        assert_eq!(first.kind(), ErrorKind::SourceUnavailable);
        assert!(first.detail().contains("1222"), "{first}");
    }

    #[test]
    fn a_done_with_the_error_bit_is_an_error() {
        for status in [0x02, 0x103] {
            let mut done = DONE;
            done[1..3].copy_from_slice(&u16::to_le_bytes(status));
            let error = read_answer(&done).unwrap().error.unwrap();
            assert_eq!(error.kind(), ErrorKind::SourceRefused);
        }
        // One that is explained keeps its explanation.
        let mut payload = error(1222, "Lock request time out");
        payload.extend([0xFD, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(read_answer(&payload).unwrap().error.unwrap().detail().contains("1222"));
    }

    #[test]
    fn rows_and_cut_answers_are_refused() {
        assert!(read_answer(&[0x81, 1, 0]).unwrap_err().to_string().contains("rows"));
        let whole = error(50000, "x");
        for end in 1..whole.len() {
            assert!(read_answer(&whole[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_message_ends_with_its_last_packet() {
        let whole = packets(4, &[1; 30], 16);
        assert_eq!(message(&whole), Some(vec![1; 30]));
        for end in 0..whole.len() {
            assert_eq!(message(&whole[..end]), None, "{end}");
        }
    }
}
