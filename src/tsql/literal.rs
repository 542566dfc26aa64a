//! Constants as they are written.

use super::constant::{Decimal, Value};
use super::moment::Moment;
use super::node::Node;
use super::types::{Text, Ty};
use super::{Result, refuse};
use crate::model::code_page::CodePage;
use sqlparser::ast::{DataType, TypedString, Value as Parsed};

/// A constant as it is written; a text without N is one of the database's code page.
pub(super) fn literal(parsed: &Parsed, database: Option<&CodePage>) -> Result<Node> {
    let text = |text: &str, unicode: bool| {
        if text.contains('\0') {
            return refuse("a text with U+0000, which PostgreSQL cannot hold");
        }
        let length = match database {
            _ if unicode => text.encode_utf16().count(),
            _ if text.is_ascii() => text.len(),
            None => {
                return refuse(
                    "a text beyond ASCII without N: what it is depends on the code page of the source's database",
                );
            }
            Some(page) => match page.encode_exactly(text) {
                Some(bytes) => bytes.len(),
                None => {
                    return refuse(
                        "a text without N has characters that the code page of the source's database does not have",
                    );
                }
            },
        };
        let length = u32::try_from(length.max(1)).ok();
        let ty = Ty::Text(Text { unicode, fixed: false, length, collation: None });
        Ok(Node::constant(Value::Text(text.to_owned()), ty))
    };
    match parsed {
        Parsed::Null => Ok(Node::constant(Value::Null, Ty::Null)),
        Parsed::SingleQuotedString(string) => text(string, false),
        Parsed::NationalStringLiteral(string) => text(string, true),
        Parsed::HexStringLiteral(digits) => binary(digits),
        Parsed::Number(number, false) => self::number(number),
        Parsed::Placeholder(amount) => match amount.strip_prefix('$').and_then(Decimal::parse) {
            Some(decimal) => {
                Ok(Node::constant(Value::Decimal(decimal).convert(&Ty::Money, true)?, Ty::Money))
            }
            None => refuse(format!("`{amount}` is no amount of money")),
        },
        other => refuse(format!("the constant {other} is none of T-SQL")),
    }
}

/// `{d '2020-01-31'}` and `{ts '2020-01-31 10:11:12'}`, which are datetimes in one format.
pub(super) fn odbc(written: &TypedString) -> Result<Node> {
    match (&written.data_type, &written.value.value) {
        (DataType::Date | DataType::Timestamp(..), Parsed::SingleQuotedString(text)) => {
            let moment = Moment::parse(text, &Ty::DateTime, Some(121))?;
            Ok(Node::constant(Value::Moment(moment), Ty::DateTime))
        }
        _ => refuse(format!("{written}: a time of day has the date of the statement")),
    }
}

/// A whole number is an int, or a decimal if it is too large; one with a point is a decimal, one with `e` a float.
fn number(text: &str) -> Result<Node> {
    if text.contains(['e', 'E']) {
        return match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Node::constant(Value::Float(text.to_owned()), Ty::Float)),
            _ => refuse(format!("the number {text} is no float")),
        };
    }
    let Some(decimal) = Decimal::parse(text) else {
        return refuse(format!("the number {text} is not known"));
    };
    if !text.contains('.') && i32::try_from(decimal.unscaled).is_ok() {
        return Ok(Node::constant(Value::Int(decimal.unscaled), Ty::Int));
    }
    let digits = u8::try_from(decimal.unscaled.unsigned_abs().to_string().len()).unwrap_or(38);
    let precision = digits.max(decimal.scale).max(1);
    Ok(Node::constant(Value::Decimal(decimal), Ty::Decimal { precision, scale: decimal.scale }))
}

/// `0x1F`; an odd number of digits has a 0 before them.
fn binary(digits: &str) -> Result<Node> {
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let bytes: Option<Vec<u8>> = (0..padded.len() / 2)
        .map(|at| u8::from_str_radix(padded.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let Some(bytes) = bytes else { return refuse("a binary constant that has more than hex digits") };
    let length = u32::try_from(bytes.len().max(1)).ok();
    Ok(Node::constant(Value::Binary(bytes), Ty::Binary { length, fixed: false }))
}
