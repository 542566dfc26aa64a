//! Values of expressions. Types are found on the way, so evaluating with NULL for every column gives the type of a
//! computed column. Functions whose result would differ from run to run are refused, except the clock, which stands
//! at 2024-06-01 12:00:00 UTC.

use std::cmp::Ordering;

use crate::engine::{error, unknown};
use crate::load::arithmetic::arithmetic;
use crate::load::calendar::Moment;
use crate::load::convert::{Typed, cast};
use crate::load::expr::Expr;
use crate::load::functions;
use crate::load::names::{is_character, type_name};
use crate::results::{Parameter, SqlError};
use crate::storage::{self, TICKS_PER_DAY};
use crate::types::{Collation, Len, SqlType};
use crate::value::Value;

/// Value and collation of a column of the row at hand.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<(Typed, Option<Collation>)>;
/// Next value of a sequence.
pub(crate) type NextValue<'a> = &'a dyn Fn(Option<&str>, &str) -> Result<Typed, SqlError>;

/// What names in an expression mean.
pub(crate) struct Scope<'a> {
    /// Value and collation of a column of the row at hand.
    pub(crate) column: Lookup<'a>,
    /// Next value of a sequence.
    pub(crate) sequence: NextValue<'a>,
    pub(crate) parameters: &'a [Parameter],
    /// Of the database.
    pub(crate) collation: Collation,
}

/// The instant at which the clock stands: 2024-06-01 12:00:00 UTC.
pub(crate) const NOW: Moment = Moment { ticks: 739_037 * TICKS_PER_DAY + TICKS_PER_DAY / 2, offset: 0 };

impl Scope<'_> {
    pub(crate) fn eval(&self, e: &Expr) -> Result<Typed, SqlError> {
        let typed = |ty, value| Ok(Typed { ty, value });
        match e {
            Expr::Literal(ty, value, _) => typed(*ty, value.clone()),
            Expr::Null => typed(SqlType::Int, Value::Null),
            Expr::Default => Err(error(156, 15, "Incorrect syntax near the keyword 'DEFAULT'.".to_owned())),
            Expr::Column(name) => (self.column)(name)
                .map(|(v, _)| v)
                .ok_or_else(|| error(207, 16, format!("Invalid column name '{name}'."))),
            Expr::Variable(name) => self
                .parameters
                .iter()
                .find(|p| p.name.eq_ignore_ascii_case(name))
                .map(|p| Typed { ty: p.ty, value: p.value.clone() })
                .ok_or_else(|| error(137, 15, format!("Must declare the scalar variable \"{name}\"."))),
            Expr::Paren(inner) | Expr::Collate(inner, _) => self.eval(inner),
            Expr::AtTimeZone(..) => Err(unknown("the value of AT TIME ZONE: it is declared only")),
            Expr::Negate(inner) => negate(self.eval(inner)?),
            Expr::Cast(inner, ty, _, style) => {
                let style = match style {
                    Some(e) => match self.eval(e)?.value {
                        Value::Int(i) => Some(i),
                        _ => return Err(unknown("CONVERT with this style")),
                    },
                    None => None,
                };
                let inner = self.eval(inner)?;
                typed(*ty, cast(&inner, ty, &self.collation, style)?)
            }
            Expr::Call(name, arguments) => functions::call(self, name, arguments),
            Expr::NextValue(schema, name) => (self.sequence)(schema.as_deref(), name),
            Expr::Case(arms, other) => self.case(arms, other.as_deref()),
            Expr::Binary(operator, a, b) if is_arithmetic(operator) => {
                arithmetic(self, operator, self.eval(a)?, self.eval(b)?)
            }
            Expr::Binary(..) | Expr::Not(_) | Expr::IsNull(..) | Expr::In(..) => {
                Err(error(156, 15, "Incorrect syntax near a condition where a value is expected.".to_owned()))
            }
        }
    }

    /// Truth of a condition; None is UNKNOWN.
    pub(crate) fn test(&self, e: &Expr) -> Result<Option<bool>, SqlError> {
        Ok(match e {
            Expr::Paren(inner) => self.test(inner)?,
            Expr::Not(inner) => self.test(inner)?.map(|b| !b),
            Expr::IsNull(inner, negated) => Some((self.eval(inner)?.value == Value::Null) != *negated),
            Expr::In(inner, values, negated) => {
                let mut any = Some(false);
                for v in values {
                    match self.compare(inner, v)? {
                        Some(Ordering::Equal) => return Ok(Some(!negated)),
                        Some(_) => {}
                        None => any = None,
                    }
                }
                any.map(|b| b != *negated)
            }
            Expr::Binary(operator, a, b) => match operator.as_str() {
                "and" => match (self.test(a)?, self.test(b)?) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
                "or" => match (self.test(a)?, self.test(b)?) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
                "like" => self.like(a, b)?,
                other if is_arithmetic(other) => return Err(not_boolean()),
                other => self.compare(a, b)?.map(|o| holds(other, o)),
            },
            _ => return Err(not_boolean()),
        })
    }

    fn compare(&self, a: &Expr, b: &Expr) -> Result<Option<Ordering>, SqlError> {
        let collation = self.collation_of(a).or(self.collation_of(b)).unwrap_or(self.collation);
        compare(&self.eval(a)?, &self.eval(b)?, &collation)
    }

    fn collation_of(&self, e: &Expr) -> Option<Collation> {
        match e {
            Expr::Column(name) => (self.column)(name).and_then(|(_, c)| c),
            Expr::Paren(inner) => self.collation_of(inner),
            Expr::Collate(_, name) => crate::collation::find(name),
            _ => None,
        }
    }

    fn like(&self, a: &Expr, b: &Expr) -> Result<Option<bool>, SqlError> {
        let collation = self.collation_of(a).unwrap_or(self.collation);
        match (self.eval(a)?.value, self.eval(b)?.value) {
            (Value::Null, _) | (_, Value::Null) => Ok(None),
            (Value::Text(text), Value::Text(pattern)) => {
                let fold = |t: Vec<u8>| {
                    let t = String::from_utf8_lossy(&t).into_owned();
                    if collation.case_insensitive { t.to_lowercase() } else { t }
                };
                let text: Vec<char> = fold(text).chars().collect();
                let pattern: Vec<char> = fold(pattern).chars().collect();
                Ok(Some(matches(&text, &pattern)))
            }
            _ => Err(unknown("LIKE on values that are not characters")),
        }
    }

    fn case(&self, arms: &[(Expr, Expr)], other: Option<&Expr>) -> Result<Typed, SqlError> {
        let mut results = Vec::new();
        let mut chosen = None;
        for (i, (condition, result)) in arms.iter().enumerate() {
            if chosen.is_none() && self.test(condition)? == Some(true) {
                chosen = Some(i);
            }
            results.push(result);
        }
        results.extend(other);
        let chosen = chosen.or(other.map(|_| results.len() - 1));
        let ty = self.widest(&results)?;
        let value = match chosen {
            Some(i) => cast(&self.eval(results[i])?, &ty, &self.collation, None)?,
            None => Value::Null,
        };
        Ok(Typed { ty, value })
    }

    /// The type of several results: that of the highest rank, the longest of equals; NULL counts for nothing.
    pub(crate) fn widest(&self, all: &[&Expr]) -> Result<SqlType, SqlError> {
        let mut ty: Option<SqlType> = None;
        for e in all.iter().filter(|e| ***e != Expr::Null) {
            // A branch that is not taken may fail (division by zero); its type is then not needed.
            let Ok(next) = self.eval(e).map(|t| t.ty) else { continue };
            ty = Some(ty.map_or(next, |t| wider(t, next)));
        }
        Ok(ty.unwrap_or(SqlType::Int))
    }
}

