//! From the bytes of a key's value on the wire (MS-TDS 2.2.5.5) to the literal that, cast to the column's type, is that
//! very value. None for what has no exact literal.
//!
//! Formats do not depend on language or DATEFORMAT (MS docs, "CAST and CONVERT": ISO 8601 with `T`; "date":
//! `yyyy-mm-dd`).

use crate::model::bound::Literal;
use crate::sqlserver::wire::{CodePage, WireType, code_page};
use std::fmt::Write as _;

/// 0001-01-01 to 1970-01-01 in days.
const EPOCH_FROM_YEAR_1: i64 = 719_162;
/// 0001-01-01 to 1900-01-01 in days.
const YEAR_1900: i64 = 693_595;
/// 9999-12-31 in days since 0001-01-01.
const LAST_DAY: i64 = 3_652_058;

/// Makes the literals of one column.
#[derive(Debug)]
pub(super) struct LiteralMaker {
    ty: WireType,
    /// Of char and varchar, if it is known.
    page: Option<CodePage>,
}

impl LiteralMaker {
    pub(super) fn new(ty: &WireType) -> Self {
        let page = match ty {
            WireType::Char { collation, .. } | WireType::VarChar { collation, .. } => code_page(*collation),
            _ => None,
        };
        Self { ty: ty.clone(), page }
    }

    /// The literal of a value; None: not one that the type has, or none that would give it back exactly.
    pub(super) fn literal(&self, raw: &[u8]) -> Option<Literal> {
        match self.ty {
            WireType::TinyInt => {
                let &[byte] = raw else { return None };
                number(i64::from(byte))
            }
            WireType::SmallInt => number(i64::from(i16::from_le_bytes(raw.try_into().ok()?))),
            WireType::Int => number(i64::from(i32::from_le_bytes(raw.try_into().ok()?))),
            WireType::BigInt => number(i64::from_le_bytes(raw.try_into().ok()?)),
            WireType::SmallMoney => {
                let units = i32::from_le_bytes(raw.try_into().ok()?);
                Some(decimal(units < 0, u128::from(units.unsigned_abs()), 4))
            }
            WireType::Money => {
                // The high half comes first.
                let (high, low) = raw.split_first_chunk::<4>()?;
                let low = u32::from_le_bytes(low.try_into().ok()?);
                let units = i64::from(i32::from_le_bytes(*high)) << 32 | i64::from(low);
                Some(decimal(units < 0, u128::from(units.unsigned_abs()), 4))
            }
            WireType::Decimal { scale, .. } => numeric(raw, scale),
            WireType::Date => Some(Literal::text(&date(raw)?)),
            WireType::Time { scale } => Some(Literal::text(&time(raw, scale)?)),
            WireType::SmallDateTime => smalldatetime(raw),
            WireType::DateTime => datetime(raw),
            WireType::DateTime2 { scale } => {
                let (clock, day) = raw.split_at_checked(raw.len().checked_sub(3)?)?;
                Some(Literal::text(&format!("{}T{}", date(day)?, time(clock, scale)?)))
            }
            WireType::DateTimeOffset { scale } => datetimeoffset(raw, scale),
            WireType::Guid => guid(raw),
            WireType::Binary { .. } | WireType::VarBinary { max_bytes: Some(_) } => {
                Some(Literal::binary(raw))
            }
            WireType::NChar { .. } | WireType::NVarChar { max_bytes: Some(_) } => utf16(raw),
            WireType::Char { .. } | WireType::VarChar { max_bytes: Some(_), .. } => {
                Some(text(&self.page.as_ref()?.decode_exactly(raw)?))
            }
            _ => None,
        }
    }
}

fn number(value: i64) -> Option<Literal> {
    Literal::parse(&value.to_string()).ok()
}

