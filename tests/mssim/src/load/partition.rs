//! Partition functions and schemes, and in which partition a value lies.

use std::cmp::Ordering;

use crate::catalog::{Catalog, PartitionFunction, PartitionScheme, Partitioned, TableDef, same};
use crate::engine::{error, unknown};
use crate::load::convert::{Typed, cast};
use crate::load::eval::{Scope, compare};
use crate::load::lex::Cursor;
use crate::load::names::column_type;
use crate::load::objects::declare;
use crate::load::{Context, expr};
use crate::results::SqlError;
use crate::value::Value;

/// The first id of functions and schemes.
const FIRST: i32 = 65_536;

/// After CREATE PARTITION FUNCTION: `name (type) AS RANGE [LEFT | RIGHT] FOR VALUES (…)`.
pub(crate) fn create_function(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    c.expect("(")?;
    let (ty, _) = column_type(c, None)?;
    c.expect(")")?;
    c.expect("AS RANGE")?;
    let right = c.accept("RIGHT");
    c.accept("LEFT");
    c.expect("FOR VALUES")?;
    c.expect("(")?;
    let mut given = Vec::new();
    while !c.accept(")") {
        given.push(expr::parse(c)?);
        c.accept(",");
    }
    declare(x, |k, _| {
        if k.partition_functions.iter().any(|f| same(&f.name, &name)) {
            return Err(taken(&name));
        }
        let column = |_: &str| None;
        let sequence = |_: Option<&str>, _: &str| Err(unknown("a sequence in a boundary"));
        let scope = Scope { column: &column, sequence: &sequence, parameters: &[], collation: k.collation };
        let mut boundaries = Vec::new();
        for e in &given {
            boundaries.push(cast(&scope.eval(e)?, &ty, &k.collation, None)?);
        }
        let before = |a: &Value, b: &Value| {
            let of = |v: &Value| Typed { ty, value: v.clone() };
            Ok::<_, SqlError>(compare(&of(a), &of(b), &k.collation)? == Some(Ordering::Less))
        };
        for pair in boundaries.windows(2) {
            if !before(&pair[0], &pair[1])? {
                return Err(unknown("boundaries of a partition function that do not ascend"));
            }
        }
        let id = FIRST + i32::try_from(k.partition_functions.len()).unwrap_or(0);
        k.partition_functions.push(PartitionFunction { id, name, ty, right, boundaries });
        Ok(())
    })
}

/// After CREATE PARTITION SCHEME: `name AS PARTITION function [ALL] TO ([PRIMARY], …)`.
pub(crate) fn create_scheme(c: &mut Cursor<'_>, x: &Context<'_>) -> Result<(), SqlError> {
    let name = c.name()?;
    c.expect("AS PARTITION")?;
    let function = c.name()?;
    c.accept("ALL");
    c.expect("TO")?;
    if c.names()?.iter().any(|n| !same(n, "PRIMARY")) {
        return Err(unknown("a filegroup that is not PRIMARY"));
    }
    declare(x, |k, _| {
        if k.partition_schemes.iter().any(|s| same(&s.name, &name)) {
            return Err(taken(&name));
        }
        let found = k.partition_functions.iter().find(|f| same(&f.name, &function));
        let function = found.map(|f| f.id).ok_or_else(|| {
            error(7712, 16, format!("Partition scheme '{name}' needs the partition function '{function}', which does not exist."))
        })?;
        let id = FIRST + 65 + i32::try_from(k.partition_schemes.len()).unwrap_or(0);
        k.partition_schemes.push(PartitionScheme { id, name, function });
        Ok(())
    })
}

fn taken(name: &str) -> SqlError {
    error(2714, 16, format!("There is already an object named '{name}' in the database."))
}

/// `ON scheme (column)` of a table, an index or a key.
pub(crate) fn placed(
    catalog: &Catalog,
    table: &TableDef,
    (scheme, column): &(String, String),
) -> Result<Partitioned, SqlError> {
    let found = catalog
        .partition_schemes
        .iter()
        .find(|s| same(&s.name, scheme))
        .ok_or_else(|| error(1921, 16, format!("Invalid partition scheme '{scheme}' specified.")))?;
    let column = table.column(column).ok_or_else(|| {
        error(1911, 16, format!("Column name '{column}' does not exist in the target table or view."))
    })?;
    Ok(Partitioned { scheme: found.id, column_id: column.id })
}

/// The function of a scheme.
pub(crate) fn function(catalog: &Catalog, scheme: i32) -> Option<&PartitionFunction> {
    let scheme = catalog.partition_schemes.iter().find(|s| s.id == scheme)?;
    catalog.partition_functions.iter().find(|f| f.id == scheme.function)
}

/// The number of the partition in which a value lies, from 1; NULL lies in the first.
pub(crate) fn number(catalog: &Catalog, f: &PartitionFunction, value: &Value) -> Result<usize, SqlError> {
    let of = |v: &Value| Typed { ty: f.ty, value: v.clone() };
    let mut number = 1;
    for boundary in &f.boundaries {
        let beyond = match compare(&of(value), &of(boundary), &catalog.collation)? {
            None | Some(Ordering::Less) => false,
            Some(Ordering::Equal) => f.right,
            Some(Ordering::Greater) => true,
        };
        number += usize::from(beyond);
    }
    Ok(number)
}
