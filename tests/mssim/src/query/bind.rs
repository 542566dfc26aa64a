//! Binding: names to columns, expressions to types, T-SQL to SQLite SQL.
//!
//! Every table source gets a name of its own (`t1`, `t2` …) and every output column of a query another (`c1` …), so
//! T-SQL's names never meet SQLite's rules. Comparisons cast both sides to their common type first; when both have
//! one stored form already, which is the plain case, SQLite compares columns as they lie there and uses its indexes.
//! Constants are folded while binding.

mod aggregate;
mod call;
mod expr;
mod predicate;
mod select;
mod source;

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Relation, same};
use crate::results::SqlError;
use crate::storage::to_sqlite;
use crate::types::{Collation, Column, SqlType};
use crate::value::Value;

use super::ast::{Cte, Query};
use super::error::{error, no_column};
use super::eval::{Env, Op, Step, literal, run};
use super::typing;

/// How firmly an expression has its collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Literals, variables, functions of them: gives way.
    Default,
    /// A column's.
    Implicit,
    /// COLLATE.
    Explicit,
}

/// A bound expression.
#[derive(Debug, Clone)]
pub struct Typed {
    pub sql: String,
    pub ty: SqlType,
    pub nullable: bool,
    collation: Collation,
    strength: Strength,
    /// Known while binding.
    pub constant: Option<Value>,
    /// A column as it lies in a table: keeps its collation in SQLite.
    column: Option<Column>,
}

impl Typed {
    fn is_null(&self) -> bool {
        self.constant == Some(Value::Null)
    }

    fn output(&self, name: String) -> Column {
        Column {
            name,
            ty: self.ty,
            nullable: self.nullable,
            collation: typing::is_text(&self.ty).then_some(self.collation),
            identity: self.column.as_ref().is_some_and(|c| c.identity),
            computed: self.column.as_ref().is_some_and(|c| c.computed),
        }
    }
}

/// A `@name`: its type and present value.
#[derive(Debug, Clone)]
pub struct Variable {
    pub ty: SqlType,
    pub value: Value,
}

/// One table source in scope.
struct Seen {
    /// Alias or table name.
    name: String,
    schema: Option<String>,
    /// `t1`.
    sql: String,
    /// With the SQLite name of each.
    columns: Vec<(Column, String)>,
    /// Those that `*` leaves out.
    hidden: Vec<String>,
    /// The declaration of a user table.
    table: Option<Arc<crate::catalog::TableDef>>,
}

/// A query ready for SQLite.
#[derive(Debug)]
pub struct Bound {
    pub sql: String,
    pub columns: Vec<Column>,
    /// 1-based result columns of ORDER BY, where all items are such.
    pub order: Vec<u16>,
    pub steps: Vec<Arc<Step>>,
    /// `schema.name` of every system view that is read.
    pub views: Vec<String>,
    /// Reads a table of the database (not only system views).
    pub reads_tables: bool,
    /// Reads a memory-optimised table, and whether one without the hint SNAPSHOT.
    pub memory: Option<bool>,
    /// `@v` for every item of `SELECT @v = …`.
    pub assigned: Vec<String>,
}

/// Output of a query inside another.
struct Relational {
    sql: String,
    columns: Vec<Column>,
    order: Vec<u16>,
    assigned: Vec<String>,
}

/// Binds one statement.
pub struct Binder<'a> {
    env: &'a Env,
    variables: &'a HashMap<String, Variable>,
    steps: Vec<Arc<Step>>,
    scopes: Vec<Vec<Seen>>,
    ctes: Vec<Cte>,
    views: Vec<String>,
    reads_tables: bool,
    memory: Option<bool>,
    next: usize,
    /// SQL of the GROUP BY items while the select list of a grouped query is bound.
    grouped: Option<Vec<String>>,
    in_aggregate: bool,
    depth: u32,
}

