//! Text to UTF-8: from UTF-16LE, from code pages, from UTF-8. Fails on what PostgreSQL cannot hold, never replaces: that
//! does [`super::lenient`], where a policy says so.

use super::lenient::Pending;
use crate::sqlserver::wire::CodePage;
use encoding_rs::{BIG5, Decoder, DecoderResult, Encoding, GBK};

/// Why a text was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// U+0000.
    Nul,
    LoneSurrogate,
    /// Bytes that the code page does not define.
    Undefined,
    /// Half a UTF-16 unit.
    Malformed,
}

/// What a piece of UTF-16 left for the next one.
#[derive(Debug, Default)]
pub(super) struct Utf16 {
    odd: Option<u8>,
    high: Option<u16>,
}

impl Utf16 {
    pub(super) const fn pending(&self) -> Pending {
        Pending { odd: self.odd, high: self.high, lead: None }
    }

    /// Appends a piece, which may begin and end anywhere.
    #[inline]
    pub(super) fn piece(&mut self, out: &mut Vec<u8>, mut raw: &[u8]) -> Result<(), Refused> {
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
        self.high = utf16(out, even)?;
        self.odd = odd.first().copied();
        Ok(())
    }

    /// One unit with regard to the surrogate before it.
    fn unit(&mut self, out: &mut Vec<u8>, unit: u16) -> Result<(), Refused> {
        let mut bytes = [0; 4];
        bytes[2..].copy_from_slice(&unit.to_le_bytes());
        let from = match self.high.take() {
            Some(high) => {
                bytes[..2].copy_from_slice(&high.to_le_bytes());
                0
            }
            None => 2,
        };
        self.high = utf16(out, &bytes[from..])?;
        Ok(())
    }

    /// The end of the value.
    pub(super) fn end(&mut self) -> Result<(), Refused> {
        match (self.odd.take(), self.high.take()) {
            (Some(_), _) => Err(Refused::Malformed),
            (None, Some(_)) => Err(Refused::LoneSurrogate),
            (None, None) => Ok(()),
        }
    }
}

/// Appends whole units; a high surrogate at the end is returned instead. ASCII goes 16 units at a time (the compiler
/// makes vector instructions of it), then up to 4; what is not ASCII goes unit by unit until ASCII comes again.
#[inline]
fn utf16(out: &mut Vec<u8>, raw: &[u8]) -> Result<Option<u16>, Refused> {
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
                0 => return Err(Refused::Nul),
                #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
                unit @ 1..=0x7F if few => out.push(unit as u8),
                1..=0x7F => break,
                #[expect(clippy::cast_possible_truncation, reason = "masked to a byte")]
                unit @ 0x80..=0x7FF => {
                    out.extend_from_slice(&[(unit >> 6) as u8 | 0xC0, (unit & 0x3F) as u8 | 0x80]);
                }
                high @ 0xD800..=0xDBFF => {
                    let Some((low, rest)) = rest.split_first() else { return Ok(Some(high)) };
                    push(out, pair(high, u16::from_le_bytes(*low)).ok_or(Refused::LoneSurrogate)?);
                    units = rest;
                    continue;
                }
                0xDC00..=0xDFFF => return Err(Refused::LoneSurrogate),
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

/// Appends the next 16 units where all of them are ASCII and none is U+0000; what is left.
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
pub(super) fn whole_utf16(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refused> {
    match utf16(out, raw)? {
        // What is wrong further ahead is said first.
        _ if !raw.len().is_multiple_of(2) => Err(Refused::Malformed),
        Some(_) => Err(Refused::LoneSurrogate),
        None => Ok(()),
    }
}

/// As [`whole_utf16`], of a code page.
pub(super) fn whole_coded(page: &CodePage, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refused> {
    if let CodePage::SingleByte(upper) = page {
        return single_byte(upper, out, raw);
    }
    let start = out.len();
    let mut coded = Coded::default();
    coded.piece(page, out, raw)?;
    coded.end(page, out, start)
}

pub(super) fn push(out: &mut Vec<u8>, character: char) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What a piece of code page text left for the next one.
#[derive(Default)]
pub(super) struct Coded {
    decoder: Option<Decoder>,
    lead: Option<u8>,
}

impl std::fmt::Debug for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coded").field("decoding", &self.decoder.is_some()).finish()
    }
}

impl Coded {
    pub(super) const fn pending(&self) -> Pending {
        Pending { odd: None, high: None, lead: self.lead }
    }

    /// Appends a piece, which may begin and end anywhere.
    pub(super) fn piece(&mut self, page: &CodePage, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refused> {
        if let CodePage::SingleByte(upper) = page {
            return single_byte(upper, out, raw);
        }
        if raw.contains(&0) {
            return Err(Refused::Nul);
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
    pub(super) fn end(&mut self, page: &CodePage, out: &mut Vec<u8>, text: usize) -> Result<(), Refused> {
        self.lead = None;
        match (page, self.decoder.take()) {
            (CodePage::Utf8, _) => std::str::from_utf8(out.get(text..).unwrap_or_default())
                .map_or(Err(Refused::Undefined), |_| Ok(())),
            (_, Some(mut decoder)) => double_byte(&mut decoder, out, &[], true),
            (_, None) => Ok(()),
        }
    }

    /// Refuses what the Encoding Standard defines and Windows' code pages do not (or define as something else).
    fn only_windows(&mut self, encoding: &'static Encoding, raw: &[u8]) -> Result<(), Refused> {
        for &byte in raw {
            let Some(lead) = self.lead.take() else {
                if byte >= 0x80 && !stands_alone(encoding, byte) {
                    self.lead = Some(byte);
                }
                continue;
            };
            if unassigned(encoding, lead, byte) {
                return Err(Refused::Undefined);
            }
        }
        Ok(())
    }
}

/// A byte above ASCII that is a character of its own, or none, and never the first of a pair.
pub(super) fn stands_alone(encoding: &'static Encoding, byte: u8) -> bool {
    if encoding == encoding_rs::SHIFT_JIS {
        matches!(byte, 0x80 | 0xA0..=0xDF | 0xFD..)
    } else {
        matches!(byte, 0x80 | 0xFF)
    }
}

/// A pair that the Encoding Standard defines and Windows' code page does not, or as something else.
pub(super) fn unassigned(encoding: &'static Encoding, lead: u8, byte: u8) -> bool {
    if encoding == GBK {
        // Sequences of four bytes are GB 18030; these rows are private use in 936.
        byte.is_ascii_digit()
            || matches!(
                (lead, byte),
                (0xA2, 0xA1..=0xAA) | (0xA6, 0xD9..=0xF5) | (0xA8, 0xBC | 0xBF) | (0xFE, 0x50..=0xA0)
            )
    } else {
        // Hong Kong's extensions stand where 950 has private use.
        encoding == BIG5
            && (matches!(lead, 0x80..=0xA0 | 0xC7 | 0xC8 | 0xFA..)
                || lead == 0xC6 && byte >= 0xA1
                || lead == 0xF9 && byte >= 0xD6)
    }
}

fn single_byte(upper: &[Option<char>; 128], out: &mut Vec<u8>, mut raw: &[u8]) -> Result<(), Refused> {
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
                0 => return Err(Refused::Nul),
                1..=0x7F if few => out.push(byte),
                1..=0x7F => break,
                _ => push(out, upper[usize::from(byte & 0x7F)].ok_or(Refused::Undefined)?),
            }
            raw = rest;
        }
    }
}

/// As [`four_units`].
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

fn double_byte(decoder: &mut Decoder, out: &mut Vec<u8>, mut raw: &[u8], last: bool) -> Result<(), Refused> {
    let mut block = [0u8; 1024];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut block, last);
        out.extend_from_slice(block.get(..written).unwrap_or_default());
        raw = raw.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(Refused::Undefined),
        }
    }
}

