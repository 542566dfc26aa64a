//! Statements that declare: schemas, types, tables, indexes, sequences, views, synonyms, databases, properties.

use std::sync::{Arc, PoisonError};

use crate::catalog::{
    AliasType, Catalog, ExtendedProperty, Schema, SequenceDef, SynonymDef, TableDef, ViewDef, same,
};
use crate::engine::{Database, error, storage_error, unknown};
use crate::load::convert::Typed;
use crate::load::lex::{Cursor, Kind};
use crate::load::names::column_type;
use crate::load::{Context, shape, table};
use crate::results::SqlError;
use crate::types::SqlType;
use crate::value::Value;

/// The schema as declared; `dbo` without a name.
pub(crate) fn schema_of(catalog: &Catalog, name: Option<&str>) -> Result<String, SqlError> {
    let name = name.unwrap_or("dbo");
    catalog.schemas.iter().find(|s| same(&s.name, name)).map(|s| s.name.clone()).ok_or_else(|| {
        error(2760, 16, format!("The specified schema name \"{name}\" either does not exist or you do not have permission to use it."))
    })
}

/// 2714 when an object has the name.
pub(crate) fn check_free(catalog: &Catalog, schema: &str, name: &str) -> Result<(), SqlError> {
    let taken = catalog.objects().iter().any(|o| same(&o.name, name) && same(&o.schema, schema));
    if taken {
        Err(error(2714, 16, format!("There is already an object named '{name}' in the database.")))
    } else {
        Ok(())
    }
}

/// A user table for writing.
pub(crate) fn open_table(
    x: &Context<'_>,
    schema: Option<&str>,
    name: &str,
) -> Result<(Arc<Database>, Arc<Catalog>, Arc<TableDef>), SqlError> {
    let database = x.engine.database(x.database)?;
    let catalog = database.catalog();
    if catalog.read_only {
        return Err(error(
            3906,
            16,
            format!("Failed to update database \"{}\" because the database is read-only.", catalog.database),
        ));
    }
    let table = find(&catalog, schema, name)?;
    Ok((database, catalog, table))
}

fn find(catalog: &Catalog, schema: Option<&str>, name: &str) -> Result<Arc<TableDef>, SqlError> {
    catalog.table(schema, name).cloned().ok_or_else(|| {
        let full = schema.map_or_else(|| name.to_owned(), |s| format!("{s}.{name}"));
        error(208, 16, format!("Invalid object name '{full}'."))
    })
}

/// Takes the next value of a sequence.
pub(crate) fn next_value(
    database: &Database,
    catalog: &Catalog,
    schema: Option<&str>,
    name: &str,
) -> Result<Typed, SqlError> {
    let s = catalog
        .sequence(schema, name)
        .ok_or_else(|| error(208, 16, format!("Invalid object name '{name}'.")))?;
    let mut counters = database.counters();
    let next = match counters.sequences.get(&s.object_id) {
        None => s.start,
        Some(v) => v + s.increment,
    };
    let next = if (s.minimum..=s.maximum).contains(&next) {
        next
    } else if s.cycle {
        if s.increment > 0 { s.minimum } else { s.maximum }
    } else {
        return Err(error(
            11728,
            16,
            format!("The sequence object '{name}' has reached its minimum or maximum value."),
        ));
    };
    counters.sequences.insert(s.object_id, next);
    let value = match s.ty {
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => Value::Decimal(next),
        _ => Value::Int(i64::try_from(next).unwrap_or(i64::MAX)),
    };
    Ok(Typed { ty: s.ty, value })
}

/// Runs `f` on a copy of the catalog inside a transaction of SQLite, and publishes the copy when both succeed.
pub(crate) fn declare<T>(
    x: &Context<'_>,
    f: impl FnOnce(&mut Catalog, &Database) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let database = x.engine.database(x.database)?;
    if !x.conn.is_autocommit() {
        return Err(unknown("a declaration inside a transaction"));
    }
    let _guard = database.ddl.lock().unwrap_or_else(PoisonError::into_inner);
    let mut catalog = Catalog::clone(&database.catalog());
    x.conn.execute_batch("BEGIN IMMEDIATE").map_err(|e| storage_error(&e))?;
    match f(&mut catalog, &database) {
        Ok(value) => {
            x.conn.execute_batch("COMMIT").map_err(|e| storage_error(&e))?;
            catalog.index(&x.engine.denials());
            database.publish(catalog);
            Ok(value)
        }
        Err(e) => {
            x.conn.execute_batch("ROLLBACK").map_err(|e| storage_error(&e))?;
            Err(e)
        }
    }
}

