//! CREATE INDEX and ALTER INDEX.

use crate::catalog::{IndexForm, TableDef, same};
use crate::engine::{error, unknown};
use crate::load::lex::Cursor;
use crate::load::objects::{alter_with, declare};
use crate::load::{Context, table};
use crate::results::SqlError;
use crate::types::{SqlType, UdtKind};

/// After CREATE.
pub(crate) fn create(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let mut index = table::Index { unique: c.accept("UNIQUE"), ..table::Index::default() };
    if c.is("PRIMARY XML INDEX") || c.is("XML INDEX") || c.is("SPATIAL INDEX") {
        return special(c, x);
    }
    index.clustered = c.accept("CLUSTERED");
    c.accept("NONCLUSTERED");
    if c.accept("COLUMNSTORE") {
        index.form = Some(IndexForm::Columnstore);
    }
    if !c.accept("INDEX") {
        return Err(unknown(format_args!("CREATE {}", c.peek().map_or("", |t| &t.text))));
    }
    index.name = c.name()?;
    c.expect("ON")?;
    let (schema, name) = c.object()?;
    let index = table::index_rest(c, index, None)?;
    if x.engine.catalog(x.database)?.view(schema.as_deref(), &name).is_some() {
        return on_view(x, (schema.as_deref(), &name), &index);
    }
    alter_with(
        x,
        schema.as_deref(),
        &name,
        |k, t| table::add(k, t, table::Element::Index(index), false),
        &mut |_| Err(unknown("a new column")),
    )
}

/// An index of a view; its columns are not kept.
fn on_view(
    x: &Context<'_>,
    (schema, name): (Option<&str>, &str),
    index: &table::Index,
) -> Result<(), SqlError> {
    declare(x, |k, _| {
        let is = |v: &&mut crate::catalog::ViewDef| {
            same(&v.name, name) && same(&v.schema, schema.unwrap_or("dbo"))
        };
        let view = k.views.iter_mut().find(is).ok_or_else(|| unknown("an index of this view"))?;
        let first = view.indexes.is_empty();
        if first && !(index.unique && index.clustered) {
            return Err(error(
                1940,
                16,
                format!("Cannot create index on view '{name}'. It does not have a unique clustered index."),
            ));
        }
        // A table of no columns takes the rules of names and ids.
        let mut scratch =
            TableDef { name: name.to_owned(), indexes: view.indexes.clone(), ..TableDef::default() };
        let bare = table::Index { columns: Vec::new(), included: Vec::new(), ..index.clone() };
        let kind = crate::catalog::IndexKind::Index;
        let catalog = x.engine.catalog(x.database)?;
        crate::load::constraint::add_index(&catalog, &mut scratch, bare, kind, (0, false))?;
        view.indexes = scratch.indexes;
        Ok(())
    })
}

/// XML and spatial indexes: one column, no key.
fn special(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (primary, spatial) = (c.accept("PRIMARY"), c.accept("SPATIAL"));
    c.accept("XML");
    c.expect("INDEX")?;
    let name = c.name()?;
    c.expect("ON")?;
    let (schema, on) = c.object()?;
    let included = c.names()?;
    let mut grid = None;
    let mut base = None;
    if spatial && c.accept("USING") {
        grid = Some(c.name()?.to_uppercase());
    } else if !primary && !spatial {
        c.expect("USING XML INDEX")?;
        let of = c.name()?;
        c.expect("FOR")?;
        let kind = c.name()?.to_uppercase();
        base = kind
            .chars()
            .next()
            .map(|letter| (of, if letter == 'P' && kind != "PATH" { 'R' } else { letter }));
    }
    if c.accept("WITH") {
        c.skip_group()?;
    }
    alter_with(
        x,
        schema.as_deref(),
        &on,
        |k, t| {
            let ty = included.first().and_then(|n| t.column(n)).map(|column| column.ty);
            let form = match (ty, &base) {
                (Some(SqlType::Xml), None) if primary => IndexForm::Xml(None),
                (Some(SqlType::Xml), Some((of, kind))) => {
                    let found =
                        t.indexes.iter().find(|i| same(&i.name, of) && i.form == IndexForm::Xml(None));
                    let missing = || error(6322, 16, format!("There is no primary xml index '{of}'."));
                    IndexForm::Xml(Some((found.ok_or_else(missing)?.id, *kind)))
                }
                (Some(SqlType::Udt(UdtKind::Geography)), _) if spatial => {
                    IndexForm::Spatial(grid.unwrap_or_else(|| "GEOGRAPHY_AUTO_GRID".to_owned()))
                }
                (Some(SqlType::Udt(UdtKind::Geometry)), _) if spatial => {
                    IndexForm::Spatial(grid.unwrap_or_else(|| "GEOMETRY_AUTO_GRID".to_owned()))
                }
                _ => return Err(unknown("an xml or spatial index on this column")),
            };
            let index = table::Index { name, included, form: Some(form), ..table::Index::default() };
            table::add(k, t, table::Element::Index(index), false)
        },
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
