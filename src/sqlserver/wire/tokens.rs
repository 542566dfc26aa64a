//! All tokens that are not rows (MS-TDS 2.2.7).

use super::NoRows;
use super::broken;
use super::columns::{Frame, WireColumn, columns, type_info};
use super::cursor::{Cursor, Read};
use super::rows::RowState;
use crate::sqlserver::errors::server_error;

pub(super) const ROW: u8 = 0xD1;
pub(super) const NBCROW: u8 = 0xD2;

/// What a token means to the decoder, its bytes already counted.
#[derive(Debug)]
pub(super) enum Token {
    Columns(Vec<(WireColumn, Frame)>),
    Done(DoneToken),
    /// So many bytes, from the token's first one, say nothing here.
    Skip(u64),
}

/// DONE, DONEINPROC or DONEPROC (MS-TDS 2.2.7.6 to 2.2.7.8).
#[derive(Debug, Clone, Copy)]
pub(super) struct DoneToken {
    status: u16,
    command: u16,
    rows: u64,
    in_procedure: bool,
}

impl DoneToken {
    const MORE: u16 = 0x01;
    const ERROR: u16 = 0x02;
    const COUNT: u16 = 0x10;
    const ATTENTION: u16 = 0x20;
    const SERVER_ERROR: u16 = 0x100;
    const SELECT: u16 = 0xC1;

    /// Nothing follows in this message.
    pub(super) const fn last(&self) -> bool {
        self.status & Self::MORE == 0 && !self.in_procedure
    }

    pub(super) const fn failed(&self) -> bool {
        self.status & (Self::ERROR | Self::SERVER_ERROR) != 0
    }

    /// Acknowledges an attention.
    pub(super) const fn attention(&self) -> bool {
        self.status & Self::ATTENTION != 0
    }

    /// How many rows a SELECT returned, if the server counts them.
    pub(super) fn selected(&self) -> Option<u64> {
        (self.status & Self::COUNT != 0 && self.command == Self::SELECT).then_some(self.rows)
    }
}

/// Reads the token at the start of `payload` and how many bytes it takes (0 for [`Token::Skip`]).
pub(super) fn token(payload: &[u8]) -> Read<(usize, Token)> {
    let mut cursor = Cursor::new(payload);
    let token = match cursor.u8()? {
        0x81 => Token::Columns(columns(&mut cursor)?),
        code @ 0xFD..=0xFF => Token::Done(DoneToken {
            status: cursor.u16()?,
            command: cursor.u16()?,
            rows: cursor.u64()?,
            in_procedure: code == 0xFF,
        }),
        0xAA => return Err(error_token(&mut cursor)?.into()),
        // TABNAME, COLINFO, ORDER, INFO, ENVCHANGE
        0xA4 | 0xA5 | 0xA9 | 0xAB | 0xE3 => return Ok((0, Token::Skip(3 + u64::from(cursor.u16()?)))),
        // SESSIONSTATE
        0xE4 => return Ok((0, Token::Skip(5 + u64::from(cursor.u32()?)))),
        // RETURNSTATUS
        0x79 => return Ok((0, Token::Skip(5))),
        0xAC => {
            let length = return_value(payload, &mut cursor)?;
            return Ok((0, Token::Skip(length)));
        }
        code => return Err(broken(format!("token {code:#04x}")).into()),
    };
    Ok((cursor.at(), token))
}

/// ERROR (MS-TDS 2.2.7.10), behind its first byte.
pub(in crate::sqlserver) fn error_token(cursor: &mut Cursor<'_>) -> Read<crate::error::Error> {
    let length = usize::from(cursor.u16()?);
    let mut body = Cursor::new(cursor.take(length)?);
    let mut read = || -> Read<_> {
        let (number, state, class) = (body.i32()?, body.u8()?, body.u8()?);
        Ok((number, state, class, body.long_text()?))
    };
    let (number, state, class, message) =
        read().map_err(|_| super::cursor::Stop::Failed(broken("an ERROR token shorter than its content")))?;
    Ok(server_error(number, state, class, &message))
}

/// RETURNVALUE (MS-TDS 2.2.7.18): its whole length; its value is read like the only column of a row.
fn return_value(payload: &[u8], cursor: &mut Cursor<'_>) -> Read<u64> {
    cursor.u16()?;
    cursor.short_text()?;
    cursor.take(1 + 4 + 2)?;
    let (_, frame) = type_info(cursor)?;
    let mut value = RowState::default();
    let (used, complete) =
        value.decode(&[frame], payload.get(cursor.at()..).unwrap_or_default(), &mut NoRows::ignoring())?;
    if complete { Ok((cursor.at() + used) as u64) } else { Err(super::cursor::Stop::Cut) }
}
