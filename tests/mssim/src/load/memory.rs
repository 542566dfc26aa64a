//! Memory-optimised tables: what SQL Server refuses of their declarations.

use crate::catalog::{IndexForm, Memory, TableDef};
use crate::engine::error;
use crate::load::element::Element;
use crate::results::SqlError;

pub(crate) fn place(table: &mut TableDef, memory: Option<Memory>) -> Result<(), SqlError> {
    table.memory = memory;
    if memory.is_some() && table.graph.is_some() {
        return Err(crate::engine::unknown("a graph table in memory"));
    }
    Ok(())
}

/// The constraints and indexes of a table: none of a memory-optimised one is clustered, and only there is a hash.
pub(crate) fn without_clusters(table: &TableDef, elements: Vec<Element>) -> Result<Vec<Element>, SqlError> {
    for e in &elements {
        let (clustered, hash) = match e {
            Element::Key { primary, clustered, form, .. } => {
                (clustered.unwrap_or(*primary), matches!(form, IndexForm::Hash(_)))
            }
            Element::Index(i) => (i.clustered, matches!(i.form, Some(IndexForm::Hash(_)))),
            _ => continue,
        };
        if table.memory.is_some() && clustered && !hash {
            return Err(error(
                12317,
                16,
                "Clustered indexes, which are the default for primary keys, are not supported with memory optimized tables. Specify a NONCLUSTERED index instead.".to_owned(),
            ));
        }
        if table.memory.is_none() && hash {
            return Err(error(
                10794,
                16,
                "The index type 'HASH' is not supported with tables that are not memory optimized."
                    .to_owned(),
            ));
        }
    }
    Ok(elements)
}

/// 41321.
pub(crate) fn check(table: &TableDef) -> Result<(), SqlError> {
    match table.memory {
        Some(Memory { schema_only: false }) if table.primary_key().is_none() => Err(error(
            41321,
            16,
            format!(
                "The memory optimized table '{}' with DURABILITY=SCHEMA_AND_DATA must have a primary key.",
                table.name
            ),
        )),
        _ => Ok(()),
    }
}
