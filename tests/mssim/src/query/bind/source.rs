//! FROM: tables, views, derived tables, functions, joins.

use crate::catalog::{Relation, same};
use crate::results::SqlError;
use crate::types::{Column, Len, SqlType};

use super::super::ast::{Body, Expr, Join, Query, Sample, Source};
use super::super::error::{error, no_object, unknown};
use super::super::lex::{Kind, lex};
use super::super::parse;
use super::{Binder, Seen, Typed, typing};

impl Binder<'_> {
    /// The SQL of FROM; its sources go into the innermost scope.
    pub(super) fn from(&mut self, sources: &[Source]) -> Result<String, SqlError> {
        let parts: Result<Vec<String>, SqlError> = sources.iter().map(|s| self.source(s)).collect();
        Ok(parts?.join(" CROSS JOIN "))
    }

    fn source(&mut self, source: &Source) -> Result<String, SqlError> {
        match source {
            Source::Table { name, alias, sample, hints } => {
                self.table(name, alias.as_deref(), (sample.as_ref(), hints))
            }
            Source::Function { name, args, alias } => {
                let (sql, conditions) = self.function_source(name, args, alias.as_deref())?;
                if conditions.is_empty() {
                    return Ok(sql);
                }
                // Arguments of a function in FROM are constants or columns of the sources before it.
                let seen =
                    self.scopes.last().and_then(|s| s.last()).map(|s| s.sql.clone()).unwrap_or_default();
                let table = sql.trim_end_matches(&format!(" AS {seen}")).to_owned();
                let inner = conditions.join(" AND ").replace(&format!("{seen}."), "");
                Ok(format!("(SELECT * FROM {table} WHERE {inner}) AS {seen}"))
            }
            Source::Derived { query, alias, columns } => self.derived(query, alias, columns),
            Source::Join { kind, left, right, on } => self.join(*kind, left, right, on.as_ref()),
        }
    }

    fn join(
        &mut self,
        kind: Join,
        left: &Source,
        right: &Source,
        on: Option<&Expr>,
    ) -> Result<String, SqlError> {
        let start = self.scope_len();
        let left_sql = self.source(left)?;
        let middle = self.scope_len();
        if matches!(kind, Join::CrossApply | Join::OuterApply) {
            return self.apply(kind, &left_sql, right, middle);
        }
        let nested = matches!(right, Source::Join { .. });
        let mut right_sql = self.source(right)?;
        if nested {
            right_sql = format!("({right_sql})");
        }
        let words = match kind {
            Join::Inner => "JOIN",
            Join::Left => "LEFT JOIN",
            Join::Right => "RIGHT JOIN",
            Join::Full => "FULL JOIN",
            _ => "CROSS JOIN",
        };
        let on = match on {
            Some(on) => format!(" ON {}", self.predicate(on)?),
            None => String::new(),
        };
        if matches!(kind, Join::Left | Join::Full) {
            self.make_nullable(middle, usize::MAX);
        }
        if matches!(kind, Join::Right | Join::Full) {
            self.make_nullable(start, middle);
        }
        Ok(format!("{left_sql} {words} {right_sql}{on}"))
    }

    fn apply(&mut self, kind: Join, left: &str, right: &Source, middle: usize) -> Result<String, SqlError> {
        let Source::Function { name, args, alias } = right else {
            return Err(unknown("APPLY of a derived table"));
        };
        let (sql, conditions) = self.function_source(name, args, alias.as_deref())?;
        let on = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
        if kind == Join::OuterApply {
            self.make_nullable(middle, usize::MAX);
        }
        let words = if kind == Join::OuterApply { "LEFT JOIN" } else { "JOIN" };
        Ok(format!("{left} {words} {sql} ON {on}"))
    }

    fn scope_len(&self) -> usize {
        self.scopes.last().map_or(0, Vec::len)
    }

    fn make_nullable(&mut self, from: usize, to: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            let to = to.min(scope.len());
            for seen in &mut scope[from..to] {
                seen.columns.iter_mut().for_each(|(c, _)| c.nullable = true);
            }
        }
    }

    fn add(&mut self, seen: Seen) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(seen);
        }
    }

    fn table(
        &mut self,
        name: &[String],
        alias: Option<&str>,
        (sample, hints): (Option<&Sample>, &[String]),
    ) -> Result<String, SqlError> {
        let (schema, last) = self.split(name)?;
        if schema.is_none()
            && let Some(at) = self.ctes.iter().rposition(|c| same(&c.name, &last))
        {
            let cte = self.ctes[at].clone();
            // A CTE sees those before it only.
            let later = self.ctes.split_off(at);
            let found = self.outside_scopes(|b| b.derived_parts(&cte.query, &cte.columns));
            self.ctes.extend(later);
            let (sql, columns) = found?;
            return Ok(self.finish_derived(&sql, columns, alias.unwrap_or(&last)));
        }
        if last.starts_with('#') {
            return Err(unknown("temporary tables"));
        }
        let catalog = std::sync::Arc::clone(&self.env.catalog);
        if let Some(relation) = catalog.resolve(schema.as_deref(), &last) {
            relation.check()?;
            self.note_memory(&relation, hints)?;
            return self.relation(&relation, alias, sample);
        }
        if let Some(view) = catalog.view(schema.as_deref(), &last) {
            if sample.is_some() {
                return Err(error(494, "The TABLESAMPLE clause can only be used with local tables."));
            }
            let query = view_query(&view.definition)?;
            let (sql, columns) = self.outside_scopes(|b| b.derived_parts(&query, &[]))?;
            return Ok(self.finish_derived(&sql, columns, alias.unwrap_or(&last)));
        }
        if let Some(synonym) = catalog.synonym(schema.as_deref(), &last) {
            let mut parts = vec![];
            for token in lex(&synonym.base)? {
                if let Kind::Word(w) | Kind::Quoted(w) = token.kind {
                    parts.push(w);
                }
            }
            self.depth += 1;
            if self.depth > 8 || parts.is_empty() {
                return Err(no_object(&name.join(".")));
            }
            return self.table(&parts, Some(alias.unwrap_or(&last)), (sample, hints));
        }
        Err(no_object(&name.join(".")))
    }

    /// Notes how a memory-optimised table is read; the hint SNAPSHOT is for those alone.
    fn note_memory(&mut self, relation: &Relation, hints: &[String]) -> Result<(), SqlError> {
        let snapshot = hints.iter().any(|h| h == "SNAPSHOT");
        if relation.table.as_ref().is_some_and(|t| t.memory.is_some()) {
            let bare = !snapshot || self.memory == Some(true);
            self.memory = Some(bare);
            return Ok(());
        }
        if snapshot {
            let message = "The table hint 'SNAPSHOT' is supported with memory optimized tables only.";
            return Err(error(10794, message));
        }
        Ok(())
    }

    /// Schema and name; a database part must be this one, or hold the views that every database shows alike.
    fn split(&self, name: &[String]) -> Result<(Option<String>, String), SqlError> {
        let (last, before) = name.split_last().ok_or_else(|| no_object(""))?;
        let schema = before.last().filter(|s| !s.is_empty()).cloned();
        let database = before.len().checked_sub(2).map(|i| &before[i]).filter(|d| !d.is_empty());
        if before.len() > 2 {
            return Err(unknown("linked servers"));
        }
        if let Some(database) = database
            && !same(database, &self.env.catalog.database)
        {
            if !self.env.databases.iter().any(|(d, _)| same(d, database)) {
                return Err(no_object(&name.join(".")));
            }
            let alike = schema.as_deref().is_none_or(|s| same(s, "sys") || same(s, "dbo"))
                && ["databases", "configurations", "sysdatabases", "sysaltfiles"]
                    .iter()
                    .any(|v| same(v, last));
            if !alike {
                return Err(unknown("tables of another database"));
            }
        }
        Ok((schema, last.clone()))
    }

    fn relation(
        &mut self,
        relation: &Relation,
        alias: Option<&str>,
        sample: Option<&Sample>,
    ) -> Result<String, SqlError> {
        self.note(relation);
        let sql = self.alias();
        let lower = self.env.catalog.oddities.lower_case_names && !relation.is_system;
        let shown =
            |c: &Column| if lower { Column { name: c.name.to_lowercase(), ..c.clone() } } else { c.clone() };
        let columns = relation.columns.iter().map(|c| (shown(c), crate::catalog::quote(&c.name))).collect();
        let set = relation.table.as_ref().is_some_and(|t| t.columns.iter().any(|c| c.column_set));
        self.add(Seen {
            name: alias.unwrap_or(&relation.name).to_owned(),
            schema: if alias.is_none() { Some(relation.schema.clone()) } else { None },
            sql: sql.clone(),
            columns,
            hidden: relation
                .table
                .iter()
                .flat_map(|t| &t.columns)
                .filter(|c| c.hidden || c.sparse && set)
                .map(|c| c.name.clone())
                .collect(),
            table: relation.table.clone(),
        });
        let table = match sample {
            None => relation.sqlite_name.clone(),
            Some(sample) => self.sampled(&relation.sqlite_name, sample)?,
        };
        Ok(format!("{table} AS {sql}"))
    }

    /// The same rows every time: those whose number hashes below the share.
    fn sampled(&mut self, table: &str, sample: &Sample) -> Result<String, SqlError> {
        let amount = self.expr(&sample.amount)?;
        let amount = self.cast(amount, SqlType::Float)?;
        let seed = match &sample.seed {
            Some(seed) => {
                let seed = self.expr(seed)?;
                self.cast(seed, SqlType::BigInt)?.sql
            }
            None => "0".to_owned(),
        };
        let hash = format!("((rowid * 2654435761 + ({seed}) * 40503) >> 7) & 65535");
        Ok(if sample.percent {
            format!("(SELECT * FROM {table} WHERE {hash} < {} * 655.36)", amount.sql)
        } else {
            let share = format!("{} * 65536.0 / max(1, (SELECT count(*) FROM {table}))", amount.sql);
            format!("(SELECT * FROM {table} WHERE {hash} < {share})")
        })
    }

    /// A table function of the system: a view whose first columns are the arguments (a constant NULL asks for all).
    fn function_source(
        &mut self,
        name: &[String],
        args: &[Expr],
        alias: Option<&str>,
    ) -> Result<(String, Vec<String>), SqlError> {
        let args: Vec<Typed> = args.iter().map(|a| self.expr(a)).collect::<Result<_, _>>()?;
        let (schema, last) = self.split(name)?;
        let relation =
            self.env.catalog.resolve(schema.as_deref(), &last).ok_or_else(|| no_object(&name.join(".")))?;
        relation.check()?;
        if !relation.is_system {
            return Err(error(
                4121,
                format!("Cannot find the user-defined function \"{}\".", name.join(".")),
            ));
        }
        let sql = self.relation(&relation, alias, None)?;
        let table = format!("t{}", self.next);
        let mut conditions = Vec::new();
        for (arg, column) in args.into_iter().zip(&relation.columns) {
            let asked = arg.is_null() || matches!(column.ty, SqlType::NVarChar(Len::Limited(_)));
            if !asked {
                let arg = self.coerce(arg, column.ty)?;
                conditions.push(format!("{table}.{} = {}", crate::catalog::quote(&column.name), arg.sql));
            }
        }
        Ok((sql, conditions))
    }

    fn derived(&mut self, query: &Query, alias: &str, names: &[String]) -> Result<String, SqlError> {
        let (sql, columns) = self.outside_scopes(|b| b.derived_parts(query, names))?;
        Ok(self.finish_derived(&sql, columns, alias))
    }

    /// A derived table does not see the sources beside it.
    fn outside_scopes<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        self.depth += 1;
        if self.depth > 32 {
            return Err(unknown("queries nested this deep"));
        }
        let here = self.scopes.pop();
        let grouped = self.grouped.take();
        let found = run(self);
        self.scopes.extend(here);
        self.grouped = grouped;
        self.depth -= 1;
        found
    }

    fn derived_parts(&mut self, query: &Query, names: &[String]) -> Result<(String, Vec<Column>), SqlError> {
        if !query.order.is_empty()
            && query.offset.is_none()
            && !matches!(&query.body, Body::Select(s) if s.top.is_some())
        {
            return Err(error(
                1033,
                "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
            ));
        }
        let mut found = self.query(query)?;
        if !names.is_empty() && names.len() != found.columns.len() {
            return Err(error(8158, "A table has more columns than were specified in the column list."));
        }
        for (column, name) in found.columns.iter_mut().zip(names) {
            column.name.clone_from(name);
        }
        if let Some(i) = found.columns.iter().position(|c| c.name.is_empty()) {
            return Err(error(
                8155,
                format!("No column name was specified for column {} of a derived table.", i + 1),
            ));
        }
        Ok((found.sql, found.columns))
    }

    fn finish_derived(&mut self, query: &str, columns: Vec<Column>, alias: &str) -> String {
        let sql = self.alias();
        let columns = columns.into_iter().enumerate().map(|(i, c)| (c, format!("c{}", i + 1))).collect();
        self.add(Seen {
            name: alias.to_owned(),
            schema: None,
            sql: sql.clone(),
            columns,
            hidden: Vec::new(),
            table: None,
        });
        format!("({query}) AS {sql}")
    }

    /// The collation that SQLite must be told, for a text.
    pub(super) fn collate(value: &Typed) -> String {
        if typing::is_text(&value.ty) {
            format!("{} COLLATE {}", value.sql, crate::storage::collation_name(&value.collation))
        } else {
            value.sql.clone()
        }
    }
}

/// The query of a CREATE VIEW statement.
fn view_query(definition: &str) -> Result<Query, SqlError> {
    let tokens = lex(definition)?;
    let at = tokens.iter().position(|t| matches!(&t.kind, Kind::Word(w) if w.eq_ignore_ascii_case("AS")));
    let text = at.and_then(|i| definition.get(tokens[i].end..)).ok_or_else(|| unknown("this view"))?;
    match parse::batch(text)?.pop().map(|l| l.statement) {
        Some(super::super::ast::Statement::Select(query)) => Ok(query),
        _ => Err(unknown("this view")),
    }
}
