//! What a column becomes: THE table, asked with what the user and the target's extensions choose. Pure.

use crate::convert::types;
use crate::model::base_type::BaseType;
use crate::model::plan::Collations;
use crate::model::plan::ColumnChoice;
use crate::model::plan::PlanOptions;
use crate::model::table::SourceColumn;

/// Is it a type that `--map` can name?
pub(super) fn is_type(name: &str) -> bool {
    let ty = BaseType::from(name);
    ty == BaseType::Clr || !types::is_foreign(&ty)
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
    let by_type = || options.maps.get(ty.name.as_str()).cloned();
    let ignores_case =
        ty.collation.as_deref().is_some_and(|name| crate::model::collation::ignored_by(name).ignores_case);
    let by_collation =
        || (options.collations == Collations::Citext && ignores_case).then(|| "citext".to_owned());
    let by_extension = || types::preferred(&ty.name, extensions).map(str::to_owned);
    own.or_else(by_alias).or_else(by_type).or_else(by_collation).or_else(by_extension)
}

/// The alternative of a column that is part of a key, if nothing else was chosen: the texts of two variants may be equal where
/// their values are not, and jsonb tells them apart.
pub(super) fn of_key(column: &SourceColumn) -> Option<String> {
    (column.ty.name == BaseType::SqlVariant).then(|| "jsonb".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_from_a_slip() {
        assert!(is_type("datetimeoffset") && is_type("clr") && !is_type("datetimeoffest"));
    }
}
