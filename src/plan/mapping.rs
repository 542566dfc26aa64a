//! What a column becomes: THE table, asked with what the user and the target's extensions choose. Pure.

use super::document::{Collations, ColumnChoice, PlanOptions};
use crate::convert::types::{self, Unsupported};
use crate::schema::{SourceColumn, SourceType};
use crate::source::select::SelectForm;

/// The types that THE table knows, besides CLR types of users (`clr`).
const TYPES: &[&str] = &[
    "bigint",
    "binary",
    "bit",
    "char",
    "clr",
    "date",
    "datetime",
    "datetime2",
    "datetimeoffset",
    "decimal",
    "float",
    "geography",
    "geometry",
    "hierarchyid",
    "image",
    "int",
    "json",
    "money",
    "nchar",
    "ntext",
    "numeric",
    "nvarchar",
    "real",
    "rowversion",
    "smalldatetime",
    "smallint",
    "smallmoney",
    "sql_variant",
    "sysname",
    "text",
    "time",
    "timestamp",
    "tinyint",
    "uniqueidentifier",
    "varbinary",
    "varchar",
    "vector",
    "xml",
];

/// What the plan has to know of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// As in DDL.
    pub target_type: String,
    /// Values are read as they are.
    pub as_is: bool,
    /// The extension that the target needs.
    pub needs: Option<&'static str>,
    /// What of a value does not arrive; said in the assessment.
    pub lossy: Option<&'static str>,
}

/// THE table.
///
/// # Errors
/// Why the column cannot be copied so, and what it could become.
pub fn map(ty: &SourceType, alternative: Option<&str>) -> Result<Mapped, Unsupported> {
    let lossy = (ty.name == "datetimeoffset").then_some("the instant is kept, the offset is not");
    let (needs, target_type) = match (alternative, ty.collation.is_some()) {
        (Some("citext"), true) => (Some("citext"), "citext".to_owned()),
        (Some("text"), true) => (None, "text".to_owned()),
        (Some(other), _) => {
            return Err(Unsupported { reason: format!("{} cannot become {other}", ty.name) });
        }
        (None, _) => {
            let mapping = types::map(ty)?;
            let as_is = mapping.select == SelectForm::AsIs;
            return Ok(Mapped { target_type: mapping.target_type, as_is, needs: None, lossy });
        }
    };
    Ok(Mapped { target_type, as_is: true, needs, lossy })
}

/// The alternative that the plan chooses by itself, by what the target has.
fn preferred(name: &str, extensions: &[String]) -> Option<&'static str> {
    let (extension, chosen) = match name {
        "geometry" => ("postgis", "geometry"),
        "geography" => ("postgis", "geography"),
        "vector" => ("vector", "vector"),
        _ => return None,
    };
    extensions.iter().any(|there| there == extension).then_some(chosen)
}

/// Is it a type that `--map` can name?
pub(super) fn is_type(name: &str) -> bool {
    TYPES.binary_search(&name).is_ok()
}

/// The alternative of a column: its own, then that of its alias type, of its type, of its collation, of the target's
/// extensions; None: the default.
pub(super) fn alternative(
    column: &SourceColumn,
    choice: Option<&ColumnChoice>,
    options: &PlanOptions,
    extensions: &[String],
) -> Option<String> {
    let ty = &column.ty;
    let own = choice.and_then(|choice| choice.map.clone());
    let by_alias = || ty.alias.as_ref().and_then(|alias| options.maps.get(&alias.to_lowercase()).cloned());
    let by_type = || options.maps.get(&ty.name).cloned();
    let ignores_case = ty.collation.as_deref().is_some_and(|name| super::collation::of(name).ignores_case);
    let by_collation =
        || (options.collations == Collations::Citext && ignores_case).then(|| "citext".to_owned());
    let by_extension = || preferred(&ty.name, extensions).map(str::to_owned);
    own.or_else(by_alias).or_else(by_type).or_else(by_collation).or_else(by_extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_sorted() {
        assert!(TYPES.is_sorted());
        assert!(is_type("datetimeoffset") && !is_type("datetimeoffest"));
    }
}
