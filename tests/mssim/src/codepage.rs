//! Text to bytes and back: WTF-8 in memory, code pages and UTF-16LE on the wire.
//!
//! In memory text is WTF-8: UTF-8 in which a lone surrogate stands as its three bytes (`ED A0 80` to `ED BF BF`),
//! because SQL Server's nvarchar holds any UTF-16 units and those must reach the wire.

#[rustfmt::skip]
const CP437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐',
    '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧',
    '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀',
    'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩',
    '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

#[rustfmt::skip]
const CP850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐',
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤',
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀',
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´',
    '\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

/// Appends WTF-8 `text` in the code page `encoding` (a [`crate::types::Collation::encoding`]). What the code page
/// cannot show is `?`, as SQL Server does it. For `utf-8` a lone surrogate becomes U+FFFD.
pub fn encode(encoding: &str, text: &[u8], out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend_from_slice(text);
        return;
    }
    let text = String::from_utf8_lossy(text);
    match encoding {
        "utf-8" => out.extend_from_slice(text.as_bytes()),
        "cp437" => encode_table(&CP437, &text, out),
        "cp850" => encode_table(&CP850, &text, out),
        label => encode_label(label, &text, out),
    }
}

/// The text of `bytes` in the code page `encoding`; invalid bytes become U+FFFD.
#[must_use]
pub fn decode(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    if bytes.is_ascii() {
        return bytes.to_vec();
    }
    let table = match encoding {
        "utf-8" => return String::from_utf8_lossy(bytes).into_owned().into_bytes(),
        "cp437" => &CP437,
        "cp850" => &CP850,
        label => {
            let page =
                encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
            return page.decode_without_bom_handling(bytes).0.into_owned().into_bytes();
        }
    };
    let text: String = bytes.iter().map(|&b| table_char(table, b)).collect();
    text.into_bytes()
}

/// Appends WTF-8 `text` as UTF-16LE, lone surrogates as they are.
pub fn encode_utf16(text: &[u8], out: &mut Vec<u8>) {
    if text.is_ascii() {
        let start = out.len();
        out.resize(start + text.len() * 2, 0);
        for (pair, b) in out[start..].chunks_exact_mut(2).zip(text) {
            pair[0] = *b;
        }
    } else if let Ok(text) = std::str::from_utf8(text) {
        out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    } else {
        encode_wtf16(text, out);
    }
}

/// The WTF-8 of UTF-16LE `bytes`; an odd last byte is dropped.
#[must_use]
pub fn decode_utf16(bytes: &[u8]) -> Vec<u8> {
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair));
    let mut out = Vec::with_capacity(bytes.len());
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => push_surrogate(lone.unpaired_surrogate(), &mut out),
        }
    }
    out
}

/// UTF-16 units of WTF-8 `text`: what LEN counts and what bounds `nvarchar(n)`.
#[must_use]
pub fn utf16_len(text: &[u8]) -> usize {
    // Every character starts with a byte that is no continuation; four-byte ones need two units.
    text.iter().map(|&b| usize::from(b & 0xC0 != 0x80) + usize::from(b >= 0xF0)).sum()
}

fn push_surrogate(unit: u16, out: &mut Vec<u8>) {
    let [low, high] = unit.to_le_bytes();
    out.extend_from_slice(&[0xED, 0x80 | ((high & 0x0F) << 2) | (low >> 6), 0x80 | (low & 0x3F)]);
}

fn encode_wtf16(mut text: &[u8], out: &mut Vec<u8>) {
    while !text.is_empty() {
        match std::str::from_utf8(text) {
            Ok(rest) => {
                out.extend(rest.encode_utf16().flat_map(u16::to_le_bytes));
                return;
            }
            Err(stop) => {
                let (valid, rest) = text.split_at(stop.valid_up_to());
                out.extend(String::from_utf8_lossy(valid).encode_utf16().flat_map(u16::to_le_bytes));
                if let [0xED, b @ 0xA0..=0xBF, c @ 0x80..=0xBF, ..] = *rest {
                    let unit = 0xD000 | (u16::from(b & 0x3F) << 6) | u16::from(c & 0x3F);
                    out.extend_from_slice(&unit.to_le_bytes());
                    text = &rest[3..];
                } else {
                    out.extend_from_slice(&0xFFFD_u16.to_le_bytes());
                    text = &rest[1..];
                }
            }
        }
    }
}

fn encode_table(table: &[char; 128], text: &str, out: &mut Vec<u8>) {
    out.extend(text.chars().map(|c| match u8::try_from(u32::from(c)) {
        Ok(ascii @ 0..=0x7F) => ascii,
        _ => table.iter().zip(0x80_u8..).find(|(t, _)| **t == c).map_or(b'?', |(_, b)| b),
    }));
}

fn table_char(table: &[char; 128], byte: u8) -> char {
    match byte {
        0..=0x7F => char::from(byte),
        high => table[usize::from(high - 0x80)],
    }
}

fn encode_label(label: &str, text: &str, out: &mut Vec<u8>) {
    let page = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    let mut encoder = page.new_encoder();
    let mut rest = text;
    loop {
        let room =
            encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len() * 4);
        let start = out.len();
        out.resize(start + room, 0);
        let (outcome, read, written) =
            encoder.encode_from_utf8_without_replacement(rest, &mut out[start..], true);
        out.truncate(start + written);
        rest = &rest[read..];
        match outcome {
            encoding_rs::EncoderResult::Unmappable(_) => out.push(b'?'),
            encoding_rs::EncoderResult::InputEmpty => return,
            encoding_rs::EncoderResult::OutputFull => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: &str, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encode(encoding, text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn code_pages_encode_and_decode() {
        assert_eq!(encoded("windows-1252", "a€ü"), b"a\x80\xfc");
        assert_eq!(encoded("windows-1251", "Яж?"), b"\xdf\xe6?");
        assert_eq!(encoded("cp437", "ü█Ω"), b"\x81\xdb\xea");
        assert_eq!(encoded("cp850", "üØ"), b"\x81\x9d");
        assert_eq!(encoded("shift_jis", "日本"), b"\x93\xfa\x96\x7b");
        assert_eq!(encoded("windows-1252", "Я日"), b"??");
        for (page, text) in [("cp437", "ü█Ω"), ("cp850", "üØ"), ("windows-1253", "Ωmega"), ("utf-8", "日本")]
        {
            assert_eq!(decode(page, &encoded(page, text)), text.as_bytes(), "{page}");
        }
    }

    #[test]
    fn lone_surrogates_reach_utf16_and_come_back() {
        let units: [u8; 10] = [0x41, 0, 0x00, 0xD8, 0x42, 0, 0xFF, 0xDF, 0xE4, 0];
        let wtf8 = decode_utf16(&units);
        assert_eq!(wtf8, b"A\xED\xA0\x80B\xED\xBF\xBF\xC3\xA4");
        let mut back = Vec::new();
        encode_utf16(&wtf8, &mut back);
        assert_eq!(back, units);
        assert_eq!(utf16_len(&wtf8), 5);
    }

    #[test]
    fn pairs_are_two_units() {
        let mut out = Vec::new();
        encode_utf16("😀".as_bytes(), &mut out);
        assert_eq!(out, [0x3D, 0xD8, 0x00, 0xDE]);
        assert_eq!(utf16_len("a😀ä日".as_bytes()), 5);
    }
}
