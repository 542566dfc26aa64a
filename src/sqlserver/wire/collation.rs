//! From the collation bytes of the wire (MS-TDS 2.2.5.1.2) to the code page of `char`, `varchar` and `text`.
//!
//! A sort id names the code page of a SQL collation, the LCID that of a Windows collation; bit 26 stands for UTF-8.
//! Both tables are Microsoft's (mssql-jdbc `SQLCollation.java`). A collation that is in neither is refused, never
//! guessed; so are bytes that a code page does not define.

use super::Collation;
use crate::model::code_page::CodePage;

/// The code page of a collation; None: unknown.
#[must_use]
pub fn code_page(collation: Collation) -> Option<CodePage> {
    const UTF8: u32 = 1 << 26;
    let [a, b, c, d, sort_id] = collation;
    let word = u32::from_le_bytes([a, b, c, d]);
    if word & UTF8 != 0 {
        return Some(CodePage::Utf8);
    }
    let number = if sort_id == 0 { by_lcid(u16::from_le_bytes([a, b]))? } else { by_sort_id(sort_id)? };
    CodePage::numbered(number)
}

#[rustfmt::skip]
fn by_lcid(lcid: u16) -> Option<u16> {
    Some(match lcid {
        0x041E => 874,
        0x0411 => 932,
        0x0804 | 0x1004 => 936,
        0x0412 => 949,
        0x0404 | 0x0C04 | 0x1404 => 950,
        0x0405 | 0x040E | 0x0415 | 0x0418 | 0x041A..=0x041C | 0x0424 | 0x0442 | 0x081A | 0x101A | 0x141A
            | 0x181A => 1250,
        0x0402 | 0x0419 | 0x0422 | 0x0423 | 0x0428 | 0x042F | 0x043F | 0x0440 | 0x0444 | 0x0450 | 0x046D
            | 0x0485 | 0x082C | 0x0843 | 0x0850 | 0x0C1A | 0x1C1A | 0x201A => 1251,
        0x0403 | 0x0406 | 0x0407 | 0x0409..=0x040C | 0x040F | 0x0410 | 0x0413 | 0x0414 | 0x0416 | 0x0417
            | 0x041D | 0x0421 | 0x042B | 0x042D | 0x042E | 0x0432 | 0x0434..=0x0438 | 0x043B | 0x043E
            | 0x0441 | 0x0452 | 0x0456 | 0x045D | 0x045E | 0x0462 | 0x0464 | 0x0468 | 0x046A..=0x046C
            | 0x046E..=0x0470 | 0x0478 | 0x047A | 0x047C | 0x047E | 0x0482..=0x0484 | 0x0486..=0x0488
            | 0x0807 | 0x0809 | 0x080A | 0x080C | 0x0810 | 0x0813 | 0x0814 | 0x0816 | 0x081D | 0x082E
            | 0x083B | 0x083C | 0x083E | 0x085D | 0x085F | 0x086B | 0x0C07 | 0x0C09 | 0x0C0A | 0x0C0C
            | 0x0C3B | 0x0C6B | 0x1007 | 0x1009 | 0x100A | 0x100C | 0x103B | 0x1407 | 0x1409 | 0x140A
            | 0x140C | 0x143B | 0x1809 | 0x180A | 0x180C | 0x183B | 0x1C09 | 0x1C0A | 0x1C3B | 0x2009
            | 0x200A | 0x203B | 0x2409 | 0x240A | 0x243B | 0x2809 | 0x280A | 0x2C09 | 0x2C0A | 0x3009
            | 0x300A | 0x3409 | 0x340A | 0x380A | 0x3C0A | 0x4009 | 0x400A | 0x4409 | 0x440A | 0x4809
            | 0x480A | 0x4C0A | 0x500A | 0x540A => 1252,
        0x0408 => 1253,
        0x041F | 0x042C | 0x0443 => 1254,
        0x040D => 1255,
        0x0401 | 0x0420 | 0x0429 | 0x0480 | 0x048C | 0x0801 | 0x0C01 | 0x1001 | 0x1401 | 0x1801 | 0x1C01
            | 0x2001 | 0x2401 | 0x2801 | 0x2C01 | 0x3001 | 0x3401 | 0x3801 | 0x3C01 | 0x4001 => 1256,
        0x0425..=0x0427 | 0x0827 => 1257,
        0x042A => 1258,
        _ => return None,
    })
}

