//! ALTER TABLE.

use crate::catalog::{ColumnDef, TableDef, same};
use crate::engine::{error, unknown};
use crate::load::lex::Cursor;
use crate::load::names::{column_type, is_character};
use crate::load::rows::Writer;
use crate::load::{Context, module, objects, table, temporal};
use crate::results::SqlError;
use crate::storage::{self, Stored};
use crate::types::SqlType;
use crate::value::Value;

/// After ALTER TABLE.
pub(crate) fn alter(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let at = (schema.as_deref(), name.as_str());
    let unchecked = c.accept("WITH NOCHECK");
    c.accept("WITH CHECK");
    if c.accept("ADD") {
        return add(c, x, at, unchecked);
    }
    let off = c.accept("NOCHECK CONSTRAINT");
    if off || c.accept("CHECK CONSTRAINT") {
        return switch(c, x, at, off, unchecked);
    }
    if c.accept("ALTER COLUMN") {
        return alter_column(c, x, at);
    }
    if c.accept("DROP COLUMN") {
        return drop_columns(c, x, at);
    }
    if c.accept("DROP CONSTRAINT") || c.accept("DROP") {
        return drop_constraints(c, x, at);
    }
    if c.accept("SET ( SYSTEM_VERSIONING =") {
        let wanted = temporal::option(c)?;
        c.expect(")")?;
        return temporal::alter(x, at, wanted.as_ref());
    }
    let off = c.accept("DISABLE TRIGGER");
    if off || c.accept("ENABLE TRIGGER") {
        return module::switch(c, x, Some(at), off);
    }
    if c.accept("SET") {
        // LOCK_ESCALATION and the like: nothing that a reader sees.
        return c.skip_group();
    }
    if c.accept("REBUILD") {
        return Ok(());
    }
    Err(unknown("this ALTER TABLE"))
}

type Place<'a> = (Option<&'a str>, &'a str);

fn no_fill(_: &ColumnDef) -> Result<Stored, SqlError> {
    Err(unknown("a new column"))
}

fn add(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    (schema, name): Place<'_>,
    unchecked: bool,
) -> Result<(), SqlError> {
    let database = x.engine.database(x.database)?;
    let catalog = database.catalog();
    let old = objects::open_table(x, schema, name)?.2;
    // The new columns are declared twice: here to know their defaults, then inside the statement.
    let mut preview = TableDef::clone(&old);
    let mut elements = Vec::new();
    loop {
        c.accept("COLUMN");
        match table::constraint(c)? {
            Some(e) => elements.push(e),
            None => table::column(c, &catalog, &mut preview, &mut elements)?,
        }
        if !c.accept(",") {
            break;
        }
    }
    let added = preview.columns[old.columns.len()..].to_vec();
    let mut scratch = crate::catalog::Catalog::clone(&catalog);
    table::finish(&mut scratch, &mut preview, elements.clone())?;
    if added.iter().any(|k| k.computed.is_some() || k.identity.is_some() || k.ty == SqlType::RowVersion) {
        return add_derived(x, (schema, name), &old, &added, elements);
    }
    let w = Writer::new(&database, &scratch, &preview, x.parameters)?;
    let mut fill = |k: &ColumnDef| {
        let at = preview.columns.iter().position(|p| p.id == k.id).unwrap_or(0);
        let value = if k.nullable { Value::Null } else { w.default(at)? };
        if value == Value::Null && !k.nullable {
            return Err(error(
                4901,
                16,
                format!(
                    "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified. Column '{}' cannot be added to non-empty table '{name}'.",
                    k.name
                ),
            ));
        }
        Ok(storage::to_sqlite(&k.ty, &value))
    };
    objects::alter_with(
        x,
        schema,
        name,
        |k, t| {
            t.columns.extend(added.iter().cloned());
            t.max_column_id = preview.max_column_id;
            for e in &mut elements.drain(..) {
                table::add(k, t, e, unchecked)?;
            }
            Ok(())
        },
        &mut fill,
    )
}

/// Columns whose values come from the row: only to an empty table.
fn add_derived(
    x: &Context<'_>,
    (schema, name): Place<'_>,
    old: &TableDef,
    added: &[ColumnDef],
    elements: Vec<table::Element>,
) -> Result<(), SqlError> {
    objects::alter_with(
        x,
        schema,
        name,
        |k, t| {
            t.columns.extend(added.iter().cloned());
            t.max_column_id = old.max_column_id + i32::try_from(added.len()).unwrap_or(0);
            table::finish(k, t, elements)
        },
        &mut |_| Err(unknown("a computed, identity or rowversion column added to a table with rows")),
    )
}

fn switch(
    c: &mut Cursor<'_>,
    x: &Context<'_>,
    (schema, name): Place<'_>,
    off: bool,
    unchecked: bool,
) -> Result<(), SqlError> {
    let all = c.accept("ALL");
    let mut names = Vec::new();
    if !all {
        names.push(c.name()?);
        while c.accept(",") {
            names.push(c.name()?);
        }
    }
    let hit = |n: &str| all || names.iter().any(|w| same(w, n));
    // WITH CHECK CHECK CONSTRAINT makes it trusted again; this server has checked nothing, and says so by the flag.
    let trusted = !off && !unchecked;
    objects::alter_with(
        x,
        schema,
        name,
        |_, t| {
            let mut found = all;
            for k in t.checks.iter_mut().filter(|k| hit(&k.name)) {
                (k.disabled, k.not_trusted, found) = (off, !trusted, true);
            }
            for k in t.foreign_keys.iter_mut().filter(|k| hit(&k.name)) {
                (k.disabled, k.not_trusted, found) = (off, !trusted, true);
            }
            if found { Ok(()) } else { Err(error(4917, 16, "Constraint does not exist.".to_owned())) }
        },
        &mut no_fill,
    )
}

