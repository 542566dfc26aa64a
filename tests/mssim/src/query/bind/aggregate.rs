//! Aggregates and window functions.

use crate::results::SqlError;
use crate::types::{Len, SqlType};
use crate::value::Value;

use super::super::ast::{Call, Expr, Order};
use super::super::error::{error, unknown};
use super::super::eval::{Op, Step};
use super::{Binder, Typed, typing};

impl Binder<'_> {
    pub(super) fn aggregate(&mut self, call: &Call, name: &str) -> Result<Typed, SqlError> {
        if self.in_aggregate {
            return Err(error(
                130,
                "Cannot perform an aggregate function on an expression containing an aggregate or a subquery.",
            ));
        }
        let count = |binder: &Self, sql: String| Typed {
            nullable: true,
            sql,
            constant: None,
            ..binder.constant(if name == "COUNT" { SqlType::Int } else { SqlType::BigInt }, Value::Int(0))
        };
        if call.star {
            return if name.starts_with("COUNT") {
                Ok(count(self, "count(*)".to_owned()))
            } else {
                Err(unknown(format!("{name}(*)")))
            };
        }
        self.in_aggregate = true;
        let args: Result<Vec<Typed>, SqlError> = call.args.iter().map(|a| self.expr(a)).collect();
        let within = self.within(&call.within);
        self.in_aggregate = false;
        let (mut args, within) = (args?, within?);
        let wanted = if name == "STRING_AGG" { 2 } else { 1 };
        if args.len() != wanted {
            return Err(error(174, format!("The {name} function requires {wanted} argument(s).")));
        }
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let value = args[0].clone();
        match name {
            "COUNT" | "COUNT_BIG" => Ok(count(self, format!("count({distinct}{})", Self::collate(&value)))),
            "MIN" | "MAX" => {
                if value.ty == SqlType::Bit {
                    return Err(error(
                        8117,
                        format!("Operand data type bit is invalid for {} operator.", name.to_lowercase()),
                    ));
                }
                let sql = format!("{}({})", name.to_lowercase(), Self::collate(&value));
                Ok(Typed { sql, nullable: true, column: None, constant: None, ..value })
            }
            "STRING_AGG" => {
                args[0] = self.as_text(value)?;
                args[1] = self.as_text(args[1].clone())?;
                let long = typing::length(&args[0].ty).is_none();
                let ty = match (typing::is_national(&args[0].ty), long) {
                    (true, true) => SqlType::NVarChar(Len::Max),
                    (true, false) => SqlType::NVarChar(Len::Limited(4000)),
                    (false, true) => SqlType::VarChar(Len::Max),
                    (false, false) => SqlType::VarChar(Len::Limited(8000)),
                };
                let model = args[0].clone();
                let step = Step {
                    op: Op::Aggregate("STRING_AGG"),
                    args: args.iter().map(|a| a.ty).collect(),
                    ty,
                    collation: model.collation,
                };
                let mut sql = self.step_sql("ms_agg", step, &args);
                sql.truncate(sql.len() - 1);
                Ok(Typed {
                    sql: format!("{sql}{within})"),
                    ty,
                    nullable: true,
                    column: None,
                    constant: None,
                    ..model
                })
            }
            _ => self.sum(name, value, distinct),
        }
    }

    fn within(&mut self, order: &[Order]) -> Result<String, SqlError> {
        let mut items = Vec::new();
        for item in order {
            let by = self.expr(&item.by)?;
            items.push(format!("{}{}", Self::collate(&by), if item.descending { " DESC" } else { "" }));
        }
        Ok(if items.is_empty() { String::new() } else { format!(" ORDER BY {}", items.join(", ")) })
    }

    fn sum(&mut self, name: &str, value: Typed, distinct: &str) -> Result<Typed, SqlError> {
        if !distinct.is_empty() {
            return Err(unknown("SUM or AVG of DISTINCT values"));
        }
        let ty = match value.ty {
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
            SqlType::BigInt => SqlType::BigInt,
            SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => {
                SqlType::Decimal { precision: 38, scale: if name == "AVG" { scale.max(6) } else { scale } }
            }
            SqlType::Money | SqlType::SmallMoney => SqlType::Money,
            SqlType::Float | SqlType::Real => SqlType::Float,
            other => {
                return Err(error(
                    8117,
                    format!(
                        "Operand data type {} is invalid for {} operator.",
                        typing::name(&other),
                        name.to_lowercase()
                    ),
                ));
            }
        };
        let op = Op::Aggregate(if name == "AVG" { "AVG" } else { "SUM" });
        let collation = self.database_collation();
        let step = Step { op, args: vec![value.ty], ty, collation };
        let sql = self.step_sql("ms_agg", step, std::slice::from_ref(&value));
        Ok(Typed { sql, ty, nullable: true, column: None, constant: None, ..value })
    }

    pub(super) fn window(&mut self, call: &Call, name: &str) -> Result<Typed, SqlError> {
        let Some((partition, order)) = &call.over else { return Err(unknown("a window")) };
        let mut over = Vec::new();
        if !partition.is_empty() {
            let mut items = Vec::new();
            for item in partition {
                let item = self.expr(item)?;
                items.push(Self::collate(&item));
            }
            over.push(format!("PARTITION BY {}", items.join(", ")));
        }
        let ordered = self.within(order)?;
        if !ordered.is_empty() {
            over.push(ordered.trim_start().to_owned());
        }
        let over = over.join(" ");
        let args: Vec<Typed> = call.args.iter().map(|a: &Expr| self.expr(a)).collect::<Result<_, _>>()?;
        let whole = |binder: &Self, ty: SqlType, nullable: bool, sql: String| Typed {
            sql,
            nullable,
            constant: None,
            ..binder.constant(ty, Value::Int(0))
        };
        let lower = name.to_lowercase();
        match (name, args.as_slice()) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", []) => {
                if order.is_empty() {
                    return Err(error(
                        4112,
                        format!("The function '{name}' must have an OVER clause with ORDER BY."),
                    ));
                }
                Ok(whole(self, SqlType::BigInt, true, format!("{lower}() OVER ({over})")))
            }
            ("NTILE", [n]) => {
                Ok(whole(self, SqlType::BigInt, true, format!("ntile({}) OVER ({over})", n.sql)))
            }
            ("COUNT" | "COUNT_BIG", args) => {
                let what = args.first().map_or("*", |a| a.sql.as_str());
                let ty = if name == "COUNT" { SqlType::Int } else { SqlType::BigInt };
                Ok(whole(self, ty, true, format!("count({what}) OVER ({over})")))
            }
            ("MIN" | "MAX" | "LAG" | "LEAD" | "FIRST_VALUE", [value]) => {
                let fun =
                    if matches!(name, "MIN" | "MAX") { Self::collate(value) } else { value.sql.clone() };
                let sql = format!("{lower}({fun}) OVER ({over})");
                Ok(Typed { sql, nullable: true, column: None, constant: None, ..value.clone() })
            }
            _ => Err(unknown(format!("{name} OVER (…)"))),
        }
    }
}
