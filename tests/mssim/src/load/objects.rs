//! Statements that declare: schemas, types, tables, indexes, sequences, views, synonyms, databases, properties.

use std::sync::{Arc, PoisonError};

use crate::catalog::{AliasType, Catalog, Schema, SynonymDef, TableDef, ViewDef, same};
use crate::engine::{Database, error, storage_error, unknown};
use crate::load::lex::Cursor;
use crate::load::names::column_type;
use crate::load::{
    Context, bound, crypto, database, fulltext, index, module, partition, principal, security, sequence,
    shape, statistics, table,
};
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
        return database::create(c, x, start);
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
    if let Some(done) = create_more(c, x, start) {
        return done;
    }
    let rule = c.accept("RULE");
    if rule || c.accept("DEFAULT") {
        return bound::create(c, x, start, rule);
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
        return module::create(c, x, start, false);
    }
    if c.is("VIEW") || c.is("OR ALTER VIEW") {
        let replace = c.accept("OR ALTER");
        return create_view(c, x, start, replace);
    }
    index::create(c, x)
}

/// Users, statistics, keys: what is no object of a schema.
fn create_more(c: &mut Cursor<'_>, x: &Context<'_>, start: usize) -> Option<Result<(), SqlError>> {
    if c.accept("USER") {
        return Some(principal::create(c, x, 'S'));
    }
    if c.accept("ROLE") {
        return Some(principal::create(c, x, 'R'));
    }
    if c.accept("APPLICATION ROLE") {
        return Some(principal::create(c, x, 'A'));
    }
    if c.accept("LOGIN") {
        // Of the server, which has one login.
        c.rest(start);
        return Some(Ok(()));
    }
    if c.accept("STATISTICS") {
        return Some(statistics::create(c, x));
    }
    if c.accept("XML SCHEMA COLLECTION") {
        return Some(crypto::create_collection(c, x));
    }
    if c.accept("COLUMN MASTER KEY") {
        return Some(crypto::create_master_key(c, x));
    }
    if c.accept("COLUMN ENCRYPTION KEY") {
        return Some(crypto::create_key(c, x));
    }
    None
}

/// After ALTER, where VIEW, PROCEDURE, FUNCTION or TRIGGER is next: the text is kept as one that begins with CREATE.
pub(crate) fn replace(c: &mut Cursor<'_>, x: &Context<'_>, start: usize) -> Result<(), SqlError> {
    if c.is("VIEW") { create_view(c, x, start, true) } else { module::create(c, x, start, true) }
}

/// The text of a module as the catalog keeps it.
pub(crate) fn as_create(text: &str) -> String {
    match text.get(..5) {
        Some(word) if word.eq_ignore_ascii_case("ALTER") => format!("CREATE{}", &text[5..]),
        _ => text.to_owned(),
    }
}

/// Where VIEW is next.
fn create_view(c: &mut Cursor<'_>, x: &Context<'_>, start: usize, replace: bool) -> Result<(), SqlError> {
    c.expect("VIEW")?;
    let (schema, name) = c.object()?;
    let definition = as_create(c.rest(start));
    declare(x, |k, _| {
        let schema = schema_of(k, schema.as_deref())?;
        let old = k.views.iter_mut().find(|v| replace && same(&v.name, &name) && same(&v.schema, &schema));
        if let Some(old) = old {
            (old.definition, old.indexes) = (definition, Vec::new());
            return Ok(());
        }
        check_free(k, &schema, &name)?;
        let (object_id, created) = k.new_object();
        k.views.push(ViewDef { object_id, schema, name, definition, created, indexes: Vec::new() });
        Ok(())
    })
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
        // MEMORY_OPTIMIZED: of a table type that is not kept either.
        if c.accept("WITH") {
            c.skip_group()?;
        }
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
        let (bound_default, bound_rule) = (0, 0);
        k.types.push(AliasType { id, schema, name, base, nullable, is_table, bound_default, bound_rule });
        Ok(())
    })
}
