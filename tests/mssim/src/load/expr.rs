//! Expressions of declarations and of INSERT, UPDATE, DELETE: parsed here, and written back the way SQL Server keeps
//! definitions in its catalog: `DEFAULT 0` is `((0))`, `CHECK (Qty > 0)` is `([Qty]>(0))`.

use crate::engine::unknown;
use crate::load::lex::{Cursor, Kind};
use crate::load::names::data_type;
use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// Type, value, and the text to write it back with.
    Literal(SqlType, Value, String),
    Null,
    Default,
    Column(String),
    Variable(String),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Paren(Box<Expr>),
    Binary(String, Box<Expr>, Box<Expr>),
    /// CAST or CONVERT; the type's text for writing back.
    Cast(Box<Expr>, SqlType, String, Option<Box<Expr>>),
    Call(String, Vec<Expr>),
    /// `NEXT VALUE FOR sequence`.
    NextValue(Option<String>, String),
    IsNull(Box<Expr>, bool),
    In(Box<Expr>, Vec<Expr>, bool),
    Collate(Box<Expr>, String),
    AtTimeZone(Box<Expr>, Box<Expr>),
    /// Pairs of condition and result, else.
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
}

/// The comparison operators and the binary ones by rising precedence.
const LEVELS: &[&[&str]] = &[
    &["or"],
    &["and"],
    &["not"],
    &["=", "<>", "!=", "<", "<=", ">", ">=", "!<", "!>"],
    &["+", "-", "&", "|", "^"],
    &["*", "/", "%"],
];

pub(crate) fn parse(c: &mut Cursor<'_>) -> Result<Expr, SqlError> {
    level(c, 0)
}

fn level(c: &mut Cursor<'_>, n: usize) -> Result<Expr, SqlError> {
    let Some(operators) = LEVELS.get(n) else { return postfix(c) };
    if n == 2 {
        return if c.accept("NOT") { Ok(Expr::Not(Box::new(level(c, 2)?))) } else { level(c, 3) };
    }
    let mut left = level(c, n + 1)?;
    loop {
        if n == 3
            && let Some(e) = predicate(c, &left)?
        {
            left = e;
            continue;
        }
        let Some(operator) = operators.iter().find(|o| c.accept(o)) else { return Ok(left) };
        let right = level(c, n + 1)?;
        left = Expr::Binary((*operator).to_owned(), Box::new(left), Box::new(right));
    }
}

/// IS NULL, IN, BETWEEN, LIKE after a value.
fn predicate(c: &mut Cursor<'_>, left: &Expr) -> Result<Option<Expr>, SqlError> {
    let of = || Box::new(left.clone());
    if c.accept("IS NOT NULL") {
        return Ok(Some(Expr::IsNull(of(), true)));
    }
    if c.accept("IS NULL") {
        return Ok(Some(Expr::IsNull(of(), false)));
    }
    let negated = c.is("NOT IN") || c.is("NOT BETWEEN") || c.is("NOT LIKE");
    if negated {
        c.expect("NOT")?;
    }
    let mut e = if c.accept("IN") {
        c.expect("(")?;
        let list = list(c)?;
        return Ok(Some(Expr::In(of(), list, negated)));
    } else if c.accept("BETWEEN") {
        let low = level(c, 4)?;
        c.expect("AND")?;
        let high = level(c, 4)?;
        let above = Expr::Binary(">=".to_owned(), of(), Box::new(low));
        let below = Expr::Binary("<=".to_owned(), of(), Box::new(high));
        Expr::Binary("and".to_owned(), Box::new(above), Box::new(below))
    } else if c.accept("LIKE") {
        let pattern = level(c, 4)?;
        if c.is("ESCAPE") {
            return Err(unknown("LIKE with ESCAPE"));
        }
        Expr::Binary("like".to_owned(), of(), Box::new(pattern))
    } else {
        return Ok(None);
    };
    if negated {
        e = Expr::Not(Box::new(Expr::Paren(Box::new(e))));
    }
    Ok(Some(e))
}

