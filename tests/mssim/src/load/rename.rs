//! sp_rename and sp_addtype.

use std::sync::Arc;

use crate::catalog::{AliasType, Catalog, TableDef, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::bound::parts;
use crate::load::lex::Cursor;
use crate::load::names::column_type;
use crate::load::objects::{alter_with, check_free, declare};
use crate::load::procedure::arguments;
use crate::results::SqlError;

/// After EXEC sp_addtype.
pub(crate) fn add_type(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let [name, base, null, _] = arguments(c, x, ["typename", "phystype", "nulltype", "owner"])?;
    let (name, base) = (name.unwrap_or_default(), base.unwrap_or_default());
    let (base, _) = column_type(&mut Cursor::new(&base)?, None)?;
    let null = null.map(|n| n.trim().to_uppercase());
    let nullable = !matches!(null.as_deref(), Some("NOT NULL" | "NONULL"));
    declare(x, |k, _| {
        if k.types.iter().any(|t| same(&t.name, &name) && same(&t.schema, "dbo")) {
            return Err(error(15180, 16, format!("Cannot create the type '{name}', which exists.")));
        }
        let id = k.types.iter().map(|t| t.id).max().unwrap_or(256) + 1;
        let schema = "dbo".to_owned();
        k.types.push(AliasType {
            id,
            schema,
            name,
            base,
            nullable,
            is_table: false,
            bound_default: 0,
            bound_rule: 0,
        });
        Ok(())
    })
}

fn nothing(name: &str) -> SqlError {
    error(
        15248,
        11,
        format!("Either the parameter @objname is ambiguous or the claimed @objtype is wrong: '{name}'."),
    )
}

/// After EXEC sp_rename: a column, an index, a type, or an object.
pub(crate) fn rename(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let [old, new, kind] = arguments(c, x, ["objname", "newname", "objtype"])?;
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let names = parts(&old)?;
    let (last, before) = names.split_last().ok_or_else(|| nothing(&old))?;
    let no_column = &mut |_: &crate::catalog::ColumnDef| Err(unknown("a new column"));
    let kind = kind.unwrap_or_else(|| "OBJECT".to_owned()).to_uppercase();
    match (kind.as_str(), before) {
        ("COLUMN" | "INDEX", [.., table]) => {
            let schema = before.len().checked_sub(2).map(|i| before[i].clone()).filter(|s| !s.is_empty());
            let of = |t: &mut TableDef| {
                if kind == "INDEX" {
                    let index =
                        t.indexes.iter_mut().find(|i| same(&i.name, last)).ok_or_else(|| nothing(&old))?;
                    index.name.clone_from(&new);
                    return Ok(());
                }
                let bracketed = format!("[{last}]").to_lowercase();
                let says = |text: &str| text.to_lowercase().contains(&bracketed);
                let used = t.checks.iter().any(|k| says(&k.definition))
                    || t.columns.iter().any(|k| k.computed.as_ref().is_some_and(|d| says(&d.definition)))
                    || t.indexes.iter().any(|i| i.filter.as_deref().is_some_and(says));
                if used {
                    return Err(error(
                        15336,
                        16,
                        format!(
                            "Object '{old}' cannot be renamed because the object participates in enforced dependencies."
                        ),
                    ));
                }
                let found = t.columns.iter_mut().find(|k| same(&k.name, last) && k.graph_type == 0);
                found.ok_or_else(|| nothing(&old))?.name.clone_from(&new);
                Ok(())
            };
            alter_with(x, schema.as_deref(), table, |_, t| of(t), no_column)
        }
        ("USERDATATYPE", _) => declare(x, |k, _| {
            let schema = before.last().map_or("dbo", String::as_str);
            let found = k.types.iter_mut().find(|t| same(&t.name, last) && same(&t.schema, schema));
            found.ok_or_else(|| nothing(&old))?.name = new;
            Ok(())
        }),
        ("OBJECT", _) => {
            let schema = before.last().filter(|s| !s.is_empty()).map_or("dbo", String::as_str);
            let catalog = x.engine.catalog(x.database)?;
            if let Some(t) = catalog.table(Some(schema), last) {
                if t.graph.is_some() {
                    return Err(unknown("sp_rename of a graph table"));
                }
                let rename = |k: &mut Catalog, t: &mut TableDef| {
                    check_free(k, schema, &new)?;
                    t.name.clone_from(&new);
                    Ok(())
                };
                return alter_with(x, Some(schema), last, rename, no_column);
            }
            declare(x, |k, _| {
                check_free(k, schema, &new)?;
                if object(k, schema, last, &new) { Ok(()) } else { Err(nothing(&old)) }
            })
        }
        _ => Err(unknown(format_args!("sp_rename of a {kind}"))),
    }
}

/// Renames whatever is no table; false where there is none.
fn object(k: &mut Catalog, schema: &str, old: &str, new: &str) -> bool {
    let is = |s: &str, n: &str| same(s, schema) && same(n, old);
    let mut hit = None;
    hit = hit.or_else(|| k.views.iter_mut().find(|v| is(&v.schema, &v.name)).map(|v| &mut v.name));
    hit = hit.or_else(|| k.modules.iter_mut().find(|v| is(&v.schema, &v.name)).map(|v| &mut v.name));
    hit = hit.or_else(|| k.sequences.iter_mut().find(|v| is(&v.schema, &v.name)).map(|v| &mut v.name));
    hit = hit.or_else(|| k.synonyms.iter_mut().find(|v| is(&v.schema, &v.name)).map(|v| &mut v.name));
    hit = hit.or_else(|| k.bound.iter_mut().find(|v| is(&v.schema, &v.name)).map(|v| &mut v.name));
    if let Some(name) = hit {
        new.clone_into(name);
        return true;
    }
    for t in k.tables.iter_mut().filter(|t| same(&t.schema, schema)) {
        let has = t.checks.iter().any(|c| same(&c.name, old))
            || t.foreign_keys.iter().any(|c| same(&c.name, old))
            || t.columns.iter().any(|c| c.default.as_ref().is_some_and(|d| same(&d.name, old)));
        if !has {
            continue;
        }
        let t = Arc::make_mut(t);
        let checks = t.checks.iter_mut().map(|c| &mut c.name);
        let keys = t.foreign_keys.iter_mut().map(|c| &mut c.name);
        let defaults = t.columns.iter_mut().filter_map(|c| c.default.as_mut()).map(|d| &mut d.name);
        if let Some(name) = checks.chain(keys).chain(defaults).find(|n| same(n, old)) {
            new.clone_into(name);
            return true;
        }
    }
    false
}
