//! Values as the text that SQL Server itself writes: every digit of the declared scale, ISO dates, upper-case
//! uniqueidentifiers, hex for bytes. What SQL Server would round in its text (money, float) is written in full.

use super::super::time::LAST_DAY;
use super::Refusal;
use super::field::{decimal, fixed};

/// 1900-01-01 in days since 0001-01-01.
const YEAR_1900: i32 = 693_595;
const HEX: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) enum TextForm {
    Decimal(u8),
    Money,
    SmallMoney,
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Guid,
}

impl TextForm {
    /// Appends the text.
    pub(super) fn write(self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Decimal(scale) => {
                let (negative, magnitude) = decimal(raw)?;
                digits(out, negative, magnitude, scale);
            }
            Self::Money => {
                let [a, b, c, d, e, f, g, h] = fixed(raw)?;
                let amount = i64::from_le_bytes([e, f, g, h, a, b, c, d]);
                digits(out, amount < 0, u128::from(amount.unsigned_abs()), 4);
            }
            Self::SmallMoney => {
                let amount = i32::from_le_bytes(fixed(raw)?);
                digits(out, amount < 0, u128::from(amount.unsigned_abs()), 4);
            }
            Self::Date => day(out, days(raw)?)?,
            Self::Time(scale) => clock(out, units(raw, scale)?, scale),
            Self::SmallDateTime => {
                let [a, b, c, d] = fixed(raw)?;
                let minutes = u16::from_le_bytes([c, d]);
                if minutes >= 1440 {
                    return Err(Refusal::Malformed);
                }
                day(out, YEAR_1900 + i32::from(u16::from_le_bytes([a, b])))?;
                out.push(b' ');
                clock(out, u64::from(minutes) * 60, 0);
            }
            Self::DateTime => {
                let [a, b, c, d, e, f, g, h] = fixed(raw)?;
                let ticks = u32::from_le_bytes([e, f, g, h]);
                let since = i32::from_le_bytes([a, b, c, d]);
                if ticks >= 300 * 86_400 {
                    return Err(Refusal::Malformed);
                }
                day(out, since.checked_add(YEAR_1900).ok_or(Refusal::Malformed)?)?;
                out.push(b' ');
                clock(out, (u64::from(ticks) * 10 + 1) / 3, 3);
            }
            Self::DateTime2(scale) => {
                let at = raw.len().checked_sub(3).ok_or(Refusal::Malformed)?;
                let (time, date) = raw.split_at(at);
                day(out, days(date)?)?;
                out.push(b' ');
                clock(out, units(time, scale)?, scale);
            }
            Self::DateTimeOffset(scale) => return moment(out, raw, scale),
            Self::Guid => guid(out, fixed(raw)?),
        }
        Ok(())
    }
}

/// The local time and its offset: `2024-01-31 12:00:00.0000000 +02:00`.
fn moment(out: &mut Vec<u8>, raw: &[u8], scale: u8) -> Result<(), Refusal> {
    let at = raw.len().checked_sub(5).ok_or(Refusal::Malformed)?;
    let (time, rest) = raw.split_at(at);
    let [a, b, c, low, high] = fixed(rest)?;
    let offset = i16::from_le_bytes([low, high]);
    if offset.unsigned_abs() > 840 {
        return Err(Refusal::Malformed);
    }
    let second = 10i64.pow(u32::from(scale.min(7)));
    let utc = i64::try_from(units(time, scale)?).map_err(|_| Refusal::Malformed)?;
    let local = utc + i64::from(offset) * 60 * second;
    let length = 86_400 * second;
    let over = i32::try_from(local.div_euclid(length)).map_err(|_| Refusal::Malformed)?;
    day(out, days(&[a, b, c])? + over)?;
    out.push(b' ');
    clock(out, u64::try_from(local.rem_euclid(length)).map_err(|_| Refusal::Malformed)?, scale);
    out.extend_from_slice(if offset < 0 { b" -" } else { b" +" });
    let minutes = u64::from(offset.unsigned_abs());
    padded(out, minutes / 60, 2);
    out.push(b':');
    padded(out, minutes % 60, 2);
    Ok(())
}

