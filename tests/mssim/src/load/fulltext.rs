//! Full-text catalogs and indexes: declared only.

use crate::catalog::{FulltextCatalog, FulltextIndex, same};
use crate::engine::error;
use crate::load::Context;
use crate::load::lex::{Cursor, Kind};
use crate::load::objects::declare;
use crate::results::SqlError;

/// The language of a column that names none.
const ENGLISH: i32 = 1033;

/// After CREATE FULLTEXT CATALOG.
pub(crate) fn create_catalog(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    let (mut is_default, mut accents) = (false, true);
    loop {
        if c.accept("AS DEFAULT") {
            is_default = true;
        } else if c.accept("WITH ACCENT_SENSITIVITY =") {
            accents = c.accept("ON");
            c.accept("OFF");
        } else {
            break;
        }
    }
    declare(x, |k, _| {
        let id = 5 + i32::try_from(k.fulltext_catalogs.len()).unwrap_or(0);
        k.fulltext_catalogs.push(FulltextCatalog { id, name, is_default, accents });
        Ok(())
    })
}

/// After CREATE FULLTEXT INDEX: `ON table (column [LANGUAGE n], …) KEY INDEX key [ON catalog]`.
pub(crate) fn create_index(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    c.expect("ON")?;
    let (schema, table) = c.object()?;
    let mut columns = Vec::new();
    c.expect("(")?;
    loop {
        let name = c.name()?;
        let kind = if c.accept("TYPE COLUMN") { Some(c.name()?) } else { None };
        let number = c.accept("LANGUAGE") && c.peek().is_some_and(|t| t.kind == Kind::Number);
        let language = if number { i32::try_from(c.integer()?).map_err(|_| c.wrong())? } else { ENGLISH };
        columns.push((name, language, kind));
        if !c.accept(",") {
            c.expect(")")?;
            break;
        }
    }
    c.expect("KEY INDEX")?;
    let key = c.name()?;
    let catalog = if c.accept("ON") { Some(c.name()?) } else { None };
    declare(x, |k, _| {
        let missing = |what: &str| error(7653, 16, format!("'{what}' is not valid for a full-text index."));
        let t = k.table(schema.as_deref(), &table).cloned().ok_or_else(|| missing(&table))?;
        let index = t.indexes.iter().find(|i| i.unique && i.keys.len() == 1 && same(&i.name, &key));
        let found = k.fulltext_catalogs.iter().find(|f| match &catalog {
            Some(name) => same(&f.name, name),
            None => f.is_default,
        });
        let id = |name: &String| t.column(name).map(|column| column.id).ok_or_else(|| missing(name));
        let ids = columns.iter().map(|(name, language, kind)| {
            Ok::<_, SqlError>((id(name)?, *language, kind.as_ref().map(&id).transpose()?))
        });
        let made = FulltextIndex {
            object_id: t.object_id,
            catalog: found.map(|f| f.id).ok_or_else(|| missing(catalog.as_deref().unwrap_or("catalog")))?,
            key: index.map(|i| i.id).ok_or_else(|| missing(&key))?,
            columns: ids.collect::<Result<_, _>>()?,
        };
        k.fulltext_indexes.push(made);
        Ok(())
    })
}