impl<'a> Binder<'a> {
    #[must_use]
    pub fn new(env: &'a Env, variables: &'a HashMap<String, Variable>) -> Self {
        Self {
            env,
            variables,
            steps: Vec::new(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            views: Vec::new(),
            reads_tables: false,
            memory: None,
            next: 0,
            grouped: None,
            in_aggregate: false,
            depth: 0,
        }
    }

    /// Binds a query.
    ///
    /// # Errors
    /// 208, 207, 209, 4104, 8120, 402 … as SQL Server's; 50999 for what is not known.
    pub fn bind(mut self, query: &Query) -> Result<Bound, SqlError> {
        let found = self.query(query)?;
        Ok(Bound {
            sql: found.sql,
            columns: found.columns,
            order: found.order,
            steps: self.steps,
            views: self.views,
            reads_tables: self.reads_tables,
            memory: self.memory,
            assigned: found.assigned,
        })
    }

    fn database_collation(&self) -> Collation {
        self.env.catalog.collation
    }

    fn alias(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    fn constant(&self, ty: SqlType, value: Value) -> Typed {
        Typed {
            sql: literal(&to_sqlite(&ty, &value)),
            nullable: value == Value::Null,
            ty,
            collation: self.database_collation(),
            strength: Strength::Default,
            constant: Some(value),
            column: None,
        }
    }

    /// A step on bound arguments; evaluated now when all are constant (and the function always gives the same).
    fn step(&mut self, op: Op, args: &[Typed], ty: SqlType, collation: Collation) -> Result<Typed, SqlError> {
        let step = Step { op, args: args.iter().map(|a| a.ty).collect(), ty, collation };
        let values: Option<Vec<Value>> = args.iter().map(|a| a.constant.clone()).collect();
        let strength = args.iter().map(|a| a.strength).max().unwrap_or(Strength::Default);
        if let Some(values) = values {
            let value = run(&step, self.env, &values)?;
            return Ok(Typed { collation, strength, nullable: true, ..self.constant(ty, value) });
        }
        let sql = self.step_sql("ms", step, args);
        Ok(Typed { sql, ty, nullable: true, collation, strength, constant: None, column: None })
    }

    fn step_sql(&mut self, function: &str, step: Step, args: &[Typed]) -> String {
        let index = self.steps.iter().position(|s| **s == step).unwrap_or_else(|| {
            self.steps.push(Arc::new(step));
            self.steps.len() - 1
        });
        let args: String = args.iter().map(|a| format!(", {}", a.sql)).collect();
        format!("{function}({index}{args})")
    }

    /// `value` as `ty`, for storing, returning, calling: a cast wherever the types differ.
    fn cast(&mut self, value: Typed, ty: SqlType) -> Result<Typed, SqlError> {
        if value.ty == ty {
            return Ok(value);
        }
        if value.is_null() {
            return Ok(Typed { ty, ..value });
        }
        let collation = if typing::is_text(&value.ty) { value.collation } else { self.database_collation() };
        let (strength, nullable) = (value.strength, value.nullable);
        let found = self.step(Op::Cast { attempt: false, style: None }, &[value], ty, collation)?;
        Ok(Typed { strength, nullable, ..found })
    }

    /// `value` in the stored form of `ty`, for comparing: no cast where the forms are the same.
    fn coerce(&mut self, value: Typed, ty: SqlType) -> Result<Typed, SqlError> {
        if typing::comparable_as_stored(&value.ty, &ty) { Ok(value) } else { self.cast(value, ty) }
    }

    /// The collation under which two texts meet.
    fn meet(a: &Typed, b: &Typed) -> Result<(Collation, Strength), SqlError> {
        if a.strength != b.strength {
            let winner = if a.strength > b.strength { a } else { b };
            return Ok((winner.collation, winner.strength));
        }
        if a.collation.name != b.collation.name && a.strength != Strength::Default {
            return Err(error(
                468,
                format!(
                    "Cannot resolve the collation conflict between \"{}\" and \"{}\" in the equal to operation.",
                    b.collation.name, a.collation.name
                ),
            ));
        }
        Ok((a.collation, a.strength))
    }

    fn find_column(&self, parts: &[String]) -> Result<Typed, SqlError> {
        let Some((name, qualifier)) = parts.split_last() else { return Err(no_column("")) };
        for scope in self.scopes.iter().rev() {
            let mut found = None;
            for seen in scope.iter().filter(|s| s.answers(qualifier)) {
                let name = seen.column_name(name)?;
                for (column, sql) in seen.columns.iter().filter(|(c, _)| same(&c.name, name)) {
                    if found.replace((column, format!("{}.{sql}", seen.sql))).is_some() {
                        return Err(error(209, format!("Ambiguous column name '{name}'.")));
                    }
                }
            }
            if let Some((column, sql)) = found {
                return Ok(self.column(column, sql));
            }
            if !qualifier.is_empty() && scope.iter().any(|s| s.answers(qualifier)) {
                return Err(no_column(name));
            }
        }
        if qualifier.is_empty() {
            return Err(no_column(name));
        }
        Err(error(4104, format!("The multi-part identifier \"{}\" could not be bound.", parts.join("."))))
    }

    fn column(&self, column: &Column, sql: String) -> Typed {
        Typed {
            sql,
            ty: column.ty,
            nullable: column.nullable,
            collation: column.collation.unwrap_or(self.database_collation()),
            strength: if column.collation.is_some() { Strength::Implicit } else { Strength::Default },
            constant: None,
            column: Some(column.clone()),
        }
    }

    /// Notes what the statement reads.
    fn note(&mut self, relation: &Relation) {
        if relation.is_system {
            self.views.push(format!("{}.{}", relation.schema, relation.name));
        } else {
            self.reads_tables = true;
        }
    }
}

impl Seen {
    /// The column that a name means: itself, or that of `$node_id` and its like. 13908 for an internal column.
    fn column_name<'n>(&'n self, name: &'n str) -> Result<&'n str, SqlError> {
        let Some(table) = self.table.as_ref().filter(|t| t.graph.is_some()) else { return Ok(name) };
        match table.column(name) {
            Some(column) if column.is_internal() => Err(crate::load::graph::internal(name)),
            Some(column) => Ok(&column.name),
            None => Ok(name),
        }
    }

    /// Whether `qualifier` (schema and table, or table, or nothing) means this source.
    fn answers(&self, qualifier: &[String]) -> bool {
        match qualifier {
            [] => true,
            [name] => same(name, &self.name),
            [.., schema, name] => {
                same(name, &self.name)
                    && self.schema.as_ref().is_some_and(|s| same(s, schema) || schema.is_empty())
            }
        }
    }
}
