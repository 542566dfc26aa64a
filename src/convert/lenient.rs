//! Text to UTF-8 where something else takes the place of what PostgreSQL cannot hold: the slow path of
//! [`super::text`], taken only by a value that was refused there.
//!
//! One character at most stands for each UTF-16 unit, or for each byte or pair of bytes of a code page, so that a text
//! of n of them still has at most n characters.

use super::text::{TextRefusal, push};
use crate::model::code_page::{stands_alone, unassigned};
use crate::model::loss::Loss;
use crate::model::policy::InvalidPolicy;
use crate::model::policy::NulPolicy;
use crate::model::policy::Policies;
use crate::sqlserver::wire::CodePage;
use encoding_rs::Encoding;

/// What takes the place of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replacement {
    Refuse,
    Replace,
    Strip,
    /// The bytes that it is made of, which are no UTF-8; for a hash only.
    Keep,
}

/// What takes the place of each thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    nul: Replacement,
    surrogate: Replacement,
    undefined: Replacement,
}

impl Rules {
    /// Nothing is refused and nothing lost: two texts become the same bytes only if they are the same.
    pub(super) const FOR_HASH: Self =
        Self { nul: Replacement::Keep, surrogate: Replacement::Keep, undefined: Replacement::Keep };

    pub(super) const fn new(policies: &Policies) -> Self {
        const fn invalid(policy: InvalidPolicy) -> Replacement {
            match policy {
                InvalidPolicy::Error => Replacement::Refuse,
                InvalidPolicy::Replace => Replacement::Replace,
            }
        }
        Self {
            nul: match policies.nul {
                NulPolicy::Error => Replacement::Refuse,
                NulPolicy::Replace => Replacement::Replace,
                NulPolicy::Strip => Replacement::Strip,
            },
            surrogate: invalid(policies.surrogate),
            undefined: invalid(policies.undefined),
        }
    }

    /// Is there a place for what was refused?
    pub(super) const fn admit(self, refused: TextRefusal) -> bool {
        !matches!(
            match refused {
                TextRefusal::Nul => self.nul,
                TextRefusal::LoneSurrogate => self.surrogate,
                TextRefusal::Undefined => self.undefined,
                TextRefusal::Malformed => Replacement::Refuse,
            },
            Replacement::Refuse
        )
    }
}

/// What was changed in one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TextChanges {
    nul: bool,
    surrogate: bool,
    undefined: bool,
}

impl TextChanges {
    pub(super) fn losses(self) -> impl Iterator<Item = Loss> {
        let all =
            [(self.nul, Loss::Nul), (self.surrogate, Loss::Surrogate), (self.undefined, Loss::Undefined)];
        all.into_iter().filter_map(|(changed, loss)| changed.then_some(loss))
    }
}

/// Where a text under way stands: what the pieces so far left for the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CutText {
    /// Half a UTF-16 unit.
    pub(super) odd: Option<u8>,
    /// A high surrogate.
    pub(super) high: Option<u16>,
    /// The first byte of a pair.
    pub(super) lead: Option<u8>,
}

/// One value, in pieces that begin and end anywhere.
#[derive(Debug)]
pub(super) struct Lenient {
    rules: Rules,
    pending: CutText,
    pub(super) changed: TextChanges,
}

impl Lenient {
    pub(super) const fn new(rules: Rules, pending: CutText) -> Self {
        let changed = TextChanges { nul: false, surrogate: false, undefined: false };
        Self { rules, pending, changed }
    }

    pub(super) fn utf16(&mut self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), TextRefusal> {
        for &byte in raw {
            match self.pending.odd.take() {
                None => self.pending.odd = Some(byte),
                Some(low) => self.unit(out, u16::from_le_bytes([low, byte]))?,
            }
        }
        Ok(())
    }