/// As text: numeric literals lose a digit to the zero before the point at scale 38.
fn decimal(negative: bool, magnitude: u128, scale: u8) -> Literal {
    let scale = usize::from(scale);
    let digits = format!("{magnitude:0width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if negative { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Literal::text(&format!("{sign}{whole}{point}{fraction}"))
}

/// A sign byte (1: positive) and 4 to 16 bytes of magnitude.
fn numeric(raw: &[u8], scale: u8) -> Option<Literal> {
    let (&sign, magnitude) = raw.split_first()?;
    if sign > 1 || !matches!(magnitude.len(), 4 | 8 | 12 | 16) {
        return None;
    }
    let mut bytes = [0; 16];
    bytes[..magnitude.len()].copy_from_slice(magnitude);
    Some(decimal(sign == 0, u128::from_le_bytes(bytes), scale))
}

fn date(raw: &[u8]) -> Option<String> {
    let &[low, middle, high] = raw else { return None };
    day(i64::from(u32::from_le_bytes([low, middle, high, 0])))
}

/// `yyyy-mm-dd` of days since 0001-01-01.
fn day(days: i64) -> Option<String> {
    if !(0..=LAST_DAY).contains(&days) {
        return None;
    }
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(days - EPOCH_FROM_YEAR_1)).ok()?;
    Some(format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
}

/// `hh:mm:ss.fffffff` with as many digits as the scale has.
fn time(raw: &[u8], scale: u8) -> Option<String> {
    let expected = match scale {
        0..=2 => 3,
        3 | 4 => 4,
        5..=7 => 5,
        _ => return None,
    };
    if raw.len() != expected {
        return None;
    }
    let mut bytes = [0; 8];
    bytes[..expected].copy_from_slice(raw);
    let (units, each) = (u64::from_le_bytes(bytes), 10_u64.pow(u32::from(scale)));
    let mut text = clock(units / each)?;
    if scale > 0 {
        let _ = write!(text, ".{:0width$}", units % each, width = usize::from(scale));
    }
    Some(text)
}

/// `hh:mm:ss`
fn clock(seconds: u64) -> Option<String> {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    (hours < 24).then(|| format!("{hours:02}:{minutes:02}:{:02}", seconds % 60))
}

/// Days since 1900 and minutes.
fn smalldatetime(raw: &[u8]) -> Option<Literal> {
    let &[a, b, c, d] = raw else { return None };
    let date = day(YEAR_1900 + i64::from(u16::from_le_bytes([a, b])))?;
    let clock = clock(u64::from(u16::from_le_bytes([c, d])) * 60)?;
    Some(Literal::text(&format!("{date}T{clock}")))
}

/// Days since 1900 and 1/300 seconds, which SQL Server shows and reads as .000, .003 and .007.
fn datetime(raw: &[u8]) -> Option<Literal> {
    let &[a, b, c, d, e, f, g, h] = raw else { return None };
    let date = day(YEAR_1900 + i64::from(i32::from_le_bytes([a, b, c, d])))?;
    let ticks = u64::from(u32::from_le_bytes([e, f, g, h]));
    let clock = clock(ticks / 300)?;
    let millis = (ticks % 300 * 10 + 1) / 3;
    Some(Literal::text(&format!("{date}T{clock}.{millis:03}")))
}

/// UTC, then the offset in minutes: written as the local time with its offset, as it was given.
fn datetimeoffset(raw: &[u8], scale: u8) -> Option<Literal> {
    let (instant, offset) = raw.split_at_checked(raw.len().checked_sub(2)?)?;
    let offset = i64::from(i16::from_le_bytes(offset.try_into().ok()?));
    let (clock, date) = instant.split_at_checked(instant.len().checked_sub(3)?)?;
    let &[low, middle, high] = date else { return None };
    let days = i64::from(u32::from_le_bytes([low, middle, high, 0]));
    // Only minutes move; the text of the time keeps its seconds and digits.
    let utc = time(clock, scale)?;
    let (hours, rest) = utc.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let local = days * 1440 + hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()? + offset;
    let date = day(local.div_euclid(1440))?;
    let (hours, minutes) = (local.rem_euclid(1440) / 60, local.rem_euclid(60));
    if offset.abs() > 14 * 60 {
        return None;
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let (zone_hours, zone_minutes) = (offset.abs() / 60, offset.abs() % 60);
    Some(Literal::text(&format!(
        "{date}T{hours:02}:{minutes:02}:{seconds}{sign}{zone_hours:02}:{zone_minutes:02}"
    )))
}

/// The first three groups are little-endian on the wire.
fn guid(raw: &[u8]) -> Option<Literal> {
    let raw: &[u8; 16] = raw.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, byte) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{:02X}", raw[byte]);
    }
    Some(Literal::text(&text))
}

/// `N'…'`, or the bytes themselves if they are no well-formed text or have control characters.
fn utf16(raw: &[u8]) -> Option<Literal> {
    if !raw.len().is_multiple_of(2) {
        return None;
    }
    let units = raw.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    Some(match char::decode_utf16(units).collect::<Result<String, _>>() {
        Ok(value) => text(&value),
        Err(_) => Literal::binary(raw),
    })
}

