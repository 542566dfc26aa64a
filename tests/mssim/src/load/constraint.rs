//! Constraints and indexes in a declaration: names, columns, keys.

use crate::catalog::{
    Catalog, Constraint, ForeignKeyDef, IndexColumn, IndexDef, IndexForm, IndexKind, Partitioned, TableDef,
    same,
};
use crate::engine::error;
use crate::load::element::{Element, ForeignKey, Index};
use crate::load::expr::{self, Expr};
use crate::load::{partition, temporal};
use crate::results::SqlError;

/// Adds a constraint or an index to the declaration.
pub(crate) fn add(
    catalog: &mut Catalog,
    table: &mut TableDef,
    e: Element,
    unchecked: bool,
) -> Result<(), SqlError> {
    match e {
        Element::Key { name, primary, clustered, columns, fill, ignore_dup, on, form } => {
            if primary && table.primary_key().is_some() {
                return Err(error(
                    1779,
                    16,
                    format!("Table '{}' already has a primary key defined on it.", table.name),
                ));
            }
            let (object_id, _) = catalog.new_object();
            let has_clustered = table.indexes.iter().any(|i| i.clustered);
            let clustered = clustered.unwrap_or(primary && !has_clustered);
            let system_named = name.is_none();
            let name = match name {
                Some(n) => n,
                None => key_name(if primary { "PK" } else { "UQ" }, &table.name, object_id),
            };
            crate::load::objects::check_free(catalog, &table.schema, &name)?;
            if primary {
                for (column, _) in &columns {
                    let found = table.columns.iter_mut().find(|k| same(&k.name, column));
                    found.into_iter().for_each(|k| k.nullable = false);
                }
            }
            let kind = if primary { IndexKind::PrimaryKey } else { IndexKind::UniqueConstraint };
            let form = Some(form);
            let index = Index {
                name,
                unique: true,
                clustered,
                columns,
                fill,
                ignore_dup,
                on,
                form,
                ..Index::default()
            };
            add_index(catalog, table, index, kind, (object_id, system_named))
        }
        Element::Index(index) => add_index(catalog, table, index, IndexKind::Index, (0, false)),
        Element::Period(start, end) => temporal::period(table, &start, &end),
        Element::Check { name, condition, column } => {
            let parent = column.map_or(Ok(0), |n| column_id(table, &n))?;
            let made = constraint_of(catalog, table, ("CK", parent), name, &condition)?;
            table.checks.push(Constraint { not_trusted: unchecked, ..made });
            Ok(())
        }
        Element::Default { name, value, column } => {
            let parent = column_id(table, &column)?;
            let made = constraint_of(catalog, table, ("DF", parent), name, &value)?;
            let target = table.columns.iter_mut().find(|k| k.id == parent);
            match target {
                Some(k) if k.default.is_none() => {
                    k.default = Some(made);
                    Ok(())
                }
                _ => Err(error(1781, 16, "Column already has a DEFAULT bound to it.".to_owned())),
            }
        }
        Element::ForeignKey(key) => add_foreign_key(catalog, table, key, unchecked),
    }
}

fn column_id(table: &TableDef, name: &str) -> Result<i32, SqlError> {
    table.column(name).map(|k| k.id).ok_or_else(|| {
        error(1911, 16, format!("Column name '{name}' does not exist in the target table or view."))
    })
}

fn constraint_of(
    catalog: &mut Catalog,
    table: &TableDef,
    (prefix, parent): (&str, i32),
    name: Option<String>,
    e: &Expr,
) -> Result<Constraint, SqlError> {
    let (object_id, _) = catalog.new_object();
    let system_named = name.is_none();
    let name = name.unwrap_or_else(|| {
        let column = table.column_by_id(parent).map_or("", |k| &k.name);
        format!("{prefix}__{}__{}__{:08X}", cut(&table.name, 9), cut(column, 9), spread(object_id) >> 32)
    });
    crate::load::objects::check_free(catalog, &table.schema, &name)?;
    Ok(Constraint {
        object_id,
        name,
        system_named,
        definition: expr::definition(e),
        parent_column_id: parent,
        disabled: false,
        not_trusted: false,
    })
}

fn cut(name: &str, n: usize) -> String {
    name.chars().take(n).collect()
}

/// PK__Orders__1A2B…: as SQL Server names them, with digits made from the object id.
fn key_name(prefix: &str, table: &str, object_id: i32) -> String {
    format!("{prefix}__{}__{:016X}", cut(table, 8), spread(object_id))
}

