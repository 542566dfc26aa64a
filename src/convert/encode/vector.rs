//! Vectors: SQL Server sends them as a JSON array, `[1.0000000e-001,2.5000000e+000]`; each number becomes the real
//! nearest to its text.

use super::Refusal;

/// The type of the elements of `real[]`.
const FLOAT4_OID: i32 = 700;
/// More than any number takes.
const LONGEST: usize = 64;

/// Appends `real[]` as `array_recv` reads it: one dimension, from 1.
pub(super) fn real_array(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    for word in [1, 0, FLOAT4_OID, 0, 1] {
        out.extend_from_slice(&i32::to_be_bytes(word));
    }
    let place = out.len() - 8;
    let count = for_each_number(raw, |number| {
        out.extend_from_slice(&4i32.to_be_bytes());
        out.extend_from_slice(&number.to_be_bytes());
    })?;
    let count = i32::from(i16::try_from(count).map_err(|_| Refusal::Malformed)?);
    out[place..place + 4].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

/// Appends pgvector's `vector` as `vector_recv` reads it: dimensions, two unused bytes, the numbers.
pub(super) fn vector(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    let place = out.len();
    out.extend_from_slice(&[0; 4]);
    let count = for_each_number(raw, |number| out.extend_from_slice(&number.to_be_bytes()))?;
    let count = i16::try_from(count).map_err(|_| Refusal::Malformed)?;
    out[place..place + 2].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

/// Reads UTF-16LE; how many numbers there are, at least one.
fn for_each_number(raw: &[u8], mut found: impl FnMut(f32)) -> Result<usize, Refusal> {
    let mut number = [0u8; LONGEST];
    let (mut length, mut count, mut open, mut closed) = (0, 0, false, false);
    if !raw.len().is_multiple_of(2) {
        return Err(Refusal::Malformed);
    }
    for unit in raw.chunks_exact(2) {
        let byte = match *unit {
            [byte, 0] if byte.is_ascii() => byte,
            _ => return Err(Refusal::Malformed),
        };
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'[' if !open => open = true,
            b',' | b']' if open && !closed => {
                let text = std::str::from_utf8(&number[..length]).map_err(|_| Refusal::Malformed)?;
                let value: f32 = text.parse().map_err(|_| Refusal::Malformed)?;
                if !value.is_finite() {
                    return Err(Refusal::Malformed);
                }
                found(value);
                (length, count) = (0, count + 1);
                closed = byte == b']';
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' if open && !closed && length < LONGEST => {
                number[length] = byte;
                length += 1;
            }
            _ => return Err(Refusal::Malformed),
        }
    }
    if closed { Ok(count) } else { Err(Refusal::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<Vec<f32>, ()> {
        let raw: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut found = Vec::new();
        for_each_number(&raw, |number| found.push(number)).map_err(|_| ()).map(|_| found)
    }

    #[test]
    fn numbers_as_the_server_writes_them() {
        assert_eq!(numbers("[1.0000000e+000,-5.0000001e-002]"), Ok(vec![1.0, -0.05]));
        assert_eq!(numbers("[3.4028235e+038]"), Ok(vec![f32::MAX]));
        assert_eq!(numbers("[1.4012985e-045,0.0000000e+000]"), Ok(vec![f32::from_bits(1), 0.0]));
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for text in ["", "[]", "[1", "1]", "[1,]", "[1]]", "[[1]]", "[null]", "[1e39]", "[1]x", "[é]"] {
            assert_eq!(numbers(text), Err(()), "{text}");
        }
    }

    #[test]
    fn both_binary_forms_say_how_many_there_are() {
        let raw: Vec<u8> = "[1,2]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (mut array, mut pgvector) = (Vec::new(), Vec::new());
        assert!(real_array(&mut array, &raw).is_ok() && vector(&mut pgvector, &raw).is_ok());
        assert_eq!(array[12..24], [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]);
        assert_eq!(pgvector, [0, 2, 0, 0, 0x3F, 0x80, 0, 0, 0x40, 0, 0, 0]);
    }
}
