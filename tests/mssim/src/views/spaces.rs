//! sys.data_spaces, filegroups, partition_functions, partition_parameters, partition_range_values, partition_schemes,
//! destination_data_spaces. What lies in a filegroup other than PRIMARY is not kept.

use super::{Depends, NULL, Source, View, row};
use crate::catalog::{PartitionFunction, PartitionScheme};
use crate::load::names::is_character;
use crate::results::SqlError;
use crate::value::Value;
use crate::views::columns::{decimal_size, type_id, type_size};

type Rows = Result<Vec<Vec<Value>>, SqlError>;

/// `data_space_id` of PRIMARY.
pub(super) const PRIMARY: i32 = 1;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "data_spaces",
        depends: Depends::Catalog,
        columns: "name sysname, data_space_id int, type char(2), type_desc nvarchar(60) null, is_default bit null, is_system bit null",
        rows: |s| {
            let scheme = |p: &PartitionScheme| row![&p.name, p.id, "PS", "PARTITION_SCHEME", false, false];
            let primary = row!["PRIMARY", PRIMARY, "FG", "ROWS_FILEGROUP", true, false];
            let groups = (2..).zip(&s.catalog.more.filegroups);
            let groups =
                groups.map(|(id, (name, kind))| row![name, id, *kind, group_desc(kind), false, false]);
            let schemes = s.catalog.partition_schemes.iter().map(scheme);
            Ok([primary].into_iter().chain(groups).chain(schemes).collect())
        },
    },
    View {
        schema: "sys",
        name: "filegroups",
        depends: Depends::Catalog,
        columns: "name sysname, data_space_id int, type char(2), type_desc nvarchar(60) null, is_default bit null, is_system bit null, \
            filegroup_guid uniqueidentifier null, log_filegroup_id int null, is_read_only bit null, is_autogrow_all_files bit null",
        rows: |s| {
            let primary =
                row!["PRIMARY", PRIMARY, "FG", "ROWS_FILEGROUP", true, false, NULL, NULL, false, false];
            let groups = (2..).zip(&s.catalog.more.filegroups).map(|(id, (name, kind))| {
                row![name, id, *kind, group_desc(kind), false, false, NULL, NULL, false, false]
            });
            Ok([primary].into_iter().chain(groups).collect())
        },
    },
    View {
        schema: "sys",
        name: "partition_functions",
        depends: Depends::Catalog,
        columns: "name sysname, function_id int, type char(2), type_desc nvarchar(60) null, fanout int, boundary_value_on_right bit, \
            is_system bit, create_date datetime, modify_date datetime",
        rows: |s| {
            let one = |f: &PartitionFunction| {
                let fanout = i32::try_from(f.boundaries.len()).unwrap_or(0) + 1;
                row![&f.name, f.id, "R ", "RANGE", fanout, f.right, false, super::at(0), super::at(0)]
            };
            Ok(s.catalog.partition_functions.iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "partition_parameters",
        depends: Depends::Catalog,
        columns: "function_id int, parameter_id int, system_type_id tinyint, max_length smallint, precision tinyint, scale tinyint, \
            collation_name sysname null, user_type_id int",
        rows: |s| {
            let one = |f: &PartitionFunction| {
                let (system, user) = type_id(&f.ty);
                let (precision, scale) = decimal_size(&f.ty);
                let collation = is_character(&f.ty).then_some(s.catalog.collation.name);
                row![f.id, 1, system, type_size(&f.ty), precision, scale, collation, user]
            };
            Ok(s.catalog.partition_functions.iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "partition_range_values",
        depends: Depends::Catalog,
        columns: "function_id int, boundary_id int, parameter_id int, value sql_variant null",
        rows: range_values,
    },
    View {
        schema: "sys",
        name: "partition_schemes",
        depends: Depends::Catalog,
        columns: "name sysname, data_space_id int, type char(2), type_desc nvarchar(60) null, is_default bit null, is_system bit null, function_id int",
        rows: |s| {
            let one =
                |p: &PartitionScheme| row![&p.name, p.id, "PS", "PARTITION_SCHEME", false, false, p.function];
            Ok(s.catalog.partition_schemes.iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "destination_data_spaces",
        depends: Depends::Catalog,
        columns: "partition_scheme_id int, destination_id int, data_space_id int",
        rows: |s| {
            let mut out = Vec::new();
            for p in &s.catalog.partition_schemes {
                let fanout =
                    crate::load::partition::function(s.catalog, p.id).map_or(0, |f| f.boundaries.len() + 1);
                out.extend((1..).take(fanout).map(|n| row![p.id, n, PRIMARY]));
            }
            Ok(out)
        },
    },
];

fn group_desc(kind: &str) -> &'static str {
    match kind {
        "FD" => "FILESTREAM_DATA_FILEGROUP",
        "FX" => "MEMORY_OPTIMIZED_DATA_FILEGROUP",
        _ => "ROWS_FILEGROUP",
    }
}

fn range_values(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for f in &s.catalog.partition_functions {
        for (n, value) in (1..).zip(&f.boundaries) {
            let value = match value {
                Value::Null => NULL,
                v => Value::Variant(f.ty, Box::new(v.clone())),
            };
            out.push(row![f.id, n, 1, value]);
        }
    }
    Ok(out)
}
