//! Rows on their way into a table: defaults, identity, computed columns, NOT NULL, keys, lengths.

use crate::catalog::{Catalog, ColumnDef, IndexDef, IndexKind, TableDef, quote, same};
use crate::engine::{Database, error, storage_error, unknown};
use crate::load::convert::{Typed, cast, limit, text_length, through_code_page};
use crate::load::eval::{Lookup, NextValue, Scope};
use crate::load::expr::{self, Expr};
use crate::load::lex::Cursor;
use crate::load::{graph, sequence, temporal};
use crate::results::{Parameter, SqlError};
use crate::storage::{self, Stored};
use crate::types::{Collation, SqlType};
use crate::value::Value;

/// 515.
pub(crate) fn not_null(database: &str, table: &TableDef, column: &ColumnDef) -> SqlError {
    error(
        515,
        16,
        format!(
            "Cannot insert the value NULL into column '{}', table '{database}.{}.{}'; column does not allow nulls. INSERT fails.",
            column.name, table.schema, table.name
        ),
    )
}

/// The unique index that a row breaks, by what SQLite said.
fn broken<'t>(e: &rusqlite::Error, table: &'t TableDef) -> Option<&'t IndexDef> {
    let rusqlite::Error::SqliteFailure(f, Some(message)) = e else { return None };
    if f.code != rusqlite::ErrorCode::ConstraintViolation {
        return None;
    }
    let prefix = format!("{}.", crate::catalog::stored_name(&table.schema, &table.name));
    let columns = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or("");
    let is = |i: &&IndexDef| {
        let names: Vec<_> = i
            .keys
            .iter()
            .filter_map(|k| table.column_by_id(k.column_id))
            .map(|c| format!("{prefix}{}", c.name))
            .collect();
        i.unique && names.join(", ") == columns
    };
    table.indexes.iter().find(is).or(table.primary_key())
}

/// 2627 or 2601 for a broken key, else what SQLite said.
pub(crate) fn violation(e: &rusqlite::Error, table: &TableDef, _row: &[Stored]) -> SqlError {
    match broken(e, table) {
        Some(index) => duplicate(table, Some(index)),
        None => storage_error(e),
    }
}

fn duplicate(table: &TableDef, index: Option<&IndexDef>) -> SqlError {
    let object = format!("{}.{}", table.schema, table.name);
    let Some(index) = index else { return unknown("the key that this row breaks") };
    match index.kind {
        IndexKind::PrimaryKey => error(
            2627,
            14,
            format!(
                "Violation of PRIMARY KEY constraint '{}'. Cannot insert duplicate key in object '{object}'.",
                index.name
            ),
        ),
        IndexKind::UniqueConstraint => error(
            2627,
            14,
            format!(
                "Violation of UNIQUE KEY constraint '{}'. Cannot insert duplicate key in object '{object}'.",
                index.name
            ),
        ),
        IndexKind::Index => error(
            2601,
            14,
            format!(
                "Cannot insert duplicate key row in object '{object}' with unique index '{}'.",
                index.name
            ),
        ),
    }
}

/// 2628 or 8152 for a value that is too long for its column (trailing spaces and zeros may go).
pub(crate) fn check_value(
    table: &TableDef,
    column: &ColumnDef,
    from: &Typed,
    collation: &Collation,
) -> Result<(), SqlError> {
    let Some(limit) = limit(&column.ty) else { return Ok(()) };
    let (long, number) = match &from.value {
        Value::Text(t) => {
            let t = through_code_page(t.clone(), &column.ty, collation);
            let end = t.iter().rposition(|b| *b != b' ').map_or(0, |i| i + 1);
            (text_length(&t[..end], &column.ty, collation) > limit, 2628)
        }
        Value::Bytes(b) => {
            let end = b.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
            (end > limit, 8152)
        }
        _ => (false, 0),
    };
    if !long {
        return Ok(());
    }
    Err(error(
        number,
        16,
        format!(
            "String or binary data would be truncated in table '{}.{}', column '{}'.",
            table.schema, table.name, column.name
        ),
    ))
}

