//! Values as fields of COPY BINARY, from the types that tiberius gives: for the yardstick only.

use crate::Failure;
use tiberius::ColumnData;
use tiberius::numeric::Numeric;
use tiberius::time;

/// Days from 0001-01-01 to 2000-01-01, PostgreSQL's epoch, and from 1900-01-01.
const EPOCH: i64 = 730_119;
const EPOCH_1900: i64 = 36_524;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Appends a value as a field.
///
/// # Errors
/// A type that the benchmark's tables do not have.
pub fn append(out: &mut Vec<u8>, data: &ColumnData<'_>) -> Result<(), Failure> {
    match data {
        ColumnData::U8(Some(v)) => put(out, &i16::from(*v).to_be_bytes()),
        ColumnData::I16(Some(v)) => put(out, &v.to_be_bytes()),
        ColumnData::I32(Some(v)) => put(out, &v.to_be_bytes()),
        ColumnData::I64(Some(v)) => put(out, &v.to_be_bytes()),
        ColumnData::F32(Some(v)) => put(out, &v.to_be_bytes()),
        ColumnData::F64(Some(v)) => put(out, &v.to_be_bytes()),
        ColumnData::Bit(Some(v)) => put(out, &[u8::from(*v)]),
        ColumnData::String(Some(v)) => put(out, v.as_bytes()),
        ColumnData::Binary(Some(v)) => put(out, v),
        ColumnData::Guid(Some(v)) => put(out, v.as_bytes()),
        ColumnData::Numeric(Some(v)) => numeric(out, *v),
        ColumnData::Date(Some(v)) => put(out, &i32::try_from(days(*v))?.to_be_bytes()),
        ColumnData::Time(Some(v)) => put(out, &micros(*v)?.to_be_bytes()),
        ColumnData::DateTime2(Some(v)) => put(out, &moment(*v)?.to_be_bytes()),
        // tiberius has taken the offset off already.
        ColumnData::DateTimeOffset(Some(v)) => put(out, &moment(v.datetime2())?.to_be_bytes()),
        ColumnData::DateTime(Some(v)) => {
            let millis = (i64::from(v.seconds_fragments()) * 10 + 1) / 3;
            let days = i64::from(v.days()) - EPOCH_1900;
            put(out, &(days * MICROS_A_DAY + millis * 1000).to_be_bytes())
        }
        ColumnData::SmallDateTime(Some(v)) => {
            let days = i64::from(v.days()) - EPOCH_1900;
            put(out, &(days * MICROS_A_DAY + i64::from(v.seconds_fragments()) * 60_000_000).to_be_bytes())
        }
        ColumnData::Xml(_) => Err("xml is not in the benchmark's tables".into()),
        _ => {
            out.extend((-1i32).to_be_bytes());
            Ok(())
        }
    }
}

fn put(out: &mut Vec<u8>, content: &[u8]) -> Result<(), Failure> {
    out.extend(i32::try_from(content.len())?.to_be_bytes());
    out.extend(content);
    Ok(())
}

fn days(date: time::Date) -> i64 {
    i64::from(date.days()) - EPOCH
}

fn micros(time: time::Time) -> Result<i64, Failure> {
    let ticks = time.increments() * 10u64.pow(7 - u32::from(time.scale().min(7)));
    Ok(i64::try_from(ticks / 10)?)
}

fn moment(value: time::DateTime2) -> Result<i64, Failure> {
    Ok(days(value.date()) * MICROS_A_DAY + micros(value.time())?)
}

/// Four decimal digits a group, as PostgreSQL keeps them.
fn numeric(out: &mut Vec<u8>, value: Numeric) -> Result<(), Failure> {
    let scale = u32::from(value.scale());
    let groups_behind = scale.div_ceil(4);
    let mut magnitude = value.value().unsigned_abs() * 10u128.pow(groups_behind * 4 - scale);
    let mut groups = Vec::new();
    while magnitude > 0 {
        groups.push(u16::try_from(magnitude % 10_000)?);
        magnitude /= 10_000;
    }
    let weight = i16::try_from(groups.len())? - i16::try_from(groups_behind)? - 1;
    let trailing = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..trailing);
    let weight = if groups.is_empty() { 0 } else { weight };
    let sign: u16 = if value.value() < 0 { 0x4000 } else { 0 };
    let mut content = Vec::with_capacity(8 + groups.len() * 2);
    content.extend(u16::try_from(groups.len())?.to_be_bytes());
    content.extend(weight.to_be_bytes());
    content.extend(sign.to_be_bytes());
    content.extend(u16::try_from(scale)?.to_be_bytes());
    content.extend(groups.iter().rev().flat_map(|group| group.to_be_bytes()));
    put(out, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerics_are_those_of_postgresql() {
        for (value, scale, expected) in [
            (0, 4, &[0u16, 0, 0, 4][..]),
            (12_345_678, 4, &[2, 0, 0, 4, 1234, 5678]),
            (-100_000_000, 4, &[1, 1, 0x4000, 4, 1]),
            (5, 2, &[1, 0xFFFF, 0, 2, 500]),
            (120_000, 0, &[1, 1, 0, 0, 12]),
        ] {
            let mut out = Vec::new();
            numeric(&mut out, Numeric::new_with_scale(value, scale)).unwrap();
            let words: Vec<u16> =
                out[4..].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
            assert_eq!(words, expected, "{value} with scale {scale}");
        }
    }
}