/// The rest of a list after its opening parenthesis.
fn list(c: &mut Cursor<'_>) -> Result<Vec<Expr>, SqlError> {
    let mut out = Vec::new();
    if c.accept(")") {
        return Ok(out);
    }
    loop {
        out.push(parse(c)?);
        if !c.accept(",") {
            c.expect(")")?;
            return Ok(out);
        }
    }
}

/// A value with COLLATE or AT TIME ZONE behind it.
fn postfix(c: &mut Cursor<'_>) -> Result<Expr, SqlError> {
    let mut e = unary(c)?;
    loop {
        let follows = c.peek_at(1).is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Quoted));
        // COLLATE of a column definition stands behind the DEFAULT's value; there it is no part of it.
        if c.is("COLLATE") && follows && !matches!(e, Expr::Null) {
            c.expect("COLLATE")?;
            e = Expr::Collate(Box::new(e), c.name()?);
        } else if c.accept("AT TIME ZONE") {
            e = Expr::AtTimeZone(Box::new(e), Box::new(unary(c)?));
        } else {
            return Ok(e);
        }
    }
}

fn unary(c: &mut Cursor<'_>) -> Result<Expr, SqlError> {
    if c.accept("-") {
        return Ok(Expr::Negate(Box::new(unary(c)?)));
    }
    if c.accept("+") {
        return unary(c);
    }
    if c.accept("(") {
        let inner = parse(c)?;
        c.expect(")")?;
        return Ok(Expr::Paren(Box::new(inner)));
    }
    let Some(token) = c.peek().cloned() else { return Err(c.wrong()) };
    let text = |n: usize| u16::try_from(n.max(1)).ok().filter(|n| *n <= 8000);
    match token.kind {
        Kind::Text => {
            c.take();
            let len = text(token.text.len()).map_or(Len::Max, Len::Limited);
            let shown = format!("'{}'", token.text.replace('\'', "''"));
            Ok(Expr::Literal(SqlType::VarChar(len), Value::Text(token.text.into_bytes()), shown))
        }
        Kind::National => {
            c.take();
            let units = token.text.encode_utf16().count();
            let len = text(units).filter(|n| *n <= 4000).map_or(Len::Max, Len::Limited);
            let shown = format!("N'{}'", token.text.replace('\'', "''"));
            Ok(Expr::Literal(SqlType::NVarChar(len), Value::Text(token.text.into_bytes()), shown))
        }
        Kind::Hex => {
            c.take();
            let padded =
                if token.text.len() % 2 == 1 { format!("0{}", token.text) } else { token.text.clone() };
            let bytes: Vec<u8> = padded.as_bytes().chunks(2).map(hex_byte).collect();
            let len = text(bytes.len()).map_or(Len::Max, Len::Limited);
            Ok(Expr::Literal(SqlType::VarBinary(len), Value::Bytes(bytes), format!("0x{}", token.text)))
        }
        Kind::Number => {
            c.take();
            number(&token.text)
        }
        Kind::Variable => {
            c.take();
            Ok(Expr::Variable(token.text))
        }
        Kind::Word | Kind::Quoted => named(c),
        Kind::Symbol => Err(c.wrong()),
    }
}

fn hex_byte(digits: &[u8]) -> u8 {
    let digit = |d: u8| u8::try_from(char::from(d).to_digit(16).unwrap_or(0)).unwrap_or(0);
    digits.iter().fold(0, |v, d| (v << 4) | digit(*d))
}

/// A numeric literal: int, else decimal as wide as written, with an exponent float, with `$` money.
fn number(text: &str) -> Result<Expr, SqlError> {
    let shown = format!("({text})");
    if let Some(money) = text.strip_prefix('$') {
        let (value, scale) = super::convert::parse_decimal(money).unwrap_or((0, 0));
        let value =
            super::convert::rescale(value, scale, 4).ok_or_else(|| unknown("so long a money literal"))?;
        return Ok(Expr::Literal(SqlType::Money, Value::Decimal(value), shown));
    }
    if text.contains(['e', 'E']) {
        let value = text.parse().map_err(|_| unknown(format_args!("the number {text}")))?;
        return Ok(Expr::Literal(SqlType::Float, Value::Float(value), shown));
    }
    if let Ok(value) = text.parse::<i32>() {
        return Ok(Expr::Literal(SqlType::Int, Value::Int(i64::from(value)), shown));
    }
    let (value, scale) =
        super::convert::parse_decimal(text).ok_or_else(|| unknown(format_args!("the number {text}")))?;
    let digits = u8::try_from(value.unsigned_abs().to_string().len()).unwrap_or(38).max(scale);
    Ok(Expr::Literal(SqlType::Numeric { precision: digits.max(1), scale }, Value::Decimal(value), shown))
}

