//! Value expressions.

use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;

use super::super::ast::{Cast, Expr, Query};
use super::super::error::{error, unknown};
use super::super::eval::Op;
use super::super::parse::is_predicate;
use super::{Binder, Strength, Typed, typing};

impl Binder<'_> {
    /// Binds a value; in a grouped query it must be a GROUP BY item, or be made of such and of aggregates.
    pub(super) fn expr(&mut self, e: &Expr) -> Result<Typed, SqlError> {
        if self.grouped.is_some() && !self.in_aggregate && !super::select::has_aggregate(e) {
            let groups = self.grouped.take();
            let whole = self.bare(e);
            self.grouped = groups;
            if let Ok(value) = &whole
                && self.grouped.as_ref().is_some_and(|g| g.contains(&value.sql))
            {
                return whole;
            }
        }
        let value = self.bare(e)?;
        self.check_grouped(&value)?;
        Ok(value)
    }

    /// 8120 for a column of the grouped query that is neither grouped nor aggregated.
    pub(super) fn check_grouped(&self, value: &Typed) -> Result<(), SqlError> {
        let Some(groups) = &self.grouped else { return Ok(()) };
        let Some(column) = &value.column else { return Ok(()) };
        let owner = value.sql.split('.').next().unwrap_or("");
        let here = self.scopes.last().is_some_and(|s| s.iter().any(|seen| seen.sql == owner));
        if self.in_aggregate || !here || groups.contains(&value.sql) {
            return Ok(());
        }
        Err(error(
            8120,
            format!(
                "Column '{}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.",
                column.name
            ),
        ))
    }

    fn bare(&mut self, e: &Expr) -> Result<Typed, SqlError> {
        match e {
            Expr::Null => Ok(self.constant(SqlType::Int, Value::Null)),
            Expr::Number(n) => self.number(n),
            Expr::Text(t, national) => Ok(self.text(t, *national)),
            Expr::Hex(h) => {
                let ty = SqlType::VarBinary(Len::Limited(u16::try_from(h.len().max(1)).unwrap_or(8000)));
                Ok(self.constant(ty, Value::Bytes(h.clone())))
            }
            Expr::Variable(v) => self.variable(v),
            Expr::Column(parts) => self.column_or_property(parts),
            Expr::Minus(inner) => {
                let value = self.expr(inner)?;
                let (ty, collation) = (value.ty, value.collation);
                self.step(Op::Function("NEGATE"), &[value], ty, collation)
            }
            Expr::BitNot(inner) => {
                let value = self.expr(inner)?;
                let (ty, collation) = (value.ty, value.collation);
                self.step(Op::Arith("~"), &[value], ty, collation)
            }
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                self.arith(op, a, b)
            }
            Expr::Call(call) => self.call(call),
            Expr::Cast(cast) => self.explicit_cast(cast),
            Expr::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref())
            }
            Expr::Collate(inner, name) => {
                let value = self.expr(inner)?;
                let collation = match crate::collation::find(name) {
                    _ if name.eq_ignore_ascii_case("database_default") => self.database_collation(),
                    Some(found) => found,
                    None => return Err(error(448, format!("Invalid collation '{name}'."))),
                };
                if !typing::is_text(&value.ty) {
                    return Err(error(
                        447,
                        format!("Expression type {} is invalid for COLLATE clause.", typing::name(&value.ty)),
                    ));
                }
                Ok(Typed { collation, strength: Strength::Explicit, column: None, ..value })
            }
            Expr::Subquery(query) => self.scalar(query),
            other if is_predicate(other) => Err(unknown("a predicate where a value must stand")),
            _ => Err(unknown("this expression")),
        }
    }

    fn number(&self, text: &str) -> Result<Typed, SqlError> {
        let parse = |ty: SqlType, text: &str| {
            let source = SqlType::VarChar(Len::Limited(8000));
            let value = Value::Text(text.as_bytes().to_vec());
            super::super::convert::convert(&value, &source, &ty, &self.database_collation(), None)
        };
        let bare = text.trim_start_matches('-');
        if let Some(money) = bare.strip_prefix('$') {
            let sign = if text.starts_with('-') { "-" } else { "" };
            return Ok(self.constant(SqlType::Money, parse(SqlType::Money, &format!("{sign}{money}"))?));
        }
        if text.contains('e') {
            return Ok(self.constant(SqlType::Float, parse(SqlType::Float, text)?));
        }
        if let Ok(i) = text.parse::<i32>() {
            return Ok(self.constant(SqlType::Int, Value::Int(i64::from(i))));
        }
        let (whole, scale) = match bare.split_once('.') {
            Some((whole, part)) => (whole.trim_start_matches('0').len(), part.len()),
            None => (bare.trim_start_matches('0').len(), 0),
        };
        let digits = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        if whole + scale > 38 {
            return Err(error(
                1007,
                format!(
                    "The number '{text}' is out of the range for numeric representation (maximum precision 38)."
                ),
            ));
        }
        let ty = SqlType::Numeric { precision: digits((whole + scale).max(1)), scale: digits(scale) };
        Ok(self.constant(ty, parse(ty, text)?))
    }

    pub(super) fn text(&self, text: &str, national: bool) -> Typed {
        let units = text.encode_utf16().count().max(1);
        let len = |limit: u16| match u16::try_from(units) {
            Ok(n) if n <= limit => Len::Limited(n),
            _ => Len::Max,
        };
        let ty = if national { SqlType::NVarChar(len(4000)) } else { SqlType::VarChar(len(8000)) };
        let bytes = if national {
            text.as_bytes().to_vec()
        } else {
            // A plain literal is in the code page of the database.
            let mut page = Vec::new();
            crate::codepage::encode(self.database_collation().encoding, text.as_bytes(), &mut page);
            crate::codepage::decode(self.database_collation().encoding, &page)
        };
        self.constant(ty, Value::Text(bytes))
    }

    fn variable(&mut self, name: &str) -> Result<Typed, SqlError> {
        if name.starts_with("@@") {
            return self.global(name);
        }
        let found = self.variables.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        let Some((_, variable)) = found else {
            return Err(SqlError {
                severity: 15,
                ..error(137, format!("Must declare the scalar variable \"{name}\"."))
            });
        };
        Ok(Typed { nullable: true, ..self.constant(variable.ty, variable.value.clone()) })
    }

    fn global(&self, name: &str) -> Result<Typed, SqlError> {
        let int = |n: i64| self.constant(SqlType::Int, Value::Int(n));
        let env = self.env;
        Ok(match name.to_ascii_uppercase().as_str() {
            "@@VERSION" => self.text(super::call::VERSION, true),
            "@@SERVERNAME" => self.text(&env.catalog.server_name, true),
            "@@SERVICENAME" => self.text("MSSQLSERVER", true),
            "@@SPID" => self.constant(SqlType::SmallInt, Value::Int(i64::from(env.spid))),
            "@@TRANCOUNT" => int(i64::from(env.transactions)),
            "@@ROWCOUNT" => int(env.row_count),
            "@@ERROR" => int(0),
            "@@MAX_PRECISION" => self.constant(SqlType::TinyInt, Value::Int(38)),
            "@@LANGUAGE" => self.text("us_english", true),
            "@@TEXTSIZE" => int(2_147_483_647),
            "@@LOCK_TIMEOUT" => int(-1),
            "@@OPTIONS" => int(5496 + if env.no_count { 512 } else { 0 }),
            "@@MICROSOFTVERSION" => int(0x1000_0FA0),
            _ => return Err(unknown(name)),
        })
    }

    /// Arithmetic; `+` joins texts.
    fn arith(&mut self, op: &'static str, a: Typed, b: Typed) -> Result<Typed, SqlError> {
        if op == "+"
            && (typing::is_text(&a.ty) && typing::is_text(&b.ty)
                || a.is_null() && typing::is_text(&b.ty)
                || b.is_null() && typing::is_text(&a.ty))
        {
            return self.join_text(a, b);
        }
        if op == "+" && typing::is_binary(&a.ty) && typing::is_binary(&b.ty) {
            let len = lengths(&a.ty, &b.ty, 8000);
            return self.step(Op::Arith(op), &[a, b], SqlType::VarBinary(len), self.database_collation());
        }
        let meeting = typing::common(&a.ty, &b.ty);
        let ty = match meeting {
            SqlType::Decimal { .. } | SqlType::Numeric { .. } => {
                let (a, b) = (self.as_exact(a)?, self.as_exact(b)?);
                let ty = decimal_result(op, &a, &b)?;
                return self.step(Op::Arith(op), &[a, b], ty, self.database_collation());
            }
            SqlType::Money | SqlType::SmallMoney => {
                let (a, b) = (self.cast(a, meeting)?, self.cast(b, meeting)?);
                return self.step(Op::Arith(op), &[a, b], meeting, self.database_collation());
            }
            SqlType::Bit if !matches!(op, "&" | "|" | "^") => SqlType::Int,
            SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => meeting,
            SqlType::Real | SqlType::Float => meeting,
            other => {
                return Err(SqlError {
                    state: 1,
                    ..error(
                        402,
                        format!(
                            "The data types {} and {} are incompatible in the {op} operator (or mssim does not know it for {}).",
                            typing::name(&a.ty),
                            typing::name(&b.ty),
                            typing::name(&other)
                        ),
                    )
                });
            }
        };
        let (a, b) = (self.cast(a, ty)?, self.cast(b, ty)?);
        self.step(Op::Arith(op), &[a, b], ty, self.database_collation())
    }

    /// An operand of decimal arithmetic: a constant integer has as many digits as it shows.
    fn as_exact(&mut self, value: Typed) -> Result<Typed, SqlError> {
        if let (Some(Value::Int(i)), Some(_)) = (&value.constant, typing::exact(&value.ty)) {
            let precision = u8::try_from(i.unsigned_abs().to_string().len()).unwrap_or(19);
            let ty = SqlType::Decimal { precision, scale: 0 };
            return self.cast(value, ty);
        }
        match typing::exact(&value.ty) {
            Some((precision, scale)) => self.cast(value, SqlType::Decimal { precision, scale }),
            None => Err(unknown(format!("{} in exact arithmetic", typing::name(&value.ty)))),
        }
    }

    fn join_text(&mut self, a: Typed, b: Typed) -> Result<Typed, SqlError> {
        if a.is_null() || b.is_null() {
            let other = if a.is_null() { b } else { a };
            return Ok(Typed {
                sql: "NULL".to_owned(),
                nullable: true,
                constant: Some(Value::Null),
                column: None,
                ..other
            });
        }
        let (collation, strength) = Self::meet(&a, &b)?;
        let national = typing::is_national(&a.ty) || typing::is_national(&b.ty);
        let len = lengths(&a.ty, &b.ty, if national { 4000 } else { 8000 });
        let ty = if national { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
        let found = self.step(Op::Arith("+"), &[a, b], ty, collation)?;
        Ok(Typed { strength, ..found })
    }

    fn explicit_cast(&mut self, cast: &Cast) -> Result<Typed, SqlError> {
        let ty = typing::resolve(&cast.ty, &self.env.catalog, 30)?;
        let value = self.expr(&cast.value)?;
        let style = match &cast.style {
            None => None,
            Some(style) => {
                let style = self.expr(style)?;
                match self.cast(style, SqlType::Int)?.constant {
                    Some(Value::Int(n)) => Some(n),
                    Some(Value::Null) => {
                        return Ok(Typed { nullable: true, ..self.constant(ty, Value::Null) });
                    }
                    _ => return Err(unknown("a CONVERT style that is not constant")),
                }
            }
        };
        if value.is_null() {
            return Ok(self.constant(ty, Value::Null));
        }
        // Same type and nothing to do: SQLite can still use an index on the column.
        if value.ty == ty && style.is_none() {
            return Ok(Typed { nullable: true, column: None, ..value });
        }
        let from_text = typing::is_text(&value.ty);
        let collation = if from_text { value.collation } else { self.database_collation() };
        let strength = if from_text { value.strength } else { Strength::Default };
        let op = Op::Cast { attempt: cast.attempt, style };
        let found = self.step(op, &[value], ty, collation)?;
        Ok(Typed { strength, ..found })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Result<Typed, SqlError> {
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for (when, then) in whens {
            conditions.push(match operand {
                None => self.predicate(when)?,
                Some(operand) => {
                    let (a, b) = (self.expr(operand)?, self.expr(when)?);
                    self.compare("=", a, b)?
                }
            });
            results.push(self.expr(then)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.expr(otherwise)?);
        }
        let (results, first) = self.in_common(results)?;
        let mut sql = String::from("CASE");
        for (condition, result) in conditions.iter().zip(&results) {
            sql += &format!(" WHEN {condition} THEN {}", result.sql);
        }
        if let (Some(_), Some(last)) = (otherwise, results.last()) {
            sql += &format!(" ELSE {}", last.sql);
        }
        let nullable = otherwise.is_none() || results.iter().any(|r| r.nullable);
        Ok(Typed { sql: format!("({sql} END)"), nullable, constant: None, column: None, ..first })
    }

    /// Values in their common type, and one of them as the model of the result.
    pub(super) fn in_common(&mut self, values: Vec<Typed>) -> Result<(Vec<Typed>, Typed), SqlError> {
        let mut typed = values.iter().filter(|v| !v.is_null());
        let mut model =
            typed.next().or_else(|| values.first()).cloned().ok_or_else(|| unknown("no values"))?;
        for value in typed {
            model.ty = typing::common(&model.ty, &value.ty);
            if typing::is_text(&value.ty) {
                (model.collation, model.strength) = Self::meet(&model, value)?;
            }
        }
        let values: Result<Vec<Typed>, SqlError> =
            values.into_iter().map(|v| self.cast(v, model.ty)).collect();
        Ok((values?, model))
    }

    fn scalar(&mut self, query: &Query) -> Result<Typed, SqlError> {
        let found = self.query(query)?;
        let [column] = found.columns.as_slice() else {
            return Err(error(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let value = self.column(column, format!("({})", found.sql));
        Ok(Typed { nullable: true, column: None, ..value })
    }
}

/// Length of two variable values joined; beyond the limit it is cut, unless one is max.
fn lengths(a: &SqlType, b: &SqlType, limit: u16) -> Len {
    match (typing::length(a), typing::length(b)) {
        (Some(x), Some(y)) => Len::Limited(x.saturating_add(y).min(limit)),
        _ => Len::Max,
    }
}

/// Types of decimal results (Transact-SQL reference, "Precision, scale, and length").
fn decimal_result(op: &str, a: &Typed, b: &Typed) -> Result<SqlType, SqlError> {
    let of = |t: &Typed| typing::exact(&t.ty).map_or((38, 0), |(p, s)| (u16::from(p), u16::from(s)));
    let ((p1, s1), (p2, s2)) = (of(a), of(b));
    Ok(match op {
        "+" | "-" => typing::decimal(s1.max(s2) + (p1 - s1).max(p2 - s2) + 1, s1.max(s2)),
        "*" => typing::decimal(p1 + p2 + 1, s1 + s2),
        "/" => {
            let scale = 6.max(s1 + p2 + 1);
            typing::decimal(p1 - s1 + s2 + scale, scale)
        }
        "%" => typing::decimal((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => return Err(unknown(format!("the operator {op} on decimals"))),
    })
}
