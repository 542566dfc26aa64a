//! What hierarchyid, geometry, geography and vector are made from and answer.
//!
//! A hierarchyid is kept in SQL Server's own bytes (ORDPATH), for the paths of whole numbers up to 1103. A spatial value
//! is kept as SRID and text behind a mark, not in the bytes that SQL Server would send: its methods work, and a client
//! that asks for the bare column gets an error instead of something else.

mod shape;

use shape::Shape;

use crate::engine::{error, unknown};
use crate::load::convert::Typed;
use crate::results::SqlError;
use crate::types::{Len, SqlType, UdtKind};
use crate::value::Value;

const MARK: &[u8] = b"\xFFmssim\0";

/// The methods of columns, with the types of what they return.
pub(crate) const METHODS: [(&str, SqlType); 6] = [
    ("ToString", SqlType::NVarChar(Len::Limited(4000))),
    ("STAsText", SqlType::NVarChar(Len::Max)),
    ("AsTextZM", SqlType::NVarChar(Len::Max)),
    ("AsBinaryZM", SqlType::VarBinary(Len::Max)),
    ("STGeometryType", SqlType::NVarChar(Len::Limited(4000))),
    ("STIsEmpty", SqlType::Bit),
];

/// A spatial value, as it is kept here.
pub(crate) fn is_own_form(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

fn failed(what: impl std::fmt::Display) -> SqlError {
    error(
        6522,
        16,
        format!("A .NET Framework error occurred during execution of user-defined routine: {what}"),
    )
}

fn text_of(bytes: &[u8]) -> Result<&str, SqlError> {
    std::str::from_utf8(bytes).map_err(|_| failed("a lone surrogate"))
}

/// A value from its text.
pub(crate) fn parse(kind: UdtKind, text: &[u8], srid: Option<u32>) -> Result<Vec<u8>, SqlError> {
    let text = text_of(text)?;
    if kind == UdtKind::User {
        return Err(unknown("the text of a user's CLR type"));
    }
    if kind == UdtKind::HierarchyId {
        return ordpath(text);
    }
    let shape = Shape::parse(text)
        .ok_or_else(|| failed("24114: The label in the input well-known text (WKT) is not valid."))?;
    if kind == UdtKind::Geography && !shape.is_on_the_globe() {
        return Err(failed("24201: Latitude values must be between -90 and 90 degrees."));
    }
    let srid = srid.unwrap_or(if kind == UdtKind::Geography { 4326 } else { 0 });
    Ok([MARK, &srid.to_be_bytes(), shape.text(true).as_bytes()].concat())
}

/// What a static method makes: `geometry::STGeomFromText('POINT (1 2)', 4326)`.
pub(crate) fn made(ty: &str, method: &str, arguments: &[Typed]) -> Result<Typed, SqlError> {
    let kind = match ty {
        "hierarchyid" => UdtKind::HierarchyId,
        "geometry" => UdtKind::Geometry,
        "geography" => UdtKind::Geography,
        _ => return Err(unknown(format_args!("the static method {ty}::{method}"))),
    };
    let values: Vec<&Value> = arguments.iter().map(|argument| &argument.value).collect();
    let number = |typed: &Typed| match (&typed.value, typed.ty) {
        (Value::Int(i), _) => Ok(i.to_string()),
        (Value::Decimal(d), SqlType::Numeric { scale, .. } | SqlType::Decimal { scale, .. }) => {
            Ok(crate::load::convert::decimal_text(*d, scale))
        }
        (Value::Float(f), _) => Ok(format!("{f:?}")),
        _ => Err(unknown("a coordinate of this type")),
    };
    let bytes = match (kind, method, values.as_slice()) {
        (UdtKind::HierarchyId, "GetRoot", []) => Vec::new(),
        (_, "Parse", [Value::Text(text)]) => parse(kind, text, None)?,
        (UdtKind::Geometry | UdtKind::Geography, m, [Value::Text(text), Value::Int(srid)])
            if m.ends_with("FromText") =>
        {
            parse(kind, text, u32::try_from(*srid).ok())?
        }
        (UdtKind::Geometry | UdtKind::Geography, "Point", [_, _, Value::Int(srid)]) => {
            let (a, b) = (number(&arguments[0])?, number(&arguments[1])?);
            // Latitude stands first in geography::Point, and second in a text.
            let text = if kind == UdtKind::Geography {
                format!("POINT ({b} {a})")
            } else {
                format!("POINT ({a} {b})")
            };
            parse(kind, text.as_bytes(), u32::try_from(*srid).ok())?
        }
        _ => return Err(unknown(format_args!("{ty}::{method} with these arguments"))),
    };
    Ok(Typed { ty: SqlType::Udt(kind), value: Value::Bytes(bytes) })
}

/// What a method or property answers.
pub(crate) fn call(name: &str, ty: &SqlType, value: &Value) -> Result<Value, SqlError> {
    let Value::Bytes(bytes) = value else { return Ok(Value::Null) };
    let missing = || error(6506, 16, format!("Could not find method or property '{name}'."));
    if *ty == SqlType::Udt(UdtKind::HierarchyId) {
        return if name == "ToString" {
            path(bytes).map(|path| Value::Text(path.into_bytes()))
        } else {
            Err(missing())
        };
    }
    let Some((srid, text)) = bytes.strip_prefix(MARK).and_then(|rest| rest.split_first_chunk::<4>()) else {
        return Err(unknown("methods of a spatial value that was given as bytes"));
    };
    let shape = Shape::parse(text_of(text)?).ok_or_else(missing)?;
    Ok(match name {
        "STSrid" => Value::Int(i64::from(u32::from_be_bytes(*srid))),
        "ToString" | "AsTextZM" => Value::Text(text.to_vec()),
        "STAsText" => Value::Text(shape.text(false).into_bytes()),
        "STGeometryType" => Value::Text(shape.name().into()),
        "STIsEmpty" => Value::Bit(shape.is_empty()),
        "AsBinaryZM" => Value::Bytes(shape.binary()),
        _ => return Err(missing()),
    })
}

/// The steps of ORDPATH: least value, bits (`x`: of the value, `T`: 1 where no step is inserted behind it).
const STEPS: [(u32, &str); 5] =
    [(0, "01xxT"), (4, "100xxT"), (8, "101xxxT"), (16, "110xx0x1xxxT"), (80, "1110xxx0xxx0x1xxxT")];

fn ordpath(text: &str) -> Result<Vec<u8>, SqlError> {
    let wrong = || failed("24001: SqlHierarchyId.Parse failed because the input string is not valid.");
    let inner = text.strip_prefix('/').ok_or_else(wrong)?;
    let mut bits = Vec::new();
    if !inner.is_empty() {
        for step in inner.strip_suffix('/').ok_or_else(wrong)?.split('/') {
            let value: u32 =
                step.parse().map_err(|_| unknown(format_args!("the step {step} of a hierarchyid")))?;
            if value > 1103 {
                return Err(unknown("so large a step of a hierarchyid"));
            }
            let (least, pattern) =
                STEPS.iter().rev().find(|(least, _)| *least <= value).copied().unwrap_or(STEPS[0]);
            let mut places = pattern.matches('x').count();
            for bit in pattern.chars() {
                bits.push(match bit {
                    'x' => {
                        places -= 1;
                        (value - least) >> places & 1 == 1
                    }
                    other => other != '0',
                });
            }
        }
    }
    Ok(bits
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | u8::from(*bit) << (7 - at)))
        .collect())
}

