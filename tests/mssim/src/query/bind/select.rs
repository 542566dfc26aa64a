//! Queries: select lists, grouping, set operations, order, TOP and OFFSET.

use crate::catalog::same;
use crate::results::SqlError;
use crate::types::Column;

use super::super::ast::{Body, Expr, Item, Order, Query, Select};
use super::super::error::{error, unknown};
use super::{Binder, Relational, Typed, typing};

/// ORDER BY, OFFSET, FETCH of a query.
struct Tail<'q> {
    order: &'q [Order],
    offset: Option<&'q Expr>,
    fetch: Option<&'q Expr>,
}

/// Bound items, the columns they make, and the variables they assign.
type SelectList = (Vec<Typed>, Vec<Column>, Vec<String>);

impl Binder<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Result<Relational, SqlError> {
        let known = self.ctes.len();
        self.ctes.extend(query.with.iter().cloned());
        let tail = Tail { order: &query.order, offset: query.offset.as_ref(), fetch: query.fetch.as_ref() };
        let found = match &query.body {
            Body::Select(select) => self.select(select, &tail),
            Body::Query(inner) if query.order.is_empty() && query.offset.is_none() => self.query(inner),
            body => self.set(body, &tail),
        };
        self.ctes.truncate(known);
        found
    }

    fn body(&mut self, body: &Body) -> Result<Relational, SqlError> {
        let none = Tail { order: &[], offset: None, fetch: None };
        match body {
            Body::Select(select) => {
                let found = self.select(select, &none)?;
                // SQLite takes LIMIT at the end of a set operation only.
                Ok(if select.top.is_some() { nested(found) } else { found })
            }
            Body::Query(query) => self.query(query).map(nested),
            Body::Values(rows) => self.values(rows),
            Body::Set(..) => self.set(body, &none),
        }
    }

    fn set(&mut self, body: &Body, tail: &Tail<'_>) -> Result<Relational, SqlError> {
        let found = match body {
            Body::Set(op, left, right) => {
                let left = self.body(left)?;
                let right = self.body(right)?;
                self.set_operation(op, left, right)?
            }
            other => self.body(other)?,
        };
        if tail.order.is_empty() && tail.offset.is_none() {
            return Ok(found);
        }
        let mut items = Vec::new();
        let mut order = Vec::new();
        for item in tail.order {
            let at = ordinal(&item.by, &found.columns)?.ok_or_else(|| {
                error(104, "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.")
            })?;
            let collate = found.columns[at]
                .collation
                .map(|c| format!(" COLLATE {}", crate::storage::collation_name(&c)))
                .unwrap_or_default();
            items.push(format!("c{}{collate}{}", at + 1, direction(item)));
            order.push(u16::try_from(at + 1).unwrap_or(u16::MAX));
        }
        let mut sql = format!("SELECT * FROM ({})", found.sql);
        if !items.is_empty() {
            sql += &format!(" ORDER BY {}", items.join(", "));
        }
        sql += &self.limit(None, tail)?;
        Ok(Relational { sql, order, ..found })
    }

    fn set_operation(
        &mut self,
        op: &str,
        left: Relational,
        right: Relational,
    ) -> Result<Relational, SqlError> {
        if left.columns.len() != right.columns.len() {
            return Err(error(
                205,
                "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.",
            ));
        }
        let mut columns = Vec::new();
        for (a, b) in left.columns.iter().zip(&right.columns) {
            let nullable = a.nullable || (op.starts_with("UNION") && b.nullable);
            columns.push(Column {
                ty: typing::common(&a.ty, &b.ty),
                nullable,
                identity: false,
                computed: false,
                ..a.clone()
            });
        }
        let left = self.as_types(left, &columns)?;
        let right = self.as_types(right, &columns)?;
        Ok(Relational {
            sql: format!("{left} {op} {right}"),
            columns,
            order: Vec::new(),
            assigned: Vec::new(),
        })
    }

    /// The query with its columns cast to those types.
    fn as_types(&mut self, found: Relational, wanted: &[Column]) -> Result<String, SqlError> {
        let alias = self.alias();
        let mut items = Vec::new();
        for (i, (have, want)) in found.columns.iter().zip(wanted).enumerate() {
            let value = self.column(have, format!("{alias}.c{}", i + 1));
            let value = self.cast(value, want.ty)?;
            items.push(format!("{} AS c{}", Self::collate(&value), i + 1));
        }
        Ok(format!("SELECT {} FROM ({}) AS {alias}", items.join(", "), found.sql))
    }

    fn values(&mut self, rows: &[Vec<Expr>]) -> Result<Relational, SqlError> {
        let mut all: Option<Relational> = None;
        for row in rows {
            let items = row.iter().map(|e| Item::Expr(e.clone(), None)).collect();
            let select = Select { items, ..Select::default() };
            let next = self.select(&select, &Tail { order: &[], offset: None, fetch: None })?;
            all = Some(match all {
                None => next,
                Some(before) => self.set_operation("UNION ALL", before, next)?,
            });
        }
        all.ok_or_else(|| unknown("VALUES without rows"))
    }

    fn select(&mut self, select: &Select, tail: &Tail<'_>) -> Result<Relational, SqlError> {
        self.scopes.push(Vec::new());
        let outer = (self.grouped.take(), std::mem::take(&mut self.in_aggregate));
        let found = self.select_in_scope(select, tail);
        (self.grouped, self.in_aggregate) = outer;
        self.scopes.pop();
        found
    }

    fn select_in_scope(&mut self, select: &Select, tail: &Tail<'_>) -> Result<Relational, SqlError> {
        let from = self.from(&select.from)?;
        let filter = select.filter.as_ref().map(|f| self.predicate(f)).transpose()?;
        let mut group = Vec::new();
        for item in &select.group {
            group.push(self.expr(item)?);
        }
        let is_grouped = !group.is_empty() || select.having.is_some() || aggregates(select, tail.order);
        self.grouped = is_grouped.then(|| group.iter().map(|g| g.sql.clone()).collect());
        let (items, columns, assigned) = self.items(&select.items)?;
        let having = select.having.as_ref().map(|h| self.predicate(h)).transpose()?;
        let (order, ordinals) = self.order(tail.order, &items, &columns)?;
        let mut sql = String::from(if select.distinct { "SELECT DISTINCT " } else { "SELECT " });
        let list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                let value = if item.column.is_none() && select.distinct {
                    Self::collate(item)
                } else {
                    item.sql.clone()
                };
                format!("{value} AS c{}", i + 1)
            })
            .collect();
        sql += &list.join(", ");
        if !from.is_empty() {
            sql += &format!(" FROM {from}");
        }
        if let Some(filter) = filter {
            sql += &format!(" WHERE {filter}");
        }
        if !group.is_empty() {
            let list: Vec<String> = group.iter().map(Self::collate).collect();
            sql += &format!(" GROUP BY {}", list.join(", "));
        }
        if let Some(having) = having {
            sql += &format!(" HAVING {having}");
        }
        if !order.is_empty() {
            sql += &format!(" ORDER BY {}", order.join(", "));
        }
        sql += &self.limit(select.top.as_ref(), tail)?;
        Ok(Relational { sql, columns, order: ordinals, assigned })
    }

    fn limit(&mut self, top: Option<&Expr>, tail: &Tail<'_>) -> Result<String, SqlError> {
        let mut whole = |e: &Expr| {
            let value = self.expr(e)?;
            self.cast(value, crate::types::SqlType::BigInt).map(|v| v.sql)
        };
        Ok(match (top, tail.offset) {
            (Some(_), Some(_)) => {
                return Err(error(
                    10741,
                    "A TOP can not be used in the same query or sub-query as a OFFSET.",
                ));
            }
            (Some(top), None) => format!(" LIMIT {}", whole(top)?),
            (None, Some(offset)) => {
                let fetch = tail.fetch.map(&mut whole).transpose()?;
                format!(" LIMIT {} OFFSET {}", fetch.as_deref().unwrap_or("-1"), whole(offset)?)
            }
            (None, None) => String::new(),
        })
    }

    fn items(&mut self, items: &[Item]) -> Result<SelectList, SqlError> {
        let (mut values, mut columns, mut assigned) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::All(qualifier) => {
                    let scope = self.scopes.last().map(Vec::as_slice).unwrap_or_default();
                    let mut all = Vec::new();
                    for seen in scope.iter().filter(|s| s.answers(qualifier)) {
                        all.extend(
                            seen.columns
                                .iter()
                                .filter(|(c, _)| !seen.hidden.contains(&c.name))
                                .map(|(c, sql)| self.column(c, format!("{}.{sql}", seen.sql))),
                        );
                    }
                    if all.is_empty() {
                        return Err(error(
                            4104,
                            format!(
                                "The multi-part identifier \"{}.*\" could not be bound.",
                                qualifier.join(".")
                            ),
                        ));
                    }
                    for value in all {
                        self.check_grouped(&value)?;
                        let name = value.column.as_ref().map(|c| c.name.clone()).unwrap_or_default();
                        columns.push(value.output(name));
                        values.push(value);
                    }
                }
                Item::Expr(expr, alias) => {
                    let value = self.expr(expr)?;
                    let name = alias.clone().unwrap_or_else(|| match expr {
                        Expr::Column(parts) => value
                            .column
                            .as_ref()
                            .map_or_else(|| parts.last().cloned().unwrap_or_default(), |c| c.name.clone()),
                        _ => String::new(),
                    });
                    columns.push(value.output(name));
                    values.push(value);
                }
                Item::Assign(name, expr) => {
                    let value = self.expr(expr)?;
                    columns.push(value.output(String::new()));
                    values.push(value);
                    assigned.push(name.clone());
                }
            }
        }
        if !assigned.is_empty() && assigned.len() != values.len() {
            return Err(error(
                141,
                "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.",
            ));
        }
        Ok((values, columns, assigned))
    }

    fn order(
        &mut self,
        order: &[Order],
        items: &[Typed],
        columns: &[Column],
    ) -> Result<(Vec<String>, Vec<u16>), SqlError> {
        let (mut list, mut ordinals) = (Vec::new(), Vec::new());
        for item in order {
            let at = ordinal(&item.by, columns)?;
            let value = match at {
                Some(at) => items[at].clone(),
                None => self.expr(&item.by)?,
            };
            let at = at.or_else(|| items.iter().position(|i| i.sql == value.sql));
            ordinals.extend(at.and_then(|i| u16::try_from(i + 1).ok()));
            // An integer alone would be an ordinal to SQLite; a constant orders nothing.
            if value.constant.is_none() {
                list.push(format!("{}{}", Self::collate(&value), direction(item)));
            }
        }
        if ordinals.len() != order.len() {
            ordinals.clear();
        }
        Ok((list, ordinals))
    }
}

