//! SUM, AVG and STRING_AGG with T-SQL's types: an `int` sum overflows, a `decimal` sum is exact.

use rusqlite::functions::{Aggregate, Context};

use crate::query::error::{error, overflow};
use crate::query::typing;
use crate::results::SqlError;
use crate::storage::{Stored, to_sqlite};
use crate::types::SqlType;
use crate::value::Value;

use super::{Op, Shared, Step, arguments, fail, step_of};

pub(super) struct Agg {
    pub(super) state: Shared,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Seen {
    step: Option<std::sync::Arc<Step>>,
    count: i128,
    exact: i128,
    float: f64,
    text: Vec<u8>,
    failed: bool,
}

impl Aggregate<Seen, Stored> for Agg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Seen> {
        Ok(Seen::default())
    }

    fn step(&self, ctx: &mut Context<'_>, seen: &mut Seen) -> rusqlite::Result<()> {
        let (step, _) = step_of(ctx, &self.state)?;
        let added = arguments(ctx, &step).and_then(|args| seen.add(&step, &args));
        seen.step = Some(step);
        added.map_err(|e| {
            seen.failed = true;
            fail(&self.state, e)
        })
    }

    fn finalize(&self, _: &mut Context<'_>, seen: Option<Seen>) -> rusqlite::Result<Stored> {
        let Some(seen) = seen else { return Ok(Stored::Null) };
        let Some(step) = seen.step.clone() else { return Ok(Stored::Null) };
        if seen.failed {
            return Ok(Stored::Null);
        }
        match seen.result(&step) {
            Ok(v) => Ok(to_sqlite(&step.ty, &v)),
            Err(e) => Err(fail(&self.state, e)),
        }
    }
}

impl Seen {
    fn add(&mut self, step: &Step, args: &[Value]) -> Result<(), SqlError> {
        let full = || overflow(typing::name(&step.ty));
        match &args[0] {
            Value::Null => return Ok(()),
            Value::Int(i) => self.exact = self.exact.checked_add(i128::from(*i)).ok_or_else(full)?,
            Value::Decimal(d) => self.exact = self.exact.checked_add(*d).ok_or_else(full)?,
            Value::Float(f) => self.float += f,
            Value::Real(f) => self.float += f64::from(*f),
            Value::Text(t) => {
                if self.count > 0
                    && let Some(Value::Text(between)) = args.get(1)
                {
                    self.text.extend_from_slice(between);
                }
                self.text.extend_from_slice(t);
            }
            _ => {
                return Err(error(
                    8117,
                    format!("Operand data type {} is invalid for sum operator.", typing::name(&step.args[0])),
                ));
            }
        }
        self.count += 1;
        Ok(())
    }

    fn result(&self, step: &Step) -> Result<Value, SqlError> {
        if self.count == 0 {
            return Ok(Value::Null);
        }
        let average = step.op == Op::Aggregate("AVG");
        let full = || overflow(typing::name(&step.ty));
        Ok(match step.ty {
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
                let v = if average { self.exact / self.count } else { self.exact };
                let v = i64::try_from(v).map_err(|_| full())?;
                if step.ty == SqlType::Int && i32::try_from(v).is_err() {
                    return Err(full());
                }
                Value::Int(v)
            }
            SqlType::Decimal { scale, .. } if average => {
                let from = typing::exact(&step.args[0]).map_or(0, |(_, s)| s);
                let power = 10_i128.checked_pow(u32::from(scale.saturating_sub(from))).ok_or_else(full)?;
                Value::Decimal(self.exact.checked_mul(power).ok_or_else(full)? / self.count)
            }
            SqlType::Decimal { .. } | SqlType::Money => {
                Value::Decimal(if average { self.exact / self.count } else { self.exact })
            }
            SqlType::Float => {
                #[expect(clippy::cast_precision_loss, reason = "a count of rows is far below 2^53")]
                let n = self.count as f64;
                Value::Float(if average { self.float / n } else { self.float })
            }
            _ => Value::Text(self.text.clone()),
        })
    }
}
