//! Statements that declare: schemas, types, tables, indexes, sequences, views, synonyms, databases, properties.

use std::sync::{Arc, PoisonError};

use crate::catalog::{AliasType, Catalog, ModuleKind, Schema, SynonymDef, TableDef, Temporal, ViewDef, same};
use crate::engine::{Database, error, storage_error, unknown};
use crate::load::lex::Cursor;
use crate::load::names::column_type;
use crate::load::{Context, fulltext, index, module, partition, security, sequence, shape, table};
use crate::results::SqlError;
use crate::types::{SqlType, UdtKind};

/// The schema as declared; `dbo` without a name.
pub(crate) fn schema_of(catalog: &Catalog, name: Option<&str>) -> Result<String, SqlError> {
    let name = name.unwrap_or("dbo");
    catalog.schemas.iter().find(|s| same(&s.name, name)).map(|s| s.name.clone()).ok_or_else(|| {
        error(2760, 16, format!("The specified schema name \"{name}\" either does not exist or you do not have permission to use it."))
    })
}

/// 2714 when an object has the name.
pub(crate) fn check_free(catalog: &Catalog, schema: &str, name: &str) -> Result<(), SqlError> {
    if catalog.has_object(schema, name) {
        Err(error(2714, 16, format!("There is already an object named '{name}' in the database.")))
    } else {
        Ok(())
    }
}

/// A table with the database and catalog that it is of.
pub(crate) type Opened = (Arc<Database>, Arc<Catalog>, Arc<TableDef>);

/// A user table for writing.
pub(crate) fn open_table(x: &Context<'_>, schema: Option<&str>, name: &str) -> Result<Opened, SqlError> {
    let database = x.engine.database(x.database)?;
    let catalog = database.catalog();
    if catalog.read_only {
        return Err(read_only(&catalog));
    }
    let table = find(&catalog, schema, name)?;
    Ok((database, catalog, table))
}

fn read_only(catalog: &Catalog) -> SqlError {
    let message =
        format!("Failed to update database \"{}\" because the database is read-only.", catalog.database);
    error(3906, 16, message)
}

fn find(catalog: &Catalog, schema: Option<&str>, name: &str) -> Result<Arc<TableDef>, SqlError> {
    catalog.table(schema, name).cloned().ok_or_else(|| {
        let full = schema.map_or_else(|| name.to_owned(), |s| format!("{s}.{name}"));
        error(208, 16, format!("Invalid object name '{full}'."))
    })
}