fn path(bytes: &[u8]) -> Result<String, SqlError> {
    let bits: Vec<bool> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1)).collect();
    let mut rest = bits.as_slice();
    let mut path = "/".to_owned();
    while rest.iter().any(|bit| *bit) {
        let step = STEPS.iter().find_map(|(least, pattern)| {
            let here = rest.get(..pattern.len())?;
            let fits = |(bit, place): (&bool, char)| match place {
                'x' => true,
                other => *bit == (other != '0'),
            };
            here.iter().zip(pattern.chars()).all(fits).then(|| {
                let value = here.iter().zip(pattern.chars()).filter(|(_, place)| *place == 'x');
                (least + value.fold(0, |all, (bit, _)| all << 1 | u32::from(*bit)), pattern.len())
            })
        });
        let (value, length) = step.ok_or_else(|| unknown("a step of this hierarchyid"))?;
        path += &format!("{value}/");
        rest = &rest[length..];
    }
    Ok(path)
}

/// A vector's text as the server shows it: `[1.0000000e+000,-5.0000001e-002]`.
pub(crate) fn vector(text: &[u8], dimensions: u16) -> Result<Vec<u8>, SqlError> {
    let wrong = || error(13670, 16, "Input JSON is not a valid Vector : 'Malformed JSON'.".to_owned());
    let inner =
        text_of(text)?.trim().strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(wrong)?;
    let numbers: Vec<f32> =
        inner.split(',').map(|n| n.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    if numbers.len() != usize::from(dimensions) {
        let message = format!("The vector dimensions {dimensions} and {} do not match.", numbers.len());
        return Err(error(42204, 16, message));
    }
    let shown: Vec<String> = numbers
        .iter()
        .map(|number| {
            let text = format!("{:.7e}", number + 0.0);
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{digits}e{}{:03}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        })
        .collect();
    Ok(format!("[{}]", shown.join(",")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_the_bytes_of_sql_server() {
        for (text, bytes) in [
            ("/", &[][..]),
            ("/1/", &[0x58]),
            ("/2/", &[0x68]),
            ("/1/1/", &[0x5A, 0xC0]),
            ("/4/", &[0x84]),
            ("/8/", &[0xA2]),
            ("/16/", &[0xC1, 0x10]),
        ] {
            assert_eq!(ordpath(text).unwrap(), bytes, "{text}");
        }
        for text in ["/", "/0/3/7/15/79/80/1103/", "/1/2/3/"] {
            assert_eq!(path(&ordpath(text).unwrap()).unwrap(), text);
        }
        assert!(ordpath("1/").is_err() && ordpath("/1").is_err() && ordpath("/1104/").is_err());
    }

    #[test]
    fn a_vector_shows_eight_digits() {
        let shown = |text: &str, n| vector(text.as_bytes(), n).map(|t| String::from_utf8(t).unwrap());
        assert_eq!(shown("[0.1, 123456789.123]", 2).unwrap(), "[1.0000000e-001,1.2345679e+008]");
        assert_eq!(shown("[1e-40, -0]", 2).unwrap(), "[9.9999461e-041,0.0000000e+000]");
        assert_eq!(shown("[1]", 2).unwrap_err().number, 42204);
        assert_eq!(shown("1", 1).unwrap_err().number, 13670);
    }

    #[test]
    fn spatial_values_answer_their_methods() {
        let geography = SqlType::Udt(UdtKind::Geography);
        let value = Value::Bytes(parse(UdtKind::Geography, b"Point(1 1 2 3)", None).unwrap());
        let ask = |name: &str| call(name, &geography, &value).unwrap();
        assert_eq!(ask("STSrid"), Value::Int(4326));
        assert_eq!(ask("STAsText"), Value::Text(b"POINT (1 1)".to_vec()));
        assert_eq!(ask("ToString"), Value::Text(b"POINT (1 1 2 3)".to_vec()));
        assert_eq!(ask("STGeometryType"), Value::Text(b"Point".to_vec()));
        // Microsoft's example of AsBinaryZM.
        let Value::Bytes(wkb) = ask("AsBinaryZM") else { panic!() };
        assert_eq!(wkb[..5], [1, 0xB9, 0x0B, 0, 0]);
        assert_eq!(wkb.len(), 5 + 4 * 8);
        assert!(parse(UdtKind::Geography, b"POINT (0 91)", None).is_err());
    }
}