/// The expression with NULL of the right type for every call of a user's function.
fn typed_functions(catalog: &Catalog, e: Expr) -> Result<Expr, SqlError> {
    let inner = |e: Box<Expr>| typed_functions(catalog, *e).map(Box::new);
    Ok(match e {
        Expr::Call(name, arguments) => {
            let returns = expr::user_function(&name)
                .and_then(|(schema, function)| catalog.module(Some(&schema), &function)?.returns);
            if let Some(ty) = returns {
                return Ok(Expr::Cast(Box::new(Expr::Null), ty, String::new(), None));
            }
            let arguments = arguments.into_iter().map(|a| typed_functions(catalog, a));
            Expr::Call(name, arguments.collect::<Result<_, _>>()?)
        }
        Expr::Paren(a) => Expr::Paren(inner(a)?),
        Expr::Negate(a) => Expr::Negate(inner(a)?),
        Expr::Collate(a, name) => Expr::Collate(inner(a)?, name),
        Expr::Binary(operator, a, b) => Expr::Binary(operator, inner(a)?, inner(b)?),
        Expr::Cast(a, ty, text, style) => Expr::Cast(inner(a)?, ty, text, style),
        other => other,
    })
}

/// The type of a computed column, from its expression with NULL for every column.
pub(crate) fn computed_type(
    catalog: &Catalog,
    table: &TableDef,
    column: &ColumnDef,
) -> Result<SqlType, SqlError> {
    let Some(computed) = &column.computed else { return Ok(column.ty) };
    let mut e = expr::parse(&mut Cursor::new(&computed.definition)?)?;
    while let Expr::Paren(inner) = e {
        e = *inner;
    }
    if let Expr::Call(name, _) = &e
        && let Some((schema, function)) = expr::user_function(name)
        && table.column(&schema).is_none_or(|c| !matches!(c.ty, SqlType::Udt(_)))
    {
        let found = catalog.module(Some(&schema), &function).and_then(|m| m.returns);
        return found
            .ok_or_else(|| error(4121, 16, format!("Cannot find the user-defined function {name}.")));
    }
    let e = typed_functions(catalog, e)?;
    let lookup = |name: &str| {
        table
            .column(name)
            .filter(|c| c.computed.is_none())
            .map(|c| (Typed { ty: c.ty, value: Value::Null }, c.collation))
    };
    let sequence = |_: Option<&str>, _: &str| Err(unknown("a sequence in a computed column"));
    Scope { column: &lookup, sequence: &sequence, parameters: &[], collation: catalog.collation }
        .eval(&e)
        .map(|t| t.ty)
}

