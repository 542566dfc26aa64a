//! UTF-16LE to UTF-8, in one piece or in many.

use super::super::lenient::CutText;
use super::{TextRefusal, push};

/// What a piece of UTF-16 left for the next one.
#[derive(Debug, Default)]
pub(in crate::convert) struct Utf16Pieces {
    odd: Option<u8>,
    high: Option<u16>,
}

impl Utf16Pieces {
    pub(in crate::convert) const fn pending(&self) -> CutText {
        CutText { odd: self.odd, high: self.high, lead: None }
    }

    /// Appends a piece, which may begin and end anywhere.
    #[inline]
    pub(in crate::convert) fn piece(&mut self, out: &mut Vec<u8>, mut raw: &[u8]) -> Result<(), TextRefusal> {
        if let Some(low_byte) = self.odd.take() {
            let Some((&high_byte, rest)) = raw.split_first() else {
                self.odd = Some(low_byte);
                return Ok(());
            };
            self.unit(out, u16::from_le_bytes([low_byte, high_byte]))?;
            raw = rest;
        }
        if self.high.is_some() {
            let Some((unit, rest)) = raw.split_first_chunk() else {
                self.odd = raw.first().copied();
                return Ok(());
            };
            self.unit(out, u16::from_le_bytes(*unit))?;
            raw = rest;
        }
        let (even, odd) = raw.split_at(raw.len() & !1);
        self.high = units_to_utf8(out, even)?;
        self.odd = odd.first().copied();
        Ok(())
    }

    /// One unit with regard to the surrogate before it.
    fn unit(&mut self, out: &mut Vec<u8>, unit: u16) -> Result<(), TextRefusal> {
        let mut bytes = [0; 4];
        bytes[2..].copy_from_slice(&unit.to_le_bytes());
        let from = match self.high.take() {
            Some(high) => {
                bytes[..2].copy_from_slice(&high.to_le_bytes());
                0
            }
            None => 2,
        };
        self.high = units_to_utf8(out, &bytes[from..])?;
        Ok(())
    }

    /// The end of the value.
    pub(in crate::convert) fn end(&mut self) -> Result<(), TextRefusal> {
        match (self.odd.take(), self.high.take()) {
            (Some(_), _) => Err(TextRefusal::Malformed),
            (None, Some(_)) => Err(TextRefusal::LoneSurrogate),
            (None, None) => Ok(()),
        }
    }
}

/// Appends whole units; a high surrogate at the end is returned instead. ASCII goes 16 units at a time (the compiler
/// makes vector instructions of it), then up to 4; what is not ASCII goes unit by unit until ASCII comes again.
#[inline]
fn units_to_utf8(out: &mut Vec<u8>, raw: &[u8]) -> Result<Option<u16>, TextRefusal> {
    let (mut units, _) = raw.as_chunks::<2>();
    out.reserve(units.len() + 8);
    loop {
        while let Some(rest) = sixteen_units(out, units) {
            units = rest;
        }
        let mut plain = true;
        while plain && let Some((four, _)) = units.split_first_chunk() {
            let taken = four_units(out, four);
            units = &units[taken..];
            plain = taken == 4;
        }
        // Fewer than four are left, or one that is not ASCII comes.
        let few = plain;
        loop {
            let Some((unit, rest)) = units.split_first() else { return Ok(None) };
            match u16::from_le_bytes(*unit) {
                0 => return Err(TextRefusal::Nul),
                #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
                unit @ 1..=0x7F if few => out.push(unit as u8),
                1..=0x7F => break,
                #[expect(clippy::cast_possible_truncation, reason = "masked to a byte")]
                unit @ 0x80..=0x7FF => {
                    out.extend_from_slice(&[(unit >> 6) as u8 | 0xC0, (unit & 0x3F) as u8 | 0x80]);
                }
                high @ 0xD800..=0xDBFF => {
                    let Some((low, rest)) = rest.split_first() else { return Ok(Some(high)) };
                    push(out, pair(high, u16::from_le_bytes(*low)).ok_or(TextRefusal::LoneSurrogate)?);
                    units = rest;
                    continue;
                }
                0xDC00..=0xDFFF => return Err(TextRefusal::LoneSurrogate),
                unit => out.extend_from_slice(&[
                    (unit >> 12) as u8 | 0xE0,
                    (unit >> 6 & 0x3F) as u8 | 0x80,
                    (unit & 0x3F) as u8 | 0x80,
                ]),
            }
            units = rest;
        }
    }
}

/// The character of a high surrogate and what follows it.
fn pair(high: u16, low: u16) -> Option<char> {
    let point = 0x10000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(low) & 0x3FF);
    (0xDC00..=0xDFFF).contains(&low).then(|| char::from_u32(point)).flatten()
}

