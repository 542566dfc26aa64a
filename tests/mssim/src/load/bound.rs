//! Stand-alone defaults and rules (CREATE DEFAULT, CREATE RULE), and what they are bound to.

use std::sync::Arc;

use crate::catalog::{BoundDef, Catalog, same};
use crate::engine::error;
use crate::load::lex::Cursor;
use crate::load::objects::{check_free, declare, schema_of};
use crate::load::procedure::arguments;
use crate::load::{Context, expr};
use crate::results::SqlError;

/// After CREATE DEFAULT or CREATE RULE; `start` is the offset of the statement.
pub(crate) fn create(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    start: usize,
    is_rule: bool,
) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    c.expect("AS")?;
    let from = c.offset();
    let expression = c.rest(from).trim_end_matches(';').trim_end().to_owned();
    let definition = c.rest(start).to_owned();
    if !is_rule {
        let mut inner = Cursor::new(&expression)?;
        expr::parse(&mut inner)?;
        if !inner.done() {
            return Err(inner.wrong());
        }
    }
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        check_free(k, &schema, &name)?;
        let (object_id, created) = k.new_object();
        k.bound.push(BoundDef { object_id, schema, name, is_rule, definition, expression, created });
        Ok(())
    })
}

/// DROP DEFAULT or DROP RULE.
pub(crate) fn drop(k: &mut Catalog, is_rule: bool, schema: &str, name: &str) -> Result<(), SqlError> {
    let is = |b: &BoundDef| b.is_rule == is_rule && same(&b.name, name) && same(&b.schema, schema);
    let Some(id) = k.bound.iter().find(|b| is(b)).map(|b| b.object_id) else { return Ok(()) };
    let columns = k.tables.iter().flat_map(|t| &t.columns);
    let used = columns.map(|c| (c.bound_default, c.bound_rule));
    let used = used.chain(k.types.iter().map(|t| (t.bound_default, t.bound_rule)));
    if used.into_iter().any(|(default, rule)| default == id || rule == id) {
        let what = if is_rule { "rule" } else { "default" };
        let message =
            format!("The {what} '{name}' cannot be dropped because it is bound to one or more column.");
        return Err(error(3716, 16, message));
    }
    k.bound.retain(|b| b.object_id != id);
    Ok(())
}

/// After EXEC sp_bindefault or sp_bindrule.
pub(crate) fn bind(c: &mut Cursor<'_>, x: &Context<'_>, is_rule: bool) -> Result<(), SqlError> {
    let first = if is_rule { "rulename" } else { "defname" };
    let [what, on, future] = arguments(c, x, [first, "objname", "futureonly"])?;
    let (what, on) = (what.unwrap_or_default(), on.unwrap_or_default());
    declare(x, |k, _| {
        let (schema, name) = two(&parts(&what)?);
        let schema = schema.unwrap_or_else(|| "dbo".to_owned());
        let is = |b: &&BoundDef| b.is_rule == is_rule && same(&b.name, &name) && same(&b.schema, &schema);
        let id = k.bound.iter().find(is).map(|b| b.object_id).ok_or_else(|| {
            let kind = if is_rule { "rule" } else { "default" };
            error(15016, 16, format!("The {kind} '{what}' does not exist."))
        })?;
        set(k, &on, is_rule, id, future.as_deref() == Some("futureonly"))
    })
}

/// After EXEC sp_unbindefault or sp_unbindrule.
pub(crate) fn unbind(c: &mut Cursor<'_>, x: &Context<'_>, is_rule: bool) -> Result<(), SqlError> {
    let [on, future] = arguments(c, x, ["objname", "futureonly"])?;
    let on = on.unwrap_or_default();
    declare(x, |k, _| set(k, &on, is_rule, 0, future.as_deref() == Some("futureonly")))
}

/// The parts of a name in a text.
pub(crate) fn parts(text: &str) -> Result<Vec<String>, SqlError> {
    let mut c = Cursor::new(text)?;
    let mut out = vec![c.name()?];
    while c.accept(".") {
        out.push(if c.is(".") { String::new() } else { c.name()? });
    }
    if c.done() { Ok(out) } else { Err(c.wrong()) }
}

fn two(parts: &[String]) -> (Option<String>, String) {
    let name = parts.last().cloned().unwrap_or_default();
    (parts.len().checked_sub(2).map(|i| parts[i].clone()).filter(|s| !s.is_empty()), name)
}

/// Binds a column (`[schema.]table.column`) or a type to a default or rule, or to none (0).
fn set(k: &mut Catalog, on: &str, is_rule: bool, id: i32, future_only: bool) -> Result<(), SqlError> {
    let missing = || {
        error(
            15148,
            16,
            format!("The data type or table column '{on}' does not exist or you do not have permission."),
        )
    };
    let names = parts(on)?;
    if let Some((column, table)) = names.split_last().filter(|(_, t)| !t.is_empty()) {
        let (schema, name) = two(table);
        let schema = schema.unwrap_or_else(|| "dbo".to_owned());
        let found = k.tables.iter_mut().find(|t| same(&t.name, &name) && same(&t.schema, &schema));
        if let Some(t) = found {
            let t = Arc::make_mut(t);
            let column = t.columns.iter_mut().find(|c| same(&c.name, column)).ok_or_else(missing)?;
            if column.default.is_some() && !is_rule {
                return Err(error(
                    15103,
                    16,
                    "Cannot bind a default to a column created with or altered to have a default value."
                        .to_owned(),
                ));
            }
            *(if is_rule { &mut column.bound_rule } else { &mut column.bound_default }) = id;
            return Ok(());
        }
    }
    let (schema, name) = two(&names);
    let schema = schema.unwrap_or_else(|| "dbo".to_owned());
    let found = k.types.iter_mut().find(|t| same(&t.name, &name) && same(&t.schema, &schema));
    let alias = found.filter(|_| names.len() <= 2).ok_or_else(missing)?;
    let bound = if is_rule { &mut alias.bound_rule } else { &mut alias.bound_default };
    let old = std::mem::replace(bound, id);
    let of = alias.id;
    if future_only {
        return Ok(());
    }
    for t in &mut k.tables {
        if !t.columns.iter().any(|c| c.alias == Some(of)) {
            continue;
        }
        for c in Arc::make_mut(t).columns.iter_mut().filter(|c| c.alias == Some(of)) {
            let bound = if is_rule { &mut c.bound_rule } else { &mut c.bound_default };
            // A column that was bound by itself stays so.
            if *bound == old || *bound == 0 {
                *bound = id;
            }
        }
    }
    Ok(())
}
