//! Exact numbers as `numeric_recv` reads them (PostgreSQL `src/backend/utils/adt/numeric.c`): digits of base 10 000,
//! the weight of the first one, the sign, the display scale.

use super::encode::field;

const NEGATIVE: u16 = 0x4000;
/// 38 digits before or behind the point make 10 groups; a point inside a group adds one.
const GROUPS: usize = 12;

/// Appends a numeric field: `magnitude` x 10^-`scale`.
pub(super) fn numeric(out: &mut Vec<u8>, negative: bool, magnitude: u128, scale: u8) {
    match u64::try_from(magnitude) {
        Ok(small) => numeric_of_64(out, negative, small, scale),
        Err(_) => {
            let mut groups = [0u16; GROUPS];
            let used = split_large(magnitude, scale, &mut groups);
            write(out, negative, scale, &groups[..used]);
        }
    }
}

/// As [`numeric`], for a magnitude of up to 64 bits: no division is wider.
#[inline]
pub(super) fn numeric_of_64(out: &mut Vec<u8>, negative: bool, magnitude: u64, scale: u8) {
    let mut groups = [0u16; GROUPS];
    let used = split_small(magnitude, scale, &mut groups);
    write(out, negative, scale, &groups[..used]);
}

/// A part of a group that ends at the decimal point: 10^(scale % 4), and what brings it to four digits.
const fn partial(scale: u8) -> (u64, u64) {
    match scale % 4 {
        1 => (10, 1000),
        2 => (100, 100),
        3 => (1000, 10),
        _ => (1, 1),
    }
}

/// Groups from the least significant one; how many.
#[expect(clippy::cast_possible_truncation, reason = "remainders below 10 000")]
fn split_small(mut rest: u64, scale: u8, groups: &mut [u16; GROUPS]) -> usize {
    let mut used = 0;
    let (divisor, factor) = partial(scale);
    if divisor > 1 {
        groups[0] = (rest % divisor * factor) as u16;
        rest /= divisor;
        used = 1;
    }
    while rest > 0 {
        groups[used] = (rest % 10_000) as u16;
        rest /= 10_000;
        used += 1;
    }
    used
}

#[expect(clippy::cast_possible_truncation, reason = "remainders below 10^16")]
fn split_large(mut rest: u128, scale: u8, groups: &mut [u16; GROUPS]) -> usize {
    const SIXTEEN: u128 = 10_000_000_000_000_000;
    let mut used = 0;
    let (divisor, factor) = partial(scale);
    if divisor > 1 {
        groups[0] = ((rest % u128::from(divisor)) as u64 * factor) as u16;
        rest /= u128::from(divisor);
        used = 1;
    }
    while rest > 0 {
        let mut low = (rest % SIXTEEN) as u64;
        rest /= SIXTEEN;
        let four = if rest > 0 { 4 } else { usize::MAX };
        let mut written = 0;
        while written < four && (rest > 0 || low > 0) {
            if let Some(group) = groups.get_mut(used) {
                *group = (low % 10_000) as u16;
            }
            low /= 10_000;
            used += 1;
            written += 1;
        }
    }
    used.min(GROUPS)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "at most 12 groups and a scale of at most 38; the weight is stored as its two's complement"
)]
fn write(out: &mut Vec<u8>, negative: bool, scale: u8, groups: &[u16]) {
    let fraction = usize::from(scale).div_ceil(4) as i16;
    let Some(lowest) = groups.iter().position(|group| *group != 0) else {
        field(out, &[0, 0, 0, 0, 0, 0, 0, scale]);
        return;
    };
    // The last group that was made is none of zeros.
    let highest = groups.len() - 1;
    let weight = highest as i16 - fraction;
    let count = highest - lowest + 1;
    let sign = if negative { NEGATIVE } else { 0 };
    let mut bytes = [0u8; 4 + 8 + 2 * GROUPS];
    bytes[3] = 8 + 2 * count as u8;
    bytes[5] = count as u8;
    bytes[6..8].copy_from_slice(&(weight as u16).to_be_bytes());
    bytes[8..10].copy_from_slice(&sign.to_be_bytes());
    bytes[11] = scale;
    for (place, group) in groups[lowest..=highest].iter().rev().enumerate() {
        bytes[12 + 2 * place..14 + 2 * place].copy_from_slice(&group.to_be_bytes());
    }
    out.extend_from_slice(&bytes[..12 + 2 * count]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decimal text of a numeric field, computed from its definition.
    fn shown(bytes: &[u8]) -> String {
        let word = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
        assert_eq!(
            i32::from_be_bytes(bytes[..4].try_into().unwrap()),
            i32::try_from(bytes.len()).unwrap() - 4
        );
        let (count, weight, sign, scale) = (word(4), word(6), word(8), word(10));
        let group = |place: i16| {
            if (0..count).contains(&place) { word(12 + 2 * usize::try_from(place).unwrap()) } else { 0 }
        };
        let mut whole: String = (0..=weight.max(-1)).map(|place| format!("{:04}", group(place))).collect();
        whole = whole.trim_start_matches('0').to_owned();
        let places = (weight + 1)..=(weight.max(-1) + 12);
        let lead = "0000".repeat(usize::try_from((-1 - weight).max(0)).unwrap());
        let mut fraction: String =
            lead + &places.map(|place| format!("{:04}", group(place))).collect::<String>();
        if weight < 0 {
            fraction = "0000".repeat(usize::try_from(-1 - weight).unwrap())
                + &(0..12).map(|place| format!("{:04}", group(place))).collect::<String>();
        }
        fraction.truncate(usize::try_from(scale).unwrap());
        let minus = if sign == 0x4000 { "-" } else { "" };
        let whole = if whole.is_empty() { "0".to_owned() } else { whole };
        if scale == 0 { format!("{minus}{whole}") } else { format!("{minus}{whole}.{fraction}") }
    }

    /// The decimal text of a magnitude by string work alone.
    fn expected(negative: bool, magnitude: u128, scale: usize) -> String {
        let digits = format!("{magnitude:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let minus = if negative && magnitude != 0 { "-" } else { "" };
        if scale == 0 { format!("{minus}{whole}") } else { format!("{minus}{whole}.{fraction}") }
    }

    #[test]
    fn every_scale_of_every_size_is_exact() {
        let mut magnitudes = vec![0u128, 1, 9, 10_000, 9_999, u128::from(u64::MAX), u128::from(u64::MAX) + 1];
        let (mut power, mut digits) = (1u128, 0u128);
        for digit in 0..38 {
            power = power.saturating_mul(10);
            digits = digits * 10 + 1 + digit % 9;
            magnitudes.extend([power - 1, power.min(10u128.pow(38) - 1), digits]);
        }
        for magnitude in magnitudes {
            for scale in 0..=38u8 {
                for negative in [false, true] {
                    let mut out = Vec::new();
                    numeric(&mut out, negative, magnitude, scale);
                    assert_eq!(
                        shown(&out),
                        expected(negative, magnitude, usize::from(scale)),
                        "{magnitude} scale {scale}"
                    );
                    if magnitude != 0 {
                        let ends = [&out[12..14], &out[out.len() - 2..]];
                        assert!(ends.iter().all(|group| *group != [0, 0]), "a zero group at an end: {out:?}");
                    }
                }
            }
        }
    }
}