fn not_boolean() -> SqlError {
    error(
        4145,
        15,
        "An expression of non-boolean type specified in a context where a condition is expected.".to_owned(),
    )
}

fn is_arithmetic(operator: &str) -> bool {
    matches!(operator, "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^")
}

fn holds(operator: &str, order: Ordering) -> bool {
    match operator {
        "=" => order.is_eq(),
        "<>" | "!=" => order.is_ne(),
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        "<=" | "!>" => order.is_le(),
        _ => order.is_ge(),
    }
}

/// `%`, `_`, and `[set]`.
fn matches(text: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => (0..=text.len()).any(|i| matches(&text[i..], rest)),
        Some(('_', rest)) => !text.is_empty() && matches(&text[1..], rest),
        Some(('[', rest)) if rest.contains(&']') => {
            let end = rest.iter().position(|c| *c == ']').unwrap_or(0);
            let (set, after) = (&rest[..end], &rest[end + 1..]);
            let (negated, set) = set.strip_prefix(&['^']).map_or((false, set), |s| (true, s));
            text.split_first().is_some_and(|(c, tail)| {
                let within =
                    set.windows(3).any(|w| w[1] == '-' && w[0] <= *c && *c <= w[2]) || set.contains(c);
                within != negated && matches(tail, after)
            })
        }
        Some((c, rest)) => text.first() == Some(c) && matches(&text[1..], rest),
    }
}