/// Takes the byte order mark and the encoding declaration off an XML text that starts at `text` in `out`: they describe
/// the UTF-16 that it was, and `xml_recv` would believe them.
pub(super) fn plain_xml(out: &mut Vec<u8>, text: usize) {
    const MARK: &[u8] = "\u{FEFF}".as_bytes();
    if out.get(text..).is_some_and(|xml| xml.starts_with(MARK)) {
        out.drain(text..text + MARK.len());
    }
    if let Some(encoding) = out.get(text..).and_then(encoding_declaration) {
        out.drain(text + encoding.start..text + encoding.end);
    }
}

/// Where ` encoding="…"` stands in the XML declaration (XML 1.0, production 23).
fn encoding_declaration(xml: &[u8]) -> Option<std::ops::Range<usize>> {
    let declaration =
        xml.strip_prefix(b"<?xml").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let end = declaration.windows(2).take(1024).position(|two| two == b"?>")?;
    let declaration = xml.get(..5 + end)?;
    let name = declaration.windows(8).position(|word| word == b"encoding")?;
    let start = declaration[..name].iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let open = name + declaration.get(name..)?.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let close = declaration.get(open + 1..)?.iter().position(|byte| *byte == declaration[open])?;
    (start < name).then_some(start..open + close + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    /// What the standard library makes of the same units, and the reason that comes first where there is one.
    fn expected(units: &[u16]) -> Result<Vec<u8>, Refused> {
        let mut text = Vec::new();
        for character in char::decode_utf16(units.iter().copied()) {
            match character {
                Ok('\0') => return Err(Refused::Nul),
                Ok(character) => push(&mut text, character),
                Err(_) => return Err(Refused::LoneSurrogate),
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
            let (mut out, mut pieces, mut rest) = (Vec::new(), Utf16::default(), raw.as_slice());
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
        assert_eq!(whole_utf16(&mut Vec::new(), b"a\0b"), Err(Refused::Malformed));
    }

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
                0 => Err(Refused::Nul),
                1..=0x7F => Ok(char::from(*byte)),
                _ => upper[usize::from(byte & 0x7F)].ok_or(Refused::Undefined),
            };
            let expected = raw.iter().map(one).collect::<Result<String, _>>().map(String::into_bytes);
            let mut out = Vec::new();
            let done = single_byte(&upper, &mut out, &raw).map(|()| out);
            kinds[match &expected {
                Ok(_) => 0,
                Err(Refused::Nul) => 1,
                Err(_) => 2,
            }] += 1;
            assert_eq!(done, expected, "{raw:x?}");
        }
        assert!(kinds.iter().all(|kind| *kind > 300), "{kinds:?}");
    }
}
