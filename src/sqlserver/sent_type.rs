//! The type that the catalog declares against the type that the server sends. Pure.
//!
//! What the server sends is what counts (docs/adr/0027): the catalog says how a type was declared (its alias, its
//! collation, whether it is `json` or text), and no more. Where both cannot be true, the server's own description of the
//! SELECT is taken.

use super::wire::WireType;
use crate::model::base_type::BaseType;
use crate::model::types::SourceType;

/// Is this what a value of the type is sent as?
#[must_use]
pub fn is_sent_as(ty: &SourceType, sent: &WireType) -> bool {
    use BaseType as B;
    let length = u16::try_from(ty.max_length).ok();
    match (&ty.name, sent) {
        (B::Decimal | B::Numeric, WireType::Decimal { precision, scale }) => {
            (*precision, *scale) == (ty.precision, ty.scale)
        }
        (B::Time, WireType::Time { scale })
        | (B::DateTime2, WireType::DateTime2 { scale })
        | (B::DateTimeOffset, WireType::DateTimeOffset { scale }) => *scale == ty.scale,
        (B::Char, WireType::Char { max_bytes, .. })
        | (B::NChar, WireType::NChar { max_bytes })
        | (B::Binary, WireType::Binary { max_bytes }) => Some(*max_bytes) == length,
        (B::VarChar, WireType::VarChar { max_bytes, .. })
        | (B::NVarChar | B::SysName, WireType::NVarChar { max_bytes })
        | (B::VarBinary, WireType::VarBinary { max_bytes }) => *max_bytes == length,
        (
            B::RowVersion | B::Timestamp,
            WireType::Binary { max_bytes: 8 } | WireType::VarBinary { max_bytes: Some(8) },
        ) => true,
        (
            name,
            WireType::Bit
            | WireType::TinyInt
            | WireType::SmallInt
            | WireType::Int
            | WireType::BigInt
            | WireType::Real
            | WireType::Float
            | WireType::SmallMoney
            | WireType::Money
            | WireType::SmallDateTime
            | WireType::DateTime
            | WireType::Date
            | WireType::Guid
            | WireType::Variant
            | WireType::Xml,
        ) => name.as_str() == sent.to_string(),
        _ => false,
    }
}

/// The type of a column that is selected as it is: the declared one where the server sends that, else the one that is sent.
#[must_use]
pub fn described(declared: Option<&SourceType>, sent: &WireType) -> SourceType {
    match declared {
        Some(declared) if is_sent_as(declared, sent) || is_sent_whole(declared, sent) => declared.clone(),
        _ => from_wire(declared, sent),
    }
}

/// The types that the bulk SELECT casts are sent otherwise if they are selected as they are.
fn is_sent_whole(ty: &SourceType, sent: &WireType) -> bool {
    use BaseType as B;
    match (&ty.name, sent) {
        (B::HierarchyId | B::Geometry | B::Geography, WireType::Udt { name }) => {
            name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(ty.name.as_str()))
        }
        (B::Clr, WireType::Udt { .. }) => true,
        // As text to clients that do not ask for the type of its own.
        (B::Json, WireType::NVarChar { .. } | WireType::VarChar { .. } | WireType::Json) => true,
        (B::Vector, WireType::NVarChar { .. } | WireType::VarChar { .. } | WireType::Vector) => true,
        (name, WireType::Text { .. } | WireType::NText | WireType::Image) => {
            name.as_str() == sent.to_string()
        }
        _ => false,
    }
}

fn from_wire(declared: Option<&SourceType>, sent: &WireType) -> SourceType {
    let bytes =
        |max_bytes: Option<u16>| max_bytes.map_or(-1, |bytes| i16::try_from(bytes).unwrap_or(i16::MAX));
    let (max_length, precision, scale) = match sent {
        WireType::Decimal { precision, scale } => (decimal_bytes(*precision), *precision, *scale),
        WireType::Time { scale } | WireType::DateTime2 { scale } | WireType::DateTimeOffset { scale } => {
            (0, 0, *scale)
        }
        WireType::Char { max_bytes, .. } | WireType::NChar { max_bytes } | WireType::Binary { max_bytes } => {
            (bytes(Some(*max_bytes)), 0, 0)
        }
        WireType::VarChar { max_bytes, .. }
        | WireType::NVarChar { max_bytes }
        | WireType::VarBinary { max_bytes } => (bytes(*max_bytes), 0, 0),
        WireType::Text { .. } | WireType::NText | WireType::Image => (16, 0, 0),
        WireType::Bit | WireType::TinyInt => (1, 0, 0),
        WireType::SmallInt => (2, 0, 0),
        WireType::Int | WireType::Real | WireType::SmallMoney | WireType::SmallDateTime => (4, 0, 0),
        WireType::BigInt | WireType::Float | WireType::Money | WireType::DateTime => (8, 0, 0),
        WireType::Date => (3, 0, 0),
        WireType::Guid => (16, 0, 0),
        _ => (-1, 0, 0),
    };
    let text = matches!(
        sent,
        WireType::Char { .. }
            | WireType::VarChar { .. }
            | WireType::NChar { .. }
            | WireType::NVarChar { .. }
            | WireType::Text { .. }
            | WireType::NText
    );
    SourceType {
        name: base_type(declared, sent),
        alias: declared.and_then(|declared| declared.alias.clone()).or_else(|| clr_name(sent)),
        max_length,
        precision,
        scale,
        collation: declared.and_then(|declared| declared.collation.clone()).filter(|_| text),
    }
}