/// Data type precedence, higher wins.
fn rank(ty: &SqlType) -> u8 {
    match ty {
        SqlType::Udt(_) | SqlType::Json | SqlType::Vector(_) => 30,
        SqlType::SqlVariant => 29,
        SqlType::Xml => 28,
        SqlType::DateTimeOffset(_) => 27,
        SqlType::DateTime2(_) => 26,
        SqlType::DateTime => 25,
        SqlType::SmallDateTime => 24,
        SqlType::Date => 23,
        SqlType::Time(_) => 22,
        SqlType::Float => 21,
        SqlType::Real => 20,
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => 19,
        SqlType::Money => 18,
        SqlType::SmallMoney => 17,
        SqlType::BigInt => 16,
        SqlType::Int => 15,
        SqlType::SmallInt => 14,
        SqlType::TinyInt => 13,
        SqlType::Bit => 12,
        SqlType::NText => 11,
        SqlType::Text => 10,
        SqlType::Image => 9,
        SqlType::RowVersion => 8,
        SqlType::UniqueIdentifier => 7,
        SqlType::NVarChar(_) => 6,
        SqlType::NChar(_) => 5,
        SqlType::VarChar(_) => 4,
        SqlType::Char(_) => 3,
        SqlType::VarBinary(_) => 2,
        SqlType::Binary(_) => 1,
    }
}

pub(super) fn wider(a: SqlType, b: SqlType) -> SqlType {
    let (high, low) = if rank(&a) >= rank(&b) { (a, b) } else { (b, a) };
    match (high, low) {
        (SqlType::Decimal { .. } | SqlType::Numeric { .. }, _) if precision(&low).is_some() => {
            let ((p, s), (q, t)) = (precision(&high).unwrap_or((18, 0)), precision(&low).unwrap_or((18, 0)));
            let scale = s.max(t);
            SqlType::Decimal { precision: ((p - s).max(q - t) + scale).min(38), scale }
        }
        (SqlType::NVarChar(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::Char(_), _)
            if is_character(&low) =>
        {
            let national = matches!(high, SqlType::NVarChar(_) | SqlType::NChar(_));
            let len = match (length(&high), length(&low)) {
                (Some(n), Some(m)) => Len::Limited(n.max(m)),
                _ => Len::Max,
            };
            if national { SqlType::NVarChar(len) } else { SqlType::VarChar(len) }
        }
        _ => high,
    }
}

pub(super) fn length(ty: &SqlType) -> Option<u16> {
    match ty {
        SqlType::Char(n) | SqlType::NChar(n) | SqlType::Binary(n) => Some(*n),
        SqlType::VarChar(Len::Limited(n))
        | SqlType::NVarChar(Len::Limited(n))
        | SqlType::VarBinary(Len::Limited(n)) => Some(*n),
        _ => None,
    }
}

/// Precision and scale as a decimal.
pub(super) fn precision(ty: &SqlType) -> Option<(u8, u8)> {
    Some(match ty {
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => (*precision, *scale),
        SqlType::Money => (19, 4),
        SqlType::SmallMoney => (10, 4),
        SqlType::BigInt => (19, 0),
        SqlType::Int => (10, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::Bit => (1, 0),
        _ => return None,
    })
}

fn negate(v: Typed) -> Result<Typed, SqlError> {
    let value = match v.value {
        Value::Null => Value::Null,
        Value::Int(i) => Value::Int(i.checked_neg().ok_or_else(|| unknown("negation of the least bigint"))?),
        Value::Decimal(d) => Value::Decimal(-d),
        Value::Float(f) => Value::Float(-f),
        Value::Real(f) => Value::Real(-f),
        _ => {
            return Err(error(
                8117,
                16,
                format!("Operand data type {} is invalid for minus operator.", type_name(&v.ty)),
            ));
        }
    };
    // The literal 2147483648 is numeric, yet its negation is an int's least value: assignment converts it.
    Ok(Typed { ty: v.ty, value })
}

/// Compares after conversion to the type of higher rank; None with NULL.
pub(crate) fn compare(a: &Typed, b: &Typed, collation: &Collation) -> Result<Option<Ordering>, SqlError> {
    if a.value == Value::Null || b.value == Value::Null {
        return Ok(None);
    }
    let ty = wider(a.ty, b.ty);
    let (x, y) = (cast(a, &ty, collation, None)?, cast(b, &ty, collation, None)?);
    Ok(Some(match (&x, &y) {
        (Value::Text(x), Value::Text(y)) => {
            storage::compare_text(collation, &String::from_utf8_lossy(x), &String::from_utf8_lossy(y))
        }
        (Value::Float(x), Value::Float(y)) => x.total_cmp(y),
        (Value::Real(x), Value::Real(y)) => x.total_cmp(y),
        _ => match (storage::to_sqlite(&ty, &x), storage::to_sqlite(&ty, &y)) {
            (storage::Stored::Integer(x), storage::Stored::Integer(y)) => x.cmp(&y),
            (storage::Stored::Blob(x), storage::Stored::Blob(y)) => x.cmp(&y),
            _ => return Err(unknown(format_args!("comparison of {}", type_name(&ty)))),
        },
    }))
}
