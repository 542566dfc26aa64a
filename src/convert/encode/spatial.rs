//! geometry and geography. What comes is one byte (1: an empty point), four bytes of SRID, most significant first, and
//! what `AsBinaryZM()` gives: ISO WKB (type + 1000 with Z, + 2000 with M, + 3000 with both), least significant byte
//! first. What goes is PostGIS's EWKB (flags for Z, M and SRID; the SRID only at the top), or the same as text (EWKT).
//!
//! A coordinate is never touched: eight bytes of WKB are eight bytes of EWKB. WKB has no form for an empty point; it is
//! written as PostGIS does, with NaN coordinates. A FullGlobe has no form in OGC's model and is refused.

use super::{Refusal, as_text};

const Z: u32 = 0x8000_0000;
const M: u32 = 0x4000_0000;
const SRID: u32 = 0x2000_0000;
/// Before the WKB.
const HEAD: usize = 5;
const POINT: u32 = 1;
/// SQL Server's code of a FullGlobe in WKB.
const FULL_GLOBE: u32 = 126;
/// Collections inside collections.
const DEEPEST: usize = 128;
const NAMES: [&str; 10] = [
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "CIRCULARSTRING",
    "COMPOUNDCURVE",
    "CURVEPOLYGON",
];

/// What stands at the start of a geometry: the type without its dimensions, and those.
#[derive(Clone, Copy)]
struct Kind {
    code: u32,
    z: bool,
    m: bool,
}

impl Kind {
    fn from_word(word: u32) -> Result<Self, Refusal> {
        let (code, dimensions) = (word % 1000, word / 1000);
        if word == FULL_GLOBE {
            return Err(Refusal::NoForm("a FullGlobe, which has no form outside of SQL Server"));
        }
        if !(1..=10).contains(&code) || dimensions > 3 {
            return Err(Refusal::NoForm("a spatial value of a kind that is not known"));
        }
        Ok(Self { code, z: dimensions & 1 != 0, m: dimensions & 2 != 0 })
    }

    const fn flags(self) -> u32 {
        self.code | if self.z { Z } else { 0 } | if self.m { M } else { 0 }
    }

    const fn coordinates(self) -> usize {
        2 + self.z as usize + self.m as usize
    }
}

/// Reads WKB; knows where it stands.
struct Reader<'w> {
    wkb: &'w [u8],
    at: usize,
}

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let found = self.wkb.get(self.at..self.at + N).and_then(|bytes| bytes.try_into().ok());
        self.at += N;
        found.ok_or(Refusal::Malformed)
    }

    fn count(&mut self) -> Result<u32, Refusal> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn number(&mut self) -> Result<f64, Refusal> {
        Ok(f64::from_le_bytes(self.bytes()?))
    }

    fn kind(&mut self) -> Result<Kind, Refusal> {
        if self.bytes()? != [1] {
            return Err(Refusal::Malformed);
        }
        Kind::from_word(u32::from_le_bytes(self.bytes()?))
    }
}

/// Splits off the head: an empty point, SRID.
fn head(raw: &[u8]) -> Result<(bool, u32), Refusal> {
    let Some(&[empty, a, b, c, d]) = raw.first_chunk::<HEAD>() else { return Err(Refusal::Malformed) };
    let srid = u32::from_be_bytes([a, b, c, d]);
    // What SQL Server allows, and PostGIS holds.
    if empty > 1 || srid > 999_999 {
        return Err(Refusal::Malformed);
    }
    Ok((empty == 1, srid))
}

/// Turns what stands in `out` from `start` into EWKB. `geodetic`: refuses what lies beyond the globe.
pub(super) fn binary(out: &mut Vec<u8>, start: usize, geodetic: bool) -> Result<(), Refusal> {
    let (empty, srid) = head(out.get(start..).unwrap_or_default())?;
    if empty {
        let kind = Reader { wkb: out.get(start + HEAD..).unwrap_or_default(), at: 0 }.kind()?;
        out.truncate(start);
        top(out, Kind { code: POINT, ..kind }, srid);
        for _ in 0..kind.coordinates() {
            out.extend_from_slice(&f64::NAN.to_le_bytes());
        }
        return Ok(());
    }
    let wkb = out.get_mut(start + HEAD..).unwrap_or_default();
    let mut walk = Walk { wkb, at: 0, geodetic };
    walk.geometry(DEEPEST)?;
    if walk.at != walk.wkb.len() {
        return Err(Refusal::Malformed);
    }
    // The type of the top now has its flags; the head gives room for the SRID behind it.
    let Some(&[_, a, b, c, d]) = walk.wkb.first_chunk::<HEAD>() else { return Err(Refusal::Malformed) };
    let flags = u32::from_le_bytes([a, b, c, d]);
    let mut room = Vec::with_capacity(2 * HEAD);
    room.push(1);
    if srid == 0 {
        room.extend_from_slice(&flags.to_le_bytes());
    } else {
        room.extend_from_slice(&(flags | SRID).to_le_bytes());
        room.extend_from_slice(&srid.to_le_bytes());
    }
    out.splice(start..start + 2 * HEAD, room);
    Ok(())
}