/// `magnitude` x 10^-`scale`; all digits of the scale.
pub(super) fn digits(out: &mut Vec<u8>, negative: bool, magnitude: u128, scale: u8) {
    let mut places = [b'0'; 40];
    let (mut rest, mut first) = (magnitude, places.len());
    // 39 digits are more than any u128 of a decimal has; a digit before the point is always written.
    let least = usize::from(scale.min(38)) + 1;
    while first > 0 && (rest > 0 || places.len() - first < least) {
        first -= 1;
        let digit = (rest % 10) as u8;
        places[first] = b'0' + digit;
        rest /= 10;
    }
    if negative && magnitude != 0 {
        out.push(b'-');
    }
    let (whole, fraction) = places[first..].split_at(places.len() - first - usize::from(scale.min(38)));
    out.extend_from_slice(whole);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

/// The shortest text that stands for exactly this number, as PostgreSQL writes it.
pub(super) fn float(out: &mut Vec<u8>, shortest: &str) {
    out.extend_from_slice(shortest.strip_suffix(".0").unwrap_or(shortest).as_bytes());
}

/// Two lower-case digits a byte.
pub(super) fn hex(out: &mut Vec<u8>, raw: &[u8]) {
    out.reserve(raw.len() * 2);
    for byte in raw {
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

fn guid(out: &mut Vec<u8>, raw: [u8; 16]) {
    for (place, at) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(&[UPPER[usize::from(raw[at] >> 4)], UPPER[usize::from(raw[at] & 15)]]);
    }
}

fn days(raw: &[u8]) -> Result<i32, Refusal> {
    let [a, b, c] = fixed(raw)?;
    Ok(i32::from_le_bytes([a, b, c, 0]))
}

/// Units of 10^-scale seconds since midnight.
fn units(raw: &[u8], scale: u8) -> Result<u64, Refusal> {
    let length = match scale {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    };
    if raw.len() != length || scale > 7 {
        return Err(Refusal::Malformed);
    }
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(raw);
    let units = u64::from_le_bytes(bytes);
    if units < 86_400 * 10u64.pow(u32::from(scale)) { Ok(units) } else { Err(Refusal::Malformed) }
}

fn clock(out: &mut Vec<u8>, units: u64, scale: u8) {
    let second = 10u64.pow(u32::from(scale.min(7)));
    let seconds = units / second;
    padded(out, seconds / 3600, 2);
    out.push(b':');
    padded(out, seconds / 60 % 60, 2);
    out.push(b':');
    padded(out, seconds % 60, 2);
    if scale > 0 {
        out.push(b'.');
        padded(out, units % second, usize::from(scale.min(7)));
    }
}

/// A day as year, month and day (the proleptic Gregorian calendar; years begin in March here, so that the day that is
/// sometimes there comes last).
fn day(out: &mut Vec<u8>, days: i32) -> Result<(), Refusal> {
    if !(0..=LAST_DAY).contains(&days) {
        return Err(Refusal::Malformed);
    }
    let shifted = u64::try_from(days).map_err(|_| Refusal::Malformed)? + 306;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    padded(out, era * 400 + year_of_era + u64::from(month <= 2), 4);
    out.push(b'-');
    padded(out, month, 2);
    out.push(b'-');
    padded(out, day, 2);
    Ok(())
}

fn padded(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        let digit = (value % 10) as u8;
        *place = b'0' + digit;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(what: TextForm, raw: &[u8]) -> Result<String, ()> {
        let mut out = Vec::new();
        what.write(&mut out, raw).map_err(|_| ())?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn le(value: i64, length: usize) -> Vec<u8> {
        value.to_le_bytes()[..length].to_vec()
    }

    #[test]
    fn every_day_of_the_calendar_is_the_one_of_another_library() {
        let first = jiff::civil::date(1, 1, 1);
        for days in (0..=LAST_DAY).step_by(13).chain([0, 58, 59, 60, 365, 1154, 730_178, LAST_DAY]) {
            let expected = first.checked_add(jiff::Span::new().days(i64::from(days))).unwrap().to_string();
            assert_eq!(written(TextForm::Date, &le(i64::from(days), 3)), Ok(expected));
        }
        assert_eq!(written(TextForm::Date, &le(i64::from(LAST_DAY) + 1, 3)), Err(()));
    }

    #[test]
    fn every_digit_of_a_time_is_written() {
        assert_eq!(written(TextForm::Time(7), &le(863_999_999_999, 5)).unwrap(), "23:59:59.9999999");
        assert_eq!(written(TextForm::Time(0), &le(1, 3)).unwrap(), "00:00:01");
        assert_eq!(written(TextForm::Time(3), &le(1, 4)).unwrap(), "00:00:00.001");
        assert_eq!(written(TextForm::Time(7), &le(864_000_000_000, 5)), Err(()));
        let raw = [le(1, 5), le(730_119, 3)].concat();
        assert_eq!(written(TextForm::DateTime2(7), &raw).unwrap(), "2000-01-01 00:00:00.0000001");
        let raw = [le(2_958_463, 4), le(25_919_999, 4)].concat();
        assert_eq!(written(TextForm::DateTime, &raw).unwrap(), "9999-12-31 23:59:59.997");
        assert_eq!(written(TextForm::SmallDateTime, &[0xFF, 0xFF, 0x9F, 5]).unwrap(), "2079-06-06 23:59:00");
    }

    #[test]
    fn an_offset_is_written_with_the_local_time() {
        let raw = |ticks, days, offset| [le(ticks, 5), le(days, 3), le(offset, 2)].concat();
        let text = |ticks, days, offset| written(TextForm::DateTimeOffset(7), &raw(ticks, days, offset));
        assert_eq!(text(1, 730_119, 840).unwrap(), "2000-01-01 14:00:00.0000001 +14:00");
        assert_eq!(text(0, 730_119, -30).unwrap(), "1999-12-31 23:30:00.0000000 -00:30");
        assert_eq!(text(863_999_999_999, 3_652_057, 1).unwrap(), "9999-12-31 00:00:59.9999999 +00:01");
        // Local times before year 1 or behind 9999 do not exist.
        assert_eq!(text(0, 0, -1), Err(()));
        assert_eq!(text(0, 730_119, 841), Err(()));
    }

    #[test]
    fn numbers_keep_the_digits_of_their_scale() {
        let decimal = |negative: bool, magnitude: u128, scale| {
            let raw = [&[u8::from(!negative)][..], &magnitude.to_le_bytes()].concat();
            written(TextForm::Decimal(scale), &raw).unwrap()
        };
        assert_eq!(decimal(true, 10u128.pow(38) - 1, 38), format!("-0.{}", "9".repeat(38)));
        assert_eq!(decimal(false, 10u128.pow(38) - 1, 0), "9".repeat(38));
        assert_eq!(decimal(true, 0, 2), "0.00");
        assert_eq!(decimal(false, 15000, 4), "1.5000");
        let money = [&(-1i32).to_le_bytes()[..], &(-1i32).to_le_bytes()].concat();
        assert_eq!(written(TextForm::Money, &money).unwrap(), "-0.0001");
        assert_eq!(written(TextForm::SmallMoney, &i32::MIN.to_le_bytes()).unwrap(), "-214748.3648");
    }
}