#[rustfmt::skip]
fn by_sort_id(sort_id: u8) -> Option<u16> {
    Some(match sort_id {
        30..=35 => 437,
        40..=45 | 49 | 55..=61 => 850,
        204..=206 => 874,
        192 | 193 | 200 => 932,
        198 | 199 | 203 => 936,
        194 | 195 => 949,
        196 | 197 | 201 | 202 => 950,
        80..=98 => 1250,
        104..=108 => 1251,
        50..=54 | 71..=75 | 183..=186 | 210..=217 => 1252,
        112..=114 | 120..=122 | 124 => 1253,
        128..=130 => 1254,
        136..=138 => 1255,
        144..=146 => 1256,
        152..=160 => 1257,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lcid: u32, sort_id: u8) -> Option<CodePage> {
        let [a, b, c, d] = lcid.to_le_bytes();
        code_page([a, b, c, d, sort_id])
    }

    fn upper(page: Option<CodePage>, byte: u8) -> Option<char> {
        match page {
            Some(CodePage::SingleByte(upper)) => upper[usize::from(byte - 128)],
            other => panic!("{other:?} is no page of one byte"),
        }
    }

    #[test]
    fn sort_id_before_lcid() {
        // SQL_Latin1_General_CP1_CI_AS, Latin1_General_CI_AS, Cyrillic_General_CI_AS
        assert_eq!(upper(page(0x00D0_0409, 52), 0x80), Some('\u{20AC}'));
        assert_eq!(upper(page(0x00D0_0409, 0), 0xFF), Some('\u{FF}'));
        assert_eq!(upper(page(0x00D0_0419, 0), 0xC0), Some('\u{410}'));
        // SQL_Latin1_General_CP437 and CP850
        assert_eq!(upper(page(0x0409, 30), 0x80), Some('\u{C7}'));
        assert_eq!(upper(page(0x0409, 30), 0xFF), Some('\u{A0}'));
        assert_eq!(upper(page(0x0409, 40), 0xD5), Some('\u{131}'));
        assert!(matches!(page(0x0411, 0), Some(CodePage::DoubleByte(e)) if e == encoding_rs::SHIFT_JIS));
    }

    #[test]
    fn the_utf8_bit_wins() {
        assert!(matches!(page(0x2400_0409 | 1 << 26, 0), Some(CodePage::Utf8)));
    }

    #[test]
    fn an_unknown_collation_has_no_code_page() {
        assert!(page(0, 0).is_none());
        assert!(page(0x0409, 1).is_none());
        // Hindi: no code page exists, only nvarchar.
        assert!(page(0x0439, 0).is_none());
    }

    #[test]
    fn an_undefined_byte_stays_undefined() {
        assert_eq!(upper(page(0x0408, 0), 0xAA), None);
    }

    #[test]
    fn a_text_is_decoded_where_it_stands_for_its_bytes_alone() {
        let greek = page(0x0408, 0).unwrap();
        assert_eq!(greek.decode_exactly(&[b'a', 0xE1]), Some("a\u{3B1}".to_owned()));
        assert_eq!(greek.decode_exactly(&[0xAA]), None);
        let japanese = page(0x0411, 0).unwrap();
        assert_eq!(japanese.decode_exactly(&[0x82, 0xA0]), Some("\u{3042}".to_owned()));
        // U+222A has two codes in the page; this is the one that nothing writes.
        assert_eq!(japanese.decode_exactly(&[0x87, 0x9B]), None);
        let utf8 = page(0x2400_0409 | 1 << 26, 0).unwrap();
        assert_eq!(utf8.decode_exactly("\u{1F600}".as_bytes()), Some("\u{1F600}".to_owned()));
        assert_eq!(utf8.decode_exactly(&[0xFF]), None);
    }
}
