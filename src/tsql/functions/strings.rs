//! Texts.

use super::exactly;
use crate::tsql::constant::{Value, quote};
use crate::tsql::node::{Level, Node, binary, call};
use crate::tsql::types::{Text, Ty};
use crate::tsql::walk::{Gap, Walk};
use crate::tsql::{Result, refuse};
use sqlparser::ast::Expr;

/// What stands for all but the characters beyond U+FFFF.
const NOT_SUPPLEMENTARY: &str = "'[^\\U00010000-\\U0010FFFF]'";
/// The most characters of a varchar.
const LONGEST: i128 = 8000;

/// The argument and its type, with its trailing blanks.
fn text(walk: &mut Walk<'_>, expr: &Expr) -> Result<(Node, Text)> {
    let (node, ty) = loose(walk, expr)?;
    Ok((walk.text(&node)?, ty))
}

/// The argument, if trailing blanks do not matter.
fn loose(walk: &mut Walk<'_>, expr: &Expr) -> Result<(Node, Text)> {
    let node = walk.value(expr)?;
    match &node.ty {
        Ty::Text(text) => {
            let text = text.clone();
            Ok((node, text))
        }
        ty => refuse(format!("a text is wanted where {ty} stands")),
    }
}

/// A text of no fixed length, with positions in it.
fn counted(walk: &mut Walk<'_>, expr: &Expr) -> Result<(Node, Text)> {
    let (node, ty) = text(walk, expr)?;
    if ty.counts_units() && node.value.is_none() {
        walk.gap(Gap::Units)?;
    }
    Ok((node, Text { fixed: false, ..ty }))
}

fn whole(walk: &mut Walk<'_>, expr: &Expr) -> Result<Node> {
    let node = walk.value(expr)?;
    match &node.ty {
        Ty::TinyInt | Ty::SmallInt | Ty::Int => Ok(node),
        ty => refuse(format!("a whole number is wanted where {ty} stands")),
    }
}

/// Characters, and those beyond U+FFFF once more if the source counts UTF-16 units.
fn units(shown: &str, value: &str, ty: &Text, node: &Node) -> Node {
    let characters = Node::atom(format!("char_length({shown})"), Ty::Int).from(&[node]);
    if !ty.counts_units() {
        return characters;
    }
    let bytes = if node.level < Level::Collate { format!("({value})") } else { value.to_owned() };
    let beyond = format!("char_length(regexp_replace({bytes} COLLATE \"C\", {NOT_SUPPLEMENTARY}, '', 'g'))");
    binary("+", Level::Sum, &characters, &Node::atom(beyond, Ty::Int), Ty::Int).from(&[node])
}

pub(super) fn len(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let (node, ty) = loose(walk, value)?;
    let trimmed = node.loose.clone().unwrap_or_else(|| format!("rtrim({})", node.sql));
    let counted = units(&trimmed, node.loose.as_deref().unwrap_or(&node.sql), &ty, &node);
    // Of a max type it is a bigint.
    Ok(if ty.length.is_none() { Node { ty: Ty::BigInt, ..as_bigint(&counted) } } else { counted })
}

fn as_bigint(node: &Node) -> Node {
    node.cast("bigint", Ty::BigInt)
}

pub(super) fn datalength(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let node = walk.value(value)?;
    let bytes = match &node.ty {
        Ty::Binary { length, fixed: false } => {
            let bytes = call("octet_length", &[&node], Ty::Int);
            return Ok(if length.is_none() { as_bigint(&bytes) } else { bytes });
        }
        Ty::Text(ty) if ty.fixed => return refuse("DATALENGTH of a char, which is a constant"),
        Ty::Text(ty) if ty.unicode => {
            // Two bytes a unit, whatever LEN counts.
            let ty = Text { collation: None, ..ty.clone() };
            let units = units(&node.sql, &node.sql, &ty, &node);
            let two = Node::atom("2", Ty::Int);
            binary("*", Level::Product, &units, &two, Ty::Int)
        }
        Ty::Text(ty) if ty.collation.as_ref().is_some_and(|own| own.single_byte()) => {
            call("char_length", &[&node], Ty::Int)
        }
        ty => return refuse(format!("DATALENGTH of {ty}: how many bytes the source has is not known here")),
    };
    let max = matches!(&node.ty, Ty::Text(Text { length: None, .. }));
    Ok(if max { as_bigint(&bytes) } else { bytes })
}

