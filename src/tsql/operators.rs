//! Arithmetic, concatenation, bit operators, AND, OR, CASE.
//!
//! Whole numbers: both servers cut a quotient off towards zero, and the remainder has the dividend's sign. Decimals: a
//! sum, difference or product is taken if T-SQL's own type holds every digit of it; if T-SQL rounds (a quotient, more
//! than 38 digits, products of money) it is refused.

use super::constant::Value;
use super::node::{Level, Node, binary};
use super::types::{Text, Ty};
use super::walk::Walk;
use super::{Result, Volatility, refuse};
use sqlparser::ast::{BinaryOperator as Op, CaseWhen, Expr};

/// Those that T-SQL gives the same precedence as `+`, and the parser another.
fn is_bitwise(op: &Op) -> bool {
    matches!(op, Op::BitwiseAnd | Op::BitwiseOr | Op::BitwiseXor)
}

impl Walk<'_> {
    pub(super) fn operator(&mut self, left: &Expr, op: &Op, right: &Expr) -> Result<Node> {
        if matches!(op, Op::And | Op::Or) {
            return self.chain(left, op, right);
        }
        if let Some(comparison) = super::compare::Comparison::from_operator(op) {
            if let Some(node) = self.search_as_match(left, comparison, right)? {
                return Ok(node);
            }
            let (left, right) = (self.value(left)?, self.value(right)?);
            return self.compare(comparison, &left, &right);
        }
        for side in [left, right] {
            if let Expr::BinaryOp { op: inner, .. } = side
                && (is_bitwise(op) || is_bitwise(inner))
            {
                return refuse(format!("the order of {inner} and {op} without parentheses is not sure"));
            }
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.arithmetic(op, &left, &right)
    }

    /// AND or OR, however long: a list of values is a chain of OR in the catalog.
    fn chain(&mut self, left: &Expr, op: &Op, right: &Expr) -> Result<Node> {
        let mut operands = vec![right];
        let mut rest = left;
        while let Expr::BinaryOp { left, op: inner, right } = rest
            && inner == op
        {
            operands.push(right);
            rest = left;
        }
        operands.push(rest);
        let (word, level) = if *op == Op::And { (" AND ", Level::And) } else { (" OR ", Level::Or) };
        let mut shown = Vec::with_capacity(operands.len());
        let mut volatility = Volatility::Immutable;
        for operand in operands.into_iter().rev() {
            let node = self.predicate(operand)?;
            volatility = volatility.max(node.volatility);
            // One that is of the same kind needs no parentheses.
            shown.push(node.at(level));
        }
        Ok(Node::new(shown.join(word), level, Ty::Predicate).volatile(volatility))
    }

    pub(super) fn arithmetic(&mut self, op: &Op, left: &Node, right: &Node) -> Result<Node> {
        if left.is_null() || right.is_null() {
            let ty = if left.is_null() { right.ty.clone() } else { left.ty.clone() };
            return Ok(Node::constant(Value::Null, ty));
        }
        match (&left.ty, &right.ty) {
            (Ty::Text(a), Ty::Text(b)) if *op == Op::Plus => self.concatenated(left, a, right, b),
            (Ty::Text(_), ty) if ty.digits().is_some() || ty.is_float() => {
                let left = self.coerce(left, &right.ty)?;
                self.arithmetic(op, &left, right)
            }
            (ty, Ty::Text(_)) if ty.digits().is_some() || ty.is_float() => {
                let right = self.coerce(right, &left.ty)?;
                self.arithmetic(op, left, &right)
            }
            (Ty::DateTime | Ty::SmallDateTime, ty) if ty.is_integer() => self.days(left, op, right),
            (ty, Ty::DateTime | Ty::SmallDateTime) if ty.is_integer() && *op == Op::Plus => {
                self.days(right, op, left)
            }
            _ if is_bitwise(op) => self.bitwise(op, left, right),
            (a, b) if (a.is_float() || b.is_float()) && a.rank() <= 14 && b.rank() <= 14 => {
                let ty = a.unified(b)?;
                let (left, right) = (self.coerce(left, &ty)?, self.coerce(right, &ty)?);
                let (sign, level) = match op {
                    Op::Plus => ("+", Level::Sum),
                    Op::Minus => ("-", Level::Sum),
                    Op::Multiply => ("*", Level::Product),
                    Op::Divide => ("/", Level::Product),
                    _ => return refuse(format!("the operator {op} of {ty} has no counterpart")),
                };
                Ok(binary(sign, level, &left, &right, ty))
            }
            (Ty::Bit, Ty::Bit) => refuse(format!("the operator {op} of two bits has no counterpart")),
            (Ty::Bit, ty) if ty.is_exact() => {
                let as_number = if ty.is_integer() { ty.clone() } else { Ty::Int };
                let left = self.coerce(left, &as_number)?;
                self.arithmetic(op, &left, right)
            }
            (ty, Ty::Bit) if ty.is_exact() => {
                let as_number = if ty.is_integer() { ty.clone() } else { Ty::Int };
                let right = self.coerce(right, &as_number)?;
                self.arithmetic(op, left, &right)
            }
            (a, b) if a.is_exact() && b.is_exact() => self.exact(op, left, right),
            (a, b) => refuse(format!("{a} {op} {b} has no counterpart that is known")),
        }
    }

    fn concatenated(&mut self, left: &Node, a: &Text, right: &Node, b: &Text) -> Result<Node> {
        let most = if a.unicode || b.unicode { 4000 } else { 8000 };
        let length = a.length.zip(b.length).map(|(a, b)| a.saturating_add(b));
        if length.is_some_and(|length| length > most) {
            return refuse(format!("the source cuts the concatenation off at {most}"));
        }
        let collation = a.collation_with(b)?;
        let ty = Ty::Text(Text { unicode: a.unicode || b.unicode, fixed: false, length, collation });
        if let (Some(a), Some(b)) = (left.literal(), right.literal()) {
            return Ok(Node::constant(Value::Text(format!("{a}{b}")), ty));
        }
        let (left, right) = (self.text(left)?, self.text(right)?);
        Ok(binary("||", Level::Operator, &left, &right, ty))
    }

    /// A datetime and a number of days.
    fn days(&mut self, moment: &Node, op: &Op, days: &Node) -> Result<Node> {
        let sign = match op {
            Op::Plus => "+",
            Op::Minus => "-",
            _ => return refuse(format!("{} {op} a number has no counterpart", moment.ty)),
        };
        let interval = match days.whole() {
            Some(days) => Node::atom(format!("interval '{days} days'"), Ty::Null),
            None => {
                Node::new(format!("{} * interval '1 day'", days.at(Level::Product)), Level::Product, Ty::Null)
                    .from(&[days])
            }
        };
        Ok(binary(sign, Level::Sum, moment, &interval, moment.ty.clone()))
    }

    fn bitwise(&mut self, op: &Op, left: &Node, right: &Node) -> Result<Node> {
        let sign = match op {
            Op::BitwiseAnd => "&",
            Op::BitwiseOr => "|",
            _ => "#",
        };
        if left.ty == Ty::Bit || right.ty == Ty::Bit {
            let (a, b) = (self.coerce(left, &Ty::Int)?, self.coerce(right, &Ty::Int)?);
            return if left.ty == right.ty {
                refuse(format!("the operator {op} of two bits has no counterpart"))
            } else {
                self.bitwise(op, &a, &b)
            };
        }
        if !left.ty.is_integer() || !right.ty.is_integer() {
            return refuse(format!("{} {op} {} has no counterpart that is known", left.ty, right.ty));
        }
        let ty = left.ty.unified(&right.ty)?;
        Ok(binary(sign, Level::Operator, left, right, ty))
    }

    /// Whole numbers, decimals and money.
    fn exact(&mut self, op: &Op, left: &Node, right: &Node) -> Result<Node> {
        let (sign, level) = match op {
            Op::Plus => ("+", Level::Sum),
            Op::Minus => ("-", Level::Sum),
            Op::Multiply => ("*", Level::Product),
            Op::Divide => ("/", Level::Product),
            Op::Modulo => ("%", Level::Product),
            _ => return refuse(format!("the operator {op} has no counterpart")),
        };
        let (a, b) = (&left.ty, &right.ty);
        if a.is_integer() && b.is_integer() {
            if *a == Ty::TinyInt && a == b && !matches!(op, Op::Divide | Op::Modulo) {
                return refuse(format!(
                    "tinyint {op} tinyint must stay within 0 and 255, for which PostgreSQL has no type"
                ));
            }
            return Ok(binary(sign, level, left, right, a.unified(b)?));
        }
        let decimal = matches!(a, Ty::Decimal { .. }) || matches!(b, Ty::Decimal { .. });
        if !decimal {
            // Money with money or whole numbers.
            let whole = a.is_integer() || b.is_integer();
            return match op {
                Op::Plus | Op::Minus => {
                    self.note("a sum beyond the range of money is no error here");
                    Ok(binary(sign, level, left, right, a.unified(b)?))
                }
                Op::Multiply if whole => {
                    self.note("a sum beyond the range of money is no error here");
                    Ok(binary(sign, level, left, right, a.unified(b)?))
                }
                _ => refuse(format!("{a} {op} {b}: the source rounds to four digits")),
            };
        }
        let ((p, s), (q, t)) = (a.digits().unwrap_or((38, 0)), b.digits().unwrap_or((38, 0)));
        let (precision, scale) = match op {
            Op::Plus | Op::Minus => ((p - s).max(q - t) + s.max(t) + 1, s.max(t)),
            Op::Multiply => (p + q + 1, s + t),
            Op::Modulo => ((p - s).min(q - t) + s.max(t), s.max(t)),
            _ => return divided(left, (p, s), right, (q, t)),
        };
        if precision > 38 {
            return refuse(format!("{a} {op} {b} needs {precision} digits, and the source rounds to 38"));
        }
        Ok(binary(sign, level, left, right, Ty::Decimal { precision, scale }))
    }

    pub(super) fn minus(&mut self, expr: &Expr) -> Result<Node> {
        let node = self.value(expr)?;
        if let Some(value) = node.value.as_ref().and_then(Value::negated) {
            return Ok(Node::constant(value, node.ty));
        }
        match &node.ty {
            Ty::TinyInt | Ty::Bit => refuse(format!("the negative of a {} has no counterpart", node.ty)),
            ty if ty.is_exact() || ty.is_float() => {
                let sql = format!("-{}", node.at(Level::Cast));
                Ok(Node::new(sql, Level::Sign, node.ty.clone()).from(&[&node]))
            }
            ty => refuse(format!("the negative of {ty} has no counterpart")),
        }
    }

    pub(super) fn complement(&mut self, expr: &Expr) -> Result<Node> {
        if matches!(expr, Expr::BinaryOp { .. }) {
            return refuse("the order of ~ and another operator without parentheses is not sure");
        }
        let node = self.value(expr)?;
        match &node.ty {
            Ty::Bit => {
                let sql = format!("NOT {}", node.at(Level::Not));
                Ok(Node::new(sql, Level::Not, Ty::Bit).from(&[&node]))
            }
            Ty::SmallInt | Ty::Int | Ty::BigInt => {
                let sql = format!("~ {}", node.at(Level::Sum));
                Ok(Node::new(sql, Level::Operator, node.ty.clone()).from(&[&node]))
            }
            ty => refuse(format!("~ of {ty} has no counterpart")),
        }
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Node> {
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        if operand.as_ref().is_some_and(|node| node.volatility == Volatility::Volatile) {
            return refuse("CASE of a value that changes with every look at it");
        }
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for CaseWhen { condition, result } in conditions {
            tests.push(match &operand {
                None => self.predicate(condition)?,
                Some(operand) => {
                    let value = self.value(condition)?;
                    self.compare(super::compare::Comparison::Equal, operand, &value)?
                }
            });
            results.push(self.value(result)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.value(otherwise)?);
        }
        self.choice(&tests, &results)
    }

    /// CASE with these tests and their results, of the type of the highest precedence among them.
    pub(super) fn choice(&mut self, tests: &[Node], results: &[Node]) -> Result<Node> {
        let (results, ty) = self.alike(results)?;
        let mut sql = "CASE".to_owned();
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {} THEN {}", test.sql, result.sql));
        }
        if let Some(otherwise) = results.get(tests.len()) {
            sql.push_str(&format!(" ELSE {}", otherwise.sql));
        }
        sql.push_str(" END");
        let parts: Vec<&Node> = tests.iter().chain(&results).collect();
        Ok(Node::atom(sql, ty).from(&parts))
    }

    /// All as values of the one type that T-SQL gives them together.
    pub(super) fn alike(&mut self, nodes: &[Node]) -> Result<(Vec<Node>, Ty)> {
        let mut ty = Ty::Null;
        for node in nodes {
            ty = ty.unified(&node.ty)?;
        }
        if ty == Ty::Null {
            return refuse("all its results are NULL");
        }
        let nodes: Result<Vec<_>> = nodes
            .iter()
            .map(|node| {
                let node = self.coerce(node, &ty)?;
                self.text(&node)
            })
            .collect();
        Ok((nodes?, ty))
    }
}

