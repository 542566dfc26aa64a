//! DBCC CHECKIDENT.

use crate::engine::{error, unknown};
use crate::load::lex::Cursor;
use crate::load::{Context, objects};
use crate::results::SqlError;

/// After DBCC CHECKIDENT: `('table', RESEED, n)`. The next row gets n and the increment.
pub(crate) fn reseed(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    c.expect("(")?;
    let name = c.string()?;
    c.expect(", RESEED ,")?;
    let value = c.integer()?;
    c.expect(")")?;
    if c.accept("WITH") {
        c.expect("NO_INFOMSGS")?;
    }
    let mut of = Cursor::new(&name)?;
    let (schema, name) = of.object()?;
    let (database, _, table) = objects::open_table(x, schema.as_deref(), &name)?;
    if !table.columns.iter().any(|k| k.identity.is_some()) {
        return Err(error(7997, 16, format!("'{name}' does not contain an identity column.")));
    }
    let mut counters = database.counters();
    match counters.identities.get_mut(&table.object_id) {
        Some(last) => *last = value,
        // Then the first row gets n itself.
        None => return Err(unknown("RESEED of a table that never had a row")),
    }
    drop(counters);
    database.written(table.object_id);
    Ok(())
}
