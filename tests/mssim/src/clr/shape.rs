//! Shapes: from well-known text (with Z, M and NULL for a Z that is not there), to text and to WKB.

use std::fmt::Write as _;

/// By the codes of WKB; the last one is SQL Server's own.
const NAMES: [(u32, &str); 11] = [
    (1, "Point"),
    (2, "LineString"),
    (3, "Polygon"),
    (4, "MultiPoint"),
    (5, "MultiLineString"),
    (6, "MultiPolygon"),
    (7, "GeometryCollection"),
    (8, "CircularString"),
    (9, "CompoundCurve"),
    (10, "CurvePolygon"),
    (126, "FullGlobe"),
];
/// A ring of a polygon, which is no shape of its own.
const RING: u32 = 0;

type Position = [Option<f64>; 4];

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    code: u32,
    points: Vec<Position>,
    parts: Vec<Shape>,
}

impl Shape {
    /// None: no well-known text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = Words { rest: text };
        let shape = words.shape(None)?;
        words.next().is_none().then_some(shape)
    }

    pub(super) fn name(&self) -> &'static str {
        NAMES.iter().find(|(code, _)| *code == self.code).map_or("", |(_, name)| name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.code != 126 && self.points.is_empty() && self.parts.iter().all(Self::is_empty)
    }

    pub(super) fn is_on_the_globe(&self) -> bool {
        let fits = |point: &Position| point[1].is_none_or(|latitude| latitude.abs() <= 90.0);
        self.points.iter().all(fits) && self.parts.iter().all(Self::is_on_the_globe)
    }

    fn has(&self, place: usize) -> bool {
        self.points.iter().any(|point| point[place].is_some())
            || self.parts.iter().any(|part| part.has(place))
    }

    /// As SQL Server writes it; `all`: with Z and M.
    pub(super) fn text(&self, all: bool) -> String {
        let mut out = String::new();
        self.write(&mut out, None, all);
        out
    }

    fn write(&self, out: &mut String, within: Option<u32>, all: bool) {
        let implied = self.code == RING || part_of(within, self.code);
        if !implied {
            out.push_str(&self.name().to_uppercase());
            if self.code == 126 {
                return;
            }
            out.push(' ');
        }
        if self.points.is_empty() && self.parts.is_empty() {
            out.push_str("EMPTY");
            return;
        }
        out.push('(');
        for (place, point) in self.points.iter().enumerate() {
            out.push_str(if place > 0 { ", " } else { "" });
            let last = if all { point.iter().rposition(Option::is_some).unwrap_or(1) } else { 1 };
            for (place, number) in point[..=last].iter().enumerate() {
                out.push_str(if place > 0 { " " } else { "" });
                match number {
                    // Writing to a String cannot fail.
                    Some(number) => drop(write!(out, "{number}")),
                    None => out.push_str("NULL"),
                }
            }
        }
        for (place, part) in self.parts.iter().enumerate() {
            out.push_str(if place > 0 { ", " } else { "" });
            part.write(out, Some(self.code), all);
        }
        out.push(')');
    }

    /// WKB with Z and M, which has no form for an empty point: it becomes an empty MultiPoint.
    pub(super) fn binary(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.code == 1 && self.points.is_empty() {
            out.extend_from_slice(&[1, 4, 0, 0, 0, 0, 0, 0, 0]);
        } else {
            self.wkb(self.has(2), self.has(3), &mut out);
        }
        out
    }

    fn wkb(&self, z: bool, m: bool, out: &mut Vec<u8>) {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        if self.code != RING {
            out.push(1);
            out.extend_from_slice(&(self.code + 1000 * u32::from(z) + 2000 * u32::from(m)).to_le_bytes());
        }
        if self.code == 126 {
            return;
        }
        if self.code != 1 {
            out.extend_from_slice(&count(self.points.len().max(self.parts.len())));
        }
        let nothing = [None; 4];
        let points = if self.code == 1 && self.points.is_empty() {
            std::slice::from_ref(&nothing)
        } else {
            &self.points
        };
        for point in points {
            for (place, number) in point.iter().enumerate() {
                if place < 2 || place == 2 && z || place == 3 && m {
                    out.extend_from_slice(&number.unwrap_or(f64::NAN).to_le_bytes());
                }
            }
        }
        for part in &self.parts {
            part.wkb(z, m, out);
        }
    }
}

