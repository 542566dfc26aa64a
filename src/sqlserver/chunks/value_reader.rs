//! A value of the wire as a reject file shows it: text as text, everything else as its bytes.

use super::KeptValue;
use crate::sqlserver::wire::{CodePage, WireType, code_page};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownValue {
    Null,
    Text(String),
    /// Bytes as they were on the wire: of what is no text, or no well-formed one.
    Bytes(Vec<u8>),
}

/// Reads the values of one column.
#[derive(Debug)]
pub struct ValueReader {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Utf16,
    Coded(CodePage),
    Bytes,
}

impl ValueReader {
    #[must_use]
    pub fn new(ty: &WireType) -> Self {
        let kind = match ty {
            WireType::NChar { .. } | WireType::NVarChar { .. } | WireType::Xml => Kind::Utf16,
            WireType::Char { collation, .. } | WireType::VarChar { collation, .. } => {
                code_page(*collation).map_or(Kind::Bytes, Kind::Coded)
            }
            _ => Kind::Bytes,
        };
        Self { kind }
    }

    /// At most `limit` bytes of the value.
    #[must_use]
    pub fn shown(&self, kept: KeptValue<'_>, limit: usize) -> ShownValue {
        if kept.null {
            return ShownValue::Null;
        }
        let whole = kept.raw.len() as u64 == kept.length && kept.raw.len() <= limit;
        let raw = kept.raw.get(..limit).unwrap_or(kept.raw);
        let text = match &self.kind {
            // Cut anywhere, a part might be no text although the whole is.
            Kind::Utf16 | Kind::Coded(_) if !whole => None,
            Kind::Utf16 => utf16(raw),
            Kind::Coded(page) => page.decode_exactly(raw),
            Kind::Bytes => None,
        };
        text.map_or_else(|| ShownValue::Bytes(raw.to_vec()), ShownValue::Text)
    }
}

fn utf16(raw: &[u8]) -> Option<String> {
    let (units, rest) = raw.as_chunks::<2>();
    let units = units.iter().map(|pair| u16::from_le_bytes(*pair));
    rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(raw: &[u8]) -> KeptValue<'_> {
        KeptValue { raw, null: false, length: raw.len() as u64 }
    }

    #[test]
    fn text_is_shown_as_text_and_the_rest_as_bytes() {
        let wide = ValueReader::new(&WireType::NVarChar { max_bytes: None });
        assert_eq!(wide.shown(kept(&[b'a', 0, 0, 0]), 100), ShownValue::Text("a\0".to_owned()));
        assert_eq!(wide.shown(kept(&[0, 0xD8]), 100), ShownValue::Bytes(vec![0, 0xD8]));
        assert_eq!(wide.shown(kept(&[b'a', 0, b'b', 0]), 2), ShownValue::Bytes(vec![b'a', 0]));
        assert_eq!(wide.shown(KeptValue { null: true, ..kept(&[]) }, 2), ShownValue::Null);
        let number = ValueReader::new(&WireType::Int);
        assert_eq!(number.shown(kept(&[1, 0, 0, 0]), 100), ShownValue::Bytes(vec![1, 0, 0, 0]));
        let latin = WireType::VarChar { max_bytes: Some(4), collation: [0x09, 0x04, 0xD0, 0x00, 0x34] };
        assert_eq!(ValueReader::new(&latin).shown(kept(&[0xE4]), 9), ShownValue::Text("\u{e4}".to_owned()));
    }
}
