//! Predicates: three-valued as in SQLite, so AND, OR, NOT pass as they are.

use crate::results::SqlError;
use crate::types::{Len, SqlType};

use super::super::ast::{Expr, Query};
use super::super::error::{error, unknown};
use super::super::eval::Op;
use super::{Binder, Typed, typing};

impl Binder<'_> {
    pub(super) fn predicate(&mut self, e: &Expr) -> Result<String, SqlError> {
        Ok(match e {
            Expr::And(a, b) => format!("({} AND {})", self.predicate(a)?, self.predicate(b)?),
            Expr::Or(a, b) => format!("({} OR {})", self.predicate(a)?, self.predicate(b)?),
            Expr::Not(a) => format!("(NOT {})", self.predicate(a)?),
            Expr::Compare(op, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                self.compare(op, a, b)?
            }
            Expr::Between(value, low, high) => {
                let (value, low, high) = (self.expr(value)?, self.expr(low)?, self.expr(high)?);
                let from = self.compare(">=", value.clone(), low)?;
                format!("({from} AND {})", self.compare("<=", value, high)?)
            }
            Expr::InList(value, list) => self.in_list(value, list)?,
            Expr::InQuery(value, query) => self.in_query(value, query)?,
            Expr::Like { text, pattern, escape } => self.like(text, pattern, escape.as_deref())?,
            Expr::IsNull(value) => format!("({} IS NULL)", self.expr(value)?.sql),
            Expr::Exists(query) => format!("EXISTS ({})", self.query(query)?.sql),
            _ => {
                return Err(error(
                    4145,
                    "An expression of non-boolean type specified in a context where a condition is expected.",
                ));
            }
        })
    }

    pub(super) fn compare(&mut self, op: &str, a: Typed, b: Typed) -> Result<String, SqlError> {
        if a.is_null() || b.is_null() {
            return Ok("NULL".to_owned());
        }
        for side in [&a, &b] {
            if matches!(side.ty, SqlType::Text | SqlType::NText | SqlType::Image | SqlType::Xml) {
                return Err(error(
                    402,
                    format!(
                        "The data types {} and {} are incompatible in the {op} operator.",
                        typing::name(&a.ty),
                        typing::name(&b.ty)
                    ),
                ));
            }
        }
        let ty = typing::common(&a.ty, &b.ty);
        let (mut a, mut b) = (self.coerce(a, ty)?, self.coerce(b, ty)?);
        if typing::is_text(&ty) {
            let (collation, _) = Self::meet(&a, &b)?;
            (a.collation, b.collation) = (collation, collation);
            // On the right side, so that an index on the left one can be used.
            return Ok(format!("({} {op} {})", a.sql, Self::collate(&b)));
        }
        Ok(format!("({} {op} {})", a.sql, b.sql))
    }

    fn in_list(&mut self, value: &Expr, list: &[Expr]) -> Result<String, SqlError> {
        let value = self.expr(value)?;
        let mut parts = Vec::new();
        for item in list {
            let item = self.expr(item)?;
            parts.push(self.compare("=", value.clone(), item)?);
        }
        Ok(format!("({})", parts.join(" OR ")))
    }

    fn in_query(&mut self, value: &Expr, query: &Query) -> Result<String, SqlError> {
        let value = self.expr(value)?;
        let found = self.query(query)?;
        let [column] = found.columns.as_slice() else {
            return Err(error(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let alias = self.alias();
        let inner = self.column(column, format!("{alias}.c1"));
        let ty = typing::common(&value.ty, &inner.ty);
        let (mut value, inner) = (self.coerce(value, ty)?, self.coerce(inner, ty)?);
        if typing::is_text(&ty) {
            (value.collation, value.strength) = Self::meet(&value, &inner)?;
        }
        Ok(format!("(({}) IN (SELECT {} FROM ({}) AS {alias}))", Self::collate(&value), inner.sql, found.sql))
    }

    fn like(&mut self, text: &Expr, pattern: &Expr, escape: Option<&Expr>) -> Result<String, SqlError> {
        let (text, pattern) = (self.expr(text)?, self.expr(pattern)?);
        let mut args = vec![self.as_text(text)?, self.as_text(pattern)?];
        if let Some(escape) = escape {
            let escape = self.expr(escape)?;
            args.push(self.as_text(escape)?);
        }
        let (collation, _) = Self::meet(&args[0], &args[1])?;
        Ok(self.step(Op::Like, &args, SqlType::Bit, collation)?.sql)
    }

    /// A value as text: itself, or converted as `varchar`.
    pub(super) fn as_text(&mut self, value: Typed) -> Result<Typed, SqlError> {
        match value.ty {
            ty if typing::is_text(&ty) => Ok(value),
            SqlType::Udt(_) | SqlType::SqlVariant | SqlType::Image => {
                Err(unknown(format!("{} as text", typing::name(&value.ty))))
            }
            _ => self.cast(value, SqlType::VarChar(Len::Limited(8000))),
        }
    }
}