/// The part's type follows from the whole's, so that it is not named.
fn part_of(within: Option<u32>, code: u32) -> bool {
    matches!((within, code), (Some(4), 1) | (Some(5 | 9 | 10), 2) | (Some(6), 3))
}

struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Option<&'t str> {
        self.rest = self.rest.trim_start();
        let end = match self.rest.find(|c: char| c.is_whitespace() || "(),".contains(c)) {
            Some(0) => 1,
            Some(end) => end,
            None => self.rest.len(),
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn peek(&self) -> Option<&'t str> {
        Words { rest: self.rest }.next()
    }

    fn accept(&mut self, word: &str) -> bool {
        let there = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        if there {
            self.next();
        }
        there
    }

    fn shape(&mut self, within: Option<u32>) -> Option<Shape> {
        let named =
            self.peek().and_then(|word| NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)));
        let code = match (named, within) {
            (Some((code, _)), _) => {
                self.next();
                *code
            }
            (None, Some(4)) => 1,
            (None, Some(5 | 9 | 10)) => 2,
            (None, Some(6)) => 3,
            (None, Some(3)) => RING,
            _ => return None,
        };
        let mut shape = Shape { code, points: Vec::new(), parts: Vec::new() };
        if code == 126 || self.accept("EMPTY") {
            return Some(shape);
        }
        // MULTIPOINT (1 2, 3 4)
        if within == Some(4) && self.peek()? != "(" {
            shape.points.push(self.position()?);
            return Some(shape);
        }
        if !self.accept("(") {
            return None;
        }
        loop {
            if matches!(code, RING | 1 | 2 | 8) {
                shape.points.push(self.position()?);
            } else {
                shape.parts.push(self.shape(Some(code))?);
            }
            if !self.accept(",") {
                break;
            }
        }
        self.accept(")").then_some(shape)
    }

    fn position(&mut self) -> Option<Position> {
        let mut position = [None; 4];
        for (place, number) in position.iter_mut().enumerate() {
            if matches!(self.peek(), Some("," | ")") | None) {
                return (place >= 2).then_some(position);
            }
            let word = self.next()?;
            if !word.eq_ignore_ascii_case("NULL") {
                *number = Some(word.parse().ok()?);
            }
        }
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_sql_server_writes_it() {
        for (given, shown) in [
            ("point(1 2)", "POINT (1 2)"),
            ("POINT (1.5 -2 NULL 4)", "POINT (1.5 -2 NULL 4)"),
            ("POINT EMPTY", "POINT EMPTY"),
            ("LINESTRING(0 0, 1 1 5)", "LINESTRING (0 0, 1 1 5)"),
            (
                "POLYGON((0 0,1 0,1 1,0 0),(0.1 0.1,0.2 0.1,0.2 0.2,0.1 0.1))",
                "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
            ),
            ("MULTIPOINT(1 2, 3 4)", "MULTIPOINT ((1 2), (3 4))"),
            (
                "GEOMETRYCOLLECTION(POINT(1 2), POLYGON EMPTY)",
                "GEOMETRYCOLLECTION (POINT (1 2), POLYGON EMPTY)",
            ),
            (
                "COMPOUNDCURVE((0 0,1 1),CIRCULARSTRING(1 1,2 0,1 -1))",
                "COMPOUNDCURVE ((0 0, 1 1), CIRCULARSTRING (1 1, 2 0, 1 -1))",
            ),
            (
                "CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))",
                "CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))",
            ),
            ("FULLGLOBE", "FULLGLOBE"),
        ] {
            assert_eq!(Shape::parse(given).unwrap().text(true), shown);
        }
        for wrong in ["", "POINT", "POINT (1)", "POINT (1 2", "CIRCLE (1 2)", "POINT (1 2) x"] {
            assert_eq!(Shape::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn binary_has_the_dimensions_of_the_whole_in_every_part() {
        let wkb = Shape::parse("MULTIPOINT(1 2, 3 4 5)").unwrap().binary();
        assert_eq!(wkb[..9], [1, 0xEC, 3, 0, 0, 2, 0, 0, 0]);
        assert_eq!(wkb[9..14], [1, 0xE9, 3, 0, 0]);
        assert!(f64::from_le_bytes(wkb[30..38].try_into().unwrap()).is_nan());
    }
}
