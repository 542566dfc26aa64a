//! From what the source has to the plan: filter, order, map types, name the target, take the fingerprint. Pure.

use super::chunk_key;
use super::document::{
    Plan, PlanOptions, PlannedColumn, PlannedIdentity, PlannedSource, PlannedTable, UnsupportedColumn,
    VERSION,
};
use crate::convert::types;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Index, SourceColumn, SourceTable, TableName};
use globset::{Glob, GlobMatcher};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// PostgreSQL cuts longer identifiers silently (`NAMEDATALEN` - 1), so they are refused here.
const MAX_NAME_BYTES: usize = 63;

/// Builds the plan of `source`'s `tables`; `indexes` are those of all tables, from which the chunk keys are chosen.
///
/// # Errors
/// `Config` for a pattern that is no glob, `SourcePermission` where there are no tables at all, `Usage` where the
/// filters leave nothing, `Unsupported` with every column and name that PostgreSQL or shardferry cannot take, all at once.
pub fn build(
    source: PlannedSource,
    options: PlanOptions,
    tables: &[SourceTable],
    indexes: &[Index],
    now: Timestamp,
) -> Result<Plan> {
    let filter = Filter::new(&options)?;
    if tables.is_empty() {
        // SQL Server hides the definitions that a login may not see, and says nothing.
        let message = format!("database {} has no table that this login can see", source.database);
        return Err(Error::new(ErrorKind::SourcePermission, message));
    }
    let mut chosen: Vec<&SourceTable> = tables.iter().filter(|table| filter.takes(&table.name)).collect();
    if chosen.is_empty() {
        let message =
            format!("nothing to plan: the database has {} tables, the filters leave none", tables.len());
        return Err(Error::new(ErrorKind::Usage, message));
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    let planned: Vec<PlannedTable> = chosen
        .iter()
        .zip(1_u32..)
        .map(|(table, place)| planned_table(place, table, indexes, &options))
        .collect();
    refuse(&planned, &options)?;
    let fingerprint = fingerprint(&source, &options)?;
    Ok(Plan {
        target: None,
        version: VERSION,
        fingerprint,
        operation: String::new(),
        created_at: now,
        source,
        options,
        tables: planned,
    })
}

/// SHA-256, in hex, over what a resume must find unchanged: server, database, filters, mapping.
///
/// # Errors
/// `Bug` where the options cannot be written as JSON.
pub fn fingerprint(source: &PlannedSource, options: &PlanOptions) -> Result<String> {
    let options = serde_json::to_string(options).map_err(|error| {
        Error::new(ErrorKind::Bug, "cannot write the plan's options as JSON").because(error)
    })?;
    Ok(hex_digest(&[&source.server, &source.database, &options]))
}

/// What differs between a plan that is there and what this run was asked for; empty where it is the same.
#[must_use]
pub fn differences(plan: &Plan, source: &PlannedSource, options: Option<&PlanOptions>) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, planned: String, now: String| {
        if planned != now {
            found.push(format!("{what} (plan: {planned}, now: {now})"));
        }
    };
    compare("source server", plan.source.server.clone(), source.server.clone());
    compare("source database", plan.source.database.clone(), source.database.clone());
    if let Some(options) = options {
        compare("include", format!("{:?}", plan.options.include), format!("{:?}", options.include));
        compare("exclude", format!("{:?}", plan.options.exclude), format!("{:?}", options.exclude));
        compare("schema map", format!("{:?}", plan.options.schema_map), format!("{:?}", options.schema_map));
        let skip = |options: &PlanOptions| options.skip_unsupported.to_string();
        compare("skip unsupported", skip(&plan.options), skip(options));
    }
    found
}

/// SHA-256, in hex, of a table's column definitions, key included.
#[must_use]
pub fn column_fingerprint(table: &SourceTable) -> String {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let collation = column.ty.collation.as_deref().unwrap_or("");
            let identity =
                column.identity.as_ref().map_or_else(String::new, |i| format!("{},{}", i.seed, i.increment));
            let computed = column.computed.as_deref().unwrap_or("");
            format!("{}|{}|{collation}|{}|{identity}|{computed}", column.name, column.ty, column.nullable)
        })
        .collect();
    if let Some(key) = &table.primary_key {
        parts.extend(key.columns.iter().map(|column| format!("key {} {}", column.name, column.descending)));
    }
    hex_digest(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Length-prefixed, so that no two lists of parts give the same bytes.
fn hex_digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn planned_table(place: u32, table: &SourceTable, indexes: &[Index], options: &PlanOptions) -> PlannedTable {
    let schema = options.schema_map.get(&table.name.schema).unwrap_or(&table.name.schema);
    let mut columns = Vec::new();
    let mut unsupported = Vec::new();
    for column in &table.columns {
        match types::map(&column.ty, None) {
            Ok(mapping) => columns.push(planned_column(column, mapping.target_type)),
            Err(refused) => unsupported.push(UnsupportedColumn {
                column: column.name.clone(),
                source_type: column.ty.to_string(),
                reason: refused.reason,
            }),
        }
    }
    PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index: place,
        source: table.name.clone(),
        target: TableName::new(schema, &table.name.name),
        columns,
        unsupported,
        primary_key: table
            .primary_key
            .iter()
            .flat_map(|key| &key.columns)
            .map(|column| column.name.clone())
            .collect(),
        chunk_key: chunk_key::choose(table, indexes),
        rows: table.rows,
        bytes: table.bytes,
        column_fingerprint: column_fingerprint(table),
    }
}

