//! Text to UTF-8: from UTF-16LE, from code pages, from UTF-8. Fails on what PostgreSQL cannot hold, never replaces: that
//! does [`super::lenient`], where a policy says so.

use super::lenient::Pending;
use crate::source::wire::CodePage;
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

/// Appends whole units; a high surrogate at the end is returned instead. Four ASCII units at a time.
#[inline]
fn utf16(out: &mut Vec<u8>, mut raw: &[u8]) -> Result<Option<u16>, Refused> {
    out.reserve(raw.len() / 2 + 4);
    loop {
        while let Some((four, rest)) = raw.split_first_chunk() {
            let units = u64::from_le_bytes(*four);
            if units & 0xFF80_FF80_FF80_FF80 != 0 {
                break;
            }
            let pairs = (units | units >> 8) & 0x0000_FFFF_0000_FFFF;
            #[expect(clippy::cast_possible_truncation, reason = "four bytes were packed into the lower half")]
            let bytes = (pairs | pairs >> 16) as u32;
            if bytes.wrapping_sub(0x0101_0101) & !bytes & 0x8080_8080 != 0 {
                return Err(Refused::Nul);
            }
            out.extend_from_slice(&bytes.to_le_bytes());
            raw = rest;
        }
        let Some((unit, rest)) = raw.split_first_chunk() else { return Ok(None) };
        raw = rest;
        match u16::from_le_bytes(*unit) {
            0 => return Err(Refused::Nul),
            #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
            unit @ 1..=0x7F => out.push(unit as u8),
            #[expect(clippy::cast_possible_truncation, reason = "masked to a byte")]
            unit @ 0x80..=0x7FF => {
                out.extend_from_slice(&[(unit >> 6) as u8 | 0xC0, (unit & 0x3F) as u8 | 0x80])
            }
            high @ 0xD800..=0xDBFF => {
                let Some((low, rest)) = raw.split_first_chunk() else { return Ok(Some(high)) };
                let low = u16::from_le_bytes(*low);
                if !(0xDC00..=0xDFFF).contains(&low) {
                    return Err(Refused::LoneSurrogate);
                }
                let point = 0x10000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(low) & 0x3FF);
                push(out, char::from_u32(point).ok_or(Refused::LoneSurrogate)?);
                raw = rest;
            }
            0xDC00..=0xDFFF => return Err(Refused::LoneSurrogate),
            unit => out.extend_from_slice(&[
                (unit >> 12) as u8 | 0xE0,
                (unit >> 6 & 0x3F) as u8 | 0x80,
                (unit & 0x3F) as u8 | 0x80,
            ]),
        }
    }
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
        if raw.contains(&0) {
            return Err(Refused::Nul);
        }
        match page {
            CodePage::Utf8 => out.extend_from_slice(raw),
            CodePage::SingleByte(upper) => single_byte(upper, out, raw)?,
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
    loop {
        let ascii = raw.iter().position(|byte| *byte >= 0x80).unwrap_or(raw.len());
        let (plain, rest) = raw.split_at(ascii);
        out.extend_from_slice(plain);
        let Some((&byte, rest)) = rest.split_first() else { return Ok(()) };
        push(out, upper[usize::from(byte & 0x7F)].ok_or(Refused::Undefined)?);
        raw = rest;
    }
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
