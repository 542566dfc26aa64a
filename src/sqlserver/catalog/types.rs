//! Types by their ids: what a column was declared with, and the built-in type below.
//!
//! Built-in types are told by their names. Ids are only matched with each other, since not every server that speaks this
//! language numbers them alike.

use super::row::Record;
use super::unreadable;
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::names::TableName;
use crate::model::objects::UserType;
use crate::sqlserver::client::Client;
use std::collections::BTreeMap;

/// One type.
struct Type {
    system: i32,
    name: TableName,
    user_defined: bool,
    clr: bool,
    table_type: bool,
}

/// All types of the database, by id.
pub(super) struct Types(BTreeMap<i32, Type>);

/// An alias of nvarchar(128) that counts as built in.
const SYSNAME: &str = "sysname";

pub(super) async fn load(client: &mut Client) -> Result<Types> {
    let mut types = BTreeMap::new();
    for row in &client.rows(include_str!("../sql/types.sql")).await? {
        let row = Record(row);
        let ty = Type {
            system: row.int("system_id")?,
            name: TableName::new(row.text("schema_name")?, row.text("type_name")?),
            user_defined: row.flag("is_user_defined")?,
            clr: row.flag("is_clr")?,
            table_type: row.flag("is_table_type")?,
        };
        types.insert(row.int("type_id")?, ty);
    }
    Ok(Types(types))
}

impl Types {
    /// The built-in type in lower case (`clr` for the users' own classes), and the alias that was declared.
    pub(super) fn by_id(&self, id: i32) -> Result<(BaseType, Option<String>)> {
        let ty = self.0.get(&id).ok_or_else(|| unreadable(&format!("type {id} is not in sys.types")))?;
        let alias = format!("{}.{}", ty.name.schema, ty.name.name);
        if ty.clr && ty.user_defined {
            return Ok((BaseType::Clr, Some(alias)));
        }
        if !ty.user_defined && !ty.name.name.eq_ignore_ascii_case(SYSNAME) {
            return Ok((ty.name.name.to_lowercase().into(), None));
        }
        let base = self
            .base(ty)
            .ok_or_else(|| unreadable(&format!("type {alias} stands for a type that is not in sys.types")))?;
        Ok((base, Some(alias)))
    }

    /// The built-in type with the same system id. Some share one (nvarchar and sysname, varbinary and vector): the one whose
    /// own id it is comes first.
    fn base(&self, ty: &Type) -> Option<BaseType> {
        let built_in = self.0.iter().filter(|(_, other)| {
            !other.user_defined
                && !other.clr
                && other.system == ty.system
                && !other.name.name.eq_ignore_ascii_case(SYSNAME)
        });
        let first = built_in.min_by_key(|(id, other)| (**id != other.system, **id));
        first.map(|(_, other)| other.name.name.to_lowercase().into())
    }

    /// Those that users made.
    pub(super) fn of_users(&self) -> Vec<UserType> {
        let user_type = |ty: &Type| UserType {
            name: ty.name.clone(),
            base: if ty.clr || ty.table_type { None } else { self.base(ty) },
            table_type: ty.table_type,
        };
        let mut all: Vec<UserType> = self.0.values().filter(|ty| ty.user_defined).map(user_type).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
