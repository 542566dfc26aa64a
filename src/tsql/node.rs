//! A translated part: PostgreSQL text with what is known of it.

use super::Volatility;
use super::constant::Value;
use super::types::Ty;

/// How tight PostgreSQL binds the outermost operator of a text, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Is,
    Compare,
    /// IN, LIKE, BETWEEN.
    Range,
    /// `||`, `&`, `~` and all that have no level of their own.
    Operator,
    Sum,
    Product,
    AtTimeZone,
    Collate,
    Sign,
    Cast,
    Atom,
}

/// How a node's text stands to the trailing blanks of the source's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    Kept,
    /// `nchar(n)`: n counts UTF-16 units there and characters here.
    Units,
    /// How many there are is not known.
    Lost,
}

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) sql: String,
    pub(super) level: Level,
    pub(super) ty: Ty,
    pub(super) volatility: Volatility,
    /// Of a constant.
    pub(super) value: Option<Value>,
    /// Text for comparisons that do not see trailing blanks, if it is shorter than `sql`.
    pub(super) loose: Option<String>,
    pub(super) blanks: Blanks,
    /// By UPPER or LOWER, which are those of ASCII here: good for comparisons with constants of ASCII only.
    pub(super) cased: bool,
    /// Made of the current time: milliseconds are a matter of the clock, not of the data.
    pub(super) now: bool,
    /// Of a datetimeoffset whose offset is known, in minutes: its local time is known too.
    pub(super) offset: Option<i32>,
}

impl Node {
    pub(super) fn new(sql: impl Into<String>, level: Level, ty: Ty) -> Self {
        Self {
            sql: sql.into(),
            level,
            ty,
            volatility: Volatility::Immutable,
            value: None,
            loose: None,
            blanks: Blanks::Kept,
            cased: false,
            now: false,
            offset: None,
        }
    }

    /// A call, a name, anything that needs no parentheses.
    pub(super) fn atom(sql: impl Into<String>, ty: Ty) -> Self {
        Self::new(sql, Level::Atom, ty)
    }

    /// A constant of this type.
    pub(super) fn constant(value: Value, ty: Ty) -> Self {
        let (sql, level) = value.typed(&ty);
        Self { value: Some(value), ..Self::new(sql, level, ty) }
    }

    /// No steadier than these.
    pub(super) fn from(mut self, parts: &[&Self]) -> Self {
        for part in parts {
            self.volatility = self.volatility.max(part.volatility);
            self.now |= part.now;
        }
        self
    }

    pub(super) fn volatile(mut self, volatility: Volatility) -> Self {
        self.volatility = self.volatility.max(volatility);
        self
    }

    /// The text, in parentheses if it binds looser than what is around it.
    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level { format!("({})", self.sql) } else { self.sql.clone() }
    }

    /// `x::type`
    pub(super) fn cast(&self, to: &str, ty: Ty) -> Self {
        Self::new(format!("{}::{to}", self.at(Level::Cast)), Level::Cast, ty).from(&[self])
    }

    /// As a value of another T-SQL type, the text being the same.
    pub(super) fn retyped(&self, ty: Ty) -> Self {
        Self { ty, value: None, ..self.clone() }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Some(Value::Null))
    }

    /// The text of a constant string.
    pub(super) fn literal(&self) -> Option<&str> {
        match &self.value {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number that it is.
    pub(super) fn whole(&self) -> Option<i128> {
        match &self.value {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }
}

/// `left op right` of a left-associative operator.
pub(super) fn binary(op: &str, level: Level, left: &Node, right: &Node, ty: Ty) -> Node {
    let tighter = match level {
        Level::Operator => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product => Level::AtTimeZone,
        // Comparisons do not chain.
        _ => Level::Operator,
    };
    let first = if matches!(level, Level::Operator | Level::Sum | Level::Product) { level } else { tighter };
    Node::new(format!("{} {op} {}", left.at(first), right.at(tighter)), level, ty).from(&[left, right])
}

/// `name(arguments)`
pub(super) fn call(name: &str, arguments: &[&Node], ty: Ty) -> Node {
    let shown: Vec<_> = arguments.iter().map(|node| node.sql.as_str()).collect();
    Node::atom(format!("{name}({})", shown.join(", ")), ty).from(arguments)
}
