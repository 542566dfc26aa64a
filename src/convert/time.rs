//! Dates and times: days since 0001-01-01 or 1900-01-01 and fractions since midnight, to days and microseconds since
//! 2000-01-01 (MS-TDS 2.2.5.5.1; PostgreSQL `src/include/datatype/timestamp.h`).

/// 0001-01-01 to 2000-01-01 in days.
const EPOCH_FROM_YEAR_1: i32 = 730_119;
/// 1900-01-01 to 2000-01-01 in days.
const EPOCH_FROM_1900: i32 = 36_524;
/// 9999-12-31 in days since 0001-01-01.
pub(super) const LAST_DAY: i32 = 3_652_058;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Why a value was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeRefusal {
    /// The bytes are no value of the type.
    Malformed,
    /// A digit below the microsecond.
    SeventhDigit,
}

/// Three bytes of a date to days since 2000-01-01.
#[inline]
pub(super) fn date(raw: &[u8]) -> Result<i32, TimeRefusal> {
    let &[low, middle, high] = raw else { return Err(TimeRefusal::Malformed) };
    let days = i32::from_le_bytes([low, middle, high, 0]);
    if days > LAST_DAY { Err(TimeRefusal::Malformed) } else { Ok(days - EPOCH_FROM_YEAR_1) }
}

/// What becomes of a digit below the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeventhDigit {
    CutOff,
    /// Half up.
    Rounded,
}

/// A time of scale 7, within its day: what would be rounded to its end is cut off.
pub(super) fn time_of_seven(raw: &[u8], below: SeventhDigit) -> Result<i64, TimeRefusal> {
    Ok(micros_of_seven(raw, below)?.min(MICROS_A_DAY - 1))
}

/// A datetime2 of scale 7, not beyond the year 9999: what would be rounded to its end is cut off.
pub(super) fn datetime2_of_seven(raw: &[u8], below: SeventhDigit) -> Result<i64, TimeRefusal> {
    const LAST: i64 = (LAST_DAY - EPOCH_FROM_YEAR_1 + 1) as i64 * MICROS_A_DAY - 1;
    let at = raw.len().checked_sub(3).ok_or(TimeRefusal::Malformed)?;
    let (clock, day) = raw.split_at(at);
    Ok((i64::from(date(day)?) * MICROS_A_DAY + micros_of_seven(clock, below)?).min(LAST))
}

/// As [`datetime2_of_seven`], with an offset behind.
pub(super) fn datetimeoffset_of_seven(raw: &[u8], below: SeventhDigit) -> Result<i64, TimeRefusal> {
    let at = raw.len().checked_sub(2).ok_or(TimeRefusal::Malformed)?;
    datetime2_of_seven(&raw[..at], below)
}

/// Up to and with the end of the day.
fn micros_of_seven(raw: &[u8], below: SeventhDigit) -> Result<i64, TimeRefusal> {
    let &[a, b, c, d, e] = raw else { return Err(TimeRefusal::Malformed) };
    let units = i64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
    if units >= MICROS_A_DAY * 10 {
        return Err(TimeRefusal::Malformed);
    }
    Ok(match below {
        SeventhDigit::CutOff => units / 10,
        SeventhDigit::Rounded => (units + 5) / 10,
    })
}

/// The bytes of a time of this scale: units of 10^-scale seconds since midnight, to microseconds.
#[inline]
pub(super) fn time(raw: &[u8], scale: u8) -> Result<i64, TimeRefusal> {
    let units = match (raw, scale) {
        (&[a, b, c], 0..=2) => i64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
        (&[a, b, c, d], 3 | 4) => i64::from_le_bytes([a, b, c, d, 0, 0, 0, 0]),
        (&[a, b, c, d, e], 5..) => i64::from_le_bytes([a, b, c, d, e, 0, 0, 0]),
        _ => return Err(TimeRefusal::Malformed),
    };
    let micros = if scale == 7 {
        if units % 10 != 0 {
            return Err(TimeRefusal::SeventhDigit);
        }
        units / 10
    } else {
        units * [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1][usize::from(scale).min(6)]
    };
    if micros < MICROS_A_DAY { Ok(micros) } else { Err(TimeRefusal::Malformed) }
}