pub(super) fn upper(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    cased(walk, arguments, "upper", str::to_ascii_uppercase)
}

pub(super) fn lower(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    cased(walk, arguments, "lower", str::to_ascii_lowercase)
}

/// Letters beyond ASCII stay as they are, so it is for comparisons with constants of ASCII alone; those are the only
/// ones that are translated.
fn cased(walk: &mut Walk<'_>, arguments: &[&Expr], name: &str, constant: fn(&str) -> String) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let (node, ty) = loose(walk, value)?;
    if let Some(literal) = node.literal().filter(|literal| literal.is_ascii()) {
        return Ok(Node::constant(Value::Text(constant(literal)), node.ty.clone()));
    }
    if ty.collation.as_ref().is_none_or(|collation| !collation.english()) {
        return refuse(format!("{name}: the letters of its collation are not known"));
    }
    if matches!(walk.purpose, crate::tsql::Purpose::Default(_)) {
        return refuse(format!("{name}: letters beyond ASCII depend on the target's locale"));
    }
    walk.gap(Gap::Folding)?;
    let sql = format!("{name}({} COLLATE \"C\")", node.at(Level::Collate));
    let loose = node.loose.as_ref().map(|loose| format!("{name}({loose} COLLATE \"C\")"));
    let ty = Ty::Text(Text { fixed: false, ..ty });
    Ok(Node { cased: true, loose, blanks: node.blanks, ..Node::atom(sql, ty).from(&[&node]) })
}

fn trimmed(walk: &mut Walk<'_>, arguments: &[&Expr], name: &str) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let (node, ty) = text(walk, value)?;
    Ok(call(name, &[&node], Ty::Text(Text { fixed: false, ..ty })))
}

pub(super) fn ltrim(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    trimmed(walk, arguments, "ltrim")
}

/// What a char loses on its way to text is what is cut off here.
pub(super) fn rtrim(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let (node, ty) = loose(walk, value)?;
    let ty = Ty::Text(Text { fixed: false, ..ty });
    match &node.loose {
        Some(loose) => {
            let trimmed = Node::new(loose.as_str(), Level::Cast, ty).from(&[&node]);
            Ok(Node { cased: node.cased, ..trimmed })
        }
        None => Ok(Node { cased: node.cased, ..call("rtrim", &[&node], ty) }),
    }
}

pub(super) fn trim(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    trimmed(walk, arguments, "btrim")
}

pub(super) fn substring(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, start, length] = exactly(arguments)?;
    let (node, ty) = counted(walk, value)?;
    let (start, length) = (whole(walk, start)?, whole(walk, length)?);
    Ok(call("substr", &[&node, &start, &length], Ty::Text(ty)))
}

/// A negative length is an error of substr, as it is of T-SQL's LEFT; PostgreSQL's left would count from the end.
pub(super) fn left(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, length] = exactly(arguments)?;
    let (node, ty) = counted(walk, value)?;
    let length = whole(walk, length)?;
    if length.whole().is_some_and(|length| length >= 0) {
        return Ok(call("left", &[&node, &length], Ty::Text(ty)));
    }
    Ok(call("substr", &[&node, &Node::atom("1", Ty::Int), &length], Ty::Text(ty)))
}

pub(super) fn right(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, length] = exactly(arguments)?;
    let (node, ty) = counted(walk, value)?;
    let length = whole(walk, length)?;
    if length.whole().is_none_or(|length| length < 0) {
        return refuse("RIGHT with a length that is no constant");
    }
    Ok(call("right", &[&node, &length], Ty::Text(ty)))
}