fn nested(found: Relational) -> Relational {
    Relational { sql: format!("SELECT * FROM ({})", found.sql), order: Vec::new(), ..found }
}

fn direction(item: &Order) -> &'static str {
    if item.descending { " DESC" } else { "" }
}

/// The output column that an ORDER BY item names by number or alias.
fn ordinal(by: &Expr, columns: &[Column]) -> Result<Option<usize>, SqlError> {
    match by {
        Expr::Number(n) => {
            let found = n.parse::<usize>().ok().filter(|n| (1..=columns.len()).contains(n));
            found.map(|n| Some(n - 1)).ok_or_else(|| {
                error(
                    108,
                    format!("The ORDER BY position number {n} is out of range of the number of items in the select list."),
                )
            })
        }
        Expr::Column(parts) if parts.len() == 1 => Ok(columns.iter().position(|c| same(&c.name, &parts[0]))),
        _ => Ok(None),
    }
}

/// Whether the query aggregates (outside of its subqueries).
fn aggregates(select: &Select, order: &[Order]) -> bool {
    let items = select.items.iter().any(|i| match i {
        Item::Expr(e, _) | Item::Assign(_, e) => has_aggregate(e),
        Item::All(_) => false,
    });
    items || order.iter().any(|o| has_aggregate(&o.by))
}

pub(super) fn has_aggregate(e: &Expr) -> bool {
    match e {
        Expr::Call(call) => {
            let own = call.name.len() == 1 && call.over.is_none() && super::call::is_aggregate(&call.name[0]);
            own || call.args.iter().any(has_aggregate)
        }
        Expr::Minus(a) | Expr::BitNot(a) | Expr::Collate(a, _) | Expr::Not(a) | Expr::IsNull(a) => {
            has_aggregate(a)
        }
        Expr::Binary(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            has_aggregate(a) || has_aggregate(b)
        }
        Expr::Cast(c) => has_aggregate(&c.value),
        Expr::Case { operand, whens, otherwise } => {
            operand.iter().chain(otherwise).any(|e| has_aggregate(e))
                || whens.iter().any(|(a, b)| has_aggregate(a) || has_aggregate(b))
        }
        _ => false,
    }
}