/// datetime2: a time, then a date; microseconds since 2000-01-01.
#[inline]
pub(super) fn datetime2(raw: &[u8], scale: u8) -> Result<i64, TimeRefusal> {
    let at = raw.len().checked_sub(3).ok_or(TimeRefusal::Malformed)?;
    let (clock, day) = raw.split_at(at);
    Ok(i64::from(date(day)?) * MICROS_A_DAY + time(clock, scale)?)
}

/// datetimeoffset: time and date in UTC, then the offset, which PostgreSQL does not keep.
pub(super) fn datetimeoffset(raw: &[u8], scale: u8) -> Result<i64, TimeRefusal> {
    let at = raw.len().checked_sub(2).ok_or(TimeRefusal::Malformed)?;
    datetime2(&raw[..at], scale)
}

/// datetime: days since 1900 and 1/300 seconds, rounded to milliseconds as SQL Server shows them (.000, .003, .007).
pub(super) fn datetime(raw: &[u8]) -> Result<i64, TimeRefusal> {
    let &[a, b, c, d, e, f, g, h] = raw else { return Err(TimeRefusal::Malformed) };
    let days = i32::from_le_bytes([a, b, c, d]);
    let ticks = u32::from_le_bytes([e, f, g, h]);
    // 1753-01-01 to 9999-12-31.
    if !(-53_690..=2_958_463).contains(&days) || ticks >= 300 * 86_400 {
        return Err(TimeRefusal::Malformed);
    }
    let millis = (i64::from(ticks) * 10 + 1) / 3;
    Ok(i64::from(days - EPOCH_FROM_1900) * MICROS_A_DAY + millis * 1000)
}

