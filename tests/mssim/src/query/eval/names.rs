//! Functions that look into the catalog: names and ids, properties.

use crate::catalog::{Catalog, IndexKind, same};
use crate::query::error::unknown;
use crate::query::lex::{Kind, lex};
use crate::results::SqlError;
use crate::value::Value;

use super::Env;

pub(super) fn run(name: &str, env: &Env, args: &[Value]) -> Result<Value, SqlError> {
    let c = &env.catalog;
    let id = |i: usize| match args.get(i) {
        Some(Value::Int(v)) => i32::try_from(*v).ok(),
        _ => None,
    };
    let text = |i: usize| match args.get(i) {
        Some(Value::Text(t)) => Some(String::from_utf8_lossy(t).into_owned()),
        _ => None,
    };
    let found: Option<Value> = match name {
        "OBJECT_ID" => text(0).and_then(|n| object_id(c, &n)).map(number),
        "OBJECT_NAME" => id(0).and_then(|id| object(c, id)).map(|(_, n)| string(&n)),
        "OBJECT_SCHEMA_NAME" => id(0).and_then(|id| object(c, id)).map(|(s, _)| string(&s)),
        "SCHEMA_NAME" if args.is_empty() => Some(string("dbo")),
        "SCHEMA_NAME" => id(0).and_then(|id| c.schemas.iter().find(|s| s.id == id)).map(|s| string(&s.name)),
        "SCHEMA_ID" if args.is_empty() => Some(number(1)),
        "SCHEMA_ID" => text(0).and_then(|n| c.schema_id(&n)).map(number),
        "DB_NAME" if args.is_empty() => Some(string(&c.database)),
        "DB_NAME" => id(0).and_then(|id| env.databases.iter().find(|d| d.1 == id)).map(|d| string(&d.0)),
        "HAS_PERMS_BY_NAME" => match (text(1).as_deref(), text(2).as_deref()) {
            (Some("DATABASE"), Some("UNMASK")) => Some(number(i32::from(!c.oddities.no_unmask))),
            (Some("DATABASE"), Some("VIEW DEFINITION" | "ALTER ANY SECURITY POLICY")) => {
                Some(number(i32::from(!c.oddities.no_view_definition)))
            }
            _ => return Err(unknown("HAS_PERMS_BY_NAME of this permission")),
        },
        "DB_ID" if args.is_empty() => Some(number(c.database_id)),
        "DB_ID" => text(0).and_then(|n| env.databases.iter().find(|d| same(&d.0, &n))).map(|d| number(d.1)),
        "TYPE_NAME" => id(0).and_then(|id| type_name(c, id)).map(|n| string(&n)),
        "COL_NAME" => id(0)
            .and_then(|t| c.table_by_id(t))
            .and_then(|t| t.column_by_id(id(1)?))
            .map(|col| string(&col.name)),
        "OBJECT_DEFINITION" => id(0).and_then(|id| definition(c, id)).map(|d| string(&d)),
        "OBJECTPROPERTY" => return object_property(c, id(0), text(1)),
        "COLUMNPROPERTY" => return column_property(c, id(0), text(1), text(2)),
        "IDENT_SEED" | "IDENT_INCR" => text(0).and_then(|n| identity(c, &n, name == "IDENT_SEED")),
        _ => return Err(unknown(format!("the function {name}"))),
    };
    Ok(found.unwrap_or(Value::Null))
}

fn string(s: &str) -> Value {
    Value::Text(s.as_bytes().to_vec())
}

fn number(n: i32) -> Value {
    Value::Int(i64::from(n))
}

/// `[db].[schema].[name]` as schema and name.
pub(super) fn split_name(text: &str) -> Option<(Option<String>, String)> {
    let mut parts = vec![String::new()];
    for token in lex(text).ok()? {
        match token.kind {
            Kind::Word(w) | Kind::Quoted(w) => *parts.last_mut()? = w,
            Kind::Op(".") => parts.push(String::new()),
            Kind::End => break,
            _ => return None,
        }
    }
    let name = parts.pop()?;
    Some((parts.pop().filter(|s| !s.is_empty()), name))
}

fn object_id(c: &Catalog, text: &str) -> Option<i32> {
    let (schema, name) = split_name(text)?;
    c.object_id(schema.as_deref(), &name)
}

fn object(c: &Catalog, id: i32) -> Option<(String, String)> {
    if let Some(t) = c.table_by_id(id) {
        return Some((t.schema.clone(), t.name.clone()));
    }
    c.objects().into_iter().find(|o| o.object_id == id).map(|o| (o.schema, o.name))
}