/// What begins with a word: NULL, CASE, CAST, a function, a column.
fn named(c: &mut Cursor<'_>) -> Result<Expr, SqlError> {
    if c.accept("NULL") {
        return Ok(Expr::Null);
    }
    if c.is("DEFAULT") && c.peek_at(1).is_none_or(|t| t.text != ".") {
        c.expect("DEFAULT")?;
        return Ok(Expr::Default);
    }
    if c.accept("NEXT VALUE FOR") {
        let (schema, name) = c.object()?;
        return Ok(Expr::NextValue(schema, name));
    }
    if c.accept("CASE") {
        return case(c);
    }
    let quoted = c.peek().is_some_and(|t| t.kind == Kind::Quoted);
    let name = c.name()?;
    if !quoted && c.is("(") {
        return call(c, name);
    }
    if quoted && c.is("(") {
        return Err(unknown(format_args!("the function [{name}]")));
    }
    if ["CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"]
        .contains(&name.to_uppercase().as_str())
        && !quoted
    {
        return Ok(Expr::Call(name.to_lowercase(), Vec::new()));
    }
    if c.is(".") || c.is("::") {
        // A column after its table's name, or a method: the caller knows no tables here but its own.
        if c.accept("::") {
            let method = c.name()?;
            c.expect("(")?;
            return Ok(Expr::Call(format!("{}::{method}", name.to_lowercase()), list(c)?));
        }
        c.expect(".")?;
        let column = c.name()?;
        if c.accept("(") {
            let name = format!("[{}].[{}]", name.replace(']', "]]"), column.replace(']', "]]"));
            return Ok(Expr::Call(name, list(c)?));
        }
        if c.is(".") {
            return Err(unknown(format_args!("the function {name}.{column}")));
        }
        return Ok(Expr::Column(column));
    }
    Ok(Expr::Column(name))
}

fn call(c: &mut Cursor<'_>, name: String) -> Result<Expr, SqlError> {
    c.expect("(")?;
    match name.to_uppercase().as_str() {
        "CAST" => {
            let inner = parse(c)?;
            c.expect("AS")?;
            let (ty, text) = data_type(c)?;
            c.expect(")")?;
            Ok(Expr::Cast(Box::new(inner), ty, text, None))
        }
        "CONVERT" => {
            let (ty, text) = data_type(c)?;
            c.expect(",")?;
            let inner = parse(c)?;
            let style = if c.accept(",") { Some(Box::new(parse(c)?)) } else { None };
            c.expect(")")?;
            Ok(Expr::Cast(Box::new(inner), ty, text, style))
        }
        "DATEADD" | "DATEDIFF" | "DATEPART" | "DATENAME" => {
            let part = c.name()?.to_lowercase();
            c.expect(",")?;
            let mut arguments = vec![Expr::Column(part)];
            arguments.extend(list(c)?);
            Ok(Expr::Call(name.to_lowercase(), arguments))
        }
        _ => Ok(Expr::Call(name.to_lowercase(), list(c)?)),
    }
}

fn case(c: &mut Cursor<'_>) -> Result<Expr, SqlError> {
    let subject = if c.is("WHEN") { None } else { Some(parse(c)?) };
    let mut arms = Vec::new();
    while c.accept("WHEN") {
        let mut condition = parse(c)?;
        if let Some(s) = &subject {
            condition = Expr::Binary("=".to_owned(), Box::new(s.clone()), Box::new(condition));
        }
        c.expect("THEN")?;
        arms.push((condition, parse(c)?));
    }
    let other = if c.accept("ELSE") { Some(Box::new(parse(c)?)) } else { None };
    c.expect("END")?;
    if arms.is_empty() { Err(c.wrong()) } else { Ok(Expr::Case(arms, other)) }
}

