//! Comparisons.
//!
//! Texts: SQL Server compares by the collation and does not see trailing blanks. PostgreSQL compares bytes here
//! (`COLLATE "C"`, whatever collation the column has), without trailing blanks, and by lower-case ASCII letters if the
//! collation does not tell cases apart. That is the same for a constant of ASCII characters and every value that the
//! collation does not take for other characters than it is made of: full width letters, ligatures (`ß` for `ss`),
//! characters that it does not see. Such a value fails a check that names the constant, rather than passing it unseen; a
//! generated column is refused ([`Gap::Folding`]). `_BIN` and `_BIN2` have no such values. Refused: two columns without
//! `_BIN`, letters beyond ASCII (but ideographs) where the collation ignores case or accents, letters under collations
//! that do not tell accents apart or have letters of their own,
//! and `<` and `>`, whose order is the collation's.

use super::constant::{Value, quote};
use super::node::{Level, Node, binary};
use super::types::{Text, Ty};
use super::walk::{Gap, Walk};
use super::{Result, refuse};
use sqlparser::ast::{BinaryOperator, Expr};

/// `=`, `<>`, `<`, `<=`, `>`, `>=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn from_operator(op: &BinaryOperator) -> Option<Self> {
        Some(match op {
            BinaryOperator::Eq => Self::Equal,
            BinaryOperator::NotEq => Self::Unequal,
            BinaryOperator::Lt => Self::Less,
            BinaryOperator::LtEq => Self::LessOrEqual,
            BinaryOperator::Gt => Self::Greater,
            BinaryOperator::GtEq => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::Unequal)
    }
}