    fn unit(&mut self, out: &mut Vec<u8>, unit: u16) -> Result<(), TextRefusal> {
        if let Some(high) = self.pending.high.take() {
            if (0xDC00..=0xDFFF).contains(&unit) {
                let point = 0x10000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(unit) & 0x3FF);
                push(out, char::from_u32(point).ok_or(TextRefusal::Malformed)?);
                return Ok(());
            }
            self.surrogate(out, high)?;
        }
        match unit {
            0 => self.nul(out),
            0xD800..=0xDBFF => {
                self.pending.high = Some(unit);
                Ok(())
            }
            0xDC00..=0xDFFF => self.surrogate(out, unit),
            unit => {
                push(out, char::from_u32(u32::from(unit)).ok_or(TextRefusal::Malformed)?);
                Ok(())
            }
        }
    }

    fn nul(&mut self, out: &mut Vec<u8>) -> Result<(), TextRefusal> {
        self.changed.nul = true;
        instead(self.rules.nul, out, &[0], TextRefusal::Nul)
    }

    fn surrogate(&mut self, out: &mut Vec<u8>, unit: u16) -> Result<(), TextRefusal> {
        self.changed.surrogate = true;
        let [high, low] = unit.to_be_bytes();
        // As UTF-8 would have it, if it had it.
        let bytes = [0xE0 | high >> 4, 0x80 | (high & 0x0F) << 2 | low >> 6, 0x80 | low & 0x3F];
        instead(self.rules.surrogate, out, &bytes, TextRefusal::LoneSurrogate)
    }

    fn undefined(&mut self, out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TextRefusal> {
        self.changed.undefined = true;
        instead(self.rules.undefined, out, bytes, TextRefusal::Undefined)
    }

    pub(super) fn coded(
        &mut self,
        page: &CodePage,
        out: &mut Vec<u8>,
        raw: &[u8],
    ) -> Result<(), TextRefusal> {
        for &byte in raw {
            match page {
                CodePage::DoubleByte(encoding) => self.byte(encoding, out, byte)?,
                _ if byte == 0 => self.nul(out)?,
                CodePage::SingleByte(upper) if byte >= 0x80 => match upper[usize::from(byte & 0x7F)] {
                    Some(character) => push(out, character),
                    None => self.undefined(out, &[byte])?,
                },
                // UTF-8 is looked at when it is complete.
                _ => out.push(byte),
            }
        }
        Ok(())
    }

    fn byte(&mut self, encoding: &'static Encoding, out: &mut Vec<u8>, byte: u8) -> Result<(), TextRefusal> {
        if let Some(lead) = self.pending.lead.take() {
            let pair = [lead, byte];
            let text = encoding.decode_without_bom_handling_and_without_replacement(&pair);
            match text.filter(|_| !unassigned(encoding, lead, byte)) {
                Some(text) => {
                    out.extend_from_slice(text.as_bytes());
                    return Ok(());
                }
                // What is ASCII stands for itself, whatever is before it.
                None if byte < 0x80 => self.undefined(out, &[lead])?,
                None => return self.undefined(out, &pair),
            }
        }
        match byte {
            0 => self.nul(out),
            1..0x80 => {
                out.push(byte);
                Ok(())
            }
            _ if stands_alone(encoding, byte) => {
                match encoding.decode_without_bom_handling_and_without_replacement(&[byte]) {
                    Some(text) => {
                        out.extend_from_slice(text.as_bytes());
                        Ok(())
                    }
                    None => self.undefined(out, &[byte]),
                }
            }
            _ => {
                self.pending.lead = Some(byte);
                Ok(())
            }
        }
    }

    /// The end of a value of UTF-16.
    pub(super) fn end_utf16(&mut self, out: &mut Vec<u8>) -> Result<(), TextRefusal> {
        if self.pending.odd.take().is_some() {
            return Err(TextRefusal::Malformed);
        }
        self.pending.high.take().map_or(Ok(()), |high| self.surrogate(out, high))
    }

    /// The end of a value of a code page, which began at `text` in `out`.
    pub(super) fn end_coded(
        &mut self,
        page: &CodePage,
        out: &mut Vec<u8>,
        text: usize,
    ) -> Result<(), TextRefusal> {
        if let Some(lead) = self.pending.lead.take() {
            self.undefined(out, &[lead])?;
        }
        let whole = out.get(text..).unwrap_or_default();
        if !matches!(page, CodePage::Utf8) || std::str::from_utf8(whole).is_ok() {
            return Ok(());
        }
        let whole = whole.to_vec();
        out.truncate(text);
        for chunk in whole.utf8_chunks() {
            out.extend_from_slice(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                self.undefined(out, chunk.invalid())?;
            }
        }
        Ok(())
    }
}

