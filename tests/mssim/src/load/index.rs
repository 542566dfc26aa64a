//! CREATE INDEX and ALTER INDEX.

use crate::catalog::{TableDef, same};
use crate::engine::{error, unknown};
use crate::load::lex::Cursor;
use crate::load::objects::alter_with;
use crate::load::{Context, table};
use crate::results::SqlError;

/// After CREATE.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let mut index = table::Index { unique: c.accept("UNIQUE"), ..table::Index::default() };
    index.clustered = c.accept("CLUSTERED");
    c.accept("NONCLUSTERED");
    if !c.accept("INDEX") {
        return Err(unknown(format_args!("CREATE {}", c.peek().map_or("", |t| &t.text))));
    }
    index.name = c.name()?;
    c.expect("ON")?;
    let (schema, name) = c.object()?;
    let index = table::index_rest(c, index)?;
    alter_with(
        x,
        schema.as_deref(),
        &name,
        |k, t| table::add(k, t, table::Element::Index(index), false),
        &mut |_| Err(unknown("a new column")),
    )
}

/// After ALTER INDEX: DISABLE and REBUILD; REORGANIZE and SET change nothing that a reader sees.
pub(crate) fn alter(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let all = c.accept("ALL");
    let wanted = if all { String::new() } else { c.name()? };
    c.expect("ON")?;
    let (schema, name) = c.object()?;
    let disabled = if c.accept("DISABLE") {
        Some(true)
    } else if c.accept("REBUILD") {
        Some(false)
    } else if c.accept("REORGANIZE") || c.accept("SET") {
        None
    } else {
        return Err(c.wrong());
    };
    if c.accept("WITH") || c.is("(") {
        c.skip_group()?;
    }
    let change = |t: &mut TableDef| {
        let mut found = all;
        for index in t.indexes.iter_mut().filter(|i| all || same(&i.name, &wanted)) {
            if index.clustered && disabled == Some(true) {
                return Err(unknown("a disabled clustered index, which closes its table"));
            }
            index.disabled = disabled.unwrap_or(index.disabled);
            found = true;
        }
        let missing = || error(2727, 11, format!("Cannot find index '{wanted}'."));
        if found { Ok(()) } else { Err(missing()) }
    };
    alter_with(x, schema.as_deref(), &name, |_, t| change(t), &mut |_| Err(unknown("a new column")))
}
