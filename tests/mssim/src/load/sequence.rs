//! Sequences: CREATE SEQUENCE, NEXT VALUE FOR.

use crate::catalog::{Catalog, SequenceDef};
use crate::engine::{Database, error};
use crate::load::Context;
use crate::load::convert::Typed;
use crate::load::lex::{Cursor, Kind};
use crate::load::names::column_type;
use crate::load::objects::{check_free, declare, schema_of};
use crate::results::SqlError;
use crate::types::SqlType;
use crate::value::Value;

/// Takes the next value of a sequence.
pub(crate) fn next_value(
    database: &Database,
    catalog: &Catalog,
    schema: Option<&str>,
    name: &str,
) -> Result<Typed, SqlError> {
    let s = catalog
        .sequence(schema, name)
        .ok_or_else(|| error(208, 16, format!("Invalid object name '{name}'.")))?;
    let mut counters = database.counters();
    let next = match counters.sequences.get(&s.object_id) {
        None => s.start,
        Some(v) => v + s.increment,
    };
    let next = if (s.minimum..=s.maximum).contains(&next) {
        next
    } else if s.cycle {
        if s.increment > 0 { s.minimum } else { s.maximum }
    } else {
        return Err(error(
            11728,
            16,
            format!("The sequence object '{name}' has reached its minimum or maximum value."),
        ));
    };
    counters.sequences.insert(s.object_id, next);
    let value = match s.ty {
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => Value::Decimal(next),
        _ => Value::Int(i64::try_from(next).unwrap_or(i64::MAX)),
    };
    Ok(Typed { ty: s.ty, value })
}

/// After CREATE SEQUENCE.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let ty = if c.accept("AS") { column_type(c, None)?.0 } else { SqlType::BigInt };
    let (low, high) = match ty {
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        SqlType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        SqlType::BigInt => (i128::from(i64::MIN), i128::from(i64::MAX)),
        SqlType::Decimal { precision, scale: 0 } | SqlType::Numeric { precision, scale: 0 } => {
            let top = 10_i128.pow(u32::from(precision)) - 1;
            (-top, top)
        }
        _ => return Err(error(11702, 16, "The sequence object must be of a whole number type.".to_owned())),
    };
    let mut s = SequenceDef {
        object_id: 0,
        schema: String::new(),
        name,
        ty,
        start: 0,
        increment: 1,
        minimum: low,
        maximum: high,
        cycle: false,
        cache: Some(0),
        created: 0,
    };
    let mut start = None;
    loop {
        if c.accept("START WITH") {
            start = Some(c.integer()?);
        } else if c.accept("INCREMENT BY") {
            s.increment = c.integer()?;
        } else if c.accept("MINVALUE") {
            s.minimum = c.integer()?;
        } else if c.accept("MAXVALUE") {
            s.maximum = c.integer()?;
        } else if c.accept("NO CYCLE") || c.accept("NO MINVALUE") || c.accept("NO MAXVALUE") {
        } else if c.accept("CYCLE") {
            s.cycle = true;
        } else if c.accept("NO CACHE") {
            s.cache = None;
        } else if c.accept("CACHE") {
            let given = c.peek().is_some_and(|t| t.kind == Kind::Number);
            s.cache = Some(if given { i32::try_from(c.integer()?).map_err(|_| c.wrong())? } else { 0 });
        } else {
            break;
        }
    }
    s.start = start.unwrap_or(if s.increment > 0 { s.minimum } else { s.maximum });
    declare(x, |k, _| {
        s.schema = schema_of(k, schema.as_deref())?;
        check_free(k, &s.schema, &s.name)?;
        (s.object_id, s.created) = k.new_object();
        k.sequences.push(s);
        Ok(())
    })
}