fn text(value: &str) -> Literal {
    if value.chars().any(char::is_control) {
        let bytes: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Literal::binary(&bytes);
    }
    Literal::unicode(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATIN1: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];
    const GREEK: [u8; 5] = [0x08, 0x04, 0xD0, 0x00, 0x00];
    const JAPANESE: [u8; 5] = [0x11, 0x04, 0xD0, 0x00, 0x00];

    fn made(ty: WireType, raw: &[u8]) -> Option<String> {
        LiteralMaker::new(&ty).literal(raw).map(|literal| literal.as_str().to_owned())
    }

    #[track_caller]
    fn is(ty: WireType, raw: &[u8], expected: &str) {
        assert_eq!(made(ty, raw).as_deref(), Some(expected));
        assert!(Literal::parse(expected).is_ok());
    }

    fn le<const N: usize>(value: u64) -> [u8; N] {
        value.to_le_bytes()[..N].try_into().unwrap()
    }

    #[test]
    fn whole_numbers() {
        is(WireType::TinyInt, &[255], "255");
        is(WireType::SmallInt, &[0, 0x80], "-32768");
        is(WireType::Int, &[0xFF; 4], "-1");
        is(WireType::BigInt, &i64::MIN.to_le_bytes(), "-9223372036854775808");
        is(WireType::BigInt, &i64::MAX.to_le_bytes(), "9223372036854775807");
        assert_eq!(made(WireType::Int, &[1, 2]), None);
    }

    #[test]
    fn exact_numbers_keep_every_digit() {
        let ty = |precision, scale| WireType::Decimal { precision, scale };
        is(ty(9, 2), &[1, 0x39, 0x30, 0, 0], "'123.45'");
        is(ty(9, 0), &[0, 7, 0, 0, 0], "'-7'");
        let mut most = vec![1];
        most.extend((10_u128.pow(38) - 1).to_le_bytes());
        is(ty(38, 0), &most, &format!("'{}'", "9".repeat(38)));
        is(ty(38, 38), &most, &format!("'0.{}'", "9".repeat(38)));
        let mut least = vec![0];
        least.extend(1_u128.to_le_bytes());
        is(ty(38, 38), &least, &format!("'-0.{}1'", "0".repeat(37)));
        assert_eq!(made(ty(9, 0), &[2, 0, 0, 0, 0]), None);
        assert_eq!(made(ty(9, 0), &[1, 0]), None);
        // 2^32 + 1 ten-thousandths, the high half first; then the ends of both types.
        is(WireType::Money, &[1, 0, 0, 0, 1, 0, 0, 0], "'429496.7297'");
        is(WireType::Money, &[0, 0, 0, 0x80, 0, 0, 0, 0], "'-922337203685477.5808'");
        is(WireType::Money, &[0xFF; 8], "'-0.0001'");
        is(WireType::SmallMoney, &i32::MIN.to_le_bytes(), "'-214748.3648'");
    }

    #[test]
    fn days_and_times() {
        is(WireType::Date, &le::<3>(0), "'0001-01-01'");
        is(WireType::Date, &le::<3>(3_652_058), "'9999-12-31'");
        is(WireType::Date, &le::<3>(738_944), "'2024-02-29'");
        assert_eq!(made(WireType::Date, &le::<3>(3_652_059)), None);
        is(WireType::Time { scale: 0 }, &le::<3>(86_399), "'23:59:59'");
        is(WireType::Time { scale: 7 }, &le::<5>(863_999_999_999), "'23:59:59.9999999'");
        is(WireType::Time { scale: 3 }, &le::<4>(1), "'00:00:00.001'");
        assert_eq!(made(WireType::Time { scale: 0 }, &le::<3>(86_400)), None);
        assert_eq!(made(WireType::Time { scale: 7 }, &le::<3>(0)), None);
    }

    #[test]
    fn moments() {
        let datetime = |days: i32, ticks: u32| [days.to_le_bytes(), ticks.to_le_bytes()].concat();
        is(WireType::DateTime, &datetime(0, 0), "'1900-01-01T00:00:00.000'");
        is(WireType::DateTime, &datetime(-53_690, 1), "'1753-01-01T00:00:00.003'");
        is(WireType::DateTime, &datetime(45_291, 25_919_999), "'2024-01-02T23:59:59.997'");
        is(WireType::DateTime, &datetime(0, 2), "'1900-01-01T00:00:00.007'");
        assert_eq!(made(WireType::DateTime, &datetime(0, 25_920_000)), None);
        is(WireType::SmallDateTime, &[0xFF, 0xFF, 0x9F, 0x05], "'2079-06-06T23:59:00'");
        let mut both = le::<5>(863_999_999_999).to_vec();
        both.extend(le::<3>(3_652_058));
        is(WireType::DateTime2 { scale: 7 }, &both, "'9999-12-31T23:59:59.9999999'");
        let mut seconds = le::<3>(1).to_vec();
        seconds.extend(le::<3>(738_944));
        is(WireType::DateTime2 { scale: 0 }, &seconds, "'2024-02-29T00:00:01'");
        assert_eq!(made(WireType::DateTime2 { scale: 0 }, &[0, 0]), None);
    }

    #[test]
    fn an_offset_is_kept() {
        let value = |units: u64, day: u64, offset: i16| {
            let mut raw = le::<5>(units).to_vec();
            raw.extend(le::<3>(day));
            raw.extend(offset.to_le_bytes());
            raw
        };
        let ty = WireType::DateTimeOffset { scale: 7 };
        is(ty.clone(), &value(1, 738_944, 0), "'2024-02-29T00:00:00.0000001+00:00'");
        is(ty.clone(), &value(0, 738_944, -330), "'2024-02-28T18:30:00.0000000-05:30'");
        is(ty.clone(), &value(828_000_000_000, 738_944, 120), "'2024-03-01T01:00:00.0000000+02:00'");
        assert_eq!(made(ty.clone(), &value(0, 0, -60)), None);
        assert_eq!(made(ty, &value(0, 738_944, 900)), None);
    }

    #[test]
    fn the_groups_of_a_uniqueidentifier() {
        let raw: Vec<u8> = (0..16).collect();
        is(WireType::Guid, &raw, "'03020100-0504-0706-0809-0A0B0C0D0E0F'");
        assert_eq!(made(WireType::Guid, &raw[1..]), None);
    }

    #[test]
    fn bytes() {
        is(WireType::Binary { max_bytes: 2 }, &[0, 0xAF], "0x00AF");
        is(WireType::VarBinary { max_bytes: Some(9) }, &[], "0x");
        assert_eq!(made(WireType::VarBinary { max_bytes: None }, &[1]), None);
    }

    #[test]
    fn unicode_text() {
        let ty = WireType::NVarChar { max_bytes: Some(40) };
        let raw = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        is(ty.clone(), &raw("o'k é \u{1F600}  "), "N'o''k é \u{1F600}  '");
        is(ty.clone(), &[], "N''");
        is(ty.clone(), &raw("a\nb"), "0x61000A006200");
        is(ty.clone(), &raw("\0"), "0x0000");
        is(ty.clone(), &[0x3D, 0xD8], "0x3DD8");
        assert_eq!(made(ty, &[1]), None);
        is(WireType::NChar { max_bytes: 4 }, &raw("a "), "N'a '");
        assert_eq!(made(WireType::NVarChar { max_bytes: None }, &raw("a")), None);
    }

    #[test]
    fn text_of_a_code_page() {
        let ty = |collation| WireType::VarChar { max_bytes: Some(20), collation };
        is(ty(LATIN1), &[b'a', 0x80, 0xE9], "N'a\u{20AC}é'");
        is(ty(GREEK), &[0xE1, b'\''], "N'α'''");
        is(ty(GREEK), b"a\tb", "0x610009006200");
        // Not defined in the code page; a second code of one character; no known code page.
        assert_eq!(made(ty(GREEK), &[0xAA]), None);
        assert_eq!(made(ty(JAPANESE), &[0x87, 0x9B]), None);
        assert_eq!(made(ty([0; 5]), b"a"), None);
        is(WireType::Char { max_bytes: 3, collation: LATIN1 }, b"a  ", "N'a  '");
        assert_eq!(made(WireType::VarChar { max_bytes: None, collation: LATIN1 }, b"a"), None);
    }

    #[test]
    fn what_is_no_key_has_no_literal() {
        for ty in
            [WireType::Bit, WireType::Float, WireType::Real, WireType::Xml, WireType::Variant, WireType::Null]
        {
            assert_eq!(made(ty, &[0; 8]), None);
        }
    }
}