fn top(out: &mut Vec<u8>, kind: Kind, srid: u32) {
    out.push(1);
    if srid == 0 {
        out.extend_from_slice(&kind.flags().to_le_bytes());
    } else {
        out.extend_from_slice(&(kind.flags() | SRID).to_le_bytes());
        out.extend_from_slice(&srid.to_le_bytes());
    }
}

/// Changes the types of WKB into those of EWKB, in place.
struct Walk<'w> {
    wkb: &'w mut [u8],
    at: usize,
    geodetic: bool,
}

impl Walk<'_> {
    fn geometry(&mut self, deeper: usize) -> Result<(), Refusal> {
        let Some(deeper) = deeper.checked_sub(1) else {
            return Err(Refusal::NoForm("collections inside collections, more than 128 deep"));
        };
        let mut reader = Reader { wkb: self.wkb, at: self.at };
        let kind = reader.kind()?;
        if let Some(place) = self.wkb.get_mut(self.at + 1..self.at + 5) {
            place.copy_from_slice(&kind.flags().to_le_bytes());
        }
        self.at += 5;
        match kind.code {
            POINT => self.points(kind, 1),
            2 | 8 => {
                let count = self.count()?;
                self.points(kind, count)
            }
            3 => {
                for _ in 0..self.count()? {
                    let count = self.count()?;
                    self.points(kind, count)?;
                }
                Ok(())
            }
            _ => {
                for _ in 0..self.count()? {
                    self.geometry(deeper)?;
                }
                Ok(())
            }
        }
    }

    fn count(&mut self) -> Result<u32, Refusal> {
        let mut reader = Reader { wkb: self.wkb, at: self.at };
        let count = reader.count()?;
        self.at = reader.at;
        Ok(count)
    }

    fn points(&mut self, kind: Kind, count: u32) -> Result<(), Refusal> {
        let size = kind.coordinates() * 8;
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(size));
        let end = length.and_then(|length| self.at.checked_add(length)).ok_or(Refusal::Malformed)?;
        let points = self.wkb.get(self.at..end).ok_or(Refusal::Malformed)?;
        if self.geodetic {
            for point in points.chunks_exact(size) {
                let mut reader = Reader { wkb: point, at: 0 };
                if reader.number()?.abs() > 180.0 || reader.number()?.abs() > 90.0 {
                    return Err(Refusal::NoForm(
                        "a longitude beyond 180 or a latitude beyond 90 degrees, which PostGIS's geography would change",
                    ));
                }
            }
        }
        self.at = end;
        Ok(())
    }
}

/// Appends EWKT as PostGIS writes it: `SRID=4326;POINT(1 2)`; Z is seen by the third number, M alone is said
/// (`POINTM`).
pub(super) fn text(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    let (empty, srid) = head(raw)?;
    if srid != 0 {
        out.extend_from_slice(format!("SRID={srid};").as_bytes());
    }
    let mut reader = Reader { wkb: raw.get(HEAD..).unwrap_or_default(), at: 0 };
    if empty {
        let kind = reader.kind()?;
        name(out, Kind { code: POINT, ..kind });
        out.extend_from_slice(b" EMPTY");
        return Ok(());
    }
    geometry_text(out, &mut reader, None, DEEPEST)?;
    if reader.at == reader.wkb.len() { Ok(()) } else { Err(Refusal::Malformed) }
}

fn name(out: &mut Vec<u8>, kind: Kind) {
    let place = usize::try_from(kind.code).unwrap_or(0).saturating_sub(1);
    out.extend_from_slice(NAMES.get(place).copied().unwrap_or_default().as_bytes());
    if kind.m && !kind.z {
        out.push(b'M');
    }
}

/// `within`: the type that it is a part of.
fn geometry_text(
    out: &mut Vec<u8>,
    reader: &mut Reader<'_>,
    within: Option<u32>,
    deeper: usize,
) -> Result<(), Refusal> {
    let Some(deeper) = deeper.checked_sub(1) else {
        return Err(Refusal::NoForm("collections inside collections, more than 128 deep"));
    };
    let kind = reader.kind()?;
    // A part whose type follows from the whole's is not named.
    let implied = matches!((within, kind.code), (Some(4), 1) | (Some(5 | 9 | 10), 2) | (Some(6), 3));
    if !implied {
        name(out, kind);
    }
    if kind.code == POINT {
        if implied {
            return point_text(out, reader, kind);
        }
        out.push(b'(');
        point_text(out, reader, kind)?;
        out.push(b')');
        return Ok(());
    }
    let count = reader.count()?;
    if count == 0 {
        out.extend_from_slice(if implied { b"EMPTY" } else { b" EMPTY" });
        return Ok(());
    }
    listed(out, count, |out| match kind.code {
        2 | 8 => point_text(out, reader, kind),
        3 => {
            let points = reader.count()?;
            listed(out, points, |out| point_text(out, reader, kind))
        }
        code => geometry_text(out, reader, Some(code), deeper),
    })
}