fn instead(
    what: Replacement,
    out: &mut Vec<u8>,
    bytes: &[u8],
    refused: TextRefusal,
) -> Result<(), TextRefusal> {
    match what {
        Replacement::Refuse => return Err(refused),
        Replacement::Replace => push(out, char::REPLACEMENT_CHARACTER),
        Replacement::Strip => {}
        Replacement::Keep => out.extend_from_slice(bytes),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlserver::wire::code_page;

    const REPLACE: Policies = Policies {
        nul: NulPolicy::Replace,
        surrogate: InvalidPolicy::Replace,
        undefined: InvalidPolicy::Replace,
        fraction: crate::model::policy::FractionPolicy::Error,
        offset: crate::model::policy::OffsetPolicy::Instant,
        padding: crate::model::policy::PaddingPolicy::Pad,
        blanks: crate::model::policy::BlanksPolicy::Keep,
    };

    fn utf16(policies: &Policies, units: &[u16]) -> Result<(String, Vec<Loss>), TextRefusal> {
        let raw: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut results = Vec::new();
        // However it is cut.
        for at in 0..=raw.len() {
            let mut lenient = Lenient::new(Rules::new(policies), CutText::default());
            let mut out = Vec::new();
            let (head, tail) = raw.split_at(at);
            let done = lenient
                .utf16(&mut out, head)
                .and_then(|()| lenient.utf16(&mut out, tail))
                .and_then(|()| lenient.end_utf16(&mut out));
            results
                .push(done.map(|()| (String::from_utf8(out).unwrap(), lenient.changed.losses().collect())));
        }
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        results.swap_remove(0)
    }

    fn coded(
        policies: &Policies,
        collation: [u8; 5],
        raw: &[u8],
    ) -> Result<(String, Vec<Loss>), TextRefusal> {
        let page = code_page(collation).unwrap();
        let mut results = Vec::new();
        for at in 0..=raw.len() {
            let mut lenient = Lenient::new(Rules::new(policies), CutText::default());
            let mut out = b"head".to_vec();
            let (head, tail) = raw.split_at(at);
            let done = lenient
                .coded(&page, &mut out, head)
                .and_then(|()| lenient.coded(&page, &mut out, tail))
                .and_then(|()| lenient.end_coded(&page, &mut out, 4));
            let text =
                |()| (String::from_utf8(out[4..].to_vec()).unwrap(), lenient.changed.losses().collect());
            results.push(done.map(text));
        }
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        results.swap_remove(0)
    }

    #[test]
    fn each_unit_is_replaced_by_one_character() {
        let units = [0x61, 0, 0xD800, 0xD83D, 0xDE00, 0xDC00, 0xE9, 0xDBFF];
        let replaced =
            ("a\u{FFFD}\u{FFFD}\u{1F600}\u{FFFD}é\u{FFFD}".to_owned(), vec![Loss::Nul, Loss::Surrogate]);
        assert_eq!(utf16(&REPLACE, &units), Ok(replaced));
        let strip = Policies { nul: NulPolicy::Strip, ..Policies::default() };
        assert_eq!(utf16(&strip, &[0x61, 0, 0, 0x62]), Ok(("ab".to_owned(), vec![Loss::Nul])));
        assert_eq!(utf16(&strip, &[0x61, 0xD800]), Err(TextRefusal::LoneSurrogate));
        assert_eq!(utf16(&Policies { nul: NulPolicy::Error, ..REPLACE }, &[0]), Err(TextRefusal::Nul));
        assert_eq!(utf16(&REPLACE, &[0x61]), Ok(("a".to_owned(), vec![])));
    }

    #[test]
    fn undefined_bytes_of_each_kind_of_page() {
        let page = |lcid: u16| [lcid.to_le_bytes()[0], lcid.to_le_bytes()[1], 0, 0, 0];
        let (greek, japanese, chinese) = (page(0x0408), page(0x0411), page(0x0804));
        let utf8 = [0x09, 0x04, 0, 0x24 | 0x04, 0];
        let both = vec![Loss::Nul, Loss::Undefined];
        for (collation, raw, text, losses) in [
            (greek, &b"a\xAA\0b\xE1"[..], "a\u{FFFD}\u{FFFD}bα", both.clone()),
            (japanese, b"\x82\xA0\x85\x41\0\x82", "あ\u{FFFD}A\u{FFFD}\u{FFFD}", both.clone()),
            (japanese, b"\xB1\x85\x9F", "ｱ\u{FFFD}", vec![Loss::Undefined]),
            (chinese, b"\x80\xA2\xA1\xB0\xA1", "€\u{FFFD}啊", vec![Loss::Undefined]),
            (utf8, b"\xC3\xA9\xC3\0\xE2\x82z\xFF", "é\u{FFFD}\u{FFFD}\u{FFFD}z\u{FFFD}", both),
            (utf8, "ok é".as_bytes(), "ok é", vec![]),
        ] {
            assert_eq!(coded(&REPLACE, collation, raw), Ok((text.to_owned(), losses)), "{raw:x?}");
        }
        let error = Policies { undefined: InvalidPolicy::Error, ..REPLACE };
        for collation in [greek, japanese, utf8] {
            assert_eq!(coded(&error, collation, b"a\xFF"), Err(TextRefusal::Undefined), "{collation:x?}");
            assert_eq!(coded(&error, collation, b"a\0"), Ok(("a\u{FFFD}".to_owned(), vec![Loss::Nul])));
        }
    }

    #[test]
    fn for_a_hash_different_texts_stay_different() {
        let mut seen = std::collections::BTreeSet::new();
        for units in
            [&[0u16][..], &[], &[0xD800], &[0xDC00], &[0xFFFD], &[0x61], &[0xD800, 0xDC00], &[0xDC00, 0xD800]]
        {
            let raw: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let mut lenient = Lenient::new(Rules::FOR_HASH, CutText::default());
            let mut out = Vec::new();
            lenient.utf16(&mut out, &raw).unwrap();
            lenient.end_utf16(&mut out).unwrap();
            assert!(seen.insert(out), "{units:x?}");
        }
    }
}
