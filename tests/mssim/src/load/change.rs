//! INSERT … VALUES, UPDATE, DELETE, TRUNCATE. NOT NULL, keys, unique indexes and lengths are enforced; CHECK and
//! FOREIGN KEY are not.

use rusqlite::types::Value as Lite;

use crate::catalog::{ColumnDef, TableDef, quote, same};
use crate::engine::{error, storage_error, unknown};
use crate::load::convert::Typed;
use crate::load::expr::{self, Expr};
use crate::load::lex::Cursor;
use crate::load::rows::{Writer, select, violation};
use crate::load::{Context, graph, objects, temporal};
use crate::results::SqlError;
use crate::storage::Stored;
use crate::types::SqlType;
use crate::value::Value;

/// After INSERT.
pub(crate) fn insert(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<u64, SqlError> {
    c.accept("INTO");
    let (schema, name) = c.object()?;
    let (database, catalog, table) = objects::open_table(x, schema.as_deref(), &name)?;
    temporal::writable(&table, true)?;
    let w = Writer::new(&database, &catalog, &table, x.parameters)?;
    let explicit = x.settings.identity_insert == Some(table.object_id);
    let named = if c.is("(") { Some(c.names()?) } else { None };
    let targets = targets(&table, named, explicit)?;
    let mut n = 0;
    if c.accept("DEFAULT VALUES") {
        let mut row = blank(&w, &[], &[], explicit)?;
        n = u64::from(w.insert(x.conn, &mut row)?);
    } else if c.accept("VALUES") {
        loop {
            c.expect("(")?;
            let mut given = vec![expr::parse(c)?];
            while c.accept(",") {
                given.push(expr::parse(c)?);
            }
            c.expect(")")?;
            if given.len() != targets.len() {
                let (number, than) = if given.len() > targets.len() { (110, "fewer") } else { (109, "more") };
                return Err(error(
                    number,
                    15,
                    format!(
                        "There are {than} columns in the INSERT statement than values specified in the VALUES clause."
                    ),
                ));
            }
            let mut row = blank(&w, &targets, &given, explicit)?;
            n += u64::from(w.insert(x.conn, &mut row)?);
            if !c.accept(",") {
                break;
            }
        }
    } else {
        return Err(unknown("INSERT of anything but VALUES"));
    }
    database.written(table.object_id);
    Ok(n)
}

/// INSERT of what a query gave.
pub(crate) fn insert_rows(
    x: &mut Context<'_>,
    (schema, name): (Option<&str>, &str),
    named: Option<Vec<String>>,
    types: &[SqlType],
    rows: Vec<Vec<Value>>,
) -> Result<u64, SqlError> {
    let (database, catalog, table) = objects::open_table(x, schema, name)?;
    temporal::writable(&table, true)?;
    let w = Writer::new(&database, &catalog, &table, x.parameters)?;
    let explicit = x.settings.identity_insert == Some(table.object_id);
    let targets = targets(&table, named, explicit)?;
    if types.len() != targets.len() {
        let (number, than) = if types.len() < targets.len() { (120, "fewer") } else { (121, "more") };
        let message = format!(
            "The select list for the INSERT statement contains {than} items than the insert list. The number of SELECT values must match the number of INSERT columns."
        );
        return Err(error(number, 15, message));
    }
    let mut n = 0;
    for given in rows {
        let mut row = vec![Value::Null; table.columns.len()];
        for (at, value) in row.iter_mut().enumerate() {
            *value = match targets.iter().position(|t| *t == at) {
                Some(i) => w.assign(at, &Typed { ty: types[i], value: given[i].clone() })?,
                None => match w.identity_unless(at, explicit) {
                    Some(v) => v,
                    None => w.default(at)?,
                },
            };
            if targets.contains(&at) && table.columns[at].identity.is_some() {
                w.note_identity(at, value);
            }
        }
        n += u64::from(w.insert(x.conn, &mut row)?);
    }
    database.written(table.object_id);
    Ok(n)
}

/// Positions of the columns that an INSERT fills.
fn targets(table: &TableDef, named: Option<Vec<String>>, explicit: bool) -> Result<Vec<usize>, SqlError> {
    let writable = |c: &ColumnDef| {
        c.computed.is_none()
            && c.ty != SqlType::RowVersion
            && c.generated.is_none()
            && (c.graph_type == 0 || graph::is_end(c))
            && !c.column_set
    };
    let Some(names) = named else {
        let all = (0..table.columns.len()).filter(|i| {
            let c = &table.columns[*i];
            writable(c) && c.identity.is_none()
        });
        if explicit {
            return Err(error(
                8101,
                16,
                format!(
                    "An explicit value for the identity column in table '{}' can only be specified when a column list is used and IDENTITY_INSERT is ON.",
                    table.name
                ),
            ));
        }
        return Ok(all.collect());
    };
    names
        .iter()
        .map(|n| {
            let at = table.columns.iter().position(|c| same(&c.name, n) || c.is_pseudo(n)).ok_or_else(|| error(207, 16, format!("Invalid column name '{n}'.")))?;
            let column = &table.columns[at];
            graph::writable(column)?;
            if column.computed.is_some() {
                return Err(error(271, 16, format!("The column \"{n}\" cannot be modified because it is either a computed column or is the result of a UNION operator.")));
            }
            if column.generated.is_some() {
                return Err(error(13536, 16, format!("Cannot insert an explicit value into a GENERATED ALWAYS column in table '{}'.", table.name)));
            }
            if column.ty == SqlType::RowVersion {
                return Err(error(273, 16, "Cannot insert an explicit value into a timestamp column.".to_owned()));
            }
            if column.identity.is_some() && !explicit {
                return Err(error(544, 16, format!("Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.", table.name)));
            }
            Ok(at)
        })
        .collect()
}

/// A row of the values given and defaults for the rest.
fn blank(w: &Writer<'_>, targets: &[usize], given: &[Expr], explicit: bool) -> Result<Vec<Value>, SqlError> {
    let mut row = vec![Value::Null; w.table.columns.len()];
    for (at, value) in row.iter_mut().enumerate() {
        let e = targets.iter().position(|t| *t == at).map(|i| &given[i]);
        *value = match e {
            Some(Expr::Default) | None => match w.identity_unless(at, explicit) {
                Some(v) => v,
                None => w.default(at)?,
            },
            Some(e) => w.assign(at, &w.value(e, None)?)?,
        };
        if e.is_some() && w.table.columns[at].identity.is_some() {
            w.note_identity(at, value);
        }
    }
    Ok(row)
}

/// Rows that a WHERE leaves, found by simple equalities on integers first.
fn found(c: &mut Cursor<'_>, x: &Context<'_>, w: &Writer<'_>) -> Result<Vec<(i64, Vec<Value>)>, SqlError> {
    if !c.accept("WHERE") {
        return select(x.conn, w.table, "1", &[]);
    }
    let condition = expr::parse(c)?;
    let mut terms = Vec::new();
    equalities(&condition, w.table, &mut terms);
    let sql = terms.iter().map(|(name, value)| format!("{} = {value}", quote(name))).collect::<Vec<_>>();
    let sql = if sql.is_empty() { "1".to_owned() } else { sql.join(" AND ") };
    let mut out = Vec::new();
    for (rowid, row) in select(x.conn, w.table, &sql, &[])? {
        if w.test(&condition, &row)? {
            out.push((rowid, row));
        }
    }
    Ok(out)
}

fn equalities(e: &Expr, table: &TableDef, out: &mut Vec<(String, i64)>) {
    let Expr::Binary(operator, a, b) = e else { return };
    match (operator.as_str(), a.as_ref(), b.as_ref()) {
        ("and", a, b) => {
            equalities(a, table, out);
            equalities(b, table, out);
        }
        ("=", Expr::Column(name), Expr::Literal(SqlType::Int, Value::Int(v), _)) => {
            let whole = |c: &&ColumnDef| {
                matches!(c.ty, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
            };
            out.extend(table.column(name).filter(whole).map(|c| (c.name.clone(), *v)));
        }
        _ => {}
    }
}

/// After UPDATE.
pub(crate) fn update(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<u64, SqlError> {
    let (schema, name) = c.object()?;
    let (database, catalog, table) = objects::open_table(x, schema.as_deref(), &name)?;
    temporal::writable(&table, false)?;
    let w = Writer::new(&database, &catalog, &table, x.parameters)?;
    c.expect("SET")?;
    let mut changes = Vec::new();
    loop {
        let column = c.name()?;
        let at = targets(&table, Some(vec![column.clone()]), true)?[0];
        if table.columns[at].identity.is_some() {
            return Err(error(8102, 16, format!("Cannot update identity column '{column}'.")));
        }
        c.expect("=")?;
        changes.push((at, expr::parse(c)?));
        if !c.accept(",") {
            break;
        }
    }
    if c.is("FROM") {
        return Err(unknown("UPDATE … FROM"));
    }
    let rows = found(c, x, &w)?;
    let n = rows.len();
    let sets: Vec<_> = table.columns.iter().map(|k| format!("{} = ?", quote(&k.name))).collect();
    let sql = format!("UPDATE {} SET {} WHERE _rowid_ = ?", table.sqlite_name(), sets.join(", "));
    for (rowid, old) in rows {
        let mut row = old.clone();
        if let Some(at) = table.columns.iter().position(|c| c.column_set) {
            row[at] = Value::Null;
        }
        for (at, e) in &changes {
            row[*at] =
                if *e == Expr::Default { w.default(*at)? } else { w.assign(*at, &w.value(e, Some(&old))?)? };
        }
        let mut stored = w.finish(&mut row)?;
        w.check_unique(x.conn, &row, &stored, Some(rowid))?;
        stored.push(Stored::Integer(rowid));
        let mut statement = x.conn.prepare_cached(&sql).map_err(|e| storage_error(&e))?;
        statement.execute(rusqlite::params_from_iter(&stored)).map_err(|e| violation(&e, &table, &stored))?;
    }
    database.written(table.object_id);
    Ok(u64::try_from(n).unwrap_or(u64::MAX))
}

/// After DELETE.
pub(crate) fn delete(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<u64, SqlError> {
    c.accept("FROM");
    let (schema, name) = c.object()?;
    let (database, catalog, table) = objects::open_table(x, schema.as_deref(), &name)?;
    temporal::writable(&table, false)?;
    let w = Writer::new(&database, &catalog, &table, x.parameters)?;
    if c.is("FROM") {
        return Err(unknown("DELETE … FROM"));
    }
    let rows = found(c, x, &w)?;
    let sql = format!("DELETE FROM {} WHERE _rowid_ = ?", table.sqlite_name());
    let mut statement = x.conn.prepare_cached(&sql).map_err(|e| storage_error(&e))?;
    for (rowid, _) in &rows {
        statement.execute([Lite::Integer(*rowid)]).map_err(|e| storage_error(&e))?;
    }
    database.written(table.object_id);
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// After TRUNCATE TABLE.
pub(crate) fn truncate(c: &mut Cursor<'_>, x: &mut Context<'_>) -> Result<(), SqlError> {
    let (schema, name) = c.object()?;
    let (database, catalog, table) = objects::open_table(x, schema.as_deref(), &name)?;
    if table.temporal != crate::catalog::Temporal::No {
        return Err(error(
            13545,
            16,
            format!("Truncate failed on table '{name}' because it is of a system-versioned temporal table."),
        ));
    }
    let referenced = |t: &TableDef| {
        t.object_id != table.object_id && t.foreign_keys.iter().any(|f| f.referenced == table.object_id)
    };
    if catalog.tables.iter().any(|t| referenced(t)) {
        return Err(error(
            4712,
            16,
            format!(
                "Cannot truncate table '{name}' because it is being referenced by a FOREIGN KEY constraint."
            ),
        ));
    }
    x.conn.execute(&format!("DELETE FROM {}", table.sqlite_name()), []).map_err(|e| storage_error(&e))?;
    database.counters().identities.remove(&table.object_id);
    database.written(table.object_id);
    Ok(())
}