fn planned_column(column: &SourceColumn, target_type: String) -> PlannedColumn {
    PlannedColumn {
        map: None,
        policies: crate::convert::policy::Policies::default(),
        mask: None,
        collation: None,
        source: column.name.clone(),
        target: column.name.clone(),
        source_type: column.ty.clone(),
        target_type,
        nullable: column.nullable,
        identity: column.identity.as_ref().map(|identity| PlannedIdentity {
            seed: identity.seed.clone(),
            increment: identity.increment.clone(),
        }),
    }
}

/// Everything that stands in the way, for all tables at once.
fn refuse(tables: &[PlannedTable], options: &PlanOptions) -> Result<()> {
    let mut found = Vec::new();
    let mut targets: BTreeMap<&TableName, &TableName> = BTreeMap::new();
    for table in tables {
        if let Some(other) = targets.insert(&table.target, &table.source) {
            found.push(format!("{}: has the target name {} of {other} as well", table.source, table.target));
        }
        for name in [table.target.schema.as_str(), table.target.name.as_str()]
            .into_iter()
            .chain(names_of_columns(table))
        {
            if name.len() > MAX_NAME_BYTES {
                found.push(format!(
                    "{}: the name {name} has {} bytes, PostgreSQL takes 63",
                    table.source,
                    name.len()
                ));
            }
        }
        if table.columns.is_empty() {
            found.push(format!(
                "{}: has no column that can be copied; leave the table out with --exclude",
                table.source
            ));
        }
        if !options.skip_unsupported {
            for column in &table.unsupported {
                found.push(format!(
                    "{}.{} {}: {}",
                    table.source, column.column, column.source_type, column.reason
                ));
            }
        }
        let key_lost = |name| table.unsupported.iter().any(|column| &column.column == name);
        if options.skip_unsupported && table.primary_key.iter().any(key_lost) {
            found.push(format!("{}: its primary key has a column that cannot be copied", table.source));
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the plan has {} objects that cannot be copied:\n  {}\n(--exclude SCHEMA.TABLE leaves a table out, --skip-unsupported such columns)",
        found.len(),
        found.join("\n  ")
    );
    Err(Error::new(ErrorKind::Unsupported, message))
}

fn names_of_columns(table: &PlannedTable) -> impl Iterator<Item = &str> {
    table.columns.iter().map(|column| column.target.as_str())
}

/// `--include` and `--exclude`: globs over `schema.table`, without regard to case; no include means all.
struct Filter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
}

impl Filter {
    fn new(options: &PlanOptions) -> Result<Self> {
        Ok(Self {
            include: matchers("include", &options.include)?,
            exclude: matchers("exclude", &options.exclude)?,
        })
    }

    fn takes(&self, table: &TableName) -> bool {
        let name = format!("{}.{}", table.schema, table.name).to_lowercase();
        let hit = |matchers: &[GlobMatcher]| matchers.iter().any(|matcher| matcher.is_match(&name));
        (self.include.is_empty() || hit(&self.include)) && !hit(&self.exclude)
    }
}

