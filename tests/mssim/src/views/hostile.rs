//! Catalogs of servers that are not Microsoft's, or of logins that see little: what a view shows is altered before it is shown.

use std::str::FromStr;

use super::{SYSNAME, View, parse_columns};
use crate::collation;
use crate::types::Column;
use crate::value::Value;

/// How a view shows less, or other, than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alteration {
    /// No rows.
    Empty,
    /// NULL in every place where the documentation allows it.
    Nulls,
    /// No rows of the schemas `sys` and `INFORMATION_SCHEMA`; their built-in types are listed nevertheless.
    NoSystemSchemas,
    /// The built-in types have other ids.
    Renumbered,
    /// Names in lower case.
    LowerCase,
    /// A user's type with the name of a built-in one, and a built-in one twice.
    Twice,
}

/// Those that a server may well have all together.
pub const HOSTILE: [Alteration; 4] =
    [Alteration::Nulls, Alteration::NoSystemSchemas, Alteration::Renumbered, Alteration::Twice];

/// By its name on the command line.
impl FromStr for Alteration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "empty" => Self::Empty,
            "nulls" => Self::Nulls,
            "no-system-schemas" => Self::NoSystemSchemas,
            "renumbered" => Self::Renumbered,
            "lower-case" => Self::LowerCase,
            "twice" => Self::Twice,
            other => {
                return Err(format!(
                    "{other} is none of empty, nulls, no-system-schemas, renumbered, lower-case, twice"
                ));
            }
        })
    }
}

/// Alters the rows of a view.
pub(super) fn alter(alteration: Alteration, view: &View, rows: &mut Vec<Vec<Value>>) {
    let columns = parse_columns(view.columns, collation::DEFAULT).unwrap_or_default();
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    match alteration {
        Alteration::Empty => rows.clear(),
        Alteration::Nulls => each(&columns, rows, |column, value| {
            if column.nullable {
                *value = Value::Null;
            }
        }),
        Alteration::NoSystemSchemas if view.name == "schemas" => {
            if let Some(name) = place("name") {
                rows.retain(|row| !is_system(row.get(name)));
            }
        }
        Alteration::Renumbered => each(&columns, rows, |column, value| match value {
            Value::Int(id) if *id < 256 && column.name.ends_with("_type_id") => *id = 255 - *id,
            _ => {}
        }),
        Alteration::LowerCase if view.name != "databases" => {
            each(&columns, rows, |column, value| match value {
                Value::Text(name) if column.ty == SYSNAME => {
                    *name = String::from_utf8_lossy(name).to_lowercase().into_bytes();
                }
                _ => {}
            })
        }
        Alteration::Twice if view.name == "types" => {
            let (Some(name), Some(id), Some(own)) =
                (place("name"), place("user_type_id"), place("is_user_defined"))
            else {
                return;
            };
            let named = |row: &&Vec<Value>, wanted: &str| matches!(&row[name], Value::Text(text) if text == wanted.as_bytes());
            let (Some(int), Some(text)) = (
                rows.iter().find(|row| named(row, "int")).cloned(),
                rows.iter().find(|row| named(row, "nvarchar")).cloned(),
            ) else {
                return;
            };
            let (mut of_user, mut again) = (int, text);
            (of_user[id], of_user[own]) = (Value::Int(70_001), Value::Int(1));
            again[id] = Value::Int(70_002);
            rows.insert(0, of_user);
            rows.insert(0, again);
        }
        Alteration::NoSystemSchemas | Alteration::LowerCase | Alteration::Twice => {}
    }
}

fn is_system(name: Option<&Value>) -> bool {
    matches!(name, Some(Value::Text(name)) if [b"sys".as_slice(), b"INFORMATION_SCHEMA"].contains(&name.as_slice()))
}

fn each(columns: &[Column], rows: &mut [Vec<Value>], change: impl Fn(&Column, &mut Value)) {
    for row in rows {
        columns.iter().zip(row).for_each(|(column, value)| change(column, value));
    }
}
