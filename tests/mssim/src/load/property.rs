//! Extended properties.

use crate::catalog::{ExtendedProperty, same};
use crate::engine::{error, unknown};
use crate::load::Context;
use crate::load::lex::Cursor;
use crate::load::objects::declare;
use crate::load::procedure::arguments;
use crate::results::SqlError;

/// After EXEC sp_addextendedproperty.
pub(crate) fn add(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let given = arguments(
        c,
        x,
        ["name", "value", "level0type", "level0name", "level1type", "level1name", "level2type", "level2name"],
    )?;
    declare(x, |k, _| {
        let [name, value, kind0, name0, kind1, name1, kind2, name2] = given;
        let (name, value) =
            (name.ok_or_else(|| unknown("a property without a name"))?, value.unwrap_or_default());
        let kind = |k: Option<String>| k.unwrap_or_default().to_uppercase();
        let wrong = || {
            error(15135, 16, "Object is invalid. Extended properties are not permitted on it, or the object does not exist.".to_owned())
        };
        let (class, major_id, minor_id) =
            match (kind(kind0).as_str(), kind(kind1).as_str(), kind(kind2).as_str()) {
                ("", ..) => (0, 0, 0),
                ("SCHEMA", "TYPE", "") => {
                    let (schema, name) = (name0.unwrap_or_default(), name1.unwrap_or_default());
                    let found = k.types.iter().find(|t| same(&t.name, &name) && same(&t.schema, &schema));
                    (6, found.map(|t| t.id).ok_or_else(wrong)?, 0)
                }
                ("SCHEMA", "", _) => (3, k.schema_id(name0.as_deref().unwrap_or("")).ok_or_else(wrong)?, 0),
                ("SCHEMA", _, "") => {
                    (1, k.object_id(name0.as_deref(), name1.as_deref().unwrap_or("")).ok_or_else(wrong)?, 0)
                }
                ("SCHEMA", "TABLE", level2) => {
                    let t = k.table(name0.as_deref(), name1.as_deref().unwrap_or("")).ok_or_else(wrong)?;
                    let name2 = name2.unwrap_or_default();
                    match level2 {
                        "COLUMN" => (1, t.object_id, t.column(&name2).map(|c| c.id).ok_or_else(wrong)?),
                        "INDEX" => (
                            7,
                            t.object_id,
                            t.indexes
                                .iter()
                                .find(|i| same(&i.name, &name2))
                                .map(|i| i.id)
                                .ok_or_else(wrong)?,
                        ),
                        "CONSTRAINT" | "TRIGGER" => {
                            (1, k.object_id(name0.as_deref(), &name2).ok_or_else(wrong)?, 0)
                        }
                        _ => return Err(wrong()),
                    }
                }
                _ => return Err(wrong()),
            };
        if k.properties.iter().any(|p| {
            p.class == class && p.major_id == major_id && p.minor_id == minor_id && same(&p.name, &name)
        }) {
            return Err(error(
                15233,
                16,
                format!("Property cannot be added. Property '{name}' already exists."),
            ));
        }
        k.properties.push(ExtendedProperty { class, major_id, minor_id, name, value });
        Ok(())
    })
}