/// Writes rows of one table: identity, rowversion, defaults, computed columns, checks.
pub(crate) struct Writer<'a> {
    database: &'a Database,
    catalog: &'a Catalog,
    pub(crate) table: &'a TableDef,
    parameters: &'a [Parameter],
    defaults: Vec<Option<Expr>>,
    computed: Vec<Option<Expr>>,
    filters: Vec<(&'a IndexDef, Option<Expr>)>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        database: &'a Database,
        catalog: &'a Catalog,
        table: &'a TableDef,
        parameters: &'a [Parameter],
    ) -> Result<Self, SqlError> {
        let parsed = |text: Option<&str>| text.map(|t| expr::parse(&mut Cursor::new(t)?)).transpose();
        let default_of = |c: &'a ColumnDef| {
            let bound = catalog.bound.iter().find(|b| b.object_id == c.bound_default && !b.is_rule);
            c.default.as_ref().map(|d| d.definition.as_str()).or(bound.map(|b| b.expression.as_str()))
        };
        let defaults = table.columns.iter().map(|c| parsed(default_of(c)));
        let computed =
            table.columns.iter().map(|c| parsed(c.computed.as_ref().map(|d| d.definition.as_str())));
        let filters = table.indexes.iter().filter(|i| i.unique && !i.disabled);
        let filters = filters.map(|i| Ok::<_, SqlError>((i, parsed_condition(i.filter.as_deref())?)));
        Ok(Self {
            defaults: defaults.collect::<Result<_, _>>()?,
            computed: computed.collect::<Result<_, _>>()?,
            filters: filters.collect::<Result<_, _>>()?,
            database,
            catalog,
            table,
            parameters,
        })
    }

    fn scope<'s>(&'s self, column: Lookup<'s>, sequence: NextValue<'s>) -> Scope<'s> {
        Scope { column, sequence, parameters: self.parameters, collation: self.catalog.collation }
    }

    fn next_value(&self, schema: Option<&str>, name: &str) -> Result<Typed, SqlError> {
        sequence::next_value(self.database, self.catalog, schema, name)
    }

    /// Evaluates an expression over a row (or none).
    pub(crate) fn value(&self, e: &Expr, row: Option<&[Value]>) -> Result<Typed, SqlError> {
        let column = |name: &str| self.lookup(name, row);
        let sequence = |s: Option<&str>, n: &str| self.next_value(s, n);
        self.scope(&column, &sequence).eval(e)
    }

    pub(crate) fn test(&self, e: &Expr, row: &[Value]) -> Result<bool, SqlError> {
        let column = |name: &str| self.lookup(name, Some(row));
        let sequence = |s: Option<&str>, n: &str| self.next_value(s, n);
        Ok(self.scope(&column, &sequence).test(e)? == Some(true))
    }

    fn lookup(&self, name: &str, row: Option<&[Value]>) -> Option<(Typed, Option<Collation>)> {
        let at = self.table.columns.iter().position(|c| same(&c.name, name) || c.is_pseudo(name))?;
        let column = &self.table.columns[at];
        Some((Typed { ty: column.ty, value: row?[at].clone() }, column.collation))
    }

    /// The value of a column from what an expression gave.
    pub(crate) fn assign(&self, at: usize, from: &Typed) -> Result<Value, SqlError> {
        let column = &self.table.columns[at];
        let collation = column.collation.unwrap_or(self.catalog.collation);
        check_value(self.table, column, from, &collation)?;
        cast(from, &column.ty, &collation, None)
    }

    /// Default of a column, or NULL.
    pub(crate) fn default(&self, at: usize) -> Result<Value, SqlError> {
        if let Some(which) = self.table.columns[at].generated {
            return temporal::generated(which, &self.table.columns[at].ty);
        }
        match &self.defaults[at] {
            Some(e) => self.assign(at, &self.value(e, None)?),
            None => Ok(Value::Null),
        }
    }

    /// The next identity value; None where the column is none.
    fn identity(&self, at: usize) -> Option<Value> {
        let identity = self.table.columns[at].identity?;
        let mut counters = self.database.counters();
        let last = counters.identities.get(&self.table.object_id).copied();
        let next = last.map_or(identity.seed, |v| v + identity.increment);
        counters.identities.insert(self.table.object_id, next);
        Some(number(&self.table.columns[at].ty, next))
    }

    /// Completes a row: rowversion and computed columns, NOT NULL; then the stored form.
    pub(crate) fn finish(&self, row: &mut [Value]) -> Result<Vec<Stored>, SqlError> {
        for (at, column) in self.table.columns.iter().enumerate() {
            if column.ty == SqlType::RowVersion {
                row[at] = Value::Bytes(self.next_rowversion().to_be_bytes().to_vec());
            }
        }
        if self.table.graph.is_some() {
            graph::complete(self.database, self.catalog, self.table, row)?;
        }
        for at in 0..row.len() {
            if let Some(e) = &self.computed[at] {
                let value = self.value(e, Some(row))?;
                row[at] = self.assign(at, &value)?;
            }
        }
        self.column_set(row)?;
        let mut out = Vec::with_capacity(row.len());
        for (column, value) in self.table.columns.iter().zip(row.iter()) {
            if column.encryption.is_some() && *value != Value::Null {
                let message = format!("Operand type clash: the column '{}' is encrypted.", column.name);
                return Err(error(206, 16, message));
            }
            if *value == Value::Null && !column.nullable {
                return Err(not_null(&self.catalog.database, self.table, column));
            }
            out.push(storage::to_sqlite(&column.ty, value));
        }
        Ok(out)
    }

    /// The value of a column set: the sparse columns that are not NULL, as XML.
    fn column_set(&self, row: &mut [Value]) -> Result<(), SqlError> {
        let Some(at) = self.table.columns.iter().position(|c| c.column_set) else { return Ok(()) };
        if row[at] != Value::Null {
            return Err(unknown("a value for a column set"));
        }
        let mut text = String::new();
        for (column, value) in self.table.columns.iter().zip(row.iter()) {
            if column.sparse && *value != Value::Null {
                let from = Typed { ty: column.ty, value: value.clone() };
                let to = SqlType::NVarChar(crate::types::Len::Max);
                let Value::Text(t) = cast(&from, &to, &self.catalog.collation, None)? else { continue };
                let shown = String::from_utf8_lossy(&t).replace('&', "&amp;").replace('<', "&lt;");
                text += &format!("<{0}>{shown}</{0}>", column.name);
            }
        }
        row[at] = if text.is_empty() { Value::Null } else { Value::Text(text.into_bytes()) };
        Ok(())
    }

    fn next_rowversion(&self) -> u64 {
        let mut counters = self.database.counters();
        counters.rowversion += 1;
        // As in a new database of SQL Server.
        2000 + counters.rowversion
    }

    /// Unique indexes that SQLite does not keep as SQL Server does: filtered ones, and NULL as a value.
    pub(super) fn check_unique(
        &self,
        conn: &rusqlite::Connection,
        row: &[Value],
        stored: &[Stored],
        except: Option<i64>,
    ) -> Result<(), SqlError> {
        for (index, filter) in &self.filters {
            let at: Vec<usize> = index
                .keys
                .iter()
                .filter_map(|k| self.table.columns.iter().position(|c| c.id == k.column_id))
                .collect();
            let applies = match filter {
                Some(e) => self.test(e, row)?,
                None => at.iter().any(|i| row[*i] == Value::Null),
            };
            if !applies {
                continue;
            }
            let terms: Vec<_> =
                at.iter().map(|i| format!("{} IS ?", quote(&self.table.columns[*i].name))).collect();
            let found = select(
                conn,
                self.table,
                &terms.join(" AND "),
                &at.iter().map(|i| stored[*i].clone()).collect::<Vec<_>>(),
            )?;
            for (rowid, other) in found {
                let hit = match filter {
                    Some(e) => self.test(e, &other)?,
                    None => true,
                };
                if hit && Some(rowid) != except {
                    return Err(duplicate(self.table, Some(index)));
                }
            }
        }
        Ok(())
    }

    /// Writes a new row; false where an index with IGNORE_DUP_KEY left it out.
    pub(crate) fn insert(&self, conn: &rusqlite::Connection, row: &mut [Value]) -> Result<bool, SqlError> {
        let stored = self.finish(row)?;
        match self.check_unique(conn, row, &stored, None) {
            Err(e) if matches!(e.number, 2601 | 2627) && self.ignores_all() => return Ok(false),
            other => other?,
        }
        let names: Vec<_> = self.table.columns.iter().map(|c| quote(&c.name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", self.table.sqlite_name(), names.join(", "));
        let mut statement = conn.prepare_cached(&sql).map_err(|e| storage_error(&e))?;
        match statement.execute(rusqlite::params_from_iter(&stored)) {
            Ok(_) => Ok(true),
            Err(e) if broken(&e, self.table).is_some_and(|i| i.ignore_dup_key) => Ok(false),
            Err(e) => Err(violation(&e, self.table, &stored)),
        }
    }

    /// Whether all unique indexes that are checked here have IGNORE_DUP_KEY.
    fn ignores_all(&self) -> bool {
        self.filters.iter().all(|(i, _)| i.ignore_dup_key)
    }
}

fn parsed_condition(text: Option<&str>) -> Result<Option<Expr>, SqlError> {
    text.map(|t| expr::parse(&mut Cursor::new(t)?)).transpose()
}

fn number(ty: &SqlType, v: i128) -> Value {
    match ty {
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => Value::Decimal(v),
        _ => Value::Int(i64::try_from(v).unwrap_or(i64::MAX)),
    }
}

/// Rows with their rowids.
pub(super) fn select(
    conn: &rusqlite::Connection,
    table: &TableDef,
    condition: &str,
    values: &[Stored],
) -> Result<Vec<(i64, Vec<Value>)>, SqlError> {
    let failed = |e: rusqlite::Error| storage_error(&e);
    let names: Vec<_> = table.columns.iter().map(|c| quote(&c.name)).collect();
    let sql = format!("SELECT _rowid_, {} FROM {} WHERE {condition}", names.join(", "), table.sqlite_name());
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(failed)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let values = table
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| storage::from_sqlite(&c.ty, row.get_ref(i + 1).map_err(failed)?));
        out.push((row.get(0).map_err(failed)?, values.collect::<Result<_, _>>()?));
    }
    Ok(out)
}

impl Writer<'_> {
    pub(super) fn identity_unless(&self, at: usize, explicit: bool) -> Option<Value> {
        if explicit { None } else { self.identity(at) }
    }

    /// An explicit value moves the counter when it lies beyond it.
    pub(super) fn note_identity(&self, at: usize, value: &Value) {
        let v = match value {
            Value::Int(i) => i128::from(*i),
            Value::Decimal(d) => *d,
            _ => return,
        };
        let Some(identity) = self.table.columns[at].identity else { return };
        let mut counters = self.database.counters();
        let last = counters.identities.entry(self.table.object_id).or_insert(v);
        if (identity.increment > 0 && v > *last) || (identity.increment < 0 && v < *last) {
            *last = v;
        }
    }
}