/// Appends the next 16 units if all of them are ASCII and none is U+0000; what is left.
#[inline]
fn sixteen_units<'r>(out: &mut Vec<u8>, units: &'r [[u8; 2]]) -> Option<&'r [[u8; 2]]> {
    let (some, rest) = units.split_first_chunk::<16>()?;
    let (mut bytes, mut seen) = ([0; 16], 0);
    for (byte, unit) in bytes.iter_mut().zip(some) {
        let unit = u16::from_le_bytes(*unit);
        // Of 0 the predecessor has every bit set.
        seen |= unit | unit.wrapping_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "below 0x80, or not used")]
        {
            *byte = unit as u8;
        }
    }
    if seen & 0xFF80 != 0 {
        return None;
    }
    out.extend_from_slice(&bytes);
    Some(rest)
}

/// Appends the units before the first one that is not ASCII or is U+0000; how many.
#[inline]
fn four_units(out: &mut Vec<u8>, four: &[[u8; 2]; 4]) -> usize {
    // One load, and one store: two shifts bring the low bytes together.
    let mut bytes = [0; 8];
    bytes.copy_from_slice(four.as_flattened());
    let units = u64::from_le_bytes(bytes);
    // The lowest bit that is set tells the first zero; those above it need not.
    let zero = units.wrapping_sub(0x0001_0001_0001_0001) & !units & 0x8000_8000_8000_8000;
    let other = units & 0xFF80_FF80_FF80_FF80 | zero;
    let low = units & 0x00FF_00FF_00FF_00FF;
    let pairs = (low | low >> 8) & 0x0000_FFFF_0000_FFFF;
    #[expect(clippy::cast_possible_truncation, reason = "four bytes were packed into the lower half")]
    let packed = (pairs | pairs >> 16) as u32;
    out.extend_from_slice(&packed.to_le_bytes());
    if other == 0 {
        return 4;
    }
    let plain = other.trailing_zeros() as usize / 16;
    out.truncate(out.len() - 4 + plain);
    plain
}

/// A text that lies in one piece.
#[inline]
pub(in crate::convert) fn whole_utf16(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), TextRefusal> {
    match units_to_utf8(out, raw)? {
        // What is wrong further ahead is said first.
        _ if !raw.len().is_multiple_of(2) => Err(TextRefusal::Malformed),
        Some(_) => Err(TextRefusal::LoneSurrogate),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// What the standard library makes of the same units, and the reason that comes first if there is one.
    fn expected(units: &[u16]) -> Result<Vec<u8>, TextRefusal> {
        let mut text = Vec::new();
        for character in char::decode_utf16(units.iter().copied()) {
            match character {
                Ok('\0') => return Err(TextRefusal::Nul),
                Ok(character) => push(&mut text, character),
                Err(_) => return Err(TextRefusal::LoneSurrogate),
            }
        }
        Ok(text)
    }

    /// Mostly of one alphabet, as texts are; now and then a unit that no text has.
    fn units(random: &mut StdRng) -> Vec<u16> {
        let length = random.random_range(0..90);
        let strangers = [0, 10, 50, 100][random.random_range(0..4)];
        let broken = random.random_range(0..4) == 0;
        let mut units = Vec::new();
        while units.len() < length {
            let stranger = random.random_range(0..100) < strangers;
            match random.random_range(0..100) {
                0 if broken => units.push([0, 0xD83D, 0xDE00][random.random_range(0..3)]),
                1..20 if stranger => units.extend([0xD83D, 0xDE00 + random.random_range(0..50)]),
                20..50 if stranger => units.push(random.random_range(0x800..0xD800)),
                _ if stranger => units.push(random.random_range(0x80..0x800)),
                _ => units.push(random.random_range(1..0x80)),
            }
        }
        units
    }

    #[test]
    fn utf16_is_what_the_standard_library_makes_of_it_in_one_piece_and_in_many() {
        let seed = 20_261_123;
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut refused = 0;
        for _ in 0..20_000 {
            let units = units(&mut random);
            let raw: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let expected = expected(&units);
            let mut out = b"before".to_vec();
            let whole = whole_utf16(&mut out, &raw).map(|()| out[6..].to_vec());
            assert_eq!(whole, expected, "{units:x?}");
            let (mut out, mut pieces, mut rest) = (Vec::new(), Utf16Pieces::default(), raw.as_slice());
            let mut done = Ok(());
            while done.is_ok() && !rest.is_empty() {
                let (piece, after) = rest.split_at(random.random_range(1..=rest.len()));
                done = pieces.piece(&mut out, piece);
                rest = after;
            }
            let done = done.and_then(|()| pieces.end()).map(|()| out);
            match (&done, &expected) {
                (Err(_), Err(_)) => refused += 1,
                _ => assert_eq!(done, expected, "{units:x?}"),
            }
        }
        assert!((1000..10_000).contains(&refused), "{refused} texts were refused");
    }

    #[test]
    fn half_a_unit_is_no_text() {
        assert_eq!(whole_utf16(&mut Vec::new(), b"a\0b"), Err(TextRefusal::Malformed));
    }
}
