//! Typed access to a catalog row. What is missing or of another type is an error, never a default.

use super::{ColumnId, unreadable};
use crate::error::Result;
use crate::model::names::TableName;

/// A row of a catalog query, its columns by name.
pub(super) struct Record<'r>(pub(super) &'r tiberius::Row);

impl Record<'_> {
    pub(super) fn text_or_null(&self, column: &str) -> Result<Option<String>> {
        let value: Option<&str> = self.0.try_get(column).map_err(|error| wrong(column, error))?;
        Ok(value.map(str::to_owned))
    }

    pub(super) fn text(&self, column: &str) -> Result<String> {
        self.text_or_null(column)?.ok_or_else(|| null(column))
    }

    pub(super) fn int_or_null(&self, column: &str) -> Result<Option<i32>> {
        self.0.try_get(column).map_err(|error| wrong(column, error))
    }

    pub(super) fn int(&self, column: &str) -> Result<i32> {
        self.int_or_null(column)?.ok_or_else(|| null(column))
    }

    /// A bit, converted to int by the query.
    pub(super) fn flag_or_null(&self, column: &str) -> Result<Option<bool>> {
        Ok(self.int_or_null(column)?.map(|bit| bit != 0))
    }

    /// `schema_name` and `table_name`.
    pub(super) fn table(&self) -> Result<TableName> {
        Ok(TableName::new(self.text("schema_name")?, self.text("table_name")?))
    }

    /// A table by the names of two columns that are NULL together.
    pub(super) fn table_or_null(&self, schema: &str, name: &str) -> Result<Option<TableName>> {
        Ok(self
            .text_or_null(schema)?
            .zip(self.text_or_null(name)?)
            .map(|(schema, name)| TableName::new(schema, name)))
    }

    /// A bigint that counts something; NULL is none.
    pub(super) fn count(&self, column: &str) -> Result<u64> {
        let value: Option<i64> = self.0.try_get(column).map_err(|error| wrong(column, error))?;
        u64::try_from(value.unwrap_or(0)).map_err(|_| unreadable(&format!("column {column} is negative")))
    }

    /// A bit or a small number, converted to int by the query.
    pub(super) fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    /// A small number, converted to int by the query; NULL says that nobody knows.
    pub(super) fn narrow_or_zero<T: TryFrom<i32> + Default>(&self, column: &str) -> Result<T> {
        let value = self.int_or_null(column)?;
        let narrowed = value.map(|value| T::try_from(value)).transpose();
        Ok(narrowed.map_err(|_| unreadable(&format!("column {column} is out of range")))?.unwrap_or_default())
    }

    pub(super) fn column_id(&self) -> Result<ColumnId> {
        Ok((self.int("object_id")?, self.int("column_id")?))
    }
}

fn wrong(column: &str, cause: tiberius::error::Error) -> crate::error::Error {
    unreadable(&format!("column {column}")).because(cause)
}

fn null(column: &str) -> crate::error::Error {
    unreadable(&format!("column {column} is NULL"))
}