/// After CREATE; `start` is the offset of the statement.
pub(crate) fn create(c: &mut Cursor<'_>, x: &mut Context<'_>, start: usize) -> Result<(), SqlError> {
    if c.accept("DATABASE") {
        let name = c.name()?;
        return x.engine.create_database(&name);
    }
    if c.accept("TABLE") {
        return declare(x, |k, _| {
            let table = table::create(c, k)?;
            shape::create(x.conn, &table)?;
            k.tables.push(Arc::new(table));
            Ok(())
        });
    }
    if c.accept("SCHEMA") {
        let name = c.name()?;
        if c.accept("AUTHORIZATION") {
            c.name()?;
        }
        return declare(x, |k, _| {
            if k.schema_id(&name).is_some() {
                return Err(error(
                    2714,
                    16,
                    format!("There is already an object named '{name}' in the database."),
                ));
            }
            let id = k.schemas.iter().map(|s| s.id).max().unwrap_or(4) + 1;
            k.schemas.push(Schema { id, name });
            Ok(())
        });
    }
    if c.accept("TYPE") {
        return create_type(c, x);
    }
    if c.accept("SEQUENCE") {
        return create_sequence(c, x);
    }
    if c.accept("SYNONYM") {
        let (schema, name) = c.object()?;
        c.expect("FOR")?;
        let mut parts = vec![c.name()?];
        while c.accept(".") {
            parts.push(c.name()?);
        }
        let base = parts.iter().map(|p| format!("[{p}]")).collect::<Vec<_>>().join(".");
        return declare(x, |k, _| {
            let schema = schema_of(k, schema.as_deref())?;
            check_free(k, &schema, &name)?;
            let (object_id, created) = k.new_object();
            k.synonyms.push(SynonymDef { object_id, schema, name, base, created });
            Ok(())
        });
    }
    if c.is("VIEW") || c.is("OR ALTER VIEW") {
        let replace = c.accept("OR ALTER");
        c.accept("VIEW");
        let (schema, name) = c.object()?;
        let text = c.rest(start).to_owned();
        return declare(x, |k, _| {
            let schema = schema_of(k, schema.as_deref())?;
            if replace {
                k.views.retain(|v| !(same(&v.name, &name) && same(&v.schema, &schema)));
            }
            check_free(k, &schema, &name)?;
            let (object_id, created) = k.new_object();
            k.views.push(ViewDef { object_id, schema, name, definition: text, created });
            Ok(())
        });
    }
    create_index(c, x)
}

fn create_index(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let mut index = table::Index { unique: c.accept("UNIQUE"), ..table::Index::default() };
    index.clustered = c.accept("CLUSTERED");
    c.accept("NONCLUSTERED");
    if !c.accept("INDEX") {
        return Err(unknown(format_args!("CREATE {}", c.peek().map_or("", |t| &t.text))));
    }
    index.name = c.name()?;
    c.expect("ON")?;
    let (schema, name) = c.object()?;
    let index = table::index_rest(c, index)?;
    alter_with(
        x,
        schema.as_deref(),
        &name,
        |k, t| table::add(k, t, table::Element::Index(index), false),
        &mut |_| Err(unknown("a new column")),
    )
}

/// Changes the declaration of a table, then the SQLite table.
pub(crate) fn alter_with(
    x: &Context<'_>,
    schema: Option<&str>,
    name: &str,
    f: impl FnOnce(&mut Catalog, &mut TableDef) -> Result<(), SqlError>,
    fill: &mut dyn FnMut(&crate::catalog::ColumnDef) -> Result<crate::storage::Stored, SqlError>,
) -> Result<(), SqlError> {
    declare(x, |k, database| {
        let old = find(k, schema, name)?;
        let mut new = TableDef::clone(&old);
        f(k, &mut new)?;
        new.modified = k.new_object().1;
        shape::change(x.conn, k, &old, &new, fill)?;
        let at = k.tables.iter().position(|t| t.object_id == old.object_id);
        at.into_iter().for_each(|i| k.tables[i] = Arc::new(new.clone()));
        database.written(old.object_id);
        Ok(())
    })
}

fn create_type(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    if !c.accept("FROM") {
        return Err(unknown("a type that is not FROM another"));
    }
    let (base, _) = column_type(c, None)?;
    let nullable = !c.accept("NOT NULL");
    c.accept("NULL");
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        let id = k.types.iter().map(|t| t.id).max().unwrap_or(256) + 1;
        k.types.push(AliasType { id, schema, name, base, nullable });
        Ok(())
    })
}

