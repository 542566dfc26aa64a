//! Always Encrypted (keys and columns), and collections of XML schemas: declared only.

use crate::catalog::{Catalog, Encryption, MasterKeyDef, XmlCollectionDef, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::lex::{Cursor, Kind};
use crate::load::objects::{declare, schema_of};
use crate::results::SqlError;

/// After CREATE COLUMN MASTER KEY.
pub(crate) fn create_master_key(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    c.expect("WITH")?;
    c.expect("(")?;
    let (mut provider, mut path) = (String::new(), String::new());
    loop {
        if c.accept("KEY_STORE_PROVIDER_NAME =") {
            provider = c.string()?;
        } else if c.accept("KEY_PATH =") {
            path = c.string()?;
        } else {
            return Err(unknown("this option of a column master key"));
        }
        if !c.accept(",") {
            c.expect(")")?;
            break;
        }
    }
    declare(x, |k, _| {
        k.more.master_keys.push(MasterKeyDef { name, provider, path });
        Ok(())
    })
}

/// After CREATE COLUMN ENCRYPTION KEY.
pub(crate) fn create_key(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    c.expect("WITH VALUES")?;
    c.expect("(")?;
    c.expect("COLUMN_MASTER_KEY =")?;
    let master = c.name()?;
    while !c.accept(")") {
        if c.take().is_none() {
            return Err(c.wrong());
        }
    }
    declare(x, |k, _| {
        let found = (1..).zip(&k.more.master_keys).find(|(_, m)| same(&m.name, &master)).map(|(id, _)| id);
        let id = found.ok_or_else(|| {
            error(15151, 16, format!("Cannot find the column master key '{master}', because it does not exist or you do not have permission."))
        })?;
        k.more.encryption_keys.push((name, id));
        Ok(())
    })
}

/// After ENCRYPTED WITH.
pub(crate) fn encrypted(c: &mut Cursor<'_>, catalog: &Catalog) -> Result<Encryption, SqlError> {
    let (mut key, mut deterministic) = (0, false);
    c.expect("(")?;
    loop {
        if c.accept("COLUMN_ENCRYPTION_KEY =") {
            let name = c.name()?;
            let found = (1..).zip(&catalog.more.encryption_keys).find(|(_, k)| same(&k.0, &name));
            key = found.map(|(id, _)| id).ok_or_else(|| {
                error(33282, 16, format!("Cannot find the column encryption key '{name}'."))
            })?;
        } else if c.accept("ENCRYPTION_TYPE =") {
            deterministic = c.name()?.eq_ignore_ascii_case("DETERMINISTIC");
        } else {
            c.expect("ALGORITHM =")?;
            c.string()?;
        }
        if !c.accept(",") {
            c.expect(")")?;
            return Ok(Encryption { key, deterministic });
        }
    }
}

/// After CREATE XML SCHEMA COLLECTION.
pub(crate) fn create_collection(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    c.expect("AS")?;
    if c.peek().is_some_and(|t| t.kind == Kind::Variable) {
        c.take().map_or((), |_| ())
    } else {
        c.string().map(|_| ())?
    }
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        let id = 65_536 + i32::try_from(k.more.xml_collections.len()).unwrap_or(0);
        k.more.xml_collections.push(XmlCollectionDef { id, schema, name });
        Ok(())
    })
}

/// The collection of a column of type `xml (…)`, where such a type is next; the type itself is not taken.
pub(crate) fn collection(c: &Cursor<'_>, catalog: &Catalog) -> Result<Option<(i32, bool)>, SqlError> {
    let is = |at: usize, text: &str| c.peek_at(at).is_some_and(|t| t.text.eq_ignore_ascii_case(text));
    let start = if is(1, ".") { 2 } else { 0 };
    if !(is(start, "xml") && is(start + 1, "(")) {
        return Ok(None);
    }
    let mut at = start + 2;
    let document = is(at, "DOCUMENT");
    at += usize::from(document || is(at, "CONTENT"));
    let text = |at: usize| c.peek_at(at).map(|t| t.text.clone()).unwrap_or_default();
    let (schema, name) =
        if is(at + 1, ".") { (text(at), text(at + 2)) } else { ("dbo".to_owned(), text(at)) };
    let found =
        catalog.more.xml_collections.iter().find(|k| same(&k.name, &name) && same(&k.schema, &schema));
    let found = found.ok_or_else(|| {
        error(2702, 16, format!("Collection specified does not exist in metadata : '{name}'"))
    })?;
    Ok(Some((found.id, document)))
}