/// Bytes of a decimal, by its digits (MS-TDS 2.2.5.5.1.6).
const fn decimal_bytes(precision: u8) -> i16 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

fn base_type(declared: Option<&SourceType>, sent: &WireType) -> BaseType {
    match sent {
        // Two names of one type.
        WireType::Decimal { .. } if declared.is_some_and(|ty| ty.name == BaseType::Numeric) => {
            BaseType::Numeric
        }
        WireType::Udt { name } => {
            match BaseType::from(name.rsplit('.').next().unwrap_or_default().to_lowercase().as_str()) {
                known @ (BaseType::HierarchyId | BaseType::Geometry | BaseType::Geography) => known,
                _ => BaseType::Clr,
            }
        }
        WireType::Variant => BaseType::SqlVariant,
        other => {
            let name = other.to_string();
            BaseType::from(name.split('(').next().unwrap_or_default())
        }
    }
}

/// The name of a CLR type of a user.
fn clr_name(sent: &WireType) -> Option<String> {
    match sent {
        WireType::Udt { name } if base_type(None, sent) == BaseType::Clr => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, max_length: i16, precision: u8, scale: u8) -> SourceType {
        let collation = name.contains("char").then(|| "Greek_CI_AS".to_owned());
        SourceType {
            name: name.into(),
            alias: Some("dbo.Own".to_owned()),
            max_length,
            precision,
            scale,
            collation,
        }
    }

    const ANY: [u8; 5] = [8, 4, 0, 0, 0];

    #[test]
    fn a_declaration_that_fits_is_kept_whole() {
        for (ty, sent) in [
            (declared("numeric", 9, 18, 4), WireType::Decimal { precision: 18, scale: 4 }),
            (declared("json", -1, 0, 0), WireType::NVarChar { max_bytes: None }),
            (declared("vector", 20, 0, 0), WireType::VarChar { max_bytes: None, collation: ANY }),
            (declared("geometry", -1, 0, 0), WireType::Udt { name: "sys.geometry".to_owned() }),
            (declared("clr", -1, 0, 0), WireType::Udt { name: "dbo.Point".to_owned() }),
            (declared("timestamp", 8, 0, 0), WireType::Binary { max_bytes: 8 }),
            (declared("ntext", 16, 0, 0), WireType::NText),
            (declared("varchar", 20, 0, 0), WireType::VarChar { max_bytes: Some(20), collation: ANY }),
        ] {
            assert_eq!(described(Some(&ty), &sent), ty, "{sent}");
        }
    }

    #[test]
    fn what_is_sent_wins_over_what_is_declared() {
        for (ty, sent, expected) in [
            (declared("numeric", 17, 38, 38), WireType::Decimal { precision: 38, scale: 8 }, "numeric(38,8)"),
            (declared("datetime2", 8, 26, 6), WireType::DateTime2 { scale: 7 }, "datetime2(7)"),
            (declared("type 23", 8, 0, 0), WireType::Int, "int"),
            (declared("varchar", 20, 0, 0), WireType::NVarChar { max_bytes: Some(40) }, "nvarchar(20)"),
            (declared("int", 4, 0, 0), WireType::Variant, "sql_variant"),
        ] {
            let ty_sent = described(Some(&ty), &sent);
            assert_eq!(ty_sent.to_string(), expected);
            assert!(is_sent_as(&ty_sent, &sent), "{expected}");
            assert_eq!(ty_sent.alias.as_deref(), Some("dbo.Own"));
        }
        let text = described(Some(&declared("nchar", 4, 0, 0)), &WireType::NVarChar { max_bytes: None });
        assert_eq!(
            (text.to_string(), text.collation.as_deref()),
            ("nvarchar(max)".to_owned(), Some("Greek_CI_AS"))
        );
    }

    #[test]
    fn a_type_that_no_catalog_tells_of_is_known_by_what_is_sent() {
        for (sent, expected) in [
            (WireType::Guid, "uniqueidentifier"),
            (WireType::Xml, "xml"),
            (WireType::Char { max_bytes: 5, collation: ANY }, "char(5)"),
            (WireType::Time { scale: 3 }, "time(3)"),
            (WireType::Udt { name: "sys.hierarchyid".to_owned() }, "hierarchyid"),
        ] {
            assert_eq!(described(None, &sent).to_string(), expected);
        }
        let own = described(None, &WireType::Udt { name: "dbo.Point".to_owned() });
        assert_eq!((own.name, own.alias.as_deref()), (BaseType::Clr, Some("dbo.Point")));
    }
}