pub(super) fn charindex(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [sought, value] = exactly(arguments)?;
    let sought = walk.value(sought)?;
    let (node, ty) = counted(walk, value)?;
    let Some(sought) = sought.literal().filter(|sought| !sought.is_empty()) else {
        return refuse("CHARINDEX of what is no constant, or is empty");
    };
    let Some(collation) = &ty.collation else { return refuse("CHARINDEX in a text without a column") };
    let fold = walk.folds(collation, sought)?;
    let bytes = format!("{} COLLATE \"C\"", node.at(Level::Collate));
    let sql = if fold {
        format!("strpos(lower({bytes}), {})", quote(&sought.to_ascii_lowercase()))
    } else {
        format!("strpos({bytes}, {})", quote(sought))
    };
    let ty = if ty.length.is_none() { Ty::BigInt } else { Ty::Int };
    let found = Node::atom(sql, Ty::Int).from(&[&node]);
    Ok(if ty == Ty::BigInt { as_bigint(&found) } else { found })
}

/// A comparison with 0 never gets here.
pub(super) fn patindex(_: &mut Walk<'_>, _: &[&Expr]) -> Result<Node> {
    refuse("PATINDEX: only a comparison with 0 has a counterpart before PostgreSQL 15")
}

pub(super) fn replace(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, sought, new] = exactly(arguments)?;
    let (node, ty) = text(walk, value)?;
    let (sought, new) = (walk.value(sought)?, walk.value(new)?);
    let (Some(old), Some(with)) = (sought.literal(), new.literal()) else {
        return refuse("REPLACE of what is no constant");
    };
    let Some(collation) = &ty.collation else { return refuse("REPLACE in a text without a column") };
    if walk.folds(collation, old)? {
        return refuse(format!("REPLACE of letters by {}, which does not tell cases apart", collation.name));
    }
    let (old, with) = (old.encode_utf16().count(), with.encode_utf16().count());
    let length = match ty.length {
        length if with <= old => length,
        // Every place of the text can become longer.
        Some(length) => {
            let most = u64::from(length) * u64::try_from(with).unwrap_or(u64::MAX);
            let longest = if ty.unicode { 4000 } else { 8000 };
            match u32::try_from(most).ok().filter(|most| *most <= longest) {
                Some(most) => Some(most),
                None => {
                    return refuse("REPLACE with a longer text, which the source cuts off at 8,000 bytes");
                }
            }
        }
        None => None,
    };
    let bytes = Node::new(format!("{} COLLATE \"C\"", node.at(Level::Collate)), Level::Collate, Ty::Null)
        .from(&[&node]);
    Ok(call("replace", &[&bytes, &sought, &new], Ty::Text(Text { fixed: false, length, ..ty })))
}

pub(super) fn replicate(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, times] = exactly(arguments)?;
    let (node, ty) = text(walk, value)?;
    let times = whole(walk, times)?;
    let Some(count) = times.whole().filter(|count| *count >= 0) else {
        return refuse("REPLICATE by a number that is no constant, or negative");
    };
    let each = if ty.unicode { 2 } else { 1 };
    let length = ty.length.map(|length| i128::from(length) * count);
    match length.and_then(|length| u32::try_from(length).ok()) {
        Some(length) if i128::from(length) * each <= LONGEST => {
            let ty = Text { fixed: false, length: Some(length), ..ty };
            Ok(call("repeat", &[&node, &times], Ty::Text(ty)))
        }
        _ => refuse("REPLICATE of more than 8,000 bytes, which the source cuts off"),
    }
}

pub(super) fn space(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [times] = exactly(arguments)?;
    match whole(walk, times)?.whole() {
        Some(count @ 0..=LONGEST) => {
            let length = u32::try_from(count).ok();
            let ty = Ty::Text(Text { unicode: false, fixed: false, length, collation: None });
            Ok(Node::atom(format!("repeat(' ', {count})"), ty))
        }
        _ => refuse("SPACE of a number that is no constant from 0 to 8,000"),
    }
}

pub(super) fn reverse(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value] = exactly(arguments)?;
    let (node, ty) = counted(walk, value)?;
    Ok(call("reverse", &[&node], Ty::Text(ty)))
}

