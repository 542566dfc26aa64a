//! sys.xml_indexes, spatial_indexes, fulltext_catalogs, fulltext_indexes, fulltext_index_columns, masked_columns,
//! external_tables, periods.

use super::keys::index_row;
use super::{Depends, NULL, Source, View, at, row};
use crate::catalog::{IndexForm, TableDef};
use crate::results::SqlError;
use crate::value::Value;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "xml_indexes",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, index_id int, type tinyint, type_desc nvarchar(60) null, is_unique bit null, data_space_id int null, \
            ignore_dup_key bit null, is_primary_key bit null, is_unique_constraint bit null, fill_factor tinyint, is_padded bit null, \
            is_disabled bit null, is_hypothetical bit null, is_ignored_in_optimization bit null, allow_row_locks bit null, \
            allow_page_locks bit null, using_xml_index_id int null, secondary_type char(1) null, secondary_type_desc nvarchar(60) null, \
            has_filter bit, filter_definition nvarchar(max) null, xml_index_type tinyint null, xml_index_type_description nvarchar(60) null, \
            path_id int null, auto_created bit null",
        rows: xml_indexes,
    },
    View {
        schema: "sys",
        name: "spatial_indexes",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, index_id int, type tinyint, type_desc nvarchar(60) null, is_unique bit null, data_space_id int null, \
            ignore_dup_key bit null, is_primary_key bit null, is_unique_constraint bit null, fill_factor tinyint, is_padded bit null, \
            is_disabled bit null, is_hypothetical bit null, is_ignored_in_optimization bit null, allow_row_locks bit null, \
            allow_page_locks bit null, spatial_index_type tinyint null, spatial_index_type_desc nvarchar(60) null, tessellation_scheme sysname null, \
            has_filter bit, filter_definition nvarchar(max) null, auto_created bit null",
        rows: spatial_indexes,
    },
    View {
        schema: "sys",
        name: "fulltext_catalogs",
        depends: Depends::Catalog,
        columns: "fulltext_catalog_id int, name sysname, path nvarchar(260) null, is_default bit, is_accent_sensitivity_on bit, data_space_id int null, \
            file_id int null, principal_id int null, is_importing bit",
        rows: |s| {
            let one = |f: &crate::catalog::FulltextCatalog| {
                row![f.id, &f.name, NULL, f.is_default, f.accents, NULL, NULL, 1, false]
            };
            Ok(s.catalog.fulltext_catalogs.iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "fulltext_indexes",
        depends: Depends::Catalog,
        columns: "object_id int, unique_index_id int, fulltext_catalog_id int null, is_enabled bit, change_tracking_state char(1) null, \
            change_tracking_state_desc nvarchar(60) null, has_crawl_completed bit, crawl_type char(1), crawl_type_desc nvarchar(60) null, \
            crawl_start_date datetime null, crawl_end_date datetime null, incremental_timestamp binary(8) null, stoplist_id int null, \
            property_list_id int null, data_space_id int",
        rows: |s| {
            let one = |f: &crate::catalog::FulltextIndex| {
                row![
                    f.object_id,
                    f.key,
                    f.catalog,
                    true,
                    "A",
                    "AUTO",
                    true,
                    "F",
                    "FULL_CRAWL",
                    at(0),
                    at(0),
                    NULL,
                    0,
                    NULL,
                    super::spaces::PRIMARY
                ]
            };
            Ok(s.catalog.fulltext_indexes.iter().map(one).collect())
        },
    },
    View {
        schema: "sys",
        name: "fulltext_index_columns",
        depends: Depends::Catalog,
        columns: "object_id int, column_id int, type_column_id int null, language_id int, statistical_semantics int",
        rows: |s| {
            let indexes = s.catalog.fulltext_indexes.iter();
            let all = indexes.flat_map(|f| f.columns.iter().map(move |c| (f.object_id, *c)));
            Ok(all
                .map(|(object, (column, language, kind))| row![object, column, kind, language, 0])
                .collect())
        },
    },
    View {
        schema: "sys",
        name: "masked_columns",
        depends: Depends::Catalog,
        columns: "object_id int, name sysname null, column_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, \
            scale tinyint, collation_name sysname null, is_nullable bit null, is_masked bit, masking_function nvarchar(4000) null",
        rows: |s| {
            let mut out = Vec::new();
            for t in &s.catalog.tables {
                for c in t.columns.iter().filter(|c| c.masked.is_some()) {
                    let mut row = super::columns::column(t, c);
                    row.truncate(10);
                    row.extend(row![true, c.masked.as_ref()]);
                    out.push(row);
                }
            }
            Ok(out)
        },
    },
    View {
        schema: "sys",
        name: "external_tables",
        depends: Depends::Catalog,
        columns: "name sysname, object_id int, principal_id int null, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60) null, \
            create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, max_column_id_used int, \
            uses_ansi_nulls bit null, data_source_id int, file_format_id int null, location nvarchar(4000) null",
        rows: |_| Ok(vec![]),
    },
    View {
        schema: "sys",
        name: "periods",
        depends: Depends::Catalog,
        columns: "name sysname null, period_type tinyint null, period_type_desc nvarchar(60) null, object_id int, start_column_id int, end_column_id int",
        rows: |s| {
            let one = |t: &TableDef| {
                t.period.map(|(a, b)| row!["SYSTEM_TIME", 1, "SYSTEM_TIME_PERIOD", t.object_id, a, b])
            };
            Ok(s.catalog.tables.iter().filter_map(|t| one(t)).collect())
        },
    },
];

fn xml_indexes(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        for i in &t.indexes {
            let IndexForm::Xml(base) = &i.form else { continue };
            let mut row = index_row(t.object_id, i);
            row.truncate(17);
            let desc = |kind: char| match kind {
                'P' => "PATH",
                'V' => "VALUE",
                _ => "PROPERTY",
            };
            let (kind, name) = if base.is_some() { (1, "SECONDARY_XML") } else { (0, "PRIMARY_XML") };
            row.extend(row![
                base.map(|b| b.0),
                base.map(|b| b.1.to_string()),
                base.map(|b| desc(b.1)),
                false,
                NULL,
                kind,
                name,
                NULL,
                false
            ]);
            out.push(row);
        }
    }
    Ok(out)
}

fn spatial_indexes(s: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        for i in &t.indexes {
            let IndexForm::Spatial(grid) = &i.form else { continue };
            let mut row = index_row(t.object_id, i);
            row.truncate(17);
            let (kind, name) = if grid.starts_with("GEOMETRY") { (1, "GEOMETRY") } else { (2, "GEOGRAPHY") };
            row.extend(row![kind, name, grid, false, NULL, false]);
            out.push(row);
        }
    }
    Ok(out)
}
