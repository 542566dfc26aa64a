//! Extended properties.

use crate::catalog::{Catalog, ExtendedProperty, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::lex::{Cursor, Kind};
use crate::load::objects::declare;
use crate::load::procedure::arguments;
use crate::results::SqlError;

/// What a call does with a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Add,
    Update,
    Drop,
}

/// Class, major and minor id.
type Place = (u8, i32, i32);

/// After EXEC sp_addextendedproperty, sp_updateextendedproperty or sp_dropextendedproperty.
pub(crate) fn change(c: &mut Cursor<'_>, x: &Context<'_>, change: Change) -> Result<(), SqlError> {
    let all =
        ["name", "value", "level0type", "level0name", "level1type", "level1name", "level2type", "level2name"];
    let given = if change == Change::Drop {
        // It has no value.
        let [name, a, b, c2, d, e, f] = arguments(
            c,
            x,
            ["name", "level0type", "level0name", "level1type", "level1name", "level2type", "level2name"],
        )?;
        [name, None, a, b, c2, d, e, f]
    } else {
        arguments(c, x, all)?
    };
    declare(x, |k, _| {
        let [name, value, kind0, name0, kind1, name1, kind2, name2] = given;
        let name = name.ok_or_else(|| unknown("a property without a name"))?;
        let value = value.unwrap_or_default();
        let kind = |k: Option<String>| k.unwrap_or_default().to_uppercase();
        let (class, major_id, minor_id) = place(
            k,
            [(kind(kind0), name0), (kind(kind1), name1), (kind(kind2), name2)]
                .map(|(k, n)| (k, n.unwrap_or_default())),
        )?;
        let is = |p: &ExtendedProperty| {
            p.class == class && p.major_id == major_id && p.minor_id == minor_id && same(&p.name, &name)
        };
        let found = k.properties.iter().position(is);
        match (change, found) {
            (Change::Add, None) => {
                k.properties.push(ExtendedProperty { class, major_id, minor_id, name, value });
            }
            (Change::Add, Some(_)) => {
                let message = format!("Property cannot be added. Property '{name}' already exists.");
                return Err(error(15233, 16, message));
            }
            (_, None) => {
                let message =
                    format!("Property cannot be updated or deleted. Property '{name}' does not exist.");
                return Err(error(15217, 16, message));
            }
            (Change::Update, Some(at)) => k.properties[at].value = value,
            (Change::Drop, Some(at)) => drop(k.properties.remove(at)),
        }
        Ok(())
    })
}

fn wrong() -> SqlError {
    error(
        15135,
        16,
        "Object is invalid. Extended properties are not permitted on it, or the object does not exist."
            .to_owned(),
    )
}

/// What three levels of types and names mean.
fn place(
    k: &Catalog,
    [(kind0, name0), (kind1, name1), (kind2, name2)]: [(String, String); 3],
) -> Result<Place, SqlError> {
    let schema_ids = |name: &str| k.schema_id(name).ok_or_else(wrong);
    match (kind0.as_str(), kind1.as_str()) {
        ("", _) => Ok((0, 0, 0)),
        ("SCHEMA", "") => Ok((3, schema_ids(&name0)?, 0)),
        ("USER", "") => Ok((4, super::principal::id_of(k, &name0).ok_or_else(wrong)?, 0)),
        ("TYPE", "") => Ok((6, type_id(k, "dbo", &name0)?, 0)),
        ("TRIGGER", "") => {
            let found = k.more.triggers.iter().find(|t| same(&t.name, &name0));
            Ok((1, found.ok_or_else(wrong)?.object_id, 0))
        }
        ("FILEGROUP", "") if name0.eq_ignore_ascii_case("PRIMARY") => Ok((20, 1, 0)),
        ("FILEGROUP", "") => {
            let found = (2..).zip(&k.more.filegroups).find(|(_, f)| same(&f.0, &name0));
            Ok((20, found.ok_or_else(wrong)?.0, 0))
        }
        ("PARTITION SCHEME", "") => {
            let found = k.partition_schemes.iter().find(|p| same(&p.name, &name0));
            Ok((20, found.ok_or_else(wrong)?.id, 0))
        }
        ("PARTITION FUNCTION", "") => {
            let found = k.partition_functions.iter().find(|p| same(&p.name, &name0));
            Ok((21, found.ok_or_else(wrong)?.id, 0))
        }
        ("SCHEMA" | "USER", "TYPE" | "TABLE_TYPE") if kind2.is_empty() => {
            Ok((6, type_id(k, &name0, &name1)?, 0))
        }
        ("SCHEMA" | "USER", "XML SCHEMA COLLECTION") => {
            let of = |c: &&crate::catalog::XmlCollectionDef| same(&c.name, &name1) && same(&c.schema, &name0);
            Ok((10, k.more.xml_collections.iter().find(of).ok_or_else(wrong)?.id, 0))
        }
        ("SCHEMA" | "USER", _) => {
            let id = k.object_id(Some(&name0), &name1).filter(|id| *id > 0).ok_or_else(wrong)?;
            within(k, id, &name0, (&kind2, &name2))
        }
        _ => Err(wrong()),
    }
}

fn type_id(k: &Catalog, schema: &str, name: &str) -> Result<i32, SqlError> {
    let found = k.types.iter().find(|t| same(&t.name, name) && same(&t.schema, schema));
    found.map(|t| t.id).ok_or_else(wrong)
}

/// The third level: what belongs to an object.
fn within(k: &Catalog, id: i32, schema: &str, (kind, name): (&str, &str)) -> Result<Place, SqlError> {
    let table = k.table_by_id(id);
    match kind {
        "" => Ok((1, id, 0)),
        "COLUMN" if table.is_none() => Err(unknown("a property of a column of a view, which is not kept")),
        "COLUMN" => Ok((1, id, table.and_then(|t| t.column(name)).ok_or_else(wrong)?.id)),
        "INDEX" => {
            let of_view = k.views.iter().find(|v| v.object_id == id).map(|v| &v.indexes);
            let mut all = table.map(|t| &t.indexes).or(of_view).into_iter().flatten();
            Ok((7, id, all.find(|i| same(&i.name, name)).ok_or_else(wrong)?.id))
        }
        "CONSTRAINT" | "TRIGGER" => Ok((1, k.object_id(Some(schema), name).ok_or_else(wrong)?, 0)),
        "PARAMETER" => {
            let module = k.modules.iter().find(|m| m.object_id == id).ok_or_else(wrong)?;
            let wanted = name.to_lowercase();
            let mut seen: Vec<String> = Vec::new();
            let mut c = Cursor::new(&module.definition)?;
            while let Some(token) = c.take() {
                let name = token.text.to_lowercase();
                if token.kind == Kind::Variable && !seen.contains(&name) {
                    seen.push(name);
                }
            }
            let at = seen.iter().position(|n| *n == wanted).ok_or_else(wrong)?;
            Ok((2, id, i32::try_from(at).unwrap_or(0) + 1))
        }
        _ => Err(wrong()),
    }
}
