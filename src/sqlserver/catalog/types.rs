//! Types by their ids: what a column was declared with, and the built-in type below.
//!
//! Built-in types are told by their names. Ids are only matched with each other, since not every server that speaks this
//! language numbers them alike.

use super::reader::Reader;
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::names::TableName;
use crate::model::objects::UserType;
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

/// # Errors
/// Transient ones.
pub(super) async fn load(reader: &mut Reader<'_>) -> Result<Types> {
    let mut types = BTreeMap::new();
    let rows = reader.rows("types", 0, include_str!("../sql/types.sql")).await?;
    if rows.is_empty() && reader.unread.iter().all(|unread| unread.what != "types") {
        reader.note("types", "sys.types shows none: alias types are taken for what they stand for");
    }
    reader.each("types", &rows, |row| {
        let user_defined = row.flag_or_null("is_user_defined")? == Some(true);
        // Some servers list no schema for their own types.
        let schema = row.text_or_null("schema_name")?;
        let schema = schema.unwrap_or_else(|| if user_defined { "dbo" } else { "sys" }.to_owned());
        let id = row.int("type_id")?;
        let ty = Type {
            system: row.int_or_null("system_id")?.unwrap_or(id),
            name: TableName::new(schema, row.text("type_name")?),
            user_defined,
            clr: row.flag_or_null("is_clr")? == Some(true),
            table_type: row.flag_or_null("is_table_type")? == Some(true),
        };
        types.insert(id, ty);
        Ok(())
    });
    Ok(Types(types))
}

impl Types {
    /// The built-in type in lower case (`clr` for the users' own classes), and the alias that was declared; None for a type
    /// that the catalog does not list.
    pub(super) fn by_id(&self, id: i32) -> Option<(BaseType, Option<String>)> {
        let ty = self.0.get(&id)?;
        let alias = format!("{}.{}", ty.name.schema, ty.name.name);
        if ty.clr && ty.user_defined {
            return Some((BaseType::Clr, Some(alias)));
        }
        let system = ty.name.name.eq_ignore_ascii_case(SYSNAME);
        if !ty.user_defined && !system {
            return Some((ty.name.name.to_lowercase().into(), None));
        }
        let base = self.base(ty).or_else(|| (system && !ty.user_defined).then_some(BaseType::NVarChar));
        Some((base?, Some(alias)))
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