fn type_name(c: &Catalog, id: i32) -> Option<String> {
    let system = [
        (34, "image"),
        (35, "text"),
        (36, "uniqueidentifier"),
        (40, "date"),
        (41, "time"),
        (42, "datetime2"),
        (43, "datetimeoffset"),
        (48, "tinyint"),
        (52, "smallint"),
        (56, "int"),
        (58, "smalldatetime"),
        (59, "real"),
        (60, "money"),
        (61, "datetime"),
        (62, "float"),
        (98, "sql_variant"),
        (99, "ntext"),
        (104, "bit"),
        (106, "decimal"),
        (108, "numeric"),
        (122, "smallmoney"),
        (127, "bigint"),
        (128, "hierarchyid"),
        (129, "geometry"),
        (130, "geography"),
        (165, "varbinary"),
        (167, "varchar"),
        (173, "binary"),
        (175, "char"),
        (189, "timestamp"),
        (231, "nvarchar"),
        (239, "nchar"),
        (241, "xml"),
        (244, "json"),
        (255, "vector"),
        (256, "sysname"),
    ];
    let found = system.iter().find(|(i, _)| *i == id).map(|(_, n)| (*n).to_owned());
    found.or_else(|| c.types.iter().find(|t| t.id == id).map(|t| t.name.clone()))
}

fn definition(c: &Catalog, id: i32) -> Option<String> {
    if let Some(view) = c.views.iter().find(|v| v.object_id == id) {
        return Some(view.definition.clone());
    }
    if let Some(module) = c.modules.iter().find(|m| m.object_id == id) {
        return Some(module.definition.clone());
    }
    if let Some(trigger) = c.more.triggers.iter().find(|t| t.object_id == id) {
        return Some(trigger.definition.clone());
    }
    if let Some(bound) = c.bound.iter().find(|b| b.object_id == id) {
        return Some(bound.definition.clone());
    }
    c.tables.iter().find_map(|t| {
        let checks = t.checks.iter().find(|k| k.object_id == id).map(|k| k.definition.clone());
        let mut defaults = t.columns.iter().filter_map(|col| col.default.as_ref());
        checks.or_else(|| defaults.find(|d| d.object_id == id).map(|d| d.definition.clone()))
    })
}

fn object_property(c: &Catalog, id: Option<i32>, property: Option<String>) -> Result<Value, SqlError> {
    let (Some(id), Some(property)) = (id, property) else { return Ok(Value::Null) };
    let Some(table) = c.table_by_id(id) else {
        let Some(found) = c.objects().into_iter().find(|o| o.object_id == id) else { return Ok(Value::Null) };
        let kind = found.kind.0.trim_end();
        let yes = match property.to_ascii_lowercase().as_str() {
            "isusertable" | "istable" | "ismsshipped" | "issystemtable" => false,
            "isview" => kind == "V",
            "isprocedure" => kind == "P",
            "istrigger" => kind == "TR",
            "isscalarfunction" => kind == "FN",
            "isinlinefunction" => kind == "IF",
            "istablefunction" => matches!(kind, "IF" | "TF"),
            "isdefault" => kind == "D",
            "isrule" => kind == "R",
            "isprimarykey" => kind == "PK",
            "isforeignkey" => kind == "F",
            "ischeckcnst" => kind == "C",
            "isconstraint" => matches!(kind, "PK" | "UQ" | "F" | "C") || (kind == "D" && found.parent != 0),
            _ => return Err(unknown(format!("the property {property} of this object"))),
        };
        return Ok(Value::Int(i64::from(yes)));
    };
    let yes = match property.to_ascii_lowercase().as_str() {
        "isusertable" | "istable" => true,
        "isview" | "isprocedure" | "ismsshipped" | "issystemtable" | "istrigger" | "isscalarfunction"
        | "isinlinefunction" | "istablefunction" | "isdefault" | "isrule" => false,
        "tablehasprimarykey" => table.primary_key().is_some(),
        "tablehasidentity" => table.columns.iter().any(|col| col.identity.is_some()),
        "tablehasclustindex" => table.indexes.iter().any(|i| i.clustered),
        "tablehasuniquecnst" => table.indexes.iter().any(|i| i.kind == IndexKind::UniqueConstraint),
        "tablehasforeignkey" => !table.foreign_keys.is_empty(),
        _ => return Err(unknown(format!("the property {property}"))),
    };
    Ok(Value::Int(i64::from(yes)))
}

fn column_property(
    c: &Catalog,
    id: Option<i32>,
    column: Option<String>,
    property: Option<String>,
) -> Result<Value, SqlError> {
    let (Some(id), Some(column), Some(property)) = (id, column, property) else { return Ok(Value::Null) };
    let Some(col) = c.table_by_id(id).and_then(|t| t.column(&column)) else { return Ok(Value::Null) };
    Ok(number(match property.to_ascii_lowercase().as_str() {
        "isidentity" => i32::from(col.identity.is_some()),
        "iscomputed" => i32::from(col.computed.is_some()),
        "allowsnull" => i32::from(col.nullable),
        "isrowguidcol" => i32::from(col.rowguidcol),
        "issparse" => i32::from(col.sparse),
        "ishidden" => i32::from(col.hidden),
        "columnid" => col.id,
        _ => return Err(unknown(format!("the property {property}"))),
    }))
}

fn identity(c: &Catalog, name: &str, seed: bool) -> Option<Value> {
    let (schema, name) = split_name(name)?;
    let table = c.table(schema.as_deref(), &name)?;
    let found = table.columns.iter().find_map(|col| col.identity)?;
    Some(Value::Decimal(if seed { found.seed } else { found.increment }))
}