/// Schema and name where the name of a call is that of a user's function.
pub(crate) fn user_function(name: &str) -> Option<(String, String)> {
    let mut c = Cursor::new(name).ok().filter(|_| name.starts_with('['))?;
    let (schema, name) = c.object().ok()?;
    Some((schema?, name))
}

/// A definition as the catalog keeps it: one pair of parentheses around the normal form.
pub(crate) fn definition(e: &Expr) -> String {
    let mut inner = e;
    while let Expr::Paren(p) = inner {
        inner = p;
    }
    format!("({})", shown(inner))
}

/// A side of AND or OR: a list that was written out stands in parentheses.
fn term(e: &Expr) -> String {
    match e {
        Expr::In(_, values, false) if values.len() > 1 => format!("({})", shown(e)),
        _ => shown(e),
    }
}

fn shown(e: &Expr) -> String {
    let all = |list: &[Expr]| list.iter().map(shown).collect::<Vec<_>>().join(",");
    match e {
        Expr::Literal(_, _, text) => text.clone(),
        Expr::Null => "NULL".to_owned(),
        Expr::Default => "DEFAULT".to_owned(),
        Expr::Column(name) => format!("[{}]", name.replace(']', "]]")),
        Expr::Variable(name) => name.clone(),
        Expr::Negate(inner) => match inner.as_ref() {
            Expr::Literal(_, _, text) if text.starts_with('(') => format!("(-{}", &text[1..]),
            other => format!("-{}", shown(other)),
        },
        Expr::Not(inner) => format!("NOT {}", shown(inner)),
        Expr::Paren(inner) => match inner.as_ref() {
            Expr::Literal(..) | Expr::Paren(_) | Expr::Column(_) => shown(inner),
            _ => format!("({})", shown(inner)),
        },
        Expr::Binary(operator, a, b) => match operator.as_str() {
            "and" | "or" | "like" => format!("{} {} {}", term(a), operator.to_uppercase(), term(b)),
            other => format!("{}{other}{}", shown(a), shown(b)),
        },
        Expr::Cast(inner, _, ty, style) => match style {
            Some(style) => format!("CONVERT({ty},{},{})", shown(inner), shown(style)),
            None => format!("CONVERT({ty},{})", shown(inner)),
        },
        Expr::Call(name, arguments) if name == "current_timestamp" => {
            debug_assert!(arguments.is_empty());
            "getdate()".to_owned()
        }
        Expr::Call(name, arguments) if name.starts_with("date") => match arguments.split_first() {
            Some((Expr::Column(part), rest)) => format!("{name}({part},{})", all(rest)),
            _ => format!("{name}({})", all(arguments)),
        },
        Expr::Call(name, arguments) => format!("{name}({})", all(arguments)),
        Expr::NextValue(schema, name) => {
            let of = |name: &str| name.replace(']', "]]");
            format!("NEXT VALUE FOR [{}].[{}]", of(schema.as_deref().unwrap_or("dbo")), of(name))
        }
        Expr::Collate(inner, name) => format!("{} collate {name}", shown(inner)),
        Expr::AtTimeZone(inner, zone) => format!("{} AT TIME ZONE {}", shown(inner), shown(zone)),
        Expr::IsNull(inner, negated) => {
            format!("{} IS {}NULL", shown(inner), if *negated { "NOT " } else { "" })
        }
        Expr::In(inner, values, negated) => {
            // SQL Server writes a list out as comparisons, the last value first.
            let subject = shown(inner);
            let text: Vec<_> = values.iter().rev().map(|v| format!("{subject}={}", shown(v))).collect();
            if *negated { format!("NOT ({})", text.join(" OR ")) } else { text.join(" OR ") }
        }
        Expr::Case(arms, other) => {
            let arms: String =
                arms.iter().map(|(a, b)| format!(" when {} then {}", shown(a), shown(b))).collect();
            let other = other.as_ref().map(|e| format!(" else {}", shown(e))).unwrap_or_default();
            format!("case{arms}{other} end")
        }
    }
}
