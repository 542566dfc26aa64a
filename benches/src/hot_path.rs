//! The hot path alone: TDS bytes through decoder and encoder to COPY BINARY, without a socket.

use crate::Failure;
use crate::encoded::table;
use crate::shapes::Shape;
use shardferry::convert::encode::CopyEncoder;
use shardferry::limits::memory::BufferLimits;
use shardferry::sqlserver::wire::{Decoder, Event, NoRows};

/// What the program gives a batch, and what it reads at once.
const BATCH: usize = 256 * 1024;
const READ: usize = 256 * 1024;

/// Transcodes all rows; the bytes of COPY data that they make.
///
/// # Errors
/// Of decoder or encoder: the shape is no good.
pub fn transcode(shape: &Shape) -> Result<u64, Failure> {
    let mut decoder = Decoder::new();
    let mut encoder: Option<CopyEncoder> = None;
    let mut rest = shape.packets.as_slice();
    let mut bytes = 0;
    loop {
        let event = match &mut encoder {
            None => decoder.advance(&mut NoRows::new())?,
            Some(encoder) => decoder.advance(encoder)?,
        };
        match event {
            Event::Columns => {
                let limits = BufferLimits::batches_of(BATCH);
                encoder = Some(CopyEncoder::new(&table(&shape.columns), decoder.columns(), limits)?);
            }
            Event::NeedMore => {
                let space = decoder.space();
                let count = rest.len().min(space.len()).min(READ);
                let (piece, behind) = rest.split_at(count);
                space.get_mut(..count).unwrap_or_default().copy_from_slice(piece);
                decoder.filled(count);
                rest = behind;
            }
            Event::Full | Event::End => {
                if let Some(encoder) = &mut encoder {
                    bytes += u64::try_from(std::hint::black_box(encoder.take()).len())?;
                }
                if event == Event::End {
                    return Ok(bytes);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::{NAMES, shape};

    #[test]
    fn every_shape_is_transcoded() {
        for name in NAMES {
            let shape = shape(name, 3).unwrap();
            assert!(transcode(&shape).unwrap() > 3 * 4, "{name}");
        }
        assert!(shape("other", 1).is_none());
    }
}