impl Walk<'_> {
    pub(super) fn compare(&mut self, how: Comparison, left: &Node, right: &Node) -> Result<Node> {
        if left.is_null() || right.is_null() {
            return Ok(Node::new("NULL::boolean", Level::Cast, Ty::Predicate));
        }
        if let Some(node) = self.bit(how, left, right)? {
            return Ok(node);
        }
        let (left, right) = self.operands(how, left, right)?;
        Ok(binary(how.sql(), Level::Compare, &left, &right, Ty::Predicate))
    }

    /// A bit against 1 or 0 is the boolean itself, or its opposite.
    fn bit(&mut self, how: Comparison, left: &Node, right: &Node) -> Result<Option<Node>> {
        let (column, constant) = match (&left.ty, &right.ty) {
            (Ty::Bit, Ty::Bit) if how.is_equality() => {
                return Ok(Some(binary(how.sql(), Level::Compare, left, right, Ty::Predicate)));
            }
            (Ty::Bit, _) => (left, right),
            (_, Ty::Bit) => (right, left),
            _ => return Ok(None),
        };
        let constant = match &constant.value {
            Some(Value::Int(number @ (0 | 1))) => *number == 1,
            Some(text @ Value::Text(_)) => text.convert(&Ty::Bit, false)? == Value::Bit(true),
            _ => return Ok(None),
        };
        if !how.is_equality() {
            return Ok(None);
        }
        if constant == (how == Comparison::Equal) {
            return Ok(Some(column.retyped(Ty::Predicate)));
        }
        let sql = format!("NOT {}", column.at(Level::Not));
        Ok(Some(Node::new(sql, Level::Not, Ty::Predicate).from(&[column])))
    }

    /// Both sides as PostgreSQL compares them like SQL Server.
    fn operands(&mut self, how: Comparison, left: &Node, right: &Node) -> Result<(Node, Node)> {
        match (&left.ty, &right.ty) {
            (Ty::Text(a), Ty::Text(b)) => self.texts(how, left, a, right, b),
            (Ty::Bit, ty) if *ty != Ty::Bit => {
                let left = self.coerce(left, &Ty::Int)?;
                self.operands(how, &left, right)
            }
            (ty, Ty::Bit) if *ty != Ty::Bit => {
                let right = self.coerce(right, &Ty::Int)?;
                self.operands(how, left, &right)
            }
            (a, b) if a.is_exact() && b.is_exact() => Ok((left.clone(), right.clone())),
            (Ty::Binary { .. }, _) | (_, Ty::Binary { .. }) => {
                refuse("binary values: the source does not see all of their trailing zeros")
            }
            (Ty::Guid, _) | (_, Ty::Guid) if !how.is_equality() => {
                refuse("the order of uniqueidentifiers is another in PostgreSQL")
            }
            (a, b) if a.is_timestamp() && b.is_timestamp() && same_clock(left, right) => {
                Ok((left.clone(), right.clone()))
            }
            (a, b) => {
                let ty = a.unified(b)?;
                Ok((self.coerce(left, &ty)?, self.coerce(right, &ty)?))
            }
        }
    }

    fn texts(
        &mut self,
        how: Comparison,
        left: &Node,
        a: &Text,
        right: &Node,
        b: &Text,
    ) -> Result<(Node, Node)> {
        if !how.is_equality() {
            return refuse("the order of texts is the collation's, and another in PostgreSQL");
        }
        let Some(collation) = a.collation_with(b)? else {
            return refuse(
                "texts without a column: they are compared by the collation of the source's database",
            );
        };
        let (value, constant, swapped) = match (left.literal(), right.literal()) {
            (None, Some(constant)) => (left, constant, false),
            (Some(constant), None) => (right, constant, true),
            _ if collation.binary && !left.cased && !right.cased => {
                return Ok((key(left, false), key(right, false)));
            }
            _ => {
                return refuse(format!(
                    "two values are compared by {}, which PostgreSQL does not have",
                    collation.name
                ));
            }
        };
        let constant = constant.trim_end_matches(' ');
        if value.cased && !constant.is_ascii() {
            return refuse("UPPER and LOWER of letters beyond ASCII depend on the target's locale");
        }
        let fold = self.folds(&collation, constant)?;
        let shown = if fold { constant.to_ascii_lowercase() } else { constant.to_owned() };
        let literal = Node::atom(quote(&shown), Ty::Null);
        let key = key(value, fold);
        Ok(if swapped { (literal, key) } else { (key, literal) })
    }

    /// Is a text compared with this constant by lower-case ASCII letters?
    pub(super) fn folds(&mut self, collation: &super::collation::Collation, constant: &str) -> Result<bool> {
        if collation.binary {
            return Ok(false);
        }
        let letters = constant.bytes().any(|byte| byte.is_ascii_alphabetic());
        // Ideographs have neither cases nor accents.
        let printable = constant.chars().all(|c| matches!(c, ' '..='~' | '\u{4E00}'..='\u{9FA5}'));
        if !printable
            && (!collation.case_sensitive
                || !collation.accent_sensitive
                || constant.chars().any(char::is_control))
        {
            return refuse(format!("{} compares characters beyond ASCII in its own way", collation.name));
        }
        if letters && !collation.accent_sensitive {
            return refuse(format!("{} does not tell letters with accents apart", collation.name));
        }
        if letters && !collation.english() {
            return refuse(format!("{} has letters of its own", collation.name));
        }
        self.gap(Gap::Folding)?;
        Ok(letters && !collation.case_sensitive)
    }

    pub(super) fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Result<Node> {
        let value = self.value(expr)?;
        let mut tests = Vec::new();
        // The two sides, while the left one is the same for all.
        let mut sides: Option<(String, Vec<String>)> = None;
        let mut alike = true;
        for item in list {
            let item = self.value(item)?;
            if value.ty == Ty::Bit || value.is_null() || item.is_null() {
                alike = false;
                tests.push(self.compare(Comparison::Equal, &value, &item)?);
                continue;
            }
            let (left, right) = self.operands(Comparison::Equal, &value, &item)?;
            tests.push(binary("=", Level::Compare, &left, &right, Ty::Predicate));
            let (_, items) = sides.get_or_insert_with(|| (left.at(Level::Operator), Vec::new()));
            items.push(right.sql);
            alike &= sides.as_ref().is_some_and(|(first, _)| *first == left.at(Level::Operator));
        }
        let parts: Vec<&Node> = tests.iter().collect();
        let not = if negated { "NOT " } else { "" };
        let (sql, level) = match sides {
            Some((left, items)) if alike => (format!("{left} {not}IN ({})", items.join(", ")), Level::Range),
            _ => {
                let chain = tests.iter().map(|test| test.at(Level::And)).collect::<Vec<_>>().join(" OR ");
                if negated { (format!("NOT ({chain})"), Level::Not) } else { (chain, Level::Or) }
            }
        };
        Ok(Node::new(sql, level, Ty::Predicate).from(&parts))
    }

    pub(super) fn between(&mut self, expr: &Expr, negated: bool, low: &Expr, high: &Expr) -> Result<Node> {
        let (value, low, high) = (self.value(expr)?, self.value(low)?, self.value(high)?);
        let low = self.compare(Comparison::GreaterOrEqual, &value, &low)?;
        let high = self.compare(Comparison::LessOrEqual, &value, &high)?;
        let both = format!("{} AND {}", low.at(Level::And), high.at(Level::And));
        let node = if negated {
            Node::new(format!("NOT ({both})"), Level::Not, Ty::Predicate)
        } else {
            Node::new(both, Level::And, Ty::Predicate)
        };
        Ok(node.from(&[&low, &high]))
    }

    /// COLLATE: only equality sees it.
    pub(super) fn collate(&mut self, expr: &Expr, name: &str) -> Result<Node> {
        let mut node = self.value(expr)?;
        let explicit = super::collation::Collation::parse(name);
        match (&mut node.ty, explicit) {
            (Ty::Text(text), Some(mut collation)) => {
                let same_page = text.unicode || node.value.is_some();
                if !same_page && text.collation.as_ref().is_none_or(|own| own.utf8 != collation.utf8) {
                    return refuse(format!("COLLATE {name} can change the code page"));
                }
                collation.explicit = true;
                text.collation = Some(collation);
                Ok(node)
            }
            _ => refuse(format!("COLLATE {name} is not known")),
        }
    }
}

/// Do both come from types whose fractions of a second are the same on both servers?
fn same_clock(left: &Node, right: &Node) -> bool {
    let old = |node: &Node| matches!(node.ty, Ty::DateTime);
    let new = |node: &Node| matches!(node.ty, Ty::DateTime2(_));
    let mixed = (old(left) && new(right)) || (new(left) && old(right));
    let constant = left.value.is_some() || right.value.is_some();
    !constant && (!mixed || left.now || right.now)
}

/// What two texts are compared by: no trailing blanks, bytes, and lower-case ASCII letters on request.
pub(super) fn key(node: &Node, fold: bool) -> Node {
    let trimmed = match (&node.loose, node.literal()) {
        (_, Some(text)) => Node::atom(quote(text.trim_end_matches(' ')), Ty::Null),
        (Some(loose), None) => Node::new(loose.as_str(), Level::Cast, Ty::Null),
        (None, None) => Node::atom(format!("rtrim({})", node.sql), Ty::Null),
    };
    let bytes = format!("{} COLLATE \"C\"", trimmed.at(Level::Collate));
    let node_of = |sql: String, level| Node::new(sql, level, Ty::Null).from(&[node]);
    if fold { node_of(format!("lower({bytes})"), Level::Atom) } else { node_of(bytes, Level::Collate) }
}