fn matchers(flag: &str, patterns: &[String]) -> Result<Vec<GlobMatcher>> {
    patterns
        .iter()
        .map(|pattern| {
            Glob::new(&pattern.to_lowercase()).map(|glob| glob.compile_matcher()).map_err(|error| {
                Error::new(ErrorKind::Config, format!("--{flag} {pattern} is no glob over schema.table"))
                    .because(error)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ColumnName, SourceType};

    fn column(name: &str, ty: &str) -> SourceColumn {
        SourceColumn {
            name: ColumnName::new(name),
            ordinal: 1,
            ty: SourceType {
                name: ty.to_owned(),
                alias: None,
                max_length: 4,
                precision: 10,
                scale: 0,
                collation: None,
            },
            nullable: false,
            identity: None,
            computed: None,
            hidden: false,
        }
    }

    fn table(name: &str, columns: Vec<SourceColumn>) -> SourceTable {
        SourceTable {
            name: name.parse().unwrap(),
            object_id: 1,
            columns,
            primary_key: None,
            rows: 1,
            bytes: 1,
        }
    }

    fn source() -> PlannedSource {
        PlannedSource {
            server: "S".to_owned(),
            database: "D".to_owned(),
            product_version: "16".to_owned(),
            log_position: None,
        }
    }

    fn built(options: PlanOptions, tables: &[SourceTable]) -> Result<Plan> {
        build(source(), options, tables, &[], Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn tables_are_filtered_ordered_and_numbered_from_one() {
        let tables: Vec<_> =
            ["dbo.b", "sales.a", "dbo.A", "tmp.x"].map(|name| table(name, vec![column("id", "int")])).into();
        let options = PlanOptions { exclude: vec!["TMP.*".to_owned()], ..PlanOptions::default() };
        let plan = built(options, &tables).unwrap();
        let names: Vec<_> = plan.tables.iter().map(|table| (table.index, table.source.to_string())).collect();
        assert_eq!(names, [(1, "dbo.A".to_owned()), (2, "dbo.b".to_owned()), (3, "sales.a".to_owned())]);
    }

    #[test]
    fn everything_unsupported_is_reported_at_once() {
        let tables = [
            table("dbo.a", vec![column("id", "int"), column("v", "clr")]),
            table("dbo.b", vec![column("g", "clr")]),
            table("dbo.c", vec![column(&"n".repeat(64), "int")]),
        ];
        let error = built(PlanOptions::default(), &tables).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        for part in ["dbo.a.v clr", "dbo.b.g clr", "dbo.b: has no column", "has 64 bytes"] {
            assert!(error.detail().contains(part), "{part} in {error}");
        }
        let skipping = PlanOptions {
            skip_unsupported: true,
            exclude: vec!["dbo.[bc]".to_owned()],
            ..PlanOptions::default()
        };
        let plan = built(skipping, &tables).unwrap();
        assert_eq!(plan.tables[0].columns.len(), 1);
        assert_eq!(plan.tables[0].unsupported[0].column, ColumnName::new("v"));
    }

    #[test]
    fn a_database_without_a_table_in_sight_is_a_matter_of_permissions() {
        let error = built(PlanOptions::default(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourcePermission);
        assert_eq!(error.detail(), "database D has no table that this login can see");
    }

    #[test]
    fn two_tables_with_one_target_name_are_refused() {
        let tables = [table("a.t", vec![column("id", "int")]), table("b.t", vec![column("id", "int")])];
        let map = [("a".to_owned(), "public".to_owned()), ("b".to_owned(), "public".to_owned())].into();
        let error = built(PlanOptions { schema_map: map, ..PlanOptions::default() }, &tables).unwrap_err();
        assert!(error.detail().contains("b.t: has the target name public.t of a.t as well"), "{error}");
    }

    #[test]
    fn the_fingerprint_covers_source_filters_and_mapping() {
        let tables = [table("a.t", vec![column("id", "int")])];
        let plan = built(PlanOptions::default(), &tables).unwrap();
        let same = built(PlanOptions::default(), &tables).unwrap();
        assert_eq!(plan.fingerprint, same.fingerprint);
        let other_options = PlanOptions { include: vec!["a.*".to_owned()], ..PlanOptions::default() };
        assert_ne!(plan.fingerprint, built(other_options.clone(), &tables).unwrap().fingerprint);
        let other_source = PlannedSource { database: "E".to_owned(), ..source() };
        assert_eq!(
            differences(&plan, &other_source, Some(&other_options)),
            ["source database (plan: D, now: E)", "include (plan: [], now: [\"a.*\"])"]
        );
        assert!(differences(&plan, &source(), None).is_empty());
    }

    #[test]
    fn the_column_fingerprint_sees_every_change_of_a_column() {
        let before = table("a.t", vec![column("id", "int"), column("x", "int")]);
        let mut nullable = before.clone();
        nullable.columns[1].nullable = true;
        let mut renamed = before.clone();
        renamed.columns[1].name = ColumnName::new("y");
        let mut retyped = before.clone();
        retyped.columns[1].ty.name = "bigint".to_owned();
        let mut shorter = before.clone();
        shorter.columns.pop();
        for changed in [nullable, renamed, retyped, shorter] {
            assert_ne!(column_fingerprint(&before), column_fingerprint(&changed));
        }
    }

    #[test]
    fn filters_that_leave_nothing_are_an_error() {
        let options = PlanOptions { include: vec!["nothing.*".to_owned()], ..PlanOptions::default() };
        let error = built(options, &[table("a.t", vec![column("id", "int")])]).unwrap_err();
        assert_eq!(error.detail(), "nothing to plan: the database has 1 tables, the filters leave none");
        let bad = PlanOptions { include: vec!["[".to_owned()], ..PlanOptions::default() };
        assert_eq!(built(bad, &[]).unwrap_err().kind(), ErrorKind::Config);
    }
}