fn listed(
    out: &mut Vec<u8>,
    count: u32,
    mut each: impl FnMut(&mut Vec<u8>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for place in 0..count {
        out.push(if place == 0 { b'(' } else { b',' });
        each(out)?;
    }
    out.push(b')');
    Ok(())
}

fn point_text(out: &mut Vec<u8>, reader: &mut Reader<'_>, kind: Kind) -> Result<(), Refusal> {
    for place in 0..kind.coordinates() {
        if place > 0 {
            out.push(b' ');
        }
        as_text::float(out, &format!("{:?}", reader.number()?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(kind: u32, numbers: &[f64]) -> Vec<u8> {
        let mut wkb = vec![1];
        wkb.extend(kind.to_le_bytes());
        wkb.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        wkb
    }

    fn sent(srid: u32, wkb: &[u8]) -> Vec<u8> {
        [&[0][..], &srid.to_be_bytes(), wkb].concat()
    }

    fn encoded(raw: &[u8], geodetic: bool) -> Result<Vec<u8>, ()> {
        let mut out = b"before".to_vec();
        out.extend_from_slice(raw);
        binary(&mut out, 6, geodetic).map_err(|_| ())?;
        assert_eq!(&out[..6], b"before");
        Ok(out.split_off(6))
    }

    fn shown(raw: &[u8]) -> String {
        let mut out = Vec::new();
        assert!(text(&mut out, raw).is_ok());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_point_of_microsofts_page() {
        let wkb = point(3001, &[1.0, 1.0, 2.0, 3.0]);
        assert_eq!(wkb[..5], [1, 0xB9, 0x0B, 0, 0]);
        let ewkb = encoded(&sent(4326, &wkb), true).unwrap();
        assert_eq!(ewkb[..9], [1, 1, 0, 0, 0xE0, 0xE6, 0x10, 0, 0]);
        assert_eq!(ewkb[9..], wkb[5..]);
        assert_eq!(encoded(&sent(0, &wkb), false).unwrap()[..5], [1, 1, 0, 0, 0xC0]);
        assert_eq!(shown(&sent(4326, &wkb)), "SRID=4326;POINT(1 1 2 3)");
        assert_eq!(shown(&sent(0, &point(2001, &[0.1, -1e300, 5.0]))), "POINTM(0.1 -1e300 5)");
    }

    #[test]
    fn an_srid_stands_at_the_top_alone() {
        let mut wkb = vec![1, 7, 0, 0, 0, 2, 0, 0, 0];
        wkb.extend(point(1, &[1.0, 2.0]));
        wkb.extend([1, 4, 0, 0, 0, 0, 0, 0, 0]);
        let ewkb = encoded(&sent(3857, &wkb), false).unwrap();
        assert_eq!(ewkb[..9], [1, 7, 0, 0, 0x20, 0x11, 0x0F, 0, 0]);
        assert_eq!(ewkb[9..], wkb[5..]);
        assert_eq!(shown(&sent(3857, &wkb)), "SRID=3857;GEOMETRYCOLLECTION(POINT(1 2),MULTIPOINT EMPTY)");
    }

    #[test]
    fn an_empty_point_stays_a_point() {
        let raw = [&[1, 0, 0, 0x10, 0xE6][..], &[1, 4, 0, 0, 0, 0, 0, 0, 0]].concat();
        let ewkb = encoded(&raw, false).unwrap();
        assert_eq!(ewkb[..9], [1, 1, 0, 0, 0x20, 0xE6, 0x10, 0, 0]);
        assert!(ewkb[9..].chunks(8).all(|number| f64::from_le_bytes(number.try_into().unwrap()).is_nan()));
        assert_eq!(shown(&raw), "SRID=4326;POINT EMPTY");
    }

    #[test]
    fn what_has_no_form_and_what_is_cut_is_refused() {
        let full_globe = sent(4326, &[1, 126, 0, 0, 0]);
        let beyond = sent(4326, &point(1, &[181.0, 0.0]));
        assert!(encoded(&full_globe, false).is_err());
        assert!(encoded(&beyond, true).is_err() && encoded(&beyond, false).is_ok());
        let good = sent(4326, &point(1, &[1.0, 2.0]));
        for length in 0..good.len() {
            assert!(encoded(&good[..length], false).is_err(), "{length}");
            assert!(text(&mut Vec::new(), &good[..length]).is_err(), "{length}");
        }
        assert!(encoded(&[good.as_slice(), &[0]].concat(), false).is_err());
        // A count that nothing follows, and a nest that is too deep.
        assert!(encoded(&sent(0, &[1, 2, 0, 0, 0, 255, 255, 255, 255]), false).is_err());
        let nest: Vec<u8> = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(200);
        assert!(encoded(&sent(0, &nest), false).is_err() && text(&mut Vec::new(), &sent(0, &nest)).is_err());
    }
}