/// A decimal quotient is exact if it is by a power of ten: the point moves.
fn divided(left: &Node, (p, s): (u8, u8), right: &Node, (q, t): (u8, u8)) -> Result<Node> {
    let shift = match &right.value {
        Some(Value::Int(number)) => zeros(*number),
        Some(Value::Decimal(decimal)) => {
            zeros(decimal.unscaled).and_then(|zeros| zeros.checked_sub(usize::from(decimal.scale)))
        }
        _ => None,
    };
    let q = if let Some(Value::Int(number)) = right.value { digits(number) } else { q };
    let scale = (s + q + 1).max(6);
    let precision = p - s + t + scale;
    match shift {
        Some(shift) if precision <= 38 => {
            let ty = Ty::Decimal { precision, scale };
            let factor = match shift {
                0 => "1.0".to_owned(),
                _ => format!("0.{}1", "0".repeat(shift - 1)),
            };
            Ok(binary("*", Level::Product, left, &Node::atom(factor, Ty::Null), ty))
        }
        _ => refuse(format!("{} / {}: the source rounds the quotient in its own way", left.ty, right.ty)),
    }
}

fn digits(number: i128) -> u8 {
    u8::try_from(number.unsigned_abs().to_string().len()).unwrap_or(38)
}

/// How many zeros follow the 1 of a power of ten.
fn zeros(number: i128) -> Option<usize> {
    let shown = number.to_string();
    let rest = shown.strip_prefix('1')?;
    rest.bytes().all(|byte| byte == b'0').then_some(rest.len())
}