pub(super) fn stuff(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let [value, start, length, new] = exactly(arguments)?;
    let (node, ty) = counted(walk, value)?;
    let (start, length) = (whole(walk, start)?, whole(walk, length)?);
    let new = walk.value(new)?;
    let (Some(at @ 1..), Some(0..), Some(_)) = (start.whole(), length.whole(), new.literal()) else {
        return refuse("STUFF with positions or a text that are no constants");
    };
    let sql = format!(
        "CASE WHEN char_length({value}) >= {at} THEN overlay({value} PLACING {} FROM {at} FOR {}) END",
        new.sql,
        length.sql,
        value = node.sql
    );
    let added = new.literal().map_or(0, |new| u32::try_from(new.chars().count()).unwrap_or(u32::MAX));
    let longer = ty.length.map(|length| length.saturating_add(added));
    if longer.is_some_and(|length| length > if ty.unicode { 4000 } else { 8000 }) {
        return refuse("STUFF of more than 8,000 bytes, which the source cuts off");
    }
    Ok(Node::atom(sql, Ty::Text(Text { length: longer, ..ty })).from(&[&node]))
}

/// The arguments as texts.
fn texts(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<(Vec<Node>, Text)> {
    let mut nodes = Vec::new();
    let mut sum = Text { unicode: false, fixed: false, length: Some(0), collation: None };
    for argument in arguments {
        let mut node = walk.value(argument)?;
        if node.is_null() {
            continue;
        }
        if !matches!(node.ty, Ty::Text(_)) {
            // As CAST without a style, to a text that is long enough.
            let ty = Ty::Text(Text { unicode: false, fixed: false, length: Some(41), collation: None });
            node = walk.coerce(&node, &ty)?;
        }
        if let Ty::Text(own) = &node.ty {
            sum.collation = sum.collation_with(own)?;
            sum.unicode |= own.unicode;
            sum.length = sum.length.zip(own.length).map(|(a, b)| a.saturating_add(b));
        }
        nodes.push(walk.text(&node)?);
    }
    if sum.length.is_some_and(|length| length > if sum.unicode { 4000 } else { 8000 }) {
        return refuse("a concatenation of more than 8,000 bytes, which the source cuts off");
    }
    Ok((nodes, sum))
}

/// PostgreSQL's own concat is only stable.
pub(super) fn concat(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let (nodes, sum) = texts(walk, arguments)?;
    let ty = Ty::Text(sum);
    let mut parts = nodes.into_iter().map(|node| match node.value {
        Some(_) => node,
        None => Node::atom(format!("coalesce({}, '')", node.sql), node.ty.clone()).from(&[&node]),
    });
    let Some(first) = parts.next() else { return Ok(Node::constant(Value::Text(String::new()), ty)) };
    let joined = parts.fold(first, |left, right| {
        let ty = left.ty.clone();
        binary("||", Level::Operator, &left, &right, ty)
    });
    Ok(joined.retyped(ty))
}

pub(super) fn concat_ws(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    let Some((separator, values)) = arguments.split_first() else { return refuse("CONCAT_WS of nothing") };
    let separator = walk.value(separator)?;
    let Some(literal) = separator.literal() else {
        return refuse("CONCAT_WS with a separator that is no constant");
    };
    let between = u32::try_from(literal.chars().count() * values.len()).unwrap_or(u32::MAX);
    let (nodes, mut sum) = texts(walk, values)?;
    sum.length = sum.length.map(|length| length.saturating_add(between));
    if sum.length.is_some_and(|length| length > 4000) {
        return refuse("a concatenation that the source may cut off");
    }
    let parts: Vec<&Node> = std::iter::once(&separator).chain(&nodes).collect();
    Ok(call("concat_ws", &parts, Ty::Text(sum)).volatile(crate::tsql::Volatility::Stable))
}

pub(super) fn char(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    character(walk, arguments, 127, false)
}

pub(super) fn nchar(walk: &mut Walk<'_>, arguments: &[&Expr]) -> Result<Node> {
    character(walk, arguments, 0xD7FF, true)
}

fn character(walk: &mut Walk<'_>, arguments: &[&Expr], most: u32, unicode: bool) -> Result<Node> {
    let [code] = exactly(arguments)?;
    let code = whole(walk, code)?.whole().and_then(|code| u32::try_from(code).ok());
    match code.filter(|code| (1..=most).contains(code)).and_then(std::primitive::char::from_u32) {
        Some(c) => {
            let ty = Text { unicode, fixed: true, length: Some(1), collation: None };
            Ok(Node::constant(Value::Text(c.to_string()), Ty::Text(ty)))
        }
        None => refuse("a character that is no constant, or depends on the code page"),
    }
}
