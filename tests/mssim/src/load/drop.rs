//! DROP.

use crate::catalog::{Catalog, ModuleKind, TableDef, Temporal, ViewDef, same};
use crate::engine::{error, unknown};
use crate::load::lex::Cursor;
use crate::load::objects::{alter_with, declare};
use crate::load::{Context, bound, module, principal, shape, statistics};
use crate::results::SqlError;

/// After DROP DATABASE.
fn drop_database(c: &mut Cursor<'_>, x: &Context<'_>, quiet: bool) -> Result<(), SqlError> {
    loop {
        let name = c.name()?;
        if same(&name, x.database) {
            let message = format!("Cannot drop database \"{name}\" because it is currently in use.");
            return Err(error(3702, 16, message));
        }
        match x.engine.drop_database(&name) {
            Err(e) if e.number == 3701 && quiet => {}
            done => done?,
        }
        if !c.accept(",") {
            return Ok(());
        }
    }
}

/// After DROP.
pub(crate) fn drop(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let kind = if c.accept("XML SCHEMA COLLECTION") {
        "XML SCHEMA COLLECTION".to_owned()
    } else {
        c.name()?.to_uppercase()
    };
    let quiet = c.accept("IF EXISTS");
    if kind == "STATISTICS" {
        return statistics::drop(c, x);
    }
    if kind == "DATABASE" {
        return drop_database(c, x, quiet);
    }
    loop {
        let (schema, name) = c.object()?;
        if kind == "INDEX" {
            c.expect("ON")?;
            let (schema, on) = c.object()?;
            if drop_view_index(x, (schema.as_deref(), &on), &name)? {
                return Ok(());
            }
            alter_with(
                x,
                schema.as_deref(),
                &on,
                |_, t| {
                    let at = t.indexes.iter().position(|i| same(&i.name, &name) && i.object_id == 0);
                    at.map(|i| t.indexes.remove(i)).map(|_| ()).ok_or_else(|| missing("index", &name))
                },
                &mut |_| Err(unknown("a new column")),
            )?;
        } else {
            if kind == "TRIGGER" && c.accept("ON DATABASE") {
                return module::drop_of_database(x, &name);
            }
            let done = declare(x, |k, _| drop_one(x, k, &kind, schema.as_deref(), &name));
            match done {
                Err(e) if e.number == 3701 && quiet => {}
                other => other?,
            }
        }
        if !c.accept(",") {
            return Ok(());
        }
    }
}

/// Drops an index of a view; false where that is no view.
fn drop_view_index(
    x: &Context<'_>,
    (schema, on): (Option<&str>, &str),
    name: &str,
) -> Result<bool, SqlError> {
    if x.engine.catalog(x.database)?.view(schema, on).is_none() {
        return Ok(false);
    }
    declare(x, |k, _| {
        let is = |v: &&mut ViewDef| same(&v.name, on) && same(&v.schema, schema.unwrap_or("dbo"));
        let view = k.views.iter_mut().find(is).ok_or_else(|| missing("index", name))?;
        let at =
            view.indexes.iter().position(|i| same(&i.name, name)).ok_or_else(|| missing("index", name))?;
        view.indexes.remove(at);
        Ok(true)
    })
}

fn missing(what: &str, name: &str) -> SqlError {
    error(
        3701,
        11,
        format!("Cannot drop the {what} '{name}', because it does not exist or you do not have permission."),
    )
}

fn drop_table(x: &Context<'_>, k: &mut Catalog, schema: Option<&str>, name: &str) -> Result<(), SqlError> {
    let table = k.table(schema, name).cloned().ok_or_else(|| missing("table", name))?;
    if table.temporal != Temporal::No {
        return Err(error(
            13552,
            16,
            format!(
                "Drop table operation failed on table '{name}' because it is of a system-versioned temporal table."
            ),
        ));
    }
    let held = |t: &TableDef| {
        t.object_id != table.object_id && t.foreign_keys.iter().any(|f| f.referenced == table.object_id)
    };
    if k.tables.iter().any(|t| held(t)) {
        return Err(error(
            3726,
            16,
            format!("Could not drop object '{name}' because it is referenced by a FOREIGN KEY constraint."),
        ));
    }
    shape::drop(x.conn, &table)?;
    k.tables.retain(|t| t.object_id != table.object_id);
    k.properties.retain(|p| p.major_id != table.object_id);
    k.modules.retain(|m| m.trigger.as_ref().is_none_or(|t| t.parent != table.object_id));
    k.fulltext_indexes.retain(|f| f.object_id != table.object_id);
    k.more.statistics.retain(|f| f.object_id != table.object_id);
    k.more.permissions.retain(|p| p.class != 1 || p.major_id != table.object_id);
    Ok(())
}

fn drop_one(
    x: &Context<'_>,
    k: &mut Catalog,
    kind: &str,
    schema: Option<&str>,
    name: &str,
) -> Result<(), SqlError> {
    let at = schema.unwrap_or("dbo");
    let lower = kind.to_lowercase();
    let is = |s: &str, n: &str| same(s, at) && same(n, name);
    let sizes = |k: &Catalog| {
        let declared = k.views.len() + k.modules.len() + k.sequences.len() + k.synonyms.len();
        let more = k.more.principals.len() + k.more.xml_collections.len();
        declared + k.types.len() + k.schemas.len() + k.bound.len() + more
    };
    let count = sizes(k);
    match kind {
        "TABLE" => return drop_table(x, k, schema, name),
        "PROC" | "PROCEDURE" => {
            k.modules.retain(|m| m.kind != ModuleKind::Procedure || !is(&m.schema, &m.name));
        }
        "TRIGGER" => k.modules.retain(|m| m.trigger.is_none() || !is(&m.schema, &m.name)),
        "FUNCTION" => k.modules.retain(|m| {
            matches!(m.kind, ModuleKind::Procedure | ModuleKind::Trigger) || !is(&m.schema, &m.name)
        }),
        "VIEW" => k.views.retain(|v| !is(&v.schema, &v.name)),
        "DEFAULT" | "RULE" => bound::drop(k, kind == "RULE", at, name)?,
        "USER" | "ROLE" => {
            principal::drop(k, name);
        }
        "XML SCHEMA COLLECTION" => k.more.xml_collections.retain(|v| !is(&v.schema, &v.name)),
        "SEQUENCE" => k.sequences.retain(|v| !is(&v.schema, &v.name)),
        "SYNONYM" => k.synonyms.retain(|v| !is(&v.schema, &v.name)),
        "TYPE" => {
            let used = k.types.iter().find(|t| is(&t.schema, &t.name)).map(|t| t.id);
            if k.tables.iter().flat_map(|t| &t.columns).any(|c| c.alias.is_some() && c.alias == used) {
                return Err(error(
                    3732,
                    16,
                    format!("Cannot drop type '{name}' because it is being referenced."),
                ));
            }
            k.types.retain(|t| !is(&t.schema, &t.name));
        }
        "SCHEMA" => {
            if k.objects().iter().any(|o| same(&o.schema, name)) {
                return Err(error(
                    3729,
                    16,
                    format!("Cannot drop schema '{name}' because it is being referenced by an object."),
                ));
            }
            k.schemas.retain(|s| s.id <= 4 || !same(&s.name, name));
        }
        other => return Err(unknown(format_args!("DROP {other}"))),
    }
    if count == sizes(k) { Err(missing(&lower, name)) } else { Ok(()) }
}