fn alter_column(c: &mut Cursor<'_>, x: &Context<'_>, (schema, name): Place<'_>) -> Result<(), SqlError> {
    let column = c.name()?;
    let catalog = x.engine.catalog(x.database)?;
    let (ty, alias) = column_type(c, Some(&catalog))?;
    let mut collation = is_character(&ty).then_some(catalog.collation);
    if c.accept("COLLATE") {
        let wanted = c.name()?;
        collation = Some(
            crate::collation::find(&wanted)
                .ok_or_else(|| error(448, 16, format!("Invalid collation '{wanted}'.")))?,
        );
    }
    c.accept("SPARSE");
    let nullable = !c.accept("NOT NULL");
    c.accept("NULL");
    objects::alter_with(
        x,
        schema,
        name,
        |_, t| {
            let of = t.name.clone();
            let k = t.columns.iter_mut().find(|k| same(&k.name, &column)).ok_or_else(|| {
                error(4924, 16, format!("ALTER TABLE ALTER COLUMN failed because column '{column}' does not exist in table '{of}'."))
            })?;
            if k.computed.is_some() || k.ty == SqlType::RowVersion {
                return Err(error(
                    4928,
                    16,
                    format!("Cannot alter column '{column}' because it is computed or rowversion."),
                ));
            }
            (k.ty, k.alias, k.collation, k.nullable) = (ty, alias, collation, nullable);
            Ok(())
        },
        &mut no_fill,
    )
}

fn drop_columns(c: &mut Cursor<'_>, x: &Context<'_>, (schema, name): Place<'_>) -> Result<(), SqlError> {
    let quiet = c.accept("IF EXISTS");
    let mut names = vec![c.name()?];
    while c.accept(",") {
        c.accept("COLUMN");
        names.push(c.name()?);
    }
    objects::alter_with(
        x,
        schema,
        name,
        |k, t| {
            for n in &names {
                let Some(id) = t.column(n).map(|k| k.id) else {
                    if quiet {
                        continue;
                    }
                    return Err(error(
                        4924,
                        16,
                        format!(
                            "ALTER TABLE DROP COLUMN failed because column '{n}' does not exist in table '{}'.",
                            t.name
                        ),
                    ));
                };
                let indexed = t
                    .indexes
                    .iter()
                    .any(|i| i.keys.iter().any(|k| k.column_id == id) || i.included.contains(&id));
                let keyed = t.foreign_keys.iter().any(|f| f.columns.iter().any(|(here, _)| *here == id));
                let bracketed = format!("[{n}]").to_lowercase();
                let mentioned = t.checks.iter().any(|k| k.definition.to_lowercase().contains(&bracketed))
                    || t.columns.iter().any(|k| k.id == id && k.default.is_some())
                    || t.columns.iter().any(|k| {
                        k.computed.as_ref().is_some_and(|d| d.definition.to_lowercase().contains(&bracketed))
                    });
                if indexed || keyed || mentioned {
                    return Err(error(5074, 16, format!("An object is dependent on column '{n}'.")));
                }
                t.columns.retain(|k| k.id != id);
                k.properties.retain(|p| !(p.class == 1 && p.major_id == t.object_id && p.minor_id == id));
            }
            Ok(())
        },
        &mut no_fill,
    )
}

fn drop_constraints(c: &mut Cursor<'_>, x: &Context<'_>, (schema, name): Place<'_>) -> Result<(), SqlError> {
    let quiet = c.accept("IF EXISTS");
    let mut names = vec![c.name()?];
    while c.accept(",") {
        c.accept("CONSTRAINT");
        names.push(c.name()?);
    }
    objects::alter_with(
        x,
        schema,
        name,
        |k, t| {
            for n in &names {
                let before = (t.indexes.len(), t.checks.len(), t.foreign_keys.len());
                let key = t.indexes.iter().find(|i| i.object_id != 0 && same(&i.name, n)).map(|i| i.id);
                let held = |o: &TableDef| {
                    o.foreign_keys.iter().any(|f| f.referenced == t.object_id && Some(f.key_index_id) == key)
                };
                if key.is_some() && k.tables.iter().any(|o| held(o)) {
                    return Err(error(
                        3725,
                        16,
                        format!("The constraint '{n}' is being referenced by a foreign key constraint."),
                    ));
                }
                t.indexes.retain(|i| !(i.object_id != 0 && same(&i.name, n)));
                t.checks.retain(|i| !same(&i.name, n));
                t.foreign_keys.retain(|i| !same(&i.name, n));
                let mut hit = before != (t.indexes.len(), t.checks.len(), t.foreign_keys.len());
                for k in t.columns.iter_mut().filter(|k| k.default.as_ref().is_some_and(|d| same(&d.name, n)))
                {
                    (k.default, hit) = (None, true);
                }
                if !hit && !quiet {
                    return Err(error(3728, 16, format!("'{n}' is not a constraint.")));
                }
            }
            Ok(())
        },
        &mut no_fill,
    )
}
