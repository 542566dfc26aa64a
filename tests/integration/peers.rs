//! What goes wrong in other tools, as one small test each: a tiny database is copied by the real program, and the value
//! or the object is looked at on the other side. Where a tool drops, changes or invents something, this one must not.
//!
//! Each failure is public: in the tool's source, its documentation or an issue.
//!
//! | failure | where | test |
//! |---|---|---|
//! | money through a float, NULL where that fails | dmt-rs, ConnectorX, OLake | `values::money_keeps_every_digit` |
//! | smallmoney of 100 and more overflows | Ora2Pg, sqlserver2pgsql | `values::smallmoney_of_100_and_more_fits` |
//! | decimal(38) panics, or passes a float | connector-x#425, dmt-rs, pgloader#1615, pgloader#1619, OLake | `values::decimal_of_38_digits_is_exact` |
//! | float loses digits | OLake | `values::floats_keep_every_bit` |
//! | datetimeoffset panics, or is no known type | dmt-rs, pgloader#976 | `values::datetimeoffset_keeps_its_instant` |
//! | datetime becomes an instant of some time zone | pgloader, dlt | `values::datetime_is_no_instant` |
//! | the seventh digit of a time is cut in silence | all that were read | `values::a_seventh_digit_is_never_cut_in_silence` |
//! | system-versioned tables end in a seventh digit | all that were read | `values::the_end_of_time_of_a_temporal_table_can_be_copied` |
//! | years 1 and 9999 are out of range | connector-x#634 | `values::the_first_and_last_moments_arrive` |
//! | time(7) fails | sling#662, mssql_migrator | `values::time_of_scale_7_arrives` |
//! | uuids with their bytes in another order | sling#541, sling#645, sling#199, sling#8 | `values::uuids_keep_their_order` |
//! | rowversion becomes a time | credativ, pgloader#989 | `values::rowversion_is_eight_bytes` |
//! | hierarchyid as raw bytes | pgloader, credativ, airbyte#14411 | `values::hierarchyid_is_its_path` |
//! | geography without its SRID | dmt-rs, pgloader | `values::geography_keeps_its_srid` |
//! | sql_variant is dropped, or loses its value | AWS DMS, credativ, airbyte#14411 | `values::sql_variant_keeps_its_values` |
//! | xml panics; its UTF-16 prolog is refused | dmt-rs | `values::xml_with_a_prolog_of_utf_16_arrives` |
//! | NUL is stripped, and nobody counts | dmt-rs, sling, pgloader#1283, Migrate2Postgres#9 | `values::a_nul_is_never_dropped_in_silence` |
//! | NUL is stripped by choice, uncounted | dmt-rs, EDB | `values::a_stripped_nul_is_counted` |
//! | the texts `\x00` and `\u0000` are deleted as well | sling `replace_0x00` | `values::a_text_that_looks_like_a_nul_stays` |
//! | half a surrogate pair becomes `?` or U+FFFD | FreeTDS tools, tiberius, go-mssqldb | `values::half_a_surrogate_pair_is_never_replaced_in_silence` |
//! | char(n) becomes text with its blanks | pgloader | `values::char_is_char` |
//! | an empty string where something failed; NULL for empty | dmt-rs | `values::empty_is_not_null` |
//! | tabs, backslashes and `\N` break the format | COPY in text format | `values::what_copy_escapes_arrives` |
//! | varchar of another code page is taken for Latin-1 | FreeTDS tools | `values::varchar_is_of_its_code_page` |
//! | computed columns lose their values | pgloader | `values::computed_values_are_the_sources` |
//! | `((0))` becomes `false` on an integer | sling | `objects::a_default_of_0_is_0_on_an_integer` |
//! | no defaults at all | dmt-rs | `objects::defaults_are_kept` |
//! | a filtered unique index becomes unique for all rows | dmt-rs | `objects::a_filtered_unique_index_is_not_made_full` |
//! | filtered indexes are left out | pgferry | `objects::a_filtered_unique_index_is_not_made_full` |
//! | INCLUDE columns become keys; DESC is lost | pgloader, dmt-rs | `objects::descending_and_included_columns_stay_so` |
//! | names of foreign keys are not quoted | pgloader#1144 | `objects::names_are_quoted_everywhere` |
//! | index names collide or are lost | pgloader#1257 | `objects::indexes_of_one_name_on_two_tables_are_both_there` |
//! | one schema a run | dmt-rs, pgferry | `objects::two_schemas_come_in_one_run` |
//! | names are cut to 63 bytes, or counted in characters | pgloader#353, pgferry#230, dmt-rs, pgloader v4 | `objects::long_names_are_never_cut_into_one` |
//! | a case-sensitive source breaks the catalog's queries | pgloader#651 | `objects::a_case_sensitive_source_is_read` |
//! | tables that differ only in case fall together | pgloader#1597, pgloader#1749 | `objects::tables_that_differ_only_in_case_stay_two` |
//! | orphans are deleted, by default | pgferry | `objects::orphans_stay_and_their_key_is_not_validated` |
//! | no referential actions | credativ | `objects::referential_actions_are_kept` |
//! | keys that match only without case | all that were read | `objects::a_key_that_only_matches_without_case_is_told` |
//! | a collation that ignores case is lost, or kept for all or nothing | sqlserver2pgsql#14, all that were read | `objects::a_collation_that_ignores_case_can_be_kept` |
//! | keys that become equal are found when the index is built | all that were read | `objects::keys_that_would_become_equal_are_told_first` |
//! | identities start again at 1 | dmt-rs | `objects::an_identity_goes_on_where_it_was` |
//! | sequences are lost | credativ | `objects::a_sequence_goes_on_where_it_was` |
//! | comments are lost | Ora2Pg, pgferry, dmt-rs | `objects::comments_are_kept` |
//! | checks are lost | pgferry, dmt-rs, credativ | `objects::checks_are_kept` |
//! | one NULL is unique there, many are here | all that were read | `objects::a_unique_key_has_one_null` |
//! | tables are left UNLOGGED | dmt-rs, pgferry | `objects::no_table_is_left_unlogged` |
//! | half of the rows, and success | pgloader#1468, ora2pg#1200, wiltondb#23, pgloader v4 | `running::a_connection_that_breaks_costs_no_row` |
//! | a failed refresh empties the target | airbyte#42041 | `running::a_source_that_is_away_empties_nothing` |
//! | a retry copies nothing | airbyte#48005 | `running::a_rerun_copies_what_the_first_could_not` |
//! | a retry copies twice | pgferry, credativ#33 | `running::retries_never_duplicate` |
//! | exit code 0 after a failure | pgloader#634, pgloader#190, pgloader#1331 | `running::a_failed_table_fails_the_run_and_no_other` |
//! | an empty table is not there | airbyte#48005 | `running::an_empty_table_is_there` |
//! | dirty reads | dmt-rs | `running::no_query_reads_what_is_not_committed` |
//! | chunks by width: a gap in the keys is a million queries | pgferry | `running::sparse_keys_cost_nothing` |
//! | rows with NULL in the key fall out | ConnectorX | `running::rows_of_a_heap_with_nulls_are_all_there` |
//! | keys that are no plain integer are not divided | dmt-rs, pgferry | `running::keys_of_every_type_are_divided` |
//!
//! Elsewhere: resume by chunk (`resume`, `matrix`), memory (`memory`), names of roles and locks: the test server has no
//! locks, so nothing here says that a copy blocks no writer.
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failure")]