fn create_sequence(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let ty = if c.accept("AS") { column_type(c, None)?.0 } else { SqlType::BigInt };
    let (low, high) = match ty {
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        SqlType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        SqlType::BigInt => (i128::from(i64::MIN), i128::from(i64::MAX)),
        SqlType::Decimal { precision, scale: 0 } | SqlType::Numeric { precision, scale: 0 } => {
            let top = 10_i128.pow(u32::from(precision)) - 1;
            (-top, top)
        }
        _ => return Err(error(11702, 16, "The sequence object must be of a whole number type.".to_owned())),
    };
    let mut s = SequenceDef {
        object_id: 0,
        schema: String::new(),
        name,
        ty,
        start: 0,
        increment: 1,
        minimum: low,
        maximum: high,
        cycle: false,
        cache: Some(0),
        created: 0,
    };
    let mut start = None;
    loop {
        if c.accept("START WITH") {
            start = Some(c.integer()?);
        } else if c.accept("INCREMENT BY") {
            s.increment = c.integer()?;
        } else if c.accept("MINVALUE") {
            s.minimum = c.integer()?;
        } else if c.accept("MAXVALUE") {
            s.maximum = c.integer()?;
        } else if c.accept("NO CYCLE") || c.accept("NO MINVALUE") || c.accept("NO MAXVALUE") {
        } else if c.accept("CYCLE") {
            s.cycle = true;
        } else if c.accept("NO CACHE") {
            s.cache = None;
        } else if c.accept("CACHE") {
            let given = c.peek().is_some_and(|t| t.kind == Kind::Number);
            s.cache = Some(if given { i32::try_from(c.integer()?).map_err(|_| c.wrong())? } else { 0 });
        } else {
            break;
        }
    }
    s.start = start.unwrap_or(if s.increment > 0 { s.minimum } else { s.maximum });
    declare(x, |k, _| {
        s.schema = schema_of(k, schema.as_deref())?;
        check_free(k, &s.schema, &s.name)?;
        (s.object_id, s.created) = k.new_object();
        k.sequences.push(s);
        Ok(())
    })
}

/// After DROP.
pub(crate) fn drop(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let kind = c.name()?.to_uppercase();
    let quiet = c.accept("IF EXISTS");
    loop {
        let (schema, name) = c.object()?;
        if kind == "INDEX" {
            c.expect("ON")?;
            let (schema, on) = c.object()?;
            alter_with(
                x,
                schema.as_deref(),
                &on,
                |_, t| {
                    let at = t.indexes.iter().position(|i| same(&i.name, &name) && i.object_id == 0);
                    at.map(|i| t.indexes.remove(i)).map(|_| ()).ok_or_else(|| missing("index", &name))
                },
                &mut |_| Err(unknown("a new column")),
            )?;
        } else {
            let done = declare(x, |k, _| drop_one(x, k, &kind, schema.as_deref(), &name));
            match done {
                Err(e) if e.number == 3701 && quiet => {}
                other => other?,
            }
        }
        if !c.accept(",") {
            return Ok(());
        }
    }
}

fn missing(what: &str, name: &str) -> SqlError {
    error(
        3701,
        11,
        format!("Cannot drop the {what} '{name}', because it does not exist or you do not have permission."),
    )
}

