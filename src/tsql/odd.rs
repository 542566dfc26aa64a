//! Constants of xml and sql_variant, as the copy writes such values.

use super::constant::Value;
use super::constant::quote;
use super::node::Node;
use super::types::Ty;
use super::{Result, refuse};

/// A text of xml that SQL Server gives back as it is written, but for `<a></a>`, which becomes `<a/>`. Anything that it
/// changes (declarations, comments, entities, blanks between tags) is refused.
pub(super) fn xml(text: &str) -> Result<String> {
    let Some(written) = scanned(text) else {
        return refuse(format!("the text '{text}' as xml: the source may write it in another way"));
    };
    Ok(written)
}

fn scanned(text: &str) -> Option<String> {
    let mut written = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let (content, tail) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            let plain = !content.trim().is_empty()
                && !content.contains(['&', '>', '\r'])
                && !content.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            if !plain {
                return None;
            }
            written.push_str(content);
            rest = tail;
            continue;
        };
        let (inside, tail) = tag.split_once('>')?;
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop()? != name {
                return None;
            }
            // Nothing between the two.
            let start = written.rfind('<')?;
            let empty =
                written.ends_with('>') && written[start + 1..].starts_with(name) && !written.ends_with("/>");
            if empty {
                written.truncate(written.len() - 1);
                written.push_str("/>");
            } else {
                written.push_str(&format!("</{name}>"));
            }
        } else {
            let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let (name, attributes) = element(inside.trim_end_matches(' '))?;
            written.push_str(&format!("<{name}{attributes}{}>", if closed { "/" } else { "" }));
            if !closed {
                open.push(name);
            }
        }
        rest = tail;
    }
    open.is_empty().then_some(written)
}

/// A name, and attributes with one blank before each.
fn element(inside: &str) -> Option<(&str, String)> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    let (name, mut rest) = inside.split_at(inside.find(' ').unwrap_or(inside.len()));
    let mut attributes = String::new();
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (attribute, tail) = rest.trim_start_matches(' ').split_once("=\"")?;
        let (value, tail) = tail.split_once('"')?;
        let plain = !value.contains(['&', '<', '>']) && !value.chars().any(char::is_control);
        if !is_name(attribute) || attribute == "xmlns" || !plain || names.contains(&attribute) {
            return None;
        }
        if !tail.is_empty() && !tail.starts_with(' ') {
            return None;
        }
        names.push(attribute);
        attributes.push_str(&format!(" {attribute}=\"{value}\""));
        rest = tail;
    }
    is_name(name).then_some((name, attributes))
}

/// The default of a sql_variant in a text or jsonb column.
pub(super) fn variant(node: &Node, family: &str) -> Result<Node> {
    let Some(value) = &node.value else {
        return refuse(format!("a sql_variant of {} that is no constant", node.ty));
    };
    let text = match (value, &node.ty) {
        (Value::Bit(bit), _) => u8::from(*bit).to_string(),
        (Value::Int(number), ty) if ty.is_integer() => number.to_string(),
        (Value::Decimal(decimal), Ty::Decimal { .. } | Ty::Money | Ty::SmallMoney) => decimal.to_string(),
        (Value::Text(text), Ty::Text(_)) => text.clone(),
        (Value::Binary(bytes), _) if family == "text" => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}")
        }
        _ => {
            return refuse(format!("a sql_variant of {}: how the copy writes it is not known here", node.ty));
        }
    };
    let written = match (family, value, &node.ty) {
        ("text", ..) => text,
        ("jsonb", Value::Bit(bit), _) => format!("{{\"type\": \"bit\", \"value\": {bit}}}"),
        ("jsonb", Value::Int(_), ty) => {
            let name = match ty {
                Ty::TinyInt => "tinyint",
                Ty::SmallInt => "smallint",
                Ty::BigInt => "bigint",
                _ => "int",
            };
            format!("{{\"type\": \"{name}\", \"value\": {text}}}")
        }
        _ => return refuse(format!("a sql_variant of {} in a {family}", node.ty)),
    };
    Ok(Node { value: Some(Value::Text(written.clone())), ..Node::atom(quote(&written), node.ty.clone()) })
}
