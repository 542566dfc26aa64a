//! Code pages of `char`, `varchar` and `text`: which one a collation has by its name, and which texts it holds.
//!
//! The pages are Microsoft's. Where the Encoding Standard defines more than Windows does, it is not taken.

use encoding_rs::{BIG5, Encoding, GBK};

/// How bytes of a character column become text.
#[derive(Debug)]
pub enum CodePage {
    Utf8,
    /// ASCII below 128, this above; None: not defined.
    SingleByte(Box<[Option<char>; 128]>),
    DoubleByte(&'static Encoding),
}

impl CodePage {
    /// Of this number; None: unknown.
    #[must_use]
    pub fn numbered(number: u16) -> Option<Self> {
        Some(match number {
            437 => CodePage::SingleByte(table(CP437)),
            850 => CodePage::SingleByte(table(CP850)),
            874 => single_byte(encoding_rs::WINDOWS_874),
            932 => CodePage::DoubleByte(encoding_rs::SHIFT_JIS),
            936 => CodePage::DoubleByte(encoding_rs::GBK),
            949 => CodePage::DoubleByte(encoding_rs::EUC_KR),
            950 => CodePage::DoubleByte(encoding_rs::BIG5),
            1250 => single_byte(encoding_rs::WINDOWS_1250),
            1251 => single_byte(encoding_rs::WINDOWS_1251),
            1252 => single_byte(encoding_rs::WINDOWS_1252),
            1253 => single_byte(encoding_rs::WINDOWS_1253),
            1254 => single_byte(encoding_rs::WINDOWS_1254),
            1255 => single_byte(encoding_rs::WINDOWS_1255),
            1256 => single_byte(encoding_rs::WINDOWS_1256),
            1257 => single_byte(encoding_rs::WINDOWS_1257),
            1258 => single_byte(encoding_rs::WINDOWS_1258),
            _ => return None,
        })
    }

    /// Of a collation, by its name; None: it has none (Unicode only), or it is not known.
    #[must_use]
    pub fn named(collation: &str) -> Option<Self> {
        let upper = collation.to_ascii_uppercase();
        let parts: Vec<&str> = upper.split('_').collect();
        if parts.contains(&"UTF8") {
            return Some(Self::Utf8);
        }
        if parts.first() == Some(&"SQL") {
            // CP1 stands for 1252.
            let number = parts.iter().find_map(|part| part.strip_prefix("CP")?.parse::<u16>().ok())?;
            return Self::numbered(if number == 1 { 1252 } else { number });
        }
        let begins = |name: &&&str| {
            upper
                .strip_prefix(&name.to_ascii_uppercase())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        BY_NAME
            .iter()
            .find(|(_, names)| names.iter().any(|name| begins(&name)))
            .and_then(|(number, _)| Self::numbered(*number))
    }

    /// The bytes of a text that SQL Server keeps as it is; None: it would put other characters in the place of some, or
    /// Windows' page is not known well enough.
    #[must_use]
    pub fn encode_exactly(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::SingleByte(upper) => text
                .chars()
                .map(|c| match u8::try_from(c) {
                    Ok(byte) if byte < 128 => Some(byte),
                    _ if c.is_control() => None,
                    _ => (128u8..=255)
                        .zip(upper.iter())
                        .find_map(|(byte, own)| (*own == Some(c)).then_some(byte)),
                })
                .collect::<Option<_>>()?,
            Self::DoubleByte(encoding) => {
                let (bytes, _, failed) = encoding.encode(text);
                let mut rest = bytes.iter().copied();
                while let Some(lead) = rest.next() {
                    if lead >= 0x80
                        && (stands_alone(encoding, lead) || unassigned(encoding, lead, rest.next()?))
                    {
                        return None;
                    }
                }
                (!failed).then(|| bytes.into_owned())?
            }
        };
        (self.decode_exactly(&bytes).as_deref() == Some(text)).then_some(bytes)
    }

    /// A value as text, if the text stands for exactly these bytes; None: a byte that is not defined, or one of
    /// several ways to write the same characters (some pages of two bytes have them).
    #[must_use]
    pub fn decode_exactly(&self, raw: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(raw.to_vec()).ok(),
            Self::SingleByte(upper) => raw
                .iter()
                .map(|&byte| match byte {
                    0..128 => Some(char::from(byte)),
                    _ => upper[usize::from(byte - 128)],
                })
                .collect(),
            Self::DoubleByte(encoding) => {
                let text = encoding.decode_without_bom_handling_and_without_replacement(raw)?;
                let (again, _, failed) = encoding.encode(&text);
                (!failed && again == raw).then(|| text.into_owned())
            }
        }
    }
}