#[path = "peers/objects.rs"]
mod objects;
#[path = "peers/running.rs"]
mod running;
#[path = "peers/values.rs"]
mod values;

use super::harness::{Finished, World};

/// The source loaded with a script.
fn world(script: &str) -> World {
    let world = World::with_files();
    world.load(script);
    world
}

/// The same, copied.
#[track_caller]
fn copied(script: &str) -> World {
    let world = world(script);
    world.succeed(&["run"]);
    world
}

/// One table `dbo.t (id, v)` of this type with these values, copied.
#[track_caller]
fn column(ty: &str, values: &[&str]) -> World {
    let rows: Vec<_> = (1..).zip(values).map(|(n, value)| format!("({n}, {value})")).collect();
    copied(&format!(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v {ty} NULL);\nINSERT INTO dbo.t VALUES {}",
        rows.join(", ")
    ))
}

/// An expression over `v`, row by row; NULL is `NULL`.
fn shown(world: &World, expression: &str) -> Vec<String> {
    let rows = world.target(&format!("SELECT {expression} FROM dbo.t ORDER BY id"));
    rows.into_iter().map(|mut row| row.swap_remove(0).unwrap_or_else(|| "NULL".to_owned())).collect()
}

/// The type of `dbo.t.v`.
fn type_of(world: &World) -> String {
    world.target_value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'dbo.t'::regclass AND attname = 'v'")
}

/// Runs it without retries: it must exit with this code and say this.
#[track_caller]
fn refused(world: &World, arguments: &[&str], code: i32, text: &str) -> Finished {
    world.command(arguments).pod("main").env("SHARDFERRY_RETRIES", "0").run().exits(code).says(text)
}