/// `ON (NAME = …, FILENAME = '…') [, …] AS SNAPSHOT OF d`, where it stands: d. The files are of no interest.
fn snapshot_of(c: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if !c.accept("ON") {
        return Ok(None);
    }
    loop {
        c.expect("(")?;
        c.expect("NAME")?;
        c.expect("=")?;
        c.name()?;
        c.expect(",")?;
        c.expect("FILENAME")?;
        c.expect("=")?;
        c.string()?;
        c.expect(")")?;
        if !c.accept(",") {
            break;
        }
    }
    c.expect("AS")?;
    c.expect("SNAPSHOT")?;
    c.expect("OF")?;
    c.name().map(Some)
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
    if catalog.read_only {
        return Err(read_only(&catalog));
    }
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
        return match snapshot_of(c)? {
            Some(source) => x.engine.create_snapshot(&name, &source),
            None => x.engine.create_database(&name),
        };
    }
    if c.accept("TABLE") {
        return declare(x, |k, _| {
            let (table, history) = table::create(c, k)?;
            for table in [Some(table), history].into_iter().flatten() {
                shape::create(x.conn, &table)?;
                k.tables.push(Arc::new(table));
            }
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
        return sequence::create(c, x);
    }
    if c.accept("SYNONYM") {
        return create_synonym(c, x);
    }
    if c.accept("PARTITION FUNCTION") {
        return partition::create_function(c, x);
    }
    if c.accept("PARTITION SCHEME") {
        return partition::create_scheme(c, x);
    }
    if c.accept("SECURITY POLICY") {
        return security::create(c, x);
    }
    if c.accept("FULLTEXT CATALOG") {
        return fulltext::create_catalog(c, x);
    }
    if c.accept("FULLTEXT INDEX") {
        return fulltext::create_index(c, x);
    }
    let module = ["PROC", "PROCEDURE", "FUNCTION", "TRIGGER"];
    if module.iter().any(|w| c.is(w) || c.is(&format!("OR ALTER {w}"))) {
        return module::create(c, x, start);
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
    index::create(c, x)
}

/// After CREATE SYNONYM.
fn create_synonym(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    c.expect("FOR")?;
    let mut parts = vec![c.name()?];
    while c.accept(".") {
        parts.push(c.name()?);
    }
    let base = parts.iter().map(|p| format!("[{}]", p.replace(']', "]]"))).collect::<Vec<_>>().join(".");
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        check_free(k, &schema, &name)?;
        let (object_id, created) = k.new_object();
        k.synonyms.push(SynonymDef { object_id, schema, name, base, created });
        Ok(())
    })
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
    let is_table = c.accept("AS TABLE");
    let (base, nullable) = if is_table {
        c.skip_group()?;
        (SqlType::SqlVariant, false)
    } else {
        let base = if c.accept("EXTERNAL NAME") {
            // Assembly and class, of which nothing is known here.
            c.name()?;
            while c.accept(".") {
                c.name()?;
            }
            SqlType::Udt(UdtKind::User)
        } else if c.accept("FROM") {
            column_type(c, None)?.0
        } else {
            return Err(unknown("a type that is neither FROM another nor a table"));
        };
        let nullable = !c.accept("NOT NULL");
        c.accept("NULL");
        (base, nullable)
    };
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        let id = k.types.iter().map(|t| t.id).max().unwrap_or(256) + 1;
        k.types.push(AliasType { id, schema, name, base, nullable, is_table });
        Ok(())
    })
}

/// After DROP DATABASE.
fn drop_database(c: &mut Cursor<'_>, x: &Context<'_>, quiet: bool) -> Result<(), SqlError> {
    loop {
        let name = c.name()?;
        if same(&name, x.database) {
            let message = format!("Cannot drop database \"{name}\" because it is currently in use.");
            return Err(error(3702, 16, message));
        }
        match x.engine.drop_database(&name) {
            Err(e) if e.number == 3701 && quiet => {}
            done => done?,
        }
        if !c.accept(",") {
            return Ok(());
        }
    }
}

/// After DROP.
pub(crate) fn drop(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let kind = c.name()?.to_uppercase();
    let quiet = c.accept("IF EXISTS");
    if kind == "DATABASE" {
        return drop_database(c, x, quiet);
    }
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
    let sizes = |k: &Catalog| {
        let declared = k.views.len() + k.modules.len() + k.sequences.len() + k.synonyms.len();
        declared + k.types.len() + k.schemas.len()
    };
    let count = sizes(k);
    match kind {
        "TABLE" => {
            let table = k.table(schema, name).cloned().ok_or_else(|| missing("table", name))?;
            if table.temporal != Temporal::No {
                return Err(error(
                    13552,
                    16,
                    format!(
                        "Drop table operation failed on table '{name}' because it is of a system-versioned temporal table."
                    ),
                ));
            }
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
            k.modules.retain(|m| m.trigger.as_ref().is_none_or(|t| t.parent != table.object_id));
            k.fulltext_indexes.retain(|f| f.object_id != table.object_id);
            return Ok(());
        }
        "PROC" | "PROCEDURE" => {
            k.modules.retain(|m| m.kind != ModuleKind::Procedure || !is(&m.schema, &m.name));
        }
        "TRIGGER" => k.modules.retain(|m| m.trigger.is_none() || !is(&m.schema, &m.name)),
        "FUNCTION" => k.modules.retain(|m| {
            matches!(m.kind, ModuleKind::Procedure | ModuleKind::Trigger) || !is(&m.schema, &m.name)
        }),
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
    if count == sizes(k) { Err(missing(&lower, name)) } else { Ok(()) }
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
        "MULTI_USER" | "SINGLE_USER" => {}
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
