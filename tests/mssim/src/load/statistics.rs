//! CREATE STATISTICS: declared only.

use crate::catalog::{StatisticsDef, same};
use crate::engine::error;
use crate::load::lex::Cursor;
use crate::load::objects::declare;
use crate::load::{Context, expr};
use crate::results::SqlError;

/// After CREATE STATISTICS.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    c.expect("ON")?;
    let (schema, table) = c.object()?;
    let columns = c.names()?;
    let filter = if c.accept("WHERE") { Some(expr::definition(&expr::parse(c)?)) } else { None };
    let mut no_recompute = false;
    if c.accept("WITH") {
        loop {
            no_recompute |= c.is("NORECOMPUTE");
            c.name()?;
            if c.accept("=") {
                c.take();
            } else if c.integer().is_ok() {
                c.name()?;
            }
            if !c.accept(",") {
                break;
            }
        }
    }
    declare(x, |k, _| {
        let t = k.table(schema.as_deref(), &table).cloned();
        let t = t.ok_or_else(|| error(1088, 16, format!("Cannot find the object \"{table}\".")))?;
        let columns = columns
            .iter()
            .map(|n| {
                t.column(n).map(|c| c.id).ok_or_else(|| {
                    error(1911, 16, format!("Column name '{n}' does not exist in the target table or view."))
                })
            })
            .collect::<Result<_, _>>()?;
        let object_id = t.object_id;
        let taken = |s: &&StatisticsDef| s.object_id == object_id && same(&s.name, &name);
        if k.more.statistics.iter().any(|s| taken(&s)) {
            let message = format!("There are already statistics on table '{table}' named '{name}'.");
            return Err(error(1927, 16, message));
        }
        k.more.statistics.push(StatisticsDef { object_id, name, columns, filter, no_recompute });
        Ok(())
    })
}

/// After DROP STATISTICS: `table.name`.
pub(crate) fn drop(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let mut names = vec![c.name()?];
    while c.accept(".") {
        names.push(c.name()?);
    }
    let [before @ .., table, name] = names.as_slice() else { return Err(c.wrong()) };
    declare(x, |k, _| {
        let id = k.table(before.last().map(String::as_str), table).map(|t| t.object_id);
        let count = k.more.statistics.len();
        k.more.statistics.retain(|s| Some(s.object_id) != id || !same(&s.name, name));
        let missing = || {
            error(
                3701,
                11,
                format!(
                    "Cannot drop the statistics '{name}', because it does not exist or you do not have permission."
                ),
            )
        };
        if count == k.more.statistics.len() { Err(missing()) } else { Ok(()) }
    })
}