fn drop_one(
    x: &Context<'_>,
    k: &mut Catalog,
    kind: &str,
    schema: Option<&str>,
    name: &str,
) -> Result<(), SqlError> {
    let at = schema.unwrap_or("dbo");
    let lower = kind.to_lowercase();
    let is = |s: &str, n: &str| same(s, at) && same(n, name);
    let count = (k.views.len(), k.sequences.len(), k.synonyms.len(), k.types.len(), k.schemas.len());
    match kind {
        "TABLE" => {
            let table = k.table(schema, name).cloned().ok_or_else(|| missing("table", name))?;
            let held = |t: &TableDef| {
                t.object_id != table.object_id
                    && t.foreign_keys.iter().any(|f| f.referenced == table.object_id)
            };
            if k.tables.iter().any(|t| held(t)) {
                return Err(error(
                    3726,
                    16,
                    format!(
                        "Could not drop object '{name}' because it is referenced by a FOREIGN KEY constraint."
                    ),
                ));
            }
            shape::drop(x.conn, &table)?;
            k.tables.retain(|t| t.object_id != table.object_id);
            k.properties.retain(|p| p.major_id != table.object_id);
            return Ok(());
        }
        "VIEW" => k.views.retain(|v| !is(&v.schema, &v.name)),
        "SEQUENCE" => k.sequences.retain(|v| !is(&v.schema, &v.name)),
        "SYNONYM" => k.synonyms.retain(|v| !is(&v.schema, &v.name)),
        "TYPE" => {
            let used = k.types.iter().find(|t| is(&t.schema, &t.name)).map(|t| t.id);
            if k.tables.iter().flat_map(|t| &t.columns).any(|c| c.alias.is_some() && c.alias == used) {
                return Err(error(
                    3732,
                    16,
                    format!("Cannot drop type '{name}' because it is being referenced."),
                ));
            }
            k.types.retain(|t| !is(&t.schema, &t.name));
        }
        "SCHEMA" => {
            if k.objects().iter().any(|o| same(&o.schema, name)) {
                return Err(error(
                    3729,
                    16,
                    format!("Cannot drop schema '{name}' because it is being referenced by an object."),
                ));
            }
            k.schemas.retain(|s| s.id <= 4 || !same(&s.name, name));
        }
        other => return Err(unknown(format_args!("DROP {other}"))),
    }
    let after = (k.views.len(), k.sequences.len(), k.synonyms.len(), k.types.len(), k.schemas.len());
    if count == after { Err(missing(&lower, name)) } else { Ok(()) }
}

/// After EXEC sp_addextendedproperty.
pub(crate) fn add_property(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    const NAMES: [&str; 8] =
        ["name", "value", "level0type", "level0name", "level1type", "level1name", "level2type", "level2name"];
    let mut given: [Option<String>; 8] = Default::default();
    let mut position = 0;
    loop {
        let mut at = position;
        if let Some(t) = c.peek().filter(|t| t.kind == Kind::Variable).cloned() {
            at = NAMES.iter().position(|n| same(n, &t.text[1..])).ok_or_else(|| c.wrong())?;
            c.take();
            c.expect("=")?;
        }
        let slot = given.get_mut(at).ok_or_else(|| c.wrong())?;
        if !c.accept("NULL") {
            *slot = Some(match c.peek() {
                Some(t) if matches!(t.kind, Kind::Text | Kind::National) => c.string()?,
                Some(t) if t.kind == Kind::Number => c.integer()?.to_string(),
                _ => c.name()?,
            });
        }
        position = at + 1;
        if !c.accept(",") {
            break;
        }
    }
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
                        "CONSTRAINT" => (1, k.object_id(name0.as_deref(), &name2).ok_or_else(wrong)?, 0),
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

/// After ALTER DATABASE.
pub(crate) fn alter_database(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    let name = if name.eq_ignore_ascii_case("CURRENT") { x.database.to_owned() } else { name };
    let database = x.engine.database(&name)?;
    c.expect("SET")?;
    let option = c.name()?.to_uppercase();
    c.accept("=");
    let _guard = database.ddl.lock().unwrap_or_else(PoisonError::into_inner);
    let mut k = Catalog::clone(&database.catalog());
    match option.as_str() {
        "ALLOW_SNAPSHOT_ISOLATION" => k.snapshot_isolation = c.name()?.eq_ignore_ascii_case("ON"),
        "READ_COMMITTED_SNAPSHOT" => k.read_committed_snapshot = c.name()?.eq_ignore_ascii_case("ON"),
        "READ_ONLY" => k.read_only = true,
        "READ_WRITE" => k.read_only = false,
        "MULTI_USER" => {}
        "RECOVERY"
        | "PAGE_VERIFY"
        | "COMPATIBILITY_LEVEL"
        | "ANSI_NULLS"
        | "ANSI_PADDING"
        | "ANSI_WARNINGS"
        | "ARITHABORT"
        | "QUOTED_IDENTIFIER"
        | "AUTO_CLOSE"
        | "AUTO_SHRINK"
        | "AUTO_CREATE_STATISTICS"
        | "AUTO_UPDATE_STATISTICS"
        | "RECURSIVE_TRIGGERS" => {
            c.take();
        }
        other => return Err(unknown(format_args!("ALTER DATABASE SET {other}"))),
    }
    if c.accept("WITH") {
        c.accept("ROLLBACK IMMEDIATE");
        c.accept("NO_WAIT");
    }
    k.index(&x.engine.denials());
    database.publish(k);
    Ok(())
}