/// The upper half of a code page of one byte.
fn single_byte(encoding: &'static Encoding) -> CodePage {
    let mut upper = Box::new([None; 128]);
    for (byte, character) in (128u8..=255).zip(upper.iter_mut()) {
        *character = encoding
            .decode_without_bom_handling_and_without_replacement(&[byte])
            .and_then(|text| text.chars().next());
    }
    CodePage::SingleByte(upper)
}

fn table(characters: &str) -> Box<[Option<char>; 128]> {
    let mut upper = Box::new([None; 128]);
    for (place, character) in upper.iter_mut().zip(characters.chars()) {
        *place = Some(character);
    }
    upper
}

#[rustfmt::skip]
const CP437: &str =
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

#[rustfmt::skip]
const CP850: &str =
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
     └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Windows collations, by what their names begin with (learn.microsoft.com, "Windows collation name").
#[rustfmt::skip]
const BY_NAME: &[(u16, &[&str])] = &[
    (874, &["Thai"]),
    (932, &["Japanese"]),
    (936, &["Chinese_PRC", "Chinese_Simplified"]),
    (949, &["Korean"]),
    (950, &["Chinese_Hong_Kong", "Chinese_Taiwan", "Chinese_Traditional"]),
    (1250, &["Albanian", "Bosnian_Latin", "Croatian", "Czech", "Hungarian", "Polish", "Romanian", "Serbian_Latin", "Slovak", "Slovenian", "Turkmen"]),
    (1251, &["Azeri_Cyrillic", "Bashkir", "Bosnian_Cyrillic", "Cyrillic_General", "Kazakh", "Macedonian_FYROM", "Serbian_Cyrillic", "Tatar", "Ukrainian", "Yakut"]),
    (1252, &["Breton", "Corsican", "Danish_Greenlandic", "Danish_Norwegian", "Finnish_Swedish", "French", "Frisian", "Georgian_Modern_Sort", "German_PhoneBook", "Icelandic", "Latin1_General", "Mapudungan", "Modern_Spanish", "Mohawk", "Norwegian", "Romansh", "Sami_Norway", "Sami_Sweden_Finland", "Traditional_Spanish", "Welsh"]),
    (1253, &["Greek"]),
    (1254, &["Azeri_Latin", "Turkish", "Uzbek_Latin"]),
    (1255, &["Hebrew"]),
    (1256, &["Arabic", "Dari", "Persian", "Uighur", "Urdu"]),
    (1257, &["Estonian", "Latvian", "Lithuanian"]),
    (1258, &["Vietnamese"]),
];

/// A byte above ASCII that is a character of its own, or none, and never the first of a pair.
#[must_use]
pub fn stands_alone(encoding: &'static Encoding, byte: u8) -> bool {
    if encoding == encoding_rs::SHIFT_JIS {
        matches!(byte, 0x80 | 0xA0..=0xDF | 0xFD..)
    } else {
        matches!(byte, 0x80 | 0xFF)
    }
}

/// A pair that the Encoding Standard defines and Windows' code page does not, or as something else.
#[must_use]
pub fn unassigned(encoding: &'static Encoding, lead: u8, byte: u8) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_of_our_own_are_complete() {
        assert_eq!((CP437.chars().count(), CP850.chars().count()), (128, 128));
    }

    #[test]
    fn a_collations_name_says_its_page() {
        let holds = |name: &str, text: &str| {
            CodePage::named(name).is_some_and(|page| page.encode_exactly(text).is_some())
        };
        for (name, held, not) in [
            ("SQL_Latin1_General_CP1_CI_AS", "Año €", "Да"),
            ("Latin1_General_100_CI_AS", "Größe", "ł"),
            ("SQL_Latin1_General_CP850_BIN2", "Größe", "€"),
            ("Cyrillic_General_CI_AS", "Да", "é"),
            ("chinese_prc_ci_as", "女男", "ⅰ"),
            ("Chinese_Taiwan_Stroke_CI_AS", "女男", "ㄅ㆐"),
            ("Japanese_XJIS_140_CI_AS", "カナ漢字", "¥"),
            ("Korean_Wansung_CI_AS", "한국", "é"),
            ("Greek_100_CI_AS", "Ωμέγα", "Д"),
            ("Vietnamese_CI_AS", "đ", "ế"),
            ("Latin1_General_100_CI_AS_SC_UTF8", "女Да", ""),
        ] {
            assert!(holds(name, held), "{name} {held}");
            if !not.is_empty() {
                assert!(!holds(name, not), "{name} {not}");
            }
        }
        assert!(CodePage::named("Indic_General_100_CI_AS").is_none());
        assert!(CodePage::named("Frenchman_CI_AS").is_none());
    }
}
