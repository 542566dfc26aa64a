//! Text of a code page to UTF-8, in one piece or in many.

use super::super::lenient::CutText;
use super::{TextRefusal, push};
use crate::model::code_page::{CodePage, stands_alone, unassigned};
use encoding_rs::{Decoder, DecoderResult, Encoding};

/// What a piece of code page text left for the next one.
#[derive(Default)]
pub(in crate::convert) struct CodedPieces {
    decoder: Option<Decoder>,
    lead: Option<u8>,
}

impl std::fmt::Debug for CodedPieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodedPieces").field("decoding", &self.decoder.is_some()).finish()
    }
}

impl CodedPieces {
    pub(in crate::convert) const fn pending(&self) -> CutText {
        CutText { odd: None, high: None, lead: self.lead }
    }

    /// Appends a piece, which may begin and end anywhere.
    pub(in crate::convert) fn piece(
        &mut self,
        page: &CodePage,
        out: &mut Vec<u8>,
        raw: &[u8],
    ) -> Result<(), TextRefusal> {
        if let CodePage::SingleByte(upper) = page {
            return single_byte(upper, out, raw);
        }
        if raw.contains(&0) {
            return Err(TextRefusal::Nul);
        }
        match page {
            CodePage::Utf8 | CodePage::SingleByte(_) => out.extend_from_slice(raw),
            CodePage::DoubleByte(encoding) => {
                self.only_windows(encoding, raw)?;
                let decoder = self.decoder.get_or_insert_with(|| encoding.new_decoder_without_bom_handling());
                double_byte(decoder, out, raw, false)?;
            }
        }
        Ok(())
    }

    /// The end of the value, which began at `text` in `out`.
    pub(in crate::convert) fn end(
        &mut self,
        page: &CodePage,
        out: &mut Vec<u8>,
        text: usize,
    ) -> Result<(), TextRefusal> {
        self.lead = None;
        match (page, self.decoder.take()) {
            (CodePage::Utf8, _) => std::str::from_utf8(out.get(text..).unwrap_or_default())
                .map_or(Err(TextRefusal::Undefined), |_| Ok(())),
            (_, Some(mut decoder)) => double_byte(&mut decoder, out, &[], true),
            (_, None) => Ok(()),
        }
    }

    /// Refuses what the Encoding Standard defines and Windows' code pages do not (or define as something else).
    fn only_windows(&mut self, encoding: &'static Encoding, raw: &[u8]) -> Result<(), TextRefusal> {
        for &byte in raw {
            let Some(lead) = self.lead.take() else {
                if byte >= 0x80 && !stands_alone(encoding, byte) {
                    self.lead = Some(byte);
                }
                continue;
            };
            if unassigned(encoding, lead, byte) {
                return Err(TextRefusal::Undefined);
            }
        }
        Ok(())
    }
}

/// A text of a code page that lies in one piece.
pub(in crate::convert) fn whole_coded(
    page: &CodePage,
    out: &mut Vec<u8>,
    raw: &[u8],
) -> Result<(), TextRefusal> {
    if let CodePage::SingleByte(upper) = page {
        return single_byte(upper, out, raw);
    }
    let start = out.len();
    let mut coded = CodedPieces::default();
    coded.piece(page, out, raw)?;
    coded.end(page, out, start)
}

fn single_byte(upper: &[Option<char>; 128], out: &mut Vec<u8>, mut raw: &[u8]) -> Result<(), TextRefusal> {
    out.reserve(raw.len() + 8);
    loop {
        while let Some((eight, _)) = raw.split_first_chunk() {
            let taken = eight_bytes(out, eight);
            raw = &raw[taken..];
            if taken < 8 {
                break;
            }
        }
        // Fewer than eight are left, or one that is not ASCII comes.
        let few = raw.len() < 8;
        loop {
            let Some((&byte, rest)) = raw.split_first() else { return Ok(()) };
            match byte {
                0 => return Err(TextRefusal::Nul),
                1..=0x7F if few => out.push(byte),
                1..=0x7F => break,
                _ => push(out, upper[usize::from(byte & 0x7F)].ok_or(TextRefusal::Undefined)?),
            }
            raw = rest;
        }
    }
}

/// Appends the bytes before the first one that is not ASCII or is U+0000; how many. One load and one store.
#[inline]
fn eight_bytes(out: &mut Vec<u8>, eight: &[u8; 8]) -> usize {
    let bytes = u64::from_le_bytes(*eight);
    let zero = bytes.wrapping_sub(0x0101_0101_0101_0101) & !bytes;
    let other = (bytes | zero) & 0x8080_8080_8080_8080;
    out.extend_from_slice(eight);
    if other == 0 {
        return 8;
    }
    let plain = other.trailing_zeros() as usize / 8;
    out.truncate(out.len() - 8 + plain);
    plain
}

fn double_byte(
    decoder: &mut Decoder,
    out: &mut Vec<u8>,
    mut raw: &[u8],
    last: bool,
) -> Result<(), TextRefusal> {
    let mut block = [0u8; 1024];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut block, last);
        out.extend_from_slice(block.get(..written).unwrap_or_default());
        raw = raw.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(TextRefusal::Undefined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn a_code_page_of_single_bytes_is_looked_up_byte_by_byte() {
        let seed = 20_261_124;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut upper = [None; 128];
        for (place, character) in upper.iter_mut().zip('À'..).skip(3) {
            *place = Some(character);
        }
        let mut kinds = [0; 3];
        for _ in 0..20_000 {
            let length = random.random_range(0..60);
            let strangers = [0, 0, 5, 40][random.random_range(0..4)];
            let raw: Vec<u8> = (0..length)
                .map(|_| match random.random_range(0..100) {
                    byte if byte < strangers => random.random_range(0x80..=0xFF),
                    99 if strangers == 5 => 0,
                    _ => random.random_range(1..0x80),
                })
                .collect();
            let one = |byte: &u8| match byte {
                0 => Err(TextRefusal::Nul),
                1..=0x7F => Ok(char::from(*byte)),
                _ => upper[usize::from(byte & 0x7F)].ok_or(TextRefusal::Undefined),
            };
            let expected = raw.iter().map(one).collect::<Result<String, _>>().map(String::into_bytes);
            let mut out = Vec::new();
            let done = single_byte(&upper, &mut out, &raw).map(|()| out);
            kinds[match &expected {
                Ok(_) => 0,
                Err(TextRefusal::Nul) => 1,
                Err(_) => 2,
            }] += 1;
            assert_eq!(done, expected, "{raw:x?}");
        }
        assert!(kinds.iter().all(|kind| *kind > 300), "{kinds:?}");
    }
}
