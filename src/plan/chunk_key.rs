//! By which key a table is split into chunks. Pure.
//!
//! A chunk key orders all rows, once each: it is a unique index without NULLs. Its values are written into statements
//! as literals, so every column must be of a type whose literals give back the very value (float and real do not
//! promise that), and must be among those that are copied, since the copy learns the key of the last row from what it
//! reads.

use crate::convert::types;
use crate::model::base_type::BaseType;
use crate::model::names::ColumnName;
use crate::model::objects::IndexKind;
use crate::model::plan::ChunkKey;
use crate::model::plan::ChunkKeyColumn;
use crate::model::table::{Index, KeyColumn, SourceColumn, SourceTable};
use crate::model::types::SourceType;
use crate::sqlserver::select::SelectForm;

/// The key by which `table` is split; None: it is copied as one. `indexes` may be those of all tables. `plain` says
/// which columns are copied as they are: others may not be part of it (a masked value must not stand in a bound).
///
/// A clustered key comes first, since its order is that of the rows; then the primary key; then the one with the
/// fewest columns; then the first by name.
#[must_use]
pub fn choose(
    table: &SourceTable,
    indexes: &[Index],
    plain: impl Fn(&ColumnName) -> bool,
) -> Option<ChunkKey> {
    // What is in memory is not large, and cannot be sampled.
    candidates(table, indexes)
        .filter(|candidate| !table.in_memory && candidate.columns.iter().all(|column| plain(&column.name)))
        .min_by_key(|candidate| {
            (!candidate.clustered, !candidate.primary, candidate.columns.len(), candidate.name)
        })
        .map(|candidate| candidate.key())
}

/// Is the key of a plan still a unique index without NULLs of `table`? Without it two rows may share a bound.
#[must_use]
pub fn holds(table: &SourceTable, indexes: &[Index], key: &ChunkKey) -> bool {
    candidates(table, indexes).any(|candidate| candidate.key() == *key)
}

fn candidates<'a>(table: &'a SourceTable, indexes: &'a [Index]) -> impl Iterator<Item = Candidate<'a>> {
    let primary = table.primary_key.iter().map(|key| Candidate {
        name: &key.name,
        clustered: key.clustered,
        primary: true,
        columns: &key.columns,
    });
    let unique = indexes.iter().filter(move |index| index.table == table.name && usable_index(index));
    let secondary = unique.map(|index| Candidate {
        name: &index.name,
        clustered: index.kind == IndexKind::Clustered,
        primary: false,
        columns: &index.columns,
    });
    primary.chain(secondary).filter(|candidate| usable_columns(table, candidate.columns))
}

struct Candidate<'a> {
    name: &'a str,
    clustered: bool,
    primary: bool,
    columns: &'a [KeyColumn],
}

impl Candidate<'_> {
    fn key(&self) -> ChunkKey {
        let column =
            |column: &KeyColumn| ChunkKeyColumn { name: column.name.clone(), descending: column.descending };
        ChunkKey {
            index: self.name.to_owned(),
            clustered: self.clustered,
            columns: self.columns.iter().map(column).collect(),
        }
    }
}

/// Enforced, over all rows, and ordered: a hash index or a columnstore is not.
fn usable_index(index: &Index) -> bool {
    index.unique && !index.disabled && index.filter.is_none() && index.kind.is_ordered()
}

fn usable_columns(table: &SourceTable, key: &[KeyColumn]) -> bool {
    let usable = |part: &KeyColumn| {
        table.columns.iter().find(|column| column.name == part.name).is_some_and(usable_column)
    };
    !key.is_empty() && key.iter().all(usable)
}

fn usable_column(column: &SourceColumn) -> bool {
    !column.nullable
        && column.computed.is_none()
        && usable_type(&column.ty)
        && types::map(&column.ty, None).is_ok_and(|mapping| mapping.select == SelectForm::AsIs)
}