/// smalldatetime: days since 1900 and minutes.
pub(super) fn smalldatetime(raw: &[u8]) -> Result<i64, TimeRefusal> {
    let &[a, b, c, d] = raw else { return Err(TimeRefusal::Malformed) };
    let days = i32::from(u16::from_le_bytes([a, b]));
    let minutes = u16::from_le_bytes([c, d]);
    if minutes >= 1440 {
        return Err(TimeRefusal::Malformed);
    }
    Ok(i64::from(days - EPOCH_FROM_1900) * MICROS_A_DAY + i64::from(minutes) * 60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        let epoch: jiff::civil::DateTime = "2000-01-01T00:00:00".parse().unwrap();
        i64::try_from(civil.duration_since(epoch).as_micros()).unwrap()
    }

    fn le<const N: usize>(value: u64) -> [u8; N] {
        value.to_le_bytes()[..N].try_into().unwrap()
    }

    #[test]
    fn the_ends_of_the_calendar() {
        assert_eq!(date(&le::<3>(0)), Ok(-730_119));
        assert_eq!(date(&le::<3>(730_119)), Ok(0));
        assert_eq!(date(&le::<3>(3_652_058)), Ok(2_921_939));
        assert_eq!(date(&le::<3>(3_652_059)), Err(TimeRefusal::Malformed));
        let mut last = le::<5>(863_999_999_990).to_vec();
        last.extend(le::<3>(3_652_058));
        assert_eq!(datetime2(&last, 7), Ok(micros("9999-12-31T23:59:59.999999")));
        let first = [le::<5>(0).as_slice(), &le::<3>(0)].concat();
        assert_eq!(datetime2(&first, 7), Ok(micros("0001-01-01T00:00:00")));
    }

    #[test]
    fn a_seventh_digit_is_refused_and_never_rounded() {
        assert_eq!(time(&le::<5>(863_999_999_999), 7), Err(TimeRefusal::SeventhDigit));
        assert_eq!(time(&le::<5>(863_999_999_990), 7), Ok(86_399_999_999));
        assert_eq!(time(&le::<5>(864_000_000_000), 7), Err(TimeRefusal::Malformed));
    }

    #[test]
    fn a_seventh_digit_is_cut_off_or_rounded_never_beyond_the_end() {
        use SeventhDigit::{CutOff, Rounded};
        for (units, cut, rounded) in
            [(15, 1, 2), (14, 1, 1), (864_000_000_000 - 5, 86_399_999_999, 86_399_999_999), (4, 0, 0)]
        {
            assert_eq!(time_of_seven(&le::<5>(units), CutOff), Ok(cut));
            assert_eq!(time_of_seven(&le::<5>(units), Rounded), Ok(rounded));
        }
        let at = |units: u64, day: u64| [le::<5>(units).as_slice(), &le::<3>(day)].concat();
        let night = 863_999_999_999;
        assert_eq!(datetime2_of_seven(&at(night, 730_119), CutOff), Ok(86_399_999_999));
        // Into the next day.
        assert_eq!(datetime2_of_seven(&at(night, 730_119), Rounded), Ok(86_400_000_000));
        let last = Ok(micros("9999-12-31T23:59:59.999999"));
        assert_eq!(datetime2_of_seven(&at(night, 3_652_058), Rounded), last);
        let with_offset = [at(night, 3_652_058).as_slice(), &[0x10, 0]].concat();
        assert_eq!(datetimeoffset_of_seven(&with_offset, Rounded), last);
        assert_eq!(datetimeoffset_of_seven(&with_offset, CutOff), last);
        assert_eq!(time_of_seven(&le::<5>(864_000_000_000), CutOff), Err(TimeRefusal::Malformed));
        assert_eq!(datetime2_of_seven(&[0; 2], CutOff), Err(TimeRefusal::Malformed));
    }

    #[test]
    fn every_scale_counts_in_its_own_unit() {
        for scale in 0..=6u8 {
            let units = 45_296 * 10u64.pow(u32::from(scale)) + u64::from(scale > 0);
            let raw = units.to_le_bytes();
            let length = [3, 3, 3, 4, 4, 5, 5][usize::from(scale)];
            let fraction = if scale > 0 { 10i64.pow(6 - u32::from(scale)) } else { 0 };
            assert_eq!(time(&raw[..length], scale), Ok(45_296_000_000 + fraction), "scale {scale}");
            assert_eq!(time(&raw[..length - 1], scale), Err(TimeRefusal::Malformed));
        }
    }

    #[test]
    fn datetime_shows_the_milliseconds_that_sql_server_shows() {
        for (ticks, shown) in [
            (0, "00:00:00"),
            (1, "00:00:00.003"),
            (2, "00:00:00.007"),
            (3, "00:00:00.010"),
            (25_919_999, "23:59:59.997"),
        ] {
            let raw = [0u32.to_le_bytes(), u32::to_le_bytes(ticks)].concat();
            assert_eq!(datetime(&raw), Ok(micros(&format!("1900-01-01T{shown}"))));
        }
        let raw = [(-53_690i32).to_le_bytes(), 0i32.to_le_bytes()].concat();
        assert_eq!(datetime(&raw), Ok(micros("1753-01-01T00:00:00")));
        let raw = [2_958_463i32.to_le_bytes(), 25_919_999i32.to_le_bytes()].concat();
        assert_eq!(datetime(&raw), Ok(micros("9999-12-31T23:59:59.997")));
        let raw = [0i32.to_le_bytes(), 25_920_000i32.to_le_bytes()].concat();
        assert_eq!(datetime(&raw), Err(TimeRefusal::Malformed));
        assert_eq!(smalldatetime(&[0xFF, 0xFF, 0x9F, 0x05]), Ok(micros("2079-06-06T23:59:00")));
        assert_eq!(smalldatetime(&[0, 0, 0xA0, 0x05]), Err(TimeRefusal::Malformed));
    }

    #[test]
    fn an_offset_leaves_the_instant_alone() {
        let mut raw = le::<5>(432_000_000_000).to_vec();
        raw.extend(le::<3>(730_119));
        raw.extend((-840i16).to_le_bytes());
        assert_eq!(datetimeoffset(&raw, 7), Ok(micros("2000-01-01T12:00:00")));
        assert_eq!(datetimeoffset(&raw[..1], 7), Err(TimeRefusal::Malformed));
    }
}