fn spread(object_id: i32) -> u64 {
    u64::from(object_id.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Where the index lies: where it says, else with its table. A unique one must have the partitioning column.
fn place(
    catalog: &Catalog,
    table: &TableDef,
    index: &Index,
    keys: &[IndexColumn],
) -> Result<Option<Partitioned>, SqlError> {
    let partitioned = match &index.on {
        Some(on) => Some(partition::placed(catalog, table, on)?),
        None => table.partitioned,
    };
    if let Some(p) = partitioned.filter(|_| index.unique)
        && !keys.iter().any(|k| k.column_id == p.column_id)
    {
        return Err(error(
            1908,
            16,
            format!("The partitioning column is not part of the unique index '{}'.", index.name),
        ));
    }
    Ok(partitioned)
}

pub(crate) fn add_index(
    catalog: &Catalog,
    table: &mut TableDef,
    index: Index,
    kind: IndexKind,
    (object_id, system_named): (i32, bool),
) -> Result<(), SqlError> {
    if table.indexes.iter().any(|i| same(&i.name, &index.name)) {
        return Err(error(
            1913,
            16,
            format!(
                "The operation failed because an index or statistics with name '{}' already exists on table '{}'.",
                index.name, table.name
            ),
        ));
    }
    if index.clustered && table.indexes.iter().any(|i| i.clustered) {
        return Err(error(
            1902,
            16,
            format!("Cannot create more than one clustered index on table '{}'.", table.name),
        ));
    }
    let keys = index
        .columns
        .iter()
        .map(|(name, descending)| {
            Ok(IndexColumn { column_id: column_id(table, name)?, descending: *descending })
        })
        .collect::<Result<Vec<_>, SqlError>>()?;
    let mut included = index.included.iter().map(|n| column_id(table, n)).collect::<Result<Vec<_>, _>>()?;
    let form = index.form.clone().unwrap_or(IndexForm::Rows);
    if index.clustered && form == IndexForm::Columnstore {
        included = table.columns.iter().map(|c| c.id).collect();
    }
    let first = match form {
        IndexForm::Xml(_) => 256_000,
        IndexForm::Spatial(_) => 384_000,
        _ => 2,
    };
    // The ids of xml and spatial indexes begin far above.
    let taken = table.indexes.iter().map(|i| i.id).filter(|id| (first..first + 100_000).contains(id));
    let id = if index.clustered { 1 } else { taken.max().map_or(first, |id| id + 1) };
    let partitioned = match form {
        IndexForm::Rows | IndexForm::Columnstore => place(catalog, table, &index, &keys)?,
        _ => None,
    };
    if index.clustered {
        table.partitioned = partitioned;
    }
    table.indexes.push(IndexDef {
        id,
        name: index.name,
        kind,
        object_id,
        system_named,
        unique: index.unique,
        clustered: index.clustered,
        keys,
        included,
        filter: index.filter.as_ref().map(expr::definition),
        fill_factor: index.fill,
        ignore_dup_key: index.ignore_dup,
        disabled: false,
        form,
        partitioned,
    });
    table.indexes.sort_by_key(|i| i.id);
    Ok(())
}

fn add_foreign_key(
    catalog: &mut Catalog,
    table: &mut TableDef,
    key: ForeignKey,
    unchecked: bool,
) -> Result<(), SqlError> {
    let (schema, name) = &key.referenced;
    let itself = same(name, &table.name) && same(schema.as_deref().unwrap_or("dbo"), &table.schema);
    let there = if itself {
        TableDef::clone(table)
    } else {
        let found = catalog
            .table(schema.as_deref(), name)
            .ok_or_else(|| error(1767, 16, format!("Foreign key references invalid table '{name}'.")))?;
        TableDef::clone(found)
    };
    let names = if key.there.is_empty() {
        let primary = there.primary_key().ok_or_else(|| {
            error(1773, 16, format!("Foreign key has implicit reference to object '{name}' which does not have a primary key defined on it."))
        })?;
        primary.keys.iter().filter_map(|k| there.column_by_id(k.column_id)).map(|k| k.name.clone()).collect()
    } else {
        key.there
    };
    if names.len() != key.columns.len() {
        return Err(error(
            8139,
            16,
            "Number of referencing columns in foreign key differs from number of referenced columns."
                .to_owned(),
        ));
    }
    let mut columns = Vec::new();
    for (here, far) in key.columns.iter().zip(&names) {
        columns.push((column_id(table, here)?, column_id(&there, far)?));
    }
    let mut wanted: Vec<i32> = columns.iter().map(|(_, far)| *far).collect();
    wanted.sort_unstable();
    let index = there.indexes.iter().find(|i| {
        let mut keys: Vec<i32> = i.keys.iter().map(|k| k.column_id).collect();
        keys.sort_unstable();
        i.unique && i.filter.is_none() && keys == wanted
    });
    let key_index_id = index.map(|i| i.id).ok_or_else(|| {
        error(1776, 16, format!("There are no primary or candidate keys in the referenced table '{name}' that match the referencing column list in the foreign key."))
    })?;
    let (object_id, _) = catalog.new_object();
    let system_named = key.name.is_none();
    let name = key.name.unwrap_or_else(|| {
        format!("FK__{}__{}__{:08X}", cut(&table.name, 9), cut(&key.columns[0], 9), spread(object_id) >> 32)
    });
    crate::load::objects::check_free(catalog, &table.schema, &name)?;
    table.foreign_keys.push(ForeignKeyDef {
        object_id,
        name,
        system_named,
        columns,
        referenced: there.object_id,
        key_index_id,
        on_delete: key.on_delete,
        on_update: key.on_update,
        disabled: false,
        not_trusted: unchecked,
        not_for_replication: key.not_for_replication,
    });
    Ok(())
}