/// Types whose values have exact literals.
fn usable_type(ty: &SourceType) -> bool {
    use BaseType as B;
    match &ty.name {
        B::TinyInt
        | B::SmallInt
        | B::Int
        | B::BigInt
        | B::Decimal
        | B::Numeric
        | B::Money
        | B::SmallMoney
        | B::Date
        | B::Time
        | B::SmallDateTime
        | B::DateTime
        | B::DateTime2
        | B::DateTimeOffset
        | B::Timestamp
        | B::RowVersion
        | B::UniqueIdentifier => true,
        B::Char | B::VarChar | B::NChar | B::NVarChar | B::Binary | B::VarBinary => ty.max_length > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::TableName;
    use crate::model::table::Key;

    fn column(name: &str, ty: &str) -> SourceColumn {
        SourceColumn {
            name: ColumnName::new(name),
            ordinal: 1,
            ty: SourceType {
                name: ty.into(),
                alias: None,
                max_length: 8,
                precision: 10,
                scale: 0,
                collation: None,
            },
            nullable: false,
            identity: None,
            computed: None,
            hidden: false,
            period: false,
            withheld: false,
            no_data: None,
        }
    }

    fn table(columns: Vec<SourceColumn>) -> SourceTable {
        let name = TableName::new("dbo", "t");
        SourceTable { columns, rows: 1, bytes: 1, ..SourceTable::new(name, 1) }
    }

    fn parts(columns: &[&str]) -> Vec<KeyColumn> {
        let part = |text: &&str| {
            let (name, descending) = text.strip_suffix(" desc").map_or((*text, false), |name| (name, true));
            KeyColumn { name: ColumnName::new(name), descending }
        };
        columns.iter().map(part).collect()
    }

    fn with_key(mut table: SourceTable, columns: &[&str], clustered: bool) -> SourceTable {
        table.primary_key = Some(Key { name: "pk".to_owned(), columns: parts(columns), clustered });
        table
    }

    fn unique(name: &str, kind: &str, columns: &[&str]) -> Index {
        Index {
            table: TableName::new("dbo", "t"),
            name: name.to_owned(),
            kind: kind.into(),
            columns: parts(columns),
            included: Vec::new(),
            unique: true,
            constraint: false,
            filter: None,
            disabled: false,
        }
    }

    fn chosen(table: &SourceTable, indexes: &[Index]) -> Option<String> {
        choose(table, indexes, |_| true).map(|key| {
            let names: Vec<_> = key
                .columns
                .iter()
                .map(|column| format!("{}{}", column.name, if column.descending { " desc" } else { "" }))
                .collect();
            format!("{}{}: {}", key.index, if key.clustered { "!" } else { "" }, names.join(", "))
        })
    }

    fn two() -> SourceTable {
        table(vec![column("a", "int"), column("b", "int"), column("v", "nvarchar")])
    }

    #[test]
    fn a_clustered_key_comes_first_then_the_primary_key_then_the_shortest() {
        let clustered = with_key(two(), &["a", "b desc"], true);
        assert_eq!(chosen(&clustered, &[]).unwrap(), "pk!: a, b desc");
        assert_eq!(chosen(&clustered, &[unique("u", "NONCLUSTERED", &["a"])]).unwrap(), "pk!: a, b desc");
        let nonclustered = with_key(two(), &["a"], false);
        assert_eq!(chosen(&nonclustered, &[]).unwrap(), "pk: a");
        assert_eq!(chosen(&nonclustered, &[unique("cu", "CLUSTERED", &["b", "a"])]).unwrap(), "cu!: b, a");
        assert_eq!(chosen(&nonclustered, &[unique("a", "NONCLUSTERED", &["b"])]).unwrap(), "pk: a");
        let none = two();
        let indexes = [unique("z", "NONCLUSTERED", &["b"]), unique("a2", "NONCLUSTERED", &["a", "b"])];
        assert_eq!(chosen(&none, &indexes).unwrap(), "z: b");
        let indexes = [unique("z", "NONCLUSTERED", &["b"]), unique("y", "NONCLUSTERED", &["a"])];
        assert_eq!(chosen(&none, &indexes).unwrap(), "y: a");
    }

    #[test]
    fn a_heap_without_a_unique_index_is_one_chunk() {
        assert_eq!(choose(&two(), &[], |_| true), None);
        let other = Index { table: TableName::new("dbo", "o"), ..unique("u", "CLUSTERED", &["a"]) };
        assert_eq!(choose(&two(), &[other], |_| true), None);
    }

    #[test]
    fn an_index_that_does_not_order_every_row_once_is_refused() {
        let good = unique("u", "NONCLUSTERED", &["a"]);
        assert!(choose(&two(), std::slice::from_ref(&good), |_| true).is_some());
        for bad in [
            Index { unique: false, ..good.clone() },
            Index { disabled: true, ..good.clone() },
            Index { filter: Some("([a]>(0))".to_owned()), ..good.clone() },
            Index { kind: IndexKind::Hash, ..good.clone() },
            Index { kind: IndexKind::ClusteredColumnstore, ..good.clone() },
            Index { columns: Vec::new(), ..good.clone() },
            Index { columns: parts(&["a", "gone"]), ..good },
        ] {
            assert_eq!(choose(&two(), std::slice::from_ref(&bad), |_| true), None, "{bad:?}");
        }
    }

    #[test]
    fn a_column_that_may_be_null_is_computed_or_has_no_literal_is_refused() {
        let with = |change: &dyn Fn(&mut SourceColumn)| {
            let mut columns = vec![column("a", "int"), column("b", "int")];
            change(&mut columns[1]);
            choose(&with_key(table(columns), &["a", "b"], true), &[], |_| true)
        };
        assert!(with(&|_| {}).is_some());
        assert_eq!(with(&|column| column.nullable = true), None);
        assert_eq!(with(&|column| column.computed = Some(String::new())), None);
        for ty in ["float", "real", "bit", "xml", "sql_variant", "hierarchyid", "text", "json"] {
            assert_eq!(with(&|column| column.ty.name = ty.into()), None, "{ty}");
        }
        for ty in ["varchar", "nvarchar", "varbinary"] {
            let change = |column: &mut SourceColumn| {
                column.ty.name = ty.into();
                column.ty.max_length = -1;
            };
            assert_eq!(with(&change), None, "{ty}(max)");
        }
        for ty in [
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "decimal",
            "numeric",
            "money",
            "smallmoney",
            "date",
            "time",
            "smalldatetime",
            "datetime",
            "datetime2",
            "datetimeoffset",
            "char",
            "varchar",
            "nchar",
            "nvarchar",
            "binary",
            "varbinary",
            "timestamp",
            "uniqueidentifier",
        ] {
            assert!(with(&|column| column.ty.name = ty.into()).is_some(), "{ty}");
        }
    }

    #[test]
    fn a_worse_key_is_taken_where_the_better_one_cannot_be() {
        let mut columns = vec![column("a", "float"), column("b", "int")];
        columns[0].nullable = false;
        let table = with_key(table(columns), &["a"], true);
        assert_eq!(chosen(&table, &[unique("u", "NONCLUSTERED", &["b"])]).unwrap(), "u: b");
    }
}
